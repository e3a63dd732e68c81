//! Errors by group.

use maud::{Markup, html};

use super::finite;
use crate::report::data::{Estimate, Fairness, Grouping, Report, Slice};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, estimate_text, names, numbers, side_by_side};
use crate::report::plot::{Axis, DotRow, Dots, Plot, Tone, dots};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let fairness = report.fairness.as_ref()?;
    let body = html! { @for grouping in &fairness.groupings { (group(report, fairness, grouping)) } };
    let (lead, warnings) = (lead(report, fairness), warnings(report, fairness));
    Some(Section { id: "fairness", title: "Fairness across groups", lead, warnings, body })
}

/// Groups with their grouping, the one with the highest false-positive rate first.
fn by_rate(fairness: &Fairness) -> Vec<(&Grouping, &Slice, f64)> {
    let slices = fairness
        .groupings
        .iter()
        .flat_map(|grouping| grouping.slices.iter().map(move |slice| (grouping, slice)));
    let mut rated: Vec<_> = slices
        .filter_map(|(grouping, slice)| Some((grouping, slice, finite(slice.false_positive_rate.value)?)))
        .collect();
    rated.sort_by(|a, b| b.2.total_cmp(&a.2));
    rated
}

fn lead(report: &Report, fairness: &Fairness) -> String {
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let overall = finite(fairness.overall.false_positive_rate.value);
    let (Some((grouping, slice, _)), Some(overall)) = (by_rate(fairness).into_iter().next(), overall) else {
        return format!("No group has {negatives} to compare.");
    };
    format!(
        "At the threshold {}, {} of all {negatives} are called {positives}; most in “{}” ({}), with {}.",
        format::threshold(fairness.threshold),
        format::share(overall),
        text::clean(&slice.name),
        text::clean(&grouping.by),
        estimate_text(&slice.false_positive_rate, Style::Share).unwrap_or_default(),
    )
}

fn warnings(report: &Report, fairness: &Fairness) -> Vec<String> {
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let Some(overall) = finite(fairness.overall.false_positive_rate.value) else { return Vec::new() };
    let is_beyond_chance =
        |slice: &Slice| slice.false_positive_rate.interval.is_some_and(|interval| interval.low > overall);
    let unequal = by_rate(fairness).into_iter().filter(|(_, slice, _)| is_beyond_chance(slice));
    unequal
        .take(3)
        .map(|(grouping, slice, rate)| {
            format!(
                "{} “{}”: {negatives} are called {positives} more often than chance explains, {} against {} of all.",
                text::clean(&grouping.by),
                text::clean(&slice.name),
                format::share(rate),
                format::share(overall)
            )
        })
        .collect()
}

fn group(report: &Report, fairness: &Fairness, grouping: &Grouping) -> Markup {
    let by = text::clean(&grouping.by);
    let [_, positives, negatives] = text::plurals(&report.header.nouns);
    let rates = rate_plot(
        "False-positive rate".to_owned(),
        &format!("{negatives} called {positives}"),
        grouping,
        finite(fairness.overall.false_positive_rate.value),
        |slice| &slice.false_positive_rate,
    );
    let recalls = rate_plot(
        "Recall".to_owned(),
        &format!("{positives} found"),
        grouping,
        finite(fairness.overall.recall.value),
        |slice| &slice.recall,
    );
    html! {
        h3 { "By " bdi { (by) } }
        (side_by_side(&[rates, recalls]))
        (table(report, fairness, grouping))
    }
}

fn rate_plot(
    title: String,
    axis: &str,
    grouping: &Grouping,
    overall: Option<f64>,
    rate: impl Fn(&Slice) -> &Estimate,
) -> Plot {
    let rows: Vec<DotRow> = grouping
        .slices
        .iter()
        .map(|slice| {
            let label = text::clean(&slice.name);
            let estimate = rate(slice);
            let told = format!("{label}: {}", estimate_text(estimate, Style::Share).unwrap_or_default());
            let dots = finite(estimate.value).map(|value| Dots {
                tone: Tone::Main,
                value,
                interval: estimate.interval,
                told,
            });
            let absent = estimate.absent_because.as_deref().map_or_else(|| "n/a".to_owned(), text::clean);
            DotRow { label, dots: dots.into_iter().collect(), absent: Some(absent), joined: false }
        })
        .collect();
    let axis = Axis { domain: None, ..Axis::share(axis) };
    let reference = overall.map(|overall| (overall, format!("all {}", format::share(overall))));
    dots(title, "Dots with intervals, one a group".to_owned(), &axis, &rows, reference, Vec::new())
}

fn table(report: &Report, fairness: &Fairness, grouping: &Grouping) -> Table {
    let [rows, positives, _] = text::plurals(&report.header.nouns);
    let mut table = Table::new(vec![
        names(&text::sentence_case(&text::clean(&grouping.by))),
        numbers(&text::sentence_case(&rows)),
        numbers(&text::sentence_case(&positives)),
        numbers("False-positive rate"),
        numbers("Recall"),
        numbers("Mean score"),
        numbers(&format!("Share of {positives}")),
        numbers("Calibration error"),
    ]);
    let cells = |slice: &Slice, name: Cell| {
        vec![
            name,
            Cell::count(slice.rows),
            Cell::count(slice.positives),
            Cell::estimate(&slice.false_positive_rate, Style::Share),
            Cell::estimate(&slice.recall, Style::Share),
            Cell::figure(slice.mean_score, Style::Share),
            Cell::figure(format::ratio(slice.positives, slice.rows), Style::Share),
            Cell::figure(slice.calibration_error, Style::Share),
        ]
    };
    for slice in &grouping.slices {
        table.row(cells(slice, Cell::name(&slice.name)));
    }
    table.marked_row(cells(&fairness.overall, Cell::words("all")));
    table
}
