//! The latest events, eight bytes each: what a sequence model reads.

use super::codec::{Reader, StateError, Writer};
use crate::event::{Action, SECOND, Timestamp};

/// Events that are kept.
pub const RING_EVENTS: usize = 128;

/// One event as the ring keeps it.
///
/// ```text
/// bit  0..32  seconds since the epoch
///     32..36  action code
///     36..42  length class: 0 without text, else 1 + min(62, floor(4 log2(1 + characters)))
///     42..47  flags: typo, near-duplicate, device changed, same target, link
///     47..64  zero
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingEvent(u64);

/// What an event showed besides its time and action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventTraits {
    /// Class of the text's length, 0..63; 0 without text.
    pub length_class: u8,
    /// The text holds a typo.
    pub has_typo: bool,
    /// The text nearly repeats an earlier one of the account.
    pub is_near_duplicate: bool,
    /// The device is another than the event before had.
    pub device_changed: bool,
    /// The target is the one the event before had.
    pub same_target: bool,
    /// The text holds a link.
    pub has_link: bool,
}

impl EventTraits {
    /// Class of a text's length: four classes to each doubling.
    #[must_use]
    pub fn length_class_of(characters: u32) -> u8 {
        1 + (4.0 * (1.0 + f64::from(characters)).log2()).floor().min(62.0) as u8
    }
}

impl RingEvent {
    pub(super) fn new(at: Timestamp, action: Action, traits: EventTraits) -> Self {
        let flags = [
            traits.has_typo,
            traits.is_near_duplicate,
            traits.device_changed,
            traits.same_target,
            traits.has_link,
        ];
        let flags = flags.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag));
        Self(
            (at / SECOND) as u64
                | u64::from(action.code()) << 32
                | u64::from(traits.length_class) << 36
                | flags << 42,
        )
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub fn second(self) -> u32 {
        self.0 as u32
    }

    /// What was done.
    #[must_use]
    pub fn action(self) -> Action {
        Action::from_code((self.0 >> 32) as u8 & 0xf)
    }

    /// What else the event showed.
    #[must_use]
    pub fn traits(self) -> EventTraits {
        let flag = |bit: u32| self.0 >> bit & 1 == 1;
        EventTraits {
            length_class: (self.0 >> 36) as u8 & 0x3f,
            has_typo: flag(42),
            is_near_duplicate: flag(43),
            device_changed: flag(44),
            same_target: flag(45),
            has_link: flag(46),
        }
    }
}

/// The latest [`RING_EVENTS`] events.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ring {
    len: u8,
    next: u8,
    events: [RingEvent; RING_EVENTS],
}

impl Default for Ring {
    fn default() -> Self {
        Self { len: 0, next: 0, events: [RingEvent::default(); RING_EVENTS] }
    }
}

impl Ring {
    pub(super) fn push(&mut self, event: RingEvent) {
        self.events[usize::from(self.next)] = event;
        self.next = (self.next + 1) % RING_EVENTS as u8;
        self.len = (self.len + 1).min(RING_EVENTS as u8);
    }

    pub(super) fn oldest_first(&self) -> impl ExactSizeIterator<Item = RingEvent> {
        let start = usize::from(self.next) + RING_EVENTS - usize::from(self.len);
        (0..usize::from(self.len)).map(move |i| self.events[(start + i) % RING_EVENTS])
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.u8(self.len);
        out.u8(self.next);
        self.events.iter().for_each(|event| out.u64(event.0));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let mut ring = Self { len: input.u8()?, next: input.u8()?, ..Self::default() };
        if usize::from(ring.len) > RING_EVENTS || usize::from(ring.next) >= RING_EVENTS {
            return Err(StateError::Corrupt("event ring"));
        }
        for event in &mut ring.events {
            *event = RingEvent(input.u64()?);
        }
        Ok(ring)
    }
}
