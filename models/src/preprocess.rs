//! From features, with gaps and tails, to inputs a linear model can take.

use serde::{Deserialize, Serialize};

use crate::features::{ACCOUNT_FEATURE_COUNT, ACCOUNT_FEATURES, FeatureVector, Scale};

/// Inputs beyond this many standard deviations are cut off: one absurd value must not decide alone.
const LARGEST_INPUT: f64 = 6.0;
/// Points of a feature's distribution that are kept: percentiles 0 to 100.
const PERCENTILES: usize = 101;

/// Median imputation and standard scaling, learned from training accounts; logarithms where the catalogue says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessor {
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    /// Median of the known values, on the feature's own scale.
    median: f64,
    /// Mean and standard deviation after imputation, on the model's scale.
    mean: f64,
    deviation: f64,
    /// Percentiles of the known values, on the feature's own scale; empty when none was known.
    percentiles: Vec<f64>,
}

impl Preprocessor {
    /// Learns from accounts. A feature that none of them has becomes the constant 0.
    #[must_use]
    pub fn fit(rows: &[FeatureVector]) -> Self {
        let columns = (0..ACCOUNT_FEATURE_COUNT).map(|index| Column::fit(rows, index)).collect();
        Self { columns }
    }

    /// The inputs of one account, one a feature, each within ±[`LARGEST_INPUT`].
    #[must_use]
    pub fn inputs(&self, features: &FeatureVector) -> Vec<f64> {
        self.columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let value = features.values()[index].unwrap_or(column.median);
                let standardised = (scaled(index, value) - column.mean) / column.deviation;
                standardised.clamp(-LARGEST_INPUT, LARGEST_INPUT)
            })
            .collect()
    }

    /// A feature's median among the training accounts; `None` when none had it.
    #[must_use]
    pub fn typical(&self, index: usize) -> Option<f64> {
        let column = self.columns.get(index)?;
        (!column.percentiles.is_empty()).then_some(column.median)
    }

    /// Share of the training accounts, 0..1, whose value is at most this one.
    #[must_use]
    pub fn percentile(&self, index: usize, value: f64) -> Option<f64> {
        let percentiles = &self.columns.get(index)?.percentiles;
        if percentiles.is_empty() {
            return None;
        }
        let at_most = percentiles.partition_point(|known| *known <= value);
        Some((at_most.saturating_sub(1)) as f64 / (PERCENTILES - 1) as f64)
    }

    /// Whether every number is finite and every spread positive.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.columns.len() == ACCOUNT_FEATURE_COUNT && self.columns.iter().all(Column::is_sound)
    }
}

impl Column {
    fn fit(rows: &[FeatureVector], index: usize) -> Self {
        let mut known: Vec<f64> = rows.iter().filter_map(|row| row.values()[index]).collect();
        known.sort_by(f64::total_cmp);
        let at = |share: f64| known[((known.len() - 1) as f64 * share).round() as usize];
        let percentiles: Vec<f64> = match known.len() {
            0 => Vec::new(),
            _ => (0..PERCENTILES).map(|p| at(p as f64 / (PERCENTILES - 1) as f64)).collect(),
        };
        let median = percentiles.get(PERCENTILES / 2).copied().unwrap_or(0.0);
        let count = rows.len().max(1) as f64;
        let scaled_values = || rows.iter().map(|row| scaled(index, row.values()[index].unwrap_or(median)));
        let mean = scaled_values().sum::<f64>() / count;
        let variance = scaled_values().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
        let deviation = variance.sqrt();
        Self { median, mean, deviation: if deviation > 1e-9 { deviation } else { 1.0 }, percentiles }
    }

    fn is_sound(&self) -> bool {
        let finite = self.median.is_finite() && self.mean.is_finite() && self.deviation.is_finite();
        let ordered = self.percentiles.is_sorted() && self.percentiles.iter().all(|value| value.is_finite());
        let counted = self.percentiles.is_empty() || self.percentiles.len() == PERCENTILES;
        finite && self.deviation > 0.0 && ordered && counted
    }
}

fn scaled(index: usize, value: f64) -> f64 {
    match ACCOUNT_FEATURES[index].scale {
        Scale::Linear => value,
        Scale::Logarithmic => value.max(0.0).ln_1p(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cadence: Option<f64>, typos: Option<f64>) -> FeatureVector {
        let mut values = [None; ACCOUNT_FEATURE_COUNT];
        values[0] = cadence;
        values[6] = typos;
        FeatureVector::new(&values).expect("the values are possible")
    }

    #[test]
    fn missing_values_become_the_median() {
        let rows = [row(Some(1.0), None), row(Some(10.0), None), row(Some(100.0), None), row(None, None)];
        let preprocessor = Preprocessor::fit(&rows);
        assert!(preprocessor.is_sound());
        assert_eq!(preprocessor.typical(0), Some(10.0));
        assert_eq!(preprocessor.typical(6), None);
        assert_eq!(preprocessor.inputs(&rows[3])[0], preprocessor.inputs(&rows[1])[0]);
        assert!(preprocessor.inputs(&rows[0]).iter().all(|input| input.is_finite()));
    }

    #[test]
    fn inputs_are_bounded() {
        let rows: Vec<_> = (0..50).map(|i| row(Some(f64::from(i)), Some(0.0))).collect();
        let inputs = Preprocessor::fit(&rows).inputs(&row(Some(1e17), Some(1.0)));
        assert!(inputs.iter().all(|input| input.abs() <= LARGEST_INPUT));
    }

    #[test]
    fn percentiles_count_peers() {
        let rows: Vec<_> = (0..101).map(|i| row(Some(f64::from(i)), None)).collect();
        let preprocessor = Preprocessor::fit(&rows);
        assert_eq!(preprocessor.percentile(0, 50.0), Some(0.5));
        assert_eq!(preprocessor.percentile(0, 1e9), Some(1.0));
        assert_eq!(preprocessor.percentile(0, -1.0), Some(0.0));
        assert_eq!(preprocessor.percentile(6, 0.5), None);
    }
}
