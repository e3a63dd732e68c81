//! Near-duplicate texts across accounts.
//!
//! A text is the set of its word pairs, without links and mentions; two are near-duplicates when the Jaccard similarity
//! of these sets is high. One word changed in the middle costs two pairs: twenty words keep a similarity of 0.81, fifteen
//! of 0.75. No text is kept. Those of the same words become one, so that a million copies cost no more than
//! one and their rows; of each different one a MinHash signature is kept, and locality-sensitive hashing finds the pairs
//! to compare (Indyk & Motwani, STOC 1998; Leskovec, Rajaraman & Ullman, "Mining of massive datasets", chapter 3).
//!
//! A group is an original, the earliest text, and all that is near to it. Connected components were tried and joined
//! whatever a template can say, by way of chains of small changes.
//!
//! Give it what an account presents as its own words. A share or a repost says openly whose words it repeats.

mod accounts;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use super::signature::{MINIMA, Signature, rows_of_band};
use super::{Group, GroupError, Member, check, sort_groups};
use crate::event::Timestamp;
use crate::hash::mix64;
use crate::text::read_word_hashes;
pub use accounts::AccountCopies;
use accounts::Tally;

/// Texts that the others of a bucket are compared with. A bucket holds few texts that are not near one of these.
const REPRESENTATIVES: usize = 8;

/// What counts as a duplicate, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DuplicatesParams {
    /// Estimated similarity from which two texts are near-duplicates, 0.3 to 1; default 0.75. The estimate is off by
    /// 0.05 or so: leave that much room below what must be found.
    pub min_similarity: f64,
    /// Words below which a text is passed over, 2 to 1,000; default 10. "Thank you" is nobody's copy, and what many
    /// say in few words they say in the same.
    pub min_words: u32,
    /// Accounts of a group at least, 2 to 1,000,000; default 2.
    pub min_accounts: u32,
}

impl Default for DuplicatesParams {
    fn default() -> Self {
        Self { min_similarity: 0.75, min_words: 10, min_accounts: 2 }
    }
}

/// Collects texts, 2^32 at most. One takes 32 bytes, and another 160 if its words are not those of an earlier one.
#[derive(Clone, Debug)]
pub struct Duplicates {
    params: DuplicatesParams,
    uses: Vec<Use>,
    /// Signatures of the different texts, and the index of each by the hash of its words in order.
    signatures: Vec<Signature>,
    by_hash: HashMap<u64, u32>,
    words: Vec<u64>,
}

/// A text as it was added. In order, uses are from the earliest to the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    at: Timestamp,
    account_id: i64,
    row: u64,
    /// Index of the text.
    text: u32,
}

/// Who writes the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DuplicateGroups {
    /// The groups, largest first; one for each text that several accounts used. An account may be in many.
    pub groups: Vec<Group>,
    accounts: Vec<AccountCopies>,
}

impl Duplicates {
    /// An empty collection.
    ///
    /// # Errors
    /// [`GroupError::Setting`] with the parameter that is out of bounds.
    pub fn new(params: DuplicatesParams) -> Result<Self, GroupError> {
        check("min_similarity", params.min_similarity, 0.3, 1.0)?;
        check("min_words", f64::from(params.min_words), 2.0, 1_000.0)?;
        check("min_accounts", f64::from(params.min_accounts), 2.0, 1e6)?;
        Ok(Self {
            params,
            uses: Vec::new(),
            signatures: Vec::new(),
            by_hash: HashMap::new(),
            words: Vec::new(),
        })
    }

    /// Adds a text. `row` is the caller's number for it, given back as evidence.
    pub fn add(&mut self, account_id: i64, at: Timestamp, text: &str, row: u64) {
        read_word_hashes(text, &mut self.words);
        if self.words.len() < self.params.min_words as usize {
            return;
        }
        let hash = self.words.iter().fold(0, |hash, word| mix64(hash ^ word).wrapping_add(1));
        let text = *self.by_hash.entry(hash).or_insert_with(|| {
            self.signatures.push(Signature::of_words(&self.words));
            self.signatures.len() as u32 - 1
        });
        self.uses.push(Use { at, account_id, row, text });
    }

