//! A rising curve of any shape.

use serde::{Deserialize, Serialize};

use super::pooling::Groups;
use super::{CalibrationError, check_shape};

/// Isotonic regression (Zadrozny & Elkan, KDD 2002): the rising curve closest to the targets in weighted squares,
/// linear between its knots and level beyond them, as scikit-learn's `IsotonicRegression(out_of_bounds="clip")`.
///
/// It says 0 and 1 where only one class was seen; [`super::VennAbers`] does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsotonicCalibrator {
    /// Rising strictly.
    scores: Vec<f64>,
    /// One a score, rising.
    probabilities: Vec<f64>,
}

impl IsotonicCalibrator {
    /// Fits on scores with targets 0..1 (fractions are soft labels) and weights of at least 0.
    ///
    /// # Errors
    /// [`CalibrationError`] when they are not equally many, a value is out of bounds, or no weight is above 0.
    pub fn fit(scores: &[f64], targets: &[f64], weights: &[f64]) -> Result<Self, CalibrationError> {
        check_shape(scores, "targets", targets.len())?;
        check_shape(scores, "weights", weights.len())?;
        if let Some(row) = targets.iter().position(|target| !(0.0..=1.0).contains(target)) {
            return Err(CalibrationError::Value { row, what: "target", value: targets[row] });
        }
        if let Some(row) = weights.iter().position(|weight| !(0.0..f64::INFINITY).contains(weight)) {
            return Err(CalibrationError::Value { row, what: "weight", value: weights[row] });
        }
        let groups = Groups::of(scores, |row| targets[row], |row| weights[row]);
        let mut fitted = Self { scores: Vec::new(), probabilities: Vec::new() };
        let mut first = 0;
        for block in groups.rising() {
            // Between the ends of a block the curve is level.
            let last = first + block.groups - 1;
            let ends = [first, last];
            for end in &ends[usize::from(first == last)..] {
                fitted.scores.push(groups.scores[*end]);
                fitted.probabilities.push(block.mean().clamp(0.0, 1.0));
            }
            first = last + 1;
        }
        fitted.check()?;
        Ok(fitted)
    }

    /// The curve's height at a score, 0..=1.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        let above = self.scores.partition_point(|knot| *knot <= score);
        if above == 0 || above == self.scores.len() {
            return self.probabilities[above.saturating_sub(1)];
        }
        let (left, right) = (self.scores[above - 1], self.scores[above]);
        let (low, high) = (self.probabilities[above - 1], self.probabilities[above]);
        // Halves, so that the distance of huge scores stays finite.
        let way = (score / 2.0 - left / 2.0) / (right / 2.0 - left / 2.0);
        low + (high - low) * way
    }

    /// Checks a calibrator that was read from somewhere.
    ///
    /// # Errors
    /// [`CalibrationError::Stored`] when it has no knots, or they do not rise.
    pub fn check(&self) -> Result<(), CalibrationError> {
        let known = |values: &[f64]| !values.is_empty() && values.iter().all(|value| value.is_finite());
        let rises = self.scores.is_sorted_by(|a, b| a < b) && self.probabilities.is_sorted();
        let within = self.probabilities.iter().all(|probability| (0.0..=1.0).contains(probability));
        if self.scores.len() != self.probabilities.len() || !known(&self.scores) || !rises || !within {
            return Err(CalibrationError::Stored("an isotonic curve does not rise"));
        }
        Ok(())
    }
}
