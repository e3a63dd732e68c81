//! CSV and TSV: a line with the columns' names, then one record a row; quoted values may hold line breaks.
//!
//! The parser takes a quote that is never closed for one long value up to the end of the file, and would lose all
//! rows in it without a word. So the input gets one more row, [`END`]: where that does not come out as
//! a row, a quote was open.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Chain, Read};
use std::path::Path;
use std::sync::Arc;

use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord};

use super::error::{ImportError, Place, RecordProblem};
use super::field::{Field, RecordKind};
use super::input;
use super::mapping::{Mapping, Source, quoted};
use super::raw::RawRecord;

/// The row after the last.
const END: &str = "\0end of table\0";
/// What is appended to a file to have that row: blank lines count for nothing.
const APPENDED: &str = "\n\0end of table\0\n";

/// The columns' names.
pub(super) struct Header {
    names: Vec<String>,
    columns: HashMap<String, usize>,
}

impl Header {
    /// The number of the column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.get(name).copied()
    }

    fn new(row: &StringRecord) -> Result<Self, String> {
        let names: Vec<String> = row.iter().map(|name| name.trim().to_owned()).collect();
        if is_end(row) {
            return Err("the file is empty".to_owned());
        }
        if has_swallowed_end(row) {
            return Err("a quote is never closed".to_owned());
        }
        let mut columns = HashMap::new();
        for (column, name) in names.iter().enumerate() {
            // Columns without a name, such as a spreadsheet's row numbers, are out of reach and may repeat.
            if !name.is_empty() && columns.insert(name.clone(), column).is_some() {
                return Err(format!("'{name}' is there twice"));
            }
        }
        Ok(Self { names, columns })
    }

    /// Demands the columns that were mapped by name, and one for every required field. A table says once for all rows
    /// what it has; to find out at the first row would be to blame the row.
    fn check(&self, file: &Path, mapping: &Mapping, kind: RecordKind) -> Result<(), ImportError> {
        for field in Field::all().filter(|field| field.kind() == kind) {
            let is_there = match mapping.source(field) {
                Source::Path(path) => self.column(path).is_some(),
                Source::Synonyms if field.is_required() => {
                    field.synonyms().iter().any(|name| self.column(name).is_some())
                }
                Source::Synonyms | Source::Constant(_) | Source::RecordNumber | Source::Nothing => true,
            };
            if !is_there {
                return Err(ImportError::NoColumn {
                    file: file.to_owned(),
                    field,
                    wanted: mapping.places(field),
                    found: quoted(self.names.iter()),
                });
            }
        }
        Ok(())
    }
}

/// The rows of a table.
pub(super) struct Rows {
    file: Arc<Path>,
    header: Arc<Header>,
    reader: Reader<Chain<BufReader<File>, &'static [u8]>>,
    records: u64,
    has_ended: bool,
}

/// Starts to read a table: its header, which must have what the mapping needs for records of this kind.
pub(super) fn read(
    file: &Path,
    delimiter: u8,
    mapping: &Mapping,
    kind: RecordKind,
) -> Result<Rows, ImportError> {
    let input = input::open(file)?.chain(APPENDED.as_bytes());
    // Rows of another length are found below; the parser would refuse the row that marks the end.
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(input);
    let refused = |reason| ImportError::Header { file: file.to_owned(), reason };
    let row = reader.headers().map_err(|error| refused(error.to_string()))?;
    let header = Header::new(row).map_err(refused)?;
    header.check(file, mapping, kind)?;
    Ok(Rows { file: file.into(), header: Arc::new(header), reader, records: 0, has_ended: false })
}

impl Rows {
    fn place(&self, position: Option<&Position>) -> Place {
        Place { file: Arc::clone(&self.file), record: self.records, line: position.map(Position::line) }
    }

    /// A row that was read; `None` for the one after the last.
    fn record(&mut self, row: StringRecord) -> Option<Result<RawRecord, ImportError>> {
        if is_end(&row) {
            self.has_ended = true;
            return None;
        }
        self.records += 1;
        let place = self.place(row.position());
        if has_swallowed_end(&row) {
            self.has_ended = true;
            return Some(Err(ImportError::OpenQuote { place }));
        }
        let (found, expected) = (row.len(), self.header.names.len());
        Some(if found == expected {
            Ok(RawRecord::from_row(place, Arc::clone(&self.header), row))
        } else {
            let problem = RecordProblem::RowLength { expected, found };
            Err(ImportError::record(&place, problem))
        })
    }

    fn refused(&mut self, error: csv::Error) -> ImportError {
        self.records += 1;
        let place = self.place(error.position());
        let message = error.to_string();
        match error.into_kind() {
            ErrorKind::Utf8 { err, .. } => {
                ImportError::record(&place, RecordProblem::NotUtf8(err.to_string()))
            }
            ErrorKind::Io(source) => ImportError::io(&self.file, source),
            _ => ImportError::io(&self.file, io::Error::other(message)),
        }
    }
}

impl Iterator for Rows {
    type Item = Result<RawRecord, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let mut row = StringRecord::new();
        match self.reader.read_record(&mut row) {
            Ok(true) => self.record(row),
            // The last row was refused, and the mark was in it.
            Ok(false) => {
                self.has_ended = true;
                let place = self.place(None);
                Some(Err(ImportError::OpenQuote { place }))
            }
            Err(error) => Some(Err(self.refused(error))),
        }
    }
}

fn is_end(row: &StringRecord) -> bool {
    row.len() == 1 && row.get(0) == Some(END)
}

fn has_swallowed_end(row: &StringRecord) -> bool {
    row.iter().next_back().is_some_and(|value| value.trim_end().ends_with(END))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_each_column_once() {
        let header = Header::new(&StringRecord::from(vec!["", " id ", "", "name==username"])).unwrap();
        assert_eq!(header.column("id"), Some(1));
        assert_eq!(header.column("name==username"), Some(3));
        assert_eq!(header.column(""), None);
        assert!(Header::new(&StringRecord::from(vec!["id", "id"])).is_err());
        assert!(Header::new(&StringRecord::from(vec![END])).is_err());
    }
}
