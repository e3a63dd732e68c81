//! From rows to sums of leaves, in the order of the trees whichever way is taken.

use super::Ensemble;
use super::node::{Node, ROOT};
use super::ranks::Ranks;
use super::step::{LANES, tree_of_ranks, tree_of_rows, trees_of_row};
use crate::rows::Rows;

/// Rows that pass a tree before the next tree comes, all of them in a processor core's cache.
const BLOCK: usize = 256;
/// And where they are ranked, which makes them small: more rows share what it costs to bring a tree there.
const RANKED_BLOCK: usize = 4096;
/// Rows from which on most of a tree will be needed.
const MANY: usize = 256;

impl Ensemble {
    /// Sum of the leaves that a row reaches, in the order of the trees.
    pub(super) fn sum_of_leaves(&self, row: &[f32]) -> f64 {
        // Those of the leaves first.
        let entries: Vec<f32> =
            std::iter::once(&f32::NAN).chain(row).flat_map(|value| entries(*value)).collect();
        let (groups, others) = self.bounds[..self.trees()].as_chunks::<LANES>();
        let mut sum = 0.0;
        for trees in groups {
            let leaves = trees_of_row(&self.nodes, trees, &entries, self.width);
            sum = leaves.into_iter().fold(sum, |sum, leaf| sum + f64::from(leaf));
        }
        for first in others {
            sum += f64::from(leaf(&self.nodes[*first as usize..], &entries));
        }
        sum
    }

    /// Adds to each row's sum the leaves that it reaches, in the order of the trees.
    pub(super) fn add_leaves(&self, rows: &Rows, sums: &mut [f64]) {
        match &self.ranks {
            _ if rows.len() < LANES => {
                rows.iter().zip(sums).for_each(|(row, sum)| *sum = self.sum_of_leaves(row));
            }
            Some(ranks) => self.add_leaves_by_rank(rows, ranks, sums),
            None => self.add_leaves_by_value(rows, sums),
        }
    }

    fn add_leaves_by_value(&self, rows: &Rows, sums: &mut [f64]) {
        let width = self.width;
        // Each row behind what leaves ask for. The last rows may be ones that are not there.
        let mut copies = vec![f32::NAN; (width + 1) * BLOCK.min(rows.len().next_multiple_of(LANES))];
        for (rows, sums) in rows.values().chunks(BLOCK * width).zip(sums.chunks_mut(BLOCK)) {
            for (copy, row) in copies.chunks_exact_mut(width + 1).zip(rows.chunks_exact(width)) {
                copy[1..].copy_from_slice(row);
            }
            for tree in (0..self.trees()).map(|index| self.tree(index)) {
                for (group, sums) in copies.chunks_exact(LANES * (width + 1)).zip(sums.chunks_mut(LANES)) {
                    add(sums, tree_of_rows(tree, group, width));
                }
            }
        }
    }

    fn add_leaves_by_rank(&self, rows: &Rows, ranks: &Ranks, sums: &mut [f64]) {
        let width = self.width;
        let mut groups = ranks.room(rows.len().min(RANKED_BLOCK));
        for (rows, sums) in rows.values().chunks(RANKED_BLOCK * width).zip(sums.chunks_mut(RANKED_BLOCK)) {
            ranks.rank(rows, &mut groups);
            for index in 0..self.trees() {
                let (tree, ranks) = (self.tree(index), &ranks.of_nodes()[self.bounds(index)]);
                if sums.len() >= MANY {
                    fetch(tree, ranks);
                }
                for (group, sums) in groups.chunks_exact(Ranks::entries(width)).zip(sums.chunks_mut(LANES)) {
                    add(sums, tree_of_ranks(tree, ranks, group, width));
                }
            }
        }
    }
}

/// A value as it is compared where missing values go right, and where they go left.
fn entries(value: f32) -> [f32; 2] {
    if value.is_nan() { [f32::INFINITY, f32::NEG_INFINITY] } else { [value; 2] }
}

/// The value of the leaf that a row reaches.
fn leaf(tree: &[Node], entries: &[f32]) -> f32 {
    let mut node = tree[ROOT];
    while !node.is_leaf() {
        node = tree[node.left() + usize::from(entries[node.entry()] > node.value)];
    }
    node.value
}

fn add(sums: &mut [f64], leaves: [f32; LANES]) {
    sums.iter_mut().zip(leaves).for_each(|(sum, leaf)| *sum += f64::from(leaf));
}

/// Reads a tree from end to end, one node a cache line: memory gives it faster in order than as walks ask for it.
fn fetch(tree: &[Node], ranks: &[u8]) {
    let links = tree.iter().step_by(64 / size_of::<Node>()).fold(0, |sum, node| sum ^ node.entry());
    std::hint::black_box(ranks.iter().step_by(64).fold(links, |sum, rank| sum ^ usize::from(*rank)));
}
