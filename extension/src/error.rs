//! Errors as Postgres reports them: SQLSTATE, message with the offending value, hint.

use botdet_models::artifact::ArtifactError;
use botdet_models::engagement::SeriesError;
use botdet_models::event::Timestamp;
use botdet_models::features::FeatureError;
use botdet_models::groups::GroupError;
use botdet_models::onnx::OnnxError;
use botdet_models::packed::PackedError;
use botdet_models::pipeline::PipelineError;
use botdet_models::rules::ExpressionError;
use botdet_models::schema::SchemaError;
use botdet_models::sequence::SequenceError;
use botdet_models::state::StateError;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode};

use crate::postgres::values::written;

/// Everything that can go wrong in our own code.
#[derive(Debug)]
pub enum Error {
    Feature(FeatureError),
    Pipeline(PipelineError),
    /// The stored artifact of a version is not sound.
    StoredVersion {
        version: String,
        source: PipelineError,
    },
    UnknownDetector(String),
    UnknownVersion {
        detector: String,
        version: String,
    },
    /// A sequence model's logit of an account depends on which accounts it is run with.
    DependsOnOthers {
        alone: f32,
        beside_others: f32,
    },
    /// This version has no sequence stage that could be replaced.
    NoSequenceStage(String),
    /// Bytes that are no state.
    State(StateError),
    /// Bytes are no engagement series.
    Series(SeriesError),
    /// Bytes that are no events gathered by an aggregate.
    Packed(PackedError),
    NotAnAggregate,
    Group(GroupError),
    /// Of this detector.
    NoAnomalyModel(String),
    /// No version of this detector is active, and it has no rules.
    NoVersion(String),
    /// A row that its detector cannot read.
    Schema(SchemaError),
    /// JSON that is no row.
    NotAnObject(String),
    /// A text that is no condition of a rule.
    Condition(ExpressionError),
    /// A column that the version learned from, and links do not have.
    NoSuchFeature(String),
    NullArgument(&'static str),
    NamesVanish,
    /// A time that has to have come.
    InTheFuture {
        argument: &'static str,
    },
    /// A window of time from `since` until `until`.
    EndsBeforeItBegins {
        since: Timestamp,
        until: Timestamp,
    },
    /// An argument that counts something.
    BelowOne {
        argument: &'static str,
        found: i32,
    },
    NotAStatementTrigger(&'static str),
    NotASource(String),
    /// A trigger function was called by something else.
    NotAnEventTrigger,
    /// The database has the functions of an earlier version than the library's.
    OutdatedFunctions,
    /// What an account had done by then is only known together with what it did later.
    ArchivedMoment {
        account_id: i64,
        as_of: Timestamp,
        archived_until: Timestamp,
    },
    /// An archived state is not sound.
    ArchivedState {
        account_id: i64,
        source: StateError,
    },
    MissingColumn {
        relation: String,
        column: String,
        role: String,
    },
    ColumnType {
        relation: String,
        column: String,
        role: String,
        found: String,
        accepted: &'static str,
    },
}

impl From<FeatureError> for Error {
    fn from(error: FeatureError) -> Self {
        Self::Feature(error)
    }
}

impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        Self::Schema(error)
    }
}

impl From<ExpressionError> for Error {
    fn from(error: ExpressionError) -> Self {
        Self::Condition(error)
    }
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<SeriesError> for Error {
    fn from(error: SeriesError) -> Self {
        Self::Series(error)
    }
}

impl From<PackedError> for Error {
    fn from(error: PackedError) -> Self {
        Self::Packed(error)
    }
}

impl From<PipelineError> for Error {
    fn from(error: PipelineError) -> Self {
        Self::Pipeline(error)
    }
}

impl From<ArtifactError> for Error {
    fn from(error: ArtifactError) -> Self {
        Self::Pipeline(PipelineError::Artifact(error))
    }
}

impl Error {
    /// Whether no account at all can be scored while this lasts.
    pub fn concerns_every_account(&self) -> bool {
        let sequence = match self {
            Self::StoredVersion { .. } | Self::UnknownDetector(_) => return true,
            Self::Pipeline(PipelineError::Sequence(error)) => error,
            _ => return false,
        };
        matches!(sequence, SequenceError::Library { .. } | SequenceError::Model { .. })
    }

