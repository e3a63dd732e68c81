//! What may be asked of a training, as `botdet.job.parameters` holds it.

use botdet_models::sgd::{SgdConfig, SgdLoss, SgdParams};
use clap::ValueEnum;
use serde::Deserialize;

use crate::commands::training_options::{ModelOptions, SequenceOptions, TrainingOptions};
use crate::error::{LoaderError, check_option};
use crate::training::fit::TreeKind;
use crate::training::record::TrainingRecord;

/// Steps of an update.
const STEPS: u64 = 200;
const MOST_STEPS: f64 = 1e6;

/// Settings that differ from the usual ones, not yet checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Seed of everything random; that of the champion by default, so that the same accounts are held out.
    pub seed: Option<u64>,
    /// Trees beside the filter, as `botdet train --trees` names them.
    pub trees: Option<String>,
    /// Passes of the sequence model at most; 0 trains none.
    pub epochs: Option<usize>,
    /// Threads to use.
    pub threads: Option<usize>,
    /// Share of the accounts that stop the training and weigh the stages; the champion's by default.
    pub validation_share: Option<f64>,
    /// Share of the accounts that are held out to compare versions on; the champion's by default.
    pub held_out_share: Option<f64>,
    /// Length of a step of an update.
    pub learning_rate: Option<f64>,
    /// Labels to a step of an update.
    pub batch: Option<usize>,
    /// Steps of an update.
    pub steps: Option<u64>,
}

/// Checked settings of an update.
#[derive(Clone, Copy, Debug)]
pub struct UpdateParameters {
    /// Of each step.
    pub step: SgdConfig,
    /// How many.
    pub steps: u64,
}

impl Parameters {
    /// Reads them.
    ///
    /// # Errors
    /// [`LoaderError::Json`] for what is none of them.
    pub fn from_json(value: serde_json::Value) -> Result<Self, LoaderError> {
        Ok(serde_json::from_value(value)?)
    }

    /// Options of a training after the champion's.
    ///
    /// # Errors
    /// [`LoaderError::UnknownLearner`] for trees that there are not; the rest is checked where it is used.
    pub fn options(&self, champion: Option<&TrainingRecord>) -> Result<TrainingOptions, LoaderError> {
        let mut model = ModelOptions { threads: self.threads, ..ModelOptions::default() };
        if let Some(record) = champion {
            model.seed = record.seed;
            model.validation_share = record.validation_share;
            model.held_out_share = record.held_out_share;
        }
        model.seed = self.seed.unwrap_or(model.seed);
        model.validation_share = self.validation_share.unwrap_or(model.validation_share);
        model.held_out_share = self.held_out_share.unwrap_or(model.held_out_share);
        if let Some(name) = &self.trees {
            model.trees = TreeKind::from_str(name, false).map_err(|_| LoaderError::UnknownLearner {
                name: name.clone(),
                known: "auto, boosting, forest, extra-trees, none".to_owned(),
            })?;
        }
        let mut sequence = SequenceOptions::default();
        sequence.epochs = self.epochs.unwrap_or(sequence.epochs);
        Ok(TrainingOptions { model, sequence })
    }

    /// Settings of an update.
    ///
    /// # Errors
    /// [`LoaderError::Sgd`] or [`LoaderError::Option`] with the one that is out of bounds.
    pub fn of_update(&self) -> Result<UpdateParameters, LoaderError> {
        let usual = SgdParams::default();
        let params = SgdParams {
            loss: SgdLoss::Logistic,
            learning_rate: self.learning_rate.unwrap_or(usual.learning_rate),
            batch: self.batch.unwrap_or(usual.batch),
            ..usual
        };
        let steps = self.steps.unwrap_or(STEPS);
        check_option("steps", steps as f64, 1.0, MOST_STEPS)?;
        Ok(UpdateParameters { step: params.check()?, steps })
    }
}
