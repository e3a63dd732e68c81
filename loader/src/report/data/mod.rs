//! What a report shows, as plain values. Nothing is computed here; a section that a detector has not is `None`.
//!
//! Shares and probabilities are 0 to 1. Values are finite; what cannot be known is `None`, never NaN. What is not finite
//! all the same is left out of plots and shown as absent, and stands as `null` in the page's JSON.

mod curves;
mod decisions;
mod explanation;
mod history;
mod table;
mod trust;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use curves::{
    Calibration, Capacity, CapacityPoint, Curves, ModelCurves, PrecisionRecallPoint, ReliabilityBin,
    RocPoint, ScoreDistribution,
};
pub use decisions::{
    Counts, Decisions, Headline, HeadlineFigure, Measure, OperatingPoint, Role, ThresholdRow,
};
pub use explanation::{Contribution, Contributions, Example, ExampleKind, Importance, Importances};
pub use history::{Epoch, Training, TrainingRun, Trial, Zoo, ZooEntry};
pub use table::{
    ClassCount, Column, ColumnKind, DataSummary, DriftBaseline, DriftColumn, Quantiles, SplitPart,
};
pub use trust::{
    Fairness, Grouping, HeldOutStrategy, LeakCheck, LeakOutcome, LeaveOneOut, Perturbation,
    PerturbationLevel, Robustness, Rule, ShortcutColumn, ShortcutTree, Shortcuts, Slice,
};

/// Everything that a report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was trained, when, on what.
    pub header: Header,
    /// The figures that matter most.
    pub headline: Option<Headline>,
    /// The rows and columns learned from.
    pub data: Option<DataSummary>,
    /// What the thresholds in use decide.
    pub decisions: Option<Decisions>,
    /// What other thresholds would decide, by rising threshold.
    pub thresholds: Option<Vec<ThresholdRow>>,
    /// ROC and precision-recall curves.
    pub curves: Option<Curves>,
    /// Whether probabilities are to be believed.
    pub calibration: Option<Calibration>,
    /// How scores are distributed, by class.
    pub scores: Option<ScoreDistribution>,
    /// How many of those reviewed are positive.
    pub capacity: Option<Capacity>,
    /// Which columns matter.
    pub importances: Option<Importances>,
    /// Why single rows got their scores.
    pub contributions: Option<Contributions>,
    /// Errors by group.
    pub fairness: Option<Fairness>,
    /// How far scores move when the input does.
    pub robustness: Option<Robustness>,
    /// What is found of a strategy that was not learned from.
    pub leave_one_out: Option<LeaveOneOut>,
    /// Whether the task is too easy to be true.
    pub shortcuts: Option<Shortcuts>,
    /// What later rows are compared with.
    pub drift: Option<DriftBaseline>,
    /// The models that were compared.
    pub zoo: Option<Zoo>,
    /// How the training went.
    pub training: Option<Training>,
    /// Limits and remarks, one a paragraph.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Report {
    /// A report of nothing but its header.
    #[must_use]
    pub fn new(header: Header) -> Self {
        Self {
            header,
            headline: None,
            data: None,
            decisions: None,
            thresholds: None,
            curves: None,
            calibration: None,
            scores: None,
            capacity: None,
            importances: None,
            contributions: None,
            fairness: None,
            robustness: None,
            leave_one_out: None,
            shortcuts: None,
            drift: None,
            zoo: None,
            training: None,
            notes: Vec::new(),
        }
    }
}

/// What was trained, when, on what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The detector's name.
    pub detector: String,
    /// The version's name.
    pub version: String,
    /// What rows and classes are called.
    pub nouns: Nouns,
    /// The pipeline's stages in order.
    pub stages: Vec<Stage>,
    /// When the figures were measured.
    pub created_at: DateTime<Utc>,
    /// The seed of everything random.
    pub seed: u64,
    /// Where the rows came from, in words.
    pub data: String,
    /// Version of the program that trained.
    pub code_version: String,
    /// Fingerprint of the feature schema.
    pub schema_fingerprint: String,
}

/// What rows and classes are called in sentences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nouns {
    /// A row: account.
    pub row: Noun,
    /// A row of the positive class: bot.
    pub positive: Noun,
    /// A row of the negative class: human.
    pub negative: Noun,
}

/// One and many of a thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noun {
    /// Of one.
    pub singular: String,
    /// Of several, and of none.
    pub plural: String,
}

/// A stage of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name: filter.
    pub name: String,
    /// What it is, in words: logistic regression over 21 features.
    pub detail: String,
}

/// A figure with its uncertainty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The figure, where there is one.
    pub value: Option<f64>,
    /// Its confidence interval, at the level that the section states.
    pub interval: Option<Interval>,
    /// Why there is none: no positive rows.
    pub absent_because: Option<String>,
}

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}
