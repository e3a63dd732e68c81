//! A condition as it is evaluated: every part of a type, and bounded in size when it was read.

use super::pattern::Pattern;
use crate::rules::facts::Facts;

/// A name in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Its place in the vocabulary, where that has it.
    pub place: Option<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Constant(f64),
    Value(Name),
    Negative(Box<Number>),
    Calculated(Operator, Box<(Number, Number)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    AtMost,
    Equal,
    Different,
    AtLeast,
    More,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Constant(bool),
    Value(Name),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(Comparison, Number, Number),
    Between(Number, Number, Number),
    OneOfNumbers(Number, Vec<f64>),
    OneOfTexts(Name, Vec<String>),
    /// Ascending.
    OneOfIdentifiers(Name, Vec<i64>),
    Like(Name, Pattern),
    Missing(Name),
}

impl Number {
    /// The number; `None` where a part is missing, or where it is no finite number.
    fn evaluate(&self, facts: &dyn Facts) -> Option<f64> {
        let number = match self {
            Self::Constant(number) => *number,
            Self::Value(name) => facts.number(name)?,
            Self::Negative(number) => -number.evaluate(facts)?,
            Self::Calculated(operator, operands) => {
                let (left, right) = (operands.0.evaluate(facts)?, operands.1.evaluate(facts)?);
                match operator {
                    Operator::Plus => left + right,
                    Operator::Minus => left - right,
                    Operator::Times => left * right,
                    Operator::Over => left / right,
                }
            }
        };
        number.is_finite().then_some(number)
    }

    fn add_names<'a>(&'a self, names: &mut Vec<&'a Name>) {
        match self {
            Self::Constant(_) => {}
            Self::Value(name) => names.push(name),
            Self::Negative(number) => number.add_names(names),
            Self::Calculated(_, operands) => {
                operands.0.add_names(names);
                operands.1.add_names(names);
            }
        }
    }
}

impl Comparison {
    pub(super) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "<" => Self::Less,
            "<=" => Self::AtMost,
            "=" => Self::Equal,
            "<>" => Self::Different,
            ">=" => Self::AtLeast,
            ">" => Self::More,
            _ => return None,
        })
    }

    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::Different => left != right,
            Self::AtLeast => left >= right,
            Self::More => left > right,
        }
    }
}

impl Condition {
    /// Whether it holds; `None` where that hangs on what is missing.
    pub(super) fn evaluate(&self, facts: &dyn Facts) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Value(name) => facts.boolean(name),
            Self::Not(condition) => condition.evaluate(facts).map(|value| !value),
            Self::All(conditions) => joined(conditions, facts, false),
            Self::Any(conditions) => joined(conditions, facts, true),
            Self::Compare(comparison, left, right) => {
                Some(comparison.holds(left.evaluate(facts)?, right.evaluate(facts)?))
            }
            Self::Between(number, low, high) => {
                let number = number.evaluate(facts)?;
                Some(low.evaluate(facts)? <= number && number <= high.evaluate(facts)?)
            }
            Self::OneOfNumbers(number, numbers) => Some(numbers.contains(&number.evaluate(facts)?)),
            Self::OneOfTexts(name, texts) => {
                facts.text(name).map(|found| texts.iter().any(|text| *text == found))
            }
            Self::OneOfIdentifiers(name, numbers) => {
                facts.identifier(name).map(|found| numbers.binary_search(&found).is_ok())
            }
            Self::Like(name, pattern) => facts.text(name).map(|text| pattern.matches(&text)),
            Self::Missing(name) => Some(facts.is_missing(name)),
        }
    }

    /// The names in it, in their order.
    pub(super) fn add_names<'a>(&'a self, names: &mut Vec<&'a Name>) {
        match self {
            Self::Constant(_) => {}
            Self::Value(name)
            | Self::OneOfTexts(name, _)
            | Self::OneOfIdentifiers(name, _)
            | Self::Like(name, _)
            | Self::Missing(name) => names.push(name),
            Self::Not(condition) => condition.add_names(names),
            Self::All(conditions) | Self::Any(conditions) => {
                conditions.iter().for_each(|condition| condition.add_names(names));
            }
            Self::Compare(_, left, right) => {
                left.add_names(names);
                right.add_names(names);
            }
            Self::Between(number, low, high) => {
                [number, low, high].into_iter().for_each(|number| number.add_names(names));
            }
            Self::OneOfNumbers(number, _) => number.add_names(names),
        }
    }
}

/// Conditions that are joined by `and`, which one that does not hold settles, or by `or`, which one that holds settles.
fn joined(conditions: &[Condition], facts: &dyn Facts, settling: bool) -> Option<bool> {
    let mut is_known = true;
    for condition in conditions {
        match condition.evaluate(facts) {
            Some(value) if value == settling => return Some(settling),
            Some(_) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(!settling)
}
