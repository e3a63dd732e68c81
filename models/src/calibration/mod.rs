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

use crate::logistic::LogisticError;

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
