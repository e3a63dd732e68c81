//! Changing training sequences at random, so that a network learns what campaigns have in common and not each one's habits.

use std::f64::consts::TAU;

use botdet_models::sequence::CHANNELS;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::config::require;
use super::error::GruError;

/// The channel of ln(1 + gap) / 15, and that of its absolute change.
const GAP: usize = 0;
const GAP_CHANGE: usize = 1;
const GAP_SCALE: f64 = 15.0;
/// Times have 32 bits of seconds.
const LONGEST_GAP: f64 = u32::MAX as f64;
/// The channels of the sine and cosine of the time of day, and of the position within the hour.
const DAY: [usize; 2] = [2, 3];
const HOUR: [usize; 2] = [4, 5];

/// How training sequences are changed at random each time they are read, for sequences in the encoding of
/// [`botdet_models::sequence::Sequence`] alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Augmentation {
    /// Share of the events left out; the gaps beside them close up. 0 or more, below 0.95. One event always stays.
    pub event_dropout: f32,
    /// Standard deviation of the logarithm of what each gap is multiplied with. 0 to 5.
    pub gap_jitter: f32,
    /// Hours at most by which the clock of a whole sequence is moved, to either side. 0 to 12.
    pub clock_shift: f32,
}

impl Augmentation {
    /// Sequences stay as they are.
    pub const NONE: Self = Self { event_dropout: 0.0, gap_jitter: 0.0, clock_shift: 0.0 };

    pub(super) fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    pub(super) fn check(&self) -> Result<(), GruError> {
        let Self { event_dropout, gap_jitter, clock_shift } = *self;
        let share = (0.0..0.95).contains(&event_dropout);
        require(share, "event_dropout", "at least 0 and below 0.95", event_dropout.into())?;
        require((0.0..=5.0).contains(&gap_jitter), "gap_jitter", "between 0 and 5", gap_jitter.into())?;
        require((0.0..=12.0).contains(&clock_shift), "clock_shift", "between 0 and 12", clock_shift.into())
    }

    /// Refuses sequences that are not in the encoding whose channels are changed here.
    pub(super) fn check_inputs(&self, inputs: usize) -> Result<(), GruError> {
        let holds = self.is_none() || inputs == CHANNELS;
        require(holds, "inputs", "16, the channels of events, where these are augmented", inputs as f64)
    }

    /// A sequence as it is read this time; `steps` is `[length × 16]`, and so is the result, with a length of at least 1.
    pub(super) fn apply(&self, steps: &[f32], random: &mut ChaCha8Rng) -> Vec<f32> {
        let mut events = self.thin(steps, random);
        if self.gap_jitter > 0.0 {
            for event in events.chunks_exact_mut(CHANNELS) {
                let factor = (f64::from(self.gap_jitter) * random.sample::<f64, _>(StandardNormal)).exp();
                event[GAP] = encode_gap(decode_gap(event[GAP]) * factor);
            }
        }
        if self.event_dropout > 0.0 || self.gap_jitter > 0.0 {
            let mut previous = 0.0;
            for event in events.chunks_exact_mut(CHANNELS) {
                event[GAP_CHANGE] = (event[GAP] - previous).abs();
                previous = event[GAP];
            }
        }
        if self.clock_shift > 0.0 {
            let hours = f64::from(random.random_range(-self.clock_shift..=self.clock_shift));
            for event in events.chunks_exact_mut(CHANNELS) {
                turn(event, DAY, hours / 24.0 * TAU);
                turn(event, HOUR, hours * TAU);
            }
        }
        events
    }

    /// The events that stay, each with the time since the one that stayed before it.
    fn thin(&self, steps: &[f32], random: &mut ChaCha8Rng) -> Vec<f32> {
        if self.event_dropout == 0.0 {
            return steps.to_vec();
        }
        let length = steps.len() / CHANNELS;
        let certain = random.random_range(0..length);
        let mut kept = Vec::with_capacity(steps.len());
        let mut silence = 0.0;
        for (index, event) in steps.chunks_exact(CHANNELS).enumerate() {
            silence += decode_gap(event[GAP]);
            if random.random::<f32>() < self.event_dropout && index != certain {
                continue;
            }
            let start = kept.len();
            kept.extend_from_slice(event);
            // What came before the first event is not known.
            kept[start + GAP] = if start == 0 { 0.0 } else { encode_gap(silence) };
            silence = 0.0;
        }
        kept
    }
}

fn decode_gap(value: f32) -> f64 {
    // Whatever the values, what comes of them is finite.
    (f64::from(value) * GAP_SCALE).exp_m1().clamp(0.0, LONGEST_GAP)
}

