//! Reading and registering model versions.

use botdet_models::artifact::Artifact;
use pgrx::pg_sys;

use crate::error::Error;
use crate::postgres::spi::Statement;
use crate::postgres::values::{bytes_datum, text_datum};

thread_local! {
    static ACTIVE: Statement = const {
        Statement::reading(include_str!("../sql/active_version.sql"), &[pg_sys::TEXTOID])
    };
    static ARTIFACT: Statement = const {
        Statement::reading(include_str!("../sql/artifact.sql"), &[pg_sys::INT8OID])
    };
    static DETECTOR: Statement = const {
        Statement::reading(include_str!("../sql/detector_exists.sql"), &[pg_sys::TEXTOID])
    };
    static REGISTER: Statement = const {
        Statement::writing(
            include_str!("../sql/register_model.sql"),
            &[
                pg_sys::TEXTOID,
                pg_sys::TEXTOID,
                pg_sys::BYTEAOID,
                pg_sys::TEXTOID,
                pg_sys::TEXTOID,
                pg_sys::TEXTOID,
            ],
        )
    };
}

/// What `botdet_flag()` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertMode {
    /// Scores fully.
    Inline,
    /// Stops after stage 1, and queues the accounts that a deeper stage would have looked at.
    Filter,
    /// Queues accounts, to be scored later.
    Queue,
    /// Only keeps states.
    Off,
}

/// How a detector is set up, as the current snapshot sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    pub detector: String,
    /// Overrides the model's threshold.
    pub threshold: Option<f64>,
    pub insert_mode: InsertMode,
    /// Number and name of the version that answers.
    pub version: Option<(i64, String)>,
}

/// # Errors
/// [`Error::UnknownDetector`].
pub fn deployment(detector: &str) -> Result<Deployment, Error> {
    let mut found = None;
    ACTIVE.with(|statement| {
        statement.run(&[Some(text_datum(detector))], |row| {
            let version = row.text(4).map(std::borrow::Cow::into_owned);
            found = Some(Deployment {
                detector: detector.to_owned(),
                threshold: row.float8(1),
                insert_mode: match row.text(2).as_deref() {
                    Some("filter") => InsertMode::Filter,
                    Some("queue") => InsertMode::Queue,
                    Some("off") => InsertMode::Off,
                    _ => InsertMode::Inline,
                },
                version: row.bigint(3).zip(version),
            });
        });
    });
    found.ok_or_else(|| Error::UnknownDetector(detector.to_owned()))
}

/// Hands over the bytes of a version's artifact; `None` when there is no such version.
pub fn with_artifact<R>(model_version_id: i64, work: impl FnOnce(&[u8]) -> R) -> Option<R> {
    let (mut work, mut result) = (Some(work), None);
    ARTIFACT.with(|statement| {
        statement.run(&[Some(model_version_id.into())], |row| {
            result = row.bytes(1).zip(work.take()).map(|(bytes, work)| work(bytes));
        });
    });
    result
}

/// Stores a checked artifact and returns the version's name.
///
/// # Errors
/// [`Error::UnknownDetector`].
pub fn register(artifact: &Artifact, bytes: &[u8], comment: Option<&str>) -> Result<String, Error> {
    let detector = &artifact.manifest().detector;
    let exists = DETECTOR.with(|statement| statement.run(&[Some(text_datum(detector))], |_| {}));
    if exists == 0 {
        return Err(Error::UnknownDetector(detector.clone()));
    }
    let checksum = Artifact::sha256(bytes);
    let version = artifact.version(&checksum);
    let manifest = serde_json::to_string(artifact.manifest()).unwrap_or_default();
    let arguments = [
        Some(text_datum(detector)),
        Some(text_datum(&version)),
        Some(bytes_datum(bytes)),
        Some(text_datum(&checksum)),
        Some(text_datum(&manifest)),
        comment.map(text_datum),
    ];
    REGISTER.with(|statement| statement.run(&arguments, |_| {}));
    Ok(version)
}
