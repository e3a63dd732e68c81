//! Trees of any origin become an ensemble.

use super::node::{MAX_DEPTH, MAX_LEAVES, MAX_WIDTH, Node, ROOT};
use super::ranks::Ranks;
use super::{Combination, Ensemble, EnsembleError};

/// One node of a tree that is put together: the first of a tree is its root, the others may come in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TreeNode {
    /// Sends rows to one of two other nodes.
    Split {
        /// Which value of a row is compared.
        feature: u32,
        /// Values up to this one go left; finite.
        threshold: f32,
        /// Whether missing values go left.
        missing_left: bool,
        /// Index of the left child.
        left: u32,
        /// Index of the right child.
        right: u32,
    },
    /// Ends a walk.
    Leaf {
        /// Log-odds, a vote's weight or a probability, as the ensemble combines them; finite.
        value: f32,
        /// Weight of the training rows that reached it; above 0 and finite.
        cover: f32,
    },
}

/// Puts trees together.
#[derive(Debug)]
pub struct EnsembleBuilder {
    ensemble: Ensemble,
    /// Each node's rank, where the trees came with one.
    ranks: Vec<u8>,
}

impl EnsembleBuilder {
    /// Begins an ensemble for rows of `width` values.
    ///
    /// # Errors
    /// [`EnsembleError::Width`] and [`EnsembleError::Base`] for what cannot be served.
    pub fn new(width: usize, combination: Combination) -> Result<Self, EnsembleError> {
        if !(1..=MAX_WIDTH).contains(&width) {
            return Err(EnsembleError::Width { width, most: MAX_WIDTH });
        }
        if let Combination::Sum { base } = combination
            && !base.is_finite()
        {
            return Err(EnsembleError::Base(base));
        }
        let (nodes, covers) = (Vec::new().into(), Vec::new().into());
        let ensemble = Ensemble { width, combination, depth: 0, bounds: vec![0], nodes, covers, ranks: None };
        Ok(Self { ensemble, ranks: Vec::new() })
    }

    /// Adds a tree.
    ///
    /// # Errors
    /// [`EnsembleError::Tree`] unless the nodes are one tree with finite values, within [`MAX_DEPTH`] and [`MAX_LEAVES`].
    pub fn add(&mut self, nodes: &[TreeNode]) -> Result<(), EnsembleError> {
        let tree = self.ensemble.trees();
        let mut layout = Layout::default();
        let mut open = vec![0_u32];
        while let Some(index) = open.pop() {
            let fault = |reason| EnsembleError::Tree { tree, reason };
            let node = nodes.get(index as usize).ok_or(fault("a child lies outside"))?;
            if layout.placed() == nodes.len() {
                return Err(fault("a node has two parents"));
            }
            layout.place(node, 0, self.ensemble.width).map_err(fault)?;
            if let TreeNode::Split { left, right, .. } = *node {
                open.extend([right, left]);
            }
        }
        if layout.placed() != nodes.len() {
            return Err(EnsembleError::Tree { tree, reason: "a node has no parent" });
        }
        self.append(layout)
    }

    /// Adds a tree that is laid out.
    pub(super) fn append(&mut self, mut layout: Layout) -> Result<(), EnsembleError> {
        let tree = self.ensemble.trees();
        self.ranks.append(&mut layout.ranks);
        layout.append(&mut self.ensemble).map_err(|reason| EnsembleError::Tree { tree, reason })
    }

    /// The ensemble.
    ///
    /// # Errors
    /// [`EnsembleError::Empty`] without a tree.
    pub fn finish(mut self) -> Result<Ensemble, EnsembleError> {
        self.ensemble.ranks = Ranks::of(&self.ensemble);
        self.whole()
    }

