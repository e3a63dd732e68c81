//! The rows and columns learned from.

use maud::{Markup, html};

use super::finite;
use crate::report::data::{Column, ColumnKind, DataSummary, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, names, numbers};
use crate::report::plot::spark_box;
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let data = report.data.as_ref()?;
    let body = html! {
        div.plots { (classes(report, data)) (splits(report, data)) }
        (columns(data))
    };
    Some(Section { id: "data", title: "Data", lead: lead(report, data), warnings: warnings(data), body })
}

fn lead(report: &Report, data: &DataSummary) -> String {
    let nouns = &report.header.nouns;
    let positive: u64 = data.classes.iter().filter(|class| class.is_positive).map(|class| class.rows).sum();
    let share = format::ratio(positive, data.rows).map(|share| format!(" ({})", format::share(share)));
    let gaps: Vec<&Column> = data.columns.iter().filter(|column| column.missing > 0.0).collect();
    let most = gaps.iter().max_by(|a, b| a.missing.total_cmp(&b.missing));
    let missing = match most {
        Some(column) => format!(
            "{} of {} columns have missing values, {} most ({})",
            gaps.len(),
            data.columns.len(),
            text::clean(&column.name),
            format::share(column.missing)
        ),
        None => format!("none of the {} columns has missing values", data.columns.len()),
    };
    format!(
        "{}, {} of them {}{}; {missing}.",
        text::many(data.rows, &nouns.row),
        format::count(positive),
        text::noun_for(positive, &nouns.positive),
        share.unwrap_or_default()
    )
}

fn warnings(data: &DataSummary) -> Vec<String> {
    let all = data.columns.iter().filter(|column| column.missing >= 1.0).count();
    let constant = data.columns.iter().filter(|column| column.distinct == Some(1)).count();
    let told = [(all, "no value at all"), (constant, "one value only")];
    told.into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| {
            let columns = if number == 1 { "column holds" } else { "columns hold" };
            format!("{number} {columns} {what}.")
        })
        .collect()
}

fn classes(report: &Report, data: &DataSummary) -> Markup {
    let [rows, ..] = text::plurals(&report.header.nouns);
    let mut table = Table::new(vec![names("Class"), numbers(&text::sentence_case(&rows)), numbers("Share")]);
    for class in &data.classes {
        let share = Cell::figure(format::ratio(class.rows, data.rows), Style::Share);
        table.row(vec![Cell::name(&class.name), Cell::count(class.rows), share]);
    }
    html! { div { h3 { "Classes" } (table) } }
}

fn splits(report: &Report, data: &DataSummary) -> Markup {
    let [rows, positives, _] = text::plurals(&report.header.nouns);
    let mut table = Table::new(vec![
        names("Part"),
        numbers(&text::sentence_case(&rows)),
        numbers(&text::sentence_case(&positives)),
        numbers("Share"),
    ]);
    for part in &data.splits {
        table.row(vec![
            Cell::name(&part.name),
            Cell::count(part.rows),
            Cell::count(part.positives),
            Cell::figure(format::ratio(part.positives, part.rows), Style::Share),
        ]);
    }
    html! {
        div {
            h3 { "Split" }
            (table)
            @if let Some(method) = &data.split_method { p.remark { (text::sentence_case(&text::clean(method))) "." } }
        }
    }
}

fn columns(data: &DataSummary) -> Markup {
    let mut table = Table::new(vec![
        names("Column"),
        names("Holds"),
        numbers("Missing"),
        numbers("Different"),
        names("Spread"),
        numbers("Smallest"),
        numbers("5 %"),
        numbers("Median"),
        numbers("95 %"),
        numbers("Largest"),
        numbers("ROC-AUC alone"),
    ]);
    for column in &data.columns {
        table.row(column_cells(column));
    }
    html! { h3 { "Columns" } (table) }
}

fn column_cells(column: &Column) -> Vec<Cell> {
    let quantile = |value: fn(&crate::report::data::Quantiles) -> f64| {
        Cell::figure(column.quantiles.as_ref().map(value), Style::Number)
    };
    let kind = match column.kind {
        ColumnKind::Number => "numbers",
        ColumnKind::Boolean => "yes/no",
        ColumnKind::Category => "names",
        ColumnKind::Time => "times",
    };
    vec![
        Cell::name(&column.name),
        Cell::words(kind),
        Cell::figure(Some(column.missing), Style::Share),
        column.distinct.map_or_else(|| Cell::figure(None, Style::Number), Cell::count),
        column
            .quantiles
            .as_ref()
            .map_or_else(|| Cell::figure(None, Style::Number), |q| Cell::of(spark_box(q))),
        quantile(|q| q.minimum),
        quantile(|q| q.p5),
        quantile(|q| q.median),
        quantile(|q| q.p95),
        quantile(|q| q.maximum),
        Cell::figure(finite(column.roc_auc), Style::Score),
    ]
}
