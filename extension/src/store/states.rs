//! Keeping `botdet.account_state`.

use std::collections::BTreeMap;
use std::iter::Peekable;

use botdet_models::event::{EARLIEST, Event, Timestamp};
use botdet_models::state::{AccountState, Observation};
use pgrx::pg_sys::{self, Datum};

use super::accounts::state_from_rows;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::spi::Statement;
use crate::postgres::transition::EventBuffer;
use crate::postgres::values::{Element, array_datum, bytes_datum, timestamp_datum};

/// Accounts that are locked, folded and written at a time.
const BATCH: usize = 1024;

thread_local! {
    static LOCK: Statement = const {
        Statement::writing(include_str!("../sql/lock_states.sql"), &[pg_sys::INT8ARRAYOID]).planned_once()
    };
    static ADD: Statement = const {
        Statement::writing(include_str!("../sql/add_states.sql"), &[pg_sys::INT8ARRAYOID, pg_sys::TIMESTAMPTZARRAYOID, pg_sys::BYTEAOID])
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
        let mut batch: Vec<_> =
            accounts.by_ref().take(BATCH).map(|(id, events)| (id, events.peekable())).collect();
        let first_at =
            |events: &mut Peekable<_>| events.peek().map_or(EARLIEST, |event: &Event<'_>| event.occurred_at);
        let firsts: Vec<(i64, Timestamp)> =
            batch.iter_mut().map(|(id, events)| (*id, first_at(events))).collect();
        let mut states = lock(&firsts);
        for (account_id, account_events) in batch {
            let kept = states.entry(account_id).or_default();
            for event in account_events {
                kept.stale |= kept.state.observe(&event) == Observation::Late;
            }
            // The rows are read once, here, rather than by every reader from now on.
            if kept.stale {
                *kept = Kept { state: state_from_rows(account_id, i64::MAX, true), stale: false };
            }
        }
        write(&states);
        touched.extend(firsts.iter().map(|(id, _)| *id));
        check_for_interrupts();
    }
    touched
}

/// Builds an account's state again from its rows; `false` when it has none.
pub fn rebuild(account_id: i64) -> bool {
    lock(&[(account_id, EARLIEST)]);
    let state = state_from_rows(account_id, i64::MAX, true);
    let has_events = state.events() > 0;
    write(&BTreeMap::from([(account_id, Kept { state, stale: false })]));
    has_events
}

/// Locks the states of accounts until the transaction ends, adding those that are missing. With each account comes the time
/// of its first new event.
fn lock(accounts: &[(i64, Timestamp)]) -> BTreeMap<i64, Kept> {
    let mut states = BTreeMap::new();
    lock_existing(accounts.iter().map(|(id, _)| *id), &mut states);
    let missing: Vec<_> = accounts.iter().filter(|(id, _)| !states.contains_key(id)).collect();
    if !missing.is_empty() {
        let ids = id_array(missing.iter().map(|(id, _)| *id));
        let firsts = missing.iter().map(|(_, first_at)| Some(timestamp_datum(*first_at)));
        let firsts = array_datum(Element::Timestamptz, firsts);
        let empty = bytes_datum(&AccountState::default().to_bytes());
        ADD.with(|statement| statement.run(&[Some(ids), Some(firsts), Some(empty)], true, |_| {}));
        // Another transaction may have added them first: then it has committed by now, and its state is the one to go on with.
        lock_existing(missing.iter().map(|(id, _)| *id), &mut states);
    }
    states
}

fn lock_existing(account_ids: impl Iterator<Item = i64>, states: &mut BTreeMap<i64, Kept>) {
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
    let ids = id_array(states.keys().copied());
    let bytes =
        array_datum(Element::Bytea, states.values().map(|kept| Some(bytes_datum(&kept.state.to_bytes()))));
    let stale = array_datum(Element::Boolean, states.values().map(|kept| Some(Datum::from(kept.stale))));
    WRITE.with(|statement| statement.run(&[Some(ids), Some(bytes), Some(stale)], true, |_| {}));
}

fn id_array(account_ids: impl Iterator<Item = i64>) -> Datum {
    array_datum(Element::Bigint, account_ids.map(|id| Some(Datum::from(id))))
}
