//! What an hour's count is expected to be, by hour of the day, weekend and trend, as told by hours that are not attacked.
//!
//! The count of an hour is taken as negative binomial around `level · hour of day · weekend`, all multiplicative. The factors are
//! ratios of weighted sums, iterated; hours far above what was expected weigh less (a redescending M-estimator on the
//! variance-stabilised residual of Anscombe, 1948), so that an attack does not become its own baseline. Factors of which
//! little is known are drawn towards their neighbours by pseudo-observations, which lets a series of two days work.

use super::calendar::{DAY, hour_of_day};
use super::level::levels;
use super::season::day_ratios;

/// Residual from which an hour weighs less.
const CUT_ABOVE: f64 = 0.8;
/// The same for hours below what is expected: nobody pays for fewer likes.
const CUT_BELOW: f64 = 2.5;
/// Median of the absolute value of a standard normal variable.
const MEDIAN_ABSOLUTE: f64 = 0.674_489_75;
/// Hours with a fair count that the dispersion needs; with fewer it is taken as [`USUAL_DISPERSION`].
const LEAST_FOR_DISPERSION: usize = 24;
const USUAL_DISPERSION: f64 = 0.15;
const LEAST_DISPERSION: f64 = 0.01;
/// Count from which an hour tells of dispersion.
const FAIR_COUNT: f64 = 2.0;
/// Days that their variance needs, and what it is taken as with fewer.
const LEAST_DAYS: usize = 5;
const USUAL_DAYS: f64 = 0.02;
/// Days with which hours of the day are held to the common shape.
const OWN_HOURS: f64 = 12.0;
/// Counts that a part of the series should have to tell of its level.
const TELLING_COUNT: f64 = 12.0;

/// What is expected of one metric, hour by hour.
#[derive(Clone, Debug)]
pub(super) struct Baseline {
    /// Expected counts, all above 0.
    pub expected: Vec<f64>,
    /// Extra variance: that of a count is `expected + dispersion · expected²`.
    pub dispersion: f64,
    /// Variance of the expectation's logarithm, to be added to the dispersion of each hour.
    pub doubt: Vec<f64>,
    /// Correlation of residuals an hour apart, 0..0.95.
    pub correlation: f64,
    /// Variance that the logarithm of a whole day's count has beyond that of its hours.
    pub days: f64,
}

/// The residual of a count on a scale on which its deviation is about 1, whatever is expected: the difference of the two on the
/// scale of Anscombe's transform for negative binomial counts, `2/√d · asinh √(d · (count + 3/8))`.
pub(super) fn residual(count: f64, expected: f64, dispersion: f64) -> f64 {
    // The argument of asinh's logarithm; of two differences of logarithms one is enough.
    let raised = |count: f64| {
        let scaled = dispersion * (count + 0.375);
        scaled.sqrt() + (scaled + 1.0).sqrt()
    };
    2.0 / dispersion.sqrt() * (raised(count) / raised(expected)).ln()
}

/// Whether the residual of the larger against the smaller exceeds a bar, of which [`bar_square`] is given. No logarithm is needed,
/// as `sinh(asinh x - asinh y) = x √(1 + y²) - y √(1 + x²) = (x² - y²) / (x √(1 + y²) + y √(1 + x²))`.
fn exceeds(larger: f64, smaller: f64, dispersion: f64, bar_square: f64) -> bool {
    let (a, b) = (dispersion * (larger + 0.375), dispersion * (smaller + 0.375));
    let (p, q) = (a * (b + 1.0), b * (a + 1.0));
    (a - b) * (a - b) > bar_square * (p + q + 2.0 * (p * q).sqrt())
}

/// `sinh²(bar · √d / 2)`.
fn bar_square(bar: f64, dispersion: f64) -> f64 {
    (0.5 * bar * dispersion.sqrt()).sinh().powi(2)
}

/// The same for the median of a normal variable, by its series: it is needed by the thousand, and to the last digit these terms say
/// it for dispersions up to 4.
fn median_bar_square(dispersion: f64) -> f64 {
    // sinh²(x) = (cosh 2x - 1) / 2 = Σ (2x)²ᵏ / (2 (2k)!).
    const TERMS: [f64; 7] =
        [1.0 / 182.0, 1.0 / 132.0, 1.0 / 90.0, 1.0 / 56.0, 1.0 / 30.0, 1.0 / 12.0, 1.0 / 4.0];
    let square = MEDIAN_ABSOLUTE * MEDIAN_ABSOLUTE * dispersion;
    square * TERMS.iter().fold(0.0, |rest, term| term * (1.0 + square * rest))
}

