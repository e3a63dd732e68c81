//! `botdet load`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use postgres::Client;
use serde::Serialize;

use super::links::load_links;
use super::{DatabaseOptions, OutputOptions};
use crate::error::{LoaderError, at};
use crate::import::{Field, ImportFormat, ImportParams, ImportSummary, RecordKind};
use crate::load::Load as Loading;
use crate::output::Output;
use crate::tables::{Existing, load_csv};

/// Load accounts and activity from files into the database, or rows into the table of a detector.
///
/// Fields are found by their usual names; --map says which is which where they are not. All of a source is loaded in one
/// transaction: it is there whole or not at all.
#[derive(Debug, Args)]
#[command(after_long_help = fields_help())]
pub struct Load {
    /// JSON document with accounts and activity; with --detector, CSV file with a header; for backlink a folder
    #[arg(conflicts_with_all = ["accounts", "activity"])]
    file: Option<PathBuf>,
    /// Format: json, ndjson, csv, tsv, or bot-or-not
    #[arg(long, required_unless_present = "detector")]
    format: Option<ImportFormat>,
    /// Detector whose table the rows go to; the header names its columns
    #[arg(long, value_enum, requires = "file", conflicts_with_all = NOT_FOR_TABLES)]
    detector: Option<TableDetector>,
    /// File with accounts
    #[arg(long)]
    accounts: Option<PathBuf>,
    /// File with activity
    #[arg(long)]
    activity: Option<PathBuf>,
    /// File with the keys of the bots, one a line; all other accounts are labelled human
    #[arg(long)]
    labels: Option<PathBuf>,
    /// Which field of the file is which of ours, as OURS=THEIRS; may be given many times
    #[arg(long = "map", value_name = "OURS=THEIRS")]
    map: Vec<String>,
    /// Where in a JSON document the accounts lie
    #[arg(long)]
    accounts_at: Option<String>,
    /// Where in a JSON document the activity lies
    #[arg(long)]
    activity_at: Option<String>,
    /// Bad records that are left out before the load gives up
    #[arg(long, default_value_t = 0)]
    skip_bad: u64,
    /// Name to load the accounts under
    #[arg(long, default_value = "default")]
    source: String,
    /// Delete what the source has first
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// Options that only accounts and activity have.
const NOT_FOR_TABLES: [&str; 9] =
    ["format", "accounts", "activity", "labels", "map", "accounts_at", "activity_at", "skip_bad", "source"];

/// Detectors with a table of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableDetector {
    /// Wide rows of account metrics, in botdet.spammer
    Spammer,
    /// Hourly counts, in botdet.engagement_hourly
    Engagement,
    /// When they were attacked, in botdet.engagement_window
    EngagementWindows,
    /// A folder with domain.csv, backlink.csv and, where links are labelled, label.csv
    Backlink,
}

impl TableDetector {
    fn table(self) -> &'static str {
        match self {
            Self::Spammer => "botdet.spammer",
            Self::Engagement => "botdet.engagement_hourly",
            Self::EngagementWindows => "botdet.engagement_window",
            Self::Backlink => "botdet.backlink",
        }
    }
}

/// What filling a table did.
#[derive(Debug, Serialize)]
struct TableReport {
    table: &'static str,
    rows: u64,
    seconds: f64,
    /// Columns that the file does not have.
    absent: Vec<String>,
}

fn fields_help() -> String {
    let mut help = String::from(
        "Mapping:\n  \
         --map content=body        our field content is their field body; author.id reaches into nested objects\n  \
         --map action:=post        a constant\n  \
         --map key=@record         the record's number\n  \
         --map is_bot=             do not read it\n\n\
         Format bot-or-not is json with users and posts, and the bots' keys in X.bots.txt beside X.json.\n\n\
         Fields, and the names they are found by:\n",
    );
    for field in Field::all() {
        let record = match field.kind() {
            RecordKind::Account => "account",
            RecordKind::Activity => "activity",
        };
        help.push_str(&format!("  {record:<9} {:<13} {}\n", field.name(), field.synonyms().join(", ")));
    }
    help
}

/// What a load did.
#[derive(Debug, Serialize)]
pub struct LoadReport {
    /// Accounts that were loaded.
    pub accounts: u64,
    /// Events that were loaded.
    pub events: u64,
    /// Seconds it took, states and scores included.
    pub seconds: f64,
    /// Events a second.
    pub events_per_second: f64,
    /// What to look at: the first bad records that were left out, fields that no record had, labels without an account.
    pub warnings: Vec<String>,
    /// Fields of ours that no record had under any name.
    pub absent: Vec<String>,
}

