//! What can go wrong with an import.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::field::{Field, RecordKind};
use super::format::ImportFormat;
use super::mapping::MappingError;
use super::value::ValueProblem;

/// Where in the input a record stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// The record's number, from 1; the header of a table does not count.
    pub record: u64,
    /// The line on which it starts, from 1, in formats with lines.
    pub line: Option<u64>,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: record {}", self.file.display(), self.record)?;
        match self.line {
            Some(line) => write!(formatter, " (line {line})"),
            None => Ok(()),
        }
    }
}

/// Why an import could not start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file cannot be opened or read.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is in UTF-16.
    #[error("{}: the text is UTF-16; only UTF-8 can be read", file.display())]
    Utf16 {
        /// The file.
        file: PathBuf,
    },
    /// A document is no JSON, is cut short, or holds something else than an array in the place of records.
    #[error("{}: cannot be read as JSON: {source}", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// What and where.
        source: serde_json::Error,
    },
    /// A document has no array of that name.
    #[error("{}: no array of {kind} records at '{section}'; the document has {found}", file.display())]
    NoSection {
        /// The file.
        file: PathBuf,
        /// What the array should hold.
        kind: RecordKind,
        /// Where it was looked for.
        section: String,
        /// The names there are at the top.
        found: String,
    },
    /// A document that should hold accounts and activity is one array.
    #[error("{}: the document is one array: name it as accounts or as activity", file.display())]
    OneArray {
        /// The file.
        file: PathBuf,
    },
    /// The reader of a document ended without a result.
    #[error("{}: reading stopped for an internal error", file.display())]
    Interrupted {
        /// The file.
        file: PathBuf,
    },
    /// The first line of a table cannot be read, or there is none.
    #[error("{}: no line with the columns' names: {reason}", file.display())]
    Header {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A table lacks a column that was mapped or that is required.
    #[error("{}: no column {wanted} for '{field}'; there are {found}", file.display())]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// What the column was needed for.
        field: Field,
        /// The names it may have.
        wanted: String,
        /// The columns there are.
        found: String,
    },
    /// A value of a table starts with a quote and goes on to the end of the file.
    #[error("{place}: a quote is never closed")]
    OpenQuote {
        /// The row with the quote.
        place: Place,
    },
    /// A record cannot be used.
    #[error("{place}: {problem}")]
    Record {
        /// Which.
        place: Place,
        /// Why.
        problem: Box<RecordProblem>,
    },
    /// More records cannot be used than the caller allowed.
    #[error("more than {limit} bad records; the next is {next}")]
    TooManyBad {
        /// How many were allowed.
        limit: u64,
        /// The one that was too much.
        next: Box<ImportError>,
    },
    /// The labels are those of other accounts.
    #[error("{}: none of its {count} keys is the key of an account", file.display())]
    ForeignLabels {
        /// The file of labels.
        file: PathBuf,
        /// Keys in it.
        count: usize,
    },
    /// The mapping was refused.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// No file was named.
    #[error("nothing to import: name a document, or a file of accounts, or one of activity")]
    Nothing,
    /// A document was named, and also a file of accounts or activity.
    #[error("name either one document or files of accounts and activity, not both")]
    DocumentAndParts,
    /// One file was named as a document in a format that has none.
    #[error("a file in {format} holds either accounts or activity: name it as one of them")]
    NoDocument {
        /// The format.
        format: ImportFormat,
    },
}

impl ImportError {
    pub(super) fn io(file: &Path, source: io::Error) -> Self {
        Self::Io { file: file.to_owned(), source }
    }

    pub(super) fn record(place: &Place, problem: RecordProblem) -> Self {
        Self::Record { place: place.clone(), problem: Box::new(problem) }
    }

    /// Whether one record is at fault, and reading can go on after it.
    pub fn is_bad_record(&self) -> bool {
        matches!(self, Self::Record { .. })
    }
}

/// Why a record cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordProblem {
    /// A field's value is not what the field needs.
    #[error("'{field}' from '{from}': {problem}")]
    Value {
        /// The target field.
        field: Field,
        /// Where the value came from.
        from: String,
        /// What is wrong.
        problem: ValueProblem,
    },
    /// A required field has no value.
    #[error("no value for '{field}', looked for in {wanted}")]
    Missing {
        /// The target field.
        field: Field,
        /// Where it was looked for.
        wanted: String,
    },
    /// Neither an action nor a text from which to tell it.
    #[error("no action and no content; map one, as in action:=like")]
    NoAction,
    /// The key of an account that was read before.
    #[error("the account '{0}' appears a second time")]
    DuplicateAccount(String),
    /// Something else than an object.
    #[error("{0} in the place of an object")]
    NotAnObject(&'static str),
    /// A line that is no JSON.
    #[error("not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// A line that is too long to be held in memory.
    #[error("the line is longer than {0} bytes")]
    TooLong(u64),
    /// A row with more or fewer values than the table has columns.
    #[error("{found} values for {expected} columns")]
    RowLength {
        /// Columns.
        expected: usize,
        /// Values.
        found: usize,
    },
    /// Bytes that are no text.
    #[error("not UTF-8: {0}")]
    NotUtf8(String),
}
