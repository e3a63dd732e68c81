//! How well groups of accounts find the simulated strategies that act in groups.

use std::time::Instant;

use postgres::Client;
use serde::Serialize;

use crate::error::LoaderError;
use crate::output::{Output, figure};
use crate::simulate::Strategy;

/// What one kind of group found of one strategy.
#[derive(Debug, Serialize)]
pub struct GroupFigures {
    /// The SQL function that looked.
    pub function: &'static str,
    /// The strategy that such groups should consist of.
    pub strategy: &'static str,
    /// Accounts found.
    pub found: i64,
    /// Share of them that follow the strategy; absent when none were found.
    pub precision: Option<f64>,
    /// Share of the strategy's accounts that were found; absent when there are none.
    pub recall: Option<f64>,
    /// Seconds the look took.
    pub seconds: f64,
}

/// Looks for amplifiers by what they do together, and for copiers by what they write.
///
/// # Errors
/// Whatever the server refuses.
pub fn judge_groups(
    client: &mut Client,
    source: &str,
    output: Output,
) -> Result<Vec<GroupFigures>, LoaderError> {
    let looks = [
        ("botdet_lockstep", include_str!("../sql/found_in_lockstep.sql"), Strategy::Amplifier),
        ("botdet_duplicates", include_str!("../sql/found_in_duplicates.sql"), Strategy::ContentCopier),
    ];
    let mut judged = Vec::new();
    for (function, sql, strategy) in looks {
        let started = Instant::now();
        let row = client.query_one(sql, &[&source, &strategy.name()])?;
        let (found, right, all): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let share = |of: i64| (of > 0).then(|| right as f64 / of as f64);
        let figures = GroupFigures {
            function,
            strategy: strategy.name(),
            found,
            precision: share(found),
            recall: share(all),
            seconds: started.elapsed().as_secs_f64(),
        };
        output.say(&format!(
            "     {function}() finds {found} accounts in {:.1} s; of {}: precision {}, recall {}",
            figures.seconds,
            figures.strategy,
            figure(figures.precision),
            figure(figures.recall)
        ));
        judged.push(figures);
    }
    Ok(judged)
}
