//! What to import: unchecked parameters, and the checked import made from them.

use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::field::RecordKind;
use super::format::ImportFormat;
use super::json::Section;
use super::labels::Labels;
use super::run::{Import, Plan};

/// Where a document has its accounts and its activity if nothing else is said.
const ACCOUNTS_AT: &str = "users";
const ACTIVITY_AT: &str = "posts";

/// What a caller asks for. [`ImportParams::check`] turns it into an [`Import`].
#[derive(Clone, Debug)]
pub struct ImportParams {
    /// How the files are written.
    pub format: ImportFormat,
    /// A JSON document with accounts and activity.
    pub document: Option<PathBuf>,
    /// A file of accounts; in JSON an array, or a document with one.
    pub accounts: Option<PathBuf>,
    /// A file of activity; in JSON an array, or a document with one.
    pub activity: Option<PathBuf>,
    /// A file with the bots' keys, one a line: all other accounts are then labelled human. Goes before any `is_bot` of
    /// the accounts.
    pub labels: Option<PathBuf>,
    /// Where in a JSON document the accounts are, as names with dots between them (`users` by default).
    pub accounts_at: Option<String>,
    /// Where in a JSON document the activity is (`posts` by default).
    pub activity_at: Option<String>,
    /// Mappings as typed, see [`Mapping`](super::Mapping); they go before those of a preset.
    pub map: Vec<String>,
    /// Bad records of the whole import that are left out before it ends (0 by default).
    pub skip_bad: u64,
}

impl ImportParams {
    /// Nothing but a format.
    pub fn new(format: ImportFormat) -> Self {
        Self {
            format,
            document: None,
            accounts: None,
            activity: None,
            labels: None,
            accounts_at: None,
            activity_at: None,
            map: Vec::new(),
            skip_bad: 0,
        }
    }

    /// Checks every parameter, and reads the labels; other files are opened later.
    ///
    /// # Errors
    /// [`ImportError::Nothing`], [`ImportError::DocumentAndParts`] and [`ImportError::NoDocument`] for the choice of
    /// files, [`ImportError::Mapping`], and what reading the labels may give.
    pub fn check(self) -> Result<Import, ImportError> {
        let has_parts = self.accounts.is_some() || self.activity.is_some();
        match (&self.document, has_parts) {
            (None, false) => return Err(ImportError::Nothing),
            (Some(_), true) => return Err(ImportError::DocumentAndParts),
            (Some(_), false) if !self.format.is_document() => {
                return Err(ImportError::NoDocument { format: self.format });
            }
            _ => {}
        }
        Ok(Import::new(Plan {
            format: self.format,
            mapping: self.format.mapping()?.with(&self.map)?,
            accounts: self.accounts.as_ref().or(self.document.as_ref()).cloned(),
            activity: self.activity.as_ref().or(self.document.as_ref()).cloned(),
            accounts_at: self.section(RecordKind::Account),
            activity_at: self.section(RecordKind::Activity),
            labels: self.labels()?,
            skip_bad: self.skip_bad,
        }))
    }

    fn section(&self, kind: RecordKind) -> Section {
        let (typed, default) = match kind {
            RecordKind::Account => (&self.accounts_at, ACCOUNTS_AT),
            RecordKind::Activity => (&self.activity_at, ACTIVITY_AT),
        };
        Section {
            kind,
            path: typed.clone().unwrap_or_else(|| default.to_owned()),
            may_be_document: self.document.is_none(),
        }
    }

    fn labels(&self) -> Result<Option<Labels>, ImportError> {
        if let Some(file) = &self.labels {
            return Labels::read(file).map(Some);
        }
        match self.default_labels() {
            Some(file) if file.exists() => Labels::read(&file).map(Some),
            _ => Ok(None),
        }
    }

    fn default_labels(&self) -> Option<PathBuf> {
        let document: &Path = self.document.as_deref()?;
        (self.format == ImportFormat::BotOrNot).then(|| Labels::beside(document))
    }
}
