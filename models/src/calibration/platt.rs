//! A logistic curve of one or several raw scores.

use serde::{Deserialize, Serialize};

use super::Calibrated;
use crate::logistic::{Logistic, LogisticError, LogisticParams, Observations, sigmoid};

/// Normal quantile of a two-sided 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;
/// Penalty on the slopes, which keeps them finite where scores separate the classes.
const L2: f64 = 0.05;

/// Platt scaling (1999) of one raw score or of several together: a logistic regression on held-out accounts with the
/// smoothed targets of Platt's paper. With several inputs it also learns how much to trust each stage, and which way
/// an anomaly points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlattCalibrator {
    logistic: Logistic,
}

impl PlattCalibrator {
    /// Fits on accounts that no stage has seen: `labels.len()` rows of raw scores, row-major.
    ///
    /// # Errors
    /// [`LogisticError`] when shapes, classes or values allow no fit.
    pub fn fit(scores: &[f64], labels: &[bool]) -> Result<Self, LogisticError> {
        Self::fit_with(scores, labels, L2)
    }

    pub(super) fn fit_with(scores: &[f64], labels: &[bool], l2: f64) -> Result<Self, LogisticError> {
        let positive = labels.iter().filter(|label| **label).count() as f64;
        let negative = labels.len() as f64 - positive;
        let target = |label: &bool| {
            if *label { (positive + 1.0) / (positive + 2.0) } else { 1.0 / (negative + 2.0) }
        };
        let targets: Vec<f64> = labels.iter().map(target).collect();
        let observations =
            Observations { inputs: scores, targets: &targets, weights: &vec![1.0; labels.len()] };
        let params = LogisticParams { l2, ..LogisticParams::default() };
        Ok(Self { logistic: Logistic::fit(observations, params)? })
    }

    /// Probability and interval for one row of raw scores.
    #[must_use]
    pub fn calibrate(&self, scores: &[f64]) -> Calibrated {
        let logit = self.logistic.logit(scores);
        let margin = Z95 * self.logistic.logit_error(scores);
        Calibrated {
            probability: sigmoid(logit),
            interval: (sigmoid(logit - margin), sigmoid(logit + margin)),
        }
    }

    /// Log-odds where all raw scores are 0.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.logistic.intercept
    }

    /// How many log-odds one unit of each raw score is worth.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.logistic.coefficients
    }

    /// Checks a calibrator that was read from somewhere.
    ///
    /// # Errors
    /// [`LogisticError`] when it is not one for `inputs` raw scores.
    pub fn check(&self, inputs: usize) -> Result<(), LogisticError> {
        self.logistic.check(inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_match_frequencies() {
        let scores: Vec<f64> = (0..2000).map(|i| f64::from(i % 20) - 10.0).collect();
        let labels: Vec<bool> = (0..2000).map(|i| i / 20 % 20 < i % 20).collect();
        let calibrator = PlattCalibrator::fit(&scores, &labels).expect("both classes are there");
        let calibrated = calibrator.calibrate(&[0.0]);
        assert!((calibrated.probability - 0.5).abs() < 0.03, "{calibrated:?}");
        assert!(
            calibrated.interval.0 < calibrated.probability && calibrated.probability < calibrated.interval.1
        );
        assert!(calibrator.weights()[0] > 0.0);
    }

    #[test]
    fn a_score_that_points_the_wrong_way_is_turned_round() {
        let scores: Vec<f64> = (0..100).flat_map(|i| [0.0, f64::from(i)]).collect();
        let labels: Vec<bool> = (0..100).map(|i| i < 50).collect();
        let calibrator = PlattCalibrator::fit(&scores, &labels).expect("both classes are there");
        assert!(calibrator.weights()[1] < 0.0);
        assert!(calibrator.calibrate(&[0.0, 5.0]).probability > 0.9);
    }

    #[test]
    fn few_accounts_mean_wide_intervals() {
        let width = |copies: usize| {
            let scores: Vec<f64> = [-1.0, 0.5, -0.5, 1.0].repeat(copies);
            let labels: Vec<bool> = [false, false, true, true].repeat(copies);
            let calibrator = PlattCalibrator::fit(&scores, &labels).expect("both classes are there");
            let (low, high) = calibrator.calibrate(&[0.2]).interval;
            high - low
        };
        assert!(width(5) > 2.0 * width(100));
    }
}
