//! Making the states and scores of many accounts again, a batch a transaction.
//!
//! Parallel workers read and compute; this backend writes, in ascending order of account as everybody does. Nothing is locked
//! while they work: a state that has changed meanwhile is seen when it is locked, and what was computed of it is done again.

use std::collections::{HashSet, VecDeque};

use botdet_models::pipeline::Depth;
use botdet_models::sequence::CHUNK;
use pgrx::pg_sys::{self, Datum};

use crate::active;
use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::memory::with_scratch;
use crate::postgres::spi::Statement;
use crate::postgres::state_table::StateTable;
use crate::postgres::transaction::{inviting_workers, with_latest_snapshot};
use crate::postgres::values::{Element, array_datum};
use crate::scoring::score_accounts;
use crate::store::{scores, states};

thread_local! {
    static END: Statement = const {
        Statement::reading(
            include_str!("sql/refresh_end.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
    };
    static STATES: Statement = const {
        Statement::reading(
            include_str!("sql/refreshed_states.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
        .in_parallel()
    };
    static CHUNKS: Statement = const {
        Statement::reading(
            include_str!("sql/refresh_chunks.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
    };
    static SCORES: Statement = const {
        Statement::reading(
            include_str!("sql/refreshed_scores.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8ARRAYOID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
        .in_parallel()
    };
}

/// Some accounts of a refresh.
pub struct Batch {
    refresh_id: i64,
    first: i64,
    pub last: i64,
}

impl Batch {
    /// The next `size` accounts after one, or the first of all; `None` when there are none.
    pub fn after(refresh_id: i64, account_id: Option<i64>, size: i32) -> Option<Self> {
        let first = match account_id {
            Some(account_id) => account_id.checked_add(1)?,
            None => i64::MIN,
        };
        let arguments = [refresh_id, first, i64::from(size)].map(|number| Some(Datum::from(number)));
        let mut last = None;
        END.with(|statement| statement.run(&arguments, |row| last = row.bigint(1)));
        Some(Self { refresh_id, first, last: last? })
    }

    fn arguments(&self) -> [Option<Datum>; 3] {
        [self.refresh_id, self.first, self.last].map(|number| Some(Datum::from(number)))
    }
}

/// Builds states again from rows.
pub fn states(batch: &Batch) {
    with_latest_snapshot(|| {
        with_scratch(|| {
            let mut writer =
                StateWriter { table: StateTable::open(), missing: Vec::new(), to_rebuild: VecDeque::new() };
            inviting_workers(|| {
                STATES.with(|statement| {
                    statement.run(&batch.arguments(), |row| {
                        if let (Some(account_id), Some(state)) = (row.bigint(1), row.bytes(3)) {
                            writer.write(account_id, row.place(2), state);
                        }
                        check_for_interrupts();
                    });
                });
            });
            writer.close();
        });
    });
}

/// Writes states in the order that everybody keeps: first those of accounts that have none, then the others, each in ascending
/// order of account.
struct StateWriter {
    table: StateTable,
    /// Accounts that had no state, until the first that has.
    missing: Vec<(i64, Vec<u8>, bool)>,
    /// Those of them that somebody else has given one meanwhile.
    to_rebuild: VecDeque<i64>,
}

impl StateWriter {
    fn write(&mut self, account_id: i64, place: Option<pg_sys::ItemPointerData>, state: &[u8]) {
        let Some(place) = place else {
            self.missing.push((account_id, state.to_vec(), false));
            return;
        };
        self.add_missing();
        while let Some(earlier) = self.to_rebuild.pop_front_if(|earlier| *earlier < account_id) {
            states::rebuild(earlier);
        }
        if !self.table.replace(place, account_id, state) {
            states::rebuild(account_id);
        }
    }

    fn add_missing(&mut self) {
        if self.missing.is_empty() {
            return;
        }
        let missing = std::mem::take(&mut self.missing);
        let account_ids: Vec<i64> = missing.iter().map(|(account_id, ..)| *account_id).collect();
        let added = states::add(missing.into_iter());
        let added: HashSet<i64> = added.into_iter().map(|(account_id, _)| account_id).collect();
        self.to_rebuild.extend(account_ids.into_iter().filter(|account_id| !added.contains(account_id)));
    }

    fn close(mut self) {
        self.add_missing();
        for account_id in self.to_rebuild {
            states::rebuild(account_id);
        }
        self.table.close();
    }
}

/// Scores accounts again.
///
/// # Errors
/// As [`score_accounts`].
pub fn scores(batch: &Batch) -> Result<(), Error> {
    with_latest_snapshot(|| {
        with_scratch(|| {
            let [refresh_id, _, last] = batch.arguments();
            let arguments = [refresh_id, Some(first_of_chunks(batch)), last, chunk_size()];
            let mut changed = Vec::new();
            inviting_workers(|| {
                SCORES.with(|statement| {
                    statement.run(&arguments, |row| {
                        let column = |index: usize| row.datum(index as i32 + 1);
                        if let (Some(account_ids), Some(places)) = (column(0), column(scores::COLUMN_COUNT)) {
                            changed = scores::lock(account_ids, places);
                            scores::write_columns(&std::array::from_fn::<_, { scores::COLUMN_COUNT }, _>(
                                column,
                            ));
                        }
                    });
                });
            });
            rescore(&changed)
        })
    })
}

fn chunk_size() -> Option<Datum> {
    Some(Datum::from(CHUNK as i64))
}

fn first_of_chunks(batch: &Batch) -> Datum {
    let [refresh_id, first, last] = batch.arguments();
    let mut firsts = Vec::new();
    CHUNKS.with(|statement| {
        statement.run(&[refresh_id, first, last, chunk_size()], |row| firsts.push(row.bigint(1)));
    });
    array_datum(Element::Bigint, firsts.into_iter().map(|first| first.map(Datum::from)))
}

/// Scores accounts whose states this transaction has locked.
fn rescore(account_ids: &[i64]) -> Result<(), Error> {
    if account_ids.is_empty() {
        return Ok(());
    }
    with_latest_snapshot(|| {
        let mut scored = score_accounts(account_ids, &active::deployment()?, Depth::Full)?;
        scored.retain(|scored| scored.score.is_some());
        scores::write(&scored);
        Ok(())
    })
}
