//! The import itself: first the accounts, then their activity.

use std::collections::HashSet;
use std::path::PathBuf;

use super::convert;
use super::delimited;
use super::error::{ImportError, RecordProblem};
use super::field::{FieldSet, RecordKind};
use super::format::ImportFormat;
use super::json::{self, Section};
use super::labels::Labels;
use super::mapping::Mapping;
use super::ndjson;
use super::progress::{ImportSummary, Progress};
use super::raw::{RawRecord, RawRecords};
use crate::records::{AccountRecord, ActivityRecord, LabelRecord};

/// A checked import: see [`ImportParams::check`](super::ImportParams::check).
///
/// Ask for [`Import::accounts`], then for [`Import::activity`], each once and to its end, then for the
/// [summary](Import::finish).
pub struct Import {
    plan: Plan,
    progress: Progress,
}

/// What is to be read, and how.
pub(super) struct Plan {
    pub format: ImportFormat,
    pub mapping: Mapping,
    pub accounts: Option<PathBuf>,
    pub activity: Option<PathBuf>,
    pub accounts_at: Section,
    pub activity_at: Section,
    pub labels: Option<Labels>,
    pub skip_bad: u64,
}

impl Plan {
    /// Opens the file with records of this kind, if there is one.
    fn open(&self, kind: RecordKind) -> Result<Option<RawRecords>, ImportError> {
        let (file, section) = match kind {
            RecordKind::Account => (&self.accounts, &self.accounts_at),
            RecordKind::Activity => (&self.activity, &self.activity_at),
        };
        let Some(file) = file else {
            return Ok(None);
        };
        let records: RawRecords = match self.format {
            ImportFormat::Json | ImportFormat::BotOrNot => Box::new(json::read(file, section.clone())?),
            ImportFormat::Ndjson => Box::new(ndjson::read(file)?),
            ImportFormat::Csv => Box::new(delimited::read(file, b',', &self.mapping, kind)?),
            ImportFormat::Tsv => Box::new(delimited::read(file, b'\t', &self.mapping, kind)?),
        };
        Ok(Some(records))
    }
}

impl Import {
    pub(super) fn new(plan: Plan) -> Self {
        Self { plan, progress: Progress::default() }
    }

    /// Opens the files and hands out the accounts. The last item is an error if the import cannot go on.
    ///
    /// Reads the activity too, for accounts that only it names. Unless bad records may be left out, an error in the
    /// activity therefore shows here already; if they may, it is counted when the activity is handed out.
    ///
    /// # Errors
    /// [`ImportError`] for files that cannot be opened and tables without the columns needed.
    pub fn accounts(&mut self) -> Result<Accounts<'_>, ImportError> {
        Ok(Accounts {
            listed: self.plan.open(RecordKind::Account)?,
            acting: self.plan.open(RecordKind::Activity)?,
            plan: &self.plan,
            progress: &mut self.progress,
            known: HashSet::new(),
            has_ended: false,
        })
    }

    /// Opens the file and hands out the activity. The last item is an error if the import cannot go on.
    ///
    /// # Errors
    /// As for [`Import::accounts`].
    pub fn activity(&mut self) -> Result<Activity<'_>, ImportError> {
        Ok(Activity {
            records: self.plan.open(RecordKind::Activity)?,
            plan: &self.plan,
            progress: &mut self.progress,
        })
    }

    /// What was done.
    pub fn finish(self) -> ImportSummary {
        self.progress.finish(&self.plan.mapping)
    }
}

/// Accounts of an import: those of the accounts' file, then those that only the activity names.
pub struct Accounts<'a> {
    plan: &'a Plan,
    progress: &'a mut Progress,
    listed: Option<RawRecords>,
    acting: Option<RawRecords>,
    known: HashSet<String>,
    has_ended: bool,
}

