//! The optional background workers, which score what is queued without anybody calling.
//!
//! With `shared_preload_libraries = 'botdet'` the server runs one launcher. It starts a worker for each of the databases that
//! `botdet.worker_databases` names, and stops those that are no longer named. A worker is connected as the bootstrap
//! superuser, and works with the rights of the extension's owner, as the insert trigger does.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::postgres::transaction::as_owner;
use crate::postgres::{background, state_table};
use crate::queue;
use crate::settings;
use crate::store::{models, queue as table};

/// Accounts that are scored in one transaction.
const LIMIT: i32 = 1000;
/// After which a database gets a new worker, when the last one has ended by itself or was terminated: long enough for a
/// `DROP DATABASE`, and for a log with a line each time. A reload of the settings ends the wait.
const RESTART: Duration = Duration::from_secs(60);
/// How often the launcher looks after its workers, when nothing happens.
const ROUND: Duration = Duration::from_secs(10);
/// How often a worker looks after the versions that are watched.
const WATCH: Duration = Duration::from_secs(60);
/// How often a worker counts what was scored, and looks for drift.
const DRIFT: Duration = Duration::from_secs(3600);
/// Longest pause of a worker whose attempts keep failing.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Call once, when the library is loaded.
pub fn init() {
    if background::is_server_starting() {
        background::register("botdet launcher", "botdet launcher", "botdet_launcher_main");
    }
}

/// The life of the launcher.
pub fn launch() {
    background::begin(None, c"botdet launcher");
    // The databases whose workers were started, and since when one is known to have ended.
    let mut started: HashMap<String, Option<Instant>> = HashMap::new();
    loop {
        let wanted = settings::worker_databases();
        let running = background::running();
        running.iter().filter(|database| !wanted.contains(database)).for_each(|name| background::stop(name));
        started.retain(|database, _| wanted.contains(database));
        for database in wanted.iter().filter(|database| !running.contains(database)) {
            let ended = started.get_mut(database).map(|ended| *ended.get_or_insert_with(Instant::now));
            if ended.is_none_or(|at| at.elapsed() >= RESTART) {
                started.insert(database.clone(), None);
                start(database);
            }
        }
        if background::wait(ROUND) {
            started.retain(|_, ended| ended.is_none());
        }
    }
}

fn start(database: &str) {
    if !background::fits_argument(database) {
        pgrx::warning!("botdet.worker_databases names a database that cannot exist: {database}");
    } else if !background::start(
        &format!("botdet worker for {database}"),
        "botdet worker",
        "botdet_worker_main",
        database,
    ) {
        pgrx::warning!(
            "no background worker is free to score the queue of database {database}; max_worker_processes may be too low"
        );
    }
}

/// The life of one database's worker.
pub fn drain() {
    background::begin(Some(&background::argument()), c"botdet worker");
    let mut pause = settings::worker_interval();
    let mut watched = Turn::every(WATCH);
    let mut compared = Turn::every(DRIFT);
    loop {
        if watched.is_due()
            && let Err(reason) =
                background::in_transaction(c"botdet: checking what is watched", check_watches)
        {
            pgrx::warning!("what is watched was not checked: {reason}");
        }
        match background::in_transaction(c"botdet: scoring queued accounts", score_some) {
            Ok(0) => {
                // Seconds of work, for which no account should wait.
                if compared.is_due()
                    && let Err(reason) = background::in_transaction(c"botdet: looking for drift", check_drift)
                {
                    pgrx::warning!("what is scored was not compared: {reason}");
                }
                pause = settings::worker_interval();
                background::wait(pause);
            }
            Ok(_) => {
                background::heed_signals();
            }
            Err(reason) => {
                pause = (pause * 2).min(LONGEST_PAUSE).max(settings::worker_interval());
                pgrx::warning!("queued accounts were not scored, next attempt in {pause:.0?}: {reason}");
                pause_for(pause);
            }
        }
    }
}

/// What is done now and then, for the first time at once.
struct Turn {
    every: Duration,
    last: Option<Instant>,
}

impl Turn {
    fn every(every: Duration) -> Self {
        Self { every, last: None }
    }

    /// Whether it is time, which is then told only after as long again.
    fn is_due(&mut self) -> bool {
        let is_due = self.last.is_none_or(|at| at.elapsed() >= self.every);
        if is_due {
            self.last = Some(Instant::now());
        }
        is_due
    }
}

/// Waits out the whole pause, whatever wakes us in between.
fn pause_for(pause: Duration) {
    let began = Instant::now();
    while let Some(rest) = pause.checked_sub(began.elapsed()) {
        background::wait(rest);
    }
}

/// Rolls back versions that fall short of what is watched; none where the database has no extension (yet).
fn check_watches() -> i64 {
    if !table::exists() {
        return 0;
    }
    as_owner(state_table::owner(), models::check_watches)
}

/// Counts what was scored, and raises and clears alerts; nothing where the database has no extension (yet).
fn check_drift() -> i64 {
    if !table::exists() {
        return 0;
    }
    as_owner(state_table::owner(), models::check_drift)
}

/// Scores some accounts; none where the database has no extension (yet).
fn score_some() -> i64 {
    if !table::exists() {
        return 0;
    }
    as_owner(state_table::owner(), || queue::score_pending(LIMIT).unwrap_or_else(|error| error.raise()))
}