/// How many hours east of UTC the audience seems to live: where the quietest five hours lie at 2 to 7 in the morning. 0 where
/// the day has no quiet time.
pub(super) fn offset(first: i64, counts: &[Option<f64>]) -> i64 {
    let mut by_hour = [const { Vec::new() }; DAY];
    for (index, count) in counts.iter().enumerate() {
        by_hour[hour_of_day(first + index as i64, 0)].extend(count);
    }
    let typical = by_hour.map(|mut values| trimmed_mean(&mut values));
    let quiet = |start: usize| (0..5).map(|hour| typical[(start + hour) % DAY]).sum::<f64>();
    let (start, least) =
        (0..DAY).map(|start| (start, quiet(start))).min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((2, 0.0));
    if least > 0.8 * typical.iter().sum::<f64>() * 5.0 / DAY as f64 {
        return 0;
    }
    (2 - start as i64 + 12).rem_euclid(DAY as i64) - 12
}

/// Mean of the lower half: the upper may be attacked.
pub(super) fn trimmed_mean(values: &mut [f64]) -> f64 {
    let half = values.len().div_ceil(2);
    if half < values.len() {
        values.select_nth_unstable_by(half, f64::total_cmp);
    }
    values[..half].iter().sum::<f64>() / half.max(1) as f64
}

impl Baseline {
    /// A baseline of this shape: scaled so that most days lie close to it, and with hours of the day of its own where many
    /// days agree on them.
    pub(super) fn around(shape: &[f64], doubt: Vec<f64>, first: i64, counts: &[Option<f64>]) -> Self {
        let mut expected = shape.to_vec();
        level(&mut expected, counts);
        let mut weights = vec![1.0; counts.len()];
        let mut dispersion = USUAL_DISPERSION;
        for _ in 0..3 {
            dispersion = dispersion_of(counts, &expected, &doubt);
            weigh(&mut weights, counts, &expected, dispersion);
            let mut sums = [(0.0, 0.0); DAY];
            for (index, weight, count) in (Weighed { counts, weights: &weights }).hours() {
                let (observed, predicted) = &mut sums[hour_of_day(first + index as i64, 0)];
                *observed += weight * count;
                *predicted += weight * expected[index];
            }
            let days = counts.len() as f64 / DAY as f64;
            let factors = sums.map(|(observed, predicted)| {
                let prior = OWN_HOURS * (predicted / days.max(1.0)).max(1.0);
                (observed + prior) / (predicted + prior)
            });
            for (index, expected) in expected.iter_mut().enumerate() {
                *expected = (*expected * factors[hour_of_day(first + index as i64, 0)]).clamp(1e-3, 1e15);
            }
            level(&mut expected, counts);
        }
        Self { expected, dispersion, doubt, correlation: 0.0, days: 0.0 }.with_spread(counts)
    }

    fn with_spread(mut self, counts: &[Option<f64>]) -> Self {
        self.correlation = correlation_of(counts, &self);
        self.days = days_of(counts, &self);
        self
    }

    /// The residual of an hour.
    pub(super) fn residual(&self, index: usize, count: f64) -> f64 {
        residual(count, self.expected[index], self.dispersion + self.doubt[index])
    }

    /// By how much the mean of so many hours spreads more than if they were independent: 1 + 2 Σ (1 - k/n) ρᵏ.
    fn inflation(&self, hours: usize) -> f64 {
        self.inflation_with(hours, self.correlation.powf(hours.max(1) as f64))
    }

    /// The same of every number of hours from 0 to this one.
    pub(super) fn inflations(&self, hours: usize) -> Vec<f64> {
        let mut power = 1.0;
        let longer = (1..=hours).map(|hours| {
            power *= self.correlation;
            self.inflation_with(hours, power)
        });
        std::iter::once(1.0).chain(longer).collect()
    }

    /// With ρⁿ as it is given.
    fn inflation_with(&self, hours: usize, power: f64) -> f64 {
        let (rho, n) = (self.correlation, hours.max(1) as f64);
        let rest = 1.0 - rho;
        1.0 + 2.0 * rho / rest * (1.0 - (1.0 - power) / (n * rest))
    }
}

/// Counts, and how much each tells of what is usual.
pub(super) struct Weighed<'a> {
    pub counts: &'a [Option<f64>],
    pub weights: &'a [f64],
}

impl Weighed<'_> {
    /// Place, weight and count of the hours that are known.
    pub(super) fn hours(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        let hours = self.counts.iter().zip(self.weights).enumerate();
        hours.filter_map(|(index, (count, weight))| Some((index, *weight, (*count)?)))
    }
}

pub(super) fn weigh(weights: &mut [f64], counts: &[Option<f64>], expected: &[f64], dispersion: f64) {
    let [above, below] = [CUT_ABOVE, CUT_BELOW].map(|cut| bar_square(cut, dispersion));
    for ((weight, count), expected) in weights.iter_mut().zip(counts).zip(expected) {
        *weight = match *count {
            Some(count) if count > *expected && exceeds(count, *expected, dispersion, above) => {
                (CUT_ABOVE / residual(count, *expected, dispersion)).powi(2)
            }
            Some(count) if count < *expected && exceeds(*expected, count, dispersion, below) => {
                CUT_BELOW / -residual(count, *expected, dispersion)
            }
            _ => 1.0,
        };
    }
}

