//! What a state takes from one event: its names as hashes, its text read and gone.
//!
//! A digest is a few dozen bytes whatever the row's size. The insert trigger holds the digests of a transaction until it
//! commits, and an aggregate holds those of its group until it can put them in order.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::event::{Action, Event, Timestamp};
use crate::hash::{hash_bytes, hash32, mix64};
use crate::text::TextDigest;

/// One event, digested. Hashes are 0 where the event has no such name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digest {
    /// See [`Event::occurred_at`].
    pub occurred_at: Timestamp,
    /// See [`Event::order`]; where the source has none, a hash of the event itself, so that any two who sort the events of one
    /// instant sort them alike.
    pub order: i64,
    /// See [`Event::action`].
    pub action: Action,
    /// Hash of the device.
    pub device: u32,
    /// Hash of the target.
    pub target: u32,
    /// Hash of the address.
    pub ip: u32,
    /// Hash of the country.
    pub country: u32,
    /// The text, unless it is empty or white space only.
    pub text: Option<TextDigest>,
    /// Where the text's words lie among those of [`Digests`].
    words: (u32, u16),
}

impl Digest {
    /// A digest whose words lie elsewhere, with the hashes of device, target, address and country.
    pub(crate) fn unpacked(
        occurred_at: Timestamp,
        order: i64,
        action: Action,
        [device, target, ip, country]: [u32; 4],
        text: Option<TextDigest>,
    ) -> Self {
        Self { occurred_at, order, action, device, target, ip, country, text, words: (0, 0) }
    }

    /// The order in which a state observes events. What neither time nor order tell apart comes in the order of all that is
    /// known of it, so that events in whatever order make one state.
    pub(crate) fn compare(&self, words: &[u8], other: &Self, words_of_other: &[u8]) -> Ordering {
        let moment = |event: &Self| (event.occurred_at, event.order);
        let names = |event: &Self| (event.action.code(), event.device, event.target, event.ip, event.country);
        moment(self)
            .cmp(&moment(other))
            .then_with(|| (names(self), self.text, words).cmp(&(names(other), other.text, words_of_other)))
    }

    /// Above 0.
    fn hash(&self) -> i64 {
        let names = [self.device, self.target, self.ip, self.country].map(u64::from);
        let text = self.text.map_or([0; 2], |text| [text.signature.0, u64::from(text.characters) + 1]);
        let parts = names.into_iter().chain(text);
        let hash =
            parts.fold(u64::from(self.action.code()), |hash, part| mix64(hash.wrapping_mul(31) ^ part));
        (hash >> 1).max(1) as i64
    }
}

/// Digested events in the order they came, with the words of their texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Digests {
    events: Vec<Digest>,
    /// Buckets of words, one byte each.
    words: Vec<u8>,
}

impl Digests {
    /// Digests an event and adds it.
    pub fn push(&mut self, event: &Event<'_>) {
        let start = self.words.len();
        let text = event.text().map(|text| TextDigest::of(text, &mut self.words));
        let mut digest = Digest {
            occurred_at: event.occurred_at,
            order: event.order,
            action: event.action,
            device: hash_of_name(event.device),
            target: hash_of_name(event.target),
            ip: event.ip.map_or(0, hash_of_address),
            country: hash_of_name(event.country),
            text,
            words: (start as u32, (self.words.len() - start) as u16),
        };
        if digest.order == 0 {
            digest.order = digest.hash();
        }
        self.events.push(digest);
    }

    /// Brings the events into the order in which a state observes them.
    pub fn sort(&mut self) {
        let Self { events, words } = self;
        events.sort_by(|a, b| a.compare(words_of(words, a), b, words_of(words, b)));
    }

    /// The events, in the order they came.
    #[must_use]
    pub fn events(&self) -> &[Digest] {
        &self.events
    }

    /// The words of one of [`Digests::events`], as buckets below [`crate::text::WORD_BUCKETS`].
    #[must_use]
    pub fn words(&self, event: &Digest) -> &[u8] {
        words_of(&self.words, event)
    }

