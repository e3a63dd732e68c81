//! Few rows: all are learned from, and all weigh the stages as well, each by what stages say of it that have not seen it.

use std::ops::ControlFlow;

use botdet_models::features::Scale;
use botdet_models::hash::mix64;
use botdet_models::logistic::sigmoid;
use botdet_models::logistic::{Logistic, LogisticParams, Observations};
use botdet_models::metrics::log_loss;
use botdet_models::preprocess::Preprocessor;

use super::decide::{LEAST_WEIGHT, Scored};
use super::params::FitParams;
use super::stages::{Division, FeatureSets, FeatureStages, Inputs, balanced_weights};
use crate::error::LoaderError;
use crate::validation::folds::{Fold, stratified};

/// Rows from which on a part of them can be spared to weigh the stages.
pub const FEW_ROWS: usize = 5_000;
/// Parts that the rows are divided into.
const FOLDS: usize = 5;
/// Penalties that are tried.
const PENALTIES: [f64; 5] = [1.0, 10.0, 30.0, 100.0, 300.0];

/// All there is to learn from.
pub struct Pool<'a> {
    /// How each input is spread; `None` finds it out.
    pub scales: Option<&'a [Scale]>,
    /// The rows.
    pub rows: &'a Inputs,
    /// The same rows as they were earlier, for the trees.
    pub younger: Option<&'a Inputs>,
}

/// The stages, learned from all rows; and what stages that were learned from four fifths of the rows say of the others.
///
/// # Errors
/// [`LoaderError`] when a class has too few rows for that, or a stage cannot be fitted.
pub fn fit_crossed(
    pool: &Pool<'_>,
    params: &FitParams,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<(FeatureStages, Scored), LoaderError> {
    let labels = &pool.rows.labels;
    let positive = labels.iter().filter(|label| **label).count();
    let folds = FOLDS.min(positive.min(labels.len() - positive)).max(2);
    let keys: Vec<u64> = (0..labels.len() as u64).map(mix64).collect();
    let folds = stratified(labels, &keys, folds, params.seed)?;
    let l2 = match params.l2 {
        Some(l2) => l2,
        None => best_penalty(pool, &folds)?,
    };
    let params = FitParams { l2: Some(l2), ..*params };
    let rounds = folds.len() as f64 + 1.0;
    let mut scored = Scored::default();
    for (round, fold) in folds.iter().enumerate() {
        let stages =
            fit(pool, &fold.training, &params, &mut |share| progress((round as f64 + share) / rounds))?;
        let sure: Vec<usize> =
            fold.testing.iter().copied().filter(|row| pool.rows.weights[*row] >= LEAST_WEIGHT).collect();
        let judged = pool.rows.select(&sure);
        scored.scores.extend(stages.scores(&judged));
        scored.young.extend(judged.labels.iter().map(|_| false));
        scored.labels.extend(judged.labels);
    }
    let all: Vec<usize> = (0..labels.len()).collect();
    let stages = fit(pool, &all, &params, &mut |share| progress((rounds - 1.0 + share) / rounds))?;
    Ok((stages, scored))
}

fn fit(
    pool: &Pool<'_>,
    rows: &[usize],
    params: &FitParams,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<FeatureStages, LoaderError> {
    let training = pool.rows.select(rows);
    let younger = pool.younger.map(|younger| younger.select(rows));
    let tree_training = younger.map(|younger| training.with(&younger));
    let sets = FeatureSets {
        scales: pool.scales,
        tree_training: tree_training.as_ref().unwrap_or(&training),
        training: &training,
        division: &Division::Alike,
        tree_validation: None,
    };
    FeatureStages::fit(&sets, params, progress)
}

/// The penalty of the filter that foretells the rows left out best.
fn best_penalty(pool: &Pool<'_>, folds: &[Fold]) -> Result<f64, LoaderError> {
    let mut best = (f64::INFINITY, PENALTIES[0]);
    for l2 in PENALTIES {
        let (mut probabilities, mut labels) = (Vec::new(), Vec::new());
        for fold in folds {
            let (training, judged) = (pool.rows.select(&fold.training), pool.rows.select(&fold.testing));
            let preprocessor = match pool.scales {
                Some(scales) => Preprocessor::fit(&training.values, scales),
                None => Preprocessor::fit_any(&training.values, training.width),
            };
            let inputs: Vec<f64> = training.iter().flat_map(|row| preprocessor.apply(row)).collect();
            let targets: Vec<f64> = training.labels.iter().map(|label| f64::from(*label)).collect();
            let weights = balanced_weights(&training.labels, &training.weights);
            let observations = Observations { inputs: &inputs, targets: &targets, weights: &weights };
            let filter = Logistic::fit(observations, LogisticParams { l2, ..LogisticParams::default() })?;
            probabilities.extend(judged.iter().map(|row| sigmoid(filter.logit(&preprocessor.apply(row)))));
            labels.extend(judged.labels);
        }
        let loss = log_loss(&probabilities, &labels).unwrap_or(f64::INFINITY);
        if loss < best.0 {
            best = (loss, l2);
        }
    }
    Ok(best.1)
}
