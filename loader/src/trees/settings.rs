//! Bounds that several learners share.

use botdet_models::trees::MAX_WIDTH;

use crate::zoo::{Sample, ZooError};

/// Refuses a setting outside its bounds; NaN is outside.
pub(super) fn within(
    learner: &'static str,
    name: &'static str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<(), ZooError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ZooError::Setting { learner, name, value, low, high })
}

/// Refuses samples that are larger than nodes and counts can name.
pub(super) fn fits(learner: &'static str, sample: Sample<'_>) -> Result<(), ZooError> {
    within(learner, "columns", sample.rows().width() as f64, 1.0, MAX_WIDTH as f64)?;
    within(learner, "rows", sample.rows().len() as f64, 2.0, f64::from(1 << 30))
}