    /// [`Self::finish`], where the trees came with the ranks of their thresholds among `cuts`, each feature's ascending.
    pub(super) fn finish_ranked(mut self, cuts: &[Vec<f32>]) -> Result<Ensemble, EnsembleError> {
        let ranks = std::mem::take(&mut self.ranks);
        self.ensemble.ranks = Ranks::pay(&self.ensemble).then(|| Ranks::new(cuts, ranks.into()));
        self.whole()
    }

    fn whole(self) -> Result<Ensemble, EnsembleError> {
        if self.ensemble.trees() == 0 { Err(EnsembleError::Empty) } else { Ok(self.ensemble) }
    }
}

/// Lays out one tree from its nodes in pre-order: root, left subtree, right subtree.
#[derive(Default)]
pub(super) struct Layout {
    nodes: Vec<Node>,
    covers: Vec<f32>,
    ranks: Vec<u8>,
    /// Places that wait for their node, with their depth; the next one last.
    open: Vec<(usize, usize)>,
    placed: usize,
    depth: usize,
}

impl Layout {
    /// Nodes placed so far.
    pub fn placed(&self) -> usize {
        self.placed
    }

    /// Whether the tree is whole.
    pub fn is_complete(&self) -> bool {
        self.placed > 0 && self.open.is_empty()
    }

    /// Puts the next node, of which the indices of its children do not matter, into its place. `rank` is its threshold's,
    /// where ranks are known.
    pub fn place(&mut self, node: &TreeNode, rank: u8, width: usize) -> Result<(), &'static str> {
        if self.placed == 0 {
            self.push_pair();
            self.open.push((ROOT, 0));
        }
        let (at, depth) = self.open.pop().ok_or("it goes on behind its end")?;
        self.placed += 1;
        self.ranks[at] = rank;
        match *node {
            TreeNode::Leaf { value, cover } => {
                if !value.is_finite() {
                    return Err("a leaf is not finite");
                }
                if !(cover.is_finite() && cover > 0.0) {
                    return Err("a leaf covers nothing");
                }
                self.nodes[at] = Node::leaf(value, at);
                self.covers[at] = cover;
            }
            TreeNode::Split { feature, threshold, missing_left, .. } => {
                let feature = feature as usize;
                if feature >= width {
                    return Err("a split names a value outside the row");
                }
                if !threshold.is_finite() {
                    return Err("a threshold is not finite");
                }
                if depth == MAX_DEPTH {
                    return Err("it is too deep");
                }
                let left = self.nodes.len();
                if left / 2 >= MAX_LEAVES {
                    return Err("it has too many leaves");
                }
                self.nodes[at] = Node::split(feature, threshold, missing_left, left);
                self.depth = self.depth.max(depth + 1);
                self.push_pair();
                self.open.extend([(left + 1, depth + 1), (left, depth + 1)]);
            }
        }
        Ok(())
    }

    fn push_pair(&mut self) {
        let left = self.nodes.len();
        self.nodes.extend([left, left + 1].map(|at| Node::leaf(0.0, at)));
        self.covers.extend([0.0; 2]);
        self.ranks.extend([0; 2]);
    }

    /// Adds the finished tree to an ensemble.
    fn append(mut self, ensemble: &mut Ensemble) -> Result<(), &'static str> {
        if !self.is_complete() {
            return Err("it ends early");
        }
        // Children lie behind their parent, so that backwards they come first.
        for at in (0..self.nodes.len()).rev().filter(|at| !self.nodes[*at].is_leaf()) {
            let left = self.nodes[at].left();
            self.covers[at] = self.covers[left] + self.covers[left + 1];
        }
        if !self.covers[ROOT].is_finite() {
            return Err("it covers more than can be counted");
        }
        let end =
            u32::try_from(ensemble.nodes.len() + self.nodes.len()).map_err(|_| "the nodes are too many")?;
        ensemble.nodes.to_mut().append(&mut self.nodes);
        ensemble.covers.to_mut().append(&mut self.covers);
        ensemble.bounds.push(end);
        ensemble.depth = ensemble.depth.max(self.depth);
        Ok(())
    }
}
