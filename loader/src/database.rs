//! The connection, and values on their way through it.

use chrono::{DateTime, Utc};
use postgres::{Client, NoTls};

use crate::error::LoaderError;

/// Connects to the database a URL names.
///
/// # Errors
/// [`LoaderError::Database`] when the URL is wrong or the server does not answer.
pub fn connect(url: &str) -> Result<Client, LoaderError> {
    let mut config: postgres::Config = url.parse()?;
    config.application_name("botdet");
    Ok(config.connect(NoTls)?)
}

/// Microseconds since 1970 as a timestamp.
///
/// # Errors
/// [`LoaderError::Time`] beyond some 260,000 years.
pub fn timestamp(microseconds: i64) -> Result<DateTime<Utc>, LoaderError> {
    DateTime::from_timestamp_micros(microseconds).ok_or(LoaderError::Time(microseconds))
}
