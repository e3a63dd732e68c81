//! Which probabilities a likelihood ratio test does not refuse, given that the true curve rises.

use super::pooling::{Block, Groups, push};
use super::steps::{Side, Steps};

/// Twice the log-likelihood that a probability may cost before it is refused: the 95 % quantile of the chi-square
/// distribution with one degree of freedom. Where the true curve rises, the test's own limit is 2.27 (Banerjee &
/// Wellner 2001, table 2); where it is level or has steps, that covers 84 to 90 % and this 93 to 95 %.
const CRITICAL: f64 = 3.841_458_820_694_124;
/// Gaps that are looked at; the bounds of one are taken over by those passed over, which can only widen them.
const MOST_GAPS: usize = 400;
/// Halvings of the stretch that a bound lies in.
const HALVINGS: usize = 30;

/// The lower and the upper ends of the 95 % intervals.
///
/// The intervals rise with the score: what refuses "at most 0.3" at a score does so at every higher one.
pub(super) fn likelihood_bounds(groups: &Groups) -> (Steps, Steps) {
    let gaps = chosen_gaps(groups.scores.len());
    let profiles = profiles(groups, &gaps);
    let lows: Vec<f64> = profiles.iter().map(Profile::low).collect();
    let highs: Vec<f64> = profiles.iter().map(Profile::high).collect();
    // Gap g lies above g scores. Its lower bound holds from the score below it, its upper bound up to the one above
    // it.
    let below = gaps[1..].iter().map(|gap| groups.scores[gap - 1]);
    let above = gaps[..gaps.len() - 1].iter().map(|gap| groups.scores[*gap]);
    (Steps::new(Side::Lower, below, &lows), Steps::new(Side::Upper, above, &highs))
}

/// All gaps; where they are many, those at both ends, where bounds change with every score, and equal shares between.
fn chosen_gaps(scores: usize) -> Vec<usize> {
    if scores < MOST_GAPS {
        return (0..=scores).collect();
    }
    let ends = (0..usize::BITS).map(|power| (1 << power) - 1).take_while(|gap| *gap < scores / 2);
    let mut gaps: Vec<usize> = ends.flat_map(|gap| [gap, scores - gap]).collect();
    let shares = MOST_GAPS - gaps.len();
    gaps.extend((1..shares).map(|share| scores * share / shares));
    gaps.sort_unstable();
    gaps.dedup();
    gaps
}

/// What the curve's height in one gap costs.
struct Profile {
    /// The best rising curve through the scores below the gap, the highest block last.
    left: Vec<Block>,
    /// The best one through those above, the lowest block last.
    right: Vec<Block>,
    /// How much better the two are than the best curve through all scores.
    gain: f64,
    /// The heights of that curve on both sides of the gap, which cost nothing.
    free: (f64, f64),
}

fn profiles(groups: &Groups, gaps: &[usize]) -> Vec<Profile> {
    let whole = groups.rising();
    let likelihood = |blocks: &[Block]| blocks.iter().map(|block| log_likelihood(*block, block.mean())).sum();
    let best: f64 = likelihood(&whole);
    let heights: Vec<f64> =
        whole.iter().flat_map(|block| std::iter::repeat_n(block.mean(), block.groups)).collect();
    let lefts = prefixes(groups.blocks.iter().copied(), gaps.iter().copied());
    // From the right, with classes turned round, the curve rises too.
    let turned = groups.blocks.iter().rev().map(|block| turned(*block));
    let rights = prefixes(turned, gaps.iter().rev().map(|gap| heights.len() - gap));
    let profile = |((gap, left), right): ((&usize, Vec<Block>), Vec<Block>)| {
        let right: Vec<Block> = right.into_iter().map(self::turned).collect();
        let gain = likelihood(&left) + likelihood(&right) - best;
        let below = gap.checked_sub(1).map_or(0.0, |last| heights[last]);
        let above = heights.get(*gap).copied().unwrap_or(1.0);
        Profile { left, right, gain: gain.max(0.0), free: (below, above) }
    };
    gaps.iter().zip(lefts).zip(rights.into_iter().rev()).map(profile).collect()
}

/// The rising curves through the first so many blocks, for rising numbers of them.
fn prefixes(blocks: impl Iterator<Item = Block>, lengths: impl Iterator<Item = usize>) -> Vec<Vec<Block>> {
    let mut rising = Vec::new();
    let mut blocks = blocks.enumerate().peekable();
    let up_to = |length: usize| {
        while let Some((_, block)) = blocks.next_if(|(index, _)| *index < length) {
            push(&mut rising, block);
        }
        rising.clone()
    };
    lengths.map(up_to).collect()
}

fn turned(block: Block) -> Block {
    Block { sum: block.weight - block.sum, ..block }
}

impl Profile {
    /// Twice the log-likelihood that is lost when the curve must pass the gap at this height: blocks below the gap
    /// that are higher come down to it, those above it that are lower come up.
    fn cost(&self, height: f64) -> f64 {
        let loss = |block: &Block| log_likelihood(*block, block.mean()) - log_likelihood(*block, height);
        let left = self.left.iter().rev().take_while(|block| block.mean() > height).map(loss);
        let right = self.right.iter().rev().take_while(|block| block.mean() < height).map(loss);
        2.0 * (left.sum::<f64>() + right.sum::<f64>() - self.gain)
    }

    /// The lowest height that is not refused, from just below.
    fn low(&self) -> f64 {
        let (mut refused, mut kept) = (0.0, self.free.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(refused, kept);
            *(if self.cost(middle) > CRITICAL { &mut refused } else { &mut kept }) = middle;
        }
        refused
    }

    /// The highest height that is not refused, from just above.
    fn high(&self) -> f64 {
        let (mut kept, mut refused) = (self.free.1, 1.0);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(kept, refused);
            *(if self.cost(middle) > CRITICAL { &mut refused } else { &mut kept }) = middle;
        }
        refused
    }
}

/// Log-likelihood of a block's labels when each is positive with this probability.
fn log_likelihood(block: Block, probability: f64) -> f64 {
    let negative = block.weight - block.sum;
    let bots = if block.sum > 0.0 { block.sum * probability.ln() } else { 0.0 };
    let humans = if negative > 0.0 { negative * (-probability).ln_1p() } else { 0.0 };
    bots + humans
}
