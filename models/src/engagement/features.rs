//! From a series to the features of the `engagement` detector.

use super::analysis::Analysis;
use super::calendar::{DAY, WEEK, hour_of_day, is_weekend};
use super::catalog::ENGAGEMENT_FEATURES;
use super::episode::{Episode, correlation, mean};
use super::fits::Fit;
use super::metric::Metric;
use super::metric::Metric::{Comments, Likes, Shares, Views};
use super::series::Series;

/// Residual from which an hour is a burst.
const BURST: f64 = 3.0;
/// Pairs that a correlation needs.
const LEAST_PAIRS: usize = 24;
/// Hours of the parts that rates are compared over.
const PART: usize = 6;
/// Irregularity where there are too few short episodes to tell.
const NOT_REGULAR: f64 = 2.0;

/// The features of a series in the order of [`ENGAGEMENT_FEATURES`]; all missing when it is too short.
#[must_use]
pub fn engagement_features(series: &Series) -> Vec<Option<f64>> {
    Analysis::of(series)
        .map_or_else(|_| vec![None; ENGAGEMENT_FEATURES.len()], |analysis| analysis.features(series))
}

impl Analysis {
    /// The same for a series that was analysed.
    #[must_use]
    pub fn features(&self, series: &Series) -> Vec<Option<f64>> {
        let mut values = vec![Some(1.0 - series.missing() as f64 / self.span as f64)];
        Metric::ALL.iter().for_each(|metric| values.extend(self.of_metric(*metric)));
        let fit = |metric: Metric| self.fits[metric as usize].as_ref();
        for (metric, lags) in [(Views, [1, DAY, WEEK].as_slice()), (Likes, &[1, DAY])] {
            values.extend(lags.iter().map(|lag| fit(metric).and_then(|fit| autocorrelation(fit, *lag))));
        }
        values.extend([Views, Likes].map(|metric| fit(metric).map(|fit| fit.alone.correlation)));
        values.push(Some(self.growth));
        let views = fit(Views);
        let per_view = [Likes, Comments, Shares].map(|metric| views.zip(fit(metric)));
        values.extend(per_view.map(|pair| pair.map(|(views, other)| rate(views, other, 0, self.span))));
        values.extend(per_view.map(|pair| pair.map(|(views, other)| rate_spread(views, other))));
        for (a, b) in [(Views, Likes), (Views, Comments), (Views, Shares), (Likes, Comments)] {
            values.push(fit(a).zip(fit(b)).and_then(|(a, b)| excess_correlation(a, b)));
        }
        values.extend(self.of_hours().map(Some));
        values.extend(self.of_episodes().map(Some));
        values.into_iter().map(|value| value.filter(|value| value.is_finite())).collect()
    }

    fn of_metric(&self, metric: Metric) -> [Option<f64>; 8] {
        let Some(fit) = &self.fits[metric as usize] else { return [None; 8] };
        let strongest = |stretches: &[super::scan::Stretch]| {
            stretches.iter().map(|stretch| stretch.strength).fold(0.0, f64::max)
        };
        let spans = self.episodes.iter().flat_map(|episode| &episode.spans);
        let hours: usize =
            spans.filter(|span| span.metric == metric as usize).map(|span| span.to - span.from).sum();
        [
            fit.alone.dispersion.ln(),
            self.entropy(fit),
            peak(fit, 1),
            peak(fit, PART),
            peak(fit, DAY),
            strongest(&fit.alone_stretches),
            strongest(&fit.among_stretches),
            hours as f64 / self.span as f64,
        ]
        .map(Some)
    }

    fn entropy(&self, fit: &Fit) -> f64 {
        let mut by_hour = [0.0; DAY];
        for (index, count) in fit.counts.iter().enumerate() {
            by_hour[hour_of_day(self.first + index as i64, 0)] += count.unwrap_or(0.0);
        }
        let total: f64 = by_hour.iter().sum();
        let part = |count: &f64| if *count > 0.0 { -count / total * (count / total).ln() } else { 0.0 };
        (by_hour.iter().map(part).sum::<f64>() / (DAY as f64).ln()).clamp(0.0, 1.0)
    }

    fn of_hours(&self) -> [f64; 3] {
        let bursts = (0..self.span)
            .filter(|index| {
                self.fits.iter().flatten().any(|fit| {
                    fit.counts[*index].is_some_and(|count| fit.alone.residual(*index, count) > BURST)
                })
            })
            .count();
        let night = |hour| (2..5).contains(&hour_of_day(hour, self.offset));
        [
            bursts as f64 / self.span as f64,
            self.most_exceeding(night),
            self.most_exceeding(|hour| is_weekend(hour, self.offset)),
        ]
    }

    /// ln of observed over expected of some hours, of the metric where it is largest.
    fn most_exceeding(&self, is_meant: impl Fn(i64) -> bool) -> f64 {
        let excess = |fit: &Fit| {
            let hours = (0..self.span).filter(|index| is_meant(self.first + *index as i64));
            let (observed, expected) = hours.fold((1.0, 1.0), |(observed, expected), index| {
                let (count, here) = fit.sums(index, index + 1, &fit.alone);
                (observed + count, expected + here)
            });
            (observed / expected).ln()
        };
        self.fits.iter().flatten().map(excess).reduce(f64::max).unwrap_or(0.0)
    }

