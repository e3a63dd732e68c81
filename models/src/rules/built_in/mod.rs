//! The rules that come with botdet: rows of `botdet.rule` to begin with, which hold on most services and are meant to be changed.

mod accounts;
mod backlinks;
mod engagement;
mod spammers;

use super::{Effect, RuleDefinition, RuleSet, Vocabulary};

/// A rule that comes along. All of them are evidence: what decides is for people to say.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInRule {
    /// What it is called.
    pub name: &'static str,
    /// When it fires.
    pub condition: &'static str,
    /// How much it weighs.
    pub weight: f64,
    /// What it means.
    pub reason: &'static str,
}

const fn rule(name: &'static str, condition: &'static str, weight: f64, reason: &'static str) -> BuiltInRule {
    BuiltInRule { name, condition, weight, reason }
}

/// Detectors that rules come along for, with the share of what is looked for where nobody has said it.
const DETECTORS: [(&str, f64, &[BuiltInRule]); 4] = [
    ("account", 0.05, accounts::RULES),
    ("backlink", 0.1, backlinks::RULES),
    ("engagement", 0.08, engagement::RULES),
    ("spammer", 0.03, spammers::RULES),
];

/// Prior of the detectors that a user adds.
const PRIOR: f64 = 0.05;

/// Every rule that comes along, with its detector.
pub fn built_in_rules() -> impl Iterator<Item = (&'static str, &'static BuiltInRule)> {
    DETECTORS.iter().flat_map(|(detector, _, rules)| rules.iter().map(move |rule| (*detector, rule)))
}

/// Probability before any evidence, where a detector's base rate is not set.
#[must_use]
pub fn default_prior(detector: &str) -> f64 {
    DETECTORS.iter().find(|(known, ..)| *known == detector).map_or(PRIOR, |(_, prior, _)| *prior)
}

/// The rules that come along for a detector, for use without a database.
#[must_use]
pub fn built_in_set(detector: &str, vocabulary: &Vocabulary) -> RuleSet {
    let rules = built_in_rules().filter(|(known, _)| *known == detector);
    let rules = rules.filter_map(|(_, rule)| {
        let definition = RuleDefinition {
            name: rule.name.to_owned(),
            version: 1,
            condition: rule.condition.to_owned(),
            effect: Effect::Evidence,
            weight: rule.weight,
            reason: rule.reason.to_owned(),
        };
        definition.check(vocabulary).ok()
    });
    RuleSet::new(default_prior(detector), rules.collect())
}
