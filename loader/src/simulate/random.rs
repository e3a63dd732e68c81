//! Random streams, and the few distributions the simulator draws from.
//!
//! Every account and every campaign has a stream of its own, so that what one account does never depends on how many
//! others were generated before it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::{Exp1, StandardNormal};

pub(super) type Random = ChaCha12Rng;

/// What a stream is for: streams of different purposes never meet.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Who is a bot, and of which strategy.
    Roles = 1,
    /// Persona and profile of one account.
    Persona = 2,
    /// The events of one account.
    Events = 3,
    /// Everything the members of one lockstep group share.
    Campaign = 4,
    /// A text that many accounts have seen.
    Popular = 5,
    /// Who of the accounts in the wide table is a spammer.
    SpammerRoles = 6,
    /// One row of the wide table.
    Spammer = 7,
    /// Whose engagement is faked.
    EngagementRoles = 8,
    /// The engagement of one account.
    Engagement = 9,
    /// Domains and targets of links.
    Backlinks = 20,
    /// The ordinary links to one target.
    BacklinkTarget = 21,
    /// One private network of domains.
    BacklinkNetwork = 22,
}

/// The stream of `index` (an account or a group) for this purpose.
pub(super) fn stream(seed: u64, purpose: Purpose, index: u64) -> Random {
    let key = seed ^ (purpose as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = ChaCha12Rng::seed_from_u64(key);
    random.set_stream(index);
    random
}

pub(super) fn chance(random: &mut Random, probability: f64) -> bool {
    random.random::<f64>() < probability
}

pub(super) fn between(random: &mut Random, low: f64, high: f64) -> f64 {
    low + (high - low) * random.random::<f64>()
}

pub(super) fn normal(random: &mut Random, mean: f64, deviation: f64) -> f64 {
    let standard: f64 = random.sample(StandardNormal);
    mean + deviation * standard
}

/// Log-normal with this median; `deviation` is that of the natural logarithm.
pub(super) fn log_normal(random: &mut Random, median: f64, deviation: f64) -> f64 {
    median * normal(random, 0.0, deviation).exp()
}

/// A probability around `typical`, spread out on the logit scale.
pub(super) fn probability(random: &mut Random, typical: f64, deviation: f64) -> f64 {
    let logit = normal(random, (typical / (1.0 - typical)).ln(), deviation);
    1.0 / (1.0 + (-logit).exp())
}

/// Failures before the first success, with this mean: 0, 1, 2, …
pub(super) fn geometric(random: &mut Random, mean: f64) -> u64 {
    if mean <= 0.0 {
        return 0;
    }
    let exponential: f64 = random.sample(Exp1);
    (exponential / (1.0 + 1.0 / mean).ln()) as u64
}

/// One of the items; the slice must not be empty.
pub(super) fn pick<T: Copy>(random: &mut Random, items: &[T]) -> T {
    items[random.random_range(0..items.len())]
}

/// An index drawn in proportion to the weights, which must not all be 0.
pub(super) fn weighted(random: &mut Random, weights: &[f64]) -> usize {
    let mut remaining = random.random::<f64>() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        remaining -= weight;
        if remaining < 0.0 {
            return index;
        }
    }
    weights.len() - 1
}
