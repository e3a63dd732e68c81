//! The models that were compared.

use maud::html;

use super::finite;
use crate::report::data::{Report, Zoo, ZooEntry};
use crate::report::format;
use crate::report::parts::{Cell, Section, Table, names, numbers, side_by_side};
use crate::report::plot::{
    Axis, DotRow, Dots, Kind, LinePlot, Mark, Plot, Series, Shape, Side, Tone, dots, lines,
};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let zoo = report.zoo.as_ref()?;
    let mut entries: Vec<&ZooEntry> = zoo.entries.iter().collect();
    entries.sort_by(|a, b| area(b).total_cmp(&area(a)).then_with(|| a.name.cmp(&b.name)));
    let body = html! {
        (side_by_side(&[ranking(zoo, &entries), cost(zoo, &entries)]))
        (table(zoo, &entries))
        @if let Some(data) = &zoo.data { p.remark { (text::clean(data)) } }
    };
    Some(Section {
        id: "zoo",
        title: "Models compared",
        lead: lead(zoo, &entries),
        warnings: Vec::new(),
        body,
    })
}

/// What entries are ranked by; those without come last.
fn area(entry: &ZooEntry) -> f64 {
    finite(entry.roc_auc).unwrap_or(f64::NEG_INFINITY)
}

fn is_chosen(zoo: &Zoo, entry: &ZooEntry) -> bool {
    zoo.chosen.as_ref() == Some(&entry.name)
}

fn lead(zoo: &Zoo, entries: &[&ZooEntry]) -> String {
    let Some(best) = entries.first().filter(|entry| area(entry).is_finite()) else {
        return "No model could be compared.".to_owned();
    };
    let first = format!(
        "Of {} models, {} ranks best (ROC-AUC {})",
        entries.len(),
        text::clean(&best.name),
        format::score(area(best))
    );
    match entries.iter().find(|entry| is_chosen(zoo, entry)) {
        Some(chosen) if chosen.name == best.name => format!("{first}, and the version uses it."),
        Some(chosen) if area(chosen).is_finite() => format!(
            "{first}; the version uses {}, {} below.",
            text::clean(&chosen.name),
            format::score(area(best) - area(chosen))
        ),
        _ => format!("{first}."),
    }
}

fn ranking(zoo: &Zoo, entries: &[&ZooEntry]) -> Plot {
    let rows: Vec<DotRow> = entries
        .iter()
        .map(|entry| {
            let label = text::clean(&entry.name);
            let tone = if is_chosen(zoo, entry) { Tone::Positive } else { Tone::Main };
            let told = |value: f64| format!("{label}: {}", format::score(value));
            let dots =
                finite(entry.roc_auc).map(|value| Dots { tone, value, interval: None, told: told(value) });
            let absent = entry.failure.as_deref().map_or_else(|| "n/a".to_owned(), text::clean);
            DotRow { label, dots: dots.into_iter().collect(), absent: Some(absent), joined: false }
        })
        .collect();
    let known = entries.iter().any(|entry| is_chosen(zoo, entry));
    let legend =
        known.then(|| vec![(Tone::Positive, "in use".to_owned()), (Tone::Main, "compared".to_owned())]);
    let description = "One dot a model, the best first".to_owned();
    dots(
        "ROC-AUC by model".to_owned(),
        description,
        &Axis::number("ROC-AUC"),
        &rows,
        None,
        legend.unwrap_or_default(),
    )
}

fn cost(zoo: &Zoo, entries: &[&ZooEntry]) -> Plot {
    let known = entries.iter().filter_map(|entry| {
        let at = (finite(entry.microseconds_per_row).filter(|cost| *cost > 0.0)?, finite(entry.roc_auc)?);
        Some((*entry, at))
    });
    let marks = known.clone().map(|(entry, at)| {
        let label = text::clean(&entry.name);
        let told = format!("{label}: {} µs a row, ROC-AUC {}", format::number(at.0), format::score(at.1));
        // Letters that find no room are left out; pointers are told.
        Mark { at, label, told, stands_out: is_chosen(zoo, entry) }
    });
    let costs: Vec<f64> = known.clone().map(|(_, at)| at.0).collect();
    let [low, high] =
        [costs.iter().copied().fold(f64::INFINITY, f64::min), costs.iter().copied().fold(0.0, f64::max)];
    lines(LinePlot {
        title: "Quality and cost of scoring".to_owned(),
        description: "ROC-AUC over microseconds a row; up and left is better".to_owned(),
        x: Axis::number("µs a row, logarithmic").over(low / 1.5, high * 1.5).spread(Kind::Log),
        y: Axis::number("ROC-AUC"),
        height: entries.len() as f64 * 21.0 + 44.0,
        series: vec![Series::new("", Tone::Main, Shape::Dots, known.map(|(_, at)| at).collect())],
        marks: marks.collect(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    })
}

/// A figure of an entry, how it is written, and whether more is better.
type Figure = (&'static str, fn(&ZooEntry) -> Option<f64>, fn(f64) -> String, bool);

const FIGURES: [Figure; 10] = [
    ("ROC-AUC", |entry| entry.roc_auc, format::score, true),
    ("PR-AUC", |entry| entry.pr_auc, format::score, true),
    ("F1", |entry| entry.f1, format::score, true),
    ("Precision", |entry| entry.precision, format::share, true),
    ("Recall", |entry| entry.recall, format::share, true),
    ("Accuracy", |entry| entry.accuracy, format::share, true),
    ("Brier", |entry| entry.brier, format::score, false),
    ("Calibration error", |entry| entry.calibration_error, format::score, false),
    ("Fit, s", |entry| entry.fit_seconds, format::number, false),
    ("Row, µs", |entry| entry.microseconds_per_row, format::number, false),
];

fn table(zoo: &Zoo, entries: &[&ZooEntry]) -> Table {
    let mut heads = vec![names("Model")];
    heads.extend(FIGURES.map(|(name, ..)| numbers(name)));
    let best = FIGURES.map(|(_, figure, _, more_is_better)| {
        let known = entries.iter().filter_map(|entry| finite(figure(entry)));
        known.reduce(if more_is_better { f64::max } else { f64::min })
    });
    let mut table = Table::new(heads);
    for entry in entries {
        let name = text::clean(&entry.name);
        let failure = entry.failure.as_deref().map(text::clean);
        let mut cells = vec![Cell::of(html! {
            bdi { (name) }
            @if let Some(failure) = &failure { " " small.absent { (failure) } }
        })];
        cells.extend(FIGURES.iter().zip(best).map(|((_, figure, write, _), best)| {
            let value = finite(figure(entry));
            Cell::written(value, write).best_if(value.is_some() && value == best)
        }));
        if is_chosen(zoo, entry) { table.marked_row(cells) } else { table.row(cells) }
    }
    table
}
