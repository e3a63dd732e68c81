//! Scoring the accounts that wait in `botdet.score_queue`.
//!
//! Any number of sessions may do so at once, beside those that insert: rows of the queue are never waited for, and
//! [`settle`] writes the scores.

use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::memory::with_scratch;
use crate::postgres::subtransaction::{attempt_unless, is_circumstance};
use crate::settle;
use crate::store::{queue, scores};

/// Accounts that are scored, and then written, at a time.
const BATCH: usize = 1024;

/// Takes accounts out of the queue, the oldest first, and scores them, at most `limit` by each detector; returns how many. One
/// that cannot be scored gets the reason instead.
///
/// # Errors
/// [`Error`] when `limit` makes no sense, or none can be scored at all: the transaction then has to be rolled back, which
/// puts all of them back.
pub fn score_pending(limit: i32) -> Result<i64, Error> {
    if limit < 1 {
        return Err(Error::BelowOne { argument: "limit", found: limit });
    }
    let account_ids: Vec<i64> = with_scratch(|| queue::claim(limit)).into_iter().collect();
    account_ids.chunks(BATCH).try_for_each(score_or_note)?;
    Ok(account_ids.len() as i64 + queue::score_engagement(limit))
}

/// Scores accounts. When that fails, halves of them, so that only those which are to blame are left out.
fn score_or_note(account_ids: &[i64]) -> Result<(), Error> {
    check_for_interrupts();
    let scored = attempt_unless(is_circumstance, || match settle::score(account_ids) {
        // Raised, an error takes along what was written before it.
        Err(error) if !error.concerns_every_account() => error.raise(),
        result => result,
    });
    match (scored, account_ids) {
        (Ok(result), _) => result.map(|_| ()),
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
