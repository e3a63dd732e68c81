//! From what is pending to the stored states, and from states to scores.
//!
//! Everything is taken in ascending order, names before numbers, accounts that are new before those that are not: two
//! transactions that flush at the same time cannot wait for each other in a circle.

use std::cell::RefCell;
use std::collections::BTreeSet;

use botdet_models::event::Timestamp;
use botdet_models::state::{AccountState, Observation};

use super::ignored::Ignored;
use super::{Happenings, PENDING, Pending};
use crate::flag;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::event_columns::AccountKey;
use crate::postgres::memory::with_scratch;
use crate::postgres::state_table::{StateTable, with_rights};
use crate::postgres::transaction;
use crate::store::{accounts, states};

/// Accounts that get their first state at a time.
const BATCH: usize = 1024;

thread_local! {
    static FLUSHED: RefCell<Flushed> = RefCell::default();
}

/// Accounts whose states this transaction has written.
#[derive(Default)]
struct Flushed {
    with_new_events: BTreeSet<i64>,
    /// Those of them whose state could not be added to.
    stale: BTreeSet<i64>,
}

/// Writes states and scores: the transaction is about to commit.
pub fn flush_if_needed() {
    let is_idle = PENDING.with_borrow(Pending::is_empty)
        && FLUSHED.with_borrow(|flushed| flushed.with_new_events.is_empty());
    if !is_idle {
        transaction::as_read_committed(flush);
    }
}

fn flush() {
    flush_states();
    let flushed = FLUSHED.take();
    // The extension may have been dropped since states were written.
    if !flushed.with_new_events.is_empty() && StateTable::exists() && flag::is_due() {
        in_latest_snapshot(|| {
            with_rights(|| flag::score_touched(&flushed.with_new_events, &flushed.stale));
        });
        transaction::fire_deferred_triggers();
        // Of rows that triggers on scores have inserted, states are told. To score them would fire these triggers again, without
        // an end.
        flush_states();
        forget();
    }
}

/// Forgets what was to be scored.
pub fn forget() {
    FLUSHED.take();
}

/// Writes states, and remembers whose.
pub fn flush_states() {
    let pending = PENDING.take();
    // Where the transaction has dropped the extension, there is nothing left to keep.
    if pending.is_empty() || !StateTable::exists() {
        return;
    }
    in_latest_snapshot(|| {
        if pending.touches_every_account() {
            with_rights(states::mark_all_stale);
        }
        let touched = in_order(numbered(&pending));
        let stale = write(&pending, &touched);
        let active: BTreeSet<i64> = touched
            .iter()
            .filter(|(_, what)| !what.events.is_empty())
            .map(|(account_id, _)| *account_id)
            .collect();
        FLUSHED.with_borrow_mut(|flushed| {
            flushed.stale.extend(stale.iter().filter(|account_id| active.contains(account_id)));
            flushed.with_new_events.extend(active);
        });
    });
}

fn in_latest_snapshot(work: impl FnOnce()) {
    transaction::with_latest_snapshot(|| with_scratch(work));
}

/// What happened, by account number. Names that have none get one.
fn numbered(pending: &Pending) -> Vec<(i64, Happenings)> {
    let mut touched = Vec::new();
    let mut named: Vec<(&str, Happenings)> = Vec::new();
    for (key, what) in pending.accounts() {
        match key {
            AccountKey::Number(number) => touched.push((*number, what)),
            AccountKey::Name(name) => named.push((name, what)),
        }
    }
    if !named.is_empty() {
        named.sort_unstable_by_key(|(name, _)| *name);
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        let numbers = with_rights(|| accounts::number_names(&names)).unwrap_or_else(|error| error.raise());
        touched.extend(numbers.into_iter().zip(named).map(|(number, (_, what))| (number, what)));
    }
    touched
}

