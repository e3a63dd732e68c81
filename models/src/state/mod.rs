//! One account's activity in a value of fixed size: what the insert trigger keeps, and everything features are made of.
//!
//! A state is folded event by event in time order ([`AccountState::observe`]), and [`AccountState::to_bytes`] is its stored
//! form:
//!
//! ```text
//! 0     format version (3)
//! 1     first event (i64 µs), devices, countries, addresses,
//!       texts: hosts, signatures and templates of the latest, words, counts
//! 632   ring of the last 128 events, 6 bytes each: the slots before its write position,
//!         marker (0xffffffff) and length of the ring
//!         events observed (u64), last event (i64 µs) and its order (i64), sum of times (f64),
//!         events by action (16 × u32), hours, sessions, publications, gaps, previous device and target, targets
//!       its other slots
//! ```
//!
//! All numbers are little-endian and every state has the same length, [`AccountState::BYTES`]: below 1,980 bytes a page
//! holds four and nothing is moved out of line.
//!
//! What changes with every event lies inside the ring, at the place where the next event goes. An update without a text
//! changes that one stretch and no byte before or behind it, and Postgres logs only the stretch from the first to the last
//! byte that an update changes. A reader finds the place by its marker: where a slot would begin with the event's seconds,
//! it has seconds that no event has. What changes seldom lies in front, at a fixed place: inside the ring, it would move by
//! the width of a slot with every event, and all of it would count as changed.

mod bits;
mod codec;
mod distinct;
mod fold;
mod gaps;
mod hourly;
mod hours;
mod moments;
mod publications;
mod ring;
mod sessions;
mod texts;

pub use bits::DistinctBits;
pub use codec::StateError;
pub use distinct::DistinctSketch;
pub use gaps::GAP_BINS;
pub use moments::Moments;
pub use ring::{EventTraits, RING_EVENTS, RingEvent};
pub use texts::{REMEMBERED_TEMPLATES, REMEMBERED_TEXTS};

use crate::digest::{Digest, Digests};
use crate::event::{Action, EARLIEST, Event, LATEST, SECOND, Timestamp};
use codec::{Reader, Writer};
use gaps::Gaps;
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
    /// Sum over all events of the seconds since the first.
    since_first: f64,
    actions: [u32; Action::CODES],
    hours: Hours,
    gaps: Gaps,
    sessions: Sessions,
    publications: Publications,
    texts: Texts,
    devices: DistinctSketch,
    addresses: DistinctBits,
    countries: DistinctBits,
    targets: DistinctBits,
    /// Hashes of the latest device and target; 0 when the latest event had none.
    previous_device: u32,
    previous_target: u32,
    ring: Ring,
}

impl AccountState {
    /// Version of the stored form. Stored states are made again from rows; archived ones have none left, so a new version must
    /// be able to read those of the versions released before it.
    pub const VERSION: u8 = 3;
    /// Length of the stored form.
    pub const BYTES: usize = 1901;

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

    fn count(&mut self, event: &Digest, words: &[u8]) {
        let at = event.occurred_at;
        let previous = (self.events > 0).then_some(self.last_at);
        match previous {
            None => self.first_at = at,
            Some(previous) => self.gaps.observe(previous, at),
        }
        self.since_first += (at - self.first_at) as f64 / SECOND as f64;
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
        self.observe_names(event);
        traits.device_changed = self.events > 1 && event.device != self.previous_device;
        self.previous_device = event.device;
        traits.same_target = event.target != 0 && event.target == self.previous_target;
        self.previous_target = event.target;
        traits
    }

