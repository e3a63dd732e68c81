//! Population stability index.

use serde::{Deserialize, Serialize};

/// Bins without anybody count as this share, so that the index stays finite.
const LEAST_SHARE: f64 = 1e-4;

/// Quantile bins of a reference sample, to compare later samples with: what training keeps of a column or a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PsiReference {
    /// Inner edges, rising strictly; a value at an edge lies below it.
    edges: Vec<f64>,
    /// Share of the reference sample in each bin, one more than edges.
    shares: Vec<f64>,
    /// Share of missing values.
    missing: f64,
}

impl PsiReference {
    /// Takes the quantiles that divide the known values into `bins` equal parts (linear between values, as numpy's)
    /// for edges; equal ones are joined. NaN is a missing value, and has a bin of its own. `None` without values.
    #[must_use]
    pub fn of(values: &[f64], bins: usize) -> Option<Self> {
        let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        known.sort_unstable_by(f64::total_cmp);
        let mut edges: Vec<f64> = match known.len() {
            0 => Vec::new(),
            _ => (1..bins).map(|part| quantile(&known, part as f64 / bins as f64)).collect(),
        };
        edges.dedup();
        Self::with_edges(edges, values)
    }

    /// The same with edges of one's choice, which rise strictly.
    #[must_use]
    pub fn with_edges(edges: Vec<f64>, values: &[f64]) -> Option<Self> {
        let mut reference = Self { shares: vec![0.0; edges.len() + 1], edges, missing: 0.0 };
        (reference.shares, reference.missing) = reference.shares_of(values)?;
        Some(reference)
    }

    /// Inner edges of the bins, rising.
    #[must_use]
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Share of the reference sample in each bin, one more than edges.
    #[must_use]
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Share of missing values.
    #[must_use]
    pub fn missing(&self) -> f64 {
        self.missing
    }

    /// The index of a sample: the sum over bins of `(a - b) ln(a / b)`, shares below 0.0001 counting as that. 0 for
    /// equal shares; above 0.1 a shift, above 0.25 a large one (Siddiqi, "Credit risk scorecards", 2006). `None`
    /// without values.
    #[must_use]
    pub fn psi(&self, values: &[f64]) -> Option<f64> {
        let (shares, missing) = self.shares_of(values)?;
        let pairs = self.shares.iter().zip(&shares).chain([(&self.missing, &missing)]);
        Some(pairs.map(|(expected, actual)| distance(*expected, *actual)).sum())
    }

    /// Whether a reference that was read from somewhere is sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_share = |share: &f64| (0.0..=1.0).contains(share);
        self.shares.len() == self.edges.len() + 1
            && self.edges.is_sorted_by(|a, b| a < b)
            && self.shares.iter().chain([&self.missing]).all(is_share)
    }

    /// The share in each bin, and that of missing values.
    fn shares_of(&self, values: &[f64]) -> Option<(Vec<f64>, f64)> {
        let mut counts = vec![0u64; self.edges.len() + 1];
        let mut missing = 0u64;
        for value in values {
            if value.is_nan() {
                missing += 1;
            } else {
                counts[self.edges.partition_point(|edge| edge < value)] += 1;
            }
        }
        let all = values.len() as f64;
        let shares = counts.iter().map(|count| *count as f64 / all).collect();
        (!values.is_empty()).then(|| (shares, missing as f64 / all))
    }
}

fn distance(expected: f64, actual: f64) -> f64 {
    // Where nobody is in either there is no shift.
    let (expected, actual) = (expected.max(LEAST_SHARE), actual.max(LEAST_SHARE));
    (actual - expected) * (actual / expected).ln()
}

/// A quantile of sorted values, linear between the two that it lies between.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    if below == above { below } else { below + (above - below) * position.fract() }
}
