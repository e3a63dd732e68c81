//! A record as it stands in its file, whatever the format.

use std::borrow::Cow;
use std::sync::Arc;

use csv::StringRecord;
use serde_json::{Map, Value};

use super::delimited::Header;
use super::error::{ImportError, Place, RecordProblem};
use super::value::Cell;

/// Records of one file, in its order. Nothing is to be asked of it after an error that is not a bad record.
pub(super) type RawRecords = Box<dyn Iterator<Item = Result<RawRecord, ImportError>>>;

/// A record, and where it stands.
pub(super) struct RawRecord {
    pub place: Place,
    data: Data,
}

enum Data {
    Object(Map<String, Value>),
    Row(Arc<Header>, StringRecord),
}

impl RawRecord {
    /// A record from JSON; everything but an object is refused.
    pub fn from_json(place: Place, value: Value) -> Result<Self, ImportError> {
        let other = match value {
            Value::Object(fields) => {
                let data = Data::Object(fields);
                return Ok(Self { place, data });
            }
            Value::Null => "null",
            Value::Bool(_) => "a flag",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "an array",
        };
        Err(ImportError::record(&place, RecordProblem::NotAnObject(other)))
    }

    /// A row of a table.
    pub fn from_row(place: Place, header: Arc<Header>, row: StringRecord) -> Self {
        let data = Data::Row(header, row);
        Self { place, data }
    }

    /// The value at a path; `None` where there is none or it is `null`.
    pub fn cell(&self, path: &str) -> Option<Cell<'_>> {
        match &self.data {
            Data::Object(fields) => Cell::of_json(descend(fields, path)?),
            Data::Row(header, row) => {
                let text = row.get(header.column(path)?)?;
                Some(Cell::Text(Cow::Borrowed(text)))
            }
        }
    }
}

/// A name with dots in it comes before a path of names.
fn descend<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = fields.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    descend(fields.get(first)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_into_objects() {
        let value = json!({"author": {"id": 1, "a.b": 2, "none": null}, "author.name": 3, "text": "x"});
        let fields = value.as_object().unwrap();
        assert_eq!(descend(fields, "author.id"), Some(&json!(1)));
        assert_eq!(descend(fields, "author.a.b"), Some(&json!(2)));
        assert_eq!(descend(fields, "author.name"), Some(&json!(3)));
        assert_eq!(descend(fields, "text.x"), None);
        assert_eq!(descend(fields, "nobody.id"), None);
        assert_eq!(descend(fields, "."), None);
    }
}
