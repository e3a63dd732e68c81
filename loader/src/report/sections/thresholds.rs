//! What other thresholds would decide.

use maud::html;

use super::{operating_points, threshold_lines};
use crate::report::data::{Report, ThresholdRow};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, numbers, side_by_side};
use crate::report::plot::{Axis, LinePlot, Plot, Series, Shape, Side, Tone, lines};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let rows = report.thresholds.as_ref()?;
    let body = html! { (side_by_side(&[rates(report, rows), errors(report, rows)])) (table(report, rows)) };
    Some(Section {
        id: "thresholds",
        title: "Thresholds",
        lead: lead(report, rows),
        warnings: Vec::new(),
        body,
    })
}

fn lead(report: &Report, rows: &[ThresholdRow]) -> String {
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let best = rows
        .iter()
        .filter_map(|row| row.counts.f1().map(|f1| (row, f1)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b));
    match (best, rows.first(), rows.last()) {
        (Some((row, f1)), Some(low), Some(high)) => format!(
            "F1 is highest at {} ({}); from {} to {}, wrongly called {negatives} fall from {} to {}, and found \
             {positives} from {} to {}.",
            format::threshold(row.threshold),
            format::score(f1),
            format::threshold(low.threshold),
            format::threshold(high.threshold),
            format::count(low.counts.false_positives),
            format::count(high.counts.false_positives),
            format::count(low.counts.true_positives),
            format::count(high.counts.true_positives),
        ),
        _ => format!(
            "No threshold calls or misses any {}.",
            text::clean(&report.header.nouns.positive.singular)
        ),
    }
}

fn series(
    rows: &[ThresholdRow],
    name: &str,
    tone: Tone,
    value: impl Fn(&ThresholdRow) -> Option<f64>,
) -> Series {
    let points = rows.iter().filter_map(|row| value(row).map(|value| (row.threshold, value))).collect();
    Series::new(name, tone, Shape::Line, points)
}

fn rates(report: &Report, rows: &[ThresholdRow]) -> Plot {
    lines(LinePlot {
        title: "Precision, recall and F1 by threshold".to_owned(),
        description: "Precision rises and recall falls with the threshold".to_owned(),
        x: Axis::number("threshold").over(0.0, 1.0),
        y: Axis::share("share"),
        height: 280.0,
        series: vec![
            series(rows, "precision", Tone::Main, |row| row.counts.precision()),
            series(rows, "recall", Tone::Positive, |row| row.counts.recall()),
            series(rows, "F1", Tone::Other(0), |row| row.counts.f1()),
        ],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: threshold_lines(report),
    })
}

fn errors(report: &Report, rows: &[ThresholdRow]) -> Plot {
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    lines(LinePlot {
        title: "Errors by threshold".to_owned(),
        description: "Wrongly called and missed rows".to_owned(),
        x: Axis::number("threshold").over(0.0, 1.0),
        y: Axis::number("rows"),
        height: 280.0,
        series: vec![
            series(rows, &format!("{negatives} called {positives}"), Tone::Negative, |row| {
                Some(row.counts.false_positives as f64)
            }),
            series(rows, &format!("{positives} missed"), Tone::Positive, |row| {
                Some(row.counts.false_negatives as f64)
            }),
        ],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: threshold_lines(report),
    })
}

fn table(report: &Report, rows: &[ThresholdRow]) -> Table {
    let heads =
        ["Threshold", "Called", "Wrongly called", "Missed", "Precision", "Recall", "False-positive rate"];
    let mut heads: Vec<_> = heads.into_iter().map(numbers).collect();
    heads.extend([numbers("F1"), numbers("Accuracy")]);
    let mut table = Table::new(heads);
    for row in rows {
        let counts = row.counts;
        let cells = vec![
            Cell::written(Some(row.threshold), format::threshold),
            Cell::count(counts.called()),
            Cell::count(counts.false_positives),
            Cell::count(counts.false_negatives),
            Cell::figure(counts.precision(), Style::Share),
            Cell::figure(counts.recall(), Style::Share),
            Cell::figure(counts.false_positive_rate(), Style::Share),
            Cell::figure(counts.f1(), Style::Score),
            Cell::figure(counts.accuracy(), Style::Share),
        ];
        if operating_points(report).any(|point| point.threshold == row.threshold) {
            table.marked_row(cells);
        } else {
            table.row(cells);
        }
    }
    table
}
