//! The stages that look at features: filter, trees, anomaly models. The same for accounts and for rows of tables.

use std::ops::ControlFlow;

use botdet_models::features::Scale;
use botdet_models::isolation_forest::{IsolationForest, IsolationForestParams};
use botdet_models::logistic::{Logistic, LogisticParams, Observations};
use botdet_models::pipeline::{AnomalyModels, AnomalyScale, Pipeline, StageScores, TreeStage};
use botdet_models::preprocess::Preprocessor;
use botdet_models::rows::Rows;

use super::params::{FitParams, TreeKind};
use super::tune::{TrialRecord, tune};
use crate::autoencoder::{self, AutoencoderParams};
use crate::error::LoaderError;
use crate::trees::{BoostingParams, EarlyStopping, Fitted, ForestKind, ForestParams};
use crate::zoo::{Sample, Session, ZooError};

/// Rows, and humans among them, from which on an autoencoder has something to learn.
const AUTOENCODER_ROWS: usize = 200;
/// Strength of the filter's L2 penalty where it is neither given nor chosen.
const PENALTY: f64 = 10.0;
/// Rows from which on boosted trees may be large.
const MANY_ROWS: usize = 20_000;
/// Rows from which on boosting does better than a forest.
const BOOSTED_ROWS: usize = 3_000;
/// Rows that anomaly models learn from, at most: what is ordinary shows in fewer than all.
const ANOMALY_ROWS: usize = 20_000;

/// Rows as models see them, with the truth.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Row-major, NaN where missing.
    pub values: Vec<f64>,
    /// Values to a row.
    pub width: usize,
    /// The truth, one a row.
    pub labels: Vec<bool>,
    /// How much each row counts, 0 to 1.
    pub weights: Vec<f64>,
}

impl Inputs {
    /// The rows in single precision, as trees see them.
    #[must_use]
    pub fn rows(&self) -> Rows {
        Rows::with_infinite_missing(self.values.iter().map(|value| *value as f32).collect(), self.width)
    }

    /// Some of the rows, in the order they are named.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let row = |row: &usize| &self.values[row * self.width..(row + 1) * self.width];
        Self {
            values: rows.iter().flat_map(row).copied().collect(),
            width: self.width,
            labels: rows.iter().map(|row| self.labels[*row]).collect(),
            weights: rows.iter().map(|row| self.weights[*row]).collect(),
        }
    }

    /// These rows, and others of the same width behind them.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        Self {
            values: [&self.values[..], &others.values].concat(),
            width: self.width,
            labels: [&self.labels[..], &others.labels].concat(),
            weights: [&self.weights[..], &others.weights].concat(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.width)
    }
}

/// How rows may be divided to try settings on: as they were to judge the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Division {
    /// In any way, both classes alike.
    #[default]
    Alike,
    /// Rows of one group stay together; one number a row.
    Groups(Vec<u64>),
    /// What is learned from comes before what is judged; one time a row.
    Times(Vec<i64>),
}

/// What the stages learn from.
pub struct FeatureSets<'a> {
    /// How each input is spread; `None` finds it out.
    pub scales: Option<&'a [Scale]>,
    /// For the filter and the anomaly models.
    pub training: &'a Inputs,
    /// How these may be divided.
    pub division: &'a Division,
    /// For the trees.
    pub tree_training: &'a Inputs,
    /// Ends the growth of boosted trees; without it a part of the rows they learn from is kept for that.
    pub tree_validation: Option<&'a Inputs>,
}

/// The trained stages.
pub struct FeatureStages {
    /// From inputs to those of filter and anomaly models.
    pub preprocessor: Preprocessor,
    /// Stage 1.
    pub filter: Logistic,
    /// Trees, with their stored form.
    pub trees: Option<(TreeStage, Vec<u8>)>,
    /// Each input's part of what the trees' splits gained, 0..1.
    pub importances: Option<Vec<f64>>,
    /// Settings of the trees that were tried; empty without a search.
    pub trials: Vec<TrialRecord>,
    /// Isolation forest and autoencoder.
    pub anomaly: AnomalyModels,
    /// What these say of the training rows.
    pub scale: Option<AnomalyScale>,
}

