//! A row as a JSON object, as `to_jsonb(row)` or a client makes it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{ColumnDefinition, ColumnKind, Schema, SchemaError};

/// Names that an error lists.
const NAMES_SHOWN: usize = 5;
/// Characters of a value that an error shows.
const CHARACTERS_SHOWN: usize = 60;

/// An object that is written as JSON; `None` when the text is something else.
///
/// Numbers and nesting of a jsonb go further than ours. Such a value may be in a column that nobody asks about: a number counts
/// as the largest there is, which no model takes, anything else as a list with its beginning.
#[must_use]
pub fn read_object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Some(object),
        Ok(_) => None,
        Err(_) => {
            let raw: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
            Some(raw.into_iter().map(|(name, raw)| (name, nearest(raw.get()))).collect())
        }
    }
}

fn nearest(raw: &str) -> Value {
    serde_json::from_str(raw).unwrap_or_else(|_| match raw.bytes().next() {
        Some(b'-') => Value::from(f64::MIN),
        Some(b'0'..=b'9') => Value::from(f64::MAX),
        _ => Value::from(vec![shortened(raw)]),
    })
}

impl Schema {
    /// The values of a row, in the order of the columns; `None` is missing, as null is and what the object lacks.
    ///
    /// The object may have more names than the schema: those that are ignored, and any others as long as no column is
    /// absent. A whole row of the table, grown since, is judged; a misspelt name never passes for a missing value.
    ///
    /// # Errors
    /// [`SchemaError::Names`] when a name is unknown and a column absent, [`SchemaError::Type`] for a value of another type
    /// than the column (numbers in quotes are text), [`SchemaError::TooLarge`] beyond single precision.
    pub fn read_json(&self, object: &Map<String, Value>) -> Result<Vec<Option<f64>>, SchemaError> {
        self.check_names(object)?;
        self.columns
            .iter()
            .map(|column| object.get(&column.name).map_or(Ok(None), |value| read(column, value)))
            .collect()
    }

    fn check_names(&self, object: &Map<String, Value>) -> Result<(), SchemaError> {
        let columns = self.columns.iter().map(|column| column.name.as_str());
        let absent: Vec<&str> = columns.filter(|name| !object.contains_key(*name)).collect();
        if absent.is_empty() {
            return Ok(());
        }
        let is_known = |name: &str| {
            self.columns.iter().any(|column| column.name == name) || self.ignored.iter().any(|i| i == name)
        };
        let unknown: Vec<&str> = object.keys().map(String::as_str).filter(|name| !is_known(name)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(SchemaError::Names { unknown: listed(&unknown), absent: listed(&absent) })
    }
}

fn read(column: &ColumnDefinition, value: &Value) -> Result<Option<f64>, SchemaError> {
    let wrong = |expected| {
        let value = shortened(&value.to_string());
        SchemaError::Type { column: column.name.clone(), value, expected }
    };
    match (&column.kind, value) {
        (_, Value::Null) => Ok(None),
        (ColumnKind::Number, Value::Number(number)) => {
            let value = number.as_f64().ok_or_else(|| wrong("a number"))?;
            if (value as f32).is_infinite() {
                return Err(SchemaError::TooLarge { column: column.name.clone(), value });
            }
            Ok(Some(value))
        }
        (ColumnKind::Number, _) => Err(wrong("a number")),
        (ColumnKind::Boolean, Value::Bool(value)) => Ok(Some(f64::from(u8::from(*value)))),
        (ColumnKind::Boolean, _) => Err(wrong("true or false")),
        (ColumnKind::Category { levels }, Value::String(name)) => {
            let level = levels.iter().position(|level| level == name).unwrap_or(levels.len());
            Ok(Some(level as f64))
        }
        (ColumnKind::Category { .. }, _) => Err(wrong("text")),
    }
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN).map(|name| shortened(name)).collect();
    match names.len().checked_sub(NAMES_SHOWN) {
        None | Some(0) => shown.join(", "),
        Some(more) => format!("{} and {more} more", shown.join(", ")),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
