//! What the groups say about single accounts.

use super::DuplicateGroups;
use crate::groups::Group;

/// Other accounts that are counted at most: beyond, the number says no more and would be dear to find out.
const MOST_COPY_ACCOUNTS: usize = 100;

/// How much an account's texts are those of others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountCopies {
    /// The account.
    pub account_id: i64,
    /// Texts it has with enough words, at least 1.
    pub texts: u32,
    /// Share of them that nearly equal a text another account was the first to use, 0..=1.
    pub copied_rate: f64,
    /// Other accounts that it is in a group with, counted up to 100.
    pub copy_accounts: u32,
}

impl DuplicateGroups {
    /// The copies of an account; `None` when it has no text with enough words.
    #[must_use]
    pub fn of(&self, account_id: i64) -> Option<&AccountCopies> {
        let found = self.accounts.binary_search_by_key(&account_id, |account| account.account_id);
        found.ok().map(|index| &self.accounts[index])
    }

    /// Share of an account's texts that nearly equal a text another account was the first to use, 0..=1; `None` when it
    /// has no text with enough words.
    #[must_use]
    pub fn copied_rate(&self, account_id: i64) -> Option<f64> {
        self.of(account_id).map(|account| account.copied_rate)
    }

    /// Other accounts that an account is in a group with, counted up to 100.
    #[must_use]
    pub fn copy_accounts(&self, account_id: i64) -> u32 {
        self.of(account_id).map_or(0, |account| account.copy_accounts)
    }
}

/// Adds up what the sets of texts say about their accounts.
#[derive(Default)]
pub(super) struct Tally {
    /// One for each account of each set.
    parts: Vec<Part>,
    /// The accounts of each group, one group after the other, and where each ends.
    members: Vec<i64>,
    ends: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    account_id: i64,
    /// Number of the set's group, if it is one.
    group: Option<usize>,
    texts: u32,
    copies: u32,
}

impl Tally {
    /// Adds a set of near-duplicates that one account alone used.
    pub(super) fn add_own(&mut self, account_id: i64, texts: u32) {
        self.parts.push(Part { account_id, group: None, texts, copies: 0 });
    }

    /// Adds a set that several accounts used. Who was first copies nobody, even when repeating it after the others.
    pub(super) fn add_shared(&mut self, set: &Group, is_group: bool) {
        let group = is_group.then_some(self.ends.len());
        if is_group {
            self.members.extend(set.members.iter().map(|member| member.account_id));
            self.ends.push(self.members.len());
        }
        self.parts.extend(set.members.iter().map(|member| Part {
            account_id: member.account_id,
            group,
            texts: member.count,
            copies: if member.is_first { 0 } else { member.count },
        }));
    }

    pub(super) fn accounts(mut self) -> Vec<AccountCopies> {
        self.parts.sort_unstable();
        let mut others = Vec::new();
        let accounts = self.parts.chunk_by(|a, b| a.account_id == b.account_id).map(|parts| {
            let texts = parts.iter().map(|part| part.texts).sum();
            let copies: u32 = parts.iter().map(|part| part.copies).sum();
            AccountCopies {
                account_id: parts[0].account_id,
                texts,
                copied_rate: f64::from(copies) / f64::from(texts),
                copy_accounts: self.others(parts, &mut others) as u32,
            }
        });
        accounts.collect()
    }

    /// Different other accounts in an account's groups.
    fn others(&self, parts: &[Part], others: &mut Vec<i64>) -> usize {
        others.clear();
        for group in parts.iter().filter_map(|part| part.group) {
            let start = group.checked_sub(1).map_or(0, |before| self.ends[before]);
            // One more than is counted: the account itself is among them.
            others.extend(self.members[start..self.ends[group]].iter().take(MOST_COPY_ACCOUNTS + 1));
            if others.len() > 10 * MOST_COPY_ACCOUNTS {
                others.sort_unstable();
                others.dedup();
                if others.len() > MOST_COPY_ACCOUNTS {
                    return MOST_COPY_ACCOUNTS;
                }
            }
        }
        others.sort_unstable();
        others.dedup();
        others.len().saturating_sub(1).min(MOST_COPY_ACCOUNTS)
    }
}