impl FeatureStages {
    /// Learns. `progress` hears the share that is done of the trees, and may end the training.
    ///
    /// # Errors
    /// [`LoaderError`] when a stage cannot be fitted.
    pub fn fit(
        sets: &FeatureSets<'_>,
        params: &FitParams,
        progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
    ) -> Result<Self, LoaderError> {
        let Inputs { values, width, labels, weights } = sets.training;
        let preprocessor = match sets.scales {
            Some(scales) => Preprocessor::fit(values, scales),
            None => Preprocessor::fit_any(values, *width),
        };
        let standardised: Vec<f64> = sets.training.iter().flat_map(|row| preprocessor.apply(row)).collect();
        let targets: Vec<f64> = labels.iter().map(|label| f64::from(*label)).collect();
        let weights = balanced_weights(labels, weights);
        let observations = Observations { inputs: &standardised, targets: &targets, weights: &weights };
        let logistic = LogisticParams { l2: params.l2.unwrap_or(PENALTY), ..LogisticParams::default() };
        let filter = Logistic::fit(observations, logistic)?;
        let step = labels.len().div_ceil(ANOMALY_ROWS).max(1);
        let some: Vec<f64> = standardised.chunks_exact(*width).step_by(step).flatten().copied().collect();
        let some_labels: Vec<bool> = labels.iter().step_by(step).copied().collect();
        let anomaly = fit_anomaly(&some, &some_labels, params)?;
        let scale = anomaly.scale(&some, *width, params.contamination);
        let (fitted, trials) = fit_trees(sets, params, progress)?;
        let importances = fitted.as_ref().map(|fitted| fitted.importances.clone());
        let trees = fitted.map(|Fitted { ensemble, .. }| {
            let bytes = ensemble.to_bytes();
            (TreeStage::new(ensemble), bytes)
        });
        Ok(Self { preprocessor, filter, trees, importances, trials, anomaly, scale })
    }

    /// What the stages say of rows.
    #[must_use]
    pub fn scores(&self, inputs: &Inputs) -> Vec<StageScores> {
        let trees = self.trees.as_ref().map(|(trees, _)| trees.log_odds(&inputs.rows()));
        let score = |(index, row): (usize, &[f64])| {
            let standardised = self.preprocessor.apply(row);
            StageScores {
                filter: self.filter.logit(&standardised),
                trees: trees.as_ref().map(|log_odds| log_odds[index]),
                sequence: None,
                anomaly: self.scale.as_ref().and_then(|scale| self.anomaly.anomaly(scale, &standardised)),
            }
        };
        inputs.iter().enumerate().map(score).collect()
    }

    /// The large parts of an artifact.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, Vec<u8>)> {
        let trees = self.trees.as_ref().map(|(_, bytes)| (Pipeline::TREES, bytes.clone()));
        let forest = self.anomaly.forest.as_ref().map(|forest| (Pipeline::FOREST, forest.to_bytes()));
        let autoencoder =
            self.anomaly.autoencoder.as_ref().map(|model| (Pipeline::AUTOENCODER, model.to_bytes()));
        [trees, forest, autoencoder].into_iter().flatten().collect()
    }
}

/// Weights that make both classes count the same, with the sum of those that each row has by itself.
#[must_use]
pub fn balanced_weights(labels: &[bool], weights: &[f64]) -> Vec<f64> {
    let all: f64 = weights.iter().sum();
    let bots: f64 = labels.iter().zip(weights).filter(|(label, _)| **label).map(|(_, weight)| weight).sum();
    // A class without weight has no rows that could be weighed.
    let share = |of_class: f64| if of_class > 0.0 { all / 2.0 / of_class } else { 0.0 };
    let (bot, human) = (share(bots), share(all - bots));
    labels.iter().zip(weights).map(|(label, weight)| weight * if *label { bot } else { human }).collect()
}

/// The isolation forest learns from all rows, the autoencoder from what humans do, as far as there are enough of them.
fn fit_anomaly(inputs: &[f64], labels: &[bool], params: &FitParams) -> Result<AnomalyModels, LoaderError> {
    let forest_params = IsolationForestParams {
        contamination: params.contamination,
        seed: params.seed,
        ..IsolationForestParams::default()
    };
    let forest = IsolationForest::fit(inputs, labels.len(), forest_params)?;
    let autoencoder = if params.autoencoder && labels.len() >= AUTOENCODER_ROWS {
        let humans: Vec<bool> = labels.iter().map(|label| !label).collect();
        let ordinary =
            (humans.iter().filter(|human| **human).count() >= AUTOENCODER_ROWS).then_some(&humans[..]);
        let settings = AutoencoderParams {
            contamination: params.contamination,
            seed: params.seed,
            threads: params.threads,
            ..AutoencoderParams::default()
        };
        Some(autoencoder::fit(inputs, labels.len(), ordinary, settings, &mut |_| ControlFlow::Continue(()))?)
    } else {
        None
    };
    Ok(AnomalyModels { forest: Some(forest), autoencoder })
}

