//! The columns a table detector judges by: their names, what kind each is, and how a row becomes a model's inputs.

mod inputs;
mod json;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub use json::read_object;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Levels of a category that are told apart; all further ones count as one.
pub const MOST_LEVELS: usize = 32;
/// Columns a schema can have: as many as a table.
pub const MOST_COLUMNS: usize = 1_600;

/// What a column's values are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A finite number.
    Number,
    /// False, 0, or true, 1.
    Boolean,
    /// A name. Its value is the place of its level, and `levels.len()` for a name that is none of them.
    Category {
        /// Names that are told apart, at most [`MOST_LEVELS`].
        levels: Vec<String>,
    },
}

/// A column that a detector judges by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnDefinition {
    /// Its name in the table, and in JSON.
    pub name: String,
    /// What its values are.
    pub kind: ColumnKind,
}

impl ColumnDefinition {
    /// A column of numbers.
    #[must_use]
    pub fn number(name: &str) -> Self {
        Self { name: name.to_owned(), kind: ColumnKind::Number }
    }

    /// Inputs a model has for it: one, or one a level and one for all other names.
    fn inputs(&self) -> usize {
        match &self.kind {
            ColumnKind::Number | ColumnKind::Boolean => 1,
            ColumnKind::Category { levels } => levels.len() + 1,
        }
    }
}

/// Why columns make no schema, or a JSON object is no row of it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SchemaError {
    /// Too few or too many columns.
    #[error("a schema of {0} columns; 1 to {MOST_COLUMNS} can be")]
    Columns(usize),
    /// Two columns have one name, or a column is ignored too.
    #[error("column {0} is named twice")]
    Twice(String),
    /// A category without levels, with too many, or with one twice.
    #[error(
        "category {column} has {levels} different levels in a list of {listed}; 1 to {MOST_LEVELS} different ones can be"
    )]
    Levels {
        /// The column's name.
        column: String,
        /// Different levels there are.
        levels: usize,
        /// Levels in the list.
        listed: usize,
    },
    /// The object has names that are no columns, and lacks columns: most likely a name is misspelt.
    #[error("no column is named {unknown}, and absent are {absent}; null stands for a missing value")]
    Names {
        /// Names of the object that are no columns.
        unknown: String,
        /// Columns that the object lacks.
        absent: String,
    },
    /// A value is of another type than the column.
    #[error("column {column} is {value}, not {expected}")]
    Type {
        /// The column's name.
        column: String,
        /// The value, as JSON, cut short when long.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A number is larger than a model can take.
    #[error("column {column} is {value:e}, beyond what single precision can hold")]
    TooLarge {
        /// The column's name.
        column: String,
        /// The value.
        value: f64,
    },
}

/// A detector's columns, in order. No two share a name; there is at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", deny_unknown_fields)]
pub struct Schema {
    columns: Vec<ColumnDefinition>,
    ignored: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    columns: Vec<ColumnDefinition>,
    ignored: Vec<String>,
}

impl TryFrom<Unchecked> for Schema {
    type Error = SchemaError;

    fn try_from(Unchecked { columns, ignored }: Unchecked) -> Result<Self, SchemaError> {
        Self::new(columns, ignored)
    }
}

impl Schema {
    /// Checks columns, and the names beside them that a row may have and that say nothing: key, label, what was left out.
    ///
    /// # Errors
    /// [`SchemaError::Columns`], [`SchemaError::Twice`] or [`SchemaError::Levels`].
    pub fn new(columns: Vec<ColumnDefinition>, ignored: Vec<String>) -> Result<Self, SchemaError> {
        if columns.is_empty() || columns.len() > MOST_COLUMNS {
            return Err(SchemaError::Columns(columns.len()));
        }
        let mut names = HashSet::new();
        let mut all = columns.iter().map(|column| &column.name).chain(&ignored);
        if let Some(twice) = all.find(|name| !names.insert(name.as_str())) {
            return Err(SchemaError::Twice(twice.clone()));
        }
        columns.iter().try_for_each(check_levels)?;
        Ok(Self { columns, ignored })
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[ColumnDefinition] {
        &self.columns
    }

    /// Names that a row may have and that say nothing.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// 16 hexadecimal digits that change with the columns: their names, order, kinds or levels.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut digest = Sha256::new();
        // The length goes first: a name may hold any character, so that none could divide names.
        let mut add = |text: &str| digest.update(format!("{}:{text}", text.len()));
        for ColumnDefinition { name, kind } in &self.columns {
            add(name);
            match kind {
                ColumnKind::Number => add("number"),
                ColumnKind::Boolean => add("boolean"),
                ColumnKind::Category { levels } => {
                    add(&format!("category of {}", levels.len()));
                    levels.iter().for_each(|level| add(level));
                }
            }
        }
        digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn check_levels(column: &ColumnDefinition) -> Result<(), SchemaError> {
    let ColumnKind::Category { levels } = &column.kind else { return Ok(()) };
    let different = levels.iter().collect::<HashSet<_>>().len();
    if (1..=MOST_LEVELS).contains(&different) && different == levels.len() {
        return Ok(());
    }
    Err(SchemaError::Levels { column: column.name.clone(), levels: different, listed: levels.len() })
}
