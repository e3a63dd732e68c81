//! Whoever does the jobs.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use super::Job;
use super::chores::Chores;
use super::training::{Workplace, carry_out, clear_away, hand_in};
use crate::error::LoaderError;
use crate::learning::Watch;
use crate::signals::Stop;

/// How often progress is noted at most.
const NOTED: Duration = Duration::from_millis(500);
/// How often a job is tried that loses its connection.
const MOST_ATTEMPTS: i32 = 3;
/// Longest pause of a runner whose database is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

type Connect = dyn Fn(&postgres::Config) -> Result<Client, postgres::Error> + Send + Sync;

/// How sessions are opened: plainly, unless whoever runs jobs speaks with the database over TLS.
#[derive(Clone)]
pub struct Connector(Arc<Connect>);

impl Connector {
    /// Opens sessions like this.
    pub fn new(
        connect: impl Fn(&postgres::Config) -> Result<Client, postgres::Error> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(connect))
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new(|database| database.connect(NoTls))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connector")
    }
}

/// How jobs are run.
#[derive(Clone, Debug)]
pub struct RunnerParams {
    /// The database, by a login that may take on the role botdet_admin.
    pub database: postgres::Config,
    /// How sessions with it are opened.
    pub connector: Connector,
    /// How often to look for a job.
    pub poll: Duration,
    /// How often to look after trials, watches, and what is due.
    pub chores: Duration,
    /// Folder for checkpoints; without one a job that was cut off begins anew.
    pub folder: Option<PathBuf>,
    /// Threads of a training that does not say.
    pub threads: Option<usize>,
}

impl RunnerParams {
    /// The usual settings for a database.
    #[must_use]
    pub fn new(mut database: postgres::Config) -> Self {
        database.application_name("botdet jobs");
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            database,
            connector: Connector::default(),
            poll: Duration::from_secs(2),
            chores: Duration::from_secs(60),
            folder: None,
            // What answers requests beside it is not to wait.
            threads: Some(processors.div_ceil(2)),
        }
    }
}

/// A connected runner.
pub struct Runner {
    params: RunnerParams,
    control: Client,
    chores: Chores,
}

impl Runner {
    /// Connects.
    ///
    /// # Errors
    /// [`LoaderError::Database`] when the server cannot be reached, or the login may not act as botdet_admin.
    pub fn connect(params: RunnerParams) -> Result<Self, LoaderError> {
        let control = connect(&params, "")?;
        Ok(Self { chores: Chores::every(params.chores), params, control })
    }

