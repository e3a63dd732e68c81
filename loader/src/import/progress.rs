//! What an import has done so far, and how many bad records it may still leave out.

use super::error::ImportError;
use super::field::{Field, FieldSet, RecordKind};
use super::mapping::Mapping;

/// Errors a summary keeps.
const KEPT_ERRORS: usize = 10;

/// What an import has done.
#[derive(Debug, Default)]
pub struct ImportSummary {
    /// Accounts handed out.
    pub accounts: u64,
    /// Those among them that only the activity names.
    pub accounts_from_activity: u64,
    /// Activity handed out.
    pub activity: u64,
    /// Bad records left out.
    pub skipped_records: u64,
    /// What was wrong with the first of them, ten at most.
    pub skipped: Vec<ImportError>,
    /// Keys in the file of labels that no account has.
    pub labels_without_account: u64,
    /// Mapped fields whose path was in no record: most likely a misspelt path. Of records that were read only.
    pub never_found: Vec<Field>,
    /// Fields that no record had under any name, and that are not known therefore.
    pub absent: Vec<Field>,
}

/// The summary while it grows.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub summary: ImportSummary,
    pub found: FieldSet,
}

impl Progress {
    /// Leaves a bad record out, if there may be one more; gives other errors back.
    pub fn tolerate(&mut self, error: ImportError, limit: u64) -> Result<(), ImportError> {
        if limit == 0 || !error.is_bad_record() {
            return Err(error);
        }
        if self.summary.skipped_records == limit {
            let next = Box::new(error);
            return Err(ImportError::TooManyBad { limit, next });
        }
        self.summary.skipped_records += 1;
        if self.summary.skipped.len() < KEPT_ERRORS {
            self.summary.skipped.push(error);
        }
        Ok(())
    }

    /// Closes the books.
    pub fn finish(mut self, mapping: &Mapping) -> ImportSummary {
        let listed = self.summary.accounts - self.summary.accounts_from_activity;
        let was_read = |field: &Field| match field.kind() {
            RecordKind::Account => listed > 0,
            RecordKind::Activity => self.summary.activity > 0,
        };
        let missed = Field::all().filter(|field| was_read(field) && !self.found.contains(*field));
        let (never_found, absent) = missed.partition(|field| mapping.path(*field).is_some());
        self.summary.never_found = never_found;
        self.summary.absent = absent;
        self.summary
    }
}
