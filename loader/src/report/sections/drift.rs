//! What later rows are compared with.

use maud::html;

use super::finite;
use crate::report::data::{DriftBaseline, DriftColumn, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, names, numbers};
use crate::report::plot::spark_bars;
use crate::report::text;

/// Above this the population stability index is commonly read as a shift worth acting on.
const SHIFT: f64 = 0.25;
/// Above this, as one worth watching.
const MODERATE: f64 = 0.1;

pub fn section(report: &Report) -> Option<Section> {
    let drift = report.drift.as_ref()?;
    let mut table = Table::new(vec![
        names("Column"),
        names("Baseline"),
        numbers("Bins"),
        numbers("From"),
        numbers("To"),
        numbers("Missing"),
        numbers("Index on test rows"),
    ]);
    for column in &drift.columns {
        let edge = |edge: Option<&f64>| Cell::figure(edge.copied(), Style::Number);
        table.row(vec![
            Cell::name(&column.name),
            Cell::of(spark_bars(&column.shares, &column.edges)),
            Cell::count(column.shares.len() as u64),
            edge(column.edges.first()),
            edge(column.edges.last()),
            Cell::figure(Some(column.missing), Style::Share),
            Cell::written(column.test_stability_index, |value| format::decimal(value, 3)),
        ]);
    }
    let body = html! {
        (table)
        p.remark { "“From” and “to” are the outermost inner edges: the first and the last bin are open." }
    };
    Some(Section {
        id: "drift",
        title: "Drift baseline",
        lead: lead(report, drift),
        warnings: warnings(drift),
        body,
    })
}

fn worst(drift: &DriftBaseline) -> Option<(&DriftColumn, f64)> {
    let known =
        drift.columns.iter().filter_map(|column| Some((column, finite(column.test_stability_index)?)));
    known.max_by(|a, b| a.1.total_cmp(&b.1))
}

fn lead(report: &Report, drift: &DriftBaseline) -> String {
    let rows = text::many(drift.rows, &report.header.nouns.row);
    let test = worst(drift).map(|(column, index)| {
        format!(
            "; on the test rows it is at most {} ({})",
            format::decimal(index, 3),
            text::clean(&column.name)
        )
    });
    format!(
        "Later rows are compared with these bins of {rows}: a population stability index above {MODERATE} is worth \
         watching, above {SHIFT} worth acting on{}.",
        test.unwrap_or_default()
    )
}

fn warnings(drift: &DriftBaseline) -> Vec<String> {
    let shifted = worst(drift).filter(|(_, index)| *index > SHIFT);
    let warning = shifted.map(|(column, index)| {
        format!(
            "{} differs between training and test rows: index {}.",
            text::clean(&column.name),
            format::decimal(index, 2)
        )
    });
    warning.into_iter().collect()
}
