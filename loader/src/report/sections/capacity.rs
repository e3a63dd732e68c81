//! How many of those reviewed are positive.

use maud::html;

use super::finite;
use crate::report::data::{Capacity, CapacityPoint, Estimate, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, numbers};
use crate::report::plot::{Axis, LinePlot, Series, Shape, Side, Tone, lines};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let capacity = report.capacity.as_ref()?;
    let [rows, positives, _] = text::plurals(&report.header.nouns);
    let points = |value: fn(&CapacityPoint) -> Option<f64>| {
        let points = capacity.points.iter().filter_map(|point| Some((point.reviewed as f64, value(point)?)));
        points.collect::<Vec<_>>()
    };
    let mut precision =
        Series::new("precision", Tone::Main, Shape::Line, points(|point| Some(point.precision)));
    let known = capacity.points.iter().filter_map(|point| Some((point.reviewed as f64, point.interval?)));
    precision.intervals = known.map(|(reviewed, i)| (reviewed, i.low, i.high)).collect();
    let recall = Series::new("recall", Tone::Positive, Shape::Line, points(|point| point.recall));
    let largest = capacity.points.iter().map(|point| point.reviewed).max().unwrap_or(1);
    let chosen = capacity.chosen.map(|chosen| (chosen as f64, format!("capacity {}", format::count(chosen))));
    let plot = lines(LinePlot {
        title: "Precision and recall of a review".to_owned(),
        description: format!(
            "Share of {positives} among the {rows} reviewed, and share of all {positives} found"
        ),
        x: Axis::number(&format!("{rows} reviewed, highest scores first")).over(0.0, largest as f64),
        y: Axis::share("share"),
        height: 300.0,
        series: vec![precision, recall],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: chosen.into_iter().collect(),
    });
    let body = html! { div.plots { (plot) div { (table(report, capacity)) } } };
    let lead = lead(report, capacity);
    Some(Section { id: "capacity", title: "Review capacity", lead, warnings: Vec::new(), body })
}

/// About a dozen of the reviews tried, the one within the capacity among them.
fn table(report: &Report, capacity: &Capacity) -> Table {
    let [rows, positives, _] = text::plurals(&report.header.nouns);
    let heads = vec![
        numbers(&format!("{} reviewed", text::sentence_case(&rows))),
        numbers(&format!("{} found", text::sentence_case(&positives))),
        numbers("Precision"),
        numbers("Recall"),
    ];
    let every = capacity.points.len().div_ceil(12).max(1);
    let chosen = within(capacity).map(|point| point.reviewed);
    let mut table = Table::new(heads);
    for (index, point) in capacity.points.iter().enumerate() {
        let is_chosen = capacity.chosen.is_some() && Some(point.reviewed) == chosen;
        if index % every != every - 1 && !is_chosen {
            continue;
        }
        let precision =
            Estimate { value: Some(point.precision), interval: point.interval, absent_because: None };
        let cells = vec![
            Cell::count(point.reviewed),
            Cell::written(Some(point.precision * point.reviewed as f64), |found| format::decimal(found, 0)),
            Cell::estimate(&precision, Style::Share),
            Cell::figure(point.recall, Style::Share),
        ];
        if is_chosen { table.marked_row(cells) } else { table.row(cells) }
    }
    table
}

/// The largest review within the capacity, or the smallest there is.
fn within(capacity: &Capacity) -> Option<&CapacityPoint> {
    let chosen = capacity.chosen.unwrap_or(u64::MAX);
    let possible = capacity.points.iter().filter(|point| point.reviewed <= chosen);
    possible
        .max_by_key(|point| point.reviewed)
        .or_else(|| capacity.points.iter().min_by_key(|point| point.reviewed))
}

fn lead(report: &Report, capacity: &Capacity) -> String {
    let [rows, positives, _] = text::plurals(&report.header.nouns);
    let Some(point) = within(capacity) else {
        return "No review was tried.".to_owned();
    };
    let period =
        capacity.period.as_deref().map(|period| format!(" a {}", text::clean(period))).unwrap_or_default();
    let precision =
        finite(Some(point.precision)).map_or_else(|| "an unknown share".to_owned(), format::share);
    let recall = finite(point.recall);
    let found =
        recall.map(|recall| format!(", and {} of all {positives} are among them", format::share(recall)));
    format!(
        "Of the {} highest-scoring {rows}{period}, {precision} are {positives}{}.",
        format::count(point.reviewed),
        found.unwrap_or_default()
    )
}
