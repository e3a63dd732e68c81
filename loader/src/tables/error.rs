//! Why nothing can be learned from a table.

use std::path::PathBuf;

use super::LEAST_ROWS_OF_A_CLASS;

/// Why nothing can be learned from a table.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TableError {
    /// There is no such table.
    #[error("there is no table {0}")]
    NoTable(String),
    /// It is an index, a sequence or a type.
    #[error("{0} is not a table or view")]
    NotRows(String),
    /// A table that is to be filled is not empty.
    #[error("{0} has rows already; --replace deletes them first")]
    HasRows(String),
    /// A file begins with no names of columns.
    #[error("{path} is empty; its first line names the columns", path = .0.display())]
    NoHeader(PathBuf),
    /// There is no such column.
    #[error("{relation} has no column {column}")]
    NoColumn {
        /// The table.
        relation: String,
        /// The column's name.
        column: String,
    },
    /// A column is to be two things.
    #[error("column {column} cannot be both {one} and {other}")]
    TwoRoles {
        /// The column's name.
        column: String,
        /// One of its roles.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// A column is named twice for the same purpose.
    #[error("column {0} is named twice")]
    Twice(String),
    /// A column cannot be what it is to be.
    #[error("column {column} of type {type_name} cannot be {role}; {hint}")]
    Type {
        /// The column's name.
        column: String,
        /// Its type.
        type_name: String,
        /// What it was to be.
        role: &'static str,
        /// What could be.
        hint: &'static str,
    },
    /// A column that was asked for by name says nothing that could be learned.
    #[error("column {column} was asked for and {reason}")]
    Unusable {
        /// The column's name.
        column: String,
        /// Why it is of no use.
        reason: String,
    },
    /// A column of text holds numbers only.
    #[error(
        "column {0} is text, and all its values are numbers: as names they would lose their order; give the column a \
         numeric type, read a view that casts it, or leave it out"
    )]
    NumbersAsText(String),
    /// No column is left to judge by.
    #[error("{relation} has no column to judge by{left_out}")]
    NoColumns {
        /// The table.
        relation: String,
        /// Why columns were left out, after a colon.
        left_out: String,
    },
    /// A row has no key.
    #[error("key column {0} is null in a row")]
    NullKey(String),
    /// Two rows have the same key.
    #[error("key column {column} is {key} in more than one row")]
    DuplicateKey {
        /// The column's name.
        column: String,
        /// The key.
        key: String,
    },
    /// A row has no group or no time.
    #[error("column {column}, the {role}, is {value} in the row with key {key}")]
    Absent {
        /// The column's name.
        column: String,
        /// What it is for.
        role: &'static str,
        /// What it is instead.
        value: &'static str,
        /// The row's key.
        key: String,
    },
    /// A number that is none.
    #[error(
        "column {column} is {value} in the row with key {key}, not a finite number of single precision; make it null, or \
         leave the column out"
    )]
    NotFinite {
        /// The column's name.
        column: String,
        /// The row's key.
        key: String,
        /// The value.
        value: String,
    },
    /// A label that is neither.
    #[error("label column {column} is {value} in the row with key {key}, not {expected}")]
    Label {
        /// The column's name.
        column: String,
        /// The row's key.
        key: String,
        /// The value.
        value: String,
        /// What it could be.
        expected: String,
    },
    /// All rows have the same label.
    #[error("all {rows} labelled rows are {class} by column {column}; both classes are needed")]
    OneClass {
        /// The label column's name.
        column: String,
        /// Labelled rows there are.
        rows: usize,
        /// Their class.
        class: &'static str,
    },
    /// No row has a label.
    #[error(
        "column {column}, the label, is null in all {rows} rows of {relation}; without labels there is nothing to tell apart"
    )]
    Unlabelled {
        /// The table.
        relation: String,
        /// The label column's name.
        column: String,
        /// Rows there are.
        rows: u64,
    },
    /// Not enough rows of a class.
    #[error(
        "{relation} has {positives} positive and {negatives} negative rows by column {column}; at least \
         {LEAST_ROWS_OF_A_CLASS} of each are needed"
    )]
    TooFewRows {
        /// The table.
        relation: String,
        /// The label column's name.
        column: String,
        /// Positive rows there are.
        positives: usize,
        /// Negative rows there are.
        negatives: usize,
    },
}
