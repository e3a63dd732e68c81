//! Keeping `botdet.account_state`.

use std::collections::{HashMap, HashSet};

use botdet_models::state::AccountState;
use pgrx::pg_sys::{self, Datum};

use super::accounts::{key_of, keys_of};
use super::rows::state_from_rows;
use crate::error::Error;
use crate::postgres::memory::with_scratch;
use crate::postgres::spi::{Row, Statement};
use crate::postgres::state_table::{StateTable, with_rights};
use crate::postgres::transaction::with_latest_snapshot;
use crate::postgres::values::{Element, array_datum, bytes_datum, text_datum};
use crate::sources::{self, Source};

thread_local! {
    static LOCK: Statement = const {
        Statement::writing(
            include_str!("../sql/lock_state.sql"),
            &[pg_sys::INT8OID, pg_sys::BYTEAOID],
        )
    };
    static ADD: Statement = const {
        Statement::writing(
            include_str!("../sql/add_states.sql"),
            &[pg_sys::INT8ARRAYOID, pg_sys::BOOLARRAYOID, pg_sys::BYTEAARRAYOID],
        )
    };
    static MARK_ALL_STALE: Statement = const {
        Statement::writing(include_str!("../sql/mark_all_stale.sql"), &[])
    };
}

/// Adds states to accounts that have none, in ascending order, and says to which, and whether theirs are stale.
pub fn add(rows: impl Iterator<Item = (i64, Vec<u8>, bool)>) -> Vec<(i64, bool)> {
    let (mut ids, mut stale, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for (account_id, state, is_stale) in rows {
        ids.push(Some(Datum::from(account_id)));
        stale.push(Some(Datum::from(is_stale)));
        states.push(Some(bytes_datum(&state)));
    }
    let arguments = [
        Some(array_datum(Element::Bigint, ids)),
        Some(array_datum(Element::Boolean, stale)),
        Some(array_datum(Element::Bytea, states)),
    ];
    let mut added = Vec::new();
    with_rights(|| {
        ADD.with(|statement| {
            statement.run(&arguments, |row| added.extend(row.bigint(1).zip(row.boolean(2))));
        });
    });
    added
}

/// Marks all states, as after a TRUNCATE.
pub fn mark_all_stale() {
    MARK_ALL_STALE.with(|statement| statement.run(&[], |_| {}));
}

/// Which of these accounts have more rows in all sources together than the numbers say: rows from before their first state.
/// Index entries tell most of the time; rows have to be looked at for accounts with too many of these only.
pub fn with_other_rows(accounts: &[(i64, u64)]) -> HashSet<i64> {
    let sources = sources::all();
    let in_doubt = with_other_entries(&sources, accounts);
    if in_doubt.is_empty() { HashSet::new() } else { with_more_rows(&sources, &in_doubt) }
}

/// Those of the accounts that have more index entries than the numbers say, where that can be told.
fn with_other_entries(sources: &[Source], accounts: &[(i64, u64)]) -> Vec<(i64, u64)> {
    let mut entries = vec![0; accounts.len()];
    for source in sources {
        let open = source.columns.has_numbers().then(|| source.key_indexes()).flatten();
        let Some(mut indexes) = open else {
            return accounts.to_vec();
        };
        for ((account_id, rows), entries) in accounts.iter().zip(&mut entries) {
            *entries += indexes.count(*account_id, *rows);
        }
        indexes.close();
    }
    let in_doubt = accounts.iter().zip(entries).filter(|((_, rows), entries)| entries > rows);
    in_doubt.map(|(account, _)| *account).collect()
}

fn with_more_rows(sources: &[Source], accounts: &[(i64, u64)]) -> HashSet<i64> {
    let ids: Vec<i64> = accounts.iter().map(|(account_id, _)| *account_id).collect();
    let keys = if sources.iter().all(|source| source.columns.has_numbers()) {
        vec![None; ids.len()]
    } else {
        keys_of(&ids)
    };
    let mut rows: HashMap<i64, u64> = HashMap::with_capacity(ids.len());
    for source in sources.iter() {
        let asked = || accounts.iter().zip(&keys).filter(|(_, key)| source.may_hold(key.as_deref()));
        let arguments = [
            array_datum(Element::Bigint, asked().map(|((account_id, _), _)| Some(Datum::from(*account_id)))),
            array_datum(Element::Text, asked().map(|(_, key)| key.as_deref().map(text_datum))),
            array_datum(Element::Bigint, asked().map(|((_, count), _)| Some(Datum::from(*count as i64)))),
        ];
        let count = |row: &Row<'_>| {
            if let (Some(account_id), Some(count)) = (row.bigint(1), row.bigint(2)) {
                *rows.entry(account_id).or_default() += count as u64;
            }
        };
        source.reading(|| source.row_counts.run(&arguments.map(Some), count));
    }
    let has_more = |(account_id, count): &&(i64, u64)| rows.get(account_id).is_some_and(|rows| rows > count);
    accounts.iter().filter(has_more).map(|(account_id, _)| *account_id).collect()
}

/// Builds an account's state again from its archive and its rows; `false` when it has none.
///
/// # Errors
/// As [`state_from_rows`].
pub fn rebuild(account_id: i64) -> Result<bool, Error> {
    let empty = bytes_datum(&AccountState::default().to_bytes());
    with_rights(|| LOCK.with(|statement| statement.run(&[Some(account_id.into()), Some(empty)], |_| {})));
    rebuild_locked(account_id)
}

/// As [`rebuild`], for an account whose state this transaction has locked or written.
///
/// # Errors
/// As [`state_from_rows`].
pub fn rebuild_locked(account_id: i64) -> Result<bool, Error> {
    // Whoever held the lock before has committed: only a snapshot from now on sees all of its rows.
    with_latest_snapshot(|| {
        with_scratch(|| {
            let key = key_of(account_id);
            let state = state_from_rows(account_id, key.as_deref(), i64::MAX)?;
            let mut table = StateTable::open();
            let mut buffer = Vec::with_capacity(2 * AccountState::BYTES);
            table.update(account_id, &mut buffer, |_, buffer| {
                buffer.extend_from_slice(&state.to_bytes());
                false
            });
            table.close();
            Ok(state.events() > 0)
        })
    })
}
