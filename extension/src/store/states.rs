//! Keeping `botdet.account_state`.

use std::collections::{BTreeMap, BTreeSet};

use botdet_models::event::Event;
use botdet_models::state::{AccountState, Observation};
use pgrx::pg_sys::{self, Datum};

use super::accounts::state_from_rows;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::memory::with_scratch;
use crate::postgres::spi::Statement;
use crate::postgres::transition::EventBuffer;
use crate::postgres::values::{Element, array_datum, bytes_datum};

/// Accounts that are locked, folded and written at a time.
const BATCH: usize = 1024;

thread_local! {
    static LOCK: Statement = const {
        Statement::writing(include_str!("../sql/lock_states.sql"), &[pg_sys::INT8ARRAYOID]).planned_once()
    };
    static ADD: Statement = const {
        Statement::writing(include_str!("../sql/add_states.sql"), &[pg_sys::INT8ARRAYOID, pg_sys::BYTEAOID])
            .planned_once()
    };
    static OTHER_ROWS: Statement = const {
        Statement::reading(
            include_str!("../sql/accounts_with_other_rows.sql"),
            &[pg_sys::INT8ARRAYOID, pg_sys::INT8ARRAYOID],
        )
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

/// What one statement's rows do to states. A large statement comes in pieces.
#[derive(Default)]
pub struct Folding {
    touched: BTreeSet<i64>,
    /// Accounts whose state cannot be added to, for it holds later events or none that can be read.
    stale: BTreeSet<i64>,
    /// New rows of accounts that had no state before.
    added: BTreeMap<i64, i64>,
}

impl Folding {
    /// Folds a piece of the new events into the states of their accounts.
    pub fn fold(&mut self, events: &EventBuffer) {
        let mut accounts = events.accounts().peekable();
        while accounts.peek().is_some() {
            let batch: Vec<_> = accounts.by_ref().take(BATCH).collect();
            with_scratch(|| self.fold_batch(batch));
            check_for_interrupts();
        }
    }

    fn fold_batch<'a>(&mut self, batch: Vec<(i64, impl Iterator<Item = Event<'a>>)>) {
        let ids: Vec<i64> = batch.iter().map(|(id, _)| *id).collect();
        let (mut states, added) = lock(&ids);
        self.added.extend(added.iter().map(|id| (*id, 0)));
        for (account_id, account_events) in batch {
            let kept = states.entry(account_id).or_default();
            let mut count = 0;
            for event in account_events {
                kept.stale |= kept.state.observe(&event) == Observation::Late;
                count += 1;
            }
            if let Some(rows) = self.added.get_mut(&account_id) {
                *rows += count;
            }
            if kept.stale {
                self.stale.insert(account_id);
            }
        }
        write(&states);
        self.touched.extend(ids);
    }

    /// Builds from the rows what could not be folded: once for the statement, rather than by every reader from now on.
    /// Returns all accounts that were touched, in ascending order.
    pub fn finish(mut self) -> Vec<i64> {
        self.stale.extend(accounts_with_other_rows(&self.added));
        for account_id in &self.stale {
            rebuild(*account_id);
            check_for_interrupts();
        }
        self.touched.into_iter().collect()
    }
}

fn accounts_with_other_rows(added: &BTreeMap<i64, i64>) -> Vec<i64> {
    let mut found = Vec::new();
    if !added.is_empty() {
        let (ids, counts) = (id_array(added.keys().copied()), id_array(added.values().copied()));
        OTHER_ROWS.with(|statement| {
            statement.run(&[Some(ids), Some(counts)], true, |row| found.extend(row.bigint(1)));
        });
    }
    found
}

/// Builds an account's state again from its rows; `false` when it has none.
pub fn rebuild(account_id: i64) -> bool {
    with_scratch(|| {
        lock(&[account_id]);
        let state = state_from_rows(account_id, i64::MAX, true);
        let has_events = state.events() > 0;
        write(&BTreeMap::from([(account_id, Kept { state, stale: false })]));
        has_events
    })
}

/// Locks the states of accounts, which come in ascending order, until the transaction ends. Adds those that are missing, and
/// says which these were.
fn lock(account_ids: &[i64]) -> (BTreeMap<i64, Kept>, Vec<i64>) {
    let (mut states, mut added) = (BTreeMap::new(), Vec::new());
    if let [only] = account_ids {
        // A single account has no order to keep: most of the time its state is there.
        lock_existing([*only].into_iter(), &mut states);
        if !states.is_empty() {
            return (states, added);
        }
    }
    // First all that are missing and then all locks, each in ascending order: two statements cannot wait for each other.
    // Where another transaction adds one first, this waits for it, and goes on with its state.
    let empty = bytes_datum(&AccountState::default().to_bytes());
    let ids = id_array(account_ids.iter().copied());
    ADD.with(|statement| {
        statement.run(&[Some(ids), Some(empty)], true, |row| added.extend(row.bigint(1)));
    });
    lock_existing(account_ids.iter().copied(), &mut states);
    (states, added)
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