impl Accounts<'_> {
    fn next_account(&mut self) -> Option<Result<AccountRecord, ImportError>> {
        if let Some(record) = self.listed.as_mut().and_then(Iterator::next) {
            return Some(record.and_then(|record| self.account(&record)));
        }
        self.listed = None;
        while let Some(record) = self.acting.as_mut().and_then(Iterator::next) {
            match record.and_then(|record| self.actor(&record)) {
                Ok(None) => {}
                Ok(Some(account)) => return Some(Ok(account)),
                // Counted when the activity is handed out.
                Err(error) if self.plan.skip_bad > 0 && error.is_bad_record() => {}
                Err(error) => return Some(Err(error)),
            }
        }
        self.acting = None;
        None
    }

    fn account(&mut self, record: &RawRecord) -> Result<AccountRecord, ImportError> {
        let mut account = convert::account(record, &self.plan.mapping, &mut self.progress.found)?;
        if !self.known.insert(account.key.clone()) {
            let problem = RecordProblem::DuplicateAccount(account.key);
            return Err(ImportError::record(&record.place, problem));
        }
        self.set_label(&mut account);
        Ok(account)
    }

    /// The account behind an activity, if it was not known before.
    fn actor(&mut self, record: &RawRecord) -> Result<Option<AccountRecord>, ImportError> {
        let activity = convert::activity(record, &self.plan.mapping, &mut FieldSet::default())?;
        if self.known.contains(&activity.account_key) {
            return Ok(None);
        }
        self.known.insert(activity.account_key.clone());
        self.progress.summary.accounts_from_activity += 1;
        let mut account = AccountRecord { key: activity.account_key, ..AccountRecord::default() };
        self.set_label(&mut account);
        Ok(Some(account))
    }

    /// The file of labels goes before what the account says of itself; the strategy stays.
    fn set_label(&self, account: &mut AccountRecord) {
        let Some(labels) = &self.plan.labels else {
            return;
        };
        let is_bot = labels.bots.contains(&account.key);
        let strategy = account.label.take().and_then(|label| label.strategy);
        account.label = Some(LabelRecord { is_bot, strategy: strategy.filter(|_| is_bot) });
    }

    /// Counts the labels that no account has; all of them means that the file belongs to other accounts.
    fn check_labels(&mut self) -> Result<(), ImportError> {
        let Some(labels) = &self.plan.labels else {
            return Ok(());
        };
        let unknown = labels.bots.iter().filter(|key| !self.known.contains(*key)).count();
        self.progress.summary.labels_without_account = unknown as u64;
        if unknown > 0 && unknown == labels.bots.len() {
            return Err(ImportError::ForeignLabels { file: labels.file.clone(), count: unknown });
        }
        Ok(())
    }
}

impl Iterator for Accounts<'_> {
    type Item = Result<AccountRecord, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.has_ended {
            let Some(account) = self.next_account() else {
                self.has_ended = true;
                return self.check_labels().err().map(Err);
            };
            let error = match account {
                Ok(account) => {
                    self.progress.summary.accounts += 1;
                    return Some(Ok(account));
                }
                Err(error) => error,
            };
            if let Err(error) = self.progress.tolerate(error, self.plan.skip_bad) {
                self.has_ended = true;
                return Some(Err(error));
            }
        }
        None
    }
}

/// Activity of an import, in its file's order.
pub struct Activity<'a> {
    plan: &'a Plan,
    progress: &'a mut Progress,
    records: Option<RawRecords>,
}

impl Iterator for Activity<'_> {
    type Item = Result<ActivityRecord, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(record) = self.records.as_mut().and_then(Iterator::next) {
            let found = &mut self.progress.found;
            let error = match record.and_then(|record| convert::activity(&record, &self.plan.mapping, found))
            {
                Ok(activity) => {
                    self.progress.summary.activity += 1;
                    return Some(Ok(activity));
                }
                Err(error) => error,
            };
            if let Err(error) = self.progress.tolerate(error, self.plan.skip_bad) {
                self.records = None;
                return Some(Err(error));
            }
        }
        self.records = None;
        None
    }
}
