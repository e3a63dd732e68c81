//! Sequences of different lengths side by side, without padding.

use std::cmp::Reverse;
use std::ops::Range;

use super::error::GruError;

/// One labelled sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sequence<'a> {
    /// `[length × inputs]`, row-major; the length follows from the slice's.
    pub steps: &'a [f32],
    /// The probability of being a bot: 1 for a bot, 0 for a person.
    pub label: f32,
    /// How much the sequence counts relative to the others; at least 0. Class weights go here.
    pub weight: f32,
}

/// Sequences laid out by time step, longest first.
///
/// The sequences that have a step `t` are then the leading ones, and their rows are contiguous: one matrix product
/// serves all of them, and a sequence that has ended costs nothing. A "row" below is one step of one sequence.
#[derive(Debug, Clone)]
pub(super) struct PackedBatch {
    /// Where each packed sequence stood among the given ones.
    pub order: Vec<usize>,
    /// Steps of each packed sequence, descending.
    pub lengths: Vec<usize>,
    /// The first row of each step, and after the last step the number of rows.
    offsets: Vec<usize>,
    /// `[rows × inputs]`.
    pub values: Vec<f32>,
}

impl PackedBatch {
    /// Packs sequences of `inputs` values a step. [`check_steps`] must have accepted every one of them.
    pub fn pack(inputs: usize, sequences: &[&[f32]]) -> Self {
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&index| Reverse(sequences[index].len()));
        let lengths: Vec<usize> = order.iter().map(|&index| sequences[index].len() / inputs).collect();

        let mut offsets = vec![0];
        let mut values = Vec::with_capacity(lengths.iter().sum::<usize>() * inputs);
        let mut active = lengths.len();
        for step in 0..lengths.first().copied().unwrap_or(0) {
            while lengths[active - 1] <= step {
                active -= 1;
            }
            for &index in &order[..active] {
                values.extend_from_slice(&sequences[index][step * inputs..(step + 1) * inputs]);
            }
            offsets.push(offsets[step] + active);
        }
        Self { order, lengths, offsets, values }
    }

    /// How many sequences there are.
    pub fn sequences(&self) -> usize {
        self.lengths.len()
    }

    /// Steps of the longest sequence.
    pub fn steps(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Steps of all sequences together.
    pub fn rows(&self) -> usize {
        self.offsets[self.steps()]
    }

    /// The rows of one step; its n-th row belongs to the n-th packed sequence.
    pub fn span(&self, step: usize) -> Range<usize> {
        self.offsets[step]..self.offsets[step + 1]
    }
}

/// Accepts a sequence that has at least one step, whole steps only, and finite values.
pub(super) fn check_steps(inputs: usize, index: usize, steps: &[f32]) -> Result<(), GruError> {
    if steps.is_empty() {
        return Err(GruError::EmptySequence { index });
    }
    if !steps.len().is_multiple_of(inputs) {
        return Err(GruError::PartialStep { index, values: steps.len(), inputs });
    }
    match steps.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(at) => Err(GruError::ValueNotFinite { index, step: at / inputs, value: steps[at] }),
    }
}

/// Accepts a data set in which every sequence, label and weight is usable; gives the sum of the weights.
pub(super) fn check_set(
    inputs: usize,
    set: &'static str,
    sequences: &[Sequence<'_>],
) -> Result<f64, GruError> {
    if sequences.is_empty() {
        return Err(GruError::NoSequences { set });
    }
    let mut total = 0.0;
    for (index, &Sequence { steps, label, weight }) in sequences.iter().enumerate() {
        check_steps(inputs, index, steps)?;
        if !(0.0..=1.0).contains(&label) {
            return Err(GruError::Label { index, label });
        }
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(GruError::Weight { index, weight });
        }
        total += f64::from(weight);
    }
    if total > 0.0 { Ok(total) } else { Err(GruError::NoWeight { set }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_by_step_and_longest_first() {
        let batch = PackedBatch::pack(1, &[&[1.0], &[2.0, 3.0, 4.0], &[5.0, 6.0]]);
        assert_eq!(batch.order, [1, 2, 0]);
        assert_eq!(batch.lengths, [3, 2, 1]);
        assert_eq!(batch.values, [2.0, 5.0, 1.0, 3.0, 6.0, 4.0]);
        assert_eq!((batch.steps(), batch.rows(), batch.span(1)), (3, 6, 3..5));
    }

    #[test]
    fn unusable_sequences_are_refused() {
        assert_eq!(check_steps(2, 7, &[]), Err(GruError::EmptySequence { index: 7 }));
        assert_eq!(
            check_steps(2, 7, &[0.0; 3]),
            Err(GruError::PartialStep { index: 7, values: 3, inputs: 2 })
        );
        let error = check_steps(2, 7, &[0.0, 0.0, f32::INFINITY, 0.0]);
        assert_eq!(error, Err(GruError::ValueNotFinite { index: 7, step: 1, value: f32::INFINITY }));

        let sequence = Sequence { steps: &[1.0], label: 2.0, weight: 1.0 };
        assert_eq!(check_set(1, "training", &[sequence]), Err(GruError::Label { index: 0, label: 2.0 }));
        let sequence = Sequence { steps: &[1.0], label: 1.0, weight: 0.0 };
        assert_eq!(check_set(1, "training", &[sequence]), Err(GruError::NoWeight { set: "training" }));
        assert_eq!(check_set(1, "validation", &[]), Err(GruError::NoSequences { set: "validation" }));
    }
}
