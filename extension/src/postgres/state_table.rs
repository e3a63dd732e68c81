//! `botdet.account_state`, read and written a row at a time without SQL: by far the most frequent write there is.
//!
//! Rows are found through the primary key and updated in place. A row that another transaction updates meanwhile is waited
//! for and then read again, as `UPDATE` does under READ COMMITTED. That is right at every isolation level here: a state is
//! a sum, and what one transaction adds to it does not depend on what others added.

use botdet_models::event::Timestamp;
use pgrx::pg_sys::{self, Datum, TM_Result};

use super::{transaction, values};

/// Columns of the table, from 0.
const ACCOUNT_ID: usize = 0;
const STALE: usize = 1;
const STATE: usize = 2;
const ARCHIVED_UNTIL: usize = 3;
const COLUMNS: usize = 4;
/// Bytes before the content of a variable-length value.
const VARLENA_HEADER: usize = 4;

/// The open table. When an error unwinds past it, Postgres closes everything.
pub struct StateTable {
    relation: pg_sys::Relation,
    index: pg_sys::Relation,
    scan: pg_sys::IndexScanDesc,
    found: *mut pg_sys::TupleTableSlot,
    written: *mut pg_sys::TupleTableSlot,
    snapshot: pg_sys::Snapshot,
    /// Where what the open table needs is allocated.
    context: pg_sys::MemoryContext,
    /// Made when an update first needs new index entries.
    executor: Option<(*mut pg_sys::EState, *mut pg_sys::ResultRelInfo)>,
}

/// A row as it was found. Its bytes lie in the table's page, until the next row is looked for.
pub struct Found<'a> {
    place: pg_sys::ItemPointerData,
    pub stale: bool,
    pub state: &'a [u8],
    /// Events before this time are in the account's archive, or take no part.
    pub archived_until: Option<Timestamp>,
}

impl StateTable {
    /// Whether there is such a table.
    pub fn exists() -> bool {
        super::catalog::relation(c"botdet", c"account_state") != pg_sys::Oid::INVALID
    }

    /// Opens the table for updates.
    pub fn open() -> Self {
        // SAFETY: the extension owns the table, which has a primary key and these four columns.
        unsafe {
            let oid = super::catalog::relation(c"botdet", c"account_state");
            let relation = pg_sys::table_open(oid, pg_sys::RowExclusiveLock as i32);
            pg_sys::list_free(pg_sys::RelationGetIndexList(relation));
            let index = pg_sys::index_open((*relation).rd_pkindex, pg_sys::RowExclusiveLock as i32);
            let descriptor = (*relation).rd_att;
            assert_eq!((*descriptor).natts as usize, COLUMNS, "columns of botdet.account_state");
            let found = pg_sys::MakeSingleTupleTableSlot(descriptor, pg_sys::table_slot_callbacks(relation));
            let written = pg_sys::MakeSingleTupleTableSlot(descriptor, &raw const pg_sys::TTSOpsVirtual);
            let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let scan = pg_sys::index_beginscan(relation, index, snapshot, 1, 0);
            Self {
                relation,
                index,
                scan,
                found,
                written,
                snapshot,
                context: pg_sys::CurrentMemoryContext,
                executor: None,
            }
        }
    }

    /// Takes a new snapshot: what others committed meanwhile is found from now on.
    pub fn look_again(&mut self) {
        // SAFETY: the scan is given its new snapshot before the old one goes; it starts again at the next search.
        unsafe {
            let before = self.snapshot;
            self.snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            (*self.scan).xs_snapshot = self.snapshot;
            pg_sys::UnregisterSnapshot(before);
        }
    }

