//! Digests as bytes: what an aggregate gathers of its group, and hands from one process to another.
//!
//! ```text
//! 0     format version (1)
//! 1     events, in any order, one after another:
//!         time (i64 µs), order (i64), action (u8), what is there (u8)
//!         hashes of device, target, address and country (u32), those that are there
//!         of a text: signature (u64), characters and host (u32), template, mentions, letters, capitals and emoji (u16),
//!           number of words (u16), their buckets (u8)
//! ```
//!
//! All numbers are little-endian. An event of which only time and action are known takes 18 bytes.
//!
//! States of interleaved parts of an account's activity cannot be made into one: nearly all that a state holds depends on what
//! came right before. So parts are joined as digests, and folded when all of them are there, in the order of time. Folding
//! earlier would need to know that nothing older is still to come, which no aggregate can.

use std::cmp::Ordering;

use crate::digest::{Digest, Digests};
use crate::event::{Action, Event};
use crate::text::{Signature, TextDigest, WORD_BUCKETS};

/// Version of the format.
pub const VERSION: u8 = 1;

/// What is there of an event, by bit.
const TEXT: u8 = 1 << 4;
const TYPO: u8 = 1 << 5;
const LINK: u8 = 1 << 6;
const UNUSED: u8 = 1 << 7;

/// Why bytes are not packed digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackedError {
    /// Written by another version of the format.
    #[error("packed events have format version {found} where {VERSION} is expected")]
    Version {
        /// Version that was found.
        found: u8,
    },
    /// They end within an event, or before the first.
    #[error("packed events end at byte {0}, within an event")]
    Truncated(usize),
    /// An event holds a value that cannot occur.
    #[error("packed events are corrupt: {0}")]
    Corrupt(&'static str),
}

/// Digests one event and appends it to `out`, which begins with [`VERSION`]. `scratch` is there to be used again.
pub fn pack(event: &Event<'_>, scratch: &mut Digests, out: &mut Vec<u8>) {
    scratch.clear();
    scratch.push(event);
    for digest in scratch.events() {
        write(digest, scratch.words(digest), out);
    }
}

fn write(digest: &Digest, words: &[u8], out: &mut Vec<u8>) {
    let names = [digest.device, digest.target, digest.ip, digest.country];
    let mut there = names.iter().rev().fold(0, |bits, name| bits << 1 | u8::from(*name != 0));
    if let Some(text) = &digest.text {
        let flags = [(true, TEXT), (text.has_typo, TYPO), (text.has_link, LINK)];
        there |= flags.iter().filter(|(is_set, _)| *is_set).fold(0, |bits, (_, flag)| bits | flag);
    }
    out.extend(digest.occurred_at.to_le_bytes());
    out.extend(digest.order.to_le_bytes());
    out.extend([digest.action.code(), there]);
    names.iter().filter(|name| **name != 0).for_each(|name| out.extend(name.to_le_bytes()));
    if let Some(text) = &digest.text {
        out.extend(text.signature.0.to_le_bytes());
        [text.characters, text.host].iter().for_each(|number| out.extend(number.to_le_bytes()));
        let counts = [text.template, text.mentions, text.letters, text.capitals, text.emoji];
        let counts = counts.into_iter().chain([words.len() as u16]);
        counts.for_each(|number| out.extend(number.to_le_bytes()));
        out.extend(words);
    }
}

/// Packed digests, checked from end to end.
#[derive(Clone, Debug)]
pub struct PackedDigests<'a> {
    bytes: &'a [u8],
    /// Time, order and place of each event, in the order in which a state observes them; `None` where they lie so.
    sorted: Option<Vec<(i64, i64, u32)>>,
}

