//! How the hours of a day and of weekends differ, for all metrics of a series together.
//!
//! Metrics of one audience rise and fall with it. So the season is that of their sum, each divided by what it mostly is: of a
//! rare metric alone it could not be told, and an attack on one metric is not taken for a season of its own.

use super::baseline::{Weighed, dispersion_of, trimmed_mean, weigh};
use super::calendar::{DAY, hour_of_day, is_weekend};
use super::level::{DayRatio, levels};
use super::metric::METRICS;

/// Rounds of the fit.
const ROUNDS: usize = 8;
/// Weekends differ from other days by this factor at most: what is more is not the habit of an audience.
const MOST_WEEKEND: f64 = 1.4;
/// Variance of a metric's logarithm beside that of chance.
const OWN_VARIANCE: f64 = 0.05;

/// The shape of a series, hour by hour, about 1 on average.
pub(super) struct Season {
    /// Level times season of each hour.
    pub shape: Vec<f64>,
    /// ln of the growth over a week.
    pub growth: f64,
}

/// Metrics that are known, each divided by what it mostly is and weighed by what it tells; and the counts this stands for.
fn pooled(counts: &[Vec<Option<f64>>; METRICS]) -> (Vec<Option<f64>>, f64) {
    let typical: Vec<f64> = counts
        .iter()
        .map(|counts| {
            let mut known: Vec<f64> = counts.iter().flatten().copied().collect();
            let len = known.len().max(1) as f64;
            let lower = trimmed_mean(&mut known);
            // Where most hours are empty, their lower half says nothing.
            lower.max(0.3 * known.iter().sum::<f64>() / len)
        })
        .collect();
    let weight = |typical: f64| if typical > 0.0 { 1.0 / (1.0 / typical + OWN_VARIANCE) } else { 0.0 };
    let weights: Vec<f64> = typical.iter().map(|typical| weight(*typical)).collect();
    let total: f64 = weights.iter().sum();
    let hours = counts[0].len();
    let values = (0..hours)
        .map(|hour| {
            let known = counts.iter().zip(&typical).zip(&weights).filter(|(_, weight)| **weight > 0.0);
            let (sum, weights) = known
                .filter_map(|((counts, typical), weight)| Some((weight * counts[hour]? / typical, weight)))
                .fold((0.0, 0.0), |(sum, weights), (value, weight)| (sum + value, weights + weight));
            // In units of counts, so that chance is what it is for counts.
            (weights > 0.0).then(|| sum / weights * total)
        })
        .collect();
    (values, total)
}

impl Season {
    /// Fits metrics of consecutive hours, the first of which is `first`.
    pub(super) fn fit(first: i64, offset: i64, counts: &[Vec<Option<f64>>; METRICS]) -> Self {
        let (counts, scale) = pooled(counts);
        let mut factors = Factors::begin(first, offset, &counts);
        let mut weights = vec![1.0; counts.len()];
        let doubt = vec![0.0; counts.len()];
        let mut growth = 0.0;
        for _ in 0..ROUNDS {
            growth = factors.relevel(&counts);
            let expected = factors.expected();
            weigh(&mut weights, &counts, &expected, dispersion_of(&counts, &expected, &doubt));
            factors.update(&counts, &weights);
        }
        let shape = factors.expected().iter().map(|expected| expected / scale.max(1e-9)).collect();
        Self { shape, growth }
    }
}

/// Logarithm of observed over expected of so many hours at a time, with the deviation that chance gives it.
pub(super) fn day_ratios(counts: &[Option<f64>], expected: &[f64], hours: usize) -> Vec<DayRatio> {
    let parts = counts.chunks(hours).zip(expected.chunks(hours));
    parts
        .map(|(counts, expected)| {
            let pairs =
                counts.iter().zip(expected).filter_map(|(count, expected)| Some(((*count)?, *expected)));
            let (observed, expected, known) = pairs
                .fold((0.0, 0.0, 0), |(a, b, known), (count, expected)| (a + count, b + expected, known + 1));
            (3 * known >= hours)
                .then(|| (((observed + 0.5) / (expected + 0.5)).ln(), (1.0 / (expected + 0.5)).sqrt()))
        })
        .collect()
}

struct Factors {
    /// Hour of the day of each hour, and whether it is on a weekend.
    calendar: Vec<(usize, bool)>,
    /// Level of each hour.
    level: Vec<f64>,
    hours: [f64; DAY],
    weekend: f64,
    /// How the hours of weekends differ from those of other days.
    weekend_hours: [f64; DAY],
}

