//! ROC and precision-recall curves.

use maud::html;

use super::{finite, operating_points, role_name, threshold_name};
use crate::report::data::{Curves, ModelCurves, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, names, numbers};
use crate::report::plot::{Axis, Kind, LinePlot, Mark, Plot, Series, Shape, Side, Tone, lines};
use crate::report::text;

/// Where the axis of low false-positive rates begins.
const LOWEST_RATE: f64 = 0.001;

pub fn section(report: &Report) -> Option<Section> {
    let curves = report.curves.as_ref()?;
    let mut areas = Table::new(vec![names("Curve"), numbers("ROC-AUC"), numbers("PR-AUC")]);
    for model in &curves.models {
        areas.row(vec![
            Cell::name(&model.name),
            Cell::estimate(&model.roc_auc, Style::Score),
            Cell::estimate(&model.pr_auc, Style::Score),
        ]);
    }
    let plots = [roc(report, curves), low_rates(report, curves), precision_recall(report, curves)];
    let body = html! {
        div.plots {
            @for plot in &plots { (plot) }
            div { h3 { "Areas" } (areas) }
        }
    };
    Some(Section {
        id: "curves",
        title: "ROC and precision-recall",
        lead: lead(report, curves),
        warnings: Vec::new(),
        body,
    })
}

fn lead(report: &Report, curves: &Curves) -> String {
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let Some(model) = curves.models.first() else { return "No curve was recorded.".to_owned() };
    let strict = model.roc.iter().filter(|point| point.false_positive_rate <= 0.01);
    let found = strict.map(|point| point.true_positive_rate).filter(|rate| rate.is_finite()).reduce(f64::max);
    let precise = model.precision_recall.iter().filter(|point| point.precision >= 0.9);
    let reach = precise.map(|point| point.recall).filter(|recall| recall.is_finite()).reduce(f64::max);
    let mut parts = Vec::new();
    if let Some(found) = found {
        parts.push(format!(
            "if at most 1 % of the {negatives} may be called {positives}, {} of the {positives} are found",
            format::share(found)
        ));
    }
    match reach {
        Some(reach) => parts.push(format!(
            "if nine of ten called shall be {positives}, {} of them can be found",
            format::share(reach)
        )),
        None if !model.precision_recall.is_empty() => {
            parts.push(format!("nowhere are nine of ten called {positives} in truth"));
        }
        None => {}
    }
    if parts.is_empty() {
        return "The curve has no points.".to_owned();
    }
    format!("{}.", text::sentence_case(&parts.join("; ")))
}

fn tone(index: usize) -> Tone {
    index.checked_sub(1).map_or(Tone::Main, Tone::Other)
}

fn roc_series(curves: &Curves) -> Vec<Series> {
    let points = |model: &ModelCurves| {
        model.roc.iter().map(|point| (point.false_positive_rate, point.true_positive_rate)).collect()
    };
    let series = |(index, model): (usize, &ModelCurves)| {
        Series::new(&text::clean(&model.name), tone(index), Shape::Line, points(model))
    };
    curves.models.iter().enumerate().map(series).collect()
}

fn roc_marks(report: &Report) -> Vec<Mark> {
    let marks = operating_points(report).filter_map(|point| {
        let at = (point.counts.false_positive_rate()?, point.counts.recall()?);
        let told = format!(
            "{} threshold {}: false-positive rate {}, recall {}",
            role_name(point.role),
            format::threshold(point.threshold),
            format::share(at.0),
            format::share(at.1)
        );
        Some(Mark { at, label: threshold_name(point), told, stands_out: false })
    });
    marks.collect()
}

fn roc(report: &Report, curves: &Curves) -> Plot {
    let mut series = roc_series(curves);
    if series.iter().any(|series| !series.points.is_empty()) {
        series.push(Series::new("chance", Tone::Reference, Shape::Line, vec![(0.0, 0.0), (1.0, 1.0)]));
    }
    lines(LinePlot {
        title: "ROC curve".to_owned(),
        description: area_description(curves, |model| model.roc_auc.value, "area"),
        x: Axis::share("false-positive rate"),
        y: Axis::share("recall"),
        height: 340.0,
        series,
        marks: roc_marks(report),
        mark_side: Side::Right,
        verticals: Vec::new(),
    })
}

fn low_rates(report: &Report, curves: &Curves) -> Plot {
    lines(LinePlot {
        title: "ROC curve where false positives are few".to_owned(),
        description: "The same curve over the logarithm of the false-positive rate".to_owned(),
        x: Axis::share("false-positive rate, logarithmic").over(LOWEST_RATE, 1.0).spread(Kind::Log),
        y: Axis::share("recall"),
        height: 340.0,
        series: roc_series(curves),
        marks: roc_marks(report),
        mark_side: Side::Right,
        verticals: Vec::new(),
    })
}

fn precision_recall(report: &Report, curves: &Curves) -> Plot {
    let points = |model: &ModelCurves| {
        model.precision_recall.iter().map(|point| (point.recall, point.precision)).collect()
    };
    let mut series: Vec<Series> = curves
        .models
        .iter()
        .enumerate()
        .map(|(index, model)| Series::new(&text::clean(&model.name), tone(index), Shape::Step, points(model)))
        .collect();
    if let Some(prevalence) =
        finite(curves.prevalence).filter(|_| series.iter().any(|s| !s.points.is_empty()))
    {
        let everyone = vec![(0.0, prevalence), (1.0, prevalence)];
        series.push(Series::new("calling everyone", Tone::Reference, Shape::Line, everyone));
    }
    let marks = operating_points(report).filter_map(|point| {
        let at = (point.counts.recall()?, point.counts.precision()?);
        let told = format!("recall {}, precision {}", format::share(at.0), format::share(at.1));
        Some(Mark { at, label: threshold_name(point), told, stands_out: false })
    });
    lines(LinePlot {
        title: "Precision and recall".to_owned(),
        description: area_description(curves, |model| model.pr_auc.value, "average precision"),
        x: Axis::share("recall"),
        y: Axis::share("precision"),
        height: 340.0,
        series,
        marks: marks.collect(),
        mark_side: Side::Left,
        verticals: Vec::new(),
    })
}

fn area_description(curves: &Curves, area: impl Fn(&ModelCurves) -> Option<f64>, name: &str) -> String {
    let one = |model: &ModelCurves| {
        let area = finite(area(model)).map_or_else(|| "unknown".to_owned(), format::score);
        format!("{}: {name} {area}", text::clean(&model.name))
    };
    curves.models.iter().map(one).collect::<Vec<_>>().join("; ")
}
