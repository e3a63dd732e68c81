//! From raw scores to probabilities that can be taken at their word.
//!
//! [`PlattCalibrator`] weighs several stages' scores and fits a curve of one shape; [`IsotonicCalibrator`] follows
//! any rising curve; [`VennAbers`] does the same and says how sure it is. [`Calibration`] chooses between them, and
//! is what a model of features carries: one raw log-odds goes in, a [`Calibrated`] comes out.

mod chosen;
mod isotonic;
mod likelihood;
mod platt;
mod pooling;
mod steps;
#[cfg(test)]
mod tests;
mod venn_abers;

use crate::logistic::{LogisticError, sigmoid};

pub use chosen::{Calibration, Method};
pub use isotonic::IsotonicCalibrator;
pub use platt::PlattCalibrator;
pub use venn_abers::VennAbers;

/// A probability with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibrated {
    /// Probability of the positive class.
    pub probability: f64,
    /// 95 % interval of that probability, from the uncertainty of the calibration.
    pub interval: (f64, f64),
}

impl Calibrated {
    /// What this is where the positive class is more or less frequent than among the rows calibrated on: all log-odds move alike
    /// (Elkan, "The foundations of cost-sensitive learning", IJCAI 2001). Get `shift` from [`prior_shift`].
    #[must_use]
    pub fn shifted(self, shift: f64) -> Self {
        if shift == 0.0 {
            return self;
        }
        let moved = |probability: f64| sigmoid(log_odds(probability) + shift);
        let probability = moved(self.probability).clamp(LEAST, 1.0 - LEAST);
        let (low, high) = self.interval;
        Self { probability, interval: (moved(low).min(probability), moved(high).max(probability)) }
    }
}

/// By how much log-odds move from rows with one share of the positive class, 0 to 1 and neither, to rows with another.
///
/// # Errors
/// [`CalibrationError::Share`] when a share is not between 0 and 1.
pub fn prior_shift(calibrated_share: f64, expected_share: f64) -> Result<f64, CalibrationError> {
    for (name, value) in [("calibrated", calibrated_share), ("expected", expected_share)] {
        if !(value > 0.0 && value < 1.0) {
            return Err(CalibrationError::Share { name, value });
        }
    }
    Ok(log_odds(expected_share) - log_odds(calibrated_share))
}

/// Probabilities keep this distance from 0 and 1: no score is certain.
const LEAST: f64 = 1e-9;

fn log_odds(probability: f64) -> f64 {
    probability.ln() - (-probability).ln_1p()
}

/// Why no calibration can be fitted or used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// Scores and what goes with them are not equally many, or none.
    #[error("{scores} scores do not match {others} {what}")]
    Shape {
        /// Scores there are.
        scores: usize,
        /// What goes with them.
        what: &'static str,
        /// How many of those there are.
        others: usize,
    },
    /// A score, target or weight cannot be used.
    #[error("row {row} has {what} {value}")]
    Value {
        /// The row's index.
        row: usize,
        /// What the value is.
        what: &'static str,
        /// The value.
        value: f64,
    },
    /// Only one class is there.
    #[error("all {0} rows are of one class")]
    OneClass(usize),
    /// A share is not between 0 and 1.
    #[error("{name} share is {value}, not between 0 and 1")]
    Share {
        /// Which share.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The curve of one shape cannot be fitted or used.
    #[error(transparent)]
    Platt(#[from] LogisticError),
    /// A stored calibration does not fit together.
    #[error("stored calibration: {0}")]
    Stored(&'static str),
}

/// Checks that scores are finite and that each has a label, both classes among them.
fn check_labels(scores: &[f64], labels: &[bool]) -> Result<(), CalibrationError> {
    check_shape(scores, "labels", labels.len())?;
    match labels.iter().filter(|label| **label).count() {
        count if count == 0 || count == labels.len() => Err(CalibrationError::OneClass(labels.len())),
        _ => Ok(()),
    }
}

/// Checks that scores are finite, and as many as what goes with them.
fn check_shape(scores: &[f64], what: &'static str, others: usize) -> Result<(), CalibrationError> {
    if scores.is_empty() || scores.len() != others {
        return Err(CalibrationError::Shape { scores: scores.len(), what, others });
    }
    match scores.iter().position(|score| !score.is_finite()) {
        Some(row) => Err(CalibrationError::Value { row, what: "score", value: scores[row] }),
        None => Ok(()),
    }
}
