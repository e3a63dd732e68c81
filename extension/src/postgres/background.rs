//! Background workers: registering, starting and stopping them, and what each has to do to live among Postgres' processes.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use pgrx::PgTryBuilder;
use pgrx::pg_sys::{self, Datum};

use super::subtransaction::message;

/// Bytes of the argument that a worker can be given.
const ARGUMENT_BYTES: usize = 127;

unsafe extern "C-unwind" {
    // Without the guards of pgrx's wrappers, which are not made for signal handlers.
    fn die(signal: c_int);
    #[link_name = "SignalHandlerForConfigReload"]
    fn reload_configuration(signal: c_int);
}

thread_local! {
    /// What this process has started; read once more when it ends.
    static STARTED: RefCell<Vec<Started>> = const { RefCell::new(Vec::new()) };
}

/// A worker that this process has started.
struct Started {
    argument: String,
    handle: *mut pg_sys::BackgroundWorkerHandle,
}

/// Whether the server is loading the libraries it starts with.
pub fn is_server_starting() -> bool {
    // SAFETY: reads a variable.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress }
}

/// Has the server run a worker from its start on, and again ten seconds after it ended for any reason.
pub fn register(name: &str, kind: &str, function: &str) {
    let mut worker = description(name, kind, function, "");
    worker.bgw_restart_time = 10;
    // SAFETY: the description is whole, and copied.
    unsafe { pg_sys::RegisterBackgroundWorker(&raw mut worker) };
}

/// Starts a worker now; it ends with this process at the latest. `false` when the server has no room for it.
pub fn start(name: &str, kind: &str, function: &str, argument: &str) -> bool {
    let mut worker = description(name, kind, function, argument);
    let mut handle = std::ptr::null_mut();
    // SAFETY: the description is whole, and copied; the handle is allocated where it lives as long as the process.
    let is_started = unsafe {
        worker.bgw_notify_pid = pg_sys::MyProcPid;
        let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        let is_started = pg_sys::RegisterDynamicBackgroundWorker(&raw mut worker, &raw mut handle);
        pg_sys::MemoryContextSwitchTo(context);
        is_started
    };
    if is_started {
        STARTED.with_borrow_mut(|started| started.push(Started { argument: argument.to_owned(), handle }));
    }
    is_started
}

/// Arguments of the started workers that have not ended, nor been stopped.
pub fn running() -> Vec<String> {
    STARTED.with_borrow_mut(|started| {
        started.retain(|worker| {
            let mut process = 0;
            // SAFETY: the handle is from the server, and not freed before it leaves this list.
            let status = unsafe { pg_sys::GetBackgroundWorkerPid(worker.handle, &raw mut process) };
            let has_ended = status == pg_sys::BgwHandleStatus::BGWH_STOPPED;
            if has_ended {
                // SAFETY: as above; nobody else has it.
                unsafe { pg_sys::pfree(worker.handle.cast()) };
            }
            !has_ended
        });
        started.iter().map(|worker| worker.argument.clone()).collect()
    })
}

/// Asks the worker with this argument to end.
pub fn stop(argument: &str) {
    STARTED.with_borrow(|started| {
        for worker in started.iter().filter(|worker| worker.argument == argument) {
            // SAFETY: the handle is from the server. It only notes the wish, and wakes the postmaster.
            unsafe { pg_sys::TerminateBackgroundWorker(worker.handle) };
        }
    });
}

fn description(name: &str, kind: &str, function: &str, argument: &str) -> pg_sys::BackgroundWorker {
    let mut worker = pg_sys::BackgroundWorker {
        bgw_flags: (pg_sys::BGWORKER_SHMEM_ACCESS | pg_sys::BGWORKER_BACKEND_DATABASE_CONNECTION) as i32,
        // On a standby there is nothing to write.
        bgw_start_time: pg_sys::BgWorkerStartTime::BgWorkerStart_RecoveryFinished,
        bgw_restart_time: pg_sys::BGW_NEVER_RESTART,
        ..Default::default()
    };
    fill(&mut worker.bgw_name, name);
    fill(&mut worker.bgw_type, kind);
    fill(&mut worker.bgw_library_name, "botdet");
    fill(&mut worker.bgw_function_name, function);
    fill(&mut worker.bgw_extra, argument);
    worker
}

fn fill(field: &mut [c_char], text: &str) {
    // The last byte stays zero.
    let end = field.len() - 1;
    for (place, byte) in field[..end].iter_mut().zip(text.bytes()) {
        *place = byte as c_char;
    }
}

