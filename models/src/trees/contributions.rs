//! Which values of a row moved its margin: Shapley values along the trees' paths (path-dependent TreeSHAP, Lundberg et al.,
//! "From local explanations to global understanding with explainable AI for trees", 2020).
//!
//! With a set `S` of known values, a leaf counts with the product, over the features on its path, of `o` for known features
//! (1 if the row stays on the path there, else 0) and of `z` for unknown ones (the share of the training rows that stay).
//! A Shapley value is the integral of the game's multilinear extension (Owen, "Multilinear extensions of games", 1972):
//!
//! ```text
//! contribution of i = Σ over leaves  value · (o_i - z_i) · ∫₀¹ Π_{j≠i} (t·o_j + (1-t)·z_j) dt
//! ```
//!
//! The integrand is a polynomial in `t` of a degree below the number of features on the path, so that a few quadrature points
//! give the integral exactly; and all its factors are at least 0, so that nothing cancels. One walk over the tree carries the
//! product down and the sums up, at all points at once: time grows with leaves × depth, where the published algorithm takes
//! leaves × depth².

use super::node::{Node, ROOT};
use super::quadrature::gauss_legendre;
use super::{Combination, Ensemble};

impl Ensemble {
    /// What the margin is on average over the training rows, as the paths know them: what contributions start from.
    #[must_use]
    pub fn expected_margin(&self) -> f64 {
        let sum =
            (0..self.trees()).map(|index| expected_leaf(self.tree(index), self.tree_covers(index))).sum();
        self.combine(sum)
    }

    /// How far each value of a row moves the margin away from [`Self::expected_margin`]; the sum of both is the margin. For
    /// forests the margin is the mean probability.
    #[must_use]
    pub fn contributions(&self, row: &[f32]) -> Vec<f64> {
        debug_assert_eq!(row.len(), self.width);
        // `n` points are exact up to degree `2n - 1`, and the degree is below the number of features on a path.
        let mut contributions = match self.depth.min(self.width).div_ceil(2) {
            0..=4 => self.sum_contributions::<4>(row),
            5..=8 => self.sum_contributions::<8>(row),
            9..=12 => self.sum_contributions::<12>(row),
            13..=16 => self.sum_contributions::<16>(row),
            _ => self.sum_contributions::<32>(row),
        };
        if self.combination == Combination::Mean {
            contributions.iter_mut().for_each(|value| *value /= self.trees() as f64);
        }
        contributions
    }

    fn sum_contributions<const POINTS: usize>(&self, row: &[f32]) -> Vec<f64> {
        let (points, weights) = gauss_legendre::<POINTS>();
        let contributions = vec![0.0; self.width];
        let factors = vec![Factor::ABSENT; self.width];
        let mut walk = Walk { row, points, weights, tree: &[], covers: &[], factors, contributions };
        for index in 0..self.trees() {
            walk.tree = self.tree(index);
            walk.covers = self.tree_covers(index);
            walk.visit(ROOT, &[1.0; POINTS]);
        }
        walk.contributions
    }

    pub(super) fn tree_covers(&self, index: usize) -> &[f32] {
        &self.covers[self.bounds[index] as usize..self.bounds[index + 1] as usize]
    }
}

fn expected_leaf(tree: &[Node], covers: &[f32]) -> f64 {
    let mut expected = vec![0.0; tree.len()];
    // Children lie behind their parent, so that backwards they come first.
    for (at, node) in tree.iter().enumerate().rev() {
        expected[at] = if node.is_leaf() {
            f64::from(node.value)
        } else {
            let left = node.left();
            expected[left] * share(covers, left, left) + expected[left + 1] * share(covers, left, left + 1)
        };
    }
    expected[ROOT]
}

/// The part of a split's training rows that go to `child`, of which `left` is the left one.
pub(super) fn share(covers: &[f32], left: usize, child: usize) -> f64 {
    f64::from(covers[child]) / (f64::from(covers[left]) + f64::from(covers[left + 1]))
}

/// A feature's factor on a path.
#[derive(Clone, Copy)]
struct Factor {
    /// With the feature known: whether the row stays on the path.
    known: f64,
    /// With the feature unknown: the share of the training rows that stay.
    unknown: f64,
}

impl Factor {
    /// Of a feature that the path does not ask.
    const ABSENT: Self = Self { known: 1.0, unknown: 1.0 };

    /// The factor where a feature is known with probability `t`; above 0, because no point lies at 1.
    fn at<const POINTS: usize>(self, points: &[f64; POINTS]) -> [f64; POINTS] {
        points.map(|t| t * self.known + (1.0 - t) * self.unknown)
    }

    fn effect(self) -> f64 {
        self.known - self.unknown
    }
}

struct Walk<'a, const POINTS: usize> {
    row: &'a [f32],
    points: [f64; POINTS],
    weights: [f64; POINTS],
    tree: &'a [Node],
    covers: &'a [f32],
    /// Each feature's factor on the path to the node at hand.
    factors: Vec<Factor>,
    contributions: Vec<f64>,
}

impl<const POINTS: usize> Walk<'_, POINTS> {
    /// From the product of the factors on the path to a node, the sum over the leaves below of value times product.
    fn visit(&mut self, at: usize, product: &[f64; POINTS]) -> [f64; POINTS] {
        let node = self.tree[at];
        if node.is_leaf() {
            return product.map(|factor| factor * f64::from(node.value));
        }
        let (feature, left) = (node.feature(), node.left());
        let stays_in = left + usize::from(node.goes_right(self.row[feature]));
        let before = self.factors[feature];
        let factors_before = before.at(&self.points);
        let without: [f64; POINTS] = std::array::from_fn(|point| product[point] / factors_before[point]);
        let mut sums = [0.0; POINTS];
        for child in [left, left + 1] {
            let after = Factor {
                known: if child == stays_in { before.known } else { 0.0 },
                unknown: (before.unknown * share(self.covers, left, child)).max(f64::MIN_POSITIVE),
            };
            let factors_after = after.at(&self.points);
            let product = std::array::from_fn(|point| without[point] * factors_after[point]);
            self.factors[feature] = after;
            let below = self.visit(child, &product);
            // The leaves below are this split's; an earlier split on the same feature will count them as its own.
            let mut integral = 0.0;
            for point in 0..POINTS {
                let (now, earlier) = (factors_after[point], factors_before[point]);
                let difference = after.effect() / now - before.effect() / earlier;
                integral += self.weights[point] * below[point] * difference;
                sums[point] += below[point];
            }
            self.contributions[feature] += integral;
        }
        self.factors[feature] = before;
        sums
    }
}