/// The dispersion with which the median residual of the hours below what is expected is that of a normal variable: what is
/// above may be an attack.
pub(super) fn dispersion_of(counts: &[Option<f64>], expected: &[f64], doubt: &[f64]) -> f64 {
    let fair: Vec<(f64, f64, f64)> = counts
        .iter()
        .zip(expected)
        .zip(doubt)
        .filter_map(|((count, expected), doubt)| Some(((*count)?, *expected, *doubt)))
        .filter(|(count, expected, _)| *expected >= FAIR_COUNT && count < expected)
        .collect();
    if fair.len() < LEAST_FOR_DISPERSION {
        return USUAL_DISPERSION;
    }
    let (mut low, mut high) = (LEAST_DISPERSION.ln(), 3_f64.ln());
    for _ in 0..8 {
        let middle = 0.5 * (low + high);
        let common = middle.exp();
        let far = |(count, expected, doubt): &(f64, f64, f64)| {
            let dispersion = common + doubt;
            exceeds(*expected, *count, dispersion, median_bar_square(dispersion))
        };
        let far: usize = fair.iter().map(|hour| usize::from(far(hour))).sum();
        // So many lie farther than the median should.
        if far >= fair.len() - fair.len() / 2 { low = middle } else { high = middle }
    }
    (0.5 * (low + high)).exp()
}

/// Scales what is expected so that most parts of the series lie close to it.
fn level(expected: &mut [f64], counts: &[Option<f64>]) {
    let mean = expected.iter().sum::<f64>() / expected.len().max(1) as f64;
    let known = counts.iter().flatten().count().max(1) as f64;
    let count = counts.iter().flatten().sum::<f64>() / known;
    // Days, or as many of them as have something to tell.
    let days = (TELLING_COUNT / (count * DAY as f64).max(1e-3)).ceil().clamp(1.0, 7.0) as usize;
    let scale = (count + 0.25 / known) / mean.max(1e-9);
    expected.iter_mut().for_each(|expected| *expected *= scale);
    let (levels, _) = levels(&day_ratios(counts, expected, days * DAY), false);
    let level = levels.first().copied().unwrap_or_default().exp();
    expected.iter_mut().for_each(|expected| *expected *= level);
}

/// Correlation of neighbouring residuals, cut so that a few large ones do not decide.
fn correlation_of(counts: &[Option<f64>], baseline: &Baseline) -> f64 {
    let residual =
        |(index, count): (usize, &Option<f64>)| Some(baseline.residual(index, (*count)?).clamp(-2.0, 1.5));
    let residuals: Vec<Option<f64>> = counts.iter().enumerate().map(residual).collect();
    let pairs = residuals.windows(2).filter_map(|pair| pair[0].zip(pair[1]));
    let (products, squares) = pairs
        .fold((0.0, 1.0), |(products, squares), (a, b)| (products + a * b, squares + 0.5 * (a * a + b * b)));
    (products / squares).clamp(0.0, 0.95)
}

/// Variance of the logarithms of days, robustly, less what their hours make of it.
fn days_of(counts: &[Option<f64>], baseline: &Baseline) -> f64 {
    let days =
        counts.chunks_exact(DAY).zip(baseline.expected.chunks_exact(DAY)).filter_map(|(counts, expected)| {
            let known =
                counts.iter().zip(expected).filter_map(|(count, expected)| Some(((*count)?, *expected)));
            let (observed, expected, squares) = known
                .fold((0.0, 0.0, 0.0), |(a, b, c), (count, expected)| {
                    (a + count, b + expected, c + expected * expected)
                });
            let chance = 1.0 / expected
                + baseline.dispersion * squares / (expected * expected) * baseline.inflation(DAY);
            (expected >= FAIR_COUNT).then(|| (((observed + 0.5) / (expected + 0.5)).ln(), chance))
        });
    let (ratios, chances): (Vec<f64>, Vec<f64>) = days.unzip();
    if ratios.len() < LEAST_DAYS {
        return USUAL_DAYS;
    }
    let mut below: Vec<f64> = ratios.iter().filter(|ratio| **ratio < 0.0).map(|ratio| -ratio).collect();
    let deviation = if below.is_empty() { 0.0 } else { median(&mut below) / MEDIAN_ABSOLUTE };
    let chance = chances.iter().sum::<f64>() / chances.len() as f64;
    // With few days their spread is known badly, and the usual one counts for as much as so many days.
    let known = (deviation * deviation - chance).max(0.0) * chances.len() as f64;
    (known + USUAL_DAYS * LEAST_DAYS as f64) / (chances.len() + LEAST_DAYS) as f64
}

fn median(values: &mut [f64]) -> f64 {
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f64::total_cmp).1
}
