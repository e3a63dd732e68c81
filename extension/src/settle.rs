//! Scoring accounts beside others who do so, too.
//!
//! Scores are locked in ascending order of account, by everybody. An account is scored before its score is locked, so that nobody
//! waits for a model. Whoever finds, once it holds the lock, that somebody else has written meanwhile cannot know which of the
//! two scores saw more, and scores once more: what is inserted now has to write that score after us, or queues the account.

use std::collections::HashMap;

use botdet_models::pipeline::{ACCOUNT, Depth};

use crate::active;
use crate::error::Error;
use crate::postgres::memory::with_scratch;
use crate::postgres::transaction::with_latest_snapshot;
use crate::runtime;
use crate::scoring::{AccountScore, Purpose, score_accounts};
use crate::store::scores::{self, ScoreRow};

/// Scores accounts fully and writes their scores; returns how many of them are known. They come in ascending order and once each.
///
/// # Errors
/// As [`score_accounts`].
pub fn score(account_ids: &[i64]) -> Result<usize, Error> {
    let (mut scored, writers) = with_latest_snapshot(|| {
        let writers = scores::writers(account_ids);
        score_fully(account_ids).map(|scored| (scored, writers))
    })?;
    // Of an account that was never known there is nothing to say.
    scored.retain(|scored| scored.score.is_some() || writers.contains_key(&scored.account_id));
    with_scratch(|| write(scored.iter().map(ScoreRow::of).collect(), &writers))?;
    Ok(scored.iter().filter(|scored| scored.score.is_some()).count())
}

/// Writes scores that were made of what some snapshot saw, in ascending order of account. `writers` says who had written the
/// score of each, as that snapshot saw it.
///
/// # Errors
/// As [`score_accounts`].
pub fn write(rows: Vec<ScoreRow>, writers: &HashMap<i64, u32>) -> Result<(), Error> {
    let inserted = scores::insert_or_lock(&rows);
    // From here on nobody else writes these scores.
    let is_new = |row: &ScoreRow| inserted.binary_search(&row.account_id()).is_ok();
    let (new, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_new);
    scores::write_shadows(&new);
    let account_ids: Vec<i64> = rows.iter().map(ScoreRow::account_id).collect();
    let now = with_latest_snapshot(|| scores::writers(&account_ids));
    let is_outdated = |row: &ScoreRow| now.get(&row.account_id()) != writers.get(&row.account_id());
    let (outdated, current): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_outdated);
    if !current.is_empty() {
        scores::write(&current);
    }
    if !outdated.is_empty() {
        let account_ids: Vec<i64> = outdated.iter().map(ScoreRow::account_id).collect();
        let scored = with_latest_snapshot(|| score_fully(&account_ids))?;
        let rows: Vec<ScoreRow> = scored.iter().map(ScoreRow::of).collect();
        scores::write(&rows);
    }
    Ok(())
}

fn score_fully(account_ids: &[i64]) -> Result<Vec<AccountScore>, Error> {
    let deployment = active::deployment(ACCOUNT)?;
    runtime::as_batch(account_ids.len(), || {
        score_accounts(account_ids, &deployment, Depth::Full, Purpose::Store)
    })
}
