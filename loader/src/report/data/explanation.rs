//! Which columns matter, for all rows and for one.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// Which columns matter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Importances {
    /// The columns, in any order.
    pub columns: Vec<Importance>,
    /// What permuting a column lowers: ROC-AUC.
    pub permutation_measure: Option<String>,
}

/// How much a column matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// Its name.
    pub column: String,
    /// Share of the splitting gain; they add up to 1.
    pub gain: Option<f64>,
    /// By how much the measure falls when the column's values are permuted.
    pub permutation: Option<Estimate>,
}

/// Why single rows got their scores.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contributions {
    /// What contributions are measured in: log-odds.
    pub unit: String,
    /// The rows.
    pub examples: Vec<Example>,
}

/// One row's score, taken apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// What it is an example of.
    pub kind: ExampleKind,
    /// The row's key.
    pub key: String,
    /// Its calibrated probability.
    pub probability: f64,
    /// Whether it is positive.
    pub is_positive: bool,
    /// The score of the average row, in the unit.
    pub base: f64,
    /// What moves it, in any order.
    pub contributions: Vec<Contribution>,
    /// Sum of the contributions that are not listed.
    pub others: f64,
}

/// What a row is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExampleKind {
    /// A positive, called so.
    TruePositive,
    /// A negative, called positive.
    FalsePositive,
    /// A positive, called negative.
    FalseNegative,
    /// A negative, called so.
    TrueNegative,
    /// A row next to the threshold.
    Borderline,
}

/// What one column adds to a row's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The column.
    pub column: String,
    /// The row's value, as people write it; none where missing.
    pub value: Option<String>,
    /// What it adds, in the unit.
    pub amount: f64,
}
