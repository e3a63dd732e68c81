//! A detector's rules, asked together.

use super::facts::Facts;
use super::{Effect, Rule};
use crate::score::{Reason, Score, Stage, Thresholds, log_odds};

/// Values that a reason shows.
const VALUES_SHOWN: usize = 3;
/// Characters of a text that a reason shows.
const CHARACTERS_SHOWN: usize = 300;
/// Log-odds that stand for certainty: those of one in a million.
const CERTAIN: f64 = 13.8;

/// The rules of one detector that are enabled.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSet {
    /// Probability before any evidence.
    prior: f64,
    /// Allow rules, then block rules.
    deciding: Vec<Rule>,
    evidence: Vec<Rule>,
}

/// What evidence comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// 0..1, and never 1.
    pub probability: f64,
    /// The rules that fired, those that moved it most first.
    pub reasons: Vec<Reason>,
}

impl RuleSet {
    /// Rules in an order that does not depend on that of `rules`. A prior that is no probability counts as 0.
    #[must_use]
    pub fn new(prior: f64, mut rules: Vec<Rule>) -> Self {
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        let (mut evidence, mut deciding): (Vec<Rule>, Vec<Rule>) =
            rules.into_iter().partition(|rule| rule.effect == Effect::Evidence);
        evidence.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        deciding.sort_by_key(|rule| rule.effect != Effect::Allow);
        let prior = if (0.0..1.0).contains(&prior) { prior } else { 0.0 };
        Self { prior, deciding, evidence }
    }

    /// Whether any rule may decide: where none does, there is nothing to ask.
    #[must_use]
    pub fn may_decide(&self) -> bool {
        !self.deciding.is_empty()
    }

    /// Whether there is evidence to weigh.
    #[must_use]
    pub fn has_evidence(&self) -> bool {
        !self.evidence.is_empty()
    }

    /// The score where an allow or a block rule fires; `None` where none does.
    #[must_use]
    pub fn decide(&self, facts: &dyn Facts, thresholds: &Thresholds) -> Option<Score> {
        let mut fired = self.deciding.iter().filter(|rule| rule.fires(facts));
        let first = fired.next()?;
        let others = fired.filter(|rule| rule.effect == first.effect);
        let (probability, contribution) =
            if first.effect == Effect::Allow { (0.0, -CERTAIN) } else { (1.0, CERTAIN) };
        let reasons =
            [first].into_iter().chain(others).map(|rule| rule.reason(facts, contribution)).collect();
        let mut score = Score::new(probability, thresholds, Stage::Rules);
        if first.effect == Effect::Allow {
            score.clear();
        }
        Some(Score { reasons, ..score })
    }

    /// Weighs the evidence. `prior` stands in the place of the set's own where it is known.
    #[must_use]
    pub fn weigh(&self, facts: &dyn Facts, prior: Option<f64>) -> Evidence {
        let mut probability = prior.filter(|prior| (0.0..1.0).contains(prior)).unwrap_or(self.prior);
        let mut reasons = Vec::new();
        // What speaks for an account is weighed against all that speaks against it.
        for speaks_for in [false, true] {
            for rule in self.evidence.iter().filter(|rule| (rule.weight < 0.0) == speaks_for) {
                if !rule.fires(facts) {
                    continue;
                }
                let before = probability;
                probability = if speaks_for {
                    probability * (1.0 + rule.weight)
                } else {
                    1.0 - (1.0 - probability) * (1.0 - rule.weight)
                };
                reasons.push(rule.reason(facts, log_odds(probability) - log_odds(before)));
            }
        }
        reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        Evidence { probability, reasons }
    }

    /// The score by evidence alone, where no model answers.
    #[must_use]
    pub fn score(&self, facts: &dyn Facts, thresholds: &Thresholds, prior: Option<f64>) -> Score {
        let Evidence { probability, reasons } = self.weigh(facts, prior);
        Score { reasons, ..Score::new(probability, thresholds, Stage::Rules) }
    }
}

impl Rule {
    /// Whether its condition holds. What hangs on a missing value does not.
    fn fires(&self, facts: &dyn Facts) -> bool {
        self.expression.evaluate(facts) == Some(true)
    }

    fn reason(&self, facts: &dyn Facts, contribution: f64) -> Reason {
        let names = self.expression.names();
        let shown = names.iter().take(VALUES_SHOWN).map(|name| match facts.shown(name) {
            Some(value) => format!("{} {}", name.text, on_one_line(&value)),
            None => format!("{} not known", name.text),
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let label = format!("(version {}): {}; {shown}", self.version, on_one_line(&self.reason));
        let label = if shown.is_empty() { label.trim_end_matches("; ").to_owned() } else { label };
        let first = names.first();
        Reason {
            subject: format!("rule {}", self.name).into(),
            value: first.and_then(|name| facts.number(name)),
            label: Some(label),
            typical: None,
            unit: first.map_or("", |name| facts.unit(name)),
            contribution,
        }
    }
}

/// A text in one line, cut short when long: stored reasons are told apart by their lines.
fn on_one_line(text: &str) -> String {
    text.chars().take(CHARACTERS_SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