    pub fn message(&self) -> String {
        match self {
            Self::Feature(error) => error.to_string(),
            Self::Pipeline(error) => error.to_string(),
            Self::StoredVersion { version, source } => {
                format!("model version {version} cannot be used: {source}")
            }
            Self::State(error) => error.to_string(),
            Self::Series(error) => error.to_string(),
            Self::Packed(error) => error.to_string(),
            Self::NotAnAggregate => "part of the aggregate botdet_state() was called on its own".to_owned(),
            Self::Group(error) => error.to_string(),
            Self::UnknownDetector(detector) => format!("there is no detector {detector}"),
            Self::UnknownVersion { detector, version } => {
                format!("detector {detector} has no model version {version}")
            }
            Self::DependsOnOthers { alone, beside_others } => format!(
                "sequence model answers {alone} for a sequence alone, and {beside_others} beside others"
            ),
            Self::NoSequenceStage(version) => {
                format!("model version {version} has no sequence stage that could be replaced")
            }
            Self::NoAnomalyModel(detector) => format!("no anomaly model is active for detector {detector}"),
            Self::NoVersion(detector) => format!("no model version is active for detector {detector}"),
            Self::Schema(error) => error.to_string(),
            Self::Condition(error) => error.to_string(),
            Self::NoSuchFeature(column) => format!("links have no feature {column}"),
            Self::NotAnObject(found) => format!("features are {found}, not a JSON object"),
            Self::InTheFuture { argument } => format!("{argument} is in the future"),
            Self::EndsBeforeItBegins { since, until } => {
                format!("until is {}, before since, {}", written(*until), written(*since))
            }
            Self::BelowOne { argument, found } => format!("{argument} is {found}, and must be at least 1"),
            Self::NamesVanish => "the names of new accounts are removed as fast as they are added".to_owned(),
            Self::NullArgument(argument) => format!("{argument} is NULL"),
            Self::NotAStatementTrigger(found) => format!("botdet_flag() was fired {found}"),
            Self::NotASource(relation) => {
                format!("botdet_flag() was fired for table {relation}, which is not bound")
            }
            Self::NotAnEventTrigger => "not called by an event trigger".to_owned(),
            Self::OutdatedFunctions => format!(
                "functions of this database are older than the extension's library, which is that of version {}",
                env!("CARGO_PKG_VERSION")
            ),
            Self::ArchivedMoment { account_id, as_of, archived_until } => format!(
                "account {account_id} is archived until {}, and cannot be told as of {}",
                written(*archived_until),
                written(*as_of)
            ),
            Self::ArchivedState { account_id, source } => {
                format!("the archive of account {account_id} cannot be used: {source}")
            }
            Self::MissingColumn { relation, column, role } => {
                format!("table {relation} has no column {column}, given for {role}")
            }
            Self::ColumnType { relation, column, role, found, .. } => {
                format!(
                    "column {column} of table {relation} is of type {found}, which does not do for {role}"
                )
            }
        }
    }

    fn code(&self) -> PgSqlErrorCode {
        match self {
            Self::Feature(FeatureError::Count { .. }) => PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            Self::Feature(_) => PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
            Self::Pipeline(PipelineError::Sequence(error)) => sequence_code(error),
            Self::Pipeline(PipelineError::Onnx(error)) => onnx_code(error),
            Self::Pipeline(_) | Self::State(_) | Self::Series(_) | Self::Packed(_) => {
                PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION
            }
            Self::NotAnAggregate => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            Self::DependsOnOthers { .. } => PgSqlErrorCode::ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
            Self::StoredVersion { source: PipelineError::Sequence(error), .. } => sequence_code(error),
            Self::StoredVersion { .. } => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            Self::Group(_)
            | Self::BelowOne { .. }
            | Self::InTheFuture { .. }
            | Self::EndsBeforeItBegins { .. } => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            Self::UnknownDetector(_) | Self::UnknownVersion { .. } => {
                PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT
            }
            Self::NoAnomalyModel(_) | Self::NoVersion(_) | Self::NoSequenceStage(_) => {
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
            }
            Self::Schema(SchemaError::Names { .. }) => PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            Self::Schema(SchemaError::TooLarge { .. }) => PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
            Self::Schema(_) | Self::NotAnObject(_) => PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            Self::Condition(error) => condition_code(error),
            Self::NoSuchFeature(_) => PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            Self::NamesVanish => PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            Self::NullArgument(_) => PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            Self::MissingColumn { .. } => PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            Self::ColumnType { .. } => PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            Self::ArchivedMoment { .. } => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            Self::ArchivedState { .. } => PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            Self::NotAStatementTrigger(_) | Self::NotASource(_) | Self::NotAnEventTrigger => {
                PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED
            }
            Self::OutdatedFunctions => PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        }
    }

