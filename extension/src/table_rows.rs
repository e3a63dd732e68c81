//! Judging rows of tables, and features that stand for themselves, given as JSON.

use std::time::Instant;

use botdet_models::backlink::BACKLINK;
use botdet_models::features::{FeatureVector, account_schema};
use botdet_models::pipeline::{ACCOUNT, Candidate, Depth, Pipeline};
use botdet_models::rules::RowFacts;
use botdet_models::score::{Anomaly, Reason};
use serde_json::{Map, Value};

use crate::active;
use crate::backlinks;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::scoring::{AccountScore, rules_thresholds, score_features};
use crate::statistics::{self, name_of_rules};

/// A row as `to_jsonb()` makes it.
pub type Object = Map<String, Value>;

/// Scores a row. Where a detector has no version, rules answer if it has any.
///
/// # Errors
/// [`Error::Schema`] or [`Error::Feature`] with the value that does not do; [`Error::NoVersion`].
pub fn score(detector: &str, object: &Object) -> Result<AccountScore, Error> {
    if detector == ACCOUNT {
        return score_features(&features(object)?);
    }
    if detector == BACKLINK {
        return backlinks::score_row(object);
    }
    let deployment = active::deployment(detector)?;
    deployment.check_row(object)?;
    let (facts, thresholds) = (RowFacts(object), rules_thresholds(&deployment.overrides));
    let started = Instant::now();
    if let Some(decided) = deployment.rules.decide(&facts, &thresholds) {
        statistics::note_judged(&name_of_rules(detector), started, std::iter::once(&decided));
        return Ok(AccountScore { score: Some(decided), events: None, ..AccountScore::unknown() });
    }
    let version = deployment.champion.as_ref().map(|version| version.name.clone());
    let name = version.clone().unwrap_or_else(|| name_of_rules(detector));
    let scores = statistics::measured(&name, 1, || {
        let by_model = active::with_champion(&deployment, |pipeline, _| {
            let values = values(pipeline, object)?;
            let candidate = Candidate { values: &values, sequence: None };
            Ok(pipeline.score(&[candidate], Depth::Full, &mut check_for_interrupts)?)
        })?;
        let by_rules = || {
            let base_rate = deployment.overrides.base_rate;
            let has_evidence = deployment.rules.has_evidence();
            has_evidence.then(|| vec![deployment.rules.score(&facts, &thresholds, base_rate)])
        };
        by_model.or_else(by_rules).ok_or_else(|| Error::NoVersion(detector.to_owned()))
    })?;
    let score = scores.into_iter().next();
    Ok(AccountScore { score, version, events: None, ..AccountScore::unknown() })
}

/// A row's anomaly, its columns from the most unusual one, and the version that answers.
///
/// # Errors
/// As [`score`], and [`Error::NoAnomalyModel`].
pub fn anomaly(detector: &str, object: &Object) -> Result<(Anomaly, Vec<Reason>, String), Error> {
    with_values(detector, object, |pipeline, values, version| {
        let anomaly = pipeline.anomaly(values);
        let anomaly = anomaly.ok_or_else(|| Error::NoAnomalyModel(detector.to_owned()))?;
        Ok((anomaly, pipeline.outstanding(values), version.to_owned()))
    })
}

/// What makes up a row's score, with the share of training rows at or below each number.
///
/// # Errors
/// As [`score`]; rules explain themselves by the reasons of the score.
pub fn explain(detector: &str, object: &Object) -> Result<Vec<(Reason, Option<f64>)>, Error> {
    with_values(detector, object, |pipeline, values, _| {
        Ok(pipeline.explain(&Candidate { values, sequence: None })?)
    })
}

fn with_values<R>(
    detector: &str,
    object: &Object,
    work: impl FnOnce(&mut Pipeline, &[Option<f64>], &str) -> Result<R, Error>,
) -> Result<R, Error> {
    let deployment = active::deployment(detector)?;
    let by_model = active::with_champion(&deployment, |pipeline, version| {
        let values = values(pipeline, object)?;
        work(pipeline, &values, version)
    })?;
    by_model.ok_or_else(|| Error::NoVersion(detector.to_owned()))
}

/// The values of a row in the order of the pipeline's columns.
fn values(pipeline: &Pipeline, object: &Object) -> Result<Vec<Option<f64>>, Error> {
    match pipeline.columns().schema() {
        Some(schema) => Ok(schema.read_json(object)?),
        None => Ok(features(object)?.values().to_vec()),
    }
}

fn features(object: &Object) -> Result<FeatureVector, Error> {
    Ok(FeatureVector::new(&account_schema().read_json(object)?)?)
}
