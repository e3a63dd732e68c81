//! What a model is trained and judged on, read through the same SQL functions that will serve it.

use botdet_models::features::{ACCOUNT_FEATURES, FeatureVector};
use botdet_models::hash::{hash_bytes, mix64};
use botdet_models::pipeline::{Candidate, PipelineError};
use botdet_models::sequence::Sequence;
use botdet_models::state::AccountState;
use chrono::{DateTime, Utc};
use postgres::Client;

use crate::error::LoaderError;

/// Accounts that are read in one query.
const BATCH: usize = 500;

/// A labelled account.
#[derive(Clone, Debug)]
pub struct LabelledAccount {
    /// Its number in the database.
    pub account_id: i64,
    /// The source's key.
    pub key: String,
    /// The truth.
    pub is_bot: bool,
    /// Kind of bot, where known.
    pub strategy: Option<String>,
    /// How much it counts in training, 0 to 1, see [`weight_of`].
    pub weight: f64,
    events: i64,
}

/// A label, and whose it is.
#[derive(Clone, Debug)]
pub struct Label {
    /// The account, with the truth as it was told.
    pub account: LabelledAccount,
    /// Who said so.
    pub labelled_by: String,
    /// Whether it was told since a given time.
    pub is_recent: bool,
}

/// How much a label counts that is right with a probability of `trust`; one without, which is taken as true, counts as 1.
///
/// A wrong label pulls a model away from the truth as hard as a right one pulls it there, so what a label is expected to bring is
/// `trust - (1 - trust)`: nothing at one half, and nothing is learned from labels that are likelier wrong than right.
#[must_use]
pub fn weight_of(trust: Option<f64>) -> f64 {
    trust.map_or(1.0, |trust| (2.0 * trust - 1.0).clamp(0.0, 1.0))
}

/// What was known of a labelled account at some time.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its number in the database.
    pub account_id: i64,
    /// The truth.
    pub is_bot: bool,
    /// Kind of bot, where known.
    pub strategy: Option<String>,
    /// How much it counts in training, 0 to 1.
    pub weight: f64,
    /// Its features at that time.
    pub features: FeatureVector,
    /// Its latest events at that time; `None` when it had none.
    pub sequence: Option<Sequence>,
}

impl Example {
    /// As a pipeline takes it.
    #[must_use]
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate { values: self.features.values(), sequence: self.sequence.as_ref() }
    }
}

/// Accounts as they are now, and as they were when they were younger: a model that only ever sees a month of activity is at a
/// loss with the first ten events of a new account.
#[derive(Clone, Debug)]
pub struct Histories {
    /// With all their events.
    pub grown: Vec<Example>,
    /// The same accounts with their first events only.
    pub younger: Vec<Example>,
}

impl Histories {
    /// Reads accounts; `seed` draws how young the younger ones are.
    ///
    /// # Errors
    /// As [`read_examples`].
    pub fn read(client: &mut Client, accounts: &[&LabelledAccount], seed: u64) -> Result<Self, LoaderError> {
        Ok(Self {
            grown: read_examples(client, accounts, Moment::Now)?,
            younger: read_examples(client, accounts, Moment::Earlier(seed))?,
        })
    }

    /// Both, the grown ones first.
    pub fn all(&self) -> impl Iterator<Item = &Example> + Clone {
        self.grown.iter().chain(&self.younger)
    }
}

/// Which part of an account's history is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// All of it, and all that comparing accounts has found: what a score of this moment would know.
    Now,
    /// Up to one of its events, drawn from the account's key and this seed: the account as it was when it was younger. What
    /// came after that event changes nothing, and neither does a comparison of accounts that was made later.
    Earlier(u64),
}

/// Has the server compare all accounts, so that features know what they have in common with others.
///
/// # Errors
/// What the server refuses.
pub fn compare_accounts(client: &mut Client) -> Result<(), LoaderError> {
    client.execute(include_str!("../sql/compare_accounts.sql"), &[])?;
    Ok(())
}