impl LoadReport {
    /// A report with the rate worked out.
    #[must_use]
    pub fn new(accounts: u64, events: u64, started: Instant) -> Self {
        let seconds = started.elapsed().as_secs_f64();
        Self {
            accounts,
            events,
            seconds,
            events_per_second: events as f64 / seconds,
            warnings: Vec::new(),
            absent: Vec::new(),
        }
    }
}

impl Load {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        match (self.detector, &self.file, self.format) {
            (Some(TableDetector::Backlink), Some(folder), _) => self.fill_links(folder),
            (Some(detector), Some(file), _) => self.fill_table(detector, file),
            (_, _, format) => self.import(format.unwrap_or(ImportFormat::Json)),
        }
    }

    fn fill_links(&self, folder: &Path) -> Result<(), LoaderError> {
        let started = Instant::now();
        let mut client = self.database.connect()?;
        let loaded = load_links(&mut client, folder, self.replace)?;
        let seconds = started.elapsed().as_secs_f64();
        self.output.output().figures(&loaded, || {
            format!(
                "{} domains, {} links and {} labels in {seconds:.1} s, {} pages compared",
                loaded.domains, loaded.links, loaded.labels, loaded.pages
            )
        })
    }

    fn fill_table(&self, detector: TableDetector, file: &Path) -> Result<(), LoaderError> {
        let output = self.output.output();
        let started = Instant::now();
        let mut client = self.database.connect()?;
        let size = std::fs::metadata(file).map_err(at(file))?.len();
        let bar = output.progress(Some(size), "loading rows");
        let table = detector.table();
        let existing = if self.replace { Existing::Replace } else { Existing::Refuse };
        let (rows, absent) = load_csv(&mut client, table, file, existing, &mut |read| bar.inc(read))?;
        bar.finish_and_clear();
        let report = TableReport { table, rows, seconds: started.elapsed().as_secs_f64(), absent };
        output.figures(&report, || {
            let mut text = format!("{} rows in {:.1} s into {table}", report.rows, report.seconds);
            if !report.absent.is_empty() {
                text.push_str(&format!("\nnot in the file, so not known: {}", report.absent.join(", ")));
            }
            text
        })
    }

    fn import(self, format: ImportFormat) -> Result<(), LoaderError> {
        let output = self.output.output();
        let params = ImportParams {
            document: self.file,
            accounts: self.accounts,
            activity: self.activity,
            labels: self.labels,
            accounts_at: self.accounts_at,
            activity_at: self.activity_at,
            map: self.map,
            skip_bad: self.skip_bad,
            ..ImportParams::new(format)
        };
        let mut client = self.database.connect()?;
        let report = import(&mut client, params, &self.source, self.replace, output)?;
        output.figures(&report, || {
            let mut text = format!(
                "{} accounts and {} events in {:.1} s ({:.0} events a second) into source {}",
                report.accounts, report.events, report.seconds, report.events_per_second, self.source
            );
            for warning in &report.warnings {
                text.push_str(&format!("\nwarning: {warning}"));
            }
            if !report.absent.is_empty() {
                text.push_str(&format!(
                    "\nnot in the files under any name we know, so not known: {}",
                    report.absent.join(", ")
                ));
            }
            text
        })
    }
}

/// Loads files into a source.
///
/// # Errors
/// [`LoaderError`] with the record, or whatever the server refuses.
pub fn import(
    client: &mut Client,
    params: ImportParams,
    source: &str,
    replace: bool,
    output: Output,
) -> Result<LoadReport, LoaderError> {
    let started = Instant::now();
    let mut import = params.check()?;
    let mut loading = Loading::begin(client, source, replace)?;
    let account_ids = loading.accounts(import.accounts()?)?;
    let bar = output.progress(None, "loading events");
    let events = loading.activity(&account_ids, import.activity()?, &mut || bar.inc(1))?;
    loading.commit()?;
    bar.finish_and_clear();
    let report = LoadReport::new(account_ids.len() as u64, events, started);
    let summary = import.finish();
    let absent = summary.absent.iter().map(ToString::to_string).collect();
    Ok(LoadReport { warnings: warnings(&summary), absent, ..report })
}

fn warnings(summary: &ImportSummary) -> Vec<String> {
    let mut warnings: Vec<String> =
        summary.skipped.iter().map(|error| format!("left out: {error}")).collect();
    if summary.skipped_records > summary.skipped.len() as u64 {
        warnings.push(format!("{} bad records were left out in all", summary.skipped_records));
    }
    if summary.absent.contains(&Field::Action) {
        warnings.push(
            "no record says what was done: all count as posts; --map action=… names the field".to_owned(),
        );
    }
    let never_found = summary.never_found.iter();
    warnings.extend(never_found.map(|field| format!("no record had what {field} is mapped to")));
    if summary.labels_without_account > 0 {
        warnings.push(format!("{} labels belong to no account", summary.labels_without_account));
    }
    warnings
}
