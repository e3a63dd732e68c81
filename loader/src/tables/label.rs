//! The truth about a row, from whatever column holds it.

use super::TableError;
use super::catalog::{Attribute, Family};

/// Reads labels, as text.
#[derive(Debug)]
pub(super) struct LabelReader {
    column: String,
    positive: Option<String>,
    /// The one other value that was met.
    negative: Option<String>,
}

impl LabelReader {
    pub(super) fn new(column: &Attribute, positive: Option<String>) -> Result<Self, TableError> {
        if positive.is_none() && column.family != Family::Boolean && !column.family.is_number() {
            return Err(TableError::Type {
                column: column.name.clone(),
                type_name: column.type_name.clone(),
                role: "the label",
                hint: "a boolean can, 0 and 1 can, and any other type with --positive, its value for what is looked for",
            });
        }
        Ok(Self { column: column.name.clone(), positive, negative: None })
    }

    pub(super) fn read(&mut self, label: &str, key: &str) -> Result<bool, TableError> {
        let Some(positive) = &self.positive else { return self.read_flag(label, key) };
        if label == positive {
            return Ok(true);
        }
        let negative = self.negative.get_or_insert_with(|| label.to_owned());
        if negative != label {
            let expected = format!("{positive} or {negative}, as in the rows before");
            return Err(self.wrong(label, key, expected));
        }
        Ok(false)
    }

    fn read_flag(&self, label: &str, key: &str) -> Result<bool, TableError> {
        match label {
            "true" => Ok(true),
            "false" => Ok(false),
            number => match number.parse::<f64>() {
                Ok(1.0) => Ok(true),
                Ok(0.0) => Ok(false),
                _ => Err(self.wrong(label, key, "0 or 1".to_owned())),
            },
        }
    }

    fn wrong(&self, value: &str, key: &str, expected: String) -> TableError {
        let (column, key, value) = (self.column.clone(), key.to_owned(), value.to_owned());
        TableError::Label { column, key, value, expected }
    }
}
