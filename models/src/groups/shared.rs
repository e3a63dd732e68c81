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

/// How widely the keys of one account are shared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyDegree {
    /// The account.
    pub account_id: i64,
    /// Different keys it uses, at least 1.
    pub keys: u32,
    /// Other accounts on the most widely shared of its keys.
    pub largest: u32,
    /// Median over its keys of the number of other accounts; the mean of the middle two where their number is even.
    pub median: f64,
}

/// The degrees of all accounts that were added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyDegrees {
    by_account: Vec<KeyDegree>,
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
        let by_account = others.chunk_by(|a, b| a.0 == b.0).map(degree).collect();
        KeyDegrees { by_account }
    }

    fn compact(&mut self) {
        self.uses.sort_unstable();
        self.uses.dedup();
    }
}

/// The keys are one account's, in ascending order of their users.
fn degree(keys: &[(i64, u32)]) -> KeyDegree {
    let middle = f64::from(keys[keys.len() / 2].1) + f64::from(keys[(keys.len() - 1) / 2].1);
    let (account_id, largest) = keys[keys.len() - 1];
    KeyDegree { account_id, keys: keys.len() as u32, largest, median: middle / 2.0 }
}

impl KeyDegrees {
    /// The degree of an account; `None` when it has no key.
    #[must_use]
    pub fn of(&self, account_id: i64) -> Option<&KeyDegree> {
        let found = self.by_account.binary_search_by_key(&account_id, |degree| degree.account_id);
        found.ok().map(|index| &self.by_account[index])
    }

    /// All degrees, by account.
    #[must_use]
    pub fn all(&self) -> &[KeyDegree] {
        &self.by_account
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
        assert_eq!(degrees.of(1), Some(&KeyDegree { account_id: 1, keys: 4, largest: 2, median: 0.5 }));
        assert_eq!(degrees.of(2), Some(&KeyDegree { account_id: 2, keys: 2, largest: 2, median: 1.5 }));
        assert_eq!(degrees.of(9), Some(&KeyDegree { account_id: 9, keys: 1, largest: 0, median: 0.0 }));
        assert_eq!(degrees.of(4), None);
        assert_eq!(degrees.all().iter().map(|degree| degree.account_id).collect::<Vec<_>>(), [1, 2, 3, 9]);
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
        assert_eq!(degrees.of(0).map(|degree| degree.largest), Some(9));
    }

    #[test]
    fn nothing_added_is_nobody() {
        assert!(SharedKeys::default().degrees().all().is_empty());
    }
}