    /// Finds an account's row.
    pub fn find(&mut self, account_id: i64) -> Option<Found<'_>> {
        // SAFETY: the key fits the index's only column, a bigint; the slot holds the row found.
        unsafe {
            let mut key: pg_sys::ScanKeyData = std::mem::zeroed();
            pg_sys::ScanKeyInit(
                &raw mut key,
                1,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::F_INT8EQ.into(),
                Datum::from(account_id),
            );
            pg_sys::index_rescan(self.scan, &raw mut key, 1, std::ptr::null_mut(), 0);
            pg_sys::index_getnext_slot(self.scan, pg_sys::ScanDirection::ForwardScanDirection, self.found)
                .then(|| self.row())
        }
    }

    /// # Safety
    /// The slot must hold a row.
    unsafe fn row(&self) -> Found<'_> {
        // SAFETY: the caller vouches for the slot; only the last column may be null.
        unsafe {
            pg_sys::slot_getsomeattrs_int(self.found, COLUMNS as i32);
            let value = |column: usize| *(*self.found).tts_values.add(column);
            Found {
                place: (*self.found).tts_tid,
                stale: value(STALE).value() as u8 != 0,
                state: values::bytes(value(STATE)),
                archived_until: (!*(*self.found).tts_isnull.add(ARCHIVED_UNTIL))
                    .then(|| values::timestamp(value(ARCHIVED_UNTIL))),
            }
        }
    }

    /// Reads, folds and writes one row: `fold` gets what is stored, appends what is to be to `buffer`, and says whether that
    /// is stale. How far it is archived stays. `false` when there is no row. A row that changes between reading and writing is folded again from what it
    /// is then.
    pub fn update(
        &mut self,
        account_id: i64,
        buffer: &mut Vec<u8>,
        mut fold: impl FnMut(&Found<'_>, &mut Vec<u8>) -> bool,
    ) -> bool {
        loop {
            let Some(found) = self.find(account_id) else {
                return false;
            };
            let (mut place, archived_until) = (found.place, found.archived_until);
            buffer.clear();
            buffer.extend_from_slice(&[0; VARLENA_HEADER]);
            let stale = fold(&found, buffer);
            match self.write(&mut place, account_id, stale, buffer, archived_until) {
                TM_Result::TM_Ok => return true,
                TM_Result::TM_Updated | TM_Result::TM_Deleted => self.look_again(),
                other => unreachable!("tuple_update returned {other}"),
            }
        }
    }

    /// Writes a state over the row at a place; `false` when the row has changed since it was seen there. Whoever saw it must still
    /// hold the snapshot: only then does no other row come to lie there.
    pub fn replace(
        &mut self,
        mut place: pg_sys::ItemPointerData,
        account_id: i64,
        state: &[u8],
        archived_until: Option<Timestamp>,
    ) -> bool {
        let mut buffer = Vec::with_capacity(VARLENA_HEADER + state.len());
        buffer.extend_from_slice(&[0; VARLENA_HEADER]);
        buffer.extend_from_slice(state);
        self.write(&mut place, account_id, false, &mut buffer, archived_until) == TM_Result::TM_Ok
    }

    fn write(
        &mut self,
        place: &mut pg_sys::ItemPointerData,
        account_id: i64,
        stale: bool,
        state: &mut [u8],
        archived_until: Option<Timestamp>,
    ) -> TM_Result::Type {
        let length = state.len() as u32;
        // The header of an uncompressed varlena, as SET_VARSIZE_4B writes it.
        let header = if cfg!(target_endian = "little") { length << 2 } else { length };
        state[..VARLENA_HEADER].copy_from_slice(&header.to_ne_bytes());
        // SAFETY: the slot gets values of its columns' types, which outlive the call; the table's access method has all
        // its functions.
        unsafe {
            let slot = self.written;
            let clear = (*(*slot).tts_ops).clear;
            if let Some(clear) = clear {
                clear(slot);
            }
            let values = [
                Some(Datum::from(account_id)),
                Some(Datum::from(stale)),
                Some(Datum::from(state.as_ptr())),
                archived_until.map(values::timestamp_datum),
            ];
            debug_assert_eq!((ACCOUNT_ID, STALE, STATE, ARCHIVED_UNTIL), (0, 1, 2, 3));
            for (column, value) in values.into_iter().enumerate() {
                *(*slot).tts_values.add(column) = value.unwrap_or(Datum::null());
                *(*slot).tts_isnull.add(column) = value.is_none();
            }
            pg_sys::ExecStoreVirtualTuple(slot);
            let update = (*(*self.relation).rd_tableam).tuple_update;
            let mut failure: pg_sys::TM_FailureData = std::mem::zeroed();
            let (mut lock_mode, mut update_indexes) = (0, false);
            let Some(update) = update else {
                unreachable!("a table access method without updates");
            };
            let (relation, snapshot) = (self.relation, self.snapshot);
            let command = pg_sys::GetCurrentCommandId(true);
            let place = &raw mut *place;
            let result = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                update(
                    relation,
                    place,
                    slot,
                    command,
                    snapshot,
                    std::ptr::null_mut(),
                    true,
                    &raw mut failure,
                    &raw mut lock_mode,
                    &raw mut update_indexes,
                )
            });
            if result == TM_Result::TM_Ok && update_indexes {
                self.insert_index_entries();
            }
            result
        }
    }

    fn insert_index_entries(&mut self) {
        // SAFETY: as Postgres' own logical replication does for a table outside a plan.
        unsafe {
            let caller = pg_sys::MemoryContextSwitchTo(self.context);
            let (executor, target) = *self.executor.get_or_insert_with(|| {
                let executor = pg_sys::CreateExecutorState();
                let target =
                    pg_sys::palloc0(size_of::<pg_sys::ResultRelInfo>()).cast::<pg_sys::ResultRelInfo>();
                (*target).type_ = pg_sys::NodeTag::T_ResultRelInfo;
                pg_sys::InitResultRelInfo(target, self.relation, 0, std::ptr::null_mut(), 0);
                pg_sys::ExecOpenIndices(target, false);
                (executor, target)
            });
            let entries = pg_sys::ExecInsertIndexTuples(
                target,
                self.written,
                executor,
                true,
                false,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            );
            pg_sys::list_free(entries);
            pg_sys::MemoryContextSwitchTo(caller);
        }
    }

    /// Closes the table; locks stay until the transaction ends.
    pub fn close(self) {
        // SAFETY: everything was opened by us and is closed once.
        unsafe {
            pg_sys::index_endscan(self.scan);
            pg_sys::UnregisterSnapshot(self.snapshot);
            pg_sys::ExecDropSingleTupleTableSlot(self.found);
            pg_sys::ExecDropSingleTupleTableSlot(self.written);
            if let Some((executor, target)) = self.executor {
                pg_sys::ExecCloseIndices(target);
                pg_sys::FreeExecutorState(executor);
            }
            pg_sys::index_close(self.index, pg_sys::NoLock as i32);
            pg_sys::table_close(self.relation, pg_sys::NoLock as i32);
        }
    }
}

/// The owner of the extension's tables.
pub fn owner() -> pg_sys::Oid {
    let oid = super::catalog::relation(c"botdet", c"account_state");
    // SAFETY: the relation cache entry is read while the relation is open.
    unsafe {
        let relation = pg_sys::table_open(oid, pg_sys::AccessShareLock as i32);
        let owner = (*(*relation).rd_rel).relowner;
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        owner
    }
}

/// Runs `work`, which runs SQL, with the rights of the extension's owner: who has states and scores made need not be able to write
/// them. What `work` reads is not what the user may see, so that it should read nothing but what it writes.
pub fn with_rights<R>(work: impl FnOnce() -> R) -> R {
    transaction::as_owner(owner(), work)
}
