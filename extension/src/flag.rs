//! The insert trigger: new rows become states, and states become scores, within the statement.

use std::collections::BTreeSet;

use botdet_models::pipeline::Depth;
use pgrx::pg_sys::Datum;

use crate::active;
use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::subtransaction::attempt;
use crate::postgres::transition::NewRows;
use crate::scoring::score_accounts;
use crate::settings;
use crate::store::models::InsertMode;
use crate::store::{scores, states};

/// Accounts whose scores are written at a time.
const BATCH: usize = 1024;

/// `botdet_flag()`. The rows are kept whatever becomes of their scores, unless `botdet.fail_closed` is on.
pub fn flag(call: &Call) -> Result<Datum, Error> {
    let mut touched = BTreeSet::new();
    NewRows::of(call)?.in_pieces(|events| {
        touched.extend(states::fold(events));
        Ok(())
    })?;
    let touched: Vec<i64> = touched.into_iter().collect();
    for account_ids in touched.chunks(BATCH) {
        if settings::fail_closed() {
            score(account_ids)?;
        } else if let Err(reason) = attempt(|| score(account_ids).unwrap_or_else(|error| error.raise())) {
            let noted = attempt(|| scores::write_failure(account_ids, &reason));
            let note = if noted.is_ok() { "" } else { ", which could not be noted either" };
            pgrx::warning!("{} accounts have no new score{note}: {reason}", account_ids.len());
        }
    }
    Ok(call.done())
}

fn score(account_ids: &[i64]) -> Result<(), Error> {
    let deployment = active::deployment(true)?;
    let depth = match deployment.insert_mode {
        InsertMode::Inline => Depth::Full,
        InsertMode::Filter => Depth::Filter,
        InsertMode::Off => return Ok(()),
    };
    scores::write(&score_accounts(account_ids, &deployment, depth, true)?);
    Ok(())
}
