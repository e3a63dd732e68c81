//! Scoring the accounts that wait in `botdet.score_queue`.
//!
//! Any number of sessions may do so at once, beside those that insert. Rows of the queue are never waited for; scores are locked in
//! ascending order of account, by everybody. An account is scored before its score is locked, so that nobody waits for a
//! model. Whoever finds, once it holds the lock, that somebody else has written meanwhile cannot know which of the two scores
//! saw more, and scores once more: what is inserted now has to write that score after us, or queues the account again.

use std::collections::HashMap;

use botdet_models::pipeline::Depth;

use crate::active;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::memory::with_scratch;
use crate::postgres::subtransaction::{attempt_unless, is_circumstance};
use crate::postgres::transaction::with_latest_snapshot;
use crate::scoring::{AccountScore, score_accounts};
use crate::store::{queue, scores};

/// Accounts that are scored, and then written, at a time.
const BATCH: usize = 1024;

/// Takes accounts out of the queue, the oldest first, and scores them; returns how many. One that cannot be scored gets the
/// reason instead.
///
/// # Errors
/// [`Error`] when `limit` makes no sense, or none can be scored at all: the transaction then has to be rolled back, which
/// puts all of them back.
pub fn score_pending(limit: i32) -> Result<i64, Error> {
    if limit < 1 {
        return Err(Error::Limit(limit));
    }
    let account_ids: Vec<i64> = with_scratch(|| queue::claim(limit)).into_iter().collect();
    account_ids.chunks(BATCH).try_for_each(score_or_note)?;
    Ok(account_ids.len() as i64)
}

/// Scores accounts. When that fails, halves of them, so that only those which are to blame are left out.
fn score_or_note(account_ids: &[i64]) -> Result<(), Error> {
    check_for_interrupts();
    let scored = attempt_unless(is_circumstance, || match score(account_ids) {
        // Raised, an error takes along what was written before it.
        Err(error) if !error.concerns_every_account() => error.raise(),
        result => result,
    });
    match (scored, account_ids) {
        (Ok(result), _) => result,
        (Err(reason), [account_id]) => {
            note(*account_id, &reason);
            Ok(())
        }
        (Err(_), _) => {
            let (lower, upper) = account_ids.split_at(account_ids.len() / 2);
            score_or_note(lower)?;
            score_or_note(upper)
        }
    }
}

fn note(account_id: i64, reason: &str) {
    if let Err(refusal) = attempt_unless(is_circumstance, || scores::write_failure(&[account_id], reason)) {
        pgrx::warning!(
            "account {account_id} has no new score, which could not be noted: {reason}; {refusal}"
        );
    }
}

fn score(account_ids: &[i64]) -> Result<(), Error> {
    let (scored, writers) = with_latest_snapshot(|| {
        let writers = scores::writers(account_ids);
        score_fully(account_ids).map(|scored| (scored, writers))
    })?;
    let inserted = with_scratch(|| scores::insert_or_lock(&scored));
    // From here on nobody else writes these scores.
    let (outdated, mut scored) = with_latest_snapshot(|| outdated(scored, &writers, &inserted));
    if !outdated.is_empty() {
        scored.extend(with_latest_snapshot(|| score_fully(&outdated))?);
        scored.sort_unstable_by_key(|scored| scored.account_id);
    }
    with_scratch(|| scores::write(&scored));
    Ok(())
}

fn score_fully(account_ids: &[i64]) -> Result<Vec<AccountScore>, Error> {
    score_accounts(account_ids, &active::deployment()?, Depth::Full)
}

/// Accounts whose stored score is no longer that of before; and the scores of the others, without those inserted already.
fn outdated(
    scored: Vec<AccountScore>,
    before: &HashMap<i64, u32>,
    inserted: &[i64],
) -> (Vec<i64>, Vec<AccountScore>) {
    let account_ids: Vec<i64> = scored.iter().map(|scored| scored.account_id).collect();
    let now = scores::writers(&account_ids);
    let is_inserted = |account_id: &i64| inserted.binary_search(account_id).is_ok();
    let is_outdated = |account_id: &i64| now.get(account_id) != before.get(account_id);
    let rest = scored.into_iter().filter(|scored| !is_inserted(&scored.account_id));
    let (outdated, unchanged): (Vec<_>, Vec<_>) = rest.partition(|scored| is_outdated(&scored.account_id));
    (outdated.into_iter().map(|scored| scored.account_id).collect(), unchanged)
}
