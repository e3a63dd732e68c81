//! The part of an artifact that holds the small models, and how all are weighed.

use serde::{Deserialize, Serialize};

use super::columns::Columns;
use super::combiner::Combiner;
use crate::calibration::prior_shift;
use crate::logistic::Logistic;
use crate::preprocess::{Preprocessor, are_percentiles};

/// The filter and what decides around it, as the artifact's part `decision` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// From inputs, with gaps and tails, to those of the filter and the anomaly models.
    pub preprocessor: Preprocessor,
    /// Stage 1 on those inputs.
    pub filter: Logistic,
    /// Where the filter decides.
    pub by_filter: Combiner,
    /// Where the trees decide; `None` without trees.
    pub by_trees: Option<Combiner>,
    /// Where the sequence model decides; `None` without one.
    pub by_sequence: Option<SequenceCombiners>,
    /// What the anomaly models say of the training rows; `None` without any.
    pub anomaly: Option<AnomalyScale>,
    /// Probability by the filter at or under which a row is taken for human without a further look.
    pub confident_human: f64,
    /// Probability by the filter at or above which a row is taken for a bot without a further look.
    pub confident_bot: f64,
    /// Probability from which a row counts as a bot, and goes to review.
    pub threshold: f64,
    /// Probability from which it may be acted upon without review.
    pub automatic_threshold: f64,
    /// Share of bots among the rows that the probabilities were calibrated on, 0 to 1 and neither.
    pub bot_share: f64,
}

/// How the sequence model is weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceCombiners {
    /// For accounts with fewer than [`super::YOUNG_EVENTS`] events.
    pub young: Combiner,
    /// For all others.
    pub grown: Combiner,
}

/// Percentiles 0 to 100 of the anomaly models' scores over the training rows. A row's anomaly is the share of training rows
/// that are less unusual, the mean over the models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomalyScale {
    /// Of the isolation forest; empty without one.
    pub forest: Vec<f64>,
    /// Of the autoencoder; empty without one.
    pub autoencoder: Vec<f64>,
    /// Anomaly beyond which a row counts as anomalous.
    pub threshold: f64,
}

impl Decision {
    /// Checks all that was read from somewhere.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, columns: &Columns) -> Result<(), String> {
        let width = columns.input_count();
        if !self.preprocessor.is_sound(width) {
            return Err("preprocessor holds an impossible number".to_owned());
        }
        self.filter.check(width).map_err(|error| error.to_string())?;
        self.by_filter.check()?;
        self.by_trees.iter().try_for_each(Combiner::check)?;
        if let Some(combiners) = &self.by_sequence {
            combiners.young.check()?;
            combiners.grown.check()?;
        }
        if let Some(scale) = &self.anomaly {
            if !are_percentiles(&scale.forest) || !are_percentiles(&scale.autoencoder) {
                return Err("percentiles of the anomaly are not sound".to_owned());
            }
            probability(scale.threshold)?;
        }
        prior_shift(self.bot_share, 0.5).map_err(|error| error.to_string())?;
        [self.confident_human, self.confident_bot, self.threshold, self.automatic_threshold]
            .into_iter()
            .try_for_each(probability)
    }
}

fn probability(threshold: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&threshold) {
        return Ok(());
    }
    Err(format!("threshold {threshold} is not a probability"))
}
