//! Whether probabilities are to be believed.

use maud::html;

use super::finite;
use crate::audit::figures::FEW;
use crate::report::data::{Calibration, ReliabilityBin, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, estimate_text, names, numbers};
use crate::report::plot::{Axis, LinePlot, Plot, Series, Shape, Side, Tone, lines};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let calibration = report.calibration.as_ref()?;
    let body = html! {
        div.plots { (reliability(calibration)) div { (table(report, calibration)) } }
    };
    let lead = lead(report, calibration);
    Some(Section {
        id: "calibration",
        title: "Calibration",
        lead,
        warnings: warnings(report, calibration),
        body,
    })
}

/// The bin whose interval is furthest from holding what was predicted.
fn worst(calibration: &Calibration) -> Option<(&ReliabilityBin, f64, f64)> {
    let bins = calibration
        .bins
        .iter()
        .filter(|bin| bin.rows >= FEW)
        .filter_map(|bin| Some((bin, finite(bin.mean_predicted)?, finite(bin.observed)?)));
    bins.max_by(|a, b| (a.1 - a.2).abs().total_cmp(&(b.1 - b.2).abs()))
}

fn lead(report: &Report, calibration: &Calibration) -> String {
    let [_, positives, _] = text::plurals(&report.header.nouns);
    let mean = estimate_text(&calibration.expected_error, Style::Share);
    let mean = mean.map_or_else(String::new, |mean| format!(", and on average it is off by {mean}"));
    match worst(calibration) {
        Some((bin, predicted, observed)) => format!(
            "Where the version says {}, {} of {} are {positives}: no bin of {FEW} or more is further off{mean}.",
            format::share(predicted),
            format::share(observed),
            text::many(bin.rows, &report.header.nouns.row),
        ),
        None => format!("There are no bins of {FEW} rows to compare predicted with observed shares."),
    }
}

fn warnings(report: &Report, calibration: &Calibration) -> Vec<String> {
    let [_, positives, _] = text::plurals(&report.header.nouns);
    let is_off = |bin: &&ReliabilityBin| {
        let (Some(predicted), Some(interval)) = (bin.mean_predicted, bin.interval) else { return false };
        // A bin may miss by chance or by a hair; one that misses clearly is worth a look.
        predicted < interval.low - 0.05 || predicted > interval.high + 0.05
    };
    let off: Vec<&ReliabilityBin> = calibration.bins.iter().filter(is_off).collect();
    let Some(bin) = off.first() else { return Vec::new() };
    let [predicted, observed] =
        [bin.mean_predicted, bin.observed].map(|share| share.map_or_else(String::new, format::share));
    vec![format!(
        "{} of {} bins are off by more than chance: {predicted} is said, {observed} are {positives}.",
        off.len(),
        calibration.bins.len()
    )]
}

fn reliability(calibration: &Calibration) -> Plot {
    let series = |bins: &[ReliabilityBin], name: &str, tone: Tone, shape: Shape| {
        let known = || bins.iter().filter_map(|bin| Some((bin, bin.mean_predicted?, bin.observed?)));
        let mut series = Series::new(name, tone, shape, known().map(|(_, x, y)| (x, y)).collect());
        series.told = known()
            .map(|(bin, x, y)| {
                format!(
                    "{} said, {} observed, {} rows",
                    format::share(x),
                    format::share(y),
                    format::count(bin.rows)
                )
            })
            .collect();
        series.intervals =
            known().filter_map(|(bin, x, _)| bin.interval.map(|i| (x, i.low, i.high))).collect();
        series
    };
    let mut shown = vec![series(&calibration.bins, "calibrated", Tone::Main, Shape::Dotted)];
    if !calibration.uncalibrated.is_empty() {
        let mut before = series(&calibration.uncalibrated, "before calibration", Tone::Other(0), Shape::Line);
        before.intervals.clear();
        shown.push(before);
    }
    if shown.iter().any(|series| !series.points.is_empty()) {
        shown.push(Series::new("perfect", Tone::Reference, Shape::Line, vec![(0.0, 0.0), (1.0, 1.0)]));
    }
    lines(LinePlot {
        title: "Reliability".to_owned(),
        description: "Observed share of positives over the mean predicted probability, with intervals"
            .to_owned(),
        x: Axis::share("predicted"),
        y: Axis::share("observed"),
        height: 360.0,
        series: shown,
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    })
}

fn table(report: &Report, calibration: &Calibration) -> maud::Markup {
    let [rows, ..] = text::plurals(&report.header.nouns);
    let mut table = Table::new(vec![
        names("Probability"),
        numbers(&text::sentence_case(&rows)),
        numbers("Predicted"),
        numbers("Observed"),
    ]);
    for bin in &calibration.bins {
        let observed = crate::report::data::Estimate {
            value: bin.observed,
            interval: bin.interval,
            absent_because: None,
        };
        table.row(vec![
            Cell::words(&format!("{}–{}", format::threshold(bin.low), format::threshold(bin.high)))
                .sorted_by(bin.low),
            Cell::count(bin.rows),
            Cell::figure(bin.mean_predicted, Style::Share),
            Cell::estimate(&observed, Style::Share),
        ]);
    }
    html! {
        (table)
        p.remark {
            "Expected error " (crate::report::parts::estimate(&calibration.expected_error, Style::Share))
            ", largest " (crate::report::parts::estimate(&calibration.maximum_error, Style::Share))
            @if let Some(method) = &calibration.method { "; calibrated by " (text::clean(method)) }
            "."
        }
    }
}
