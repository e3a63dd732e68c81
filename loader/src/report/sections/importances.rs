//! Which columns matter.

use maud::html;

use super::finite;
use crate::report::data::{Importance, Importances, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, names, numbers, side_by_side};
use crate::report::plot::{Axis, Bar, DotRow, Dots, Plot, Ticks, Tone, bars, dots};
use crate::report::text;

/// How many columns are drawn; the table has them all.
const DRAWN: usize = 20;

pub fn section(report: &Report) -> Option<Section> {
    let importances = report.importances.as_ref()?;
    let mut columns: Vec<&Importance> = importances.columns.iter().collect();
    columns.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.column.cmp(&b.column)));
    let drawn = &columns[..columns.len().min(DRAWN)];
    let mut plots: Vec<Plot> = Vec::new();
    if drawn.iter().any(|column| column.gain.is_some()) {
        plots.push(gains(drawn, columns.len()));
    }
    if drawn.iter().any(|column| column.permutation.is_some()) {
        plots.push(permutations(drawn, importances));
    }
    let body = html! {
        (side_by_side(&plots))
        @if columns.len() > DRAWN {
            details { summary { "All " (format::count(columns.len() as u64)) " columns" } (table(&columns)) }
        }
    };
    let lead = lead(&columns, importances);
    Some(Section { id: "importances", title: "Columns that matter", lead, warnings: Vec::new(), body })
}

fn permutation(column: &Importance) -> Option<f64> {
    finite(column.permutation.as_ref().and_then(|estimate| estimate.value))
}

/// Columns go by gain where there is one, by permutation otherwise.
fn weight(column: &Importance) -> f64 {
    finite(column.gain).or_else(|| permutation(column)).unwrap_or(0.0)
}

fn lead(columns: &[&Importance], importances: &Importances) -> String {
    let Some(first) = columns.first() else { return "No column's importance was measured.".to_owned() };
    let name = text::clean(&first.column);
    let measure =
        importances.permutation_measure.as_deref().map_or_else(|| "the measure".to_owned(), text::clean);
    match (finite(first.gain), permutation(first)) {
        (Some(gain), _) => {
            let five: f64 = columns.iter().take(5).filter_map(|column| finite(column.gain)).sum();
            let idle = columns.iter().filter(|column| column.gain == Some(0.0)).count();
            let idle = match idle {
                0 => String::new(),
                idle => format!("; {idle} of {} columns are never used", columns.len()),
            };
            let [gain, five] = [gain, five.min(1.0)].map(format::share);
            format!("{name} matters most, with {gain} of the gain; the first five columns hold {five}{idle}.")
        }
        (None, Some(fall)) => {
            format!(
                "{name} matters most: {measure} falls by {} when its values are mixed up.",
                format::number(fall)
            )
        }
        (None, None) => "No column's importance could be measured.".to_owned(),
    }
}

fn gains(columns: &[&Importance], all: usize) -> Plot {
    let drawn: Vec<Bar> = columns
        .iter()
        .filter_map(|column| {
            let value = finite(column.gain)?;
            Some(Bar {
                label: text::clean(&column.column),
                value,
                text: format::share(value),
                tone: Tone::Main,
            })
        })
        .collect();
    let title = match all > columns.len() {
        true => format!("Share of the gain: first {} of {}", columns.len(), format::count(all as u64)),
        false => "Share of the gain".to_owned(),
    };
    let axis = Axis { domain: None, ..Axis::share("share of the gain") };
    bars(title, "Bars, the longest first".to_owned(), &axis, &drawn)
}

fn permutations(columns: &[&Importance], importances: &Importances) -> Plot {
    let measure =
        importances.permutation_measure.as_deref().map_or_else(|| "the measure".to_owned(), text::clean);
    let rows: Vec<DotRow> = columns
        .iter()
        .map(|column| {
            let label = text::clean(&column.column);
            let dots = permutation(column).map(|value| Dots {
                tone: Tone::Main,
                value,
                interval: column.permutation.as_ref().and_then(|estimate| estimate.interval),
                told: format!("{label}: {}", format::number(value)),
            });
            DotRow {
                label,
                dots: dots.into_iter().collect(),
                absent: Some("not measured".to_owned()),
                joined: false,
            }
        })
        .collect();
    let axis = Axis { ticks: Ticks::Number, ..Axis::number(&format!("fall of {measure}")) };
    let title = format!("Fall of {measure} when a column is permuted");
    dots(title, "Dots with intervals, in the order of the gain".to_owned(), &axis, &rows, None, Vec::new())
}

fn table(columns: &[&Importance]) -> Table {
    let mut table = Table::new(vec![names("Column"), numbers("Gain"), numbers("Permutation")]);
    for column in columns {
        let permutation = match &column.permutation {
            Some(estimate) => Cell::estimate(estimate, Style::Number),
            None => Cell::figure(None, Style::Number),
        };
        table.row(vec![Cell::name(&column.column), Cell::figure(column.gain, Style::Share), permutation]);
    }
    table
}