fn encode_gap(seconds: f64) -> f32 {
    (seconds.min(LONGEST_GAP).ln_1p() / GAP_SCALE) as f32
}

/// Turns a point on the unit circle, given by its sine and cosine.
fn turn(event: &mut [f32], [sine, cosine]: [usize; 2], angle: f64) {
    let (y, x) = (f64::from(event[sine]), f64::from(event[cosine]));
    let (by_sine, by_cosine) = angle.sin_cos();
    event[sine] = (y * by_cosine + x * by_sine) as f32;
    event[cosine] = (x * by_cosine - y * by_sine) as f32;
}

#[cfg(test)]
mod tests {
    use botdet_models::event::{Action, Event, SECOND};
    use botdet_models::sequence::Sequence;
    use botdet_models::state::AccountState;
    use rand::SeedableRng;

    use super::*;

    /// Events at the given seconds after a start.
    fn encoded(seconds: &[i64]) -> Vec<f32> {
        let mut state = AccountState::default();
        for second in seconds {
            state.observe(&Event::new((400 * 86_400 + second) * SECOND, Action::Like));
        }
        Sequence::of(&state).expect("there are events").steps().to_vec()
    }

    fn assert_close(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-5, "value {index} is {found}, not {expected}");
        }
    }

    #[test]
    fn what_stays_is_encoded_as_if_the_rest_had_never_been() {
        let seconds: Vec<i64> = (0..40).map(|index| index * index * 37).collect();
        let augmentation = Augmentation { event_dropout: 0.5, ..Augmentation::NONE };
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut counter = random.clone();
        for _ in 0..20 {
            let thinned = augmentation.apply(&encoded(&seconds), &mut random);
            let certain = counter.random_range(0..40);
            let mut stays = |index: usize| counter.random::<f32>() >= 0.5 || index == certain;
            let kept: Vec<i64> = (0..40).filter(|&index| stays(index)).map(|index| seconds[index]).collect();
            // The flag that says whether the target is the one before does not depend on which events stay here.
            let expected = encoded(&kept);
            for (event, expected) in thinned.chunks(CHANNELS).zip(expected.chunks(CHANNELS)) {
                assert_close(&event[..6], &expected[..6]);
            }
            assert_eq!(thinned.len(), expected.len());
        }
    }

    #[test]
    fn the_clock_moves_as_if_all_had_happened_earlier_or_later() {
        let augmentation = Augmentation { clock_shift: 12.0, ..Augmentation::NONE };
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let hours: f32 = random.clone().random_range(-12.0..=12.0);
        let shift = (hours * 3600.0).round() as i64;
        let moved = augmentation.apply(&encoded(&[0, 50, 7_000]), &mut random);
        let expected = encoded(&[shift, 50 + shift, 7_000 + shift]);
        for (found, expected) in moved.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-3, "{found} and {expected}");
        }
    }

    #[test]
    fn jitter_keeps_the_median_and_one_event_always_stays() {
        let augmentation = Augmentation { gap_jitter: 0.5, ..Augmentation::NONE };
        let steps = encoded(&(0..100).map(|index| index * 600).collect::<Vec<_>>());
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let jittered = augmentation.apply(&steps, &mut random);
        let mut gaps: Vec<f64> =
            jittered.chunks(CHANNELS).skip(1).map(|event| decode_gap(event[GAP])).collect();
        gaps.sort_by(f64::total_cmp);
        assert!((450.0..800.0).contains(&gaps[49]), "{}", gaps[49]);
        assert!(gaps[98] > 1_000.0 && gaps[0] < 350.0);

        let augmentation = Augmentation { event_dropout: 0.94, gap_jitter: 5.0, clock_shift: 12.0 };
        for _ in 0..200 {
            let changed = augmentation.apply(&encoded(&[0, 4_000_000_000]), &mut random);
            assert!(!changed.is_empty() && changed.len().is_multiple_of(CHANNELS));
            assert!(changed.iter().all(|value| value.is_finite()));
        }
        assert_eq!(Augmentation::NONE.apply(&steps, &mut random), steps);
    }

    #[test]
    fn other_encodings_are_refused() {
        assert!(Augmentation::NONE.check_inputs(3).is_ok());
        let augmentation = Augmentation { gap_jitter: 0.1, ..Augmentation::NONE };
        assert!(augmentation.check_inputs(CHANNELS).is_ok());
        assert!(augmentation.check_inputs(3).is_err());
    }
}
