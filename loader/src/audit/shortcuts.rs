//! Whether the task is too easy to be true: columns that give the label away, and what should say nothing but does.

use botdet_models::metrics::{Ranked, roc_auc};
use botdet_models::pipeline::Columns;
use botdet_models::rows::Rows;
use botdet_models::trees::Leaf;

use super::AuditRow;
use super::columns::column_auc;
use crate::report::data::{LeakCheck, LeakOutcome, Rule, ShortcutColumn, ShortcutTree, Shortcuts};
use crate::trees::{ForestKind, ForestParams};
use crate::zoo::{Sample, Session, ZooError};

/// ROC-AUC of a single column from which on it is worth a look, and from which on it most likely gives the label away.
const SUSPICIOUS: f64 = 0.9;
const GIVEAWAY: f64 = 0.98;
/// ROC-AUC of a key or a moment from which on it is worth a look.
const LEAK: f64 = 0.6;
/// Questions that the small tree may ask of a row.
const DEPTH: usize = 2;

/// Looks for shortcuts: `training` teaches the tree, `held_out` judges it.
///
/// # Errors
/// [`ZooError`] when the small tree cannot be grown.
pub fn shortcuts(
    columns: &Columns,
    training: &[AuditRow],
    held_out: &[AuditRow],
    times: Option<&[i64]>,
    seed: u64,
) -> Result<Shortcuts, ZooError> {
    let of_column = |column: usize| {
        let auc = column_auc(training, column)?;
        let strength = auc.max(1.0 - auc);
        let warning = if strength >= GIVEAWAY {
            Some("tells the classes apart almost alone: is it known before the label is?".to_owned())
        } else if strength >= SUSPICIOUS {
            Some("tells the classes apart well on its own".to_owned())
        } else {
            None
        };
        Some(ShortcutColumn { column: columns.name(column).into_owned(), roc_auc: auc, warning })
    };
    Ok(Shortcuts {
        columns: (0..columns.count()).filter_map(of_column).collect(),
        tree: small_tree(columns, training, held_out, seed)?,
        leaks: vec![key_leak(training), time_leak(training, times), missing_leak(training)],
    })
}

fn small_tree(
    columns: &Columns,
    training: &[AuditRow],
    held_out: &[AuditRow],
    seed: u64,
) -> Result<Option<ShortcutTree>, ZooError> {
    let inputs = |rows: &[AuditRow]| {
        let values = rows.iter().flat_map(|row| columns.inputs(&row.values)).map(|value| value as f32);
        Rows::with_infinite_missing(values.collect(), columns.input_count())
    };
    let (rows, judged) = (inputs(training), inputs(held_out));
    let labels: Vec<bool> = training.iter().map(|row| row.is_bot).collect();
    let weights = vec![1.0; labels.len()];
    let sample = Sample::new(&rows, &labels, &weights)?;
    let tree = ForestParams { depth: DEPTH, balanced: false, ..ForestParams::new(ForestKind::DecisionTree) };
    let mut session = Session { seed, threads: 1, progress: &mut |_| std::ops::ControlFlow::Continue(()) };
    let fitted = tree.check()?.fit_ensemble(sample, &mut session)?;
    let truth: Vec<bool> = held_out.iter().map(|row| row.is_bot).collect();
    let Some(auc) = roc_auc(&fitted.ensemble.probabilities(&judged), &truth) else {
        return Ok(None);
    };
    let mut leaves = fitted.ensemble.leaves(0);
    leaves.sort_by(|a, b| b.value.total_cmp(&a.value));
    let rules = leaves.iter().map(|leaf| Rule {
        condition: condition(columns, leaf),
        rows: leaf.cover.round() as u64,
        positive_share: Some(f64::from(leaf.value)),
    });
    Ok(Some(ShortcutTree { roc_auc: auc, rules: rules.collect() }))
}

/// `links > 2.5 and plan is free`
fn condition(columns: &Columns, leaf: &Leaf) -> String {
    let told = leaf.conditions.iter().map(|condition| {
        let column = columns.owner(condition.feature);
        let name = columns.name(column);
        let missing = if condition.or_missing { " or missing" } else { "" };
        match columns.levels(column) {
            Some(levels) => {
                let level = levels.get(condition.feature - columns.first_input(column));
                let level = level.map_or("another", String::as_str);
                let is = if condition.at_most { "is not" } else { "is" };
                format!("{name} {is} {level}{missing}")
            }
            None => {
                let sign = if condition.at_most { "≤" } else { ">" };
                format!("{name} {sign} {:.4}{missing}", condition.threshold)
            }
        }
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "all rows".to_owned() } else { told.join(" and ") }
}

/// Keys are given in the order of creation more often than not; they should not tell the classes apart.
fn key_leak(rows: &[AuditRow]) -> LeakCheck {
    let name = "order of keys".to_owned();
    let numbers: Option<Vec<f64>> = rows.iter().map(|row| row.key.parse().ok()).collect();
    let labels: Vec<bool> = rows.iter().map(|row| row.is_bot).collect();
    match numbers.and_then(|numbers| Ranked::of(&numbers, &labels).roc_auc()) {
        Some(auc) => judged(name, auc, "the key, taken as a number"),
        None => not_tried(name, "keys are no numbers"),
    }
}

fn time_leak(rows: &[AuditRow], times: Option<&[i64]>) -> LeakCheck {
    let name = "time".to_owned();
    let labels: Vec<bool> = rows.iter().map(|row| row.is_bot).collect();
    let times = times.map(|times| times.iter().map(|time| *time as f64).collect::<Vec<f64>>());
    match times.and_then(|times| Ranked::of(&times, &labels).roc_auc()) {
        Some(auc) => judged(name, auc, "the time of the row"),
        None => not_tried(name, "no column says when"),
    }
}

fn missing_leak(rows: &[AuditRow]) -> LeakCheck {
    let name = "number of missing values".to_owned();
    let missing: Vec<f64> =
        rows.iter().map(|row| row.values.iter().filter(|value| value.is_none()).count() as f64).collect();
    let labels: Vec<bool> = rows.iter().map(|row| row.is_bot).collect();
    match Ranked::of(&missing, &labels).roc_auc() {
        Some(auc) => judged(name, auc, "how many values a row lacks"),
        None => not_tried(name, "rows of one class only"),
    }
}

fn judged(name: String, auc: f64, what: &str) -> LeakCheck {
    let outcome = if auc.max(1.0 - auc) >= LEAK { LeakOutcome::Warning } else { LeakOutcome::Passed };
    LeakCheck { name, outcome, detail: format!("{what} has ROC-AUC {auc:.3}; 0.5 says nothing") }
}

fn not_tried(name: String, why: &str) -> LeakCheck {
    LeakCheck { name, outcome: LeakOutcome::NotTried, detail: why.to_owned() }
}
