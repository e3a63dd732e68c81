//! How far scores move when the input does.

use maud::html;

use super::finite;
use crate::report::data::{Perturbation, PerturbationLevel, Report, Robustness};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, names, numbers, side_by_side};
use crate::report::plot::{
    Axis, LinePlot, Matrix, MatrixCell, Plot, Series, Shape, Side, Tone, lines, matrix,
};
use crate::report::text;

/// Decisions that may flip before somebody should look.
const MANY_FLIPS: f64 = 0.1;

pub fn section(report: &Report) -> Option<Section> {
    let robustness = report.robustness.as_ref()?;
    let plots = [flips(robustness), areas(robustness)];
    let body = html! { (side_by_side(&plots)) (details(robustness)) details { summary { "All figures" } (table(robustness)) } };
    let (lead, warnings) = (lead(report, robustness), warnings(robustness));
    Some(Section { id: "robustness", title: "Robustness", lead, warnings, body })
}

fn levels(robustness: &Robustness) -> impl Iterator<Item = (&Perturbation, &PerturbationLevel)> {
    robustness.perturbations.iter().flat_map(|change| change.levels.iter().map(move |level| (change, level)))
}

fn worst(robustness: &Robustness) -> Option<(&Perturbation, &PerturbationLevel)> {
    levels(robustness)
        .filter(|(_, level)| level.flipped.is_finite())
        .max_by(|a, b| a.1.flipped.total_cmp(&b.1.flipped))
}

fn lead(report: &Report, robustness: &Robustness) -> String {
    let Some((change, level)) = worst(robustness) else { return "No change was tried.".to_owned() };
    let areas = finite(robustness.roc_auc).zip(finite(level.roc_auc));
    let areas = areas.map(|(before, after)| {
        format!(", and ROC-AUC goes from {} to {}", format::score(before), format::score(after))
    });
    format!(
        "Of the changes tried on {}, {} at {} moves most: {} of the decisions flip{}.",
        text::many(robustness.rows, &report.header.nouns.row),
        text::clean(&change.name),
        format::level(level.level),
        format::share(level.flipped),
        areas.unwrap_or_default()
    )
}

fn warnings(robustness: &Robustness) -> Vec<String> {
    let fragile = worst(robustness).filter(|(_, level)| level.flipped > MANY_FLIPS);
    let warning = fragile.map(|(change, level)| {
        format!(
            "{} at {} flips {} of the decisions.",
            text::clean(&change.name),
            format::level(level.level),
            format::share(level.flipped)
        )
    });
    warning.into_iter().collect()
}

/// All strengths that were tried with any change, rising.
fn strengths(robustness: &Robustness) -> Vec<f64> {
    let mut strengths: Vec<f64> =
        levels(robustness).map(|(_, level)| level.level).filter(|l| l.is_finite()).collect();
    strengths.sort_by(f64::total_cmp);
    strengths.dedup();
    strengths
}

fn flips(robustness: &Robustness) -> Plot {
    let strengths = strengths(robustness);
    let largest =
        levels(robustness).map(|(_, level)| level.flipped).filter(|f| f.is_finite()).fold(0.0, f64::max);
    let cell = |change: &Perturbation, strength: f64| {
        let level = change.levels.iter().find(|level| level.level == strength)?;
        let told = format!(
            "{} at {}: {} flip, mean shift {}",
            text::clean(&change.name),
            format::level(strength),
            format::share(level.flipped),
            format::threshold(level.mean_shift)
        );
        let strength = if largest > 0.0 { level.flipped / largest } else { 0.0 };
        Some(MatrixCell {
            text: format::share(level.flipped),
            below: String::new(),
            tone: Tone::Positive,
            strength,
            told,
        })
    };
    let rows = robustness.perturbations.iter();
    matrix(Matrix {
        title: "Decisions flipped, by change and strength".to_owned(),
        description: "The deeper the colour, the more decisions flip".to_owned(),
        columns: strengths.iter().map(|strength| format::level(*strength)).collect(),
        rows: rows
            .map(|change| (text::clean(&change.name), strengths.iter().map(|s| cell(change, *s)).collect()))
            .collect(),
        row_height: 34.0,
    })
}

fn areas(robustness: &Robustness) -> Plot {
    let start = finite(robustness.roc_auc).map(|area| (0.0, area));
    let series = robustness.perturbations.iter().enumerate().map(|(index, change)| {
        let known = change.levels.iter().filter_map(|level| Some((level.level, finite(level.roc_auc)?)));
        let points = start.into_iter().chain(known).collect();
        Series::new(&text::clean(&change.name), Tone::Other(index), Shape::Dotted, points)
    });
    lines(LinePlot {
        title: "ROC-AUC by strength of the change".to_owned(),
        description: "One line a change, from the rows as they are".to_owned(),
        x: Axis::share("strength"),
        y: Axis::number("ROC-AUC"),
        height: 280.0,
        series: series.collect(),
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    })
}

fn table(robustness: &Robustness) -> Table {
    let mut table = Table::new(vec![
        names("Change"),
        numbers("Strength"),
        numbers("Mean shift of the probability"),
        numbers("Decisions flipped"),
        numbers("ROC-AUC"),
    ]);
    for (change, level) in levels(robustness) {
        table.row(vec![
            Cell::name(&change.name),
            Cell::written(Some(level.level), format::level),
            Cell::written(Some(level.mean_shift), |shift| format::decimal(shift, 4)),
            Cell::figure(Some(level.flipped), Style::Share),
            Cell::figure(level.roc_auc, Style::Score),
        ]);
    }
    table
}

fn details(robustness: &Robustness) -> maud::Markup {
    let told: Vec<_> = robustness
        .perturbations
        .iter()
        .filter_map(|change| Some((&change.name, change.detail.as_ref()?)))
        .collect();
    html! {
        p.remark { "Flips are counted at the threshold " (format::threshold(robustness.threshold)) "." }
        @if !told.is_empty() {
            dl.terms {
                @for (name, detail) in told { dt { (text::clean(name)) } dd { (text::clean(detail)) } }
            }
        }
    }
}
