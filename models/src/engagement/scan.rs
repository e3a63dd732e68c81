//! Stretches of hours whose counts are higher than a baseline explains.
//!
//! A scan statistic: all stretches of a set of lengths are tried, and the strongest is refined at its ends. A stretch's count
//! is negative binomial around what is expected of it. Its strength is the lesser of two that are about standard normal where
//! nothing happens: the signed root of that distribution's deviance, which holds for rare counts, and the scaled sum of its
//! hours' residuals, which a single hour cannot carry. It is compared with a bar that rises with the number of stretches of that length
//! (`√(2 ln(hours / length) + margin)`, as for the maximum of so many normal variables). What lies beside it is searched again.

use super::baseline::Baseline;
use super::calendar::DAY;

/// Lengths that are tried, in hours.
const LENGTHS: [usize; 15] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 36, 48, 72, 96, 120, 168];
/// What the square of a strength has to exceed beyond the number of stretches.
const MARGIN: f64 = 7.0;
/// Excess below which nothing is a window, however long: levels wander.
const LEAST_RATIO: f64 = 1.25;
/// Windows of one metric that are reported, at most.
const MOST_WINDOWS: usize = 64;

/// A stretch of hours of one metric that stands out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    /// First hour, as a place in the series.
    pub from: usize,
    /// The hour after the last.
    pub to: usize,
    /// Its strength, in standard deviations.
    pub strength: f64,
    /// Observed over expected.
    pub ratio: f64,
}

/// Sums up to every hour, so that a stretch's are differences.
struct Sums<'a> {
    sums: Vec<Sum>,
    baseline: &'a Baseline,
    /// By how much correlated hours spread more than others, by length.
    inflation: Vec<f64>,
    /// The square of the strength that so many hours have by chance, by their number.
    bars: Vec<f64>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    expected: f64,
    /// Extra variance, in squares of counts.
    squares: f64,
    residual: f64,
    variance: f64,
}

impl Sum {
    fn since(self, from: Self) -> Self {
        Self {
            count: self.count - from.count,
            expected: self.expected - from.expected,
            squares: self.squares - from.squares,
            residual: self.residual - from.residual,
            variance: self.variance - from.variance,
        }
    }
}

impl<'a> Sums<'a> {
    fn of(counts: &[Option<f64>], baseline: &'a Baseline, hours: std::ops::Range<usize>) -> Self {
        let inflation = baseline.inflations(hours.len());
        let all = hours.len() as f64;
        let bars = (0..=hours.len()).map(|hours| 2.0 * (all / hours.max(1) as f64).ln() + MARGIN).collect();
        let mut sum = Sum::default();
        let mut sums = vec![sum];
        for index in hours {
            let expected = baseline.expected[index];
            if let Some(count) = &counts[index] {
                sum.count += count;
                sum.expected += expected;
                sum.squares += (baseline.dispersion + baseline.doubt[index]) * expected * expected;
                sum.residual += baseline.residual(index, *count);
                // Of counts that are mostly 0 the residual hardly varies.
                sum.variance += 1.0 - (-1.1 * expected).exp();
            }
            sums.push(sum);
        }
        Self { sums, baseline, inflation, bars }
    }

    /// A stretch with a strength whose square is above this one.
    fn stretch(&self, from: usize, to: usize, above: f64) -> Option<Stretch> {
        let sum = self.sums[to].since(self.sums[from]);
        if sum.count <= LEAST_RATIO * sum.expected || sum.residual <= 0.0 {
            return None;
        }
        let spread = self.inflation[to - from];
        let even = sum.residual * sum.residual / (sum.variance * spread).max(1e-9);
        if even <= above {
            return None;
        }
        // Extra variance of the logarithm: of hours, and of days, of which a longer stretch has several.
        let share = sum.squares / (sum.expected * sum.expected);
        let days = self.baseline.days / (1.0 + (to - from) as f64 / DAY as f64);
        let hours = share * spread;
        let more = (hours + days) / hours.max(1e-12);
        let even = even / more;
        if even <= above {
            return None;
        }
        let dispersion = (hours + days).max(1e-6);
        let ratio = sum.count / sum.expected;
        let deviance = 2.0
            * (sum.count * ratio.ln()
                - (sum.count + 1.0 / dispersion)
                    * ((1.0 + dispersion * sum.count) / (1.0 + dispersion * sum.expected)).ln());
        Some(Stretch { from, to, strength: even.min(deviance.max(0.0)).sqrt(), ratio })
    }

    fn best(&self, from: usize, to: usize) -> Option<(f64, Stretch)> {
        let mut best: Option<(f64, Stretch)> = None;
        for length in LENGTHS.into_iter().take_while(|length| *length <= to - from) {
            for start in from..=to - length {
                self.consider(&mut best, start, start + length);
            }
        }
        // Lengths between those that were tried.
        while let Some((gain, Stretch { from: start, to: end, .. })) = best {
            for step in [1, 2, 4, 8] {
                for (start, end) in [
                    (start.saturating_sub(step).max(from), end),
                    (start + step, end),
                    (start, end.saturating_sub(step)),
                    (start, (end + step).min(to)),
                ] {
                    if start < end {
                        self.consider(&mut best, start, end);
                    }
                }
            }
            if best.is_none_or(|(now, _)| now <= gain) {
                break;
            }
        }
        best
    }

    fn consider(&self, best: &mut Option<(f64, Stretch)>, from: usize, to: usize) {
        let bar = self.bars[to - from];
        let least = best.map_or(0.0, |(gain, _)| gain);
        let Some(stretch) = self.stretch(from, to, bar + least) else { return };
        let gain = stretch.strength.powi(2) - bar;
        if gain > least {
            *best = Some((gain, stretch));
        }
    }
}

/// Where it is known from elsewhere to look: the stretch, whatever its strength is; `None` where it does not stand out at all.
pub(super) fn look(counts: &[Option<f64>], baseline: &Baseline, from: usize, to: usize) -> Option<Stretch> {
    // Sums begin at the stretch: it is short beside the series.
    Sums::of(counts, baseline, from..to).stretch(0, to - from, 0.0).map(|stretch| Stretch {
        from,
        to,
        ..stretch
    })
}

/// The stretches that stand out, in the order of time.
pub(super) fn scan(counts: &[Option<f64>], baseline: &Baseline) -> Vec<Stretch> {
    let sums = Sums::of(counts, baseline, 0..counts.len());
    let mut found = Vec::new();
    let mut parts = vec![(0, counts.len())];
    while let Some((from, to)) = parts.pop() {
        if from == to || found.len() == MOST_WINDOWS {
            continue;
        }
        if let Some((_, stretch)) = sums.best(from, to) {
            found.push(stretch);
            parts.extend([(from, stretch.from), (stretch.to, to)]);
        }
    }
    found.sort_unstable_by_key(|stretch| stretch.from);
    found
}
