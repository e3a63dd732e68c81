//! `botdet_score` and its kin.

use botdet_models::features::{ACCOUNT_FEATURES, FeatureVector};
use botdet_models::pipeline::{ACCOUNT, Candidate, Depth};
use botdet_models::rules::FeatureFacts;
use botdet_models::score::Reason;
use botdet_models::state::AccountState;
use pgrx::pg_sys::Datum;

use super::subject::Subject;
use crate::active;
use crate::budget;
use crate::error::Error;
use crate::postgres::call::{Call, transaction_start};
use crate::postgres::record::Record;
use crate::runtime;
use crate::scoring::{
    Purpose, rules_thresholds, score_account_alone, score_accounts, score_features, score_named_account,
};
use crate::settle;
use crate::store::accounts::Account;

/// Features that an anomaly names.
pub const OUTSTANDING: usize = 3;

pub fn score_account(call: &Call) -> Result<Datum, Error> {
    let account_id = call.bigint(0);
    let deployment = active::deployment(ACCOUNT)?;
    let scored = score_accounts(&[account_id], &deployment, Depth::Full, Purpose::Answer)?;
    let record = scored.first().map(|scored| scored.record(Some(account_id), transaction_start()));
    Ok(record.map_or_else(|| call.null(), |record| call.record(record)))
}

pub fn score_named(call: &Call) -> Result<Datum, Error> {
    score_by_name(call, &call.text(0).unwrap_or_default())
}

pub fn score_uuid(call: &Call) -> Result<Datum, Error> {
    score_by_name(call, &call.uuid(0))
}

fn score_by_name(call: &Call, name: &str) -> Result<Datum, Error> {
    let deployment = active::deployment(ACCOUNT)?;
    let scored = score_named_account(name, &deployment)?;
    Ok(call.record(scored.record(Some(scored.account_id).filter(|id| *id != 0), transaction_start())))
}

pub fn score_state(call: &Call) -> Result<Datum, Error> {
    let account = Account::from_state(AccountState::from_bytes(call.bytes(0).unwrap_or_default())?);
    Ok(call.record(score_account_alone(account)?.record(None, transaction_start())))
}

pub fn score_by_features(call: &Call) -> Result<Datum, Error> {
    let features = FeatureVector::new(&call.float8_fields(0, ACCOUNT_FEATURES.len()))?;
    Ok(call.record(score_features(&features)?.record(None, transaction_start())))
}

pub fn score_batch(call: &Call) -> Result<Datum, Error> {
    let account_ids = call.bigints(0);
    let deployment = active::deployment(ACCOUNT)?;
    let scored = runtime::as_batch(account_ids.len(), || {
        score_accounts(&account_ids, &deployment, Depth::Full, Purpose::Answer)
    })?;
    let now = transaction_start();
    call.set(scored.iter().map(|scored| Ok(scored.record(Some(scored.account_id), now))))
}

pub fn store_scores(call: &Call) -> Result<Datum, Error> {
    let mut account_ids = call.bigints(0);
    account_ids.sort_unstable();
    account_ids.dedup();
    Ok(Datum::from(settle::score(&account_ids)? as i64))
}

pub fn anomaly(call: &Call) -> Result<Datum, Error> {
    anomaly_of(call, &Subject::by_number(call)?)
}

pub fn anomaly_named(call: &Call) -> Result<Datum, Error> {
    anomaly_of(call, &Subject::by_name(call)?)
}

pub fn anomaly_uuid(call: &Call) -> Result<Datum, Error> {
    anomaly_of(call, &Subject::by_uuid(call)?)
}

fn anomaly_of(call: &Call, subject: &Subject) -> Result<Datum, Error> {
    let features = subject.account.as_ref().map(Account::features);
    let deployment = active::deployment(ACCOUNT)?;
    let version = deployment.serving(subject.account_id).ok_or_else(no_anomaly_model)?;
    let record = active::with_version(version, &deployment.overrides, |pipeline| {
        let anomaly = match &features {
            Some(features) => Some(pipeline.anomaly(features.values()).ok_or_else(no_anomaly_model)?),
            None => None,
        };
        let outstanding =
            features.iter().flat_map(|features| pipeline.outstanding(features.values())).take(OUTSTANDING);
        Ok(Record::default()
            .bigint(subject.account_id)
            .float8(anomaly.map(|anomaly| anomaly.score))
            .boolean(anomaly.map(|anomaly| anomaly.is_anomaly))
            .texts(outstanding.map(|reason| reason.to_string()))
            .text(Some(&version.name)))
    })?;
    Ok(call.record(record))
}

fn no_anomaly_model() -> Error {
    Error::NoAnomalyModel(ACCOUNT.to_owned())
}

pub fn explain(call: &Call) -> Result<Datum, Error> {
    explain_of(call, Subject::by_number(call)?)
}

pub fn explain_named(call: &Call) -> Result<Datum, Error> {
    explain_of(call, Subject::by_name(call)?)
}

pub fn explain_uuid(call: &Call) -> Result<Datum, Error> {
    explain_of(call, Subject::by_uuid(call)?)
}

fn explain_of(call: &Call, subject: Subject) -> Result<Datum, Error> {
    let Some(account) = subject.account else {
        return call.set([]);
    };
    let (features, sequence) = (account.features(), account.sequence());
    let candidate = Candidate { values: features.values(), sequence: sequence.as_ref() };
    let deployment = active::deployment(ACCOUNT)?;
    let facts = FeatureFacts { values: features.values(), account_id: subject.account_id };
    let thresholds = rules_thresholds(&deployment.overrides);
    // Rules have no peers to compare with; those that fired are all there is to say.
    let by_rules =
        |reasons: Vec<Reason>| reasons.into_iter().map(|reason| (reason, None)).collect::<Vec<_>>();
    if let Some(score) = deployment.rules.decide(&facts, &thresholds) {
        return call.set(by_rules(score.reasons).iter().map(|(reason, _)| Ok(explanation(reason, None))));
    }
    let explained = deployment.serving(subject.account_id).map(|version| {
        budget::of_a_call(|| {
            active::with_version(version, &deployment.overrides, |pipeline| Ok(pipeline.explain(&candidate)?))
        })
    });
    runtime::tell_of_absence();
    let reasons = explained.unwrap_or_else(|| {
        Ok(by_rules(deployment.rules.weigh(&facts, deployment.overrides.base_rate).reasons))
    })?;
    call.set(reasons.into_iter().map(|(reason, percentile)| Ok(explanation(&reason, percentile))))
}

pub fn explanation(reason: &Reason, percentile: Option<f64>) -> Record {
    Record::default()
        .text(Some(&reason.subject))
        .float8(reason.value)
        .float8(reason.typical)
        .text(Some(reason.unit))
        .float8(Some(reason.contribution))
        .float8(percentile)
}
