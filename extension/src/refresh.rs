//! Making the states and scores of many accounts again, a batch a transaction.
//!
//! Parallel workers read and compute; this backend writes, in ascending order of account as everybody does. Nothing is locked
//! while they work: what has changed meanwhile is seen when it is locked, and is computed again.

use std::collections::{HashMap, HashSet, VecDeque};

use botdet_models::event::Timestamp;
use botdet_models::sequence::CHUNK;
use pgrx::pg_sys::{self, Datum};

use crate::error::Error;
use crate::postgres::call::check_for_interrupts;
use crate::postgres::memory::with_scratch;
use crate::postgres::spi::Statement;
use crate::postgres::state_table::StateTable;
use crate::postgres::transaction::{inviting_workers, processes_of_a_query, with_latest_snapshot};
use crate::postgres::values::{Element, array_datum};
use crate::runtime;
use crate::settings;
use crate::settle;
use crate::store::scores::{COLUMNS, ScoreRow, writers};
use crate::store::states;

/// Rows that an account is taken to have where nothing is known of the tables.
const ROWS_ASSUMED: f64 = 200.0;
/// Accounts that are built together in any case: below that, looking for each would be less work.
const FEWEST_ACCOUNTS: usize = 16;
/// Memory that one event takes until it is folded, about.
const BYTES_AN_EVENT: f64 = 128.0;

