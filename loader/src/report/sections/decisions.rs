//! What the thresholds in use decide.

use maud::html;

use crate::report::data::{Counts, Nouns, OperatingPoint, Report, Role};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, names, numbers, side_by_side};
use crate::report::plot::{Matrix, MatrixCell, Plot, Tone, matrix};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let points = &report.decisions.as_ref()?.points;
    let nouns = &report.header.nouns;
    let plots: Vec<Plot> = points.iter().map(|point| confusion(point, nouns)).collect();
    let body = html! { (side_by_side(&plots)) (rates(points)) };
    let lead = if points.is_empty() {
        "No threshold is in use: scores are reported, nothing is decided.".to_owned()
    } else {
        points.iter().map(|point| sentence(point, nouns)).collect::<Vec<_>>().join(" ")
    };
    Some(Section { id: "decisions", title: "Decisions", lead, warnings: Vec::new(), body })
}

fn sentence(point: &OperatingPoint, nouns: &Nouns) -> String {
    let counts = point.counts;
    let [_, positives, negatives] = text::plurals(nouns);
    format!(
        "At the threshold {} for {}, {} are called {positives}, and {} are found.",
        format::threshold(point.threshold),
        title_of(point.role).to_lowercase(),
        part_of(counts.false_positives, counts.negatives(), &negatives),
        part_of(counts.true_positives, counts.positives(), &positives),
    )
}

/// 14 of 602 humans (2.3 %).
fn part_of(part: u64, whole: u64, noun: &str) -> String {
    let share = format::ratio(part, whole).map(|share| format!(" ({})", format::share(share)));
    format!("{} of {} {noun}{}", format::count(part), format::count(whole), share.unwrap_or_default())
}

fn title_of(role: Role) -> &'static str {
    match role {
        Role::Review => "Review",
        Role::AutomaticAction => "Automatic action",
    }
}

fn confusion(point: &OperatingPoint, nouns: &Nouns) -> Plot {
    let counts = point.counts;
    let [_, positives, negatives] = text::plurals(nouns);
    let cell = |count: u64, whole: u64, tone: Tone, what: &str| {
        let share = format::ratio(count, whole);
        Some(MatrixCell {
            text: format::count(count),
            below: share.map_or_else(|| "none to judge".to_owned(), format::share),
            tone,
            strength: share.unwrap_or(0.0),
            told: format!("{what}: {}", format::part_of(count, whole)),
        })
    };
    let (positive, negative) = (counts.positives(), counts.negatives());
    matrix(Matrix {
        title: format!("{} at {}", title_of(point.role), format::threshold(point.threshold)),
        description: format!(
            "{} of {} {positives} and {} of {} {negatives} are called {positives}",
            counts.true_positives, positive, counts.false_positives, negative
        ),
        columns: vec![format!("called {positives}"), format!("called {negatives}")],
        rows: vec![
            (
                format!("are {positives}"),
                vec![
                    cell(counts.true_positives, positive, Tone::Positive, "found"),
                    cell(counts.false_negatives, positive, Tone::Reference, "missed"),
                ],
            ),
            (
                format!("are {negatives}"),
                vec![
                    cell(counts.false_positives, negative, Tone::Reference, "wrongly called"),
                    cell(counts.true_negatives, negative, Tone::Negative, "left alone"),
                ],
            ),
        ],
        row_height: 62.0,
    })
}

fn rates(points: &[OperatingPoint]) -> Table {
    let mut table = Table::new(vec![
        names("Threshold for"),
        numbers("At"),
        numbers("Called"),
        numbers("Precision"),
        numbers("Recall"),
        numbers("False-positive rate"),
        numbers("F1"),
        numbers("Accuracy"),
        names("Chosen for"),
    ]);
    for point in points {
        let counts = point.counts;
        table.row(vec![
            Cell::words(title_of(point.role)),
            Cell::written(Some(point.threshold), format::threshold),
            Cell::count(counts.called()),
            Cell::figure(counts.precision(), Style::Share),
            Cell::figure(counts.recall(), Style::Share),
            Cell::figure(counts.false_positive_rate(), Style::Share),
            Cell::figure(counts.f1(), Style::Score),
            Cell::figure(counts.accuracy(), Style::Share),
            Cell::words(&point.target.as_deref().map(text::clean).unwrap_or_default()),
        ]);
    }
    table
}

/// Rates that counts stand for.
impl Counts {
    /// Positive rows.
    pub(super) fn positives(self) -> u64 {
        self.true_positives.saturating_add(self.false_negatives)
    }

    /// Negative rows.
    pub(super) fn negatives(self) -> u64 {
        self.false_positives.saturating_add(self.true_negatives)
    }

    /// Rows called positive.
    pub(super) fn called(self) -> u64 {
        self.true_positives.saturating_add(self.false_positives)
    }

    pub(super) fn precision(self) -> Option<f64> {
        format::ratio(self.true_positives, self.called())
    }

    pub(super) fn recall(self) -> Option<f64> {
        format::ratio(self.true_positives, self.positives())
    }

    pub(super) fn false_positive_rate(self) -> Option<f64> {
        format::ratio(self.false_positives, self.negatives())
    }

    pub(super) fn accuracy(self) -> Option<f64> {
        let right = self.true_positives.saturating_add(self.true_negatives);
        format::ratio(right, self.positives().saturating_add(self.negatives()))
    }

    pub(super) fn f1(self) -> Option<f64> {
        let errors = self.false_positives as f64 + self.false_negatives as f64;
        let twice = 2.0 * self.true_positives as f64;
        (twice + errors > 0.0).then(|| twice / (twice + errors))
    }
}