impl Factors {
    fn begin(first: i64, offset: i64, counts: &[Option<f64>]) -> Self {
        let mut by_hour = [const { Vec::new() }; DAY];
        for (index, count) in counts.iter().enumerate() {
            by_hour[hour_of_day(first + index as i64, 0)].extend(count);
        }
        let typical = by_hour.map(|mut values| trimmed_mean(&mut values));
        let level = (typical.iter().sum::<f64>() / DAY as f64).max(0.01);
        let hours = (first..).take(counts.len());
        Self {
            calendar: hours.map(|hour| (hour_of_day(hour, 0), is_weekend(hour, offset))).collect(),
            level: vec![level; counts.len()],
            hours: typical.map(|typical| (typical + 0.1 * level) / (1.1 * level)),
            weekend: 1.0,
            weekend_hours: [1.0; DAY],
        }
    }

    fn season(&self, index: usize) -> f64 {
        let (hour, is_weekend) = self.calendar[index];
        self.hours[hour] * if is_weekend { self.weekend * self.weekend_hours[hour] } else { 1.0 }
    }

    fn expected(&self) -> Vec<f64> {
        self.level
            .iter()
            .enumerate()
            .map(|(index, level)| (level * self.season(index)).clamp(1e-3, 1e15))
            .collect()
    }

    /// Sets the level of each day to that of the line; returns its growth.
    fn relevel(&mut self, counts: &[Option<f64>]) -> f64 {
        let season: Vec<f64> = (0..counts.len()).map(|index| self.season(index)).collect();
        // Ratios are held off 0 by a share of a count, so the scale has to be that of counts.
        let scale = self.level.iter().sum::<f64>() / self.level.len().max(1) as f64;
        let expected: Vec<f64> = season.iter().map(|season| season * scale).collect();
        let (levels, growth) = levels(&day_ratios(counts, &expected, DAY), true);
        let last = levels.len().saturating_sub(1);
        for (index, level) in self.level.iter_mut().enumerate() {
            // Days are joined by lines from noon to noon.
            let place = ((index as f64 + 0.5) / DAY as f64 - 0.5).clamp(0.0, last as f64);
            let (left, share) = (place as usize, place.fract());
            let (a, b) = (levels[left], levels[(left + 1).min(last)]);
            *level = scale * (a + share * (b - a)).clamp(-12.0, 12.0).exp();
        }
        growth
    }

    /// Multiplies each family of factors by the ratio of what was observed to what is expected.
    fn update(&mut self, counts: &[Option<f64>], weights: &[f64]) {
        let known = Weighed { counts, weights };
        let ratios = self.ratios(&known, DAY, 0.0, |index| Some(self.calendar[index].0));
        self.hours.iter_mut().zip(ratios).for_each(|(hour, ratio)| *hour *= ratio);
        self.smooth();
        let ratios = self.ratios(&known, 1, 6.0, |index| self.calendar[index].1.then_some(0));
        self.weekend = (self.weekend * ratios[0]).clamp(MOST_WEEKEND.powi(-2), MOST_WEEKEND);
        let ratios = self.ratios(&known, DAY, 4.0, |index| {
            Some(self.calendar[index]).filter(|(_, is_weekend)| *is_weekend).map(|(hour, _)| hour)
        });
        for (factor, ratio) in self.weekend_hours.iter_mut().zip(ratios) {
            // What is left of the factor draws the product back to 1, as the prior draws only a step.
            *factor = (*factor * ratio).powf(0.9).clamp(0.7, 1.3);
        }
    }

    /// Draws hours towards the mean of their neighbours by four observations.
    fn smooth(&mut self) {
        let days = (self.level.len() as f64 / DAY as f64).max(1.0);
        let own = days / (days + 4.0);
        let hours = self.hours;
        for (hour, factor) in self.hours.iter_mut().enumerate() {
            let neighbours = 0.5 * (hours[(hour + 1) % DAY] + hours[(hour + DAY - 1) % DAY]);
            *factor = (own * hours[hour] + (1.0 - own) * neighbours).max(1e-4);
        }
    }

    /// Observed over expected for each family of hours, drawn towards 1 by so many observations.
    fn ratios(
        &self,
        known: &Weighed<'_>,
        families: usize,
        prior: f64,
        family: impl Fn(usize) -> Option<usize>,
    ) -> Vec<f64> {
        let expected = self.expected();
        let mut sums = vec![(0.0, 0.0, 1e-9); families];
        for (index, weight, count) in known.hours() {
            let Some(family) = family(index) else { continue };
            let (observed, predicted, rows) = &mut sums[family];
            *observed += weight * count;
            *predicted += weight * expected[index];
            *rows += weight;
        }
        let ratio = |(observed, predicted, rows): (f64, f64, f64)| {
            let prior = (prior * predicted / rows).max(0.02);
            (observed + prior) / (predicted + prior)
        };
        sums.into_iter().map(ratio).collect()
    }
}
