//! What `botdet_refresh_features()` and `botdet_refresh_scores()` do for one batch of accounts.

use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::values::bytes_datum;
use crate::refresh;
use crate::store::accounts;

pub fn state_from_rows(call: &Call) -> Result<Datum, Error> {
    let account_id = call.bigint(0);
    let key = accounts::key_of(account_id);
    Ok(bytes_datum(&accounts::state_from_rows(account_id, key.as_deref(), i64::MAX)?.to_bytes()))
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
