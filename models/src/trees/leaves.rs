//! The leaves of a tree as rules that people can read.

use super::Ensemble;
use super::node::ROOT;

/// The way to a leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Questions on the way, from the root.
    pub conditions: Vec<Condition>,
    /// What the leaf says.
    pub value: f32,
    /// Weight of the training rows that reached it.
    pub cover: f32,
}

/// One question on the way to a leaf, with its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Value that is compared.
    pub feature: usize,
    /// With what.
    pub threshold: f32,
    /// Whether it is at most the threshold, rather than above it.
    pub at_most: bool,
    /// Whether a missing value takes this way.
    pub or_missing: bool,
}

impl Ensemble {
    /// The leaves of a tree, from left to right.
    #[must_use]
    pub fn leaves(&self, tree: usize) -> Vec<Leaf> {
        let (nodes, covers) = (self.tree(tree), self.tree_covers(tree));
        let mut leaves = Vec::new();
        let mut open = vec![(ROOT, Vec::new())];
        while let Some((at, conditions)) = open.pop() {
            let node = nodes[at];
            if node.is_leaf() {
                leaves.push(Leaf { conditions, value: node.value, cover: covers[at] });
                continue;
            }
            for at_most in [false, true] {
                let condition = Condition {
                    feature: node.feature(),
                    threshold: node.value,
                    at_most,
                    or_missing: node.missing_left() == at_most,
                };
                let child = node.left() + usize::from(!at_most);
                open.push((child, [&conditions[..], &[condition]].concat()));
            }
        }
        leaves
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Combination, EnsembleBuilder, TreeNode};

    #[test]
    fn leaves_are_told_by_the_way_to_them() {
        let nodes = [
            TreeNode::Split { feature: 1, threshold: 0.5, missing_left: false, left: 1, right: 2 },
            TreeNode::Leaf { value: 0.25, cover: 3.0 },
            TreeNode::Leaf { value: 0.75, cover: 4.0 },
        ];
        let mut builder = EnsembleBuilder::new(2, Combination::Mean).expect("two values to a row");
        builder.add(&nodes).expect("a tree");
        let leaves = builder.finish().expect("a tree").leaves(0);
        let told: Vec<(f32, f32, bool, bool)> = leaves
            .iter()
            .map(|leaf| (leaf.value, leaf.cover, leaf.conditions[0].at_most, leaf.conditions[0].or_missing))
            .collect();
        assert_eq!(told, [(0.25, 3.0, true, false), (0.75, 4.0, false, true)]);
    }
}
