//! What training hides from a network at random.

use rand::RngCore;
use rand_chacha::ChaCha8Rng;

use super::batch::PackedBatch;

/// The random source of a training pass, and how much of what it hides besides the values between layers.
pub(super) struct Noise<'a> {
    pub random: &'a mut ChaCha8Rng,
    /// Share of the hidden state's units.
    pub recurrent: f32,
}

/// Fills a mask with 0 for the share of values to drop and with what keeps the mean for the others; empties it where nothing
/// is dropped.
pub(super) fn fill_mask(mask: &mut Vec<f32>, length: usize, share: f32, noise: Option<&mut Noise<'_>>) {
    mask.clear();
    let Some(noise) = noise.filter(|_| share > 0.0) else {
        return;
    };
    let threshold = (share * 65_536.0).round() as u64;
    let kept = 65_536.0 / (65_536 - threshold) as f32;
    mask.resize(length, 0.0);
    for values in mask.chunks_mut(4) {
        let mut bits = noise.random.next_u64();
        for value in values {
            *value = if bits & 0xffff < threshold { 0.0 } else { kept };
            bits >>= 16;
        }
    }
}

/// Multiplies element by element; an empty mask changes nothing.
pub(super) fn scale_by(values: &mut [f32], mask: &[f32]) {
    for (value, factor) in values.iter_mut().zip(mask) {
        *value *= factor;
    }
}

/// The hidden states of a step as the gates see them: themselves without a mask, else masked, and kept in `masked` from
/// `start` on.
pub(super) fn mask_rows<'a>(
    states: &'a [f32],
    mask: &[f32],
    masked: &'a mut [f32],
    start: usize,
) -> &'a [f32] {
    if mask.is_empty() {
        return states;
    }
    let masked = &mut masked[start..start + states.len()];
    for ((masked, state), factor) in masked.iter_mut().zip(states).zip(mask) {
        *masked = state * factor;
    }
    masked
}

/// Drops inputs of a batch, from all steps of a sequence alike.
pub(super) fn drop_inputs(batch: &mut PackedBatch, inputs: usize, share: f32, noise: &mut Noise<'_>) {
    let mut mask = Vec::new();
    fill_mask(&mut mask, batch.sequences() * inputs, share, Some(noise));
    for step in 0..batch.steps() {
        let rows = batch.span(step);
        scale_by(&mut batch.values[rows.start * inputs..rows.end * inputs], &mask);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn masks_keep_the_mean() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let mut noise = Noise { random: &mut random, recurrent: 0.0 };
        let mut mask = vec![7.0];
        fill_mask(&mut mask, 40_001, 0.3, Some(&mut noise));
        let dropped = mask.iter().filter(|&&factor| factor == 0.0).count() as f32 / 40_001.0;
        let mean = mask.iter().sum::<f32>() / 40_001.0;
        assert!((dropped - 0.3).abs() < 0.01 && (mean - 1.0).abs() < 0.02, "{dropped} dropped, mean {mean}");
        fill_mask(&mut mask, 10, 0.0, Some(&mut noise));
        assert!(mask.is_empty());
    }

    #[test]
    fn an_input_is_dropped_from_all_steps_of_a_sequence() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut noise = Noise { random: &mut random, recurrent: 0.0 };
        let (long, short) = ([1.0; 4 * 6], [1.0; 4 * 2]);
        let mut batch = PackedBatch::pack(4, &[&short, &long, &long]);
        drop_inputs(&mut batch, 4, 0.5, &mut noise);
        let of_step = |step: usize| {
            let rows = batch.span(step);
            &batch.values[rows.start * 4..rows.end * 4]
        };
        for step in 1..batch.steps() {
            assert_eq!(of_step(step), &of_step(0)[..of_step(step).len()]);
        }
        assert!(of_step(0).contains(&0.0) && of_step(0).contains(&2.0));
    }
}
