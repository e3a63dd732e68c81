//! How the training went, and what else was tried.

use serde::{Deserialize, Serialize};

/// The models that were compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zoo {
    /// On what they were compared, in words.
    pub data: Option<String>,
    /// The models, in any order.
    pub entries: Vec<ZooEntry>,
    /// Name of the one that the version uses, if it is among them.
    pub chosen: Option<String>,
}

/// One model's figures; a figure that it does not have is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ZooEntry {
    /// Its name: random_forest.
    pub name: String,
    /// Share of rows judged rightly.
    pub accuracy: Option<f64>,
    /// Share of those called positive that are.
    pub precision: Option<f64>,
    /// Share of the positives called so.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Average precision.
    pub pr_auc: Option<f64>,
    /// Mean squared error of the probabilities.
    pub brier: Option<f64>,
    /// Expected calibration error.
    pub calibration_error: Option<f64>,
    /// Seconds that fitting took.
    pub fit_seconds: Option<f64>,
    /// Microseconds that scoring one row takes.
    pub microseconds_per_row: Option<f64>,
    /// Why it has no figures: it failed, or ran out of time.
    pub failure: Option<String>,
}

/// How the training went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// What was trained step by step.
    pub runs: Vec<TrainingRun>,
    /// What the search measured: ROC-AUC, higher is better.
    pub search_measure: Option<String>,
    /// Settings that were tried, in order.
    pub trials: Vec<Trial>,
}

/// A training in epochs, or in rounds of boosting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRun {
    /// What was trained: gru.
    pub name: String,
    /// By rising number.
    pub epochs: Vec<Epoch>,
    /// Number of the epoch that was kept.
    pub best_epoch: Option<u64>,
}

/// An epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Its number, from 1.
    pub number: u64,
    /// Loss on the rows learned from.
    pub training_loss: Option<f64>,
    /// Loss on rows held back.
    pub validation_loss: Option<f64>,
    /// Learning rate.
    pub learning_rate: Option<f64>,
}

/// Settings that were tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, from 1.
    pub number: u64,
    /// The settings, in words: depth 6, rate 0.1.
    pub settings: String,
    /// What came out; none where it failed.
    pub score: Option<f64>,
    /// Seconds it took.
    pub seconds: Option<f64>,
}
