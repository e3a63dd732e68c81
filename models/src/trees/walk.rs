//! From rows to leaves, eight walks in step.

use super::Ensemble;
use super::node::Node;
use crate::rows::Rows;

/// Walks in step: enough to hide the wait for memory, few enough to stay in registers.
const LANES: usize = 8;
/// Rows that pass a tree before the next tree comes: tree and rows stay in the cache together.
const BLOCK: usize = 256;

impl Ensemble {
    /// Sum of the leaves that a row reaches, in the order of the trees.
    pub(super) fn sum_of_leaves(&self, row: &[f32]) -> f64 {
        let mut sum = 0.0;
        let mut bounds = &self.bounds[..];
        while bounds.len() > LANES {
            let trees: [&[Node]; LANES] =
                std::array::from_fn(|lane| &self.nodes[bounds[lane] as usize..bounds[lane + 1] as usize]);
            for value in leaves(|lane| trees[lane], |_| row) {
                sum += f64::from(value);
            }
            bounds = &bounds[LANES..];
        }
        for tree in bounds.windows(2) {
            sum += f64::from(leaf(&self.nodes[tree[0] as usize..tree[1] as usize], row));
        }
        sum
    }

    /// Adds to each row's sum the leaves that it reaches, in the order of the trees.
    pub(super) fn add_leaves(&self, rows: &Rows, sums: &mut [f64]) {
        let width = self.width;
        for (rows, sums) in rows.values().chunks(BLOCK * width).zip(sums.chunks_mut(BLOCK)) {
            for tree in (0..self.trees()).map(|index| self.tree(index)) {
                let mut groups = rows.chunks_exact(LANES * width);
                let mut sums = sums.chunks_exact_mut(LANES);
                for (rows, sums) in (&mut groups).zip(&mut sums) {
                    let rows: [&[f32]; LANES] =
                        std::array::from_fn(|lane| &rows[lane * width..(lane + 1) * width]);
                    for (sum, value) in sums.iter_mut().zip(leaves(|_| tree, |lane| rows[lane])) {
                        *sum += f64::from(value);
                    }
                }
                for (row, sum) in groups.remainder().chunks_exact(width).zip(sums.into_remainder()) {
                    *sum += f64::from(leaf(tree, row));
                }
            }
        }
    }
}

/// The value of the leaf that a row reaches.
fn leaf(tree: &[Node], row: &[f32]) -> f32 {
    let mut node = tree[0];
    while !node.is_leaf() {
        node = tree[node.next(0, row[node.feature()])];
    }
    node.value
}

/// [`leaf`] for as many pairs of a tree and a row as there are lanes.
#[inline(always)]
fn leaves<'a>(tree: impl Fn(usize) -> &'a [Node], row: impl Fn(usize) -> &'a [f32]) -> [f32; LANES] {
    let mut at = [0; LANES];
    loop {
        let mut moved = false;
        for lane in 0..LANES {
            let node = tree(lane)[at[lane]];
            moved |= !node.is_leaf();
            at[lane] = node.next(at[lane], row(lane)[node.feature()]);
        }
        if !moved {
            return std::array::from_fn(|lane| tree(lane)[at[lane]].value);
        }
    }
}
