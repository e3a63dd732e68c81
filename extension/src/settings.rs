//! Settings that DBAs and users see.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

use crate::postgres::catalog::reserve_settings_prefix;
use crate::postgres::transaction::{is_parallel_worker, set_in_transaction};

/// What runs sequence models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PostgresGucEnum)]
pub enum ExecutionProvider {
    /// ONNX Runtime where `botdet.onnxruntime_library` is set, else the embedded runtime.
    Auto,
    /// The embedded runtime.
    Embedded,
    /// ONNX Runtime on the CPU.
    Onnxruntime,
}

static EXECUTION_PROVIDER: GucSetting<ExecutionProvider> =
    GucSetting::<ExecutionProvider>::new(ExecutionProvider::Auto);
static ONNXRUNTIME_LIBRARY: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static PENDING_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);
static LEADER_HAS_PENDING: GucSetting<bool> = GucSetting::<bool>::new(false);
static GUARD_PARTITIONS: GucSetting<bool> = GucSetting::<bool>::new(true);
static FAIL_CLOSED: GucSetting<bool> = GucSetting::<bool>::new(false);

pub fn init() {
    GucRegistry::define_enum_guc(
        c"botdet.execution_provider",
        c"What runs sequence models.",
        c"auto: ONNX Runtime where botdet.onnxruntime_library is set, else the embedded runtime; embedded; onnxruntime. Takes effect when a session first uses a model version.",
        &EXECUTION_PROVIDER,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"botdet.onnxruntime_library",
        c"Path of the ONNX Runtime library, libonnxruntime.so.",
        c"Loaded once a session, when a sequence model first runs. Only superusers may set it.",
        &ONNXRUNTIME_LIBRARY,
        GucContext::Suset,
        GucFlags::SUPERUSER_ONLY,
    );
    GucRegistry::define_bool_guc(
        c"botdet.fail_closed",
        c"Whether a transaction fails when the accounts it inserted activity for cannot be scored.",
        c"Off: the rows stay, and botdet.score says why there is no score. On: the error is that of the commit.",
        &FAIL_CLOSED,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"botdet.guard_partitions",
        c"Whether dropping or detaching a partition of a source is refused while it holds rows that are not archived.",
        c"Off: it goes, and states that are built again later are those of the rows that are left.",
        &GUARD_PARTITIONS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"botdet.pending_memory",
        c"Memory for what a transaction has inserted, until it is written to the states before commit.",
        c"A transaction that needs more writes in between, and may then deadlock with another such transaction.",
        &PENDING_MEMORY,
        64,
        16 * 1024 * 1024,
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_bool_guc(
        c"botdet.leader_has_pending",
        c"Tells parallel workers that their leader has inserts they cannot see. Not to be set by hand.",
        c"",
        &LEADER_HAS_PENDING,
        GucContext::Userset,
        GucFlags::NO_SHOW_ALL | GucFlags::DISALLOW_IN_FILE,
    );
    reserve_settings_prefix(c"botdet");
}

pub fn execution_provider() -> ExecutionProvider {
    EXECUTION_PROVIDER.get()
}

/// Path of ONNX Runtime; `None` when unset or empty.
pub fn onnxruntime_library() -> Option<String> {
    let path = ONNXRUNTIME_LIBRARY.get()?.to_string_lossy().into_owned();
    (!path.is_empty()).then_some(path)
}

pub fn fail_closed() -> bool {
    FAIL_CLOSED.get()
}

pub fn guards_partitions() -> bool {
    GUARD_PARTITIONS.get()
}

/// Bytes of pending events that a transaction may hold.
pub fn pending_bytes() -> usize {
    PENDING_MEMORY.get() as usize * 1024
}

/// Tells parallel workers that this backend has events pending, until the transaction ends.
pub fn announce_pending() {
    set_in_transaction(c"botdet.leader_has_pending", c"on");
}

/// Whether this is a parallel worker of a backend with events pending.
pub fn is_worker_beside_pending() -> bool {
    is_parallel_worker() && LEADER_HAS_PENDING.get()
}
