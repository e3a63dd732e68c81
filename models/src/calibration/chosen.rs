//! The calibration of a model of features: one raw log-odds in, a probability with its interval out.

use serde::{Deserialize, Serialize};

use super::pooling::Groups;
use super::venn_abers::Pair;
use super::{Calibrated, CalibrationError, LEAST, PlattCalibrator, VennAbers, check_labels};
use crate::hash::mix64;

/// Log-odds beyond are all the same. Far larger ones could not be told from a constant in a logistic fit.
const LARGEST: f64 = 1e3;
/// Rows, and rows of the rarer class, below which the curve of one shape is taken unseen.
const LEAST_ROWS: usize = 200;
const LEAST_OF_CLASS: usize = 20;
/// Folds of the cross-validation that chooses.
const FOLDS: usize = 5;

/// Part that the logistic curve has in an isotonic probability: steps make many scores equal, and rows of one step should
/// still be told apart by their scores.
const SLOPE_OF_STEPS: f64 = 0.02;

/// How raw log-odds become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A logistic curve: two numbers, good with few rows. [`PlattCalibrator`].
    Platt,
    /// Any rising curve, by steps: better with many rows where the curve is not logistic. [`VennAbers::probability`], with
    /// a trace of the logistic curve that keeps the order within a step.
    Isotonic,
}

/// Turns a raw log-odds (beyond ±1,000 they are all the same) into a probability and its 95 % interval. Both rise
/// with the log-odds; the probability lies within its interval and is never 0 or 1.
///
/// The interval is that of [`VennAbers`] whatever the method, since it assumes no shape of the curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    method: Method,
    /// Absent where no logistic curve rises.
    platt: Option<PlattCalibrator>,
    venn_abers: VennAbers,
}

impl Calibration {
    /// Fits on raw log-odds of accounts that the model has not learned from.
    ///
    /// # Errors
    /// [`CalibrationError`] when scores are not finite or labels do not match them, or are of one class.
    pub fn fit(scores: &[f64], labels: &[bool], method: Method) -> Result<Self, CalibrationError> {
        check_labels(scores, labels)?;
        Self::fit_bounded(&bounded(scores), labels, method)
    }

    fn fit_bounded(scores: &[f64], labels: &[bool], method: Method) -> Result<Self, CalibrationError> {
        let venn_abers = VennAbers::fit(scores, labels)?;
        let platt = rising_platt(scores, labels)?;
        let method = if platt.is_some() { method } else { Method::Isotonic };
        Ok(Self { method, platt, venn_abers })
    }

    /// Fits by the method with the lower log loss in a five-fold cross-validation; by [`Method::Platt`] when there
    /// are fewer than 200 rows, or fewer than 20 of a class.
    ///
    /// # Errors
    /// As [`Self::fit`].
    pub fn choose(scores: &[f64], labels: &[bool]) -> Result<Self, CalibrationError> {
        check_labels(scores, labels)?;
        let positive = labels.iter().filter(|label| **label).count();
        let rarer = positive.min(labels.len() - positive);
        let is_small = labels.len() < LEAST_ROWS || rarer < LEAST_OF_CLASS;
        let scores = bounded(scores);
        let is_isotonic = !is_small && isotonic_wins(&scores, labels)?;
        Self::fit_bounded(&scores, labels, if is_isotonic { Method::Isotonic } else { Method::Platt })
    }

    /// Probability and interval of a raw log-odds, which must not be NaN.
    #[must_use]
    pub fn calibrate(&self, score: f64) -> Calibrated {
        debug_assert!(!score.is_nan());
        let score = score.clamp(-LARGEST, LARGEST);
        let (low, high) = self.venn_abers.interval(score);
        let by_curve = self.platt.as_ref().map(|platt| platt.calibrate(&[score]).probability);
        let probability = match (self.method, by_curve) {
            (Method::Platt, Some(by_curve)) => by_curve,
            (Method::Isotonic, Some(by_curve)) => {
                let by_steps = self.venn_abers.probability(score);
                by_steps + SLOPE_OF_STEPS * (by_curve - by_steps)
            }
            (_, None) => self.venn_abers.probability(score),
        };
        let probability = probability.clamp(LEAST, 1.0 - LEAST);
        Calibrated { probability, interval: (low.min(probability), high.max(probability)) }
    }

    /// How probabilities are made.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Checks a calibration that was read from somewhere.
    ///
    /// # Errors
    /// [`CalibrationError`] when a part of it is not sound, or would fall where the log-odds rise.
    pub fn check(&self) -> Result<(), CalibrationError> {
        self.venn_abers.check()?;
        if let Some(platt) = &self.platt {
            platt.check(1)?;
            if platt.weights()[0] < 0.0 {
                return Err(CalibrationError::Stored("the logistic curve falls"));
            }
        }
        Ok(())
    }
}

fn bounded(scores: &[f64]) -> Vec<f64> {
    scores.iter().map(|score| score.clamp(-LARGEST, LARGEST)).collect()
}

/// A logistic curve, unless it falls: scores that point the wrong way are not to be turned round in silence. The
/// isotonic curve is level then.
fn rising_platt(scores: &[f64], labels: &[bool]) -> Result<Option<PlattCalibrator>, CalibrationError> {
    let platt = PlattCalibrator::fit(scores, labels)?;
    Ok((platt.weights()[0] >= 0.0).then_some(platt))
}

/// Whether any rising curve foretells labels better than a logistic one, on folds of rows that neither was fitted to.
fn isotonic_wins(scores: &[f64], labels: &[bool]) -> Result<bool, CalibrationError> {
    let folds = folds(labels);
    let (mut platt_loss, mut isotonic_loss) = (0.0, 0.0);
    for fold in 0..FOLDS {
        let part = |is_judged: bool| {
            let rows = (0..labels.len()).filter(|row| (folds[*row] == fold) == is_judged);
            rows.map(|row| (scores[row], labels[row])).unzip::<_, _, Vec<f64>, Vec<bool>>()
        };
        let ((scores, labels), (judged, truth)) = (part(false), part(true));
        let platt = PlattCalibrator::fit(&scores, &labels)?;
        let isotonic = Pair::of(&Groups::of_labels(&scores, &labels));
        for (score, label) in judged.iter().zip(&truth) {
            platt_loss += log_loss(platt.calibrate(&[*score]).probability, *label);
            isotonic_loss += log_loss(isotonic.probability(*score), *label);
        }
    }
    Ok(isotonic_loss < platt_loss)
}

/// A fold for each row: equal shares of both classes, in an order that has nothing to do with that of the rows.
fn folds(labels: &[bool]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by_key(|row| (labels[*row], mix64(*row as u64 + 1)));
    let mut folds = vec![0; labels.len()];
    order.iter().enumerate().for_each(|(rank, row)| folds[*row] = rank % FOLDS);
    folds
}

fn log_loss(probability: f64, label: bool) -> f64 {
    let chance = if label { probability } else { 1.0 - probability };
    -chance.max(f64::MIN_POSITIVE).ln()
}
