//! The transaction in progress: its moments, its numbers, and working on behalf of the extension's owner.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_void};

use pgrx::pg_sys::{self, Oid, SubXactEvent, XactEvent};

/// Something that happens to a transaction.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// It is about to commit, or to be prepared: work may still be done, and may still fail.
    BeforeCommit,
    /// It was rolled back, committed or prepared.
    Ended,
    SubtransactionCommitted {
        level: u32,
        parent: u32,
    },
    SubtransactionRolledBack {
        level: u32,
    },
}

thread_local! {
    static LISTENER: Cell<Option<fn(Moment)>> = const { Cell::new(None) };
}

/// Has `listener` called at every moment. Call once, when the library is loaded.
pub fn on_moment(listener: fn(Moment)) {
    LISTENER.set(Some(listener));
    // SAFETY: the callbacks live as long as the library, which is never unloaded.
    unsafe {
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_transaction(event: XactEvent::Type, _argument: *mut c_void) {
    let Some(listener) = LISTENER.get() else {
        return;
    };
    match event {
        XactEvent::XACT_EVENT_PRE_COMMIT | XactEvent::XACT_EVENT_PRE_PREPARE => {
            listener(Moment::BeforeCommit)
        }
        XactEvent::XACT_EVENT_COMMIT | XactEvent::XACT_EVENT_ABORT | XactEvent::XACT_EVENT_PREPARE => {
            listener(Moment::Ended);
        }
        _ => {}
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn on_subtransaction(
    event: SubXactEvent::Type,
    level: pg_sys::SubTransactionId,
    parent: pg_sys::SubTransactionId,
    _argument: *mut c_void,
) {
    let Some(listener) = LISTENER.get() else {
        return;
    };
    match event {
        SubXactEvent::SUBXACT_EVENT_COMMIT_SUB => listener(Moment::SubtransactionCommitted { level, parent }),
        SubXactEvent::SUBXACT_EVENT_ABORT_SUB => listener(Moment::SubtransactionRolledBack { level }),
        _ => {}
    }
}

/// Number of the innermost subtransaction.
pub fn subtransaction() -> u32 {
    // SAFETY: reads a variable of the transaction in progress.
    unsafe { pg_sys::GetCurrentSubTransactionId() }
}

/// Whether no savepoint is open.
pub fn is_outermost() -> bool {
    // SAFETY: as above.
    unsafe { pg_sys::GetCurrentTransactionNestLevel() == 1 }
}

/// Number of the running command, which the next one is sure to be above.
pub fn writing_command() -> u32 {
    // SAFETY: called by triggers only, which do not run in parallel workers.
    unsafe { pg_sys::GetCurrentCommandId(true) }
}

/// The command whose snapshot is active: it sees what commands of lower numbers did. `None` without a snapshot.
pub fn reading_command() -> Option<u32> {
    // SAFETY: a snapshot is read only if one is active.
    unsafe { pg_sys::ActiveSnapshotSet().then(|| (*pg_sys::GetActiveSnapshot()).curcid) }
}

/// Runs `work` with a snapshot of everything committed by now, and of all that this transaction did, whatever the isolation
/// level. An error in between unwinds, and the transaction's end drops the snapshot.
pub fn with_latest_snapshot<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: the pushed copy is popped again, after all that was pushed on top of it.
    unsafe {
        pg_sys::CommandCounterIncrement();
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
        let result = work();
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// Runs `work` with a snapshot of everything committed by now, where one can be had: not in a parallel query, which goes on
/// with its own.
pub fn with_fresh_snapshot<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: as above.
    unsafe {
        if pg_sys::IsInParallelMode() {
            return work();
        }
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
        let result = work();
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// Keeps a relation and its partitions as they are until the transaction ends.
pub fn keep_relation(relation: Oid) {
    // SAFETY: a lock like that of any query; of a relation that is gone it locks nothing.
    unsafe { pg_sys::LockRelationOid(relation, pg_sys::AccessShareLock as i32) };
}

/// Whether the transaction goes on after the running statement, so that a procedure must not end it.
pub fn is_in_block() -> bool {
    // SAFETY: reads variables.
    unsafe { pg_sys::IsTransactionBlock() }
}

/// Runs `work` as under READ COMMITTED: what others commit meanwhile is gone on from, and not an error. An error in between must end
/// the transaction; the next one sets its own level. Unless `work` is the last thing this transaction does, all of its
/// statements must bring their snapshots: one taken for the transaction would stay.
pub fn as_read_committed(work: impl FnOnce()) {
    // SAFETY: a variable of the transaction in progress, which is set back.
    unsafe {
        let level = pg_sys::XactIsoLevel;
        pg_sys::XactIsoLevel = pg_sys::XACT_READ_COMMITTED as i32;
        work();
        pg_sys::XactIsoLevel = level;
    }
}

/// Fires the deferred triggers that were queued so far. Those of statements that run in [`Moment::BeforeCommit`] would
/// otherwise be forgotten: Postgres has fired its own by then.
pub fn fire_deferred_triggers() {
    // SAFETY: a transaction is in progress, and no query is.
    unsafe { pg_sys::AfterTriggerFireDeferred() };
}

/// Runs `work` with the rights of `owner` and with nothing on the search path that a user could fill. An error in between
/// unwinds, and the transaction's end sets both back.
pub fn as_owner<R>(owner: Oid, work: impl FnOnce() -> R) -> R {
    // SAFETY: user and settings are set back after `work`, as Postgres does around a SECURITY DEFINER function.
    unsafe {
        let (mut user, mut context) = (Oid::INVALID, 0);
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
        let restricted = context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32;
        let level = pg_sys::NewGUCNestLevel();
        pg_sys::SetUserIdAndSecContext(owner, restricted);
        set_for_now(c"search_path", c"pg_catalog, pg_temp", pg_sys::GucAction::GUC_ACTION_SAVE);
        let result = work();
        pg_sys::AtEOXact_GUC(true, level);
        pg_sys::SetUserIdAndSecContext(user, context);
        result
    }
}

/// Runs `work`, which reads a table of `owner`, with the rights of the user we run as; but never with a superuser's where the
/// owner is none. Planning a query runs what the owner has put into indexes and constraints of the table. An error in between
/// unwinds, and the transaction's end sets user and settings back.
pub fn as_reader<R>(owner: Oid, work: impl FnOnce() -> R) -> R {
    // SAFETY: look-ups of roles; user and settings are set back after `work`, as Postgres does around index functions when it
    // rebuilds an index.
    unsafe {
        if !pg_sys::superuser() || pg_sys::superuser_arg(owner) {
            return work();
        }
        let (mut user, mut context) = (Oid::INVALID, 0);
        pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
        let restricted = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION;
        let level = pg_sys::NewGUCNestLevel();
        pg_sys::SetUserIdAndSecContext(owner, context | restricted as i32);
        set_for_now(c"search_path", c"pg_catalog, pg_temp", pg_sys::GucAction::GUC_ACTION_SAVE);
        let result = work();
        pg_sys::AtEOXact_GUC(false, level);
        pg_sys::SetUserIdAndSecContext(user, context);
        result
    }
}

/// The setting `maintenance_work_mem`.
pub fn maintenance_kilobytes() -> usize {
    // SAFETY: reads a variable.
    usize::try_from(unsafe { pg_sys::maintenance_work_mem }).unwrap_or_default()
}

/// How many processes work on a parallel query, at most.
pub fn processes_of_a_query() -> usize {
    // SAFETY: reads a variable.
    usize::try_from(unsafe { pg_sys::max_parallel_workers_per_gather }).unwrap_or_default() + 1
}

/// Runs `work`, in which plans for parallel workers are made however few rows the planner sees: it does not know how much a
/// row costs. Each process may use the memory for maintenance. An error in between unwinds, and the transaction's end sets everything back.
pub fn inviting_workers<R>(work: impl FnOnce() -> R) -> R {
    // SAFETY: the settings are set back after `work`.
    let level = unsafe { pg_sys::NewGUCNestLevel() };
    for setting in [
        c"min_parallel_table_scan_size",
        c"min_parallel_index_scan_size",
        c"parallel_setup_cost",
        c"parallel_tuple_cost",
    ] {
        set_for_now(setting, c"0", pg_sys::GucAction::GUC_ACTION_SAVE);
    }
    let memory = CString::new(maintenance_kilobytes().to_string()).unwrap_or_default();
    set_for_now(c"work_mem", &memory, pg_sys::GucAction::GUC_ACTION_SAVE);
    let result = work();
    // SAFETY: as above.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    result
}

/// Whether this is a parallel worker, which knows nothing of its leader's memory.
pub fn is_parallel_worker() -> bool {
    // SAFETY: reads a variable.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 }
}

/// Whether the transaction has written anything; a parallel worker knows it of its leader's.
pub fn has_written() -> bool {
    // SAFETY: reads a variable of the transaction in progress.
    unsafe { pg_sys::GetTopTransactionIdIfAny() != pg_sys::InvalidTransactionId }
}

/// Whether a parallel query runs, in this backend or with it as a worker.
pub fn is_parallel_mode() -> bool {
    // SAFETY: reads a variable.
    unsafe { pg_sys::IsInParallelMode() }
}

fn set_for_now(name: &CStr, value: &CStr, action: pg_sys::GucAction::Type) {
    // SAFETY: Postgres copies both texts.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        );
    }
}