    fn observe_names(&mut self, event: &Digest) {
        if event.device != 0 {
            self.devices.add(event.device);
        }
        let seen = [
            (&mut self.addresses, event.ip),
            (&mut self.countries, event.country),
            (&mut self.targets, event.target),
        ];
        for (names, hash) in seen {
            if hash != 0 {
                names.add(hash);
            }
        }
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

    /// Events on Saturdays and Sundays, UTC.
    #[must_use]
    pub fn weekend_events(&self) -> u32 {
        self.hours.on_weekends
    }

    /// Autocorrelation of the events by clock hour, from the first to the last event, at a lag of one hour, -1..=1; `None`
    /// for fewer than 3 hours and for counts that are all the same.
    #[must_use]
    pub fn hourly_autocorrelation(&self) -> Option<f64> {
        self.hours.series.autocorrelation_of_an_hour(self.events as f64)
    }

    /// The same at a lag of 24 hours; `None` for fewer than 48 hours.
    #[must_use]
    pub fn daily_autocorrelation(&self) -> Option<f64> {
        self.hours.series.autocorrelation_of_a_day(self.events as f64)
    }

    /// Seconds between consecutive events.
    #[must_use]
    pub fn gaps(&self) -> Moments {
        self.gaps.moments
    }

    /// Gaps between consecutive events by the logarithm of their length: bin `b` of [`GAP_BINS`] holds those from
    /// `2^b - 1` up to `2^(b+1) - 1` seconds. All are halved when one would exceed 65,535.
    pub fn gap_bins(&self) -> impl Iterator<Item = f64> + Clone {
        self.gaps.bins()
    }

    /// The gap, s, below which a `share` of the gaps between events lies, from their bins: `ln(1 + gap)` counts as evenly
    /// spread within one. `None` without gaps.
    #[must_use]
    pub fn gap_quantile(&self, share: f64) -> Option<f64> {
        self.gaps.quantile(share)
    }

    /// Longest gap between two events, whole seconds; 0 without gaps.
    #[must_use]
    pub fn longest_gap(&self) -> u32 {
        self.gaps.longest
    }

    /// Mean over all events of the seconds since the first; `None` without events.
    #[must_use]
    pub fn mean_since_first(&self) -> Option<f64> {
        (self.events > 0).then(|| self.since_first / self.events as f64)
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

    /// Texts whose template is that of one of the [`REMEMBERED_TEMPLATES`] before.
    #[must_use]
    pub fn texts_with_known_template(&self) -> u32 {
        self.texts.with_known_template
    }

    /// Texts with a link.
    #[must_use]
    pub fn texts_with_link(&self) -> u32 {
        self.texts.with_link
    }

    /// Mentions in all texts.
    #[must_use]
    pub fn mentions(&self) -> u32 {
        self.texts.mentions
    }

    /// Emoji in all texts.
    #[must_use]
    pub fn emoji(&self) -> u32 {
        self.texts.emoji
    }

    /// Letters of all texts that are upper or lower case.
    #[must_use]
    pub fn letters(&self) -> u64 {
        self.texts.letters
    }

    /// Letters of all texts that are upper case.
    #[must_use]
    pub fn capitals(&self) -> u64 {
        self.texts.capitals
    }

    /// Hosts that texts link to; of each text the first.
    #[must_use]
    pub fn hosts(&self) -> &DistinctBits {
        &self.texts.hosts
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

    /// Addresses used.
    #[must_use]
    pub fn addresses(&self) -> &DistinctBits {
        &self.addresses
    }

    /// Countries acted from.
    #[must_use]
    pub fn countries(&self) -> &DistinctBits {
        &self.countries
    }

    /// Whom or what something was done to.
    #[must_use]
    pub fn targets(&self) -> &DistinctBits {
        &self.targets
    }

    /// The latest events, oldest first, at most [`RING_EVENTS`].
    pub fn recent(&self) -> impl ExactSizeIterator<Item = RingEvent> {
        self.ring.oldest_first()
    }

    /// The stored form, [`AccountState::BYTES`] long.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::BYTES);
        self.write_to(&mut out);
        out
    }

    /// Appends the stored form to `out`; allocates nothing where there is room for it.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + Self::BYTES, 0);
        let mut out = Writer(&mut out[start..]);
        out.u8s([Self::VERSION]);
        out.i64s([self.first_at]);
        self.devices.write(&mut out);
        self.countries.write(&mut out);
        self.addresses.write(&mut out);
        self.texts.write(&mut out);
        self.ring.write_around(&mut out, |out| self.write_inside_ring(out));
    }

    fn write_inside_ring(&self, out: &mut Writer<'_>) {
        out.u64s([self.events]);
        out.i64s([self.last_at, self.last_order]);
        out.f64s([self.since_first]);
        out.u32s(self.actions);
        self.hours.write(out);
        self.sessions.write(out);
        self.publications.write(out);
        self.gaps.write(out);
        out.u32s([self.previous_device, self.previous_target]);
        self.targets.write(out);
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
        // Filled in place: moving two kilobytes about costs more than reading them.
        let mut state = Self::default();
        [state.first_at] = input.i64s();
        state.devices = DistinctSketch::read(&mut input)?;
        state.countries = DistinctBits::read(&mut input);
        state.addresses = DistinctBits::read(&mut input);
        state.texts = Texts::read(&mut input)?;
        state.ring = Ring::read_around(&mut input, |input| state.read_inside_ring(input))?;
        let in_range = |at| (EARLIEST..LATEST).contains(&at);
        if !in_range(state.first_at) || !in_range(state.last_at) || state.last_at < state.first_at {
            return Err(StateError::Corrupt("time of first or last event"));
        }
        Ok(state)
    }

    fn read_inside_ring(&mut self, input: &mut Reader<'_>) -> Result<(), StateError> {
        [self.events] = input.u64s();
        [self.last_at, self.last_order] = input.i64s();
        [self.since_first] = input.finite()?;
        self.actions = input.u32s();
        self.hours = Hours::read(input)?;
        self.sessions = Sessions::read(input)?;
        self.publications = Publications::read(input)?;
        self.gaps = Gaps::read(input)?;
        [self.previous_device, self.previous_target] = input.u32s();
        self.targets = DistinctBits::read(input);
        Ok(())
    }
}

fn is_observed(event: &Digest) -> bool {
    (EARLIEST..LATEST).contains(&event.occurred_at)
}

#[cfg(test)]
mod tests;
