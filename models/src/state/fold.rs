//! Folding many events at once, whatever order they came in.

use super::{AccountState, is_observed};
use crate::digest::{Digests, GroupedDigests};
use crate::packed::PackedDigests;

/// A few milliseconds of folding.
const EVENTS_BETWEEN_PAUSES: u32 = 1 << 14;

impl AccountState {
    /// Folds in all events of `digests`, in the order of time, and empties it. None may be older than those observed before;
    /// rows that cannot be told apart count once each.
    pub fn observe_sorted(&mut self, digests: &mut Digests) {
        digests.sort();
        for event in digests.events().iter().filter(|event| is_observed(event)) {
            self.count(event, digests.words(event));
        }
        digests.clear();
    }

    /// Folds in events of several accounts: those of account `n` into `states[n]`. `pause` is called between them, every now and
    /// then.
    pub fn observe_groups(states: &mut [Self], events: &GroupedDigests, pause: &mut dyn FnMut()) {
        let mut read = 0u32;
        events.for_each(|group, event, words| {
            read = read.wrapping_add(1);
            if read.is_multiple_of(EVENTS_BETWEEN_PAUSES) {
                pause();
            }
            if is_observed(event) {
                states[group].count(event, words);
            }
        });
    }

    /// The state of all these events. `pause` is called between them, every now and then.
    #[must_use]
    pub fn of_packed(events: &PackedDigests<'_>, pause: &mut dyn FnMut()) -> Self {
        let (mut state, mut read) = (Self::default(), 0u32);
        events.for_each(|event, words| {
            read = read.wrapping_add(1);
            if read.is_multiple_of(EVENTS_BETWEEN_PAUSES) {
                pause();
            }
            if is_observed(event) {
                state.count(event, words);
            }
        });
        state
    }
}