    fn of_episodes(&self) -> [f64; 21] {
        let weeks = self.span as f64 / WEEK as f64;
        let hours: usize = self.episodes.iter().map(Episode::len).sum();
        let organic: f64 = self.episodes.iter().map(|episode| episode.organic).sum();
        let suspect = |episode: &&Episode| (1.0 - episode.organic) * episode.strength;
        let most = self.episodes.iter().max_by(|a, b| suspect(a).total_cmp(&suspect(b)));
        let of_most = |value: &dyn Fn(&Episode) -> f64| most.map_or(0.0, value);
        let ratio = |episode: &Episode| {
            let ratios = episode.spans.iter().filter_map(|span| {
                let fit = self.fits[span.metric].as_ref()?;
                Some(fit.log_ratio_of(span.from, span.to, &fit.alone))
            });
            ratios.fold(0.0, f64::max)
        };
        [
            self.episodes.len() as f64 / weeks,
            hours as f64 / self.span as f64,
            organic / weeks,
            of_most(&|episode| episode.strength),
            of_most(&ratio),
            of_most(&|episode| (episode.len() as f64).ln()),
            of_most(&|episode| episode.metrics() as f64),
            of_most(&|episode| episode.mismatch),
            of_most(&|episode| episode.breadth),
            of_most(&|episode| episode.decay),
            of_most(&|episode| episode.tail),
            of_most(&|episode| episode.ramp),
            of_most(&|episode| episode.waves),
            of_most(&|episode| episode.night),
            of_most(&|episode| episode.weekend),
            of_most(&|episode| episode.organic),
            self.pattern.short as f64 / weeks,
            self.pattern.at_night as f64 / weeks,
            self.pattern.irregularity.unwrap_or(NOT_REGULAR).min(NOT_REGULAR),
            self.pattern.likeness,
            self.suspicion(),
        ]
    }
}

/// ln of the largest excess of so many hours in a row.
fn peak(fit: &Fit, hours: usize) -> f64 {
    let ends = hours.min(fit.counts.len())..=fit.counts.len();
    ends.map(|end| {
        let (observed, expected) = fit.sums(end.saturating_sub(hours), end, &fit.alone);
        (observed + 1.0) / (expected + 1.0)
    })
    .fold(1.0, f64::max)
    .ln()
}

/// Correlation of ln(1 + count) with so many hours before; missing with too few pairs.
fn autocorrelation(fit: &Fit, lag: usize) -> Option<f64> {
    let logarithm = |count: Option<f64>| count.map(f64::ln_1p);
    let pairs: Vec<(f64, f64)> = fit
        .counts
        .iter()
        .skip(lag)
        .zip(&fit.counts)
        .filter_map(|(now, before)| logarithm(*now).zip(logarithm(*before)))
        .collect();
    (pairs.len() >= LEAST_PAIRS)
        .then(|| correlation(pairs.iter().map(|pair| pair.0), pairs.iter().map(|pair| pair.1)))
}

/// ln of one count per another, over some hours.
fn rate(views: &Fit, other: &Fit, from: usize, to: usize) -> f64 {
    let (views, _) = views.sums(from, to, &views.alone);
    let (count, _) = other.sums(from, to, &other.alone);
    ((count + 0.5) / (views + 0.5)).ln()
}

/// Standard deviation of that over parts, beyond what chance does to small counts.
fn rate_spread(views: &Fit, other: &Fit) -> f64 {
    let len = views.counts.len();
    let parts: Vec<(f64, f64)> = (0..len / PART)
        .map(|part| {
            let (from, to) = (part * PART, (part + 1) * PART);
            let (_, expected) = other.sums(from, to, &other.alone);
            (rate(views, other, from, to), 1.0 / (expected + 1.0))
        })
        .collect();
    let middle = mean(parts.iter().map(|part| part.0));
    let variance = mean(parts.iter().map(|part| (part.0 - middle).powi(2)));
    let chance = mean(parts.iter().map(|part| part.1));
    (variance - chance).max(0.0).sqrt()
}

/// Correlation of two metrics' excesses by the hour, held to what a few hours cannot decide.
fn excess_correlation(a: &Fit, b: &Fit) -> Option<f64> {
    let excess =
        |fit: &Fit, index: usize| Some(fit.alone.residual(index, fit.counts[index]?).clamp(-3.0, 6.0));
    let pairs: Vec<(f64, f64)> = (0..a.counts.len().min(b.counts.len()))
        .filter_map(|index| excess(a, index).zip(excess(b, index)))
        .collect();
    (pairs.len() >= LEAST_PAIRS)
        .then(|| correlation(pairs.iter().map(|pair| pair.0), pairs.iter().map(|pair| pair.1)))
}
