//! Scoring accounts: the one way that the functions, the batch and the trigger share.

use botdet_models::event::Timestamp;
use botdet_models::features::FeatureVector;
use botdet_models::pipeline::{ACCOUNT, Candidate, Depth};
use botdet_models::rules::score_by_rules;
use botdet_models::score::Score;
use botdet_models::sequence::Sequence;

use crate::active;
use crate::budget;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::memory::with_scratch;
use crate::postgres::record::Record;
use crate::runtime;
use crate::store::accounts::{self, Account};
use crate::store::models::Deployment;

/// Accounts that are loaded at a time.
const BATCH: usize = 256;
/// Accounts that are loaded at a time for a GPU: some chunks of its, for their rows to be of like length.
const CUDA_BATCH: usize = 4_096;
/// Threshold of the rules, where the detector's settings give none.
pub const RULES_THRESHOLD: f64 = 0.5;

/// An account's score, with the version that gave it.
pub struct AccountScore {
    pub account_id: i64,
    /// `None` when nothing is known of the account.
    pub score: Option<Score>,
    /// `None` when rules answered.
    pub version: Option<String>,
    /// Events that the answer rests on; `None` when features do not say.
    pub events: Option<u64>,
}

impl AccountScore {
    /// Of an account that nothing is known of.
    fn unknown() -> Self {
        Self { account_id: 0, score: None, version: None, events: Some(0) }
    }

    pub fn stage(&self) -> &'static str {
        self.score.as_ref().map_or("none", |score| score.stage.name())
    }

    pub fn reasons(&self) -> Vec<String> {
        match &self.score {
            Some(score) => score.reasons.iter().map(ToString::to_string).collect(),
            None => {
                vec!["the account is unknown: it has neither profile nor activity".to_owned()]
            }
        }
    }

    /// The columns of `botdet.score_result`.
    pub fn record(&self, account_id: Option<i64>, now: Timestamp) -> Record {
        let score = self.score.as_ref();
        let interval = score.and_then(|score| score.interval);
        let anomaly = score.and_then(|score| score.anomaly);
        Record::default()
            .bigint(account_id)
            .float8(score.map(|score| score.probability))
            .boolean(score.map(|score| score.is_bot))
            .float8(score.map(|score| score.confidence))
            .float8(interval.map(|(low, _)| low))
            .float8(interval.map(|(_, high)| high))
            .float8(anomaly.map(|anomaly| anomaly.score))
            .boolean(anomaly.map(|anomaly| anomaly.is_anomaly))
            .bigint(self.events.map(|events| events as i64))
            .text(Some(self.stage()))
            .text(self.version.as_deref())
            .texts(self.reasons())
            .timestamptz(now)
    }
}

/// Scores accounts in their order.
///
/// # Errors
/// [`Error`] when the active version cannot be loaded or run.
pub fn score_accounts(
    account_ids: &[i64],
    deployment: &Deployment,
    depth: Depth,
) -> Result<Vec<AccountScore>, Error> {
    let mut scored = Vec::with_capacity(account_ids.len());
    let batch = if runtime::is_cuda_due() { CUDA_BATCH } else { BATCH };
    budget::of_a_call(|| {
        for batch in account_ids.chunks(batch) {
            check_for_interrupts();
            scored.extend(with_scratch(|| score_batch(batch, deployment, depth))?);
        }
        Ok(scored)
    })
}

fn score_batch(
    account_ids: &[i64],
    deployment: &Deployment,
    depth: Depth,
) -> Result<Vec<AccountScore>, Error> {
    score_loaded(&accounts::load(account_ids, i64::MAX)?, deployment, depth)
}

/// Scores the account with this key.
///
/// # Errors
/// As [`score_accounts`].
pub fn score_named_account(name: &str, deployment: &Deployment) -> Result<AccountScore, Error> {
    let loaded: Vec<Account> = accounts::load_named(name, i64::MAX)?.into_iter().collect();
    let scored = budget::of_a_call(|| score_loaded(&loaded, deployment, Depth::Full))?;
    let scored = scored.into_iter().next();
    Ok(scored.unwrap_or_else(AccountScore::unknown))
}

/// Scores an account that was loaded from elsewhere than the tables.
///
/// # Errors
/// As [`score_accounts`].
pub fn score_account_alone(account: Account) -> Result<AccountScore, Error> {
    let deployment = active::deployment(ACCOUNT)?;
    let scored = budget::of_a_call(|| score_loaded(&[account], &deployment, Depth::Full))?.into_iter().next();
    Ok(scored.unwrap_or_else(AccountScore::unknown))
}

fn score_loaded(
    loaded: &[Account],
    deployment: &Deployment,
    depth: Depth,
) -> Result<Vec<AccountScore>, Error> {
    let known: Vec<(FeatureVector, Option<Sequence>)> = loaded
        .iter()
        .filter(|account| account.is_known)
        .map(|account| (account.features(), account.sequence()))
        .collect();
    let candidates: Vec<Candidate<'_>> = known
        .iter()
        .map(|(features, sequence)| Candidate { values: features.values(), sequence: sequence.as_ref() })
        .collect();
    let (scores, version) = score_candidates(&candidates, deployment, depth)?;
    let mut scores = scores.into_iter();
    let scored = loaded.iter().map(|Account { account_id, is_known, state, .. }| AccountScore {
        account_id: *account_id,
        score: if *is_known { scores.next() } else { None },
        version: version.clone().filter(|_| *is_known),
        events: Some(state.events()),
    });
    Ok(scored.collect())
}

/// Scores features without an account behind them.
///
/// # Errors
/// As [`score_accounts`].
pub fn score_features(features: &FeatureVector) -> Result<AccountScore, Error> {
    let candidate = Candidate { values: features.values(), sequence: None };
    let (scores, version) = score_candidates(&[candidate], &active::deployment(ACCOUNT)?, Depth::Full)?;
    let events = features.get("event_count").map(|events| events as u64);
    Ok(AccountScore { account_id: 0, score: scores.into_iter().next(), version, events })
}

fn score_candidates(
    candidates: &[Candidate<'_>],
    deployment: &Deployment,
    depth: Depth,
) -> Result<(Vec<Score>, Option<String>), Error> {
    let by_model = active::with_pipeline(deployment, |pipeline, version| {
        let scores = pipeline.score(candidates, depth, &mut check_for_interrupts)?;
        Ok((scores, Some(version.to_owned())))
    });
    runtime::tell_of_absence();
    let by_model = by_model?;
    Ok(by_model.unwrap_or_else(|| {
        let threshold = deployment.threshold.unwrap_or(RULES_THRESHOLD);
        let by_rules = candidates.iter().map(|candidate| score_by_rules(candidate.values, threshold));
        (by_rules.collect(), None)
    }))
}
