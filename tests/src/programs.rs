//! Programs that come with PostgreSQL.

use std::path::PathBuf;
use std::process::Command;

use postgres::Config;
use postgres::config::Host;

use crate::database::TestDatabase;
use crate::server;
use crate::sql::Sql;

/// A program of the server's version, set to connect to a test database.
///
/// # Panics
/// When the server is not reached through a socket directory or by name.
#[must_use]
pub fn program(name: &str, database: &TestDatabase) -> Command {
    let config = database.config();
    let host = match config.get_hosts().first() {
        Some(Host::Unix(directory)) => directory.display().to_string(),
        Some(Host::Tcp(host)) => host.clone(),
        None => unreachable!("DATABASE_URL names no host"),
    };
    let port = config.get_ports().first().map_or(5432, |port| *port);
    let mut command = Command::new(directory().join(name));
    command
        .env("PGHOST", host)
        .env("PGPORT", port.to_string())
        .env("PGDATABASE", database.name())
        .env("PGUSER", config.get_user().unwrap_or("postgres"));
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).into_owned());
    }
    command
}

/// The program `botdet`, set to work on the database that a connection's settings name.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn botdet(config: &Config) -> Command {
    own("botdet", config)
}

/// The service, set to serve that database.
///
/// # Panics
/// When it was not built.
#[must_use]
pub fn admin_api(config: &Config) -> Command {
    own("botdet-admin-api", config)
}

fn own(name: &str, config: &Config) -> Command {
    let own = std::env::current_exe().expect("a program knows where it lies");
    let path = own.ancestors().nth(2).expect("tests lie two folders deep").join(name);
    assert!(path.exists(), "{} is not there: cargo build", path.display());
    let host = match config.get_hosts().first() {
        Some(Host::Unix(directory)) => directory.display().to_string(),
        Some(Host::Tcp(host)) => host.clone(),
        None => unreachable!("the settings name no host"),
    };
    let mut url = format!(
        "host='{host}' port={} user='{}' dbname='{}'",
        config.get_ports().first().unwrap_or(&5432),
        config.get_user().unwrap_or("postgres"),
        config.get_dbname().unwrap_or("postgres")
    );
    if let Some(password) = config.get_password() {
        url.push_str(&format!(" password='{}'", String::from_utf8_lossy(password)));
    }
    let mut command = Command::new(path);
    command.env("DATABASE_URL", url);
    command
}

/// Runs a program that must succeed; returns what it printed.
///
/// # Panics
/// When it cannot be started or fails.
pub fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| unreachable!("cannot run {command:?}: {error}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Client programs beside the configuration program that the build uses; where that is not set, those the server names.
pub(crate) fn directory() -> PathBuf {
    if let Some(directory) =
        option_env!("PGRX_PG_CONFIG_PATH").and_then(|path| std::path::Path::new(path).parent())
    {
        return directory.to_owned();
    }
    let bindir: String =
        server::connect("postgres").value("SELECT setting FROM pg_config WHERE name = 'BINDIR'", &[]);
    PathBuf::from(bindir)
}
