//! Scores of accounts that have new events, written or queued before the transaction commits.

use std::collections::BTreeSet;

use botdet_models::pipeline::{ACCOUNT, Depth};

use crate::active;
use crate::error::Error;
use crate::postgres::memory::with_scratch;
use crate::postgres::subtransaction::attempt;
use crate::scoring::{AccountScore, Purpose, score_accounts};
use crate::settings;
use crate::store::models::{Deployment, InsertMode};
use crate::store::scores::ScoreRow;
use crate::store::{queue, scores, states};

/// Accounts whose scores are written at a time.
const BATCH: usize = 1024;

/// Whether accounts are scored at all, as far as that is known without asking.
pub fn is_due() -> bool {
    active::remembered(ACCOUNT).is_none_or(|deployment| deployment.insert_mode != InsertMode::Off)
}

/// Scores or queues accounts as the detector's insert mode says; the states of those that are stale are built again first. The rows
/// are kept whatever becomes of their scores, unless `botdet.fail_closed` is on.
pub fn score_touched(account_ids: &BTreeSet<i64>, stale: &BTreeSet<i64>) {
    if settings::fail_closed() {
        score(account_ids, stale).unwrap_or_else(|error| error.raise());
    } else if let Err(reason) = attempt(|| score(account_ids, stale).unwrap_or_else(|error| error.raise())) {
        let account_ids: Vec<i64> = account_ids.iter().copied().collect();
        let noted = attempt(|| scores::write_failure(&account_ids, &reason));
        let note = if noted.is_ok() { "" } else { ", which could not be noted either" };
        pgrx::warning!("{} accounts have no new score{note}: {reason}", account_ids.len());
    }
}

fn score(account_ids: &BTreeSet<i64>, stale: &BTreeSet<i64>) -> Result<(), Error> {
    let deployment = active::deployment(ACCOUNT)?;
    let account_ids: Vec<i64> = account_ids.iter().copied().collect();
    let depth = match deployment.insert_mode {
        InsertMode::Inline => Depth::Full,
        InsertMode::Filter => Depth::Filter,
        InsertMode::Queue => {
            account_ids.chunks(BATCH).for_each(append);
            return Ok(());
        }
        InsertMode::Off => return Ok(()),
    };
    for account_id in stale {
        states::rebuild_locked(*account_id)?;
    }
    account_ids.chunks(BATCH).try_for_each(|batch| write_scores(batch, &deployment, depth))
}

fn append(account_ids: &[i64]) {
    with_scratch(|| queue::append(account_ids));
}

fn write_scores(account_ids: &[i64], deployment: &Deployment, depth: Depth) -> Result<(), Error> {
    let scored = score_accounts(account_ids, deployment, depth, Purpose::Store)?;
    with_scratch(|| scores::write(&scored.iter().map(ScoreRow::of).collect::<Vec<_>>()));
    let is_provisional =
        |scored: &&AccountScore| scored.score.as_ref().is_some_and(|score| score.is_provisional);
    let provisional: Vec<i64> =
        scored.iter().filter(is_provisional).map(|scored| scored.account_id).collect();
    if !provisional.is_empty() {
        append(&provisional);
    }
    Ok(())
}
