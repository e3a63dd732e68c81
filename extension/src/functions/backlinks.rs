//! `botdet_backlink_features` and its kin.

use botdet_models::backlink::{Features, LinkGraph, domain_of};
use botdet_models::groups::{Pages, PagesParams};
use botdet_models::hash::hash_bytes;
use pgrx::pg_sys::Datum;

use crate::backlinks::{LinkScore, score_links};
use crate::error::Error;
use crate::postgres::call::{Call, check_for_interrupts, transaction_start};
use crate::postgres::record::Record;
use crate::postgres::values::text_datum;
use crate::scoring::AccountScore;
use crate::store::backlinks;

/// The links that a call asks about, by a target or all; none where the target is no name of a domain.
fn asked(call: &Call) -> (LinkGraph, i64) {
    let as_of = call.timestamptz(1);
    let graph = match call.text(0) {
        Some(target) => match domain_of(&target) {
            Some(target) => backlinks::load(Some(&target), as_of),
            None => LinkGraph::default(),
        },
        None => backlinks::load(None, as_of),
    };
    (graph, as_of)
}

pub fn features(call: &Call) -> Result<Datum, Error> {
    let (graph, as_of) = asked(call);
    let (features, _) = graph.features(as_of);
    call.set(features.iter().map(|features| Ok(record(&graph, features))))
}

fn record(graph: &LinkGraph, features: &Features) -> Record {
    let link = &graph.links[features.link];
    let domain = link.domain.map(|domain| &graph.domains[domain]);
    let mut record = Record::default()
        .bigint(Some(link.backlink_id))
        .text(Some(&link.source_domain))
        .text(Some(&link.target))
        .text(link.anchor.as_deref())
        .text(domain.and_then(|domain| domain.registrar.as_deref()))
        .text(domain.and_then(|domain| domain.hosting.as_deref()))
        .timestamptz(link.first_seen);
    for number in features.numbers {
        record = record.float8(number);
    }
    for truth in features.booleans {
        record = record.boolean(truth);
    }
    record
}

pub fn scores(call: &Call) -> Result<Datum, Error> {
    let (graph, as_of) = asked(call);
    let (features, problems) = graph.features(as_of);
    let scored = score_links(&graph, &features)?;
    let now = transaction_start();
    let scored = features.iter().zip(&scored).map(|(features, scored)| {
        (features.link, scored.as_ref(), "nothing is known of the link and its domain")
    });
    let problems = problems.iter().map(|(link, problem)| (*link, None, problem.text()));
    let mut rows: Vec<(usize, Option<&LinkScore>, &str)> = scored.chain(problems).collect();
    rows.sort_unstable_by_key(|(link, ..)| *link);
    call.set(rows.into_iter().map(|(link, scored, problem)| {
        let backlink_id = graph.links[link].backlink_id;
        Ok(match scored {
            Some(LinkScore { score, parts }) => score
                .record(Some(backlink_id), now)
                .float8(parts.model)
                .float8(parts.rules)
                .float8(parts.similarity),
            None => AccountScore::unknown()
                .record_because(backlink_id, problem, now)
                .float8(None)
                .float8(None)
                .float8(None),
        })
    }))
}

/// Compares all pages first seen by a time, and keeps what was found; returns how many.
pub fn compare_pages(call: &Call) -> Result<Datum, Error> {
    let as_of = call.timestamptz(0);
    if as_of > transaction_start() {
        return Err(Error::InTheFuture { argument: "as_of" });
    }
    let mut pages = Pages::new(PagesParams::default())?;
    backlinks::for_each_page(as_of, |link, domain, text| {
        let domain = domain_of(domain).unwrap_or_else(|| domain.to_lowercase());
        pages.add(link, hash_bytes(domain.as_bytes()), text);
    });
    let found = pages.compare(&mut check_for_interrupts);
    backlinks::write(&found, as_of);
    Ok(Datum::from(found.len() as i64))
}

pub fn domain(call: &Call) -> Result<Datum, Error> {
    let domain = domain_of(&call.text(0).unwrap_or_default());
    Ok(domain.map_or_else(|| call.null(), |domain| text_datum(&domain)))
}
