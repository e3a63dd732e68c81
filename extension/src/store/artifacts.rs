//! Artifacts of registered versions.

use botdet_models::artifact::Artifact;
use pgrx::pg_sys;

use super::models::with_artifact;
use crate::active;
use crate::error::Error;
use crate::postgres::spi::Statement;
use crate::postgres::values::text_datum;

thread_local! {
    static NUMBER: Statement = const {
        Statement::reading(include_str!("../sql/version_number.sql"), &[pg_sys::TEXTOID, pg_sys::TEXTOID])
    };
}

/// Name and artifact of a version of a detector; of the active one where none is named.
///
/// # Errors
/// [`Error::UnknownVersion`]; [`Error::NoVersion`] where none is active; [`Error::StoredVersion`].
pub fn of_version(detector: &str, version: Option<&str>) -> Result<(String, Artifact), Error> {
    let (number, version) = match version {
        Some(version) => (number(detector, version)?, version.to_owned()),
        None => {
            let deployment = active::deployment(detector)?;
            let champion = deployment.champion.as_ref();
            let champion = champion.ok_or_else(|| Error::NoVersion(detector.to_owned()))?;
            (champion.model_version_id, champion.name.clone())
        }
    };
    match with_artifact(number, Artifact::from_bytes) {
        Some(Ok(artifact)) => Ok((version, artifact)),
        Some(Err(error)) => Err(Error::StoredVersion { version, source: error.into() }),
        None => Err(Error::UnknownVersion { detector: detector.to_owned(), version }),
    }
}

fn number(detector: &str, version: &str) -> Result<i64, Error> {
    let mut found = None;
    NUMBER.with(|statement| {
        let arguments = [Some(text_datum(detector)), Some(text_datum(version))];
        statement.run(&arguments, |row| found = row.bigint(1));
    });
    found.ok_or_else(|| Error::UnknownVersion { detector: detector.to_owned(), version: version.to_owned() })
}
