//! One account's activity in a value of fixed size: what the insert trigger keeps, and everything features are made of.
//!
//! A state is folded event by event in time order ([`AccountState::observe`]), and [`AccountState::to_bytes`] is its stored
//! form:
//!
//! ```text
//! 0     format version (2)
//! 1     events observed (u64), first and last event (i64 µs each), order of the last (i64),
//!       events by action (16 × u32)
//!       hours, sessions, publications, texts, devices, previous device and target, ring of the last 128 events
//! ```
//!
//! All numbers are little-endian and every state has the same length, [`AccountState::BYTES`], below the 2,032 bytes at
//! which a page still holds four and nothing is moved out of line.

mod codec;
mod distinct;
mod hours;
mod moments;
mod publications;
mod ring;
mod sessions;
mod texts;

pub use codec::StateError;
pub use distinct::DistinctSketch;
pub use moments::Moments;
pub use ring::{EventTraits, RING_EVENTS, RingEvent};
pub use texts::REMEMBERED_TEXTS;

use crate::digest::{Digest, Digests};
use crate::event::{Action, EARLIEST, Event, LATEST, Timestamp};
use codec::{Reader, Writer};
use hours::Hours;
use publications::Publications;
use ring::Ring;
use sessions::Sessions;
use texts::Texts;

/// What became of an event that was offered to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observation {
    /// It is part of the state now.
    Counted,
    /// It comes before the newest event seen, or cannot be told from it. The state is unchanged and must be built again from
    /// the rows.
    Late,
    /// Its time lies outside what is observed ([`EARLIEST`]..[`LATEST`]). The state is unchanged, and right.
    OutOfRange,
}

/// One account's activity, summarised.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountState {
    events: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    last_order: i64,
    actions: [u32; Action::CODES],
    hours: Hours,
    sessions: Sessions,
    publications: Publications,
    texts: Texts,
    devices: DistinctSketch,
    /// Hashes of the latest device and target; 0 when the latest event had none.
    previous_device: u32,
    previous_target: u32,
    ring: Ring,
}

impl AccountState {
    /// Version of the stored form.
    pub const VERSION: u8 = 2;
    /// Length of the stored form.
    pub const BYTES: usize = 1809;

    /// Folds one event in. Events must come in time order; those of the same instant in the order of their rows.
    pub fn observe(&mut self, event: &Event<'_>) -> Observation {
        let mut digests = Digests::default();
        digests.push(event);
        self.observe_digest(&digests.events()[0], &digests)
    }

    /// [`AccountState::observe`] for an event that is one of `digests`.
    pub fn observe_digest(&mut self, event: &Digest, digests: &Digests) -> Observation {
        if !is_observed(event) {
            return Observation::OutOfRange;
        }
        if self.events > 0 && (event.occurred_at, event.order) <= (self.last_at, self.last_order) {
            return Observation::Late;
        }
        self.count(event, digests.words(event));
        Observation::Counted
    }

    /// Folds in all events of `digests`, in the order of time, and empties it. None may be older than those observed before;
    /// rows that cannot be told apart count once each.
    pub fn observe_sorted(&mut self, digests: &mut Digests) {
        digests.sort();
        for event in digests.events().iter().filter(|event| is_observed(event)) {
            self.count(event, digests.words(event));
        }
        digests.clear();
    }

    fn count(&mut self, event: &Digest, words: &[u8]) {
        let at = event.occurred_at;
        let previous = (self.events > 0).then_some(self.last_at);
        if previous.is_none() {
            self.first_at = at;
        }
        self.events += 1;
        self.last_at = at;
        self.last_order = event.order;
        let count = &mut self.actions[usize::from(event.action.code())];
        *count = count.saturating_add(1);
        self.hours.observe(at);
        self.sessions.observe(previous, at);
        if event.action.is_publication() {
            self.publications.observe(at);
        }
        let traits = self.observe_traits(event, words);
        self.ring.push(RingEvent::new(at, event.action, traits));
    }

    fn observe_traits(&mut self, event: &Digest, words: &[u8]) -> EventTraits {
        let mut traits = EventTraits::default();
        if let Some(text) = &event.text {
            traits.length_class = EventTraits::length_class_of(text.characters);
            traits.has_typo = text.has_typo;
            traits.has_link = text.has_link;
            traits.is_near_duplicate = self.texts.observe(text, words);
        }
        if event.device != 0 {
            self.devices.add(event.device);
        }
        traits.device_changed = self.events > 1 && event.device != self.previous_device;
        self.previous_device = event.device;
        traits.same_target = event.target != 0 && event.target == self.previous_target;
        self.previous_target = event.target;
        traits
    }

