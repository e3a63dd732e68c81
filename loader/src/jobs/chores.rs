//! What is looked after now and then, jobs apart.

use std::time::{Duration, Instant};

use postgres::Client;

use crate::error::LoaderError;

/// How often drift is looked for: it counts whole days.
const DRIFT: Duration = Duration::from_secs(3600);

/// What is done each minute, and each hour. All of it may be done by several at a time.
#[derive(Debug)]
pub struct Chores {
    every: Duration,
    done: Option<Instant>,
    drift_checked: Option<Instant>,
}

impl Chores {
    /// Chores that are due at once, and then after this time.
    #[must_use]
    pub fn every(every: Duration) -> Self {
        Self { every, done: None, drift_checked: None }
    }

    /// Does what is due: trials are judged, champions that are watched are rolled back, drift is looked for, and trainings are asked
    /// for.
    ///
    /// # Errors
    /// What the server refuses; the rest is done next time.
    pub fn run(&mut self, client: &mut Client) -> Result<(), LoaderError> {
        if self.done.is_some_and(|at| at.elapsed() < self.every) {
            return Ok(());
        }
        self.done = Some(Instant::now());
        for row in client.query(include_str!("../sql/judge_trials.sql"), &[])? {
            let (version, state, reason): (&str, &str, Option<&str>) = (row.get(0), row.get(1), row.get(2));
            tracing::info!(version, state, reason, "trial");
        }
        client.execute(include_str!("../sql/check_watches.sql"), &[])?;
        if self.drift_checked.is_none_or(|at| at.elapsed() >= DRIFT) {
            let changed = client.execute(include_str!("../sql/check_drift.sql"), &[])?;
            self.drift_checked = Some(Instant::now());
            if changed > 0 {
                tracing::warn!(changed, "drift alerts were raised or cleared");
            }
        }
        for row in client.query(include_str!("../sql/plan_jobs.sql"), &[])? {
            tracing::info!(job_id = row.get::<_, i64>(0), "a training is due");
        }
        Ok(())
    }
}
