//! Probabilities with their uncertainty from isotonic fits alone.

use serde::{Deserialize, Serialize};

use super::likelihood::likelihood_bounds;
use super::pooling::Groups;
use super::steps::{Side, Steps};
use super::{CalibrationError, check_labels};

/// Inductive Venn-Abers predictor (Vovk, Petej & Fedorova, "Large-scale probabilistic predictors with and without
/// guarantees of validity", NIPS 2015).
///
/// A score gets two probabilities: the heights there of two isotonic fits, to which the score itself was added as a
/// human and as a bot. One of the two is calibrated, whatever the scores are. Both change only at scores seen in the
/// fit and are worked out for all of them then (O(n log n)), so that an answer is a search among steps.
///
/// The two lie too close together to be an interval of the probability: they tell of one account more or less. That
/// interval is the set of probabilities that a likelihood ratio test does not refuse (Banerjee & Wellner, "Likelihood
/// ratio tests for monotone functions", Annals of Statistics 2001), joined with the two.
///
/// What is stored is rounded outward: to four significant digits, and to at most 500 steps a bound, those that change
/// the log-odds least being taken over by their neighbours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct VennAbers {
    pair: Pair,
    low: Steps,
    high: Steps,
}

/// The two probabilities.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    p0: Steps,
    p1: Steps,
}

/// What is stored: all four alike.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    p0: Steps,
    p1: Steps,
    low: Steps,
    high: Steps,
}

impl From<Stored> for VennAbers {
    fn from(Stored { p0, p1, low, high }: Stored) -> Self {
        Self { pair: Pair { p0, p1 }, low, high }
    }
}

impl From<VennAbers> for Stored {
    fn from(VennAbers { pair: Pair { p0, p1 }, low, high }: VennAbers) -> Self {
        Self { p0, p1, low, high }
    }
}

impl VennAbers {
    /// Fits on accounts that the scores were not learned from.
    ///
    /// # Errors
    /// [`CalibrationError`] when scores are not finite or labels do not match them, or are of one class.
    pub fn fit(scores: &[f64], labels: &[bool]) -> Result<Self, CalibrationError> {
        check_labels(scores, labels)?;
        let groups = Groups::of_labels(scores, labels);
        let (low, high) = likelihood_bounds(&groups);
        Ok(Self { pair: Pair::of(&groups), low, high })
    }

    /// The two probabilities of a score, `p0 < p1`: had it been a human, had it been a bot.
    #[must_use]
    pub fn pair(&self, score: f64) -> (f64, f64) {
        self.pair.at(score)
    }

    /// The two in one, as does the least harm in terms of log loss: `p1 / (1 - p0 + p1)`. Never 0 or 1; rises with
    /// the score.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        self.pair.probability(score)
    }

    /// 95 % interval of the probability; it holds [`Self::probability`], and both ends rise with the score.
    #[must_use]
    pub fn interval(&self, score: f64) -> (f64, f64) {
        let (p0, p1) = self.pair(score);
        (self.low.at(Side::Lower, score).min(p0), self.high.at(Side::Upper, score).max(p1))
    }

    /// Checks a predictor that was read from somewhere.
    ///
    /// # Errors
    /// [`CalibrationError::Stored`] when a bound does not rise or leaves 0..=1.
    pub fn check(&self) -> Result<(), CalibrationError> {
        [&self.pair.p0, &self.pair.p1, &self.low, &self.high].into_iter().try_for_each(Steps::check)?;
        // Both are monotone, so the places where one changes tell of all others.
        if self.pair.p0.is_below(&self.pair.p1) {
            return Ok(());
        }
        Err(CalibrationError::Stored("the two probabilities cross"))
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> [usize; 4] {
        [self.pair.p0.len(), self.pair.p1.len(), self.low.len(), self.high.len()]
    }
}

impl Pair {
    pub(super) fn of(groups: &Groups) -> Self {
        let (p0, p1) = pair_of_gaps(groups);
        Self {
            p0: Steps::new(Side::Lower, groups.scores.iter().copied(), &p0),
            p1: Steps::new(Side::Upper, groups.scores.iter().copied(), &p1),
        }
    }

    fn at(&self, score: f64) -> (f64, f64) {
        (self.p0.at(Side::Lower, score), self.p1.at(Side::Upper, score))
    }

    pub(super) fn probability(&self, score: f64) -> f64 {
        let (p0, p1) = self.at(score);
        p1 / (1.0 - p0 + p1)
    }
}

/// The two probabilities in each gap: below the first score, between the first and the second, …, above the last. At
/// a score itself the lower one is that of the gap above it, the upper one that of the gap below.
pub(super) fn pair_of_gaps(groups: &Groups) -> (Vec<f64>, Vec<f64>) {
    let counts = |block: &super::pooling::Block| (block.weight as i64, block.sum as i64);
    let upper: Vec<(i64, i64)> = groups.blocks.iter().map(counts).collect();
    // With the order and the classes turned round, p0 is 1 - p1.
    let lower: Vec<(i64, i64)> = upper.iter().rev().map(|(all, bots)| (*all, all - bots)).collect();
    let mut p0 = vec![0.0];
    p0.extend(with_a_bot(&lower).iter().rev().map(|p| 1.0 - p));
    let mut p1 = with_a_bot(&upper);
    p1.push(1.0);
    (p0, p1)
}

/// The height of the isotonic fit at each group of `(accounts, bots)` when one more bot is added there: the
/// algorithms 1 and 2 of the paper. The fit is the convex minorant of the cumulative sums; moving the bot from one
/// group to the next moves the point between them down by one bot and left by one account.
fn with_a_bot(groups: &[(i64, i64)]) -> Vec<f64> {
    let mut sums = vec![(-1, -1), (0, 0)];
    for (all, bots) in groups {
        let (x, y) = sums[sums.len() - 1];
        sums.push((x + all, y + bots));
    }
    // Corners of the minorant, the leftmost on top.
    let mut corners: Vec<(i64, i64)> = Vec::new();
    sums.iter().rev().for_each(|point| push_corner(&mut corners, *point));
    let mut heights = Vec::with_capacity(groups.len());
    for index in 0..groups.len() {
        let (left, right) = (corners[corners.len() - 1], corners[corners.len() - 2]);
        heights.push((right.1 - left.1) as f64 / (right.0 - left.0) as f64);
        let moved = (
            sums[index].0 + sums[index + 2].0 - sums[index + 1].0,
            sums[index].1 + sums[index + 2].1 - sums[index + 1].1,
        );
        sums[index + 1] = moved;
        if turn(left, right, moved) < 0 {
            corners.pop();
            push_corner(&mut corners, moved);
        }
    }
    heights
}

fn push_corner(corners: &mut Vec<(i64, i64)>, point: (i64, i64)) {
    while let [.., second, first] = corners[..]
        && turn(point, first, second) <= 0
    {
        corners.pop();
    }
    corners.push(point);
}

/// Above 0 where `c` lies to the left of the way from `a` to `b`.
fn turn(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}
