//! Scoring accounts: the one way that the functions, the batch and the trigger share.

use std::time::Instant;

use botdet_models::event::Timestamp;
use botdet_models::features::FeatureVector;
use botdet_models::pipeline::{ACCOUNT, Candidate, Depth, Overrides};
use botdet_models::rules::FeatureFacts;
use botdet_models::score::{Score, Thresholds};
use botdet_models::sequence::Sequence;

use crate::active;
use crate::budget;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::memory::with_scratch;
use crate::postgres::record::Record;
use crate::runtime;
use crate::statistics::{self, name_of_rules};
use crate::store::accounts::{self, Account};
use crate::store::models::{Deployment, Version};

/// Accounts that are loaded at a time.
const BATCH: usize = 256;
/// Accounts that are loaded at a time for a GPU: some chunks of its, for their rows to be of like length.
const CUDA_BATCH: usize = 4_096;
/// Threshold of the rules, where the detector's settings give none.
const RULES_THRESHOLD: f64 = 0.5;

/// An account's score, with the version that gave it.
pub struct AccountScore {
    pub account_id: i64,
    /// `None` when nothing is known of the account.
    pub score: Option<Score>,
    /// `None` when rules answered.
    pub version: Option<String>,
    /// Events that the answer rests on; `None` when features do not say.
    pub events: Option<u64>,
    /// What the version in shadow says; `None` where none was asked.
    pub shadow: Option<Shadow>,
}

/// What a version says that is compared, and never answers.
pub struct Shadow {
    pub version: String,
    /// Why there is none, where it failed: that harms nobody.
    pub score: Result<Score, String>,
}

impl AccountScore {
    /// Of an account that nothing is known of.
    pub fn unknown() -> Self {
        Self { account_id: 0, score: None, version: None, events: Some(0), shadow: None }
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

    /// The columns of `botdet.scored_account`: those of `botdet.score_result`, and what the version in shadow says.
    pub fn record_with_shadow(&self, now: Timestamp) -> Record {
        let shadow = self.shadow.as_ref();
        let score = shadow.and_then(|shadow| shadow.score.as_ref().ok());
        self.record(Some(self.account_id), now)
            .text(shadow.map(|shadow| shadow.version.as_str()))
            .float8(score.map(|score| score.probability))
            .boolean(score.map(|score| score.is_bot))
            .text(score.map(|score| score.stage.name()))
            .text(shadow.and_then(|shadow| shadow.score.as_ref().err()).map(String::as_str))
    }

    /// The columns of `botdet.score_result` of what has no score, with the reason for that.
    pub fn record_because(&self, account_id: i64, reason: &str, now: Timestamp) -> Record {
        self.record_with(Some(account_id), vec![reason.to_owned()], now)
    }

    /// The columns of `botdet.score_result`.
    pub fn record(&self, account_id: Option<i64>, now: Timestamp) -> Record {
        self.record_with(account_id, self.reasons(), now)
    }

    fn record_with(&self, account_id: Option<i64>, reasons: Vec<String>, now: Timestamp) -> Record {
        let score = self.score.as_ref();
        let interval = score.and_then(|score| score.interval);
        let anomaly = score.and_then(|score| score.anomaly);
        Record::default()
            .bigint(account_id)
            .float8(score.map(|score| score.probability))
            .boolean(score.map(|score| score.is_bot))
            .text(score.map(|score| score.action.name()))
            .float8(score.map(|score| score.confidence))
            .float8(interval.map(|(low, _)| low))
            .float8(interval.map(|(_, high)| high))
            .float8(anomaly.map(|anomaly| anomaly.score))
            .boolean(anomaly.map(|anomaly| anomaly.is_anomaly))
            .bigint(self.events.map(|events| events as i64))
            .text(Some(self.stage()))
            .text(self.version.as_deref())
            .texts(reasons)
            .timestamptz(now)
    }
}

/// What scores are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be answered.
    Answer,
    /// To be stored, together with what a version in shadow says.
    Store,
}

