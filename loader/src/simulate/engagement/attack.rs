//! Twelve ways of faking engagement, as factors on what was drawn.

use botdet_models::engagement::Attack;
use rand::Rng;

use super::draw::METRICS;
use super::profile::Temper;
use crate::simulate::random::{Random, between, chance, log_normal, weighted};

const VIEWS: usize = 0;
const LIKES: usize = 1;
const COMMENTS: usize = 2;
const SHARES: usize = 3;
/// Factor from which an hour counts as attacked.
const FELT: f64 = 1.25;

/// What an attack multiplies each hour by.
pub(super) struct Plan {
    pub factors: Vec<[f64; METRICS]>,
    first: i64,
    offset: i64,
}

/// Hours of a metric that are attacked, as places in the series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attacked {
    pub metric: usize,
    pub from: usize,
    /// The hour after the last.
    pub to: usize,
}

impl Plan {
    /// Draws an attack on so many hours, the first of which is `first`.
    pub(super) fn draw(
        random: &mut Random,
        attack: Attack,
        temper: &Temper,
        first: i64,
        hours: usize,
    ) -> Self {
        let mut plan = Self { factors: vec![[1.0; METRICS]; hours], first, offset: temper.offset };
        match attack {
            Attack::BoostProgressive => {
                let (from, len) = plan.place(random, 30.0, 84.0);
                let top = log_normal(random, 4.5, 0.35);
                let bought = several(random);
                plan.raise(from, len, &bought, |hour| 1.0 + (top - 1.0) * (hour + 1.0) / len as f64);
            }
            Attack::BurstsSmall => {
                let bought = several(random);
                for _ in 0..random.random_range(5..=11) {
                    let (from, len) = plan.place(random, 1.0, 4.0);
                    let height = log_normal(random, 4.5, 0.3);
                    plan.raise(from, len, &bought, |_| height);
                }
            }
            Attack::WaveSpam => {
                let (from, len) = plan.place(random, 36.0, 110.0);
                let (top, period) = (log_normal(random, 3.5, 0.3), between(random, 5.0, 12.0));
                let bought = several(random);
                plan.raise(from, len, &bought, |hour| {
                    let phase = std::f64::consts::TAU * hour / period;
                    1.0 + (top - 1.0) * (0.55 - 0.45 * phase.cos())
                });
            }
            Attack::SingleSpike => {
                let (from, len) = plan.place(random, 1.0, 4.0);
                let height = log_normal(random, 6.0, 0.4);
                plan.raise(from, len, &several(random), |_| height);
            }
            Attack::OffPeakBursts => plan.nights(random),
            Attack::SynchronizedBots => {
                let spacing = [12, 24, 24, 36][random.random_range(0..4)];
                let (len, height) = (random.random_range(1..=3), log_normal(random, 4.5, 0.3));
                let count = random.random_range(4..=9);
                let latest = hours.saturating_sub(spacing * count).max(1);
                let start = random.random_range(0..latest);
                for from in (start..hours).step_by(spacing).take(count) {
                    plan.raise(from, len, &[VIEWS, LIKES, COMMENTS, SHARES], |_| height);
                }
            }
            Attack::LikeOnlyInflation => {
                let (from, len) = plan.place(random, 16.0, 96.0);
                let height = log_normal(random, 2.5, 0.25);
                plan.raise(from, len, &[LIKES], |_| height);
            }
            Attack::CommentFlood => {
                for _ in 0..random.random_range(1..=3) {
                    let (from, len) = plan.place(random, 3.0, 14.0);
                    let height = log_normal(random, 6.0, 0.4);
                    plan.raise(from, len, &[COMMENTS], |_| height);
                }
            }
            Attack::DripFeed => {
                let (from, len) = plan.place(random, 72.0, 168.0);
                let height = log_normal(random, 2.1, 0.15);
                plan.raise(from, len, &several(random), |_| height);
            }
            Attack::WeekendSurge => plan.weekends(random),
            Attack::RatioSkew => {
                let (from, len) = plan.place(random, 24.0, 96.0);
                for metric in [LIKES, COMMENTS, SHARES] {
                    let height = log_normal(random, 2.6, 0.4).max(1.2);
                    if metric != COMMENTS || chance(random, 0.5) {
                        plan.raise(from, len, &[metric], |_| height);
                    }
                }
            }
            Attack::CopyPasteCurve => {
                let bought = several(random);
                let (len, top, decay) =
                    (between(random, 9.0, 20.0), log_normal(random, 5.5, 0.3), between(random, 3.0, 8.0));
                for _ in 0..random.random_range(3..=5) {
                    let (from, len) = plan.place(random, len, len + 0.1);
                    plan.raise(from, len, &bought, |hour| 1.0 + (top - 1.0) * (-hour / decay).exp());
                }
            }
        }
        plan
    }

    /// The windows: hours with a factor that is felt.
    pub(super) fn windows(&self) -> Vec<Attacked> {
        let mut windows = Vec::new();
        for metric in 0..METRICS {
            let mut from = None;
            for index in 0..=self.factors.len() {
                let is_felt = self.factors.get(index).is_some_and(|factors| factors[metric] >= FELT);
                match (from, is_felt) {
                    (None, true) => from = Some(index),
                    (Some(start), false) => {
                        windows.push(Attacked { metric, from: start, to: index });
                        from = None;
                    }
                    _ => {}
                }
            }
        }
        windows
    }

    /// A place for a window of a length between these.
    fn place(&self, random: &mut Random, least: f64, most: f64) -> (usize, usize) {
        let hours = self.factors.len();
        let len = (between(random, least, most).round() as usize).clamp(1, hours / 2);
        (random.random_range(0..hours - len), len)
    }

    fn raise(&mut self, from: usize, len: usize, metrics: &[usize], factor: impl Fn(f64) -> f64) {
        for (hour, factors) in self.factors.iter_mut().skip(from).take(len).enumerate() {
            for metric in metrics {
                factors[*metric] = factors[*metric].max(factor(hour as f64));
            }
        }
    }

    /// 02:00 to 05:00 of some nights, in the audience's time.
    fn nights(&mut self, random: &mut Random) {
        let bought = several(random);
        let begins = |index: &usize| (self.first + *index as i64 + self.offset).rem_euclid(24) == 2;
        let nights: Vec<usize> = (0..self.factors.len()).filter(begins).collect();
        let share = between(random, 0.25, 0.6);
        let height = log_normal(random, 6.0, 0.35);
        for (place, from) in nights.into_iter().enumerate() {
            if place == 3 || chance(random, share) {
                self.raise(from, 3, &bought, |_| height);
            }
        }
    }

    /// Weekends from beginning to end.
    fn weekends(&mut self, random: &mut Random) {
        let bought = several(random);
        let height = log_normal(random, 3.0, 0.25);
        for index in 0..self.factors.len() {
            let local = self.first + index as i64 + self.offset;
            let weekday = (local.div_euclid(24) + 4).rem_euclid(7);
            if weekday == 0 || weekday == 6 {
                self.raise(index, 1, &bought, |_| height);
            }
        }
    }
}

/// What is bought together.
fn several(random: &mut Random) -> Vec<usize> {
    let packages: [&[usize]; 5] = [
        &[VIEWS, LIKES],
        &[VIEWS],
        &[VIEWS, LIKES, SHARES],
        &[LIKES, COMMENTS],
        &[VIEWS, LIKES, COMMENTS, SHARES],
    ];
    packages[weighted(random, &[3.0, 2.0, 2.0, 2.0, 0.8])].to_vec()
}
