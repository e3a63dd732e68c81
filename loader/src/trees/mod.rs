//! Growing trees: forests, boosting and weighted votes, on binned columns.
//!
//! ```text
//! Sample ─► TrainingSet (bins, at most 255 a column, and one for missing values)
//!              ├─► forest:   bootstrap draw ─► grower, tree by tree on all threads ─┐
//!              ├─► boosting: gradients ─► histograms, block by block ─► tree ◄─┘loop ├─► Fitted { Ensemble, importances }
//!              └─► AdaBoost: weights ─► grower ─► vote ◄─┘loop                       ┘
//! ```
//!
//! Weights and gradients are whole numbers while trees grow. Their sums do not depend on the order of the terms, so that
//! equal seeds give equal trees whatever the number of threads.

mod adaboost;
mod bins;
mod boosting;
mod forest;
mod grower;
mod histogram;
mod importance;
mod queue;
mod random;
mod settings;
mod training_set;

#[cfg(test)]
mod tests;

use botdet_models::rows::Rows;
use botdet_models::trees::{Combination, Ensemble, EnsembleBuilder, EnsembleError, TreeNode};

pub use adaboost::{AdaBoostConfig, AdaBoostParams};
pub use boosting::{BoostingConfig, BoostingParams, EarlyStopping, Growth, Monotone};
pub use forest::{FeaturesPerSplit, ForestConfig, ForestKind, ForestParams};
pub use importance::permutation_importance;

use crate::zoo::{Classifier, ZooError};

/// What a fit gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The trees.
    pub ensemble: Ensemble,
    /// Each column's part of all that the splits gained, 0 to 1; all 0 where there is no split.
    pub importances: Vec<f64>,
}

impl Fitted {
    fn new(
        learner: &'static str,
        width: usize,
        combination: Combination,
        trees: &[Vec<TreeNode>],
        gains: Vec<f64>,
    ) -> Result<Self, ZooError> {
        let ensemble = build(learner, width, combination, trees)?;
        let total: f64 = gains.iter().sum();
        let importances =
            gains.into_iter().map(|gain| if total > 0.0 { gain / total } else { 0.0 }).collect();
        Ok(Self { ensemble, importances })
    }
}

fn build(
    learner: &'static str,
    width: usize,
    combination: Combination,
    trees: &[Vec<TreeNode>],
) -> Result<Ensemble, ZooError> {
    let built = || {
        let mut builder = EnsembleBuilder::new(width, combination)?;
        trees.iter().try_for_each(|tree| builder.add(tree))?;
        builder.finish()
    };
    built().map_err(|error: EnsembleError| ZooError::Failed { learner, reason: error.to_string() })
}

impl Classifier for Ensemble {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        Ensemble::probabilities(self, rows)
    }
}