/// Scores accounts in their order.
///
/// # Errors
/// [`Error`] when a version that answers cannot be loaded or run.
pub fn score_accounts(
    account_ids: &[i64],
    deployment: &Deployment,
    depth: Depth,
    purpose: Purpose,
) -> Result<Vec<AccountScore>, Error> {
    let mut scored = Vec::with_capacity(account_ids.len());
    let batch = if runtime::is_cuda_due() { CUDA_BATCH } else { BATCH };
    budget::of_a_call(|| {
        for batch in account_ids.chunks(batch) {
            check_for_interrupts();
            let score = || score_loaded(&accounts::load(batch, i64::MAX)?, deployment, depth, purpose);
            scored.extend(with_scratch(score)?);
        }
        Ok(scored)
    })
}

/// Scores the account with this key.
///
/// # Errors
/// As [`score_accounts`].
pub fn score_named_account(name: &str, deployment: &Deployment) -> Result<AccountScore, Error> {
    let loaded: Vec<Account> = accounts::load_named(name, i64::MAX)?.into_iter().collect();
    score_one(&loaded, deployment)
}

/// Scores an account that was loaded from elsewhere than the tables.
///
/// # Errors
/// As [`score_accounts`].
pub fn score_account_alone(account: Account) -> Result<AccountScore, Error> {
    let deployment = active::deployment(ACCOUNT)?;
    let champion_only = Deployment { challenger: None, ..Deployment::clone(&deployment) };
    score_one(&[account], &champion_only)
}

fn score_one(loaded: &[Account], deployment: &Deployment) -> Result<AccountScore, Error> {
    let scored = budget::of_a_call(|| score_loaded(loaded, deployment, Depth::Full, Purpose::Answer))?
        .into_iter()
        .next();
    Ok(scored.unwrap_or_else(AccountScore::unknown))
}

fn score_loaded(
    loaded: &[Account],
    deployment: &Deployment,
    depth: Depth,
    purpose: Purpose,
) -> Result<Vec<AccountScore>, Error> {
    let mut scored: Vec<AccountScore> = loaded
        .iter()
        .map(|account| AccountScore {
            account_id: account.account_id,
            events: Some(account.state.events()),
            ..AccountScore::unknown()
        })
        .collect();
    let mut known: Vec<Known> = loaded
        .iter()
        .enumerate()
        .filter(|(_, account)| account.is_known)
        .map(|(index, account)| Known::of(index, account))
        .collect();
    for (index, score) in decide_by_rules(&mut known, deployment) {
        scored[index].score = Some(score);
    }
    let challenger = deployment.challenger.as_ref().map(|challenger| &challenger.version);
    let of_challenger = |index: usize| {
        challenger.is_some() && deployment.serving(Some(loaded[index].account_id)) == challenger
    };
    let (challenged, others): (Vec<_>, Vec<_>) = known.iter().partition(|known| of_challenger(known.index));
    let mut failed = None;
    for (part, version) in [(others, deployment.champion.as_ref()), (challenged, challenger)] {
        if part.is_empty() {
            continue;
        }
        let by = |version| score_known(&part, version, deployment, depth);
        let (scores, version) = match by(version) {
            // A challenger is on trial: where it cannot be used, nobody goes without an answer.
            Err(error) if version == challenger && error.concerns_every_account() => {
                failed = Some(error);
                (by(deployment.champion.as_ref())?, deployment.champion.as_ref())
            }
            scores => (scores?, version),
        };
        for (known, score) in part.into_iter().zip(scores) {
            scored[known.index].score = Some(score);
            scored[known.index].version = version.map(|version| version.name.clone());
        }
    }
    if let Some(error) = failed {
        pgrx::warning!("the champion answers in the challenger's place: {}", error.message());
    }
    if let Some(shadow) = deployment.shadow().filter(|_| purpose == Purpose::Store) {
        let all: Vec<&Known> = known.iter().collect();
        let shadowed = budget::beside_a_call(|| score_known(&all, Some(shadow), deployment, depth));
        let scores: Vec<Result<Score, String>> = match shadowed {
            Ok(scores) => scores.into_iter().map(Ok).collect(),
            Err(error) => known.iter().map(|_| Err(error.message())).collect(),
        };
        // What it would have looked at more closely is compared when that is done.
        let is_final =
            |score: &Result<Score, String>| !score.as_ref().is_ok_and(|score| score.is_provisional);
        for (known, score) in known.iter().zip(scores).filter(|(_, score)| is_final(score)) {
            scored[known.index].shadow = Some(Shadow { version: shadow.name.clone(), score });
        }
    }
    Ok(scored)
}

