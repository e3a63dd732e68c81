//! Who is trained on, who calibrates, who judges.

use std::collections::BTreeMap;

use botdet_models::hash::{hash_bytes, mix64};

use super::dataset::LabelledAccount;

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
    let mut strata: BTreeMap<(bool, Option<&str>), Vec<&LabelledAccount>> = BTreeMap::new();
    for account in accounts {
        strata.entry((account.is_bot, account.strategy.as_deref())).or_default().push(account);
    }
    let mut split = Split::default();
    for mut stratum in strata.into_values() {
        stratum.sort_by_key(|account| (mix64(hash_bytes(account.key.as_bytes()) ^ seed), account.account_id));
        let at = |share: f64| ((stratum.len() as f64 * share).round() as usize).min(stratum.len());
        let (training, validation) = (at(shares.training), at(shares.training + shares.validation));
        split.training.extend(&stratum[..training]);
        split.validation.extend(&stratum[training..validation]);
        split.held_out.extend(&stratum[validation..]);
    }
    for part in [&mut split.training, &mut split.validation, &mut split.held_out] {
        part.sort_by_key(|account| account.account_id);
    }
    split
}
