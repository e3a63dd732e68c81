//! What `botdet_refresh_features()` and `botdet_refresh_scores()` do for one batch of accounts.

use botdet_models::pipeline::{ACCOUNT, Depth};
use pgrx::pg_sys::Datum;

use crate::active;
use crate::error::Error;
use crate::postgres::call::{Call, transaction_start};
use crate::postgres::record::Record;
use crate::refresh;
use crate::scoring::{Purpose, score_accounts};
use crate::store::rows;

pub fn states_from_rows(call: &Call) -> Result<Datum, Error> {
    let account_ids = chunk(call);
    let states = rows::states_from_rows(&account_ids)?;
    let answered = account_ids.iter().zip(states);
    call.set(answered.map(|(id, state)| Ok(Record::default().bigint(Some(*id)).bytes(&state.to_bytes()))))
}

pub fn scores_of_chunk(call: &Call) -> Result<Datum, Error> {
    let deployment = active::deployment(ACCOUNT)?;
    let scored = score_accounts(&chunk(call), &deployment, Depth::Full, Purpose::Store)?;
    let now = transaction_start();
    call.set(scored.iter().map(|scored| Ok(scored.record_with_shadow(now))))
}

/// The accounts of a call with arguments `(refresh_id, first, last, accounts)`.
fn chunk(call: &Call) -> Vec<i64> {
    refresh::accounts_of_chunk([0, 1, 2, 3].map(|index| call.bigint(index)))
}

pub fn states(call: &Call) -> Result<Datum, Error> {
    next(call, refresh::states)
}

pub fn scores(call: &Call) -> Result<Datum, Error> {
    next(call, refresh::scores)
}

/// Does `work` for the next accounts of a call with arguments `(refresh_id, after, batch)`; returns the last of them.
fn next(call: &Call, work: impl FnOnce(&refresh::Batch) -> Result<(), Error>) -> Result<Datum, Error> {
    let size = call.integer(2);
    if size < 1 {
        return Err(Error::BelowOne { argument: "batch", found: size });
    }
    let Some(batch) = refresh::Batch::after(call.bigint(0), call.optional_bigint(1), size) else {
        return Ok(call.null());
    };
    work(&batch)?;
    Ok(Datum::from(batch.last))
}
