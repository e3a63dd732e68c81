//! Simulated engagement: hourly views, likes, comments and shares of accounts, some of which have been attacked.
//!
//! A series is drawn as it would be with nobody interfering: seven profiles, each account with its own size, rhythm, time
//! zone and spread, and with posts that catch on (a steep rise and a slow fall, or an event of a few hours), which are no
//! attack. An attack then multiplies what was drawn within windows. Neither is told by its size: bursts of people and attacks
//! have factors that overlap, and accounts differ far more from one another than either changes them.

mod attack;
mod config;
mod csv;
mod draw;
mod profile;
#[cfg(test)]
mod tests;

use botdet_models::engagement::{Attack, HOUR, Metric};
pub use config::{EngagementConfig, EngagementParams};
pub use csv::{write_hours, write_hours_header, write_windows, write_windows_header};
pub use profile::EngagementProfile;
use rand::Rng;
use rand::seq::SliceRandom;

use self::attack::Plan;
use self::draw::{METRICS, draw, poisson};
use self::profile::Temper;
use super::random::{Purpose, Random, stream, weighted};

/// Hours of a metric that were attacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueWindow {
    /// What was counted.
    pub metric: Metric,
    /// The first hour, since 1970.
    pub from: i64,
    /// The hour after the last.
    pub to: i64,
}

/// An account's series.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedSeries {
    /// Number of the account, from 1.
    pub account_id: i64,
    /// Its kind.
    pub profile: EngagementProfile,
    /// How it was attacked, if it was.
    pub attack: Option<Attack>,
    /// The first hour, since 1970.
    pub first: i64,
    /// Views, likes, comments and shares of each hour.
    pub counts: Vec<[u64; METRICS]>,
    /// What was attacked, in the order of metrics and time.
    pub windows: Vec<TrueWindow>,
    /// Hours, since 1970, in which posts caught on by themselves.
    pub bursts: Vec<i64>,
}

/// The series of a configuration, one after another. Each account has a random stream of its own.
pub fn engagement_series(config: &EngagementConfig) -> impl Iterator<Item = SimulatedSeries> {
    let params = config.params().clone();
    let fakes = config.fakes();
    let mut random = stream(params.seed, Purpose::EngagementRoles, 0);
    let mut attacks: Vec<Option<Attack>> = (0..params.accounts as usize)
        .map(|place| (place < fakes).then(|| Attack::ALL[place % Attack::ALL.len()]))
        .collect();
    attacks.shuffle(&mut random);
    attacks.into_iter().enumerate().map(move |(index, attack)| {
        let mut random = stream(params.seed, Purpose::Engagement, index as u64);
        let end = params.end / HOUR - i64::from(random.random_range(0..=params.spread));
        series(&mut random, index as i64 + 1, attack, end - i64::from(params.hours), params.hours as usize)
    })
}

fn series(
    random: &mut Random,
    account_id: i64,
    attack: Option<Attack>,
    first: i64,
    hours: usize,
) -> SimulatedSeries {
    let weights = EngagementProfile::ALL.map(EngagementProfile::weight);
    let profile = EngagementProfile::ALL[weighted(random, &weights)];
    let temper = Temper::draw(random, profile);
    let normal = draw(random, &temper, first, hours);
    let mut counts = normal.counts;
    let mut windows = Vec::new();
    if let Some(attack) = attack {
        let plan = Plan::draw(random, attack, &temper, first, hours);
        for ((counts, rates), factors) in counts.iter_mut().zip(&normal.rates).zip(&plan.factors) {
            for ((count, rate), factor) in counts.iter_mut().zip(rates).zip(factors) {
                if *factor > 1.0 {
                    // An hour that happens to be empty is attacked like any other: by what it mostly has.
                    *count += poisson(random, (factor - 1.0) * rate.max(*count as f64));
                }
            }
        }
        windows = plan
            .windows()
            .into_iter()
            .map(|window| TrueWindow {
                metric: Metric::ALL[window.metric],
                from: first + window.from as i64,
                to: first + window.to as i64,
            })
            .collect();
    }
    let bursts = normal.bursts.into_iter().map(|burst| first + burst as i64).collect();
    SimulatedSeries { account_id, profile, attack, first, counts, windows, bursts }
}
