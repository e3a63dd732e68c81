//! What the service can be told, by environment variable or option. `--help` prints this file's comments.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::access::Role;

/// HTTP service over botdet's SQL functions: scores, model versions, reviews, drift. Without a command it serves.
#[derive(Debug, Clone, Parser)]
#[command(name = "botdet-admin-api", version)]
pub struct Config {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where it listens.
    #[command(flatten)]
    pub service: ServiceConfig,
    /// How much of it a client may ask for.
    #[command(flatten)]
    pub limits: LimitsConfig,
    /// What it talks to.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Whether it speaks TLS.
    #[command(flatten)]
    pub tls: TlsConfig,
    /// What it trains.
    #[command(flatten)]
    pub jobs: JobsConfig,
    /// What it writes down.
    #[command(flatten)]
    pub log: LogConfig,
    /// Where it sends traces.
    #[command(flatten)]
    pub telemetry: TelemetryConfig,
}

/// What the program does instead of serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Make, list and revoke the tokens that clients show
    #[command(subcommand)]
    Token(TokenCommand),
}

/// What is done with tokens.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, once: it is not kept, only its SHA-256
    Create {
        /// Who holds it: the name in audit, labels and reviews
        holder: String,
        /// Role of the database in which the service acts for it
        #[arg(long, value_enum, default_value_t = Role::Reader)]
        role: Role,
        /// Days for which it holds, 1 to 3650
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i32).range(1..=3650))]
        days: i32,
        /// Remark to keep with it
        #[arg(long)]
        note: Option<String>,
    },
    /// List all tokens, also those that hold no more
    List,
    /// End a token at once
    Revoke {
        /// Number of the token
        token_id: i64,
    },
}

/// The listening side.
#[derive(Debug, Clone, Args)]
pub struct ServiceConfig {
    /// Address and port to listen on. Without --tls-certificate tokens are sent in the clear: for another address than loopback,
    /// give one, or put a server that speaks TLS before it
    #[arg(long, env = "BOTDET_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Seconds after which a request is given up, 1 to 300; also each query's limit in the database
    #[arg(long, env = "BOTDET_REQUEST_TIMEOUT", value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=300))]
    pub request_timeout: u64,

    /// Seconds that requests under way get to end when the service is told to stop, 1 to 300
    #[arg(long, env = "BOTDET_STOP_GRACE", value_name = "SECONDS", default_value_t = 8,
          value_parser = clap::value_parser!(u64).range(1..=300))]
    pub stop_grace: u64,

    /// Say that people reach the pages by TLS only, which a server before this one ends: cookies are then sent by TLS alone
    #[arg(long, env = "BOTDET_BEHIND_TLS")]
    pub behind_tls: bool,

    /// Answer /predict and /predict_batch without a token, as clients of the usual Python service expect: for networks that
    /// only such clients can reach
    #[arg(long, env = "BOTDET_OPEN_PREDICTIONS")]
    pub open_predictions: bool,
}

impl ServiceConfig {
    /// The limit of one request.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// What requests under way get when the service is told to stop.
    pub fn stop_grace(&self) -> Duration {
        Duration::from_secs(self.stop_grace)
    }
}

/// Bounds of what clients may ask for.
#[derive(Debug, Clone, Args)]
pub struct LimitsConfig {
    /// Requests that a token may make each second, for long, 1 to 100000; past it the answer is 429
    #[arg(long, env = "BOTDET_RATE", value_name = "REQUESTS", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,

    /// Requests that a token may make at once after a pause, 1 to 100000
    #[arg(long, env = "BOTDET_BURST", value_name = "REQUESTS", default_value_t = 200,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub burst: u32,

    /// Size of a request's body in MiB, 1 to 256, artifacts apart
    #[arg(long, env = "BOTDET_BODY_LIMIT", value_name = "MIB", default_value_t = 16,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub body_limit: u16,

    /// Size of an artifact in MiB, 1 to 1023
    #[arg(long, env = "BOTDET_ARTIFACT_LIMIT", value_name = "MIB", default_value_t = 256,
          value_parser = clap::value_parser!(u16).range(1..=1023))]
    pub artifact_limit: u16,
}

