//! The counts of an account when nobody interferes.

use rand::Rng;
use rand_distr::{Gamma, Poisson};

use super::profile::Temper;
use crate::simulate::random::{Random, between, chance, log_normal, normal};

/// Metrics of an hour: views, likes, comments, shares.
pub(super) const METRICS: usize = 4;
/// How much what hours have in common is like that of the hour before.
const PERSISTENCE: f64 = 0.75;
/// Share of bursts that are an event: over as soon as it ends, but for a few stragglers.
const EVENTS: f64 = 0.2;

/// Counts by hour and metric, and the rates they were drawn from.
pub(super) struct Normal {
    pub counts: Vec<[u64; METRICS]>,
    pub rates: Vec<[f64; METRICS]>,
    /// The hour in which each burst of people begins.
    pub bursts: Vec<usize>,
}

/// Draws so many hours, the first of which is `first`, since 1970.
pub(super) fn draw(random: &mut Random, temper: &Temper, first: i64, hours: usize) -> Normal {
    let (excitement, bursts) = bursts(random, temper, hours);
    let mut common = normal(random, 0.0, temper.common);
    let mut day = 0.0;
    let (mut counts, mut rates) = (Vec::with_capacity(hours), Vec::with_capacity(hours));
    for (index, excitement) in excitement.iter().enumerate() {
        let hour = first + index as i64;
        if index == 0 || (hour + temper.offset).rem_euclid(24) == 0 {
            day = normal(random, 0.0, temper.days);
        }
        let innovation = temper.common * (1.0 - PERSISTENCE * PERSISTENCE).sqrt();
        common = PERSISTENCE * common + normal(random, 0.0, innovation);
        let growth = temper.growth * (index as f64 - hours as f64 / 2.0) / 168.0;
        let views = temper.level * temper.season(hour) * (common + day + growth).exp();
        let mut here = [views * excitement[0]; METRICS];
        for (metric, rate) in temper.rates.iter().enumerate() {
            here[metric + 1] = views * rate * excitement[metric + 1];
        }
        counts.push(here.map(|rate| count(random, rate, temper.dispersion)));
        rates.push(here);
    }
    Normal { counts, rates, bursts }
}

/// A negative binomial count.
pub(super) fn count(random: &mut Random, rate: f64, dispersion: f64) -> u64 {
    let spread = Gamma::new(1.0 / dispersion, dispersion).map_or(1.0, |gamma| random.sample(gamma));
    poisson(random, rate * spread)
}

pub(super) fn poisson(random: &mut Random, rate: f64) -> u64 {
    Poisson::new(rate.clamp(1e-9, 1e12)).map_or(0, |poisson| random.sample(poisson) as u64)
}

/// What posts that catch on multiply the hours by, metric by metric.
fn bursts(random: &mut Random, temper: &Temper, hours: usize) -> (Vec<[f64; METRICS]>, Vec<usize>) {
    let mut factors = vec![[1.0; METRICS]; hours];
    let number = poisson(random, temper.bursts * hours as f64 / 336.0);
    let mut starts = Vec::new();
    for _ in 0..number {
        let start = (between(random, 0.0, hours as f64) as usize).min(hours - 1);
        let height = log_normal(random, 3.0, 0.6);
        let is_event = chance(random, EVENTS);
        let decay = log_normal(random, temper.decay, 0.5).max(1.0);
        let rise = 1.0 + between(random, 0.0, 2.5);
        let length = 1.0 + between(random, 0.0, 3.0);
        // Those whom a burst brings like and share a little more, or less, than regulars do.
        let keen: [f64; METRICS] =
            std::array::from_fn(|metric| if metric == 0 { 1.0 } else { log_normal(random, 1.0, 0.15) });
        for (index, factors) in factors.iter_mut().enumerate().skip(start) {
            let since = (index - start) as f64;
            let shape = if is_event {
                if since < length { 1.0 } else { 0.35 * (-(since - length) / 2.0).exp() }
            } else if since < rise {
                (since + 1.0) / (rise + 1.0)
            } else {
                (-(since - rise) / decay).exp()
            };
            for (factor, keen) in factors.iter_mut().zip(keen) {
                *factor += height * shape * keen;
            }
        }
        starts.push(start);
    }
    starts.sort_unstable();
    (factors, starts)
}
