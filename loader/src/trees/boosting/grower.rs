//! Growing one tree of a boosted sum.

use std::ops::Range;

use botdet_models::trees::TreeNode;

use super::super::bins::Binned;
use super::gradients::{Gradients, Pair};
use super::histogram::{Histogram, Words};
use super::params::{BoostingParams, Growth};
use super::split::{Bounds, Finder, Split};

/// A tree, and which rows reached which of its leaves.
pub(super) struct Grown {
    pub nodes: Vec<TreeNode>,
    /// Value of each leaf, and where its rows are.
    pub leaves: Vec<(f32, Range<usize>)>,
}

/// Grows trees, one at a time.
pub(super) struct Grower<'a> {
    params: &'a BoostingParams,
    binned: &'a Binned,
    words: Words,
    threads: usize,
    /// The rows of the tree, those of a node side by side.
    pub rows: Vec<u32>,
    spare: Vec<u32>,
    gathered: Vec<Pair>,
    pool: Vec<Histogram>,
}

/// A leaf that may yet be split.
struct Open {
    node: usize,
    rows: Range<usize>,
    depth: usize,
    total: Pair,
    bounds: Bounds,
    /// The best split, with the sums that it was found in.
    split: Option<(Split, Histogram)>,
}

impl<'a> Grower<'a> {
    pub fn new(params: &'a BoostingParams, binned: &'a Binned, threads: usize) -> Self {
        let (rows, spare, gathered, pool) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { params, binned, words: Words::new(binned, threads), threads, rows, spare, gathered, pool }
    }

    /// Grows a tree on `self.rows` and the given columns. What splits gain is added to their columns' `gains`.
    pub fn grow(&mut self, gradients: &Gradients, features: &[usize], gains: &mut [f64]) -> Grown {
        let (params, binned) = (self.params, self.binned);
        let finder = Finder::new(params, binned, gradients);
        let mut nodes = vec![TreeNode::Leaf { value: 0.0, cover: 0.0 }];
        let mut leaves = Vec::new();
        let mut open = vec![self.root(&finder, gradients, features)];
        while let Some(next) = next(&open, params.growth) {
            // In order of age, so that the oldest of the least deep comes first.
            let mut at = open.remove(next);
            let full = leaves.len() + open.len() + 1 >= params.leaves;
            let Some((split, histogram)) = at.split.take_if(|_| !full) else {
                self.pool.extend(at.split.map(|(_, histogram)| histogram));
                let value = (finder.weight(at.total, at.bounds) * params.learning_rate) as f32;
                let cover = finder.hessian(at.total).max(f64::from(f32::MIN_POSITIVE)) as f32;
                nodes[at.node] = TreeNode::Leaf { value, cover };
                leaves.push((value, at.rows));
                continue;
            };
            gains[split.feature] += split.gain;
            let left = nodes.len();
            nodes[at.node] = TreeNode::Split {
                feature: split.feature as u32,
                threshold: binned.threshold(split.feature, split.bin),
                missing_left: split.missing_left,
                left: left as u32,
                right: left as u32 + 1,
            };
            nodes.resize(left + 2, TreeNode::Leaf { value: 0.0, cover: 0.0 });
            let mut children = self.part(&finder, gradients, at, split, left);
            self.look_for_splits(&finder, gradients, features, &mut children, histogram);
            open.extend(children);
        }
        Grown { nodes, leaves }
    }

    fn root(&mut self, finder: &Finder<'_>, gradients: &Gradients, features: &[usize]) -> Open {
        self.spare.resize(self.rows.len(), 0);
        self.gathered.resize(self.rows.len(), Pair::default());
        let mut histogram = self.pool.pop().unwrap_or_else(|| Histogram::new(&self.words));
        let total = if self.rows.len() == self.binned.rows() {
            histogram.fill(&self.words, &gradients.pairs, self.threads);
            gradients.pairs.iter().copied().sum()
        } else {
            self.fill(&mut histogram, 0..self.rows.len(), gradients);
            self.rows.iter().map(|row| gradients.pairs[*row as usize]).sum()
        };
        let rows = 0..self.rows.len();
        let mut root = Open { node: 0, rows, depth: 0, total, bounds: Bounds::NONE, split: None };
        self.look_for_split(finder, features, &mut root, histogram);
        root
    }