impl LimitsConfig {
    /// The limit of a body, in bytes.
    pub fn body_bytes(&self) -> usize {
        usize::from(self.body_limit) << 20
    }

    /// The limit of an artifact, in bytes.
    pub fn artifact_bytes(&self) -> usize {
        usize::from(self.artifact_limit) << 20
    }
}

/// The database side.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Database to serve, by a login that is a member of botdet_service, as postgresql://user:password@host/database or postgresql:///database?host=/socket/directory.
    /// Prefer the variable: other users of the machine can read a program's options
    #[arg(long = "database-url", env = "DATABASE_URL", value_name = "DATABASE_URL", hide_env_values = true)]
    pub url: DatabaseUrl,

    /// File with that login's password, in the place of one in the address; a line end after it does not count
    #[arg(long = "database-password-file", env = "BOTDET_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// File with the certificates, in PEM, that vouch for the database: connections are encrypted then, and to nobody else.
    /// Without it they are not encrypted
    #[arg(long = "database-ca", env = "BOTDET_DATABASE_CA", value_name = "FILE")]
    pub authorities: Option<PathBuf>,

    /// Connections kept to the database at most, 1 to 100
    #[arg(long, env = "BOTDET_POOL_SIZE", value_name = "CONNECTIONS", default_value_t = 8,
          value_parser = clap::value_parser!(u16).range(1..=100))]
    pub pool_size: u16,

    /// Seconds to wait for a connection, a new one or a free one, 1 to 60
    #[arg(long, env = "BOTDET_CONNECT_TIMEOUT", value_name = "SECONDS", default_value_t = 3,
          value_parser = clap::value_parser!(u64).range(1..=60))]
    pub connect_timeout: u64,
}

/// A connection string. It may hold a password, so it is never shown, and it is checked only where no message repeats it.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The connection string itself, for the driver.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DatabaseUrl(hidden)")
    }
}

/// Encryption of what clients send and get.
#[derive(Debug, Clone, Args)]
pub struct TlsConfig {
    /// File with the certificate, then those that vouch for it, in PEM: the service then speaks TLS alone. Read again at SIGHUP
    #[arg(long = "tls-certificate", env = "BOTDET_TLS_CERTIFICATE", value_name = "FILE")]
    pub certificate: Option<PathBuf>,

    /// File with the certificate's private key, in PEM
    #[arg(long = "tls-key", env = "BOTDET_TLS_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// Traces, which are sent only where a collector is named. The variables are OpenTelemetry's own.
#[derive(Debug, Clone, Args)]
pub struct TelemetryConfig {
    /// Collector of traces, as http://host:4318, spoken with by OTLP over HTTP
    #[arg(long = "otlp-endpoint", env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub collector: Option<String>,

    /// Share of the requests that are traced, 0 to 1; a request that belongs to a trace already is traced where that is
    #[arg(long = "trace-share", env = "OTEL_TRACES_SAMPLER_ARG", value_name = "SHARE", default_value_t = 1.0, value_parser = share)]
    pub share: f64,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("it is a number from 0 to 1".to_owned()),
    }
}

/// Trainings that were asked for or are due. Of several services on one database, one runs them at a time.
#[derive(Debug, Clone, Args)]
pub struct JobsConfig {
    /// Leave jobs, trials and alerts to others: other services, or botdet jobs --follow
    #[arg(long, env = "BOTDET_NO_JOBS")]
    pub no_jobs: bool,

    /// Folder for checkpoints: the training of a sequence model that was cut off goes on from there, and otherwise begins anew
    #[arg(long, env = "BOTDET_JOB_FOLDER", value_name = "FOLDER")]
    pub job_folder: Option<PathBuf>,

    /// Threads of a training; half as many as there are processors by default
    #[arg(long, env = "BOTDET_JOB_THREADS", value_name = "THREADS",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub job_threads: Option<u16>,
}

/// The log, which goes to standard error.
#[derive(Debug, Clone, Args)]
pub struct LogConfig {
    /// What to log: a level (error, warn, info, debug, trace) or module=level pairs
    #[arg(long = "log", env = "BOTDET_LOG", value_name = "FILTER", default_value = "info")]
    pub filter: String,

    /// How to log it
    #[arg(long, env = "BOTDET_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}
