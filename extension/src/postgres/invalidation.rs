//! Telling all backends that something changed, and hearing of it.

use std::cell::{Cell, RefCell};

use pgrx::pg_sys::{self, Datum, Oid};

use super::catalog::relation;

thread_local! {
    /// Changes of deployments.
    pub static DEPLOYMENTS: Watch = const { Watch::new() };
    /// Changes of sources, and of the tables that are sources.
    pub static SOURCES: Watch = const { Watch::new() };
}

/// Hears of changes of some relations.
pub struct Watch {
    /// Empty: any relation counts.
    relations: RefCell<Vec<Oid>>,
    changes: Cell<u64>,
    /// Start of the transaction in which the latest change was heard of.
    heard_in: Cell<i64>,
}

impl Watch {
    const fn new() -> Self {
        Self { relations: RefCell::new(Vec::new()), changes: Cell::new(0), heard_in: Cell::new(0) }
    }

    /// Restricts what counts as a change to those of these relations.
    pub fn restrict(&self, relations: Vec<Oid>) {
        self.relations.replace(relations);
    }

    /// How many changes were heard of in this session.
    pub fn changes(&self) -> u64 {
        self.changes.get()
    }

    /// Whether every snapshot of the current transaction surely sees every change heard of so far. Where a change is heard
    /// of within a transaction, a cursor may still go on with a snapshot from before it.
    pub fn all_changes_are_seen(&self) -> bool {
        // SAFETY: both read variables of the transaction in progress.
        let (transaction, isolation) =
            unsafe { (pg_sys::GetCurrentTransactionStartTimestamp(), pg_sys::XactIsoLevel) };
        let keeps_snapshot = isolation >= pg_sys::XACT_REPEATABLE_READ as i32;
        !keeps_snapshot && self.heard_in.get() != transaction
    }

    fn hear(&self, changed: Oid) {
        // An invalid relation stands for all of them. What cannot be looked at now counts, too.
        let concerns = self.relations.try_borrow().map_or(true, |relations| {
            changed == Oid::INVALID || relations.is_empty() || relations.contains(&changed)
        });
        if concerns {
            self.changes.set(self.changes.get() + 1);
            // SAFETY: reads a variable.
            self.heard_in.set(unsafe { pg_sys::GetCurrentTransactionStartTimestamp() });
        }
    }
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

/// Listens to changes of relations. Call once, when the library is loaded.
pub fn init() {
    // SAFETY: the callback lives as long as the library, which is never unloaded.
    unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(on_change), Datum::null()) };
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_change(_argument: Datum, relation: Oid) {
    DEPLOYMENTS.with(|watch| watch.hear(relation));
    SOURCES.with(|watch| watch.hear(relation));
}

/// Tells every backend of this database, when the transaction commits, and this one at the next command.
pub fn announce(schema: &std::ffi::CStr, table: &std::ffi::CStr) {
    let relation = relation(schema, table);
    if relation != Oid::INVALID {
        // SAFETY: the relation exists; its lock is held by the statement that changed it.
        unsafe { pg_sys::CacheInvalidateRelcacheByRelid(relation) };
    }
}
