//! How many other accounts use the same device or address.

/// Pairs that are kept before repeated ones are removed for the first time.
const FIRST_COMPACTION: usize = 1 << 16;

/// Collects which account uses which key. Memory follows the number of different pairs, not of events.
#[derive(Clone, Debug)]
pub struct SharedKeys {
    /// (key, account)
    uses: Vec<(u64, i64)>,
    compact_at: usize,
}

impl Default for SharedKeys {
    fn default() -> Self {
        Self { uses: Vec::new(), compact_at: FIRST_COMPACTION }
    }
}

/// The degrees of all accounts that were added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyDegrees {
    /// (account, other accounts on the most widely shared of its keys), by account
    by_account: Vec<(i64, u32)>,
}

impl SharedKeys {
    /// Adds one use of a key, given by its hash. Repeating it changes nothing.
    pub fn add(&mut self, account_id: i64, key: u64) {
        if self.uses.len() == self.compact_at {
            self.compact();
            self.compact_at = (2 * self.uses.len()).max(FIRST_COMPACTION);
        }
        self.uses.push((key, account_id));
    }

    /// Counts exactly.
    #[must_use]
    pub fn degrees(mut self) -> KeyDegrees {
        self.compact();
        let mut others: Vec<(i64, u32)> = Vec::with_capacity(self.uses.len());
        for users in self.uses.chunk_by(|a, b| a.0 == b.0) {
            others.extend(users.iter().map(|(_, account)| (*account, users.len() as u32 - 1)));
        }
        others.sort_unstable();
        let by_account = others.chunk_by(|a, b| a.0 == b.0).map(|keys| keys[keys.len() - 1]).collect();
        KeyDegrees { by_account }
    }

    fn compact(&mut self) {
        self.uses.sort_unstable();
        self.uses.dedup();
    }
}

impl KeyDegrees {
    /// Other accounts on the most widely shared of an account's keys; `None` when it has none.
    #[must_use]
    pub fn of(&self, account_id: i64) -> Option<u32> {
        let found = self.by_account.binary_search_by_key(&account_id, |(account, _)| *account);
        found.ok().map(|index| self.by_account[index].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_other_accounts_once_each() {
        let mut keys = SharedKeys::default();
        for (account, key) in
            [(1, 10), (2, 10), (2, 10), (3, 10), (1, 20), (2, 20), (1, 30), (1, 40), (9, 50)]
        {
            keys.add(account, key);
        }
        let degrees = keys.degrees();
        assert_eq!([1, 2, 3, 9].map(|account| degrees.of(account)), [Some(2), Some(2), Some(2), Some(0)]);
        assert_eq!(degrees.of(4), None);
    }

    #[test]
    fn repetition_takes_no_memory_and_order_does_not_matter() {
        let mut forwards = SharedKeys::default();
        let mut backwards = SharedKeys::default();
        let uses = 4 * FIRST_COMPACTION as i64;
        for use_ in 0..uses {
            forwards.add(use_ % 1_000, (use_ % 300) as u64);
            backwards.add((uses - 1 - use_) % 1_000, ((uses - 1 - use_) % 300) as u64);
        }
        assert!(forwards.uses.len() <= FIRST_COMPACTION);
        let degrees = forwards.degrees();
        assert_eq!(degrees, backwards.degrees());
        assert_eq!(degrees.of(0), Some(9));
    }

    #[test]
    fn nothing_added_is_nobody() {
        assert_eq!(SharedKeys::default().degrees(), KeyDegrees::default());
    }
}