    /// Does jobs as they come until it is told to stop, whatever happens to the database meanwhile. A job that is under way then is put
    /// back.
    pub fn follow(params: &RunnerParams, stop: &Stop) {
        let mut pause = params.poll;
        loop {
            let failed = match Self::connect(params.clone()) {
                Ok(mut runner) => {
                    pause = params.poll;
                    runner.work(stop).err()
                }
                Err(error) => Some(error),
            };
            if let Some(error) = failed {
                tracing::warn!(%error, "jobs are not run; next attempt in {pause:.0?}");
            }
            if stop.comes_within(pause) {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn work(&mut self, stop: &Stop) -> Result<(), LoaderError> {
        while !stop.comes_within(Duration::ZERO) {
            self.chores.run(&mut self.control)?;
            if !self.run_one(stop)? && stop.comes_within(self.params.poll) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks after what is due, and does jobs until there is none.
    ///
    /// # Errors
    /// [`LoaderError::Database`] when the server goes away. What a job fails with is noted with the job.
    pub fn run_all(&mut self, stop: &Stop) -> Result<usize, LoaderError> {
        self.chores.run(&mut self.control)?;
        let mut done = 0;
        while !stop.comes_within(Duration::ZERO) && self.run_one(stop)? {
            done += 1;
        }
        Ok(done)
    }

    /// Does the next job; false when there is none, or another runner is at one.
    ///
    /// # Errors
    /// As [`Self::run_all`].
    pub fn run_one(&mut self, stop: &Stop) -> Result<bool, LoaderError> {
        let Some(row) = self.control.query_opt(include_str!("../sql/take_job.sql"), &[])? else {
            return Ok(false);
        };
        let job = Job::of(&row)?;
        let ended = self.run_job(&job, stop);
        self.control.execute(include_str!("../sql/drop_jobs.sql"), &[])?;
        ended.map(|()| true)
    }

    fn run_job(&mut self, job: &Job, stop: &Stop) -> Result<(), LoaderError> {
        let Job { job_id, kind, detector, attempt, .. } = job;
        tracing::info!(job_id, kind, detector, attempt, "job begins");
        let workplace = Workplace { folder: self.params.folder.clone(), threads: self.params.threads };
        let mut reporter =
            Reporter { control: &mut self.control, job, stop, noted: None, is_stopped: false, lost: None };
        let done = connect(&self.params, &job.asked_by).and_then(|mut work| {
            let candidate = carry_out(&mut work, job, &workplace, &mut reporter)?;
            reporter.note("registering", 0.97)?;
            hand_in(&mut work, job, &candidate)?;
            Ok(candidate.report)
        });
        let Reporter { is_stopped, lost, .. } = reporter;
        if let Some(error) = lost {
            return Err(error);
        }
        let (state, error) = match done {
            Ok(report) => {
                tracing::info!(job_id, outcome = ?report.outcome, reason = report.reason, "job is done");
                clear_away(&workplace, job);
                return Ok(());
            }
            Err(LoaderError::Cancelled) => (if is_stopped { "waiting" } else { "cancelled" }, None),
            Err(error) if is_connection_lost(&error) && *attempt < MOST_ATTEMPTS => {
                tracing::warn!(job_id, %error, "job is put back");
                ("waiting", None)
            }
            Err(error) => {
                tracing::error!(job_id, %error, "job fails");
                ("failed", Some(error.to_string()))
            }
        };
        if state != "waiting" {
            clear_away(&workplace, job);
        }
        let (version, result) = (None::<String>, None::<serde_json::Value>);
        let ended = self.control.execute(
            include_str!("../sql/end_job.sql"),
            &[job_id, attempt, &state, &error, &version, &result],
        );
        match ended {
            // Somebody else has it, and ends it.
            Err(error) if error.as_db_error().is_some() => {
                tracing::warn!(job_id, %error, "job is not ours any more");
                Ok(())
            }
            ended => Ok(ended.map(|_| ())?),
        }
    }
}

/// A session in the role of administrators, for somebody; for the login itself where nobody is named.
fn connect(params: &RunnerParams, asked_by: &str) -> Result<Client, LoaderError> {
    let mut client = (params.connector.0)(&params.database)?;
    client.execute(include_str!("../sql/act_as_administrator.sql"), &[&asked_by])?;
    Ok(client)
}

fn is_connection_lost(error: &LoaderError) -> bool {
    let LoaderError::Database(error) = error else { return false };
    // Class 57P: the server goes down, or the session was ended.
    error.is_closed() || error.code().is_some_and(|code| code.code().starts_with("57P"))
}

/// Tells the database how far the job is, and hears whether to go on.
struct Reporter<'a> {
    control: &'a mut Client,
    job: &'a Job,
    stop: &'a Stop,
    noted: Option<(Instant, &'static str)>,
    is_stopped: bool,
    /// Why the control session is of no use any more, and the lock with it.
    lost: Option<LoaderError>,
}

impl Watch for Reporter<'_> {
    fn note(&mut self, phase: &'static str, progress: f64) -> Result<(), LoaderError> {
        if self.stop.comes_within(Duration::ZERO) {
            self.is_stopped = true;
            return Err(LoaderError::Cancelled);
        }
        if self.noted.is_some_and(|(at, noted)| noted == phase && at.elapsed() < NOTED) {
            return Ok(());
        }
        self.noted = Some((Instant::now(), phase));
        let Job { job_id, attempt, .. } = self.job;
        match self
            .control
            .query_one(include_str!("../sql/note_job.sql"), &[job_id, attempt, &phase, &progress])
        {
            Ok(row) if row.get(0) => Ok(()),
            Ok(_) => Err(LoaderError::Cancelled),
            Err(error) => {
                self.lost = Some(error.into());
                Err(LoaderError::Cancelled)
            }
        }
    }
}
