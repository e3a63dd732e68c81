//! Jobs of `botdet.job`, done one at a time: what `botdet jobs` and the service run.
//!
//! ```text
//! control session: lock ─► take ─► note, note, note ─► end        asks and reports, holds the lock
//! work session:                     read, fit, compare ─► register, begin a trial, end the job: one transaction
//! ```
//!
//! A runner that crashes loses its control session, and with it the lock: the next one takes the job up again. A runner that was only
//! believed dead is told so when it notes or ends: each attempt has a number.

mod chores;
mod runner;
mod training;

pub use chores::Chores;
pub use runner::{Connector, Runner, RunnerParams};

use postgres::Row;
use serde_json::Value;

/// A job that was taken.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub job_id: i64,
    /// retrain or update.
    pub kind: String,
    /// For which detector.
    pub detector: String,
    /// Settings that differ from the usual ones.
    pub parameters: Value,
    /// Who asked for it.
    pub asked_by: String,
    /// How often it was taken up, this time included.
    pub attempt: i32,
}

impl Job {
    fn of(row: &Row) -> Result<Self, postgres::Error> {
        Ok(Self {
            job_id: row.try_get(0)?,
            kind: row.try_get(1)?,
            detector: row.try_get(2)?,
            parameters: row.try_get(3)?,
            asked_by: row.try_get(4)?,
            attempt: row.try_get(5)?,
        })
    }
}
