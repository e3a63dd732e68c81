//! Any table as labelled rows: which of its columns a detector can judge by, and their values; and filling one from a file.
//!
//! ```text
//! TableSource ─► catalog ─► plan ─► COPY ─► reader ─► TableData
//! ```
//!
//! Values are read as `to_jsonb(row)` writes them, so that training sees what [`Schema::read_json`] will see.

mod catalog;
mod category;
mod error;
mod label;
mod load;
mod plan;
mod reader;
#[cfg(test)]
mod tests;

use botdet_models::rows::Rows;
use botdet_models::schema::{ColumnDefinition, ColumnKind, Schema, SchemaError};
use postgres::{Client, IsolationLevel};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::LoaderError;
use catalog::Relation;
pub use error::TableError;
pub use load::{Existing, load_csv};
use plan::Plan;

/// No text of the server has it in it.
const NO_LEVEL: &str = "\0";
/// Rows that a table must have of each class.
pub const LEAST_ROWS_OF_A_CLASS: usize = 10;

/// Which table to learn from, and what its columns are for. Nothing is checked before [`read_table`] does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableSource {
    /// A table, partitioned table, view, materialised view or foreign table, as SQL names it or, on the search path, by its
    /// plain name.
    pub relation: String,
    /// Column that tells rows apart, of any type.
    pub key: String,
    /// Column with the truth: boolean, or 0 and 1, or with `positive` of any type. Rows where it is null are left out.
    pub label: String,
    /// The label, as text, of what is looked for; there may be one other.
    pub positive: Option<String>,
    /// Columns to judge by; `None` takes all that can be used.
    pub columns: Option<Vec<String>>,
    /// Columns to leave out.
    pub ignored: Vec<String>,
    /// Column that says when a row was made: a date, a time, or a number that grows.
    pub time: Option<String>,
    /// Column that says which rows belong together, of any type.
    pub group: Option<String>,
}

/// Labelled rows, in the order of their keys as text, so that the same rows make the same model wherever they lie on disk.
#[derive(Clone, Debug)]
pub struct TableData {
    /// The table as SQL names it, schema and all.
    pub relation: String,
    /// Columns to judge by, in the table's order.
    pub columns: Vec<ColumnDefinition>,
    /// All other columns: key, label, and what was left out.
    pub ignored: Vec<String>,
    /// Values, one a column: a category's is the place of its level. NaN is missing.
    pub rows: Rows,
    /// Key of each row; no two are equal.
    pub keys: Vec<String>,
    /// The truth about each row.
    pub labels: Vec<bool>,
    /// Group of each row.
    pub groups: Option<Vec<String>>,
    /// Time of each row: microseconds since 1970 where the column is a date or a time, a whole number itself, and the rank of
    /// any other number.
    pub times: Option<Vec<i64>>,
    /// What to tell: columns that were left out and why, rows without a label.
    pub notices: Vec<String>,
}

impl TableData {
    /// The columns as the schema of a detector.
    ///
    /// # Errors
    /// [`SchemaError`] when the table has more columns than a schema can.
    pub fn schema(&self) -> Result<Schema, SchemaError> {
        Schema::new(self.columns.clone(), self.ignored.clone())
    }

    /// A row as `to_jsonb()` writes it, without what nobody judges by. Names that are no level of their column are not known any more:
    /// all are one, which is no level of any schema either.
    #[must_use]
    pub fn object(&self, row: usize) -> Map<String, Value> {
        let value = |(column, value): (&ColumnDefinition, &f32)| {
            let value = match &column.kind {
                _ if value.is_nan() => Value::Null,
                ColumnKind::Number => Value::from(f64::from(*value)),
                ColumnKind::Boolean => Value::from(*value != 0.0),
                ColumnKind::Category { levels } => {
                    Value::from(levels.get(*value as usize).map_or(NO_LEVEL, String::as_str))
                }
            };
            (column.name.clone(), value)
        };
        self.columns.iter().zip(self.rows.row(row)).map(value).collect()
    }
}

/// Reads a table, all of it as of one moment; `progress` is told after each row, and may end it.
///
/// # Errors
/// [`LoaderError::Table`] with the table, column or row that nothing can be learned from; [`LoaderError::Database`] with what
/// the server refuses; what `progress` ends it with.
pub fn read_table(
    client: &mut Client,
    source: &TableSource,
    progress: &mut dyn FnMut() -> Result<(), LoaderError>,
) -> Result<TableData, LoaderError> {
    let transaction = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let mut transaction = transaction.read_only(true).start()?;
    let relation = Relation::find(&mut transaction, &source.relation)?;
    let plan = Plan::new(relation, source)?;
    let data = reader::read(&mut transaction, plan, progress)?;
    transaction.commit()?;
    Ok(data)
}
