//! Settings of boosting.

use botdet_models::trees::{MAX_DEPTH, MAX_LEAVES};

use super::super::bins::MAX_BINS;
use super::super::settings::within;
use crate::zoo::ZooError;

pub(super) const NAME: &str = "gradient_boosting";

/// Which leaf is split next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// The one that gains most.
    LeafWise,
    /// The least deep one.
    DepthWise,
}

/// How a verdict may depend on a column while all others stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monotone {
    /// In any way.
    Free,
    /// Larger values never lower it.
    Increasing,
    /// Larger values never raise it.
    Decreasing,
}

/// When to stop before all rounds are done.
#[derive(Clone, Copy, Debug)]
pub struct EarlyStopping {
    /// Rounds without a lower validation loss after which training ends, 1 to 10,000.
    pub patience: usize,
    /// Share of the rows that are kept for validation where no validation sample is given, 0.01 to 0.5.
    pub validation_share: f64,
}

/// Settings of boosting, not yet checked.
#[derive(Clone, Debug)]
pub struct BoostingParams {
    /// Trees to grow, 1 to 10,000.
    pub rounds: usize,
    /// Part of each tree's verdict that counts, above 0 and up to 1.
    pub learning_rate: f64,
    /// Which leaf is split next.
    pub growth: Growth,
    /// Splits between root and leaf, 1 to 64.
    pub depth: usize,
    /// Leaves of a tree, 2 to 2²⁰.
    pub leaves: usize,
    /// Pull of the leaves towards 0, in units of a row's second derivative; at least 0.
    pub l2: f64,
    /// Sum of second derivatives that a leaf needs (a row at even odds has a quarter of its weight); at least 0.
    pub min_child_weight: f64,
    /// Loss that a split has to take away; at least 0.
    pub min_gain: f64,
    /// Share of the rows that each tree sees, 0.01 to 1.
    pub row_share: f64,
    /// Share of the columns that each tree sees, above 0 and up to 1.
    pub feature_share: f64,
    /// Ranges a column is binned into, 2 to 255.
    pub bins: usize,
    /// Whether both classes get the same total weight.
    pub balanced: bool,
    /// Constraints by column; columns behind its end are free.
    pub monotone: Vec<Monotone>,
    /// When to stop early, if at all.
    pub early_stopping: Option<EarlyStopping>,
}

impl Default for BoostingParams {
    fn default() -> Self {
        Self {
            rounds: 200,
            learning_rate: 0.1,
            growth: Growth::LeafWise,
            depth: 8,
            leaves: 31,
            l2: 1.0,
            min_child_weight: 1.0,
            min_gain: 0.0,
            row_share: 1.0,
            feature_share: 1.0,
            bins: MAX_BINS,
            balanced: false,
            monotone: Vec::new(),
            early_stopping: None,
        }
    }
}

impl BoostingParams {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ZooError::Setting`] for one out of bounds.
    pub fn check(self) -> Result<BoostingConfig, ZooError> {
        within(NAME, "rounds", self.rounds as f64, 1.0, 10_000.0)?;
        within(NAME, "learning_rate", self.learning_rate, 1e-6, 1.0)?;
        within(NAME, "depth", self.depth as f64, 1.0, MAX_DEPTH as f64)?;
        within(NAME, "leaves", self.leaves as f64, 2.0, MAX_LEAVES as f64)?;
        within(NAME, "l2", self.l2, 0.0, 1e12)?;
        within(NAME, "min_child_weight", self.min_child_weight, 0.0, 1e12)?;
        within(NAME, "min_gain", self.min_gain, 0.0, 1e12)?;
        within(NAME, "row_share", self.row_share, 0.01, 1.0)?;
        within(NAME, "feature_share", self.feature_share, f64::MIN_POSITIVE, 1.0)?;
        within(NAME, "bins", self.bins as f64, 2.0, MAX_BINS as f64)?;
        if let Some(stopping) = self.early_stopping {
            within(NAME, "patience", stopping.patience as f64, 1.0, 10_000.0)?;
            within(NAME, "validation_share", stopping.validation_share, 0.01, 0.5)?;
        }
        Ok(BoostingConfig(self))
    }
}

/// Checked settings of boosting.
#[derive(Clone, Debug)]
pub struct BoostingConfig(pub(super) BoostingParams);
