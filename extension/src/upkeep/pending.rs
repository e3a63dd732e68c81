//! What the running transaction did to activity, and is not yet in the stored states.
//!
//! Entries are in the order things happened. A savepoint is a place among them: rolling back to it forgets what came
//! after, and nothing else has to be known of savepoints.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use botdet_models::digest::{Digest, Digests};
use botdet_models::hash::{hash_bytes, mix64};

use crate::postgres::event_columns::AccountKey;

/// Number of a command within its transaction, as Postgres counts them.
pub type CommandId = u32;
/// A subtransaction, as Postgres numbers them; the transaction itself is one, too.
pub type SubtransactionId = u32;

/// What happened to one account.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Happened {
    /// The event of this number was inserted.
    Event(u32),
    /// Its rows changed or vanished.
    Change,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    account: u32,
    command: CommandId,
    happened: Happened,
    /// The entry before this one of the same account.
    previous: Option<u32>,
}

#[derive(Debug)]
struct Touched {
    key: AccountKey,
    latest: Option<u32>,
}

const EVERY_ACCOUNT: u32 = 0;

/// Hashes an account's number. Who could choose numbers that collide would slow down their own insert.
#[derive(Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash_bytes(bytes);
    }

    fn write_i64(&mut self, number: i64) {
        self.0 = mix64(number as u64);
    }
}

/// The unflushed part of a transaction.
#[derive(Default)]
pub struct Pending {
    digests: Digests,
    entries: Vec<Entry>,
    /// The first stands for all accounts at once.
    accounts: Vec<Touched>,
    by_number: HashMap<i64, u32, BuildHasherDefault<NumberHasher>>,
    by_name: HashMap<Box<str>, u32>,
    /// Subtransactions that made entries, the outermost first, and where theirs begin.
    levels: Vec<(SubtransactionId, usize)>,
}

/// What happened to one account since it was last flushed; events in the order of time.
#[derive(Debug, Default)]
pub struct Happenings {
    /// New events, by their number in [`Pending::digests`].
    pub events: Vec<u32>,
    /// Whether rows changed or vanished.
    pub changed: bool,
}

impl Pending {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory in use, about.
    pub fn size(&self) -> usize {
        self.digests.size() + self.entries.len() * size_of::<Entry>() + self.accounts.len() * 64
    }

    /// Where new events are digested into; follow with [`Pending::inserted`].
    pub fn digests_mut(&mut self) -> &mut Digests {
        &mut self.digests
    }

    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Says that entries made from now on belong to this subtransaction.
    pub fn enter(&mut self, level: SubtransactionId) {
        if self.levels.last().is_none_or(|(last, _)| *last != level) {
            self.levels.push((level, self.entries.len()));
        }
    }

    /// Number of an account among those of this transaction.
    pub fn account(&mut self, key: &AccountKey) -> u32 {
        if let Some(number) = self.known(key) {
            return number;
        }
        if self.accounts.is_empty() {
            self.accounts.push(Touched { key: AccountKey::Number(0), latest: None });
        }
        let number = self.accounts.len() as u32;
        self.accounts.push(Touched { key: key.clone(), latest: None });
        match key {
            AccountKey::Number(account_id) => self.by_number.insert(*account_id, number),
            AccountKey::Name(name) => self.by_name.insert(name.clone(), number),
        };
        number
    }

    fn known(&self, key: &AccountKey) -> Option<u32> {
        match key {
            AccountKey::Number(account_id) => self.by_number.get(account_id).copied(),
            AccountKey::Name(name) => self.by_name.get(name).copied(),
        }
    }

    /// The event digested last was inserted for this account.
    pub fn inserted(&mut self, account: u32, command: CommandId) {
        let event = self.digests.events().len() as u32 - 1;
        self.push(account, command, Happened::Event(event));
    }

    /// Rows of this account changed or vanished.
    pub fn changed(&mut self, account: u32, command: CommandId) {
        self.push(account, command, Happened::Change);
    }

    /// All rows of a table vanished.
    pub fn everything_changed(&mut self, command: CommandId) {
        if self.accounts.is_empty() {
            self.accounts.push(Touched { key: AccountKey::Number(0), latest: None });
        }
        self.push(EVERY_ACCOUNT, command, Happened::Change);
    }

    fn push(&mut self, account: u32, command: CommandId, happened: Happened) {
        let latest = &mut self.accounts[account as usize].latest;
        let previous = latest.replace(self.entries.len() as u32);
        self.entries.push(Entry { account, command, happened, previous });
    }

