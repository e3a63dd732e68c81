//! The rows and columns learned from.

use serde::{Deserialize, Serialize};

/// The rows and columns learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSummary {
    /// Rows in all.
    pub rows: u64,
    /// Rows of each class.
    pub classes: Vec<ClassCount>,
    /// How rows were split, in words: stratified, by account.
    pub split_method: Option<String>,
    /// The parts: training, calibration, test.
    pub splits: Vec<SplitPart>,
    /// The columns.
    pub columns: Vec<Column>,
}

/// Rows of a class, or of a kind within a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// Its name.
    pub name: String,
    /// Whether it counts as positive.
    pub is_positive: bool,
    /// Its rows.
    pub rows: u64,
}

/// A part of the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitPart {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// Positive rows among them.
    pub positives: u64,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Share of missing values.
    pub missing: f64,
    /// Different values, where counted.
    pub distinct: Option<u64>,
    /// Quantiles of the values there are; none for categories.
    pub quantiles: Option<Quantiles>,
    /// ROC-AUC of the column alone; below 0.5 where low values are suspicious.
    pub roc_auc: Option<f64>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Yes or no.
    Boolean,
    /// One of a few names.
    Category,
    /// A moment.
    Time,
}

/// Quantiles of a column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Smallest value.
    pub minimum: f64,
    /// 5 % are below.
    pub p5: f64,
    /// A quarter is below.
    pub p25: f64,
    /// Half are below.
    pub median: f64,
    /// Three quarters are below.
    pub p75: f64,
    /// 95 % are below.
    pub p95: f64,
    /// Largest value.
    pub maximum: f64,
}

/// What later rows are compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftBaseline {
    /// Rows that the baseline stands on.
    pub rows: u64,
    /// One a column, and one for the predictions.
    pub columns: Vec<DriftColumn>,
}

/// The bins of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftColumn {
    /// The column's name.
    pub name: String,
    /// Inner edges, rising; the outermost bins are open.
    pub edges: Vec<f64>,
    /// Share of the rows in each bin, one more than edges.
    pub shares: Vec<f64>,
    /// Share of missing values.
    pub missing: f64,
    /// Population stability index of the test rows against the baseline: what chance alone makes.
    pub test_stability_index: Option<f64>,
}