    /// Events observed.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Time of the newest event observed.
    #[must_use]
    pub fn last_at(&self) -> Option<Timestamp> {
        (self.events > 0).then_some(self.last_at)
    }

    /// Time of the oldest event observed.
    #[must_use]
    pub fn first_at(&self) -> Option<Timestamp> {
        (self.events > 0).then_some(self.first_at)
    }

    /// Events by action code.
    pub fn action_counts(&self) -> impl Iterator<Item = f64> + Clone {
        self.actions.iter().map(|count| f64::from(*count))
    }

    /// Events by hour of the day, UTC.
    pub fn hour_counts(&self) -> impl Iterator<Item = f64> + Clone {
        self.hours.of_day.iter().map(|count| f64::from(*count))
    }

    /// Clock hours with activity.
    #[must_use]
    pub fn active_clock_hours(&self) -> u32 {
        self.hours.active
    }

    /// Events in the busiest clock hour.
    #[must_use]
    pub fn busiest_clock_hour(&self) -> u32 {
        self.hours.busiest
    }

    /// Seconds between consecutive publications.
    #[must_use]
    pub fn publication_gaps(&self) -> Moments {
        self.publications.gaps()
    }

    /// Seconds from first to last event of each session, the open one included; empty without events.
    #[must_use]
    pub fn session_lengths(&self) -> Moments {
        if self.events == 0 {
            return Moments::default();
        }
        self.sessions.lengths(self.last_at)
    }

    /// Characters per text.
    #[must_use]
    pub fn text_lengths(&self) -> Moments {
        self.texts.lengths
    }

    /// Texts with a typo.
    #[must_use]
    pub fn texts_with_typo(&self) -> u32 {
        self.texts.with_typo
    }

    /// Texts that nearly repeat an earlier one.
    #[must_use]
    pub fn near_duplicates(&self) -> u32 {
        self.texts.near_duplicates
    }

    /// Words by bucket of their hash.
    pub fn word_counts(&self) -> impl Iterator<Item = f64> + Clone {
        self.texts.word_counts()
    }

    /// Devices used.
    #[must_use]
    pub fn devices(&self) -> &DistinctSketch {
        &self.devices
    }

    /// The latest events, oldest first, at most [`RING_EVENTS`].
    pub fn recent(&self) -> impl ExactSizeIterator<Item = RingEvent> {
        self.ring.oldest_first()
    }

    /// The stored form, [`AccountState::BYTES`] long.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(Self::BYTES));
        out.u8(Self::VERSION);
        out.u64(self.events);
        out.i64(self.first_at);
        out.i64(self.last_at);
        out.i64(self.last_order);
        self.actions.iter().for_each(|count| out.u32(*count));
        self.hours.write(&mut out);
        self.sessions.write(&mut out);
        self.publications.write(&mut out);
        self.texts.write(&mut out);
        self.devices.write(&mut out);
        out.u32(self.previous_device);
        out.u32(self.previous_target);
        self.ring.write(&mut out);
        out.0
    }

    /// Reads a stored state.
    ///
    /// # Errors
    /// [`StateError`] for bytes of another length or version, and for values no state can hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StateError> {
        match bytes.first() {
            Some(&Self::VERSION) if bytes.len() == Self::BYTES => {}
            Some(&version) if version != Self::VERSION => {
                return Err(StateError::Version { found: version, expected: Self::VERSION });
            }
            _ => {
                return Err(StateError::Length { found: bytes.len(), expected: Self::BYTES });
            }
        }
        let mut input = Reader(&bytes[1..]);
        let (events, first_at, last_at) = (input.u64()?, input.i64()?, input.i64()?);
        let last_order = input.i64()?;
        let mut actions = [0; Action::CODES];
        for count in &mut actions {
            *count = input.u32()?;
        }
        let in_range = |at| (EARLIEST..LATEST).contains(&at);
        if !in_range(first_at) || !in_range(last_at) || last_at < first_at {
            return Err(StateError::Corrupt("time of first or last event"));
        }
        Ok(Self {
            events,
            first_at,
            last_at,
            last_order,
            actions,
            hours: Hours::read(&mut input)?,
            sessions: Sessions::read(&mut input)?,
            publications: Publications::read(&mut input)?,
            texts: Texts::read(&mut input)?,
            devices: DistinctSketch::read(&mut input)?,
            previous_device: input.u32()?,
            previous_target: input.u32()?,
            ring: Ring::read(&mut input)?,
        })
    }
}

fn is_observed(event: &Digest) -> bool {
    (EARLIEST..LATEST).contains(&event.occurred_at)
}

#[cfg(test)]
mod tests;
