//! Imports from start to end: every format, every kind of broken input.

mod broken;
mod formats;
mod policies;
mod real;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use super::{ImportError, ImportFormat, ImportParams, ImportSummary};
use crate::records::{AccountRecord, ActivityRecord};

/// 2024-03-16 00:00:08.
const MOMENT: i64 = 1_710_547_208_000_000;

/// A file that is there as long as the value.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(content: impl AsRef<[u8]>) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("botdet-import-{}-{number}.json", process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // A file that stays behind is no reason to fail.
        let _ = fs::remove_file(&self.0);
    }
}

/// All that an import hands out.
#[derive(Debug)]
struct Imported {
    accounts: Vec<AccountRecord>,
    activity: Vec<ActivityRecord>,
    summary: ImportSummary,
}

fn import(params: ImportParams) -> Result<Imported, ImportError> {
    let mut import = params.check()?;
    let accounts = import.accounts()?.collect::<Result<_, _>>()?;
    let activity = import.activity()?.collect::<Result<_, _>>()?;
    let summary = import.finish();
    Ok(Imported { accounts, activity, summary })
}

fn import_document(content: impl AsRef<[u8]>, map: &[&str]) -> Result<Imported, ImportError> {
    let file = TemporaryFile::new(content);
    import(ImportParams { document: file.path(), map: owned(map), ..ImportParams::new(ImportFormat::Json) })
}

fn import_accounts(
    format: ImportFormat,
    content: impl AsRef<[u8]>,
    map: &[&str],
) -> Result<Vec<AccountRecord>, ImportError> {
    let file = TemporaryFile::new(content);
    let params = ImportParams { accounts: file.path(), map: owned(map), ..ImportParams::new(format) };
    Ok(import(params)?.accounts)
}

fn import_activity(
    format: ImportFormat,
    content: impl AsRef<[u8]>,
    map: &[&str],
) -> Result<Vec<ActivityRecord>, ImportError> {
    let file = TemporaryFile::new(content);
    let params = ImportParams { activity: file.path(), map: owned(map), ..ImportParams::new(format) };
    Ok(import(params)?.activity)
}

/// The message of an error, without the name of the temporary file.
fn message<T: std::fmt::Debug>(outcome: Result<T, ImportError>) -> String {
    let message = outcome.unwrap_err().to_string();
    match message.split_once(".json: ") {
        Some((_, rest)) => rest.to_owned(),
        None => message,
    }
}

fn owned(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|entry| (*entry).to_owned()).collect()
}

fn account(key: &str) -> AccountRecord {
    AccountRecord { key: key.to_owned(), ..AccountRecord::default() }
}

fn post(account_key: &str, content: &str) -> ActivityRecord {
    ActivityRecord {
        account_key: account_key.to_owned(),
        occurred_at: MOMENT,
        action: "post".to_owned(),
        content: Some(content.to_owned()),
        ..ActivityRecord::default()
    }
}

/// The folder of real data beside the project; without it, says that the test did not run. Straight to standard error: what
/// goes through print macros is kept from sight when a test passes.
fn shared_data(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !folder.exists() {
        writeln!(std::io::stderr(), "skipped: {test}, for ../shared/data is not there").unwrap();
        return None;
    }
    Some(folder)
}
