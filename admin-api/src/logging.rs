//! The log's set-up.

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{LogConfig, LogFormat};
use crate::telemetry::Telemetry;

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter does not parse.
    #[error("log filter `{filter}` is not understood: {source}")]
    Filter {
        /// What was given.
        filter: String,
        /// What the parser says.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Something in this process logs already.
    #[error("the log is set up already")]
    AlreadySet,
}

/// Sends the process's log to standard error, and spans to the collector, once. Both are of what the filter lets through.
pub fn init(config: &LogConfig, telemetry: Option<&Telemetry>) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|source| LogError::Filter { filter: config.filter.clone(), source })?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        // Colour codes only where a person looks.
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => lines.json().with_span_list(false).boxed(),
    };
    let spans = telemetry.map(|telemetry| tracing_opentelemetry::layer().with_tracer(telemetry.tracer()));
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(spans)
        .try_init()
        .map_err(|_| LogError::AlreadySet)
}
