//! What a database calls that still has the functions of an earlier version, while the library is newer.
//!
//! A symbol means one thing for ever: what a function reads and writes follows from the SQL that declared it, so a function whose
//! declaration or tables change gets a new symbol, and the old one comes to lie here. Otherwise a call by the old declaration
//! would read arguments that it does not have.

use std::cell::Cell;

use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::call::{Call, sql_functions};

// Symbols of version 0.1.0. Those not listed, botdet_version, botdet_feature_catalog and botdet_deployment_changed, are what
// they were.
sql_functions! {
    botdet_features, pg_finfo_botdet_features => outdated;
    botdet_account_state, pg_finfo_botdet_account_state => outdated;
    botdet_rebuild_state, pg_finfo_botdet_rebuild_state => outdated;
    botdet_score_account, pg_finfo_botdet_score_account => outdated;
    botdet_score_features, pg_finfo_botdet_score_features => outdated;
    botdet_score_batch, pg_finfo_botdet_score_batch => outdated;
    botdet_refresh_scores, pg_finfo_botdet_refresh_scores => outdated;
    botdet_anomaly, pg_finfo_botdet_anomaly => outdated;
    botdet_explain, pg_finfo_botdet_explain => outdated;
    botdet_register_model, pg_finfo_botdet_register_model => outdated;
    botdet_flag, pg_finfo_botdet_flag => keep_rows;
}

thread_local! {
    static HAS_WARNED: Cell<bool> = const { Cell::new(false) };
}

fn outdated(_call: &Call) -> Result<Datum, Error> {
    Err(Error::OutdatedFunctions)
}

/// The insert trigger of then. The update makes all states again from the rows, so that rows may come meanwhile; refusing them
/// would stop whoever inserts for as long as nobody updates. One warning a session: a loader has many statements.
fn keep_rows(call: &Call) -> Result<Datum, Error> {
    if call.trigger().is_none() {
        return Err(Error::OutdatedFunctions);
    }
    if !HAS_WARNED.replace(true) {
        Error::OutdatedFunctions.warn();
    }
    Ok(call.done())
}
