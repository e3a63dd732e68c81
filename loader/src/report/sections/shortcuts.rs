//! Whether the task is too easy to be true.

use maud::{Markup, html};

use crate::report::data::{LeakCheck, LeakOutcome, Report, ShortcutColumn, ShortcutTree, Shortcuts};
use crate::report::format::{self, Style};
use crate::report::parts::{Cell, Section, Table, names, numbers};
use crate::report::plot::{Axis, DotRow, Dots, Plot, Tone, dots};
use crate::report::text;

/// How many columns are drawn.
const DRAWN: usize = 15;

pub fn section(report: &Report) -> Option<Section> {
    let shortcuts = report.shortcuts.as_ref()?;
    let mut columns: Vec<&ShortcutColumn> =
        shortcuts.columns.iter().filter(|c| c.roc_auc.is_finite()).collect();
    columns.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    let body = html! {
        div.plots {
            (plot(&drawn(&columns), columns.len()))
            div {
                @if let Some(tree) = &shortcuts.tree { (rules(report, tree)) }
                @if !shortcuts.leaks.is_empty() { (leaks(&shortcuts.leaks)) }
            }
        }
    };
    let lead = lead(shortcuts, &columns);
    Some(Section { id: "shortcuts", title: "Shortcuts and leaks", lead, warnings: warnings(shortcuts), body })
}

/// How far a column's ROC-AUC is from chance, whichever way.
fn strength(column: &ShortcutColumn) -> f64 {
    (column.roc_auc - 0.5).abs()
}

fn lead(shortcuts: &Shortcuts, columns: &[&ShortcutColumn]) -> String {
    let best = columns.first().map(|column| {
        format!(
            "the best single column is {}, ROC-AUC {}",
            text::clean(&column.column),
            format::score(0.5 + strength(column))
        )
    });
    let tree = shortcuts.tree.as_ref().filter(|tree| tree.roc_auc.is_finite());
    let tree = tree.map(|tree| format!("a tree of depth 2 reaches {}", format::score(tree.roc_auc)));
    let tried = shortcuts.leaks.iter().filter(|check| check.outcome != LeakOutcome::NotTried).count();
    let passed = shortcuts.leaks.iter().filter(|check| check.outcome == LeakOutcome::Passed).count();
    let leaks = (tried > 0).then(|| format!("{passed} of {tried} checks for leaks found nothing"));
    let parts: Vec<String> = [best, tree, leaks].into_iter().flatten().collect();
    match parts.is_empty() {
        true => "Nothing was checked.".to_owned(),
        false => format!("{}.", text::sentence_case(&parts.join("; "))),
    }
}

fn warnings(shortcuts: &Shortcuts) -> Vec<String> {
    let columns = shortcuts.columns.iter().filter_map(|column| {
        Some(format!("{}: {}.", text::clean(&column.column), text::clean(column.warning.as_deref()?)))
    });
    let leaks = shortcuts.leaks.iter().filter(|check| check.outcome == LeakOutcome::Warning);
    let leaks = leaks.map(|check| format!("{}: {}.", text::clean(&check.name), text::clean(&check.detail)));
    columns.chain(leaks).take(5).collect()
}

/// The strongest columns, and those warned of wherever they come.
fn drawn<'a>(columns: &[&'a ShortcutColumn]) -> Vec<&'a ShortcutColumn> {
    let (strongest, others) = columns.split_at(columns.len().min(DRAWN));
    let warned = others.iter().filter(|column| column.warning.is_some()).take(DRAWN);
    strongest.iter().chain(warned).copied().collect()
}

fn plot(columns: &[&ShortcutColumn], all: usize) -> Plot {
    let rows: Vec<DotRow> = columns
        .iter()
        .map(|column| {
            let label = text::clean(&column.column);
            let tone = if column.warning.is_some() { Tone::Positive } else { Tone::Main };
            let warning =
                column.warning.as_deref().map(|w| format!(" ({})", text::clean(w))).unwrap_or_default();
            let told = format!("{label}: {}{warning}", format::score(column.roc_auc));
            let dots = vec![Dots { tone, value: column.roc_auc, interval: None, told }];
            DotRow { label, dots, absent: None, joined: false }
        })
        .collect();
    let title = match all > columns.len() {
        true => {
            format!("ROC-AUC of a column alone: {} of {}", columns.len(), format::count(all as u64))
        }
        false => "ROC-AUC of a column alone".to_owned(),
    };
    let has_warning = columns.iter().any(|column| column.warning.is_some());
    let legend = has_warning
        .then(|| vec![(Tone::Main, "as expected".to_owned()), (Tone::Positive, "warned of".to_owned())]);
    let axis = Axis::number("ROC-AUC; below 0.5, low values are suspicious").over(0.0, 1.0);
    let description = "One dot a column; 0.5 is chance".to_owned();
    dots(title, description, &axis, &rows, Some((0.5, "chance".to_owned())), legend.unwrap_or_default())
}

fn rules(report: &Report, tree: &ShortcutTree) -> Markup {
    let [rows, positives, _] = text::plurals(&report.header.nouns);
    let mut table = Table::new(vec![
        names("If"),
        numbers(&text::sentence_case(&rows)),
        numbers(&format!("Share of {positives}")),
    ]);
    for rule in &tree.rules {
        let share =
            Cell::figure(rule.positive_share, Style::Share).heated(rule.positive_share.unwrap_or(0.0));
        table.row(vec![Cell::name(&rule.condition), Cell::count(rule.rows), share]);
    }
    html! {
        h3 { "What two questions tell" }
        (table)
    }
}

fn leaks(checks: &[LeakCheck]) -> Markup {
    html! {
        h3 { "Leaks of the label" }
        ul.checks {
            @for check in checks {
                @let (class, sign) = match check.outcome {
                    LeakOutcome::Passed => ("passed", "✓ passed"),
                    LeakOutcome::Warning => ("warned", "! look"),
                    LeakOutcome::NotTried => ("untried", "– not tried"),
                };
                li class=(class) {
                    span.outcome { (sign) }
                    div { strong { (text::clean(&check.name)) } " " (text::clean(&check.detail)) }
                }
            }
        }
    }
}
