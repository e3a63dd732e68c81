//! Labelled, weighted rows that have been checked to belong together.

use botdet_models::rows::Rows;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Why rows, labels and weights allow no fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// They are not equally many.
    #[error("{rows} rows, {labels} labels and {weights} weights do not belong together")]
    Shape {
        /// Rows there are.
        rows: usize,
        /// Labels there are.
        labels: usize,
        /// Weights there are.
        weights: usize,
    },
    /// Only one class has weight.
    #[error("all {0} rows are of one class")]
    OneClass(usize),
    /// A weight is negative or not finite.
    #[error("row {row} has weight {weight}, which is not a finite number of at least 0")]
    Weight {
        /// The row's index.
        row: usize,
        /// The weight.
        weight: f64,
    },
}

/// Rows to learn from: both classes are there, and each has some weight.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    rows: &'a Rows,
    labels: &'a [bool],
    weights: &'a [f64],
}

impl<'a> Sample<'a> {
    /// Checks that rows, labels and weights belong together.
    ///
    /// # Errors
    /// [`SampleError`] with the precondition that is broken.
    pub fn new(rows: &'a Rows, labels: &'a [bool], weights: &'a [f64]) -> Result<Self, SampleError> {
        if rows.len() != labels.len() || labels.len() != weights.len() {
            let (rows, labels, weights) = (rows.len(), labels.len(), weights.len());
            return Err(SampleError::Shape { rows, labels, weights });
        }
        if let Some(row) = weights.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
            return Err(SampleError::Weight { row, weight: weights[row] });
        }
        let weighs = |class: bool| labels.iter().zip(weights).any(|(label, w)| *label == class && *w > 0.0);
        if !weighs(true) || !weighs(false) {
            return Err(SampleError::OneClass(labels.len()));
        }
        Ok(Self { rows, labels, weights })
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &'a Rows {
        self.rows
    }

    /// The classes, one a row.
    #[must_use]
    pub fn labels(&self) -> &'a [bool] {
        self.labels
    }

    /// How often each row counts.
    #[must_use]
    pub fn weights(&self) -> &'a [f64] {
        self.weights
    }
}

/// Rows with weight, at most `most` of them, in their order; both classes are there, and in proportion where that allows.
pub(super) fn in_proportion(sample: Sample<'_>, most: usize, seed: u64) -> Vec<usize> {
    let of_class = |class: bool| -> Vec<usize> {
        let weighs = |row: &usize| sample.labels()[*row] == class && sample.weights()[*row] > 0.0;
        (0..sample.labels().len()).filter(weighs).collect()
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let classes = [of_class(false), of_class(true)];
    let share = (most as f64 / (classes[0].len() + classes[1].len()) as f64).min(1.0);
    let mut chosen: Vec<usize> = Vec::new();
    for mut rows in classes {
        let count = ((rows.len() as f64 * share).round() as usize).clamp(1, rows.len());
        let (some, _) = rows.partial_shuffle(&mut random, count);
        chosen.extend_from_slice(some);
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoo::tests::ring;

    #[test]
    fn what_does_not_belong_together_is_refused() {
        let rows = Rows::new(vec![1.0, 2.0], 1).expect("whole rows");
        assert!(Sample::new(&rows, &[true, false], &[1.0, 1.0]).is_ok());
        assert_eq!(Sample::new(&rows, &[true, true], &[1.0, 1.0]).err(), Some(SampleError::OneClass(2)));
        assert_eq!(Sample::new(&rows, &[true, false], &[1.0, 0.0]).err(), Some(SampleError::OneClass(2)));
        let weight = Sample::new(&rows, &[true, false], &[1.0, -1.0]).err();
        assert_eq!(weight, Some(SampleError::Weight { row: 1, weight: -1.0 }));
        let shape = Sample::new(&rows, &[true], &[1.0, 1.0]).err();
        assert_eq!(shape, Some(SampleError::Shape { rows: 2, labels: 1, weights: 2 }));
    }

    #[test]
    fn the_sample_keeps_both_classes_in_proportion() {
        let (rows, labels) = ring(1000);
        let positive = labels.iter().filter(|label| **label).count() as f64;
        let sample = Sample::new(&rows, &labels, &[1.0; 1000]).expect("they belong together");
        let chosen = in_proportion(sample, 200, 3);
        let kept = chosen.iter().filter(|row| labels[**row]).count() as f64;
        assert!((199..=201).contains(&chosen.len()) && (kept - positive / 5.0).abs() <= 0.5);
        assert!(
            chosen.is_sorted()
                && chosen == in_proportion(sample, 200, 3)
                && chosen != in_proportion(sample, 200, 4)
        );
        assert_eq!(in_proportion(sample, 5000, 0), (0..1000).collect::<Vec<usize>>());

        let mut weights = [0.0; 1000];
        let first = |class| labels.iter().position(|label| *label == class).expect("both are there");
        (weights[first(true)], weights[first(false)]) = (1.0, 1.0);
        let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
        assert_eq!(in_proportion(sample, 2, 0).len(), 2);
    }
}
