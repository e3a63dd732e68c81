//! What a condition is asked about: features of an account, or a row as JSON.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::expression::Name;
use crate::features::ACCOUNT_FEATURES;
use crate::score::Amount;

/// Values by name. A value that is missing, or of another type than is asked for, is not there.
pub trait Facts {
    /// A number.
    fn number(&self, name: &Name) -> Option<f64>;
    /// A truth value.
    fn boolean(&self, name: &Name) -> Option<bool>;
    /// A text.
    fn text(&self, name: &Name) -> Option<Cow<'_, str>>;
    /// A whole number that tells things apart.
    fn identifier(&self, name: &Name) -> Option<i64>;
    /// Whether there is no value.
    fn is_missing(&self, name: &Name) -> bool;
    /// The unit of a number; empty for a plain one.
    fn unit(&self, _name: &Name) -> &'static str {
        ""
    }

    /// A value as a reason shows it; `None` where it is missing.
    fn shown(&self, name: &Name) -> Option<String> {
        let number = || self.number(name).map(|number| Amount(number, self.unit(name)).to_string());
        let identifier = || self.identifier(name).map(|number| number.to_string());
        let text = || self.text(name).map(Cow::into_owned);
        self.boolean(name).map(|value| value.to_string()).or_else(number).or_else(text).or_else(identifier)
    }
}

/// Features of an account in catalogue order, and the account's number where it has one.
#[derive(Clone, Copy, Debug)]
pub struct FeatureFacts<'a> {
    /// The features.
    pub values: &'a [Option<f64>],
    /// Whose they are.
    pub account_id: Option<i64>,
}

impl Facts for FeatureFacts<'_> {
    fn number(&self, name: &Name) -> Option<f64> {
        self.values.get(name.place?).copied().flatten()
    }

    fn boolean(&self, _name: &Name) -> Option<bool> {
        None
    }

    fn text(&self, _name: &Name) -> Option<Cow<'_, str>> {
        None
    }

    fn identifier(&self, _name: &Name) -> Option<i64> {
        self.account_id
    }

    fn is_missing(&self, name: &Name) -> bool {
        match name.place {
            Some(place) if place < ACCOUNT_FEATURES.len() => self.number(name).is_none(),
            _ => self.account_id.is_none(),
        }
    }

    fn unit(&self, name: &Name) -> &'static str {
        name.place.and_then(|place| ACCOUNT_FEATURES.get(place)).map_or("", |feature| feature.unit)
    }
}

/// A row as `to_jsonb(row)` makes it.
#[derive(Clone, Copy, Debug)]
pub struct RowFacts<'a>(pub &'a Map<String, Value>);

impl Facts for RowFacts<'_> {
    fn number(&self, name: &Name) -> Option<f64> {
        self.0.get(&name.text)?.as_f64().filter(|number| number.is_finite())
    }

    /// Some clients send 0 and 1.
    fn boolean(&self, name: &Name) -> Option<bool> {
        match self.0.get(&name.text)? {
            Value::Bool(value) => Some(*value),
            Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
            Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
            _ => None,
        }
    }

    fn text(&self, name: &Name) -> Option<Cow<'_, str>> {
        self.0.get(&name.text)?.as_str().map(Cow::Borrowed)
    }

    fn identifier(&self, name: &Name) -> Option<i64> {
        self.0.get(&name.text)?.as_i64()
    }

    fn is_missing(&self, name: &Name) -> bool {
        self.0.get(&name.text).is_none_or(Value::is_null)
    }

    fn shown(&self, name: &Name) -> Option<String> {
        let value = self.0.get(&name.text).filter(|value| !value.is_null())?;
        Some(match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => {
                number.as_f64().map_or_else(|| number.to_string(), |number| Amount(number, "").to_string())
            }
            value => value.to_string(),
        })
    }
}
