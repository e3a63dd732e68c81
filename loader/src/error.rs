//! Everything that can stop a command.

use std::path::PathBuf;

use botdet_models::calibration::CalibrationError;
use botdet_models::engagement::SeriesError;
use botdet_models::isolation_forest::ForestError;
use botdet_models::logistic::LogisticError;
use botdet_models::pipeline::PipelineError;
use botdet_models::rows::RowsError;
use botdet_models::schema::SchemaError;
use botdet_models::sgd::SgdError;

use crate::autoencoder::AutoencoderTrainingError;
use crate::gru::GruError;
use crate::import::ImportError;
use crate::report::ReportError;
use crate::simulate::SimulationError;
use crate::tables::TableError;
use crate::validation::ValidationError;
use crate::zoo::ZooError;

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub enum LoaderError {
    /// The server refused something, or cannot be reached.
    #[error("{}", describe(.0))]
    Database(#[from] postgres::Error),
    /// The program cannot be told when to end.
    #[error("cannot listen to signals: {0}")]
    Signals(std::io::Error),
    /// The server ended a session that was to go on.
    #[error("the queue is no longer scored, after {accounts} accounts: {}", describe(.source))]
    Abandoned {
        /// Accounts that were scored until then.
        accounts: u64,
        /// What ended it.
        source: postgres::Error,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Settings of a simulation are impossible.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The filter or a calibrator cannot be fitted.
    #[error(transparent)]
    Logistic(#[from] LogisticError),
    /// The stages cannot be weighed.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// The isolation forest cannot be grown.
    #[error(transparent)]
    Forest(#[from] ForestError),
    /// The autoencoder cannot be trained.
    #[error(transparent)]
    Autoencoder(#[from] AutoencoderTrainingError),
    /// Trees, or another model of features, cannot be trained.
    #[error(transparent)]
    Zoo(#[from] ZooError),
    /// A preparation of the rows is impossible.
    #[error(transparent)]
    Validation(#[from] ValidationError),
    /// Values are no rows.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The sequence model cannot be trained.
    #[error(transparent)]
    Gru(#[from] GruError),
    /// A model cannot be assembled or run.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Nothing can be learned from a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A state in the database cannot be read.
    #[error("account {account_id}: {source}")]
    State {
        /// Whose state.
        account_id: i64,
        /// What is wrong with it.
        source: botdet_models::state::StateError,
    },
    /// A source has rows already.
    #[error("source {0} is loaded already; --replace deletes what it has first")]
    SourceExists(String),
    /// A source has no accounts.
    #[error("source {0} has no accounts; botdet load fills it")]
    SourceEmpty(String),
    /// Nobody has been scored for a detector.
    #[error("no account has a score for {0}; name accounts")]
    NothingScored(String),
    /// An account has no hours.
    #[error("account {0} has no rows in botdet.engagement_hourly")]
    NoEngagement(i64),
    /// The database hands out a series that cannot be read.
    #[error(transparent)]
    Series(#[from] SeriesError),
    /// Too few labelled accounts to train on.
    #[error(
        "source {source_name} has {bots} labelled bots and {humans} labelled humans; at least {least} of each are needed"
    )]
    TooFewLabels {
        /// Which source.
        source_name: String,
        /// Labelled bots there are.
        bots: usize,
        /// Labelled humans there are.
        humans: usize,
        /// How many are needed of each.
        least: usize,
    },
    /// A detector of table rows has to be told its table.
    #[error("detector {0} judges rows of a table: name it with --table, --key and --label")]
    NoTable(String),
    /// Accounts are not rows of a table.
    #[error("detector account learns from a source of activity; another --detector learns from --table {0}")]
    NotForAccounts(String),
    /// An option that would be passed over.
    #[error("{option} means nothing for {subject}")]
    Meaningless {
        /// The option.
        option: &'static str,
        /// Of what it would be an option.
        subject: String,
    },
    /// A detector cannot have this name.
    #[error(
        "{0:?} is no name of a detector; a name has up to 40 small letters, digits and underscores, and begins with a letter"
    )]
    DetectorName(String),
    /// A version does not say how it was trained.
    #[error("the version of detector {detector} does not say how it was trained: {reason}")]
    NoRecord {
        /// The detector.
        detector: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such version.
    #[error("detector {detector} has {}", version.as_ref().map_or_else(|| "no active version".to_owned(), |version| format!("no version {version}")))]
    NoVersion {
        /// The detector.
        detector: String,
        /// The version; `None` for the active one.
        version: Option<String>,
    },
    /// A table is not what it was when a version was trained on it.
    #[error("table {table} has columns of fingerprint {found} now, {expected} when the version was trained")]
    OtherColumns {
        /// The table.
        table: String,
        /// Fingerprint of its columns.
        found: String,
        /// Fingerprint in the version.
        expected: String,
    },
    /// No learner has this name.
    #[error("there is no learner {name}; there are {known}")]
    UnknownLearner {
        /// The name.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A report cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The filter cannot go on learning.
    #[error(transparent)]
    Sgd(#[from] SgdError),
    /// Whoever watches has ended it.
    #[error("cancelled")]
    Cancelled,
    /// Only of accounts it is known which labels are new.
    #[error("the filter of detector {0} cannot go on learning: its rows do not say when they were labelled")]
    NotLearning(String),
    /// There is no version that could go on learning.
    #[error("detector {0} has no champion that could go on learning; train one first")]
    NoChampion(String),
    /// Nothing was told since the champion was registered.
    #[error("no label was told since version {0} was registered")]
    NothingNew(String),
    /// Columns are no schema.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// Too few rows of a class in a part of a split.
    #[error(
        "{positive} positive and {negative} negative rows to {part}; at least {least} of each are needed"
    )]
    TooFewRows {
        /// What they are for.
        part: &'static str,
        /// Positive rows there are.
        positive: usize,
        /// Negative rows there are.
        negative: usize,
        /// How many are needed of each.
        least: usize,
    },
    /// The active version is somebody's.
    #[error("version {0} is active and not one of a demonstration; --force replaces it")]
    OtherVersion(String),
    /// A key that an account of another source has.
    #[error(
        "account {key} is there already, of source {of}: keys are unique over all sources. Load it into that source with --replace, or give the accounts keys of their own"
    )]
    KeyTaken {
        /// The key.
        key: String,
        /// Source that the account came from.
        of: String,
    },
    /// An event names an account that was not loaded.
    #[error("activity of account {0}, which was not loaded")]
    UnknownKey(String),
    /// A time lies outside what a timestamp can hold.
    #[error("time {0} (microseconds since 1970) is out of range")]
    Time(i64),
    /// An option is out of bounds.
    #[error("{name} is {value}, outside {low} to {high}")]
    Option {
        /// Which option.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
    /// The figures cannot be written as JSON.
    #[error("figures cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A file of comma-separated values cannot be written.
    #[error("cannot write: {0}")]
    Csv(csv::Error),
}

impl From<std::convert::Infallible> for LoaderError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// The server's own words, with detail and hint; or what kept us from it.
fn describe(error: &postgres::Error) -> String {
    let Some(server) = error.as_db_error() else {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
        return format!("{error}{}", cause.unwrap_or_default());
    };
    let line =
        |name: &str, text: Option<&str>| text.map(|text| format!("\n{name}: {text}")).unwrap_or_default();
    // Where in a function an error arose says nothing to whoever calls it; which line of a file does.
    let place = server.where_().filter(|place| place.starts_with("COPY "));
    format!(
        "{} (SQLSTATE {}){}{}{}",
        server.message(),
        server.code().code(),
        line("detail", server.detail()),
        line("hint", server.hint()),
        line("where", place)
    )
}

/// Attaches a path to an error of the system.
pub(crate) fn at(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> LoaderError + '_ {
    move |source| LoaderError::File { path: path.to_owned(), source }
}

/// Checks that an option lies within bounds.
pub(crate) fn check_option(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), LoaderError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(LoaderError::Option { name, value, low, high })
}
