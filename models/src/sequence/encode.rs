//! From the ring of a state to the numbers a model reads.

use std::f64::consts::TAU;

use crate::event::Action;
use crate::state::{AccountState, RingEvent};

/// Numbers to each step.
pub const CHANNELS: usize = 16;

/// An account's latest events, oldest first: `len() × CHANNELS` numbers, row-major; never empty.
///
/// Per event, with `dt` the whole seconds since the event before (0 for the first):
///
/// | channel | meaning |
/// | --- | --- |
/// | 0, 1 | ln(1 + dt) / 15; its absolute change from the step before, on the same scale |
/// | 2, 3 | sine and cosine of the time of day, UTC |
/// | 4, 5 | sine and cosine of the position within the hour |
/// | 6 | class of the text's length / 63; 0 without text |
/// | 7, 8 | the text holds a typo; nearly repeats an earlier one |
/// | 9, 10 | the device changed; the target is the one before |
/// | 11 | the text holds a link |
/// | 12–15 | post; comment or message; repost or share; like |
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    steps: Vec<f32>,
}

impl Sequence {
    /// The sequence of a state; `None` without events.
    #[must_use]
    pub fn of(state: &AccountState) -> Option<Self> {
        let events = state.recent();
        if events.len() == 0 {
            return None;
        }
        let mut steps = Vec::with_capacity(events.len() * CHANNELS);
        let (mut previous_second, mut previous_gap) = (None, 0.0);
        for event in events {
            let second = event.second();
            let silence = second.saturating_sub(previous_second.unwrap_or(second));
            let gap = f64::from(silence).ln_1p() / 15.0;
            steps.extend(step(event, gap, (gap - previous_gap).abs()));
            (previous_second, previous_gap) = (Some(second), gap);
        }
        Some(Self { steps })
    }

    /// A sequence from `len × CHANNELS` numbers; `None` when they are not that, or none.
    #[must_use]
    pub fn from_steps(steps: Vec<f32>) -> Option<Self> {
        (!steps.is_empty() && steps.len().is_multiple_of(CHANNELS)).then_some(Self { steps })
    }

    /// Number of events, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a sequence is never empty")]
    pub fn len(&self) -> usize {
        self.steps.len() / CHANNELS
    }

    /// `len() × CHANNELS` numbers, row-major.
    #[must_use]
    pub fn steps(&self) -> &[f32] {
        &self.steps
    }
}

fn step(event: RingEvent, gap: f64, gap_change: f64) -> [f32; CHANNELS] {
    let second = event.second();
    let (day_sine, day_cosine) = (f64::from(second % 86_400) / 86_400.0 * TAU).sin_cos();
    let (hour_sine, hour_cosine) = (f64::from(second % 3_600) / 3_600.0 * TAU).sin_cos();
    let traits = event.traits();
    let action = event.action();
    let flag = |set: bool| if set { 1.0 } else { 0.0 };
    [
        gap as f32,
        gap_change as f32,
        day_sine as f32,
        day_cosine as f32,
        hour_sine as f32,
        hour_cosine as f32,
        f32::from(traits.length_class) / 63.0,
        flag(traits.has_typo),
        flag(traits.is_near_duplicate),
        flag(traits.device_changed),
        flag(traits.same_target),
        flag(traits.has_link),
        flag(action == Action::Post),
        flag(matches!(action, Action::Comment | Action::Message)),
        flag(matches!(action, Action::Repost | Action::Share)),
        flag(action == Action::Like),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, SECOND};
    use crate::state::RING_EVENTS;

    #[test]
    fn keeps_the_latest_events() {
        let mut state = AccountState::default();
        assert_eq!(Sequence::of(&state), None);
        for i in 0..200i64 {
            let action = if i < 150 { Action::Like } else { Action::Post };
            state.observe(&Event::new((86_400 * 365 + i * 60) * SECOND, action));
        }
        let sequence = Sequence::of(&state).expect("there are events");
        assert_eq!(sequence.len(), RING_EVENTS);
        let likes = sequence.steps().chunks(CHANNELS).filter(|step| step[15] == 1.0).count();
        assert_eq!(likes, 150 - (200 - RING_EVENTS));
        let gap = (61f64.ln() / 15.0) as f32;
        assert_eq!(sequence.steps()[0], 0.0);
        assert_eq!(sequence.steps()[CHANNELS], gap);
        assert_eq!(sequence.steps()[CHANNELS + 1], gap);
        assert_eq!(sequence.steps()[2 * CHANNELS + 1], 0.0);
    }
}
