//! What the service can be told, by environment variable or option. `--help` prints this file's comments.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

/// HTTP service over botdet's SQL functions: health, model versions.
#[derive(Debug, Clone, Parser)]
#[command(name = "botdet-admin-api", version)]
pub struct Config {
    /// Where it listens.
    #[command(flatten)]
    pub service: ServiceConfig,
    /// What it talks to.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// What it writes down.
    #[command(flatten)]
    pub log: LogConfig,
}

/// The listening side.
#[derive(Debug, Clone, Args)]
pub struct ServiceConfig {
    /// Address and port to listen on. The service has no logins yet: another address than loopback opens it to everyone
    /// who can reach that address
    #[arg(long, env = "BOTDET_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Seconds after which a request is given up, 1 to 300; also each query's limit in the database
    #[arg(long, env = "BOTDET_REQUEST_TIMEOUT", value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=300))]
    pub request_timeout: u64,
}

impl ServiceConfig {
    /// The limit of one request.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }
}

/// The database side.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Database to serve, as postgresql://user:password@host/database or postgresql:///database?host=/socket/directory.
    /// Prefer the variable: other users of the machine can read a program's options
    #[arg(long = "database-url", env = "DATABASE_URL", value_name = "DATABASE_URL", hide_env_values = true)]
    pub url: DatabaseUrl,

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
