//! `botdet_score` and its kin for rows of tables.

use pgrx::pg_sys::Datum;

use super::scores::{OUTSTANDING, explanation};
use crate::error::Error;
use crate::postgres::call::{Call, transaction_start};
use crate::postgres::record::Record;
use crate::table_rows;

pub fn score(call: &Call) -> Result<Datum, Error> {
    let scored = table_rows::score(&detector(call), &call.jsonb_object(1)?)?;
    Ok(call.record(scored.record(None, transaction_start())))
}

pub fn anomaly(call: &Call) -> Result<Datum, Error> {
    let (anomaly, outstanding, version) = table_rows::anomaly(&detector(call), &call.jsonb_object(1)?)?;
    let outstanding = outstanding.iter().take(OUTSTANDING).map(ToString::to_string);
    Ok(call.record(
        Record::default()
            .bigint(None)
            .float8(Some(anomaly.score))
            .boolean(Some(anomaly.is_anomaly))
            .texts(outstanding)
            .text(Some(&version)),
    ))
}

pub fn explain(call: &Call) -> Result<Datum, Error> {
    let reasons = table_rows::explain(&detector(call), &call.jsonb_object(1)?)?;
    call.set(reasons.iter().map(|(reason, percentile)| Ok(explanation(reason, *percentile))))
}

fn detector(call: &Call) -> String {
    call.text(0).unwrap_or_default().into_owned()
}
