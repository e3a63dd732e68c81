//! Telling all backends that something changed, and hearing of it.

use std::cell::Cell;

use pgrx::pg_sys::{self, Datum, Oid};

use super::catalog::relation;

thread_local! {
    static CHANGES: Cell<u64> = const { Cell::new(0) };
    /// Start of the transaction in which the latest change was heard of.
    static HEARD_IN: Cell<i64> = const { Cell::new(0) };
    static WATCHED: Cell<Oid> = const { Cell::new(Oid::INVALID) };
}

/// Tells one snapshot from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotKey {
    xmin: u32,
    xmax: u32,
    running: u32,
    command: u32,
    /// Start of the transaction it was taken in.
    transaction: i64,
}

impl SnapshotKey {
    /// The active snapshot's key; `None` when there is none.
    pub fn active() -> Option<Self> {
        // SAFETY: a snapshot is read only if one is active.
        unsafe {
            if !pg_sys::ActiveSnapshotSet() {
                return None;
            }
            let snapshot = pg_sys::GetActiveSnapshot();
            Some(Self {
                xmin: (*snapshot).xmin.into(),
                xmax: (*snapshot).xmax.into(),
                running: (*snapshot).xcnt,
                command: (*snapshot).curcid,
                transaction: pg_sys::GetCurrentTransactionStartTimestamp(),
            })
        }
    }
}

/// How many changes were heard of in this session.
pub fn changes() -> u64 {
    CHANGES.get()
}

/// Whether every snapshot of the current transaction surely sees every change heard of so far. Where a change is heard of
/// within a transaction, a cursor may still go on with a snapshot from before it.
pub fn all_changes_are_seen() -> bool {
    // SAFETY: both read variables of the transaction in progress.
    let (transaction, isolation) =
        unsafe { (pg_sys::GetCurrentTransactionStartTimestamp(), pg_sys::XactIsoLevel) };
    let keeps_snapshot = isolation >= pg_sys::XACT_REPEATABLE_READ as i32;
    !keeps_snapshot && HEARD_IN.get() != transaction
}

/// Listens to changes of relations. Call once, when the library is loaded.
pub fn init() {
    // SAFETY: the callback lives as long as the library, which is never unloaded.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(on_change), Datum::null()) };
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_change(_argument: Datum, relation: Oid) {
    // An invalid relation stands for all of them.
    let watched = WATCHED.get();
    if relation == Oid::INVALID || watched == Oid::INVALID || relation == watched {
        CHANGES.set(CHANGES.get() + 1);
        // SAFETY: reads a variable.
        HEARD_IN.set(unsafe { pg_sys::GetCurrentTransactionStartTimestamp() });
    }
}

/// Restricts what counts as a change to that of this relation.
pub fn watch(schema: &std::ffi::CStr, table: &std::ffi::CStr) {
    WATCHED.set(relation(schema, table));
}

/// Tells every backend of this database, when the transaction commits, and this one at the next command.
pub fn announce(schema: &std::ffi::CStr, table: &std::ffi::CStr) {
    let relation = relation(schema, table);
    if relation != Oid::INVALID {
        // SAFETY: the relation exists; its lock is held by the statement that changed it.
        unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) };
    }
}