    /// A subtransaction became part of its parent.
    pub fn committed(&mut self, level: SubtransactionId, parent: SubtransactionId) {
        if let Some((_, start)) = self.levels.pop_if(|(last, _)| *last == level)
            && self.levels.last().is_none_or(|(last, _)| *last != parent)
        {
            self.levels.push((parent, start));
        }
    }

    /// A subtransaction was rolled back.
    pub fn rolled_back(&mut self, level: SubtransactionId) {
        let Some((_, start)) = self.levels.pop_if(|(last, _)| *last == level) else {
            return;
        };
        let mut first_event = None;
        for entry in self.entries.drain(start..).rev() {
            self.accounts[entry.account as usize].latest = entry.previous;
            if let Happened::Event(event) = entry.happened {
                first_event = Some(event as usize);
            }
        }
        if let Some(first) = first_event {
            self.digests.truncate(first);
        }
    }

    /// Forgets everything and gives large memory back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether all accounts were touched at once.
    pub fn touches_every_account(&self) -> bool {
        self.accounts.first().is_some_and(|every| every.latest.is_some())
    }

    /// The accounts that were touched, with what happened to each.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountKey, Happenings)> {
        let every = self.touches_every_account();
        let touched = self.accounts.iter().skip(1).filter(|account| account.latest.is_some());
        touched.map(move |account| {
            let mut happenings = self.happenings(account.latest, CommandId::MAX);
            happenings.changed |= every;
            (&account.key, happenings)
        })
    }

    /// What happened to one account in commands before `command`, the one that reads.
    pub fn seen_by(&self, key: &AccountKey, command: CommandId) -> Happenings {
        let latest_of = |number: usize| self.accounts.get(number).and_then(|account| account.latest);
        let number = self.known(key).map(|number| number as usize);
        let mut seen = self.happenings(number.and_then(latest_of), command);
        seen.changed |= self.happenings(latest_of(EVERY_ACCOUNT as usize), command).changed;
        seen
    }

    fn happenings(&self, latest: Option<u32>, command: CommandId) -> Happenings {
        let mut happenings = Happenings::default();
        let mut next = latest;
        while let Some(entry) = next.map(|index| &self.entries[index as usize]) {
            match entry.happened {
                _ if entry.command >= command => {}
                Happened::Event(event) => happenings.events.push(event),
                Happened::Change => happenings.changed = true,
            }
            next = entry.previous;
        }
        happenings.events.reverse();
        happenings.events.sort_by_key(|event| self.moment(*event));
        happenings
    }

    pub fn event(&self, number: u32) -> &Digest {
        &self.digests.events()[number as usize]
    }

    fn moment(&self, event: u32) -> (i64, i64) {
        let event = self.event(event);
        (event.occurred_at, event.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use botdet_models::event::{Action, Event};

    fn insert(pending: &mut Pending, account: i64, at: i64, command: CommandId) {
        let number = pending.account(&AccountKey::Number(account));
        pending.digests_mut().push(&Event::new(at, Action::Like));
        pending.inserted(number, command);
    }

    fn times(pending: &Pending, account: i64, command: CommandId) -> Vec<i64> {
        let seen = pending.seen_by(&AccountKey::Number(account), command);
        seen.events.iter().map(|event| pending.event(*event).occurred_at).collect()
    }

    #[test]
    fn a_rolled_back_savepoint_takes_its_entries_along() {
        let mut pending = Pending::default();
        pending.enter(1);
        insert(&mut pending, 7, 30, 0);
        pending.enter(2);
        insert(&mut pending, 7, 10, 1);
        pending.enter(3);
        insert(&mut pending, 7, 20, 2);
        insert(&mut pending, 8, 5, 2);
        pending.committed(3, 2);
        assert_eq!(times(&pending, 7, 9), [10, 20, 30]);
        pending.rolled_back(2);
        assert_eq!(times(&pending, 7, 9), [30]);
        assert!(times(&pending, 8, 9).is_empty());
        pending.enter(4);
        insert(&mut pending, 7, 40, 3);
        pending.committed(4, 1);
        pending.rolled_back(5);
        assert_eq!(times(&pending, 7, 9), [30, 40]);
        pending.rolled_back(1);
        assert!(pending.is_empty());
    }

    #[test]
    fn a_command_sees_what_came_before_it() {
        let mut pending = Pending::default();
        pending.enter(1);
        insert(&mut pending, 7, 10, 0);
        insert(&mut pending, 7, 20, 1);
        assert_eq!(times(&pending, 7, 1), [10]);
        pending.everything_changed(2);
        assert!(!pending.seen_by(&AccountKey::Number(9), 2).changed);
        assert!(pending.seen_by(&AccountKey::Number(9), 3).changed);
        assert!(pending.accounts().all(|(_, what)| what.changed));
    }
}
