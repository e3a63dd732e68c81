//! Judging links: by the champion, or by weighted signals where it cannot answer, joined with rules and similarity of pages.

use std::cell::RefCell;
use std::time::Instant;

use botdet_models::backlink::{BACKLINK, Features, Judged, LinkFacts, LinkGraph, Parts, judge};
use botdet_models::pipeline::{Candidate, Depth, Pipeline};
use botdet_models::rules::{Facts, RowFacts};
use botdet_models::score::Score;

use crate::active;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::scoring::{AccountScore, rules_thresholds};
use crate::statistics::{self, name_of_rules};
use crate::store::models::Deployment;
use crate::table_rows::Object;

/// Links that a model is asked about at a time.
const BATCH: usize = 1_024;

thread_local! {
    /// Versions that could not answer, and of which that was told.
    static TOLD_OF: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A link's score with its parts.
pub struct LinkScore {
    pub score: AccountScore,
    pub parts: Parts,
}

/// Scores a link from its features, as `to_jsonb(row)` of `botdet_backlink_features()` makes them.
///
/// # Errors
/// [`Error::Schema`] with the value that does not do; [`Error::NoVersion`] where nothing at all is known of it.
pub fn score_row(object: &Object) -> Result<AccountScore, Error> {
    let deployment = active::deployment(BACKLINK)?;
    deployment.check_row(object)?;
    let facts = RowFacts(object);
    let values = |pipeline: &Pipeline| match pipeline.columns().schema() {
        Some(schema) => Ok(vec![schema.read_json(object)?]),
        None => Ok(Vec::new()),
    };
    let scored = score_all(&[&facts], &deployment, values)?.into_iter().next().flatten();
    let scored = scored.ok_or_else(|| Error::NoVersion(BACKLINK.to_owned()))?;
    Ok(scored.score)
}

/// Scores links, in the order of their features; `None` where nothing at all is known of one.
///
/// # Errors
/// As [`active::deployment`].
pub fn score_links(graph: &LinkGraph, features: &[Features]) -> Result<Vec<Option<LinkScore>>, Error> {
    let deployment = active::deployment(BACKLINK)?;
    let mut scored = Vec::with_capacity(features.len());
    for batch in features.chunks(BATCH) {
        check_for_interrupts();
        let facts: Vec<LinkFacts<'_>> = batch.iter().map(|features| LinkFacts { graph, features }).collect();
        let all: Vec<&dyn Facts> = facts.iter().map(|facts| facts as &dyn Facts).collect();
        let values = |pipeline: &Pipeline| {
            let Some(schema) = pipeline.columns().schema() else { return Ok(Vec::new()) };
            let names = || schema.columns().iter().map(|column| column.name.as_str());
            if let Some(missing) = names().find(|name| !LinkFacts::has_column(name)) {
                return Err(Error::NoSuchFeature(missing.to_owned()));
            }
            Ok(facts.iter().map(|facts| names().map(|name| facts.value(name)).collect()).collect())
        };
        scored.extend(score_all(&all, &deployment, values)?);
    }
    Ok(scored)
}

/// Scores what is asked about by facts; `values` makes a pipeline's input of them.
fn score_all(
    facts: &[&dyn Facts],
    deployment: &Deployment,
    values: impl FnOnce(&Pipeline) -> Result<Vec<Vec<Option<f64>>>, Error>,
) -> Result<Vec<Option<LinkScore>>, Error> {
    let thresholds = rules_thresholds(&deployment.overrides);
    let by_model = by_model(facts.len(), deployment, values)?;
    let version = by_model.as_ref().and(deployment.champion.as_ref()).map(|version| version.name.clone());
    let mut by_model = by_model.unwrap_or_default().into_iter();
    let started = Instant::now();
    let judged = facts.iter().map(|facts| {
        let by_model = by_model.next();
        if let Some(score) = deployment.rules.decide(*facts, &thresholds) {
            return Some(link_score(Judged { score, parts: Parts::default() }, None));
        }
        let base_rate = deployment.overrides.base_rate;
        let judged = judge(*facts, by_model, &deployment.rules, &thresholds, base_rate)?;
        Some(link_score(judged, version.clone()))
    });
    let judged: Vec<Option<LinkScore>> = judged.collect();
    if version.is_none() {
        let scores = judged.iter().flatten().filter_map(|link| link.score.score.as_ref());
        statistics::note_judged(&name_of_rules(BACKLINK), started, scores);
    }
    Ok(judged)
}

fn link_score(judged: Judged, version: Option<String>) -> LinkScore {
    let score = AccountScore { score: Some(judged.score), version, events: None, ..AccountScore::unknown() };
    LinkScore { score, parts: judged.parts }
}

/// What the champion says; `None` where there is none, or it cannot answer, which is told once a session.
fn by_model(
    rows: usize,
    deployment: &Deployment,
    values: impl FnOnce(&Pipeline) -> Result<Vec<Vec<Option<f64>>>, Error>,
) -> Result<Option<Vec<Score>>, Error> {
    let Some(champion) = &deployment.champion else {
        return Ok(None);
    };
    let scores = statistics::measured(&champion.name, rows, || {
        active::with_version(champion, &deployment.overrides, |pipeline| {
            let values = values(pipeline)?;
            let candidates: Vec<Candidate<'_>> =
                values.iter().map(|values| Candidate { values, sequence: None }).collect();
            Ok(pipeline.score(&candidates, Depth::Full, &mut check_for_interrupts)?)
        })
    });
    match scores {
        Ok(scores) => Ok(Some(scores)),
        // Whoever sends a row is told what is wrong with it.
        Err(error @ Error::Schema(_)) => Err(error),
        Err(error) => {
            tell_once(&champion.sha256, &error);
            Ok(None)
        }
    }
}

fn tell_once(sha256: &str, error: &Error) {
    let is_new = TOLD_OF.with_borrow_mut(|told| {
        let is_new = !told.iter().any(|known| known == sha256);
        if is_new {
            told.push(sha256.to_owned());
        }
        is_new
    });
    if is_new {
        pgrx::warning!("weighted signals answer in the place of the model: {}", error.message());
    }
}
