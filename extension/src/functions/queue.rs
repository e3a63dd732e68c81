//! `botdet_score_pending`.

use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::call::Call;
use crate::queue;

pub fn score_pending(call: &Call) -> Result<Datum, Error> {
    let limit = call.optional_integer(0).ok_or(Error::NullArgument("limit"))?;
    Ok(Datum::from(queue::score_pending(limit)?))
}