    /// Looks for groups among all that was added.
    #[must_use]
    pub fn find(mut self) -> DuplicateGroups {
        self.uses.sort_unstable();
        let originals = self.originals();
        self.uses.sort_unstable_by_key(|used| (originals[used.text as usize], *used));
        let mut groups = Vec::new();
        let mut tally = Tally::default();
        for uses in self.uses.chunk_by(|a, b| originals[a.text as usize] == originals[b.text as usize]) {
            let account = uses[0].account_id;
            if uses.iter().all(|used| used.account_id == account) {
                tally.add_own(account, uses.len() as u32);
                continue;
            }
            let group = self.group(uses);
            let is_group = group.members.len() >= self.params.min_accounts as usize;
            tally.add_shared(&group, is_group);
            if is_group {
                groups.push(group);
            }
        }
        sort_groups(&mut groups);
        DuplicateGroups { groups, accounts: tally.accounts() }
    }

    /// The original of each text: the earliest that it is near to, or itself. An original is its own.
    fn originals(&self) -> Vec<u32> {
        // Who is compared with whom follows from the order of time, not from that of adding.
        let mut is_ranked = vec![false; self.signatures.len()];
        let mut by_time: Vec<u32> = self.uses.iter().map(|used| used.text).collect();
        by_time.retain(|text| !std::mem::replace(&mut is_ranked[*text as usize], true));
        let mut earlier = self.earlier_near(&by_time);
        let mut originals = vec![0; by_time.len()];
        for rank in 0..by_time.len() {
            let text = by_time[rank];
            let candidate = earlier[earlier[rank] as usize];
            let original = by_time[candidate as usize];
            // Near to a copy is not near to the original: without this, chains of small changes would end anywhere.
            earlier[rank] = if self.is_near(text, original) { candidate } else { rank as u32 };
            originals[text as usize] = by_time[earlier[rank] as usize];
        }
        originals
    }

    /// For the text of each rank in time the rank of the earliest one that it was compared with and is near to, or its
    /// own.
    fn earlier_near(&self, by_time: &[u32]) -> Vec<u32> {
        let mut earlier: Vec<u32> = (0..by_time.len() as u32).collect();
        let rows = rows_of_band(self.params.min_similarity);
        // A band's hash above, a rank below: numbers sort faster than pairs do.
        let mut buckets: Vec<u64> = Vec::with_capacity(by_time.len());
        for band in 0..MINIMA / rows {
            buckets.clear();
            let key = |text: &u32| u64::from(self.signatures[*text as usize].band(band, rows)) << 32;
            buckets.extend(by_time.iter().zip(0..).map(|(text, rank)| key(text) | rank));
            buckets.sort_unstable();
            for bucket in buckets.chunk_by(|a, b| a >> 32 == b >> 32).filter(|bucket| bucket.len() > 1) {
                self.compare(bucket, by_time, &mut earlier);
            }
        }
        earlier
    }

    /// Compares each text of a bucket with the representatives before it, and makes it one itself if it is near to none
    /// and they are few. To compare all pairs would let a popular phrase cost the square of its variants.
    fn compare(&self, bucket: &[u64], by_time: &[u32], earlier: &mut [u32]) {
        let mut representatives = [0; REPRESENTATIVES];
        let mut len = 0;
        for rank in bucket.iter().map(|entry| *entry as u32) {
            let known = &mut earlier[rank as usize];
            let is_near = |other: &&u32| {
                **other == *known || self.is_near(by_time[rank as usize], by_time[**other as usize])
            };
            match representatives[..len].iter().find(is_near) {
                Some(other) => *known = (*known).min(*other),
                None if len < REPRESENTATIVES => {
                    representatives[len] = rank;
                    len += 1;
                }
                None => {}
            }
        }
    }

    fn is_near(&self, a: u32, b: u32) -> bool {
        self.similarity(a, b) >= self.params.min_similarity
    }

    fn similarity(&self, a: u32, b: u32) -> f64 {
        self.signatures[a as usize].similarity(&self.signatures[b as usize])
    }

    /// The accounts of one set's uses, which are in order of time.
    fn group(&self, uses: &[Use]) -> Group {
        let original = uses[0];
        let mut by_account = uses.to_vec();
        by_account.sort_unstable_by_key(|used| (used.account_id, used.row));
        let to_original = |used: &Use| self.similarity(used.text, original.text);
        let members = by_account.chunk_by(|a, b| a.account_id == b.account_id).map(|uses| Member {
            account_id: uses[0].account_id,
            similarity: uses.iter().map(to_original).fold(0.0, f64::max),
            count: uses.len() as u32,
            is_first: uses[0].account_id == original.account_id,
            rows: uses.iter().map(|used| used.row).collect(),
        });
        Group { members: members.collect() }
    }
}
