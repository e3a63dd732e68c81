//! From inputs, with gaps and tails, to inputs a linear model can take.

use serde::{Deserialize, Serialize};

use crate::features::Scale;

/// Inputs beyond this many standard deviations are cut off: one absurd value must not decide alone.
const LARGEST_INPUT: f64 = 6.0;
/// Points of an input's distribution that are kept: percentiles 0 to 100.
const PERCENTILES: usize = 101;

/// Median imputation and standard scaling, learned from training rows; logarithms where the values ask for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessor {
    inputs: Vec<Input>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// How the values are spread.
    scale: Scale,
    /// Median of the known values, on their own scale.
    median: f64,
    /// Mean and standard deviation after imputation, on the model's scale.
    mean: f64,
    deviation: f64,
    /// Percentiles of the known values, on their own scale; empty when none was known.
    percentiles: Vec<f64>,
}

impl Preprocessor {
    /// Learns from `rows` of `scales.len()` inputs, row-major, NaN where missing. An input that no row has becomes the
    /// constant 0.
    #[must_use]
    pub fn fit(rows: &[f64], scales: &[Scale]) -> Self {
        let learn = |(index, scale): (usize, &Scale)| Input::fit(column(rows, scales.len(), index), *scale);
        Self { inputs: scales.iter().enumerate().map(learn).collect() }
    }

    /// The same for inputs of which nothing is known: one that is never negative and skewed, as counts and amounts are, is
    /// taken over orders of magnitude.
    #[must_use]
    pub fn fit_any(rows: &[f64], width: usize) -> Self {
        let scales: Vec<Scale> = (0..width).map(|index| scale_of(column(rows, width, index))).collect();
        Self::fit(rows, &scales)
    }

    /// How many inputs it takes and gives.
    #[must_use]
    pub fn width(&self) -> usize {
        self.inputs.len()
    }

    /// Inputs of one row, each within ±6 standard deviations; NaN becomes the median.
    #[must_use]
    pub fn apply(&self, row: &[f64]) -> Vec<f64> {
        self.inputs.iter().zip(row).map(|(input, value)| input.apply(*value)).collect()
    }

    /// An input's median among the training rows; `None` when none had it.
    #[must_use]
    pub fn typical(&self, index: usize) -> Option<f64> {
        let input = self.inputs.get(index)?;
        (!input.percentiles.is_empty()).then_some(input.median)
    }

    /// Share of the training rows, 0..1, whose value is at most this one.
    #[must_use]
    pub fn percentile(&self, index: usize, value: f64) -> Option<f64> {
        percentile(&self.inputs.get(index)?.percentiles, value)
    }

    /// Percentiles 0 to 100 of an input's known values; empty when none was known.
    #[must_use]
    pub fn percentiles(&self, index: usize) -> &[f64] {
        self.inputs.get(index).map_or(&[], |input| &input.percentiles)
    }

    /// Whether there are `width` inputs, every number is finite and every spread positive.
    #[must_use]
    pub fn is_sound(&self, width: usize) -> bool {
        self.inputs.len() == width && self.inputs.iter().all(Input::is_sound)
    }
}

impl Input {
    fn fit(values: impl Iterator<Item = f64> + Clone, scale: Scale) -> Self {
        let percentiles = percentiles(values.clone().filter(|value| !value.is_nan()).collect());
        let median = percentiles.get(PERCENTILES / 2).copied().unwrap_or(0.0);
        let values = values.map(|value| scale.apply(if value.is_nan() { median } else { value }));
        let (mean, deviation) = moments(values);
        Self { scale, median, mean, deviation: if deviation > 1e-9 { deviation } else { 1.0 }, percentiles }
    }

    fn apply(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.median } else { value };
        let standardised = (self.scale.apply(value) - self.mean) / self.deviation;
        standardised.clamp(-LARGEST_INPUT, LARGEST_INPUT)
    }

    fn is_sound(&self) -> bool {
        let finite = self.median.is_finite() && self.mean.is_finite() && self.deviation.is_finite();
        finite && self.deviation > 0.0 && are_percentiles(&self.percentiles)
    }
}

/// Percentiles 0 to 100 of values, by the nearest rank; empty without values.
#[must_use]
pub fn percentiles(mut values: Vec<f64>) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    (0..PERCENTILES).map(|p| at(p as f64 / (PERCENTILES - 1) as f64)).collect()
}