    /// Sums up the rows of a node.
    fn fill(&mut self, histogram: &mut Histogram, rows: Range<usize>, gradients: &Gradients) {
        let rows = &self.rows[rows];
        let gathered = &mut self.gathered[..rows.len()];
        gathered.iter_mut().zip(rows).for_each(|(pair, row)| *pair = gradients.pairs[*row as usize]);
        histogram.fill_from(&self.words, rows, gathered, self.threads);
    }

    /// Puts the rows that go left before those that go right, both in their order.
    fn part(
        &mut self,
        finder: &Finder<'_>,
        gradients: &Gradients,
        at: Open,
        split: Split,
        node: usize,
    ) -> [Open; 2] {
        let column = self.binned.column(split.feature);
        let rows = &mut self.rows[at.rows.clone()];
        let (mut kept, mut moved, mut left) = (0, 0, Pair::default());
        for index in 0..rows.len() {
            let row = rows[index];
            let goes_left = split.takes_left(column[row as usize]);
            rows[kept] = row;
            self.spare[moved] = row;
            kept += usize::from(goes_left);
            moved += usize::from(!goes_left);
            if goes_left {
                left = left + gradients.pairs[row as usize];
            }
        }
        rows[kept..].copy_from_slice(&self.spare[..moved]);
        let (middle, right) = (at.rows.start + kept, at.total - left);
        let (left_bounds, right_bounds) = finder.bounds_below(split, left, right, at.bounds);
        let child =
            |node, rows, total, bounds| Open { node, rows, depth: at.depth + 1, total, bounds, split: None };
        [
            child(node, at.rows.start..middle, left, left_bounds),
            child(node + 1, middle..at.rows.end, right, right_bounds),
        ]
    }

    /// Finds both children's best splits. The smaller one is summed up; the larger one is what is left of their parent.
    fn look_for_splits(
        &mut self,
        finder: &Finder<'_>,
        gradients: &Gradients,
        features: &[usize],
        children: &mut [Open; 2],
        mut parent: Histogram,
    ) {
        let open = |child: &Open| child.depth < self.params.depth && finder.is_worth_a_look(child.total);
        if !children.iter().any(open) {
            self.pool.push(parent);
            return;
        }
        let [first, second] = children;
        let (small, large) =
            if first.rows.len() <= second.rows.len() { (first, second) } else { (second, first) };
        let mut part = self.pool.pop().unwrap_or_else(|| Histogram::new(&self.words));
        self.fill(&mut part, small.rows.clone(), gradients);
        parent.subtract(&part);
        self.look_for_split(finder, features, small, part);
        self.look_for_split(finder, features, large, parent);
    }

    fn look_for_split(
        &mut self,
        finder: &Finder<'_>,
        features: &[usize],
        at: &mut Open,
        histogram: Histogram,
    ) {
        let open = at.depth < self.params.depth && finder.is_worth_a_look(at.total);
        match open.then(|| finder.best(&histogram, features, at.total, at.bounds)).flatten() {
            Some(split) => at.split = Some((split, histogram)),
            None => self.pool.push(histogram),
        }
    }
}

/// Which leaf comes next.
fn next(open: &[Open], growth: Growth) -> Option<usize> {
    let gain = |index: &usize| open[*index].split.as_ref().map_or(0.0, |(split, _)| split.gain);
    match growth {
        Growth::DepthWise => (!open.is_empty()).then_some(0),
        Growth::LeafWise => (0..open.len()).rev().max_by(|a, b| gain(a).total_cmp(&gain(b))),
    }
}