    /// Bytes that the digests take up.
    #[must_use]
    pub fn size(&self) -> usize {
        self.events.len() * size_of::<Digest>() + self.words.len()
    }

    /// Forgets all events and keeps the memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.words.clear();
    }

    /// Forgets the events from the `length`-th on.
    pub fn truncate(&mut self, length: usize) {
        if let Some(first) = self.events.get(length) {
            self.words.truncate(first.words.0 as usize);
            self.events.truncate(length);
        }
    }
}

fn words_of<'a>(words: &'a [u8], event: &Digest) -> &'a [u8] {
    let start = event.words.0 as usize;
    words.get(start..start + usize::from(event.words.1)).unwrap_or_default()
}

/// Digested events of several accounts, in the order they came.
#[derive(Clone, Debug, Default)]
pub struct GroupedDigests {
    digests: Digests,
    /// The account of each event, by its place among those asked for.
    groups: Vec<u32>,
}

impl GroupedDigests {
    /// Digests an event of one account and adds it.
    pub fn push(&mut self, group: u32, event: &Event<'_>) {
        self.digests.push(event);
        self.groups.push(group);
    }

    /// Bytes that the digests take up.
    #[must_use]
    pub fn size(&self) -> usize {
        self.digests.size() + self.groups.len() * size_of::<u32>()
    }

    /// Hands over every event with its account and its words, account by account, and of each in the order in which a state
    /// observes them.
    pub(crate) fn for_each(&self, mut each: impl FnMut(usize, &Digest, &[u8])) {
        let Digests { events, words } = &self.digests;
        for numbers in
            self.by_group().chunk_by_mut(|a, b| self.groups[*a as usize] == self.groups[*b as usize])
        {
            numbers.sort_unstable_by(|a, b| {
                let (a, b) = (&events[*a as usize], &events[*b as usize]);
                a.compare(words_of(words, a), b, words_of(words, b))
            });
            for number in numbers {
                let event = &events[*number as usize];
                each(self.groups[*number as usize] as usize, event, words_of(words, event));
            }
        }
    }

    /// Numbers of the events, those of each account together.
    fn by_group(&self) -> Vec<u32> {
        let mut ends = vec![0u32; self.groups.iter().max().map_or(0, |group| *group as usize + 1)];
        self.groups.iter().for_each(|group| ends[*group as usize] += 1);
        let mut end = 0;
        for group in &mut ends {
            end += *group;
            *group = end;
        }
        let mut numbers = vec![0; self.groups.len()];
        for (number, group) in self.groups.iter().enumerate().rev() {
            ends[*group as usize] -= 1;
            numbers[ends[*group as usize] as usize] = number as u32;
        }
        numbers
    }
}

/// Hash of a name that is there and not empty, else 0.
fn hash_of_name(name: Option<&str>) -> u32 {
    name.filter(|name| !name.is_empty()).map_or(0, |name| hash32(name).max(1))
}

/// An IPv4 address and the same one written as IPv6 are one address.
fn hash_of_address(address: IpAddr) -> u32 {
    let octets = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    };
    ((hash_bytes(&octets) >> 32) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_a_state_needs() {
        let mut digests = Digests::default();
        let mut event = Event::new(5, Action::Post);
        event.device = Some("");
        event.target = Some("somebody");
        event.ip = Some(IpAddr::from([192, 0, 2, 1]));
        digests.push(&event);
        event.content = Some("one two three");
        event.ip = "::ffff:192.0.2.1".parse().ok();
        digests.push(&event);
        let [first, second] = digests.events() else { panic!("two events") };
        assert_eq!((first.device, first.country), (0, 0));
        assert_eq!(first.target, hash32("somebody"));
        assert_eq!(first.ip, second.ip);
        assert_eq!(digests.words(first).len(), 0);
        assert_eq!(digests.words(second).len(), 3);
        digests.truncate(1);
        assert_eq!((digests.events().len(), digests.words.len()), (1, 0));
    }
}