    pub fn hint(&self) -> Option<String> {
        if let Self::ColumnType { accepted, .. } = self {
            return Some(format!("The type may be {accepted}."));
        }
        if let Self::Condition(ExpressionError::UnknownName { nearest: Some(nearest), .. }) = self {
            return Some(format!("Perhaps {nearest} is meant."));
        }
        let hint = match self {
            Self::Condition(_) => Some(
                "A condition compares features: duplicate_rate >= 0.5 and not (followers > 1000 or region in (...)); see the comment of botdet.rule.condition.",
            ),
            Self::Pipeline(PipelineError::Sequence(SequenceError::Library { .. })) => Some(
                "Set botdet.onnxruntime_library to the path of libonnxruntime.so, or botdet.execution_provider to embedded.",
            ),
            Self::Pipeline(PipelineError::Sequence(SequenceError::Timeout { .. })) => {
                Some("Raise botdet.inference_timeout, or score fewer accounts in a call.")
            }
            Self::Pipeline(PipelineError::Onnx(OnnxError::Operator { .. })) => Some(
                "Export the model with standard operators only, without control flow, and with functions inlined.",
            ),
            Self::Pipeline(PipelineError::Onnx(_)) => {
                Some("See botdet_register_onnx() for what a sequence stage has to be like.")
            }
            Self::DependsOnOthers { .. } => Some(
                "A model with an input lengths has to leave out what lies behind them, which is padding.",
            ),
            Self::NoSequenceStage(_) => Some(
                "Name as base a version that was trained with a sequence stage: its decision weighs one.",
            ),
            Self::UnknownVersion { .. } => Some("botdet.model_versions lists the versions there are."),
            Self::Pipeline(PipelineError::Artifact(ArtifactError::Schema { .. })) => {
                Some("Train the model again with the loader of this version.")
            }
            Self::StoredVersion { .. } => {
                Some("Activate another version, or let rules answer: botdet_deactivate().")
            }
            Self::State(StateError::Version { .. }) => {
                Some("It was made by another version: make it again from the rows, by botdet_state().")
            }
            Self::State(_) => Some("botdet_state() and botdet_account_state() make states."),
            Self::Series(_) => Some("botdet_engagement_series() makes series."),
            Self::NotAnAggregate => Some("Call botdet_state()."),
            Self::Schema(_) | Self::NotAnObject(_) => {
                Some("to_jsonb(row) makes an object of a row of the table that the version learned from.")
            }
            Self::UnknownDetector(_) => Some("botdet.detector lists the detectors there are."),
            Self::NoAnomalyModel(_) | Self::NoVersion(_) => {
                Some("Train and publish a version, then botdet_activate() it.")
            }
            Self::InTheFuture { .. } => {
                Some("What is found is dated by it, and would hide what is found until then.")
            }
            Self::NamesVanish => Some("Try again when whoever deletes from botdet.account is done."),
            Self::NotAStatementTrigger(_) => {
                Some("botdet_bind_source() creates the triggers that a table needs.")
            }
            Self::ArchivedMoment { .. } => {
                Some("Ask for a time from then on; botdet.archived_state has that of every account.")
            }
            Self::ArchivedState { .. } => Some(
                "Restore this row of botdet.archived_state, or delete it: what is left of the account's rows then makes its state.",
            ),
            Self::OutdatedFunctions => {
                Some("Run ALTER EXTENSION botdet UPDATE in this database, as a superuser.")
            }
            Self::NotASource(_) => Some("botdet_bind_source() binds a table, and creates its triggers."),
            _ => None,
        };
        hint.map(str::to_owned)
    }

    /// Ends the statement.
    pub fn raise(self) -> ! {
        self.report().report(PgLogLevel::ERROR);
        unreachable!("an error report ends the statement")
    }

    /// Tells the client, and goes on.
    pub fn warn(self) {
        self.report().report(PgLogLevel::WARNING);
    }

    fn report(&self) -> ErrorReport {
        let report = ErrorReport::new(self.code(), self.message(), "botdet");
        match self.hint() {
            Some(hint) => report.set_hint(hint),
            None => report,
        }
    }
}

fn condition_code(error: &ExpressionError) -> PgSqlErrorCode {
    match error {
        ExpressionError::UnknownName { .. } => PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
        ExpressionError::Kind { .. } => PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        ExpressionError::TooLong | ExpressionError::TooComplex | ExpressionError::Pattern { .. } => {
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED
        }
        ExpressionError::Number { .. } => PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        _ => PgSqlErrorCode::ERRCODE_SYNTAX_ERROR,
    }
}

fn sequence_code(error: &SequenceError) -> PgSqlErrorCode {
    match error {
        SequenceError::Library { .. } => PgSqlErrorCode::ERRCODE_CONFIG_FILE_ERROR,
        SequenceError::Model { .. } => PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION,
        // Not a cancel, which goes through whatever would handle an error: the rows of an insert are to stay, and an account of
        // the queue that takes too long is to be noted and passed over.
        SequenceError::Timeout { .. } => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        _ => PgSqlErrorCode::ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
    }
}

fn onnx_code(error: &OnnxError) -> PgSqlErrorCode {
    match error {
        OnnxError::TooMany { .. } => PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        OnnxError::Operator { .. } | OnnxError::NotAllowed(_) | OnnxError::Version { .. } => {
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED
        }
        OnnxError::Malformed(_) | OnnxError::Tensor { .. } | OnnxError::Signature { .. } => {
            PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION
        }
    }
}
