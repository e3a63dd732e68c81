//! Logits of sequences outside training.

use std::cmp::Reverse;

use super::batch::{PackedBatch, check_steps};
use super::error::GruError;
use super::forward::{Tape, forward};
use super::network::GruNetwork;
use crate::parallel::for_each_slot;

/// Sequences per packed batch: enough for the matrix products, few enough that a batch of 32 keeps two threads busy.
pub(super) const SHARD: usize = 16;

impl GruNetwork {
    /// The logit of each sequence; `sequences[i]` is `[length × inputs]`, row-major.
    ///
    /// A sequence's logit depends on its companions in rounding only (about 1e-6).
    ///
    /// # Errors
    /// [`GruError::EmptySequence`], [`GruError::PartialStep`] or [`GruError::ValueNotFinite`] with the position of the
    /// first sequence that cannot be used.
    pub fn logits(&self, sequences: &[&[f32]]) -> Result<Vec<f32>, GruError> {
        self.logits_on_threads(sequences, 1)
    }

    /// The same on several threads (0 counts as 1), with the same result.
    ///
    /// # Errors
    /// As [`GruNetwork::logits`].
    pub fn logits_on_threads(&self, sequences: &[&[f32]], threads: usize) -> Result<Vec<f32>, GruError> {
        for (index, steps) in sequences.iter().enumerate() {
            check_steps(self.config().inputs(), index, steps)?;
        }
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&index| Reverse(sequences[index].len()));
        let shards: Vec<&[usize]> = order.chunks(SHARD).collect();
        let mut shard_logits: Vec<Vec<f32>> = vec![Vec::new(); shards.len()];
        let mut tapes: Vec<Tape> = Vec::new();
        tapes.resize_with(threads.clamp(1, shards.len().max(1)), Tape::default);
        for_each_slot(&mut tapes, &mut shard_logits, |shard, tape, logits| {
            let members: Vec<&[f32]> = shards[shard].iter().map(|&index| sequences[index]).collect();
            // The members are sorted already, so packing leaves them in order.
            forward(self, &PackedBatch::pack(self.config().inputs(), &members), None, tape);
            logits.clone_from(&tape.logits);
        });
        let mut logits = vec![0.0; sequences.len()];
        for (&index, logit) in order.iter().zip(shard_logits.into_iter().flatten()) {
            logits[index] = logit;
        }
        Ok(logits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gru::reference::Case;

    #[test]
    fn logits_do_not_depend_on_order_company_or_threads() {
        let case = Case::new(3, 7, 2, &[9, 1, 4, 12, 12, 2, 6]);
        let sequences: Vec<&[f32]> = (0..70).map(|index| case.steps[index % 7].as_slice()).collect();
        let all = case.network.logits(&sequences).unwrap();
        let alone: Vec<f32> =
            sequences.iter().map(|steps| case.network.logits(&[steps]).unwrap()[0]).collect();
        let reversed: Vec<&[f32]> = sequences.iter().rev().copied().collect();
        let reversed = case.network.logits(&reversed).unwrap();
        for (index, logit) in all.iter().enumerate() {
            assert!((logit - alone[index]).abs() < 1e-6, "{logit} and {} alone", alone[index]);
            assert!((logit - reversed[69 - index]).abs() < 1e-6, "{logit} and {}", reversed[69 - index]);
        }
        assert_eq!(case.network.logits_on_threads(&sequences, 5).unwrap(), all);
        assert!(all[0] != all[1]);
    }

    #[test]
    fn no_sequences_have_no_logits_and_an_empty_one_is_an_error() {
        let case = Case::new(1, 2, 1, &[1]);
        assert_eq!(case.network.logits(&[]), Ok(vec![]));
        assert_eq!(case.network.logits(&[&[1.0], &[]]), Err(GruError::EmptySequence { index: 1 }));
    }
}
