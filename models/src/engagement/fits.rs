//! Each metric against two baselines: its own, and what the other metrics of the same hours make of it.

use super::baseline::{Baseline, offset};
use super::metric::METRICS;
use super::scan::{Stretch, scan};
use super::season::Season;
use super::series::Series;

/// Variance that a metric's logarithm has whatever its count.
const OWN_VARIANCE: f64 = 0.02;
/// What the other metrics' ratio is drawn to 0 by: as one of this variance.
const COMMON_VARIANCE: f64 = 1.0;

/// Times that baselines are fitted again without the stretches that stood out.
const REFITS: usize = 2;

/// A metric's counts, what was expected, and where it was exceeded.
pub(super) struct Fit {
    pub counts: Vec<Option<f64>>,
    /// By its own season and trend.
    pub alone: Baseline,
    pub alone_stretches: Vec<Stretch>,
    pub among_stretches: Vec<Stretch>,
}

impl Fit {
    /// Logarithm of observed over expected, held off 0 by half a count; `None` where nothing is known.
    pub(super) fn log_ratio(&self, index: usize) -> Option<f64> {
        Some(log_ratio(self.counts[index]?, self.alone.expected[index]))
    }

    /// Logarithm of observed over expected of a stretch.
    pub(super) fn log_ratio_of(&self, from: usize, to: usize, baseline: &Baseline) -> f64 {
        let (observed, expected) = self.sums(from, to, baseline);
        log_ratio(observed, expected)
    }

    /// Count and expectation of a stretch, over hours that are known.
    pub(super) fn sums(&self, from: usize, to: usize, baseline: &Baseline) -> (f64, f64) {
        let pairs = self.counts[from..to].iter().zip(&baseline.expected[from..to]);
        pairs.fold((0.0, 0.0), |(observed, expected), (count, here)| match count {
            Some(count) => (observed + count, expected + here),
            None => (observed, expected),
        })
    }

    /// What an hour's logarithm tells: more the more is expected.
    pub(super) fn precision(&self, index: usize) -> f64 {
        1.0 / (1.0 / (self.alone.expected[index] + 0.5) + OWN_VARIANCE)
    }
}

fn log_ratio(observed: f64, expected: f64) -> f64 {
    ((observed + 0.5) / (expected + 0.5)).ln()
}

/// The fits of a series.
pub(super) struct Fits {
    /// How many hours east of UTC the audience seems to live.
    pub offset: i64,
    /// ln of the growth over a week.
    pub growth: f64,
    /// Of the metrics that are known.
    pub fits: [Option<Fit>; METRICS],
}

/// Fits all metrics.
pub(super) fn fit(series: &Series) -> Fits {
    let first = series.first().unwrap_or_default();
    let counts: [Vec<Option<f64>>; METRICS] = std::array::from_fn(|metric| series.metric(metric));
    let sum = |counts: &Vec<Option<f64>>| counts.iter().flatten().sum::<f64>();
    let fullest = counts.iter().max_by(|a, b| sum(a).total_cmp(&sum(b)));
    let offset = fullest.map_or(0, |counts| offset(first, counts));
    let (baselines, growth) = fit_baselines(first, offset, &counts);
    let known: [Option<(Vec<Option<f64>>, Baseline)>; METRICS] = {
        let mut baselines = baselines.into_iter();
        counts.map(|counts| Some((counts, baselines.next()??)))
    };
    let factors: [Vec<(f64, f64)>; METRICS] =
        std::array::from_fn(|metric| factors(&known, metric, series.span()));
    let mut factors = factors.into_iter();
    let fits = known.map(|known| {
        let factors = factors.next().unwrap_or_default();
        known.map(|(counts, alone)| {
            let (factors, doubt): (Vec<f64>, Vec<f64>) = factors.into_iter().unzip();
            let shape: Vec<f64> =
                alone.expected.iter().zip(factors).map(|(expected, factor)| expected * factor).collect();
            let among = Baseline::around(&shape, doubt, first, &counts);
            let alone_stretches = scan(&counts, &alone);
            let among_stretches = scan(&counts, &among);
            Fit { counts, alone, alone_stretches, among_stretches }
        })
    });
    Fits { offset, growth, fits }
}

/// Baselines of the metrics that are known, fitted again without what stood out; and the growth over a week.
fn fit_baselines(
    first: i64,
    offset: i64,
    counts: &[Vec<Option<f64>>; METRICS],
) -> ([Option<Baseline>; METRICS], f64) {
    let fit = |quiet: &[Vec<Option<f64>>; METRICS]| {
        let season = Season::fit(first, offset, quiet);
        let baselines = quiet.each_ref().map(|counts| {
            let is_known = counts.iter().any(Option::is_some);
            is_known.then(|| Baseline::around(&season.shape, vec![0.0; counts.len()], first, counts))
        });
        (baselines, season.growth)
    };
    let (mut baselines, mut growth) = fit(counts);
    for _ in 0..REFITS {
        let mut quiet = counts.clone();
        for (quiet, baseline) in quiet.iter_mut().zip(&baselines) {
            let found = baseline.as_ref().map(|baseline| scan(quiet, baseline)).unwrap_or_default();
            found.iter().for_each(|stretch| quiet[stretch.from..stretch.to].fill(None));
        }
        if quiet == *counts {
            break;
        }
        (baselines, growth) = fit(&quiet);
    }
    (baselines, growth)
}

/// Counts of a metric with what is expected of them; `None` where it is not known.
type Known = Option<(Vec<Option<f64>>, Baseline)>;

/// By how much the metrics other than one exceed what is expected of them, hour by hour, and the variance of its logarithm.
fn factors(known: &[Known; METRICS], but: usize, span: usize) -> Vec<(f64, f64)> {
    let others: Vec<_> = known
        .iter()
        .enumerate()
        .filter(|(metric, _)| *metric != but)
        .filter_map(|(_, known)| known.as_ref())
        .collect();
    (0..span)
        .map(|index| {
            let (mut sum, mut weights) = (0.0, 1.0 / COMMON_VARIANCE);
            for (counts, baseline) in &others {
                let Some(count) = counts[index] else { continue };
                let expected = baseline.expected[index];
                let weight = 1.0 / (1.0 / (expected + 0.5) + OWN_VARIANCE);
                sum += weight * log_ratio(count, expected);
                weights += weight;
            }
            ((sum / weights).clamp(-3.0, 4.0).exp(), 1.0 / weights)
        })
        .collect()
}
