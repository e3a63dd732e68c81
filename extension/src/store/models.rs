//! Reading and registering model versions.

use botdet_models::artifact::Artifact;
use botdet_models::hash::{hash_bytes, mix64};
use botdet_models::pipeline::Overrides;
use botdet_models::rules::RuleSet;
use botdet_models::schema::Schema;
use pgrx::pg_sys;

use crate::error::Error;
use crate::postgres::spi::{Row, Statement};
use crate::postgres::values::{bytes_datum, text_datum};
use crate::store::rules;
use crate::table_rows::Object;

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
    static DETECTORS: Statement = const {
        Statement::reading(include_str!("../sql/detectors.sql"), &[])
    };
    static CHECK_WATCHES: Statement = const {
        Statement::writing(include_str!("../sql/check_watches.sql"), &[])
    };
    static CHECK_DRIFT: Statement = const {
        Statement::writing(include_str!("../sql/check_drift.sql"), &[])
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

/// A registered version.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub model_version_id: i64,
    pub name: String,
    /// Of the artifact, in hexadecimal: what the version is, whatever it is called.
    pub sha256: String,
}

/// A version beside the one that answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Challenger {
    pub version: Version,
    /// Share of the accounts that it answers for; 0: it is only compared.
    pub share: f64,
}

/// How a detector is set up, as the current snapshot sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    pub detector: String,
    pub overrides: Overrides,
    pub insert_mode: InsertMode,
    /// Without one, rules answer.
    pub champion: Option<Version>,
    pub challenger: Option<Challenger>,
    pub rules: RuleSet,
    /// What rows look like as far as that is known without a version, which says it otherwise.
    pub row_schema: Option<Schema>,
}

impl Deployment {
    /// Finds what is wrong with a row that no version looks at, as one would.
    ///
    /// # Errors
    /// [`Error::Schema`] with the name or the value that does not do.
    pub fn check_row(&self, object: &Object) -> Result<(), Error> {
        let schema = self.row_schema.as_ref().filter(|_| self.champion.is_none());
        schema.map_or(Ok(()), |schema| schema.read_json(object).map(|_| ()).map_err(Error::from))
    }

    /// The version that answers for an account, always the same one while the share stays: a larger share adds accounts and
    /// takes none away. For rows without an account it is the champion.
    pub fn serving(&self, account_id: Option<i64>) -> Option<&Version> {
        let challenger = self.challenger.as_ref().zip(account_id);
        let challenger = challenger.filter(|(challenger, account_id)| challenger.answers_for(*account_id));
        challenger.map(|(challenger, _)| &challenger.version).or(self.champion.as_ref())
    }

    /// The versions that answer or are compared, the champion first.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        self.champion.iter().chain(self.challenger.as_ref().map(|challenger| &challenger.version))
    }

    /// The version that is compared without answering.
    pub fn shadow(&self) -> Option<&Version> {
        self.challenger.as_ref().filter(|challenger| challenger.share == 0.0).map(|shadow| &shadow.version)
    }
}

impl Challenger {
    /// Another challenger gets other accounts: the checksum seeds the draw.
    fn answers_for(&self, account_id: i64) -> bool {
        let seed = hash_bytes(self.version.sha256.as_bytes());
        let draw = mix64(seed ^ account_id.cast_unsigned()) >> 11;
        (draw as f64) < self.share * (1u64 << 53) as f64
    }
}

/// Names of all detectors.
pub fn detectors() -> Vec<String> {
    let mut names = Vec::new();
    DETECTORS.with(|statement| {
        statement.run(&[], |row| names.extend(row.text(1).map(std::borrow::Cow::into_owned)));
    });
    names
}

/// # Errors
/// [`Error::UnknownDetector`].
pub fn deployment(detector: &str) -> Result<Deployment, Error> {
    let mut deployment = None;
    ACTIVE.with(|statement| {
        statement.run(&[Some(text_datum(detector))], |row| {
            let deployment = deployment.get_or_insert_with(|| settings_of(detector, row));
            match (version(row), row.float8(8)) {
                (Some(version), Some(share)) => deployment.challenger = Some(Challenger { version, share }),
                (champion @ Some(_), None) => deployment.champion = champion,
                (None, _) => {}
            }
        });
    });
    let deployment = deployment.ok_or_else(|| Error::UnknownDetector(detector.to_owned()))?;
    let row_schema = if deployment.champion.is_none() { rules::row_schema(detector) } else { None };
    Ok(Deployment { rules: rules::of(detector), row_schema, ..deployment })
}

fn settings_of(detector: &str, row: &Row<'_>) -> Deployment {
    Deployment {
        detector: detector.to_owned(),
        overrides: Overrides {
            threshold: row.float8(1),
            automatic_threshold: row.float8(2),
            base_rate: row.float8(3),
        },
        insert_mode: match row.text(4).as_deref() {
            Some("filter") => InsertMode::Filter,
            Some("queue") => InsertMode::Queue,
            Some("off") => InsertMode::Off,
            _ => InsertMode::Inline,
        },
        champion: None,
        challenger: None,
        rules: RuleSet::new(0.0, Vec::new()),
        row_schema: None,
    }
}

fn version(row: &Row<'_>) -> Option<Version> {
    Some(Version {
        model_version_id: row.bigint(5)?,
        name: row.text(6)?.into_owned(),
        sha256: row.text(7)?.into_owned(),
    })
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

/// Rolls back champions that fall short of what is watched; returns how many.
pub fn check_watches() -> i64 {
    CHECK_WATCHES.with(|statement| statement.run(&[], |_| {})) as i64
}

/// Counts what was scored, and raises and clears alerts; returns how many.
pub fn check_drift() -> i64 {
    CHECK_DRIFT.with(|statement| statement.run(&[], |_| {})) as i64
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
