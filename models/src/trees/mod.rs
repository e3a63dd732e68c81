//! Ensembles of binary decision trees: forests and boosted trees, in the flat form that serves.
//!
//! ```text
//! TreeNode (any order, as grown or converted) ─► EnsembleBuilder ─► Ensemble ─► margin, probability, contributions
//!                                                                    │   ▲
//!                                                                 to_bytes from_bytes, to_image from_image
//! ```
//!
//! A node takes eight bytes, and the two children of a node lie side by side, so that a step is one load and one comparison.
//! Eight walks go in step (eight trees for one row, eight rows for a batch): the processor waits for their memory at once.
//! Large batches for many trees are compared by the ranks of their values, a byte each.

mod builder;
mod codec;
mod contributions;
mod error;
mod image;
mod leaves;
mod node;
mod path;
mod quadrature;
mod ranks;
mod step;
mod storage;
mod walk;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use crate::rows::Rows;

pub use builder::{EnsembleBuilder, TreeNode};
pub use error::EnsembleError;
pub use image::IMAGE_ALIGNMENT;
pub use leaves::{Condition, Leaf};
use node::Node;
pub use node::{MAX_DEPTH, MAX_LEAVES, MAX_WIDTH};
pub use path::NodeMeans;
use ranks::Ranks;
pub use storage::SharedBytes;
use storage::Storage;
#[cfg(test)]
pub(crate) use storage::aligned;

/// How the leaves that a row reaches become one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Combination {
    /// Boosting: `base` and the leaves add up to log-odds. A weighted vote is the same, with the votes' weights as leaves.
    Sum {
        /// Log-odds before the first tree.
        base: f64,
    },
    /// Forests: leaves are probabilities, and their mean is one.
    Mean,
}

/// Trees with one verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    width: usize,
    combination: Combination,
    /// Splits between a root and any of its leaves, at the most.
    depth: usize,
    /// First node of each tree, then the end of the last.
    bounds: Vec<u32>,
    /// Each tree's first one is nothing, and its second one the root.
    nodes: Storage<Node>,
    /// Weight of the training rows in each node. Only explanations read it, so that it lies apart.
    covers: Storage<f32>,
    /// Thresholds by rank, where batches are compared so.
    ranks: Option<Ranks>,
}

impl Ensemble {
    /// Values to a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Trees there are.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.bounds.len() - 1
    }

    /// Nodes of all trees, leaves among them.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.nodes.len() - self.trees()
    }

    /// Splits between a root and any of its leaves, at the most.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// How leaves become one number.
    #[must_use]
    pub fn combination(&self) -> Combination {
        self.combination
    }

    /// What the ensemble says of a row: log-odds for [`Combination::Sum`], a probability for [`Combination::Mean`].
    #[must_use]
    pub fn margin(&self, row: &[f32]) -> f64 {
        debug_assert_eq!(row.len(), self.width);
        self.combine(self.sum_of_leaves(row))
    }

    /// [`Self::margin`] of each row, to the last bit.
    #[must_use]
    pub fn margins(&self, rows: &Rows) -> Vec<f64> {
        debug_assert_eq!(rows.width(), self.width);
        let mut sums = vec![0.0; rows.len()];
        self.add_leaves(rows, &mut sums);
        sums.iter_mut().for_each(|sum| *sum = self.combine(*sum));
        sums
    }

    /// Probability of the positive class, 0 to 1.
    #[must_use]
    pub fn probability(&self, row: &[f32]) -> f64 {
        self.probability_of(self.margin(row))
    }

    /// [`Self::probability`] of each row.
    #[must_use]
    pub fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        self.margins(rows).into_iter().map(|margin| self.probability_of(margin)).collect()
    }

    /// What a row's margin means as a probability.
    #[must_use]
    pub fn probability_of(&self, margin: f64) -> f64 {
        match self.combination {
            Combination::Sum { .. } => 1.0 / (1.0 + (-margin).exp()),
            Combination::Mean => margin.clamp(0.0, 1.0),
        }
    }

    /// Bytes that belong to the ensemble alone: those of an image that it lies in do not.
    #[must_use]
    pub fn owned_bytes(&self) -> usize {
        let ranks = self.ranks.as_ref().map_or(0, Ranks::owned_bytes);
        4 * self.bounds.len() + self.nodes.owned_bytes() + self.covers.owned_bytes() + ranks
    }

    fn combine(&self, sum: f64) -> f64 {
        match self.combination {
            Combination::Sum { base } => base + sum,
            Combination::Mean => sum / self.trees() as f64,
        }
    }

    fn tree(&self, index: usize) -> &[Node] {
        &self.nodes[self.bounds(index)]
    }

    fn bounds(&self, tree: usize) -> std::ops::Range<usize> {
        self.bounds[tree] as usize..self.bounds[tree + 1] as usize
    }
}