/// Share, 0..1, of what the percentiles were taken of that is at most `value`; `None` when there was nothing.
#[must_use]
pub fn percentile(percentiles: &[f64], value: f64) -> Option<f64> {
    if percentiles.is_empty() {
        return None;
    }
    let at_most = percentiles.partition_point(|known| *known <= value);
    Some((at_most.saturating_sub(1)) as f64 / (PERCENTILES - 1) as f64)
}

/// Whether stored numbers are what [`percentiles`] gives.
#[must_use]
pub fn are_percentiles(stored: &[f64]) -> bool {
    let counted = stored.is_empty() || stored.len() == PERCENTILES;
    counted && stored.is_sorted() && stored.iter().all(|value| value.is_finite())
}

fn column(rows: &[f64], width: usize, index: usize) -> impl Iterator<Item = f64> + Clone + '_ {
    rows.chunks_exact(width).map(move |row| row[index])
}

fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// Logarithmic for values from 0 up whose skewness a logarithm takes away for the most part.
fn scale_of(values: impl Iterator<Item = f64> + Clone) -> Scale {
    let known = values.filter(|value| !value.is_nan());
    if known.clone().any(|value| value < 0.0) {
        return Scale::Linear;
    }
    let plain = skewness(known.clone());
    let logarithmic = skewness(known.map(|value| Scale::Logarithmic.apply(value)));
    if plain > 1.0 && logarithmic.abs() < plain / 2.0 { Scale::Logarithmic } else { Scale::Linear }
}

/// Third standardised moment; 0 for constants.
fn skewness(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let (mean, deviation) = moments(values.clone());
    if deviation.is_nan() || deviation <= 1e-9 {
        return 0.0;
    }
    let count = values.clone().count() as f64;
    values.map(|value| ((value - mean) / deviation).powi(3)).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: f64 = f64::NAN;
    const SCALES: [Scale; 2] = [Scale::Logarithmic, Scale::Linear];

    #[test]
    fn missing_values_become_the_median() {
        let rows = [1.0, MISSING, 10.0, MISSING, 100.0, MISSING, MISSING, MISSING];
        let preprocessor = Preprocessor::fit(&rows, &SCALES);
        assert!(preprocessor.is_sound(2));
        assert_eq!(preprocessor.typical(0), Some(10.0));
        assert_eq!(preprocessor.typical(1), None);
        assert_eq!(preprocessor.apply(&rows[6..])[0], preprocessor.apply(&rows[2..4])[0]);
        assert!(preprocessor.apply(&rows[..2]).iter().all(|input| input.is_finite()));
    }

    #[test]
    fn inputs_are_bounded() {
        let rows: Vec<f64> = (0..50).flat_map(|i| [f64::from(i), 0.0]).collect();
        let inputs = Preprocessor::fit(&rows, &SCALES).apply(&[1e17, 1.0]);
        assert!(inputs.iter().all(|input| input.abs() <= LARGEST_INPUT));
    }

    #[test]
    fn percentiles_count_peers() {
        let rows: Vec<f64> = (0..101).flat_map(|i| [f64::from(i), MISSING]).collect();
        let preprocessor = Preprocessor::fit(&rows, &SCALES);
        assert_eq!(preprocessor.percentile(0, 50.0), Some(0.5));
        assert_eq!(preprocessor.percentile(0, 1e9), Some(1.0));
        assert_eq!(preprocessor.percentile(0, -1.0), Some(0.0));
        assert_eq!(preprocessor.percentile(1, 0.5), None);
    }

    #[test]
    fn counts_are_taken_over_orders_of_magnitude_and_the_rest_is_not() {
        let counts = (0..200).map(|i| (f64::from(i) / 20.0).exp().floor());
        assert_eq!(scale_of(counts.clone()), Scale::Logarithmic);
        assert_eq!(scale_of(counts.map(|count| -count)), Scale::Linear);
        assert_eq!(scale_of((0..200).map(|i| f64::from(i % 7))), Scale::Linear);
        assert_eq!(scale_of([f64::NAN, 3.0, 3.0].into_iter()), Scale::Linear);
    }
}
