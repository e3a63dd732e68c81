//! `botdet score`.

use std::time::{Duration, Instant};

use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::follow::drain;
use super::{DatabaseOptions, OutputOptions};
use crate::error::{LoaderError, check_option};
use crate::output::{Output, evaluation_table};
use crate::training::dataset::compare_accounts;
use crate::training::evaluation::{Evaluation, Judged, Truth};

/// Accounts that are scored in one statement.
const BATCH: usize = 500;
/// Bounds of `--interval`, in seconds.
const SHORTEST_INTERVAL: f64 = 0.01;
const LONGEST_INTERVAL: f64 = 86_400.0;

/// Score the accounts of a source in the database, and judge the scores where labels are known.
#[derive(Debug, Args)]
pub struct Score {
    /// Source to score
    #[arg(long, default_value = "default")]
    source: String,
    /// Score the accounts that wait in the queue instead, and end when there are none
    #[arg(long, conflicts_with = "source")]
    queued: bool,
    /// As --queued, but go on until Ctrl-C or a SIGTERM: look again after a while
    #[arg(long, conflicts_with = "source")]
    follow: bool,
    /// Seconds until --follow looks again at a queue that was empty
    #[arg(long, default_value_t = 1.0, requires = "follow")]
    interval: f64,
    /// Accounts of the queue that are scored in one transaction
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(i32).range(1..))]
    limit: i32,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// What a scoring run did.
#[derive(Debug, Serialize)]
pub struct ScoringReport {
    /// Accounts scored.
    pub accounts: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Accounts a second.
    pub accounts_per_second: f64,
    /// Accounts that were called bots.
    pub flagged: u64,
    /// Figures over the labelled accounts; absent when there are none.
    pub figures: Option<Evaluation>,
}

impl Score {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        let mut client = self.database.connect()?;
        if self.queued || self.follow {
            check_option("--interval", self.interval, SHORTEST_INTERVAL, LONGEST_INTERVAL)?;
            let again = self.follow.then(|| Duration::from_secs_f64(self.interval));
            return drain(&mut client, self.limit, again, output);
        }
        let report = score(&mut client, &self.source, output)?;
        output.figures(&report, || {
            let figures = report.figures.as_ref().map(evaluation_table).unwrap_or_default();
            format!(
                "{} accounts scored in {:.1} s ({:.0} a second), {} flagged\n\n{figures}",
                report.accounts, report.seconds, report.accounts_per_second, report.flagged
            )
        })
    }
}

/// Scores every account of a source, and writes `botdet.score`.
///
/// # Errors
/// [`LoaderError::SourceEmpty`], or what the server refuses.
pub fn score(client: &mut Client, source: &str, output: Output) -> Result<ScoringReport, LoaderError> {
    let rows = client.query(include_str!("../sql/accounts_of_source.sql"), &[&source])?;
    if rows.is_empty() {
        return Err(LoaderError::SourceEmpty(source.to_owned()));
    }
    let account_ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    let started = Instant::now();
    compare_accounts(client)?;
    let bar = output.progress(Some(account_ids.len() as u64), "scoring");
    for batch in account_ids.chunks(BATCH) {
        client.execute(include_str!("../sql/store_scores.sql"), &[&batch])?;
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    let flagged: i64 = client.query_one(include_str!("../sql/count_flagged.sql"), &[&account_ids])?.get(0);
    Ok(ScoringReport {
        accounts: account_ids.len() as u64,
        seconds,
        accounts_per_second: account_ids.len() as f64 / seconds,
        flagged: flagged as u64,
        figures: judge_stored(client, &account_ids)?,
    })
}

/// Judges the stored scores of accounts; `None` when none of them has a label.
///
/// # Errors
/// [`LoaderError::Database`].
pub fn judge_stored(client: &mut Client, account_ids: &[i64]) -> Result<Option<Evaluation>, LoaderError> {
    let rows = client.query(include_str!("../sql/judged_scores.sql"), &[&account_ids])?;
    let judged: Vec<Judged> =
        rows.iter().map(|row| Judged { probability: row.get(0), is_bot: row.get(1) }).collect();
    let truth: Vec<Truth> =
        rows.iter().map(|row| Truth { is_bot: row.get(2), strategy: row.get(3) }).collect();
    Ok((!truth.is_empty()).then(|| Evaluation::of(&judged, &truth)))
}
