//! `botdet_features`, the state behind it, and the catalogue.

use botdet_models::features::{ACCOUNT_FEATURES, Scale, schema_fingerprint};
use botdet_models::state::AccountState;
use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::record::Record;
use crate::postgres::values::bytes_datum;
use crate::store::accounts::{self, Account};
use crate::store::states;

pub fn features(call: &Call) -> Result<Datum, Error> {
    Ok(features_of(call, account(call)?))
}

pub fn features_named(call: &Call) -> Result<Datum, Error> {
    let name = call.text(0).unwrap_or_default();
    Ok(features_of(call, accounts::load_named(&name, call.timestamptz(1))?))
}

pub fn features_uuid(call: &Call) -> Result<Datum, Error> {
    Ok(features_of(call, accounts::load_named(&call.uuid(0), call.timestamptz(1))?))
}

pub fn features_of_state(call: &Call) -> Result<Datum, Error> {
    let account = Account::from_state(AccountState::from_bytes(call.bytes(0).unwrap_or_default())?);
    Ok(features_of(call, Some(account)))
}

fn features_of(call: &Call, account: Option<Account>) -> Datum {
    let features = account.map(|account| account.features());
    let values =
        (0..ACCOUNT_FEATURES.len()).map(|index| features.as_ref().and_then(|known| known.values()[index]));
    call.record(values.fold(Record::default(), Record::float8))
}

pub fn account_state(call: &Call) -> Result<Datum, Error> {
    match account(call)? {
        Some(account) => Ok(bytes_datum(&account.state.to_bytes())),
        None => Ok(call.null()),
    }
}

/// The account of a call with arguments `(user_id, as_of)`, if anything is known of it.
fn account(call: &Call) -> Result<Option<Account>, Error> {
    accounts::load_one(call.bigint(0), call.timestamptz(1))
}

pub fn rebuild_state(call: &Call) -> Result<Datum, Error> {
    Ok(Datum::from(states::rebuild(call.bigint(0))?))
}

pub fn catalog(call: &Call) -> Result<Datum, Error> {
    let fingerprint = schema_fingerprint();
    call.set(ACCOUNT_FEATURES.iter().zip(1..).map(|(feature, position)| {
        let scale = match feature.scale {
            Scale::Linear => "linear",
            Scale::Logarithmic => "logarithmic",
        };
        Ok(Record::default()
            .integer(position)
            .text(Some(feature.name))
            .text(Some(feature.family.name()))
            .text(Some(feature.unit))
            .float8(Some(feature.low))
            .float8(Some(feature.high))
            .text(Some(scale))
            .text(Some(feature.meaning))
            .text(Some(feature.missing))
            .text(Some(&fingerprint)))
    }))
}