impl<'a> PackedDigests<'a> {
    /// Reads all events once, and finds their order.
    ///
    /// # Errors
    /// [`PackedError`] with what is wrong.
    pub fn new(bytes: &'a [u8]) -> Result<Self, PackedError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&found) => return Err(PackedError::Version { found }),
            None => return Err(PackedError::Truncated(0)),
        }
        let (mut is_sorted, mut latest) = (true, None);
        for_each_place(bytes, |_, moment| {
            is_sorted &= latest < Some(moment);
            latest = Some(moment);
        })?;
        if is_sorted {
            return Ok(Self { bytes, sorted: None });
        }
        let mut places = Vec::new();
        for_each_place(bytes, |place, (at, order)| places.push((at, order, place)))?;
        places.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| compare(bytes, a.2, b.2)));
        Ok(Self { bytes, sorted: Some(places) })
    }

    /// Hands over the events, with their words, in the order in which a state observes them.
    pub fn for_each(&self, mut each: impl FnMut(&Digest, &[u8])) {
        let mut input = Input { bytes: self.bytes, at: 1 };
        // They were checked when this was made: there is no error left to meet.
        match &self.sorted {
            None => {
                while let Ok((digest, words)) = input.event() {
                    each(&digest, words);
                }
            }
            Some(places) => {
                for (_, _, place) in places {
                    input.at = *place as usize;
                    if let Ok((digest, words)) = input.event() {
                        each(&digest, words);
                    }
                }
            }
        }
    }
}

/// Where each event lies, with its time and order.
fn for_each_place(bytes: &[u8], mut each: impl FnMut(u32, (i64, i64))) -> Result<(), PackedError> {
    let mut input = Input { bytes, at: 1 };
    while input.at < bytes.len() {
        let place = u32::try_from(input.at).map_err(|_| PackedError::Corrupt("they take 4 GB and more"))?;
        let (digest, _) = input.event()?;
        each(place, (digest.occurred_at, digest.order));
    }
    Ok(())
}

/// How two events compare that time and order do not tell apart.
fn compare(bytes: &[u8], a: u32, b: u32) -> Ordering {
    let event = |place: u32| Input { bytes, at: place as usize }.event();
    match (event(a), event(b)) {
        (Ok((a, words_of_a)), Ok((b, words_of_b))) => a.compare(words_of_a, &b, words_of_b),
        _ => Ordering::Equal,
    }
}

