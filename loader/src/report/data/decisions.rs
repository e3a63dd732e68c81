//! Headline figures and what thresholds decide.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// The figures that matter most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    /// Rows judged, none of them learned from.
    pub rows: u64,
    /// Positive rows among them.
    pub positives: u64,
    /// Level of all confidence intervals of the report: 0.95.
    pub confidence_level: f64,
    /// How the intervals were found: bootstrap of 1,000 draws.
    pub interval_method: String,
    /// The figures.
    pub figures: Vec<HeadlineFigure>,
}

/// A figure of merit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadlineFigure {
    /// Which.
    pub measure: Measure,
    /// Its value.
    pub estimate: Estimate,
}

/// Figures of merit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Area under the ROC curve.
    RocAuc,
    /// Average precision.
    PrAuc,
    /// Share of the rows judged rightly, at the review threshold as the next four.
    Accuracy,
    /// Share of those called positive that are.
    Precision,
    /// Share of the positives called so.
    Recall,
    /// Harmonic mean of precision and recall.
    F1,
    /// Share of the negatives called positive.
    FalsePositiveRate,
    /// Share of the positives above the score that 1 % of the negatives reach.
    RecallAtOnePercent,
    /// Mean squared error of the probabilities.
    Brier,
    /// Mean negative log-likelihood.
    LogLoss,
    /// Expected calibration error.
    CalibrationError,
    /// Largest distance between the classes' score distributions (Kolmogorov-Smirnov).
    KolmogorovSmirnov,
    /// Matthews' correlation coefficient.
    Matthews,
}

/// What the thresholds in use decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    /// One a threshold; curves and distributions mark them too.
    pub points: Vec<OperatingPoint>,
}

/// A threshold in use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// What happens at it.
    pub role: Role,
    /// Rows with a probability of at least this are called positive.
    pub threshold: f64,
    /// What it was chosen for: false-positive rate of at most 1 %.
    pub target: Option<String>,
    /// What it decides.
    pub counts: Counts,
}

/// What happens to rows above a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Somebody looks at them.
    Review,
    /// Something is done with nobody looking.
    AutomaticAction,
}

/// Counts of decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Positives called positive.
    pub true_positives: u64,
    /// Negatives called positive.
    pub false_positives: u64,
    /// Negatives called negative.
    pub true_negatives: u64,
    /// Positives called negative.
    pub false_negatives: u64,
}

/// What a threshold would decide.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThresholdRow {
    /// The threshold.
    pub threshold: f64,
    /// What it would decide.
    pub counts: Counts,
}
