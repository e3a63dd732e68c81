//! Settings of boosted trees, searched for within a budget.

use std::ops::ControlFlow;

use botdet_models::hash::mix64;
use serde::{Deserialize, Serialize};

use super::params::FitParams;
use super::stages::{Division, Inputs};
use crate::error::LoaderError;
use crate::trees::BoostingParams;
use crate::validation::folds::{expanding_windows, grouped, stratified};
use crate::validation::{Budget, Dimension, Objective, Scale, SearchParams, Space, search};
use crate::zoo::{Learner, Sample, Session, ZooError};

/// Parts that the rows are divided into to judge settings.
const FOLDS: usize = 3;

/// Settings that were tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// In words.
    pub settings: String,
    /// Share of the rows they were tried on.
    pub share: f64,
    /// Mean ROC-AUC over folds; `None` where they could not be used.
    pub roc_auc: Option<f64>,
}

/// The best of as many settings as `params` allows, and all that were tried.
///
/// # Errors
/// [`LoaderError::Validation`] when a class has too few rows, there are too few groups or moments, or nothing could be used.
pub fn tune(
    rows: &Inputs,
    division: &Division,
    defaults: &BoostingParams,
    params: &FitParams,
) -> Result<(BoostingParams, Vec<TrialRecord>), LoaderError> {
    let space = Space::new(vec![
        dimension("learning rate", 0.02, 0.3, Scale::Logarithmic),
        dimension("leaves", 4.0, 63.0, Scale::Whole),
        dimension("least weight of a leaf", 0.5, 50.0, Scale::Logarithmic),
        dimension("L2 penalty", 0.5, 50.0, Scale::Logarithmic),
        dimension("share of the columns", 0.3, 1.0, Scale::Linear),
        dimension("share of the rows", 0.5, 1.0, Scale::Linear),
    ])?;
    let settings = |values: &[f64]| match *values {
        [learning_rate, leaves, min_child_weight, l2, feature_share, row_share] => BoostingParams {
            learning_rate,
            leaves: leaves as usize,
            min_child_weight,
            l2,
            feature_share,
            row_share,
            ..defaults.clone()
        },
        _ => defaults.clone(),
    };
    let build =
        |values: &[f64]| -> Result<Box<dyn Learner>, ZooError> { Ok(Box::new(settings(values).check()?)) };
    let table = rows.rows();
    let weights = vec![1.0; rows.labels.len()];
    let sample = Sample::new(&table, &rows.labels, &weights).map_err(ZooError::from)?;
    let folds = match division {
        Division::Alike => {
            let keys: Vec<u64> = (0..rows.labels.len() as u64).map(mix64).collect();
            stratified(&rows.labels, &keys, FOLDS, params.seed)?
        }
        Division::Groups(groups) => grouped(&rows.labels, groups, FOLDS, params.seed)?,
        Division::Times(times) => expanding_windows(times, FOLDS)?,
    };
    let budget = Budget::Trials(params.search_trials);
    let config = SearchParams { budget, objective: Objective::RocAuc, ..SearchParams::default() }.check()?;
    let go_on = &mut |_| ControlFlow::Continue(());
    let mut session = Session { seed: params.seed, threads: params.threads.max(1), progress: go_on };
    let found = search(config, &space, &build, sample, &folds, &mut session)?;
    let written = |values: &[f64]| {
        let named = space.dimensions().iter().zip(values);
        let named: Vec<String> =
            named.map(|(dimension, value)| format!("{} {value:.3}", dimension.name)).collect();
        named.join(", ")
    };
    let records = found.trials.iter().map(|trial| TrialRecord {
        settings: written(&trial.values),
        share: trial.share,
        roc_auc: trial.score.as_ref().ok().copied(),
    });
    Ok((settings(&found.trials[found.best].values), records.collect()))
}

fn dimension(name: &'static str, low: f64, high: f64, scale: Scale) -> Dimension {
    Dimension { name, low, high, scale }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::ValidationError;

    #[test]
    fn settings_are_tried_on_rows_divided_as_the_version_is_judged() {
        let labels: Vec<bool> = (0..120).map(|row| row % 3 == 0).collect();
        let values =
            labels.iter().zip(0..).map(|(label, row)| f64::from(*label) + f64::from(row % 7)).collect();
        let weights = vec![1.0; labels.len()];
        let rows = Inputs { values, width: 1, labels, weights };
        let params = FitParams { search_trials: 1, threads: 1, ..FitParams::DEFAULT };
        let defaults = BoostingParams { rounds: 5, ..BoostingParams::default() };
        let tried = |division| tune(&rows, &division, &defaults, &params).map(|(_, trials)| trials.len());
        assert!(tried(Division::Alike).is_ok());
        assert!(tried(Division::Groups((0..120).map(|row| row % 5).collect())).is_ok());
        assert!(tried(Division::Times((0..120).collect())).is_ok());
        let few = |what| move |error| matches!(error, LoaderError::Validation(ValidationError::Few { what: found, .. }) if found == what);
        assert!(tried(Division::Groups((0..120).map(|row| row % 2).collect())).is_err_and(few("groups")));
        assert!(tried(Division::Times(vec![7; 120])).is_err_and(few("windows of distinct times")));
    }
}
