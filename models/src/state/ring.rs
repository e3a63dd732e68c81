//! The latest events, six bytes each: what a sequence model reads.

use super::codec::{Reader, StateError, Writer};
use crate::event::{Action, LATEST, SECOND, Timestamp};

/// Events that are kept.
pub const RING_EVENTS: usize = 128;

/// One event as the ring keeps it.
///
/// ```text
/// bit  0..32  seconds since the epoch
///     32..36  action code
///     36..42  length class: 0 without text, else 1 + min(62, floor(4 log2(1 + characters)))
///     42..47  flags: typo, near-duplicate, device changed, same target, link
///     47      zero
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingEvent {
    second: u32,
    /// Bits 32 to 48.
    rest: u16,
}

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
        let flags = flags.iter().rev().fold(0, |bits, flag| bits << 1 | u16::from(*flag));
        let rest = u16::from(action.code()) | u16::from(traits.length_class) << 4 | flags << 10;
        Self { second: (at / SECOND) as u32, rest }
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub fn second(self) -> u32 {
        self.second
    }

    /// What was done.
    #[must_use]
    pub fn action(self) -> Action {
        Action::from_code(self.rest as u8 & 0xf)
    }

    /// What else the event showed.
    #[must_use]
    pub fn traits(self) -> EventTraits {
        let flag = |bit: u32| self.rest >> bit & 1 == 1;
        EventTraits {
            length_class: (self.rest >> 4) as u8 & 0x3f,
            has_typo: flag(10),
            is_near_duplicate: flag(11),
            device_changed: flag(12),
            same_target: flag(13),
            has_link: flag(14),
        }
    }

    fn to_slot(self) -> Slot {
        let ([a, b, c, d], [e, f]) = (self.second.to_le_bytes(), self.rest.to_le_bytes());
        [a, b, c, d, e, f]
    }

    fn from_slot([a, b, c, d, e, f]: Slot) -> Self {
        Self { second: u32::from_le_bytes([a, b, c, d]), rest: u16::from_le_bytes([e, f]) }
    }
}

/// A stored event.
type Slot = [u8; 6];
/// What stands at the write position of a stored ring: seconds that no event has.
const MARKER: u32 = u32::MAX;
const END_OF_TIME: u32 = (LATEST / SECOND) as u32;

/// The latest [`RING_EVENTS`] events, as they are stored. Slots that were never written are zero.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ring {
    len: u8,
    next: u8,
    slots: [Slot; RING_EVENTS],
}

impl Default for Ring {
    fn default() -> Self {
        Self { len: 0, next: 0, slots: [Slot::default(); RING_EVENTS] }
    }
}

impl Ring {
    pub(super) fn push(&mut self, event: RingEvent) {
        self.slots[usize::from(self.next)] = event.to_slot();
        self.next = (self.next + 1) % RING_EVENTS as u8;
        self.len = (self.len + 1).min(RING_EVENTS as u8);
    }

    pub(super) fn oldest_first(&self) -> impl ExactSizeIterator<Item = RingEvent> {
        let start = usize::from(self.next) + RING_EVENTS - usize::from(self.len);
        (0..usize::from(self.len)).map(move |i| RingEvent::from_slot(self.slots[(start + i) % RING_EVENTS]))
    }

    /// Writes the slots before the write position, marks it, calls `middle`, and writes the other slots.
    pub(super) fn write_around(&self, out: &mut Writer<'_>, middle: impl FnOnce(&mut Writer<'_>)) {
        let (before, after) = self.slots.split_at(usize::from(self.next));
        out.bytes(before.as_flattened());
        out.u32s([MARKER]);
        out.u8s([self.len]);
        middle(out);
        out.bytes(after.as_flattened());
    }

    /// Reads a ring, and `middle` between its parts.
    pub(super) fn read_around(
        input: &mut Reader<'_>,
        middle: impl FnOnce(&mut Reader<'_>) -> Result<(), StateError>,
    ) -> Result<Self, StateError> {
        let next = write_position(input.0).ok_or(StateError::Corrupt("event ring has no write position"))?;
        let mut ring = Self { next: next as u8, ..Self::default() };
        let (before, after) = ring.slots.split_at_mut(next);
        let before = before.as_flattened_mut();
        before.copy_from_slice(input.bytes(before.len()));
        input.u32s::<1>();
        [ring.len] = input.u8s();
        middle(input)?;
        let after = after.as_flattened_mut();
        after.copy_from_slice(input.bytes(after.len()));
        let is_full = usize::from(ring.len) == RING_EVENTS;
        if !is_full && ring.len != ring.next || !ring.is_in_time() {
            return Err(StateError::Corrupt("event ring"));
        }
        Ok(ring)
    }

    fn is_in_time(&self) -> bool {
        let mut latest = 0;
        for slot in self.slots {
            latest = latest.max(seconds(slot));
        }
        latest < END_OF_TIME
    }
}

fn seconds([a, b, c, d, _, _]: Slot) -> u32 {
    u32::from_le_bytes([a, b, c, d])
}

/// How many slots come before the marker.
fn write_position(bytes: &[u8]) -> Option<usize> {
    let (slots, _) = bytes.as_chunks();
    for (position, slot) in slots.iter().enumerate().take(RING_EVENTS) {
        if seconds(*slot) == MARKER {
            return Some(position);
        }
    }
    None
}
