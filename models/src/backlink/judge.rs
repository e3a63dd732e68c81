//! One link judged by all there is.

use super::parts::Parts;
use super::signals::Signals;
use crate::rules::{Facts, Name, RuleSet};
use crate::score::{Score, Thresholds};

/// A link's score, and what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The score.
    pub score: Score,
    /// Its parts; none where a rule has decided.
    pub parts: Parts,
}

/// Judges a link by a model's score, or the weighted signals where there is none, joined with rules and similarity. `None` where
/// nothing at all is known of it. Rules that decide are asked before: see [`RuleSet::decide`].
#[must_use]
pub fn judge(
    facts: &dyn Facts,
    by_model: Option<Score>,
    rules: &RuleSet,
    thresholds: &Thresholds,
    prior: Option<f64>,
) -> Option<Judged> {
    let value = |column: &str| {
        let name = Name { text: column.to_owned(), place: None };
        facts.number(&name).or_else(|| facts.boolean(&name).map(|value| f64::from(u8::from(value))))
    };
    let by_model = by_model.or_else(|| Signals::of(value).score(thresholds));
    let evidence = rules.has_evidence().then(|| rules.weigh(facts, prior));
    let parts = Parts {
        model: by_model.as_ref().map(|score| score.probability),
        rules: evidence.as_ref().map(|evidence| evidence.probability),
        similarity: value("similarity"),
    };
    let by_model = by_model.or_else(|| evidence.as_ref().map(|_| rules.score(facts, thresholds, prior)))?;
    let fired = evidence.map(|evidence| evidence.reasons).unwrap_or_default();
    Some(Judged { score: parts.join(by_model, fired, thresholds), parts })
}
