//! Rows as most entries want them: without gaps, and all columns on one scale.

use botdet_models::rows::Rows;

use super::Sample;

/// Values beyond this many standard deviations are cut off, so that single precision never overflows. No row of an
/// evenly weighted sample below a hundred million rows lies so far out.
const LARGEST: f64 = 1e4;

/// Median imputation and standard scaling, learned from training rows.
pub(crate) struct Standardiser {
    columns: Vec<Column>,
}

struct Column {
    /// Of the known values, whatever their weights; 0 where there is none.
    median: f64,
    mean: f64,
    /// 1 where the column is constant.
    deviation: f64,
}

impl Standardiser {
    /// Learns from rows; means and deviations are weighted.
    pub fn fit(sample: Sample<'_>) -> Self {
        let columns = (0..sample.rows().width()).map(|index| Column::fit(sample, index)).collect();
        Self { columns }
    }

    /// Values to a row.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// One row's inputs, each within ±[`LARGEST`].
    pub fn inputs<'a>(&'a self, row: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
        self.columns.iter().zip(row).map(|(column, value)| column.input(*value))
    }

    /// All rows' inputs, row-major.
    pub fn all(&self, rows: &Rows) -> Vec<f64> {
        let mut inputs = Vec::with_capacity(rows.values().len());
        rows.iter().for_each(|row| inputs.extend(self.inputs(row)));
        inputs
    }

    /// Rows without gaps, on one scale, or both.
    pub fn apply(&self, rows: &Rows, impute: bool, scale: bool) -> Rows {
        let mut values = Vec::with_capacity(rows.values().len());
        for row in rows {
            values.extend(self.columns.iter().zip(row).map(|(column, value)| {
                match (value.is_nan(), scale) {
                    (true, _) if !impute => f32::NAN,
                    (_, true) => column.input(*value) as f32,
                    (true, false) => column.median as f32,
                    (false, false) => *value,
                }
            }));
        }
        // What was finite or missing still is, so that this never fails.
        Rows::new(values, rows.width()).unwrap_or_else(|_| rows.clone())
    }

    /// All rows' inputs in single precision, row-major.
    pub fn all_single(&self, rows: &Rows) -> Vec<f32> {
        let mut inputs = Vec::with_capacity(rows.values().len());
        rows.iter().for_each(|row| inputs.extend(self.inputs(row).map(|input| input as f32)));
        inputs
    }
}

impl Column {
    fn fit(sample: Sample<'_>, index: usize) -> Self {
        let median = median(sample.rows().column(index).filter(|value| !value.is_nan()).collect());
        let filled = || {
            let values = sample.rows().column(index);
            values.map(|value| if value.is_nan() { median } else { f64::from(value) }).zip(sample.weights())
        };
        let total: f64 = sample.weights().iter().sum();
        let mean = filled().map(|(value, weight)| weight / total * value).sum::<f64>();
        let variance = filled().map(|(value, weight)| weight / total * (value - mean).powi(2)).sum::<f64>();
        // What is left of a constant column is rounding of its mean.
        let constant = variance.sqrt() <= 1e-12 * mean.abs();
        Self { median, mean, deviation: if constant { 1.0 } else { variance.sqrt() } }
    }

    fn input(&self, value: f32) -> f64 {
        let value = if value.is_nan() { self.median } else { f64::from(value) };
        ((value - self.mean) / self.deviation).clamp(-LARGEST, LARGEST)
    }
}

/// The middle value, or the mean of the two middle ones; 0 where there is none.
fn median(mut values: Vec<f32>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    let upper = f64::from(*upper);
    let lower = below.iter().copied().max_by(f32::total_cmp).map_or(upper, f64::from);
    if even { (lower + upper) / 2.0 } else { upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_fill_gaps_and_weights_count_as_repetition() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);

        let gap = f32::NAN;
        let rows = Rows::new(vec![1.0, 7.0, gap, 3.0, 7.0, gap, gap, 7.0, gap], 3).expect("whole rows");
        let labels = [true, false, true];
        let standardiser =
            Standardiser::fit(Sample::new(&rows, &labels, &[2.0, 1.0, 1.0]).expect("they belong together"));
        // The first column is 1, 1, 3, 2: mean 1.75, variance 0.6875. The others never vary.
        let expected = [-0.75, 0.0, 0.0, 1.25, 0.0, 0.0, 0.25, 0.0, 0.0].map(|x: f64| x / 0.6875f64.sqrt());
        for (ours, expected) in standardiser.all(&rows).iter().zip(expected) {
            assert!((ours - expected).abs() < 1e-12);
        }
        let far = Rows::new(vec![f32::MAX, f32::MIN, 0.0], 3).expect("whole rows");
        assert_eq!(standardiser.all_single(&far), [1e4, -1e4, 0.0]);
    }
}