/// Accounts in ascending order and once each. How the events of one that was touched by its number and by its name follow each
/// other is known to the rows only.
fn in_order(mut touched: Vec<(i64, Happenings)>) -> Vec<(i64, Happenings)> {
    touched.sort_unstable_by_key(|(account_id, _)| *account_id);
    touched.dedup_by(|(account_id, what), (kept_id, kept)| {
        let is_same = account_id == kept_id;
        if is_same {
            kept.events.append(&mut what.events);
            kept.changed = true;
        }
        is_same
    });
    touched
}

/// Writes the states of accounts, which come in ascending order, and says which of them are stale now.
fn write(pending: &Pending, touched: &[(i64, Happenings)]) -> Vec<i64> {
    let mut table = StateTable::open();
    let mut missing: Vec<&(i64, Happenings)> = Vec::new();
    // A single account is looked for when it is updated, which is all there is to do most of the time.
    if touched.len() > 1 {
        missing.extend(touched.iter().filter(|(account_id, _)| table.find(*account_id).is_none()));
    }
    let mut written = Written::default();
    for batch in missing.chunks(BATCH) {
        written.add(pending, batch);
    }
    let mut buffer = Vec::with_capacity(2 * AccountState::BYTES);
    for account in touched {
        let (account_id, what) = account;
        while !written.added.contains(account_id) {
            let (mut is_stale, mut archived_until) = (false, None);
            let updated = table.update(*account_id, &mut buffer, |found, buffer| {
                archived_until = found.archived_until;
                let since = found.archived_until.unwrap_or(Timestamp::MIN);
                is_stale = fold(pending, what, found.stale, found.state, since, buffer);
                is_stale
            });
            if updated {
                written.stale.extend(is_stale.then_some(*account_id));
                written.ignored.note(pending, *account_id, what, archived_until);
                break;
            }
            written.add(pending, &[account]);
            table.look_again();
        }
        check_for_interrupts();
    }
    table.close();
    written.ignored.warn();
    written.stale
}

#[derive(Default)]
struct Written {
    /// Accounts that had no state before.
    added: BTreeSet<i64>,
    stale: Vec<i64>,
    ignored: Ignored,
}

impl Written {
    /// Adds states to accounts that have none. Where another transaction was faster, there is one to update now.
    fn add(&mut self, pending: &Pending, batch: &[&(i64, Happenings)]) {
        let counts: Vec<(i64, u64)> =
            batch.iter().map(|(account_id, what)| (*account_id, what.events.len() as u64)).collect();
        let empty = AccountState::default().to_bytes();
        let add = || {
            let others = states::with_other_rows(&counts);
            states::add(batch.iter().map(|(account_id, what)| {
                let mut state = Vec::with_capacity(AccountState::BYTES);
                let is_stale = others.contains(account_id);
                let stale = fold(pending, what, is_stale, &empty, Timestamp::MIN, &mut state);
                (*account_id, state, stale)
            }))
        };
        let added = with_rights(|| with_scratch(add));
        self.stale.extend(added.iter().filter(|(_, stale)| *stale).map(|(account_id, _)| *account_id));
        self.added.extend(added.iter().map(|(account_id, _)| *account_id));
    }
}

/// Appends what a stored state becomes with the events from `since` on, and says whether it is stale.
fn fold(
    pending: &Pending,
    what: &Happenings,
    stale: bool,
    stored: &[u8],
    since: Timestamp,
    buffer: &mut Vec<u8>,
) -> bool {
    let state = if stale || what.changed { None } else { AccountState::from_bytes(stored).ok() };
    let folded = state.and_then(|mut state| observe(pending, what, since, &mut state).then_some(state));
    match folded {
        Some(state) => {
            state.write_to(buffer);
            false
        }
        None => {
            // What was there stays, as a lower bound of what readers will find in the rows.
            buffer.extend_from_slice(stored);
            true
        }
    }
}

/// Folds events from `since` on into a state; `false` when one of them comes late. Older ones are archived, or too late even
/// for that.
pub fn observe(pending: &Pending, what: &Happenings, since: Timestamp, state: &mut AccountState) -> bool {
    what.events
        .iter()
        .map(|event| pending.event(*event))
        .filter(|event| event.occurred_at >= since)
        .all(|event| state.observe_digest(event, pending.digests()) != Observation::Late)
}
