//! Why a validation cannot be done.

use crate::zoo::ZooError;

/// Why rows cannot be divided, or learners not be compared.
#[derive(Debug, thiserror::Error)]
pub enum ValidationError {
    /// A setting is out of bounds.
    #[error("{name} is {value}, outside {low} to {high}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
    /// Too little is there to be divided.
    #[error("{there} {what} cannot be divided into {folds} folds")]
    Few {
        /// What there is too little of.
        what: &'static str,
        /// How much there is.
        there: usize,
        /// Folds that were wanted.
        folds: usize,
    },
    /// Labels, keys, groups or times are not equally many.
    #[error("{labels} labels do not match {others} {what}")]
    Shape {
        /// Labels there are.
        labels: usize,
        /// What goes with them.
        what: &'static str,
        /// How many of those there are.
        others: usize,
    },
    /// A learner cannot learn from one of the parts.
    #[error(transparent)]
    Learning(#[from] ZooError),
    /// No settings that were tried could be used.
    #[error("none of {0} trials could be used; the last one says: {1}")]
    NoTrial(usize, String),
}

/// Refuses a setting that is out of bounds.
pub(super) fn within(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), ValidationError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ValidationError::Setting { name, value, low, high })
}
