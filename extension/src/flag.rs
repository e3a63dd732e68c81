//! Scores of accounts that have new events, written before the transaction commits.

use std::collections::BTreeSet;

use botdet_models::pipeline::Depth;

use crate::active;
use crate::error::Error;
use crate::postgres::memory::with_scratch;
use crate::postgres::subtransaction::attempt;
use crate::scoring::score_accounts;
use crate::settings;
use crate::store::models::{Deployment, InsertMode};
use crate::store::{scores, states};

/// Accounts whose scores are written at a time.
const BATCH: usize = 1024;

/// Scores accounts as the detector's insert mode says; the states of those that are stale are built again first. The rows
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
    let deployment = active::deployment()?;
    let depth = match deployment.insert_mode {
        InsertMode::Inline => Depth::Full,
        InsertMode::Filter => Depth::Filter,
        InsertMode::Off => return Ok(()),
    };
    for account_id in stale {
        states::rebuild_locked(*account_id)?;
    }
    let account_ids: Vec<i64> = account_ids.iter().copied().collect();
    account_ids.chunks(BATCH).try_for_each(|batch| write_scores(batch, &deployment, depth))
}

fn write_scores(account_ids: &[i64], deployment: &Deployment, depth: Depth) -> Result<(), Error> {
    let scored = score_accounts(account_ids, deployment, depth)?;
    with_scratch(|| scores::write(&scored));
    Ok(())
}
