//! What is found of a strategy that was not learned from.

use maud::html;

use super::finite;
use crate::report::data::{Estimate, HeldOutStrategy, LeaveOneOut, Report};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, estimate_text, names, numbers};
use crate::report::plot::{Axis, DotRow, Dots, Plot, Tone, dots};
use crate::report::text;

pub fn section(report: &Report) -> Option<Section> {
    let held_out = report.leave_one_out.as_ref()?;
    let mut strategies: Vec<&HeldOutStrategy> = held_out.strategies.iter().collect();
    strategies.sort_by(|a, b| unseen(a).total_cmp(&unseen(b)));
    let body = html! {
        div.plots { (plot(&strategies)) div { (table(report, &strategies)) } }
        @if let Some(rate) = finite(held_out.false_positive_rate) {
            p.remark { "ROC-AUC is that of the left-out model, the strategy against all others. Every model's threshold lets a false-positive rate of " (format::level(rate)) " pass." }
        }
    };
    let lead = lead(report, held_out, &strategies);
    Some(Section { id: "leave-one-out", title: "Strategies never seen", lead, warnings: Vec::new(), body })
}

/// Those that could not be measured come last.
fn unseen(strategy: &HeldOutStrategy) -> f64 {
    finite(strategy.recall_unseen.value).unwrap_or(f64::INFINITY)
}

fn lead(report: &Report, held_out: &LeaveOneOut, sorted: &[&HeldOutStrategy]) -> String {
    let [_, positives, _] = text::plurals(&report.header.nouns);
    let known: Vec<(f64, f64)> = held_out
        .strategies
        .iter()
        .filter_map(|strategy| {
            Some((finite(strategy.recall_seen.value)?, finite(strategy.recall_unseen.value)?))
        })
        .collect();
    let Some(hardest) = sorted.first().filter(|strategy| unseen(strategy).is_finite()) else {
        return "No strategy could be left out.".to_owned();
    };
    let mean = |value: fn(&(f64, f64)) -> f64| known.iter().map(value).sum::<f64>() / known.len() as f64;
    let means = match known.is_empty() {
        true => String::new(),
        false => format!(
            "On average {} of the {positives} of a strategy are found when it was learned from, and {} when it was not. ",
            format::share(mean(|pair| pair.0)),
            format::share(mean(|pair| pair.1))
        ),
    };
    format!("{means}Hardest is {}: {}.", text::clean(&hardest.strategy), format::share(unseen(hardest)))
}

fn plot(strategies: &[&HeldOutStrategy]) -> Plot {
    let one = |estimate: &Estimate, tone: Tone, what: &str| {
        let value = finite(estimate.value)?;
        let told = format!("{what}: {}", estimate_text(estimate, Style::Share).unwrap_or_default());
        Some(Dots { tone, value, interval: estimate.interval, told })
    };
    let rows: Vec<DotRow> = strategies
        .iter()
        .map(|strategy| {
            let dots = [
                one(&strategy.recall_seen, Tone::Main, "seen"),
                one(&strategy.recall_unseen, Tone::Positive, "never seen"),
            ];
            let dots = dots.into_iter().flatten().collect();
            DotRow {
                label: text::clean(&strategy.strategy),
                dots,
                absent: Some("n/a".to_owned()),
                joined: true,
            }
        })
        .collect();
    let legend = vec![(Tone::Main, "learned from".to_owned()), (Tone::Positive, "left out".to_owned())];
    let (title, description) =
        ("Recall by strategy".to_owned(), "Two dots a strategy, with intervals".to_owned());
    dots(title, description, &Axis::share("recall"), &rows, None, legend)
}

fn table(report: &Report, strategies: &[&HeldOutStrategy]) -> Table {
    let [_, positives, _] = text::plurals(&report.header.nouns);
    let mut table = Table::new(vec![
        names("Strategy"),
        numbers(&text::sentence_case(&positives)),
        numbers("Learned from"),
        numbers("Left out"),
        numbers("ROC-AUC"),
    ]);
    for strategy in strategies {
        table.row(vec![
            Cell::name(&strategy.strategy),
            Cell::count(strategy.rows),
            Cell::figure(strategy.recall_seen.value, Style::Share),
            Cell::figure(strategy.recall_unseen.value, Style::Share),
            Cell::figure(strategy.roc_auc_unseen, Style::Score),
        ]);
    }
    table
}
