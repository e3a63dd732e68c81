//! From rows to leaves, eight walks in step.
//!
//! Rows are laid out for the walk first, with two entries a value: one that sends a missing value right, and one that sends it
//! left. A node names the entry, so that a step need not ask whether a value is missing.

use super::Ensemble;
use super::node::Node;
use crate::rows::Rows;

/// Walks in step: enough to hide the wait for memory, few enough to stay in registers.
const LANES: usize = 8;
/// Rows that pass a tree before the next tree comes, where all trees fit into a processor core's cache together with them.
const FEW_ROWS: usize = 256;
/// And where they do not: more rows share what it costs to bring a tree there.
const MANY_ROWS: usize = 2048;
/// Nodes that fit.
const FITTING: usize = 1 << 15;

impl Ensemble {
    /// Sum of the leaves that a row reaches, in the order of the trees.
    pub(super) fn sum_of_leaves(&self, row: &[f32]) -> f64 {
        let entries: Vec<f32> = row.iter().flat_map(|value| entries(*value)).collect();
        let mut sum = 0.0;
        let mut groups = self.bounds[..self.trees()].chunks_exact(LANES);
        for roots in &mut groups {
            let root = |lane: usize| roots[lane] as usize;
            let leaves = leaves(&self.nodes, root, |_, entry| entries[entry]);
            sum = leaves.into_iter().fold(sum, |sum, leaf| sum + f64::from(leaf));
        }
        for root in groups.remainder() {
            sum += f64::from(leaf(&self.nodes[*root as usize..], &entries));
        }
        sum
    }

    /// Adds to each row's sum the leaves that it reaches, in the order of the trees.
    pub(super) fn add_leaves(&self, rows: &Rows, sums: &mut [f64]) {
        let width = self.width;
        let block = if self.nodes.len() <= FITTING { FEW_ROWS } else { MANY_ROWS }.min(rows.len().max(1));
        let mut lanes = vec![[0.0; LANES]; 2 * width * block.div_ceil(LANES)];
        for (rows, sums) in rows.values().chunks(block * width).zip(sums.chunks_mut(block)) {
            for (index, row) in rows.chunks_exact(width).enumerate() {
                let group = &mut lanes[2 * width * (index / LANES)..][..2 * width];
                for (places, value) in group.chunks_exact_mut(2).zip(row) {
                    [places[0][index % LANES], places[1][index % LANES]] = entries(*value);
                }
            }
            for tree in (0..self.trees()).map(|index| self.tree(index)) {
                for (group, sums) in lanes.chunks_exact(2 * width).zip(sums.chunks_mut(LANES)) {
                    // The last group may hold fewer rows, and what other ones left behind.
                    let leaves = leaves(tree, |_| 0, |lane, entry| group[entry][lane]);
                    sums.iter_mut().zip(leaves).for_each(|(sum, leaf)| *sum += f64::from(leaf));
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
    let mut node = tree[0];
    while !node.is_leaf() {
        node = tree[node.next(0, entries[node.entry()])];
    }
    node.value
}

/// [`leaf`] for as many pairs of a tree and a row as there are lanes.
#[inline(always)]
fn leaves(
    nodes: &[Node],
    root: impl Fn(usize) -> usize,
    entry: impl Fn(usize, usize) -> f32,
) -> [f32; LANES] {
    let mut at = [0; LANES];
    loop {
        let mut moved = false;
        for (lane, at) in at.iter_mut().enumerate() {
            let node = nodes[root(lane) + *at];
            moved |= !node.is_leaf();
            *at = node.next(*at, entry(lane, node.entry()));
        }
        if !moved {
            return std::array::from_fn(|lane| nodes[root(lane) + at[lane]].value);
        }
    }
}