/// Whether a text can be a worker's argument.
pub fn fits_argument(text: &str) -> bool {
    text.len() <= ARGUMENT_BYTES
}

/// The argument of the worker that this process is.
pub fn argument() -> String {
    // SAFETY: a background worker has its description for as long as it lives; the field ends with a zero.
    let argument = unsafe { CStr::from_ptr((*pg_sys::MyBgworkerEntry).bgw_extra.as_ptr()) };
    argument.to_string_lossy().into_owned()
}

/// Takes up life as a worker, connected to a database (`None`: to none in particular) as the bootstrap superuser: a termination is
/// heeded wherever a backend would heed it, and settings are read again when they change. Workers it has started end with it.
pub fn begin(database: Option<&str>, application_name: &CStr) {
    let database = database.map(|name| CString::new(name).unwrap_or_default());
    let name = database.as_ref().map_or(std::ptr::null(), |name| name.as_ptr());
    // SAFETY: called once, first thing in a worker's process, which has one thread. The handlers are Postgres' own.
    unsafe {
        pg_sys::pqsignal(libc::SIGTERM, Some(die));
        pg_sys::pqsignal(libc::SIGHUP, Some(reload_configuration));
        pg_sys::BackgroundWorkerUnblockSignals();
        pg_sys::BackgroundWorkerInitializeConnection(name, std::ptr::null(), 0);
        pg_sys::before_shmem_exit(Some(stop_all), Datum::null());
    }
    // What the database's owner, or somebody's ALTER ROLE, has set must not reach the superuser's session.
    set(c"search_path", c"pg_catalog, pg_temp");
    set(c"default_transaction_isolation", c"read committed");
    set(c"default_transaction_read_only", c"off");
    set(c"application_name", application_name);
}

fn set(name: &CStr, value: &CStr) {
    let (context, source) = (pg_sys::GucContext::PGC_SUSET, pg_sys::GucSource::PGC_S_OVERRIDE);
    // SAFETY: Postgres copies both texts.
    unsafe { pg_sys::SetConfigOption(name.as_ptr(), value.as_ptr(), context, source) };
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn stop_all(_code: c_int, _argument: Datum) {
    STARTED.with(|started| {
        let Ok(started) = started.try_borrow() else {
            return;
        };
        for worker in started.iter() {
            // SAFETY: the handle is from the server, whose shared memory is still attached.
            unsafe { pg_sys::TerminateBackgroundWorker(worker.handle) };
        }
    });
}

/// Waits, at most so long: signals and the end of a started worker end it early. `true` when settings were read again.
pub fn wait(at_most: Duration) -> bool {
    let milliseconds = at_most.as_millis().try_into().unwrap_or(std::ffi::c_long::MAX);
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: the process has a latch of its own.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, events as c_int, milliseconds, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    heed_signals()
}

/// Between transactions: ends the process where that was asked for, reads settings again where that was, and says so. A cancel
/// comes too late, and is forgotten: here it would end the process.
pub fn heed_signals() -> bool {
    // SAFETY: variables that only this process and its handlers touch; no transaction is in progress.
    unsafe {
        pg_sys::QueryCancelHoldoffCount += 1;
        super::call::check_for_interrupts();
        pg_sys::QueryCancelPending = 0;
        pg_sys::QueryCancelHoldoffCount -= 1;
        let is_asked = pg_sys::ConfigReloadPending != 0;
        if is_asked {
            pg_sys::ConfigReloadPending = 0;
            pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
        }
        is_asked
    }
}

/// Runs `work` in a transaction of its own, shown as `activity` to whoever looks. An error rolls it back and comes back as its
/// message: outside of a session, nobody else would catch it.
pub fn in_transaction<R>(activity: &CStr, work: impl FnOnce() -> R) -> Result<R, String> {
    // SAFETY: no transaction is in progress; this one is ended on every way out, and then nothing of it is used.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, activity.as_ptr());
        let outcome = PgTryBuilder::new(AssertUnwindSafe(|| {
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
            let result = work();
            pg_sys::PopActiveSnapshot();
            pg_sys::CommitTransactionCommand();
            Ok(result)
        }))
        .catch_others(|error| Err(message(&error)))
        .catch_rust_panic(|error| Err(message(&error)))
        .execute();
        if outcome.is_err() {
            pg_sys::AbortCurrentTransaction();
        }
        pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
        pg_sys::pgstat_report_stat(false);
        pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_IDLE, std::ptr::null());
        outcome
    }
}
