//! Kolmogorov-Smirnov test of two samples.

/// Pairs of values up to which the exact distribution is worked out.
const MOST_EXACT: usize = 4_000_000;

/// How far apart two samples' distributions are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KolmogorovSmirnov {
    /// Largest distance of the two distribution functions, 0..=1.
    pub statistic: f64,
    /// Chance of at least this distance when both samples come from one continuous distribution.
    pub p_value: f64,
}

/// Compares two samples; NaN is a missing value and left out. `None` when nothing is left of one.
///
/// The p-value is exact (Hodges 1958, as scipy's `ks_2samp(method="exact")`) for up to 4,000,000 pairs of values,
/// and Kolmogorov's limit (scipy's `kstwobign`) beyond.
#[must_use]
pub fn kolmogorov_smirnov(first: &[f64], second: &[f64]) -> Option<KolmogorovSmirnov> {
    let (first, second) = (sorted(first), sorted(second));
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let (m, n) = (first.len(), second.len());
    let distance = largest_distance(&first, &second);
    let statistic = distance as f64 / (m as f64 * n as f64);
    let p_value = if m.saturating_mul(n) <= MOST_EXACT {
        exact(m as u64, n as u64, distance)
    } else {
        limit(statistic * (m as f64 / (m + n) as f64 * n as f64).sqrt())
    };
    Some(KolmogorovSmirnov { statistic, p_value })
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_unstable_by(f64::total_cmp);
    known
}

/// The largest distance times the numbers of values in both, a whole number.
fn largest_distance(first: &[f64], second: &[f64]) -> u64 {
    let (mut i, mut j, mut largest) = (0, 0, 0);
    while i < first.len() && j < second.len() {
        let value = first[i].min(second[j]);
        i += first[i..].iter().take_while(|next| **next == value).count();
        j += second[j..].iter().take_while(|next| **next == value).count();
        largest = largest.max((i as u64 * second.len() as u64).abs_diff(j as u64 * first.len() as u64));
    }
    largest
}

/// Chance that a random order of `m` and `n` values somewhere reaches the distance: of the ways to a point of the
/// grid, the share that has reached it, from those to the two points before.
fn exact(m: u64, n: u64, distance: u64) -> f64 {
    let reaches = |i: u64, j: u64| (i * n).abs_diff(j * m) >= distance;
    let mut row = vec![0.0; n as usize + 1];
    for i in 0..=m {
        for j in 0..=n {
            let at = j as usize;
            let share = if i + j == 0 {
                0.0
            } else {
                let from_left = if j > 0 { row[at - 1] * j as f64 } else { 0.0 };
                (row[at] * i as f64 + from_left) / (i + j) as f64
            };
            row[at] = if reaches(i, j) { 1.0 } else { share };
        }
    }
    row[n as usize]
}

/// Survival function of Kolmogorov's distribution.
pub(super) fn limit(x: f64) -> f64 {
    if x < 1.0 {
        // The other series, which converges where this one does not.
        let term = |k: u32| (-(f64::from(2 * k - 1) * std::f64::consts::PI).powi(2) / (8.0 * x * x)).exp();
        let sum: f64 = (1..=20).map(term).sum();
        let below = if x > 0.0 { (2.0 * std::f64::consts::PI).sqrt() / x * sum } else { 0.0 };
        return 1.0 - below;
    }
    let term = |k: u32| if k % 2 == 1 { 2.0 } else { -2.0 } * (-2.0 * (f64::from(k) * x).powi(2)).exp();
    (1..=20).map(term).sum::<f64>().clamp(0.0, 1.0)
}
