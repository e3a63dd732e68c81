//! Rules: what people know, beside what models have learned.
//!
//! ```text
//! RuleDefinition (text) ─► Rule (checked) ─► RuleSet ─► decide: an allow or a block rule fires ─► Score, whatever a model says
//!                                                  └──► weigh: evidence ─► probability where no model answers, or a part of it
//! ```
//!
//! Each piece of evidence that applies counts as independent of the others; together they give `1 - (1 - prior) · Π (1 - weight)`,
//! which never reaches 1. A weight below 0 speaks for the account, and leaves the share `1 + weight` of that probability.

mod built_in;
mod expression;
mod facts;
mod set;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use built_in::{BuiltInRule, built_in_rules, built_in_set, default_prior};
pub use expression::{
    Expression, ExpressionError, MOST_CHARACTERS, MOST_DEPTH, MOST_PARTS, MOST_PATTERN, Name,
};
pub use facts::{Facts, FeatureFacts, RowFacts};
pub use set::{Evidence, RuleSet};
pub use vocabulary::{ACCOUNT_ID, Kind, Vocabulary};

/// What a rule does when its condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Makes the answer more likely, or less.
    Evidence,
    /// Decides that it is none of those looked for. Goes before every block rule: who is on a list is meant.
    Allow,
    /// Decides that it is one of those looked for.
    Block,
}

impl Effect {
    /// Name in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Allow => "allow",
            Self::Block => "block",
        }
    }

    /// The effect of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Evidence, Self::Allow, Self::Block].into_iter().find(|effect| effect.name() == name)
    }
}

/// A rule as somebody wrote it. [`RuleDefinition::check`] makes a [`Rule`] of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleDefinition {
    /// What it is called.
    pub name: String,
    /// Raised with every change.
    pub version: u32,
    /// See [`Expression`].
    pub condition: String,
    /// What it does.
    pub effect: Effect,
    /// Of evidence: between -1 and 1.
    pub weight: f64,
    /// What it means when it fires, for people.
    pub reason: String,
}

/// Why a rule cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// Its condition is none.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// Its weight would make certain, or mean nothing.
    #[error("weight of evidence is {0}, not between -1 and 1")]
    Weight(f64),
}

/// A rule that can be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    name: String,
    version: u32,
    expression: Expression,
    effect: Effect,
    weight: f64,
    reason: String,
}

impl RuleDefinition {
    /// Checks condition and weight.
    ///
    /// # Errors
    /// [`RuleError`] with what does not do.
    pub fn check(self, vocabulary: &Vocabulary) -> Result<Rule, RuleError> {
        let expression = Expression::parse(&self.condition, vocabulary)?;
        let is_possible = self.weight > -1.0 && self.weight < 1.0;
        if self.effect == Effect::Evidence && !is_possible {
            return Err(RuleError::Weight(self.weight));
        }
        let Self { name, version, effect, weight, reason, .. } = self;
        Ok(Rule { name, version, expression, effect, weight, reason })
    }
}
