//! Reading `botdet.rule`.

use std::borrow::Cow;

use botdet_models::backlink::{self, BACKLINK};
use botdet_models::engagement::{self, ENGAGEMENT};
use botdet_models::pipeline::ACCOUNT;
use botdet_models::rules::{Effect, Kind, Rule, RuleDefinition, RuleSet, Vocabulary, default_prior};
use botdet_models::schema::Schema;
use pgrx::pg_sys;

use crate::active;
use crate::error::Error;
use crate::postgres::spi::{Row, Statement};
use crate::postgres::values::text_datum;
use crate::store::models::Deployment;

/// The detector whose table the extension brings along.
const SPAMMER: &str = "spammer";

thread_local! {
    static RULES: Statement = const {
        Statement::reading(include_str!("../sql/rules.sql"), &[pg_sys::TEXTOID])
    };
    static COLUMNS_OF_SPAMMERS: Statement = const {
        Statement::reading(include_str!("../sql/columns_of_spammers.sql"), &[])
    };
}

/// The rules of a detector that are enabled. They were checked when they were written; one that does not do any more, because an
/// update has taken a feature away, is passed over with a warning.
pub fn of(detector: &str) -> RuleSet {
    let vocabulary = match detector {
        // Here places of names and what is an identifier count.
        ACCOUNT => Vocabulary::account(),
        BACKLINK => backlink::vocabulary(),
        // Of a table anything may be asked, and what it does not have is missing.
        _ => Vocabulary::any(),
    };
    let (mut rules, mut unusable): (Vec<Rule>, Vec<String>) = (Vec::new(), Vec::new());
    RULES.with(|statement| {
        statement.run(&[Some(text_datum(detector))], |row| {
            let Some(definition) = definition(row) else { return };
            let name = definition.name.clone();
            match definition.check(&vocabulary) {
                Ok(rule) => rules.push(rule),
                Err(error) => {
                    unusable.push(format!("rule {name} of detector {detector} is passed over: {error}"))
                }
            }
        });
    });
    for warning in unusable {
        pgrx::warning!("{warning}");
    }
    RuleSet::new(default_prior(detector), rules)
}

fn definition(row: &Row<'_>) -> Option<RuleDefinition> {
    Some(RuleDefinition {
        name: row.text(1)?.into_owned(),
        version: row.integer(2)?.cast_unsigned(),
        condition: row.text(3)?.into_owned(),
        effect: Effect::from_name(&row.text(4)?)?,
        weight: row.float8(5)?,
        reason: row.text(6)?.into_owned(),
    })
}

/// The names that a detector's conditions may use; `None` where nothing is known of its table yet.
///
/// # Errors
/// As [`active::with_champion`].
pub fn vocabulary(deployment: &Deployment) -> Result<Option<Vocabulary>, Error> {
    if let Some(vocabulary) = vocabulary_without_version(&deployment.detector) {
        return Ok(Some(vocabulary));
    }
    let schema = active::with_champion(deployment, |pipeline, _| {
        Ok(pipeline.columns().schema().map(Vocabulary::of_schema))
    })?;
    Ok(schema.flatten())
}

/// The names that conditions of a detector that comes along may use.
fn vocabulary_without_version(detector: &str) -> Option<Vocabulary> {
    match detector {
        ACCOUNT => Some(Vocabulary::account()),
        BACKLINK => Some(backlink::vocabulary()),
        ENGAGEMENT => Some(engagement::vocabulary()),
        SPAMMER => Some(Vocabulary::of(columns_of_spammers())),
        _ => None,
    }
}

/// What the rows of a detector that comes along look like.
pub fn row_schema(detector: &str) -> Option<Schema> {
    vocabulary_without_version(detector).and_then(|vocabulary| vocabulary.schema())
}

fn columns_of_spammers() -> Vec<(Cow<'static, str>, Kind)> {
    let mut columns = Vec::new();
    COLUMNS_OF_SPAMMERS.with(|statement| {
        statement.run(&[], |row| {
            let kind = match row.text(2).as_deref() {
                Some("B") => Kind::Boolean,
                Some("N") => Kind::Number,
                _ => Kind::Text,
            };
            columns.extend(row.text(1).map(|name| (Cow::Owned(name.into_owned()), kind)));
        });
    });
    columns
}