/// An account that there is something to say of.
struct Known {
    /// Its place among those that were asked for.
    index: usize,
    account_id: Option<i64>,
    features: FeatureVector,
    sequence: Option<Sequence>,
}

impl Known {
    fn of(index: usize, account: &Account) -> Self {
        Self {
            index,
            // 0 is nobody's number.
            account_id: Some(account.account_id).filter(|account_id| *account_id != 0),
            features: account.features(),
            sequence: account.sequence(),
        }
    }

    fn candidate(&self) -> Candidate<'_> {
        Candidate { values: self.features.values(), sequence: self.sequence.as_ref() }
    }

    fn facts(&self) -> FeatureFacts<'_> {
        FeatureFacts { values: self.features.values(), account_id: self.account_id }
    }
}

/// Takes out the accounts that a rule decides on, whatever a model would say, with their scores.
fn decide_by_rules(known: &mut Vec<Known>, deployment: &Deployment) -> Vec<(usize, Score)> {
    if !deployment.rules.may_decide() {
        return Vec::new();
    }
    let started = Instant::now();
    let thresholds = rules_thresholds(&deployment.overrides);
    let mut decided = Vec::new();
    known.retain(|known| match deployment.rules.decide(&known.facts(), &thresholds) {
        Some(score) => {
            decided.push((known.index, score));
            false
        }
        None => true,
    });
    let scores = decided.iter().map(|(_, score)| score);
    statistics::note_judged(&name_of_rules(&deployment.detector), started, scores);
    decided
}

/// Scores features without an account behind them.
///
/// # Errors
/// As [`score_accounts`].
pub fn score_features(features: &FeatureVector) -> Result<AccountScore, Error> {
    let deployment = active::deployment(ACCOUNT)?;
    let mut known = vec![Known { index: 0, account_id: None, features: features.clone(), sequence: None }];
    let decided = decide_by_rules(&mut known, &deployment).pop();
    let champion = deployment.champion.as_ref().filter(|_| decided.is_none());
    let all: Vec<&Known> = known.iter().collect();
    let score = match decided {
        Some((_, score)) => Some(score),
        None => score_known(&all, champion, &deployment, Depth::Full)?.into_iter().next(),
    };
    Ok(AccountScore {
        score,
        version: champion.map(|version| version.name.clone()),
        events: features.get("event_count").map(|events| events as u64),
        ..AccountScore::unknown()
    })
}

/// Scores by a version, or by rules.
fn score_known(
    known: &[&Known],
    version: Option<&Version>,
    deployment: &Deployment,
    depth: Depth,
) -> Result<Vec<Score>, Error> {
    let overrides = &deployment.overrides;
    let name = version.map_or_else(|| name_of_rules(ACCOUNT), |version| version.name.clone());
    let scores = statistics::measured(&name, known.len(), || match version {
        Some(version) => active::with_version(version, overrides, |pipeline| {
            let candidates: Vec<Candidate<'_>> = known.iter().map(|known| known.candidate()).collect();
            let scores = pipeline.score(&candidates, depth, &mut check_for_interrupts)?;
            statistics::note_runtime(&name, pipeline.sequence_runtime(), &scores);
            Ok(scores)
        }),
        None => {
            let thresholds = rules_thresholds(overrides);
            let score =
                |known: &&Known| deployment.rules.score(&known.facts(), &thresholds, overrides.base_rate);
            Ok(known.iter().map(score).collect())
        }
    });
    runtime::tell_of_absence();
    scores
}

/// Thresholds where rules answer. Nothing is done automatically on their word, unless somebody has said so.
pub fn rules_thresholds(overrides: &Overrides) -> Thresholds {
    Thresholds {
        review: overrides.threshold.unwrap_or(RULES_THRESHOLD),
        automatic: overrides.automatic_threshold,
    }
}
