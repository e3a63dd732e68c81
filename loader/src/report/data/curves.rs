//! Curves, bins and distributions of scores.

use serde::{Deserialize, Serialize};

use super::{Estimate, Interval};

/// ROC and precision-recall curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// The version first, then what it is compared with (a single stage, the version before).
    pub models: Vec<ModelCurves>,
    /// Share of positive rows: the precision of calling all rows positive.
    pub prevalence: Option<f64>,
}

/// The curves of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCurves {
    /// What is drawn: pipeline.
    pub name: String,
    /// By rising false-positive rate.
    pub roc: Vec<RocPoint>,
    /// By rising recall. Drawn as steps: a precision holds back to the recall before it.
    pub precision_recall: Vec<PrecisionRecallPoint>,
    /// Area under the ROC curve.
    pub roc_auc: Estimate,
    /// Average precision.
    pub pr_auc: Estimate,
}

/// A point of the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RocPoint {
    /// Share of the negatives at or above the threshold.
    pub false_positive_rate: f64,
    /// Share of the positives at or above the threshold.
    pub true_positive_rate: f64,
    /// The threshold; none above all scores.
    pub threshold: Option<f64>,
}

/// A point of the precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecallPoint {
    /// Share of the positives at or above the threshold.
    pub recall: f64,
    /// Share of the rows at or above the threshold that are positive.
    pub precision: f64,
    /// The threshold; none above all scores.
    pub threshold: Option<f64>,
}

/// Whether probabilities are to be believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// How scores were calibrated: isotonic.
    pub method: Option<String>,
    /// Bins by rising probability.
    pub bins: Vec<ReliabilityBin>,
    /// The same before calibration; may be empty.
    pub uncalibrated: Vec<ReliabilityBin>,
    /// Mean distance of predicted from observed share, weighted by rows.
    pub expected_error: Estimate,
    /// Largest such distance of any bin.
    pub maximum_error: Estimate,
}

/// Rows with about the same predicted probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower edge.
    pub low: f64,
    /// Upper edge.
    pub high: f64,
    /// Rows in it.
    pub rows: u64,
    /// Mean predicted probability; none without rows, as the next two.
    pub mean_predicted: Option<f64>,
    /// Share of positive rows.
    pub observed: Option<f64>,
    /// Confidence interval of that share.
    pub interval: Option<Interval>,
}

/// How scores are distributed, by class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreDistribution {
    /// Edges of the bins, rising, one more than bins.
    pub edges: Vec<f64>,
    /// Positive rows in each bin.
    pub positive: Vec<u64>,
    /// Negative rows in each bin.
    pub negative: Vec<u64>,
}

/// How many of those reviewed are positive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// By rising number reviewed.
    pub points: Vec<CapacityPoint>,
    /// How many can be looked at, where that is known.
    pub chosen: Option<u64>,
    /// In what time: day.
    pub period: Option<String>,
}

/// What reviewing the highest scores finds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapacityPoint {
    /// Rows reviewed, highest scores first.
    pub reviewed: u64,
    /// Share of them that are positive.
    pub precision: f64,
    /// Share of all positives that are among them.
    pub recall: Option<f64>,
    /// Confidence interval of the precision.
    pub interval: Option<Interval>,
}
