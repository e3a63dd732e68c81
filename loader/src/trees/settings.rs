//! Bounds that several learners share.

use botdet_models::trees::MAX_WIDTH;

pub(super) use crate::zoo::within;
use crate::zoo::{Sample, ZooError};

/// Refuses samples that are larger than nodes and counts can name.
pub(super) fn fits(learner: &'static str, sample: Sample<'_>) -> Result<(), ZooError> {
    within(learner, "columns", sample.rows().width() as f64, 1.0, MAX_WIDTH as f64)?;
    within(learner, "rows", sample.rows().len() as f64, 2.0, f64::from(1 << 30))
}
