//! Where a model may fail: groups, small changes, unseen strategies, shortcuts.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// Errors by group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fairness {
    /// The threshold that rates are stated at.
    pub threshold: f64,
    /// Rates of all rows, to compare with.
    pub overall: Slice,
    /// The ways of grouping.
    pub groupings: Vec<Grouping>,
}

/// A way of grouping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grouping {
    /// By what: region.
    pub by: String,
    /// The groups.
    pub slices: Vec<Slice>,
}

/// A group of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Positive rows among them.
    pub positives: u64,
    /// Share of its negatives called positive.
    pub false_positive_rate: Estimate,
    /// Share of its positives called so.
    pub recall: Estimate,
    /// Mean predicted probability, to compare with the share of positives.
    pub mean_score: Option<f64>,
    /// Expected calibration error within the group.
    pub calibration_error: Option<f64>,
}

/// How far scores move when the input does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Robustness {
    /// Rows that were changed.
    pub rows: u64,
    /// The threshold that flips are counted at.
    pub threshold: f64,
    /// ROC-AUC of the rows as they are.
    pub roc_auc: Option<f64>,
    /// What was changed.
    pub perturbations: Vec<Perturbation>,
}

/// A way of changing the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Perturbation {
    /// Its name: gaussian noise.
    pub name: String,
    /// What is done, in words.
    pub detail: Option<String>,
    /// By rising strength.
    pub levels: Vec<PerturbationLevel>,
}

/// A strength of change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerturbationLevel {
    /// Its strength: 0.1.
    pub level: f64,
    /// Mean distance of the probability from that of the row as it is.
    pub mean_shift: f64,
    /// Share of the decisions that change.
    pub flipped: f64,
    /// ROC-AUC of the changed rows.
    pub roc_auc: Option<f64>,
}

/// What is found of a strategy that was not learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeaveOneOut {
    /// Share of negatives called positive at the threshold of each model.
    pub false_positive_rate: Option<f64>,
    /// The strategies.
    pub strategies: Vec<HeldOutStrategy>,
}

/// A strategy that was left out of the training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeldOutStrategy {
    /// Its name.
    pub strategy: String,
    /// Its rows.
    pub rows: u64,
    /// Share found by the version, which has learned from it.
    pub recall_seen: Estimate,
    /// Share found by a model that has not.
    pub recall_unseen: Estimate,
    /// ROC-AUC of that model, the strategy against all negatives.
    pub roc_auc_unseen: Option<f64>,
}

/// Whether the task is too easy to be true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shortcuts {
    /// Each column alone, in any order.
    pub columns: Vec<ShortcutColumn>,
    /// A tree of depth 2.
    pub tree: Option<ShortcutTree>,
    /// Whether keys and dates give the label away, and the like.
    pub leaks: Vec<LeakCheck>,
}

/// How well one column alone tells the classes apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShortcutColumn {
    /// Its name.
    pub column: String,
    /// Its ROC-AUC; below 0.5 where low values are suspicious.
    pub roc_auc: f64,
    /// What is wrong with it, if anything.
    pub warning: Option<String>,
}

/// What two questions can tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShortcutTree {
    /// Its ROC-AUC on rows that it has not learned from.
    pub roc_auc: f64,
    /// Its leaves.
    pub rules: Vec<Rule>,
}

/// A leaf of the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The way to it: links < 3 and age ≥ 30.
    pub condition: String,
    /// Rows that reach it.
    pub rows: u64,
    /// Share of positives among them.
    pub positive_share: Option<f64>,
}

/// A check for a leak of the label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeakCheck {
    /// What was checked: order of keys.
    pub name: String,
    /// What came out.
    pub outcome: LeakOutcome,
    /// The figures, in words.
    pub detail: String,
}

/// What came out of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakOutcome {
    /// Nothing was found.
    Passed,
    /// Something to look at.
    Warning,
    /// It could not be tried.
    NotTried,
}