/// Trees, with each input's part of what their splits gained, and the settings that were tried.
fn fit_trees(
    sets: &FeatureSets<'_>,
    params: &FitParams,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<(Option<Fitted>, Vec<TrialRecord>), LoaderError> {
    let rows = sets.tree_training.rows();
    let labels = &sets.tree_training.labels;
    let weights = &sets.tree_training.weights;
    let sample = Sample::new(&rows, labels, weights).map_err(ZooError::from)?;
    let mut session = Session { seed: params.seed, threads: params.threads.max(1), progress };
    let kind = match params.trees {
        TreeKind::Auto if labels.len() < BOOSTED_ROWS && params.search_trials == 0 => TreeKind::Forest,
        TreeKind::Auto => TreeKind::Boosting,
        given => given,
    };
    let mut trials = Vec::new();
    let fitted = match kind {
        TreeKind::None => return Ok((None, Vec::new())),
        TreeKind::Boosting | TreeKind::Auto => {
            let rows = sets.tree_validation.map(Inputs::rows);
            let given = rows.as_ref().zip(sets.tree_validation);
            let validation = given.map(|(rows, inputs)| Sample::new(rows, &inputs.labels, &inputs.weights));
            let validation = validation.transpose().map_err(ZooError::from)?;
            let (settings, tried) = match boosting(labels.len()) {
                defaults if params.search_trials == 0 => (defaults, Vec::new()),
                defaults => tune(sets.training, sets.division, &defaults, params)?,
            };
            trials = tried;
            settings.check()?.fit_ensemble(sample, validation, &mut session)?
        }
        TreeKind::Forest => {
            ForestParams::new(ForestKind::RandomForest).check()?.fit_ensemble(sample, &mut session)?
        }
        TreeKind::ExtraTrees => {
            ForestParams::new(ForestKind::ExtraTrees).check()?.fit_ensemble(sample, &mut session)?
        }
    };
    Ok((Some(fitted), trials))
}

/// Few rows teach small trees, each on a part of rows and columns; many rows need no such care.
fn boosting(rows: usize) -> BoostingParams {
    let early_stopping = Some(EarlyStopping { patience: 30, validation_share: 0.1 });
    let defaults =
        BoostingParams { rounds: 500, learning_rate: 0.05, early_stopping, ..BoostingParams::default() };
    if rows >= MANY_ROWS {
        return defaults;
    }
    BoostingParams {
        leaves: 12,
        min_child_weight: 3.0,
        l2: 5.0,
        row_share: 0.8,
        feature_share: 0.5,
        ..defaults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bots have a larger first value; every third label is wrong, and weighs so much.
    fn filter(weight_of_wrong: f64, with_wrong: bool) -> Logistic {
        let rows: Vec<(usize, bool)> = (0..120).map(|row| (row, row % 3 == 0)).collect();
        let rows = rows.into_iter().filter(|(_, is_wrong)| with_wrong || !is_wrong);
        let mut inputs = Inputs { width: 2, ..Inputs::default() };
        for (row, is_wrong) in rows {
            let is_bot = row % 2 == 0;
            inputs.values.extend([f64::from(is_bot) + (row % 7) as f64 / 5.0, (row % 5) as f64]);
            inputs.labels.push(is_bot != is_wrong);
            inputs.weights.push(if is_wrong { weight_of_wrong } else { 1.0 });
        }
        let params = FitParams { trees: TreeKind::None, autoencoder: false, ..FitParams::DEFAULT };
        let sets = FeatureSets {
            scales: Some(&[Scale::Linear, Scale::Linear]),
            training: &inputs,
            division: &Division::Alike,
            tree_training: &inputs,
            tree_validation: None,
        };
        let stages = FeatureStages::fit(&sets, &params, &mut |_| ControlFlow::Continue(()));
        stages.expect("it can be fitted").filter
    }

    #[test]
    fn labels_are_learned_from_by_their_weight() {
        let slopes = [filter(1.0, true), filter(0.3, true), filter(0.0, true), filter(0.0, false)];
        let slopes = slopes.map(|filter| filter.coefficients[0]);
        assert!(slopes[0] + 0.1 < slopes[1] && slopes[1] + 0.1 < slopes[2], "{slopes:?}");
        // Without weight a label is as if it were not there, but for how its row spreads the inputs.
        assert!((slopes[2] - slopes[3]).abs() < 0.15 * slopes[3].abs(), "{slopes:?}");
    }

    #[test]
    fn classes_weigh_alike_whatever_their_labels_weigh() {
        let labels = [true, false, false, false];
        let weights = balanced_weights(&labels, &[0.5, 1.0, 1.0, 0.0]);
        assert_eq!(weights, [1.25, 0.625, 0.625, 0.0]);
        assert_eq!(balanced_weights(&labels, &[0.0, 1.0, 1.0, 1.0])[0], 0.0);
    }
}
