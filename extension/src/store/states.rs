//! Keeping `botdet.account_state`.

use std::collections::BTreeMap;

use botdet_models::state::{AccountState, Observation};
use pgrx::pg_sys::{self, Datum};

use super::accounts::state_from_rows;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::spi::Statement;
use crate::postgres::transition::EventBuffer;
use crate::postgres::values::{Element, array_datum, bytes_datum};

/// Accounts that are locked, folded and written at a time.
const BATCH: usize = 1024;

thread_local! {
    static LOCK: Statement = const {
        Statement::writing(include_str!("../sql/lock_states.sql"), &[pg_sys::INT8ARRAYOID])
    };
    static ADD: Statement = const {
        Statement::writing(include_str!("../sql/add_states.sql"), &[pg_sys::INT8ARRAYOID, pg_sys::BYTEAOID])
    };
    static WRITE: Statement = const {
        Statement::writing(
            include_str!("../sql/write_states.sql"),
            &[pg_sys::INT8ARRAYOID, pg_sys::BYTEAARRAYOID, pg_sys::BOOLARRAYOID],
        )
    };
}

#[derive(Default)]
struct Kept {
    state: AccountState,
    stale: bool,
}

/// Folds new events into the states of their accounts, and returns those accounts in ascending order.
pub fn fold(events: &EventBuffer) -> Vec<i64> {
    let mut accounts = events.accounts().peekable();
    let mut touched = Vec::new();
    while accounts.peek().is_some() {
        let batch: Vec<_> = accounts.by_ref().take(BATCH).collect();
        let ids: Vec<i64> = batch.iter().map(|(account_id, _)| *account_id).collect();
        let mut states = lock(&ids);
        for (account_id, account_events) in batch {
            let kept = states.entry(account_id).or_default();
            for event in account_events {
                kept.stale |= kept.state.observe(&event) == Observation::Late;
            }
        }
        write(&states);
        touched.extend(ids);
        check_for_interrupts();
    }
    touched
}

/// Builds an account's state again from its rows; `false` when it has none.
pub fn rebuild(account_id: i64) -> bool {
    lock(&[account_id]);
    let state = state_from_rows(account_id, i64::MAX, true);
    let has_events = state.events() > 0;
    write(&BTreeMap::from([(account_id, Kept { state, stale: false })]));
    has_events
}

/// Locks the states of accounts until the transaction ends, adding those that are missing.
fn lock(account_ids: &[i64]) -> BTreeMap<i64, Kept> {
    let mut states = BTreeMap::new();
    lock_existing(account_ids, &mut states);
    let missing: Vec<i64> = account_ids.iter().filter(|id| !states.contains_key(id)).copied().collect();
    if !missing.is_empty() {
        let empty = bytes_datum(&AccountState::default().to_bytes());
        ADD.with(|statement| statement.run(&[Some(id_array(&missing)), Some(empty)], true, |_| {}));
        // Another transaction may have added them first: then it has committed by now, and its state is the one to go on with.
        lock_existing(&missing, &mut states);
    }
    states
}

fn lock_existing(account_ids: &[i64], states: &mut BTreeMap<i64, Kept>) {
    LOCK.with(|statement| {
        statement.run(&[Some(id_array(account_ids))], true, |row| {
            let stored = row.bytes(2).and_then(|bytes| AccountState::from_bytes(bytes).ok());
            // What cannot be read is built from the rows by whoever reads next.
            let stale = row.boolean(3).unwrap_or(true) || stored.is_none();
            let kept = Kept { state: stored.unwrap_or_default(), stale };
            states.insert(row.bigint(1).unwrap_or_default(), kept);
        });
    });
}

fn write(states: &BTreeMap<i64, Kept>) {
    let ids = array_datum(Element::Bigint, states.keys().map(|id| Some(Datum::from(*id))));
    let bytes =
        array_datum(Element::Bytea, states.values().map(|kept| Some(bytes_datum(&kept.state.to_bytes()))));
    let stale = array_datum(Element::Boolean, states.values().map(|kept| Some(Datum::from(kept.stale))));
    WRITE.with(|statement| statement.run(&[Some(ids), Some(bytes), Some(stale)], true, |_| {}));
}

fn id_array(account_ids: &[i64]) -> Datum {
    array_datum(Element::Bigint, account_ids.iter().map(|id| Some(Datum::from(*id))))
}
