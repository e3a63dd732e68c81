//! Who is trained on, who calibrates, who judges.

use botdet_models::hash::hash_bytes;

use super::dataset::{Label, LabelledAccount};
use crate::validation::folds::by_shares;

/// Labels told since a champion was registered are fewer than those of before, so more of them are held out to compare on.
const RECENT: SplitShares = SplitShares { training: 0.5, validation: 0.2 };

/// Shares of the accounts; the rest is held out.
#[derive(Clone, Copy, Debug)]
pub struct SplitShares {
    /// Share that models are trained on.
    pub training: f64,
    /// Share that stops the training and fits the calibration.
    pub validation: f64,
}

/// Accounts by use.
#[derive(Debug, Default)]
pub struct Split<'a> {
    /// Models are trained on these.
    pub training: Vec<&'a LabelledAccount>,
    /// These stop the training and fit the calibration.
    pub validation: Vec<&'a LabelledAccount>,
    /// No part of the training sees these.
    pub held_out: Vec<&'a LabelledAccount>,
}

/// Splits within each strategy (humans are one too), in an order drawn from the account's key and the seed: the same
/// account falls on the same side whatever else is loaded in which order.
#[must_use]
pub fn stratified<'a>(
    accounts: impl IntoIterator<Item = &'a LabelledAccount>,
    shares: SplitShares,
    seed: u64,
) -> Split<'a> {
    let accounts: Vec<&LabelledAccount> = accounts.into_iter().collect();
    let strata: Vec<_> =
        accounts.iter().map(|account| (account.is_bot, account.strategy.as_deref())).collect();
    let keys: Vec<u64> = accounts.iter().map(|account| hash_bytes(account.key.as_bytes())).collect();
    let shares = [shares.training, shares.validation];
    let mut parts = by_shares(&strata, &keys, &shares, seed).into_iter().map(|rows| {
        let mut part: Vec<&LabelledAccount> = rows.into_iter().map(|row| accounts[row]).collect();
        part.sort_by_key(|account| account.account_id);
        part
    });
    let mut next = || parts.next().unwrap_or_default();
    Split { training: next(), validation: next(), held_out: next() }
}

/// Splits labels: first those of before, by these shares, then recent ones, of which more are held out. The champion's shares and
/// seed hold out what it was not trained on either, as long as the labels of before are the same.
#[must_use]
pub fn by_recency(labels: &[Label], shares: SplitShares, seed: u64) -> [Split<'_>; 2] {
    [(false, shares), (true, RECENT)].map(|(is_recent, shares)| {
        let chosen = labels.iter().filter(|label| label.is_recent == is_recent);
        stratified(chosen.map(|label| &label.account), shares, seed)
    })
}