/// The labelled accounts of a source, by number.
///
/// # Errors
/// [`LoaderError::SourceEmpty`] when the source has no accounts at all.
pub fn labelled_accounts(client: &mut Client, source: &str) -> Result<Vec<LabelledAccount>, LoaderError> {
    let rows = client.query(include_str!("../sql/labelled_accounts.sql"), &[&source])?;
    if rows.is_empty() {
        return Err(LoaderError::SourceEmpty(source.to_owned()));
    }
    let labelled = rows.iter().filter_map(|row| {
        let account_id: i64 = row.get(0);
        let key: Option<String> = row.get(1);
        Some(LabelledAccount {
            account_id,
            key: key.unwrap_or_else(|| account_id.to_string()),
            is_bot: row.get::<_, Option<bool>>(2)?,
            strategy: row.get(3),
            weight: weight_of(row.get(5)),
            events: row.get(4),
        })
    });
    Ok(labelled.collect())
}

/// All labels of accounts, of whatever source, by account; those told since a time are recent.
///
/// # Errors
/// What the server refuses.
pub fn labels(client: &mut Client, since: Option<DateTime<Utc>>) -> Result<Vec<Label>, LoaderError> {
    let rows = client.query(include_str!("../sql/labels.sql"), &[&since])?;
    let label = |row: &postgres::Row| Label {
        account: LabelledAccount {
            account_id: row.get(0),
            key: row.get(1),
            is_bot: row.get(2),
            strategy: row.get(3),
            weight: weight_of(row.get(5)),
            events: row.get(4),
        },
        labelled_by: row.get(6),
        is_recent: row.get(7),
    };
    Ok(rows.iter().map(label).collect())
}

/// Reads accounts as they were at a moment, in their order.
///
/// # Errors
/// [`LoaderError`] when the server refuses or what it answers cannot be read.
pub fn read_examples(
    client: &mut Client,
    accounts: &[&LabelledAccount],
    moment: Moment,
) -> Result<Vec<Example>, LoaderError> {
    let statement = client.prepare(include_str!("../sql/snapshots.sql"))?;
    let mut examples = Vec::with_capacity(accounts.len());
    for batch in accounts.chunks(BATCH) {
        let ids: Vec<i64> = batch.iter().map(|account| account.account_id).collect();
        let times = moments(client, batch, moment)?;
        for (row, account) in client.query(&statement, &[&ids, &times])?.iter().zip(batch) {
            let account_id = account.account_id;
            let state = match row.get::<_, Option<&[u8]>>(0) {
                Some(bytes) => AccountState::from_bytes(bytes)
                    .map_err(|source| LoaderError::State { account_id, source })?,
                None => AccountState::default(),
            };
            let values: Vec<Option<f64>> =
                (0..ACCOUNT_FEATURES.len()).map(|index| row.get(index + 1)).collect();
            let features = FeatureVector::new(&values).map_err(|error| PipelineError::Part {
                part: "features",
                reason: format!("account {account_id}: {error}"),
            })?;
            examples.push(Example {
                account_id,
                is_bot: account.is_bot,
                strategy: account.strategy.clone(),
                weight: account.weight,
                features,
                sequence: Sequence::of(&state),
            });
        }
    }
    Ok(examples)
}

/// The time of each account's newest event that is to be seen; `None` for all of them.
///
/// Earlier moments are spread evenly over the logarithm of the number of events: being new is the state in which it matters
/// most to be judged well.
fn moments(
    client: &mut Client,
    accounts: &[&LabelledAccount],
    moment: Moment,
) -> Result<Vec<Option<DateTime<Utc>>>, LoaderError> {
    let Moment::Earlier(seed) = moment else {
        return Ok(vec![None; accounts.len()]);
    };
    let ids: Vec<i64> = accounts.iter().map(|account| account.account_id).collect();
    let earlier: Vec<i64> = accounts.iter().map(|account| events_before(account, seed)).collect();
    let rows = client.query(include_str!("../sql/event_times.sql"), &[&ids, &earlier])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// How many of an account's events come before the newest one that is to be seen.
fn events_before(account: &LabelledAccount, seed: u64) -> i64 {
    let random = mix64(hash_bytes(account.key.as_bytes()) ^ mix64(seed));
    let uniform = (random >> 11) as f64 / (1u64 << 53) as f64;
    (account.events.max(1) as f64).powf(uniform) as i64 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_counts_by_what_it_is_expected_to_bring() {
        let weights = [None, Some(1.0), Some(0.9), Some(0.5), Some(0.1)].map(weight_of);
        for (found, expected) in weights.iter().zip([1.0, 1.0, 0.8, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-12, "{weights:?}");
        }
    }
}
