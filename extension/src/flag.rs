//! The insert trigger: new rows become states, and states become scores, within the statement.

use botdet_models::pipeline::Depth;
use pgrx::pg_sys::Datum;

use crate::active;
use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::memory::with_scratch;
use crate::postgres::subtransaction::attempt;
use crate::postgres::transition::NewRows;
use crate::scoring::score_accounts;
use crate::settings;
use crate::store::models::InsertMode;
use crate::store::scores;
use crate::store::states::Folding;

/// Accounts whose scores are written at a time.
const BATCH: usize = 1024;

/// `botdet_flag()`. The rows are kept whatever becomes of their scores, unless `botdet.fail_closed` is on.
pub fn flag(call: &Call) -> Result<Datum, Error> {
    let mut folding = Folding::default();
    NewRows::of(call)?.in_pieces(|events| folding.fold(events));
    for account_ids in folding.finish().chunks(BATCH) {
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
    let scored = score_accounts(account_ids, &deployment, depth, true)?;
    with_scratch(|| scores::write(&scored));
    Ok(())
}
