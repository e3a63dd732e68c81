//! `botdet score --queued` and `--follow`: scoring what waits in the queue.

use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, NoTls};
use serde::Serialize;

use crate::error::LoaderError;
use crate::output::Output;
use crate::signals::Stop;

/// What was done.
#[derive(Debug, Default, Serialize)]
pub struct FollowReport {
    /// Accounts that left the queue.
    pub accounts: u64,
    /// Transactions that took some.
    pub batches: u64,
    /// Seconds spent on them.
    pub seconds: f64,
}

/// Scores what is queued, `limit` accounts a transaction, until nothing waits; with `again`, looks once more after that time, and
/// ends at Ctrl-C or SIGTERM. A transaction that is under way then is cancelled, which gives its accounts back.
///
/// # Errors
/// [`LoaderError::Abandoned`] when the server refuses or goes away: starting the program again is for whoever runs it.
pub fn drain(
    client: &mut Client,
    limit: i32,
    again: Option<Duration>,
    output: Output,
) -> Result<(), LoaderError> {
    let token = client.cancel_token();
    let stop = Stop::listen(move || {
        // A server that is gone has nothing to cancel.
        let _ = token.cancel_query(NoTls);
    })?;
    let mut report = FollowReport::default();
    loop {
        match score_some(client, limit, &mut report, output) {
            Ok(0) => match again {
                Some(interval) if !stop.comes_within(interval) => {}
                _ => break,
            },
            Ok(_) if stop.comes_within(Duration::ZERO) => break,
            Ok(_) => {}
            Err(error) if is_cancel(&error) && stop.comes_within(Duration::ZERO) => break,
            Err(source) => return Err(LoaderError::Abandoned { accounts: report.accounts, source }),
        }
    }
    output.figures(&report, || format!("{} accounts scored in {:.1} s", report.accounts, report.seconds))
}

fn score_some(
    client: &mut Client,
    limit: i32,
    report: &mut FollowReport,
    output: Output,
) -> Result<i64, postgres::Error> {
    let started = Instant::now();
    let accounts: i64 = client.query_one(include_str!("../sql/score_pending.sql"), &[&limit])?.get(0);
    if accounts > 0 {
        let seconds = started.elapsed().as_secs_f64();
        report.accounts += accounts as u64;
        report.batches += 1;
        report.seconds += seconds;
        output.say(&format!("{accounts} accounts scored in {seconds:.2} s"));
    }
    Ok(accounts)
}

fn is_cancel(error: &postgres::Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}
