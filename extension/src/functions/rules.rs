//! Checking and trying conditions, and the rules that come along.

use botdet_models::rules::{Effect, Expression, RowFacts, Vocabulary, built_in_rules};
use pgrx::pg_sys::Datum;

use crate::active;
use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::record::Record;
use crate::store::rules;

/// Reads a condition; says so where its names cannot be checked.
fn read(call: &Call) -> Result<Expression, Error> {
    let (detector, condition) = (call.text(0).unwrap_or_default(), call.text(1).unwrap_or_default());
    let deployment = active::deployment(&detector)?;
    let vocabulary = rules::vocabulary(&deployment)?;
    let expression = Expression::parse(&condition, vocabulary.as_ref().unwrap_or(&Vocabulary::any()))?;
    if vocabulary.is_none() {
        let names: Vec<&str> = expression.names().into_iter().map(|name| name.text.as_str()).collect();
        pgrx::notice!(
            "names in a condition of detector {detector} cannot be checked before it has a version: {}",
            names.join(", ")
        );
    }
    Ok(expression)
}

pub fn check_condition(call: &Call) -> Result<Datum, Error> {
    read(call)?;
    Ok(call.done())
}

/// Whether a condition holds for a row; NULL where that hangs on what is missing.
pub fn test_condition(call: &Call) -> Result<Datum, Error> {
    let expression = read(call)?;
    let row = call.jsonb_object(2)?;
    let holds = expression.evaluate(&RowFacts(&row));
    Ok(holds.map_or_else(|| call.null(), Datum::from))
}

pub fn built_in(call: &Call) -> Result<Datum, Error> {
    call.set(built_in_rules().map(|(detector, rule)| {
        Ok(Record::default()
            .text(Some(detector))
            .text(Some(rule.name))
            .text(Some(rule.condition))
            .text(Some(Effect::Evidence.name()))
            .float8(Some(rule.weight))
            .text(Some(rule.reason)))
    }))
}
