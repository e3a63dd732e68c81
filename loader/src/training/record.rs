//! What a version remembers of its training: enough to find the same rows again, and to say how it went.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fit::TrialRecord;
use super::reference::Reference;
use super::split::SplitShares;
use crate::error::LoaderError;
use crate::gru::EpochReport;
use crate::tables::TableSource;

/// The part `training` of a manifest. Nothing in it depends on the moment or the machine: the same training gives the same
/// version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Version of the program.
    pub code_version: String,
    /// What was learned from.
    pub data: DataRecord,
    /// Seed of the split and of everything else that is random.
    pub seed: u64,
    /// Share of the rows that stopped the training and weighed the stages.
    pub validation_share: f64,
    /// Share of the rows that were held out.
    pub held_out_share: f64,
    /// How the threshold for review was found, in words; `None` where it was given.
    pub review_target: Option<String>,
    /// Each input's part of what the trees' splits gained; `None` without trees.
    pub importances: Option<Vec<f64>>,
    /// Settings of the trees that were tried; empty without a search.
    #[serde(default)]
    pub trials: Vec<TrialRecord>,
    /// Epochs of the sequence model; empty without one.
    pub epochs: Vec<EpochRecord>,
    /// Version whose filter has gone on learning; `None` for one that was trained as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_from: Option<String>,
    /// What later rows are compared with; `None` in versions of before.
    #[serde(default)]
    pub reference: Option<Reference>,
}

/// What was learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataRecord {
    /// Accounts of a source.
    Accounts {
        /// The source's name.
        source: String,
    },
    /// All accounts with a label.
    Labels {
        /// Since when labels were recent, and divided by other shares; `None` where none were.
        recent_since: Option<DateTime<Utc>>,
    },
    /// Rows of a table.
    Table(TableSource),
}

/// One pass over the training accounts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Mean loss on the accounts learned from.
    pub training_loss: f64,
    /// Mean loss on the others.
    pub validation_loss: f64,
    /// Whether it is the one that was kept, as far as was known then.
    pub is_best: bool,
}

impl From<&EpochReport> for EpochRecord {
    fn from(report: &EpochReport) -> Self {
        Self {
            training_loss: report.training_loss,
            validation_loss: report.validation_loss,
            is_best: report.is_best,
        }
    }
}

impl TrainingRecord {
    /// What was trained on, in a line.
    #[must_use]
    pub fn description(&self, rows: usize) -> String {
        let seed = self.seed;
        match &self.data {
            DataRecord::Accounts { source } => format!("source {source}, {rows} accounts, seed {seed}"),
            DataRecord::Labels { .. } => format!("all labels, {rows} accounts, seed {seed}"),
            DataRecord::Table(table) => format!("table {}, {rows} rows, seed {seed}", table.relation),
        }
    }

    /// Shares of the rows by use.
    #[must_use]
    pub fn shares(&self) -> SplitShares {
        SplitShares {
            training: 1.0 - self.validation_share - self.held_out_share,
            validation: self.validation_share,
        }
    }

    /// Reads the record of a manifest.
    ///
    /// # Errors
    /// [`LoaderError::NoRecord`] when there is none, or it is not one of this program.
    pub fn of(manifest: &botdet_models::artifact::Manifest) -> Result<Self, LoaderError> {
        serde_json::from_value(manifest.training.clone()).map_err(|error| LoaderError::NoRecord {
            detector: manifest.detector.clone(),
            reason: error.to_string(),
        })
    }
}