thread_local! {
    static END: Statement = const {
        Statement::reading(
            include_str!("sql/refresh_end.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
    };
    static CHUNK_ACCOUNTS: Statement = const {
        Statement::reading(
            include_str!("sql/accounts_of_chunk.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
    };
    static STATES: Statement = const {
        Statement::reading(
            include_str!("sql/refreshed_states.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8ARRAYOID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
        .planned_anew()
        .in_parallel()
    };
    static ROWS_AN_ACCOUNT: Statement = const {
        Statement::reading(include_str!("sql/rows_an_account.sql"), &[pg_sys::INT8OID])
    };
    static PLACES: Statement = const {
        Statement::reading(
            include_str!("sql/refresh_places.sql"),
            &[pg_sys::INT8OID, pg_sys::INT8OID, pg_sys::INT8OID],
        )
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
        .planned_anew()
        .in_parallel()
    };
}

/// Some accounts of a refresh.
pub struct Batch {
    refresh_id: i64,
    first: i64,
    pub last: i64,
    accounts: usize,
}

impl Batch {
    /// The next `size` accounts after one, or the first of all; `None` when there are none.
    pub fn after(refresh_id: i64, account_id: Option<i64>, size: i32) -> Option<Self> {
        let first = match account_id {
            Some(account_id) => account_id.checked_add(1)?,
            None => i64::MIN,
        };
        let arguments = [refresh_id, first, i64::from(size)].map(|number| Some(Datum::from(number)));
        let mut found = None;
        END.with(|statement| statement.run(&arguments, |row| found = row.bigint(1).zip(row.bigint(2))));
        let (last, accounts) = found?;
        Some(Self { refresh_id, first, last, accounts: accounts as usize })
    }

    fn arguments(&self) -> [Option<Datum>; 3] {
        [self.refresh_id, self.first, self.last].map(|number| Some(Datum::from(number)))
    }
}

/// The accounts of a chunk: of a refresh, from the first to the last, at most so many.
pub fn accounts_of_chunk(chunk: [i64; 4]) -> Vec<i64> {
    let mut account_ids = Vec::new();
    let arguments = chunk.map(|number| Some(Datum::from(number)));
    CHUNK_ACCOUNTS.with(|statement| statement.run(&arguments, |row| account_ids.extend(row.bigint(1))));
    account_ids
}

/// Builds states again from rows.
///
/// # Errors
/// As [`states::rebuild`].
pub fn states(batch: &Batch) -> Result<(), Error> {
    with_latest_snapshot(|| {
        with_scratch(|| {
            let states = built(batch);
            let mut writer = StateWriter::new(&states);
            let mut written = Ok(());
            PLACES.with(|statement| {
                statement.run(&batch.arguments(), |row| {
                    if let (Some(account_id), Ok(())) = (row.bigint(1), &written) {
                        written = writer.write(account_id, row.place(2), row.timestamptz(3));
                    }
                    check_for_interrupts();
                });
            });
            written.and_then(|()| writer.close())
        })
    })
}

/// The states that rows make, by account.
fn built(batch: &Batch) -> HashMap<i64, Vec<u8>> {
    let mut states = HashMap::new();
    let chunk = chunk_of_states(batch);
    let arguments = in_chunks(batch, chunk);
    inviting_workers(|| {
        STATES.with(|statement| {
            statement.run(&arguments, |row| {
                states.extend(row.bigint(1).zip(row.bytes(2).map(<[u8]>::to_vec)));
            });
        });
    });
    states
}

/// Writes states in the order that everybody keeps: first those of accounts that have none, then the others, each in ascending
/// order of account.
struct StateWriter<'a> {
    table: StateTable,
    states: &'a HashMap<i64, Vec<u8>>,
    /// Accounts that had no state, until the first that has.
    missing: Vec<(i64, Vec<u8>, bool)>,
    /// Those of them that somebody else has given one meanwhile, or that begin with an archive.
    to_rebuild: VecDeque<i64>,
}

impl<'a> StateWriter<'a> {
    fn new(states: &'a HashMap<i64, Vec<u8>>) -> Self {
        Self { table: StateTable::open(), states, missing: Vec::new(), to_rebuild: VecDeque::new() }
    }

    fn write(
        &mut self,
        account_id: i64,
        place: Option<pg_sys::ItemPointerData>,
        archived_until: Option<Timestamp>,
    ) -> Result<(), Error> {
        let Some(state) = self.states.get(&account_id) else {
            return Ok(());
        };
        let Some(place) = place else {
            self.missing.push((account_id, state.clone(), false));
            return Ok(());
        };
        self.add_missing();
        while let Some(earlier) = self.to_rebuild.pop_front_if(|earlier| *earlier < account_id) {
            states::rebuild(earlier)?;
        }
        if !self.table.replace(place, account_id, state, archived_until) {
            states::rebuild(account_id)?;
        }
        Ok(())
    }

    fn add_missing(&mut self) {
        if self.missing.is_empty() {
            return;
        }
        let missing = std::mem::take(&mut self.missing);
        let account_ids: Vec<i64> = missing.iter().map(|(account_id, ..)| *account_id).collect();
        let added = states::add(missing.into_iter());
        let done: HashSet<i64> =
            added.into_iter().filter(|(_, stale)| !stale).map(|(account_id, _)| account_id).collect();
        self.to_rebuild.extend(account_ids.into_iter().filter(|account_id| !done.contains(account_id)));
    }

    fn close(mut self) -> Result<(), Error> {
        self.add_missing();
        for account_id in self.to_rebuild {
            states::rebuild(account_id)?;
        }
        self.table.close();
        Ok(())
    }
}

/// Scores accounts again.
///
/// # Errors
/// As [`settle::write`].
pub fn scores(batch: &Batch) -> Result<(), Error> {
    if runtime::is_for_cuda(batch.accounts) {
        // A GPU is this backend's alone: each worker would have to open it, and give it back with its last chunk.
        let chunk = [batch.refresh_id, batch.first, batch.last, batch.accounts as i64];
        return settle::score(&accounts_of_chunk(chunk)).map(|_| ());
    }
    with_scratch(|| {
        let (rows, writers) = with_latest_snapshot(|| scored(batch));
        settle::write(rows, &writers)
    })
}

/// Scores of a batch in ascending order of account, and who had written those that were there. Of an account that was never known
/// there is nothing to say.
fn scored(batch: &Batch) -> (Vec<ScoreRow>, HashMap<i64, u32>) {
    let arguments = in_chunks(batch, CHUNK);
    let (mut rows, mut unknown) = (Vec::new(), HashSet::new());
    inviting_workers(|| {
        SCORES.with(|statement| {
            statement.run(&arguments, |row| {
                let columns = COLUMNS.iter().zip(1..);
                let mut columns = columns.map(|(element, number)| row.owned(number, *element));
                rows.push(ScoreRow::new(std::array::from_fn(|_| columns.next().flatten())));
                unknown.extend(row.bigint(1).filter(|_| row.text(11).as_deref() == Some("none")));
            });
        });
    });
    rows.sort_unstable_by_key(ScoreRow::account_id);
    let account_ids: Vec<i64> = rows.iter().map(ScoreRow::account_id).collect();
    let writers = writers(&account_ids);
    rows.retain(|row| !unknown.contains(&row.account_id()) || writers.contains_key(&row.account_id()));
    (rows, writers)
}

/// Accounts whose states one process builds at a time: as many as their events fit into its memory, and not more than its share.
fn chunk_of_states(batch: &Batch) -> usize {
    let mut rows = None;
    ROWS_AN_ACCOUNT.with(|statement| {
        statement.run(&[Some(Datum::from(batch.refresh_id))], |row| rows = row.float8(1));
    });
    let bytes = rows.unwrap_or(ROWS_ASSUMED).max(1.0) * BYTES_AN_EVENT;
    let fitting = (settings::maintenance_bytes() as f64 / bytes) as usize;
    fitting.max(FEWEST_ACCOUNTS).min(batch.accounts.div_ceil(processes_of_a_query())).max(1)
}

/// Arguments that name a batch in chunks: the refresh, the first account of each chunk, the last of all, accounts of a chunk.
fn in_chunks(batch: &Batch, chunk: usize) -> [Option<Datum>; 4] {
    let [refresh_id, first, last] = batch.arguments();
    let size = Some(Datum::from(chunk as i64));
    let mut firsts = Vec::new();
    CHUNKS.with(|statement| {
        statement.run(&[refresh_id, first, last, size], |row| firsts.push(row.bigint(1)));
    });
    let firsts = array_datum(Element::Bigint, firsts.into_iter().map(|first| first.map(Datum::from)));
    [refresh_id, Some(firsts), last, size]
}