/// Takes values off the front.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], PackedError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let value = rest.first_chunk().ok_or(PackedError::Truncated(self.bytes.len()))?;
        self.at += N;
        Ok(*value)
    }

    fn u16(&mut self) -> Result<u16, PackedError> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, PackedError> {
        self.take().map(u32::from_le_bytes)
    }

    fn event(&mut self) -> Result<(Digest, &'a [u8]), PackedError> {
        let (occurred_at, order) = (i64::from_le_bytes(self.take()?), i64::from_le_bytes(self.take()?));
        let [code, there] = self.take()?;
        let action = Action::from_code(code);
        if action.code() != code {
            return Err(PackedError::Corrupt("an action that there is not"));
        }
        if there & UNUSED != 0 || there & TEXT == 0 && there & (TYPO | LINK) != 0 {
            return Err(PackedError::Corrupt("what is there of an event"));
        }
        let mut names = [0; 4];
        for (bit, name) in names.iter_mut().enumerate() {
            if there >> bit & 1 == 1 {
                *name = self.u32()?;
            }
        }
        let [device, target, ip, country] = names;
        let (mut text, mut words) = (None, [].as_slice());
        if there & TEXT != 0 {
            text = Some(TextDigest {
                signature: Signature(u64::from_le_bytes(self.take()?)),
                characters: self.u32()?,
                host: self.u32()?,
                template: self.u16()?,
                mentions: self.u16()?,
                letters: self.u16()?,
                capitals: self.u16()?,
                emoji: self.u16()?,
                has_typo: there & TYPO != 0,
                has_link: there & LINK != 0,
            });
            words = self.words()?;
        }
        Ok((Digest::unpacked(occurred_at, order, action, [device, target, ip, country], text), words))
    }

    fn words(&mut self) -> Result<&'a [u8], PackedError> {
        let (start, count) = (self.at + 2, usize::from(self.u16()?));
        let words = self.bytes.get(start..start + count).ok_or(PackedError::Truncated(self.bytes.len()))?;
        self.at += count;
        if words.iter().any(|word| usize::from(*word) >= WORD_BUCKETS) {
            return Err(PackedError::Corrupt("a word's bucket"));
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::event::SECOND;
    use crate::hash::mix64;
    use crate::state::AccountState;

    /// Events of all kinds, some of them at the same instant and some of those with the same order.
    fn events() -> Vec<(i64, i64, u8, Option<String>)> {
        let event = |n: u64| {
            let random = mix64(n);
            let words = ["Buy", "now", "https://example.org/a", "soooo", "@you", "at", "7"];
            let text = (0..random % 9).map(|k| words[(random >> (8 + k * 3)) as usize % 7]);
            let text = (!random.is_multiple_of(3)).then(|| text.collect::<Vec<_>>().join(" "));
            let at = 1_700_000_000 + (random >> 20) as i64 % 300 * 60;
            (at * SECOND, (random >> 40) as i64 % 3, (random >> 50) as u8 % 12, text)
        };
        (1..=400).map(event).collect()
    }

    fn packed(events: &[(i64, i64, u8, Option<String>)]) -> (Vec<u8>, Digests) {
        let (mut bytes, mut digests, mut scratch) = (vec![VERSION], Digests::default(), Digests::default());
        for (at, order, action, text) in events {
            let event = Event {
                order: *order,
                content: text.as_deref(),
                device: text.as_ref().map(|_| "phone"),
                target: (*action > 5).then_some("somebody"),
                ip: (*action > 3).then_some(IpAddr::from([192, 0, 2, *action])),
                country: text.as_deref().filter(|text| text.len() > 20).map(|_| "IS"),
                ..Event::new(*at, Action::from_code(*action))
            };
            pack(&event, &mut scratch, &mut bytes);
            digests.push(&event);
        }
        (bytes, digests)
    }

    fn folded(bytes: &[u8]) -> Vec<u8> {
        let packed = PackedDigests::new(bytes).expect("the bytes are sound");
        AccountState::of_packed(&packed, &mut || {}).to_bytes()
    }

    #[test]
    fn the_state_is_that_of_the_events_in_any_order() {
        let mut events = events();
        let (bytes, mut digests) = packed(&events);
        let mut state = AccountState::default();
        state.observe_sorted(&mut digests);
        assert_eq!(state.events(), 400);
        assert_eq!(folded(&bytes), state.to_bytes());
        events.reverse();
        assert_eq!(folded(&packed(&events).0), state.to_bytes());
        events.sort();
        assert_eq!(folded(&packed(&events).0), state.to_bytes());
        let (first, second) = events.split_at(123);
        let (mut joined, second) = (packed(first).0, packed(second).0);
        joined.extend(&second[1..]);
        assert_eq!(folded(&joined), state.to_bytes());
    }

    #[test]
    fn events_in_the_order_of_time_are_not_sorted() {
        let mut events = events();
        events.sort();
        events.dedup_by_key(|event| (event.0, event.1));
        // An order of 0 stands for none, and is replaced by a hash.
        events.iter_mut().for_each(|event| event.1 += 1);
        let bytes = packed(&events).0;
        assert!(PackedDigests::new(&bytes).unwrap().sorted.is_none());
        events.swap(10, 11);
        let bytes = packed(&events).0;
        assert!(PackedDigests::new(&bytes).unwrap().sorted.is_some());
    }

    #[test]
    fn what_is_not_packed_events_is_refused_and_never_panics() {
        let bytes = packed(&events()[..20]).0;
        assert_eq!(PackedDigests::new(&[]).err(), Some(PackedError::Truncated(0)));
        assert_eq!(PackedDigests::new(&[9]).err(), Some(PackedError::Version { found: 9 }));
        let whole: Vec<usize> =
            (1..bytes.len()).filter(|length| PackedDigests::new(&bytes[..*length]).is_ok()).collect();
        assert_eq!(whole.len(), 20, "only between events: {whole:?}");
        for index in 1..bytes.len() {
            for value in [0, 1, 0x40, 0x7f, 0x80, 0xff] {
                let mut bytes = bytes.clone();
                bytes[index] = value;
                if let Ok(packed) = PackedDigests::new(&bytes) {
                    let _ = AccountState::of_packed(&packed, &mut || {}).to_bytes();
                }
            }
        }
    }
}
