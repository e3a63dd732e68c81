//! NDJSON: one JSON object a line. Blank lines are passed over.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use super::error::{ImportError, Place, RecordProblem};
use super::input;
use super::raw::RawRecord;

/// Longest line that is read into memory, in bytes: no post is longer, but a file that is not NDJSON may be one line.
const LONGEST_LINE: u64 = 64 << 20;

/// The lines of a file.
pub(super) struct Lines {
    file: Arc<Path>,
    reader: BufReader<File>,
    line: u64,
    records: u64,
}

/// Starts to read a file.
pub(super) fn read(file: &Path) -> Result<Lines, ImportError> {
    Ok(Lines { file: file.into(), reader: input::open(file)?, line: 0, records: 0 })
}

impl Lines {
    /// The next line that is not blank, or as much of it as may be.
    fn next_line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        loop {
            let mut line = Vec::new();
            let read = self.reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn record(&mut self, line: &[u8]) -> Result<RawRecord, ImportError> {
        self.records += 1;
        let place = Place { file: Arc::clone(&self.file), record: self.records, line: Some(self.line) };
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            self.reader.skip_until(b'\n').map_err(|source| ImportError::io(&self.file, source))?;
            return Err(ImportError::record(&place, RecordProblem::TooLong(LONGEST_LINE)));
        }
        let problem = match std::str::from_utf8(line) {
            Err(error) => RecordProblem::NotUtf8(error.to_string()),
            Ok(text) => match serde_json::from_str(text) {
                Err(error) => RecordProblem::Json(error),
                Ok(value) => return RawRecord::from_json(place, value),
            },
        };
        Err(ImportError::record(&place, problem))
    }
}

impl Iterator for Lines {
    type Item = Result<RawRecord, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Ok(line) => Some(self.record(&line?)),
            Err(source) => Some(Err(ImportError::io(&self.file, source))),
        }
    }
}
