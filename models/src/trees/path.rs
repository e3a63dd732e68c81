//! Which values of a row moved its margin, at the price of one more walk: along the row's own path, each split counts with how
//! much it changed the mean of the leaves below (Saabas, "Interpreting random forests", 2014).
//!
//! It adds up to the margin as [`Ensemble::contributions`] does, but gives splits near the root less than their due. Scores of
//! many rows take their few main reasons from it; whoever explains one row asks for the exact contributions.

use super::contributions::share;
use super::node::ROOT;
use super::step::{LANES, paths_of_rows};
use super::storage::Storage;
use super::{Combination, Ensemble};
use crate::rows::Rows;

/// Rows that pass a tree before the next tree comes, where all trees fit into a processor core's cache with them.
const FEW_ROWS: usize = 256;
/// And where they do not: more rows share what it costs to bring a tree there.
const MANY_ROWS: usize = 1024;
/// Nodes that fit.
const FITTING: usize = 1 << 15;

/// Mean of the leaves below each node, over the training rows.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMeans {
    means: Storage<f32>,
}

impl NodeMeans {
    pub(super) fn iter(&self) -> impl Iterator<Item = &f32> {
        self.means.iter()
    }

    /// Bytes that belong to the means alone.
    #[must_use]
    pub fn owned_bytes(&self) -> usize {
        self.means.owned_bytes()
    }
}

impl From<Storage<f32>> for NodeMeans {
    fn from(means: Storage<f32>) -> Self {
        Self { means }
    }
}

impl Ensemble {
    /// The means that [`Self::path_contributions`] needs.
    #[must_use]
    pub fn node_means(&self) -> NodeMeans {
        let mut means = vec![0.0f32; self.nodes.len()];
        for index in 0..self.trees() {
            let (tree, covers) = (self.tree(index), self.tree_covers(index));
            let means = &mut means[self.bounds[index] as usize..self.bounds[index + 1] as usize];
            // Children lie behind their parent, so that backwards they come first.
            for (at, node) in tree.iter().enumerate().rev() {
                let left = node.left();
                means[at] = if node.is_leaf() {
                    node.value
                } else {
                    let share = share(covers, left, left);
                    (f64::from(means[left]) * share + f64::from(means[left + 1]) * (1.0 - share)) as f32
                };
            }
        }
        NodeMeans { means: means.into() }
    }

    /// How far each value of each row moves the margin away from the mean margin of the training rows, along the row's path;
    /// row-major.
    #[must_use]
    pub fn path_contributions(&self, rows: &Rows, means: &NodeMeans) -> Vec<f64> {
        debug_assert_eq!(rows.width(), self.width);
        let mut contributions = vec![0.0; rows.len() * self.width];
        if rows.len() < LANES {
            let contributions = contributions.chunks_exact_mut(self.width);
            rows.iter().zip(contributions).for_each(|(row, moves)| self.add_paths_of_row(row, means, moves));
        } else {
            self.add_paths(rows, means, &mut contributions);
        }
        if self.combination == Combination::Mean {
            contributions.iter_mut().for_each(|value| *value /= self.trees() as f64);
        }
        contributions
    }

    fn add_paths_of_row(&self, row: &[f32], means: &NodeMeans, moves: &mut [f64]) {
        for index in 0..self.trees() {
            let (tree, means) = (self.tree(index), &means.means[self.bounds(index)]);
            let mut at = ROOT;
            while !tree[at].is_leaf() {
                let feature = tree[at].feature();
                let next = tree[at].next(row[feature]);
                moves[feature] += f64::from(means[next]) - f64::from(means[at]);
                at = next;
            }
        }
    }

    fn add_paths(&self, rows: &Rows, means: &NodeMeans, contributions: &mut [f64]) {
        let (width, columns) = (self.width, self.width + 1);
        let block = if self.nodes.len() <= FITTING { FEW_ROWS } else { MANY_ROWS };
        // Each row behind what leaves ask for, which nothing moves.
        let mut copies = vec![f32::NAN; columns * block.min(rows.len().next_multiple_of(LANES))];
        let mut moves = vec![0.0; copies.len()];
        for (rows, contributions) in
            rows.values().chunks(block * width).zip(contributions.chunks_mut(block * width))
        {
            moves.fill(0.0);
            let places = copies.chunks_exact_mut(columns);
            places.zip(rows.chunks_exact(width)).for_each(|(copy, row)| copy[1..].copy_from_slice(row));
            let groups = rows.len().div_ceil(LANES * width);
            for index in 0..self.trees() {
                let (tree, means) = (self.tree(index), &means.means[self.bounds(index)]);
                let moves = moves.chunks_exact_mut(LANES * columns);
                for (rows, moves) in copies.chunks_exact(LANES * columns).zip(moves).take(groups) {
                    paths_of_rows(tree, means, rows, width, moves);
                }
            }
            let moves = moves.chunks_exact(columns);
            contributions
                .chunks_exact_mut(width)
                .zip(moves)
                .for_each(|(of, moves)| of.copy_from_slice(&moves[1..]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EnsembleBuilder, TreeNode};
    use super::*;

    #[test]
    fn the_path_adds_up_to_the_margin_and_knows_what_it_asked() {
        let split = |feature, threshold, left, right| TreeNode::Split {
            feature,
            threshold,
            missing_left: feature == 1,
            left,
            right,
        };
        let leaf = |value, cover| TreeNode::Leaf { value, cover };
        let nodes =
            [split(0, 0.5, 1, 2), leaf(-1.0, 6.0), split(1, 0.5, 3, 4), leaf(0.5, 1.0), leaf(2.0, 3.0)];
        let mut builder =
            EnsembleBuilder::new(3, Combination::Sum { base: 0.25 }).expect("three values to a row");
        builder.add(&nodes).expect("a tree");
        builder.add(&[leaf(0.1, 10.0)]).expect("a tree");
        let ensemble = builder.finish().expect("two trees");
        let means = ensemble.node_means();
        let alone = |row: &[f32]| {
            let row = Rows::new(row.to_vec(), 3).expect("a row");
            ensemble.path_contributions(&row, &means)
        };
        let rows = [[0.0, 1.0, 9.0], [1.0, 0.0, 9.0], [1.0, 1.0, 9.0], [f32::NAN; 3]];
        for row in rows {
            let contributions = alone(&row);
            let sum = ensemble.expected_margin() + contributions.iter().sum::<f64>();
            assert!((sum - ensemble.margin(&row)).abs() < 1e-6, "{row:?}");
            assert_eq!(contributions[2], 0.0);
        }
        // Below the right child: (0.5 + 3 · 2) / 4 = 1.625; all: (-6 + 4 · 1.625) / 10 = 0.05.
        let contributions = alone(&[1.0, 1.0, 0.0]);
        assert!((contributions[0] - 1.575).abs() < 1e-6 && (contributions[1] - 0.375).abs() < 1e-6);
        // Many rows at a time, more than pass a tree at once.
        let many = Rows::new(rows.concat().repeat(401), 3).expect("whole rows");
        let expected: Vec<f64> = many.iter().flat_map(alone).collect();
        assert_eq!(ensemble.path_contributions(&many, &means), expected);
    }
}
