//! Settings that DBAs and users see.

use std::ffi::CString;
use std::time::Duration;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

use crate::postgres::catalog::reserve_settings_prefix;

/// What runs sequence models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PostgresGucEnum)]
pub enum ExecutionProvider {
    /// ONNX Runtime where `botdet.onnxruntime_library` is set, else the embedded runtime.
    #[name = c"auto"]
    Auto,
    /// The embedded runtime.
    #[name = c"embedded"]
    Embedded,
    /// ONNX Runtime on the CPU.
    #[name = c"onnxruntime"]
    Onnxruntime,
    /// ONNX Runtime, on a GPU for batches of accounts.
    #[name = c"cuda"]
    Cuda,
}

static EXECUTION_PROVIDER: GucSetting<ExecutionProvider> =
    GucSetting::<ExecutionProvider>::new(ExecutionProvider::Auto);
static ONNXRUNTIME_LIBRARY: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static DEVICE_ID: GucSetting<i32> = GucSetting::<i32>::new(0);
static INFERENCE_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(0);
static MODEL_CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(256 * 1024);
static PENDING_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);
static WORKER_DATABASES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static WORKER_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(1000);
static GUARD_PARTITIONS: GucSetting<bool> = GucSetting::<bool>::new(true);
static FAIL_CLOSED: GucSetting<bool> = GucSetting::<bool>::new(false);
static ACTOR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

pub fn init() {
    GucRegistry::define_enum_guc(
        c"botdet.execution_provider",
        c"What runs sequence models.",
        c"auto: ONNX Runtime where botdet.onnxruntime_library is set, else the embedded runtime; embedded; onnxruntime: on the CPU; cuda: ONNX Runtime, for 256 accounts and more in botdet_score_batch(), botdet_store_scores(), botdet_score_pending() or a refresh on the NVIDIA GPU that botdet.device_id names, else on the CPU. Where CUDA is missing, the embedded runtime answers, and the session is warned once. Takes effect when a session first uses a model version.",
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
    GucRegistry::define_int_guc(
        c"botdet.device_id",
        c"Number of the GPU that botdet.execution_provider = cuda uses.",
        c"As CUDA counts, from 0. Takes effect when a session first uses a model version on a GPU.",
        &DEVICE_ID,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"botdet.inference_timeout",
        c"Longest time that the sequence model may take for one call of a scoring function.",
        c"0: no limit. Past it the call is an error; accounts of an insert are noted in botdet.score as failed, and those of the queue are tried in smaller batches, each with the same limit. Looked at before each chunk of 32 accounts; ONNX Runtime is stopped within one, too. Reading accounts does not count.",
        &INFERENCE_TIMEOUT,
        0,
        24 * 60 * 60 * 1000,
        // Whoever inserts must not be able to have accounts go unscored.
        GucContext::Suset,
        GucFlags::UNIT_MS,
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
    GucRegistry::define_int_guc(
        c"botdet.model_cache_size",
        c"Memory of a session for the model versions that it keeps loaded.",
        c"An estimate of it. Where a version more would exceed it, those go that have not been used for longest; the one in use stays, however large. What sessions share of tree ensembles does not count. 64 kB to 64 GB.",
        &MODEL_CACHE_SIZE,
        64,
        64 * 1024 * 1024,
        // As work_mem: whoever may score decides how much of it a session of theirs keeps at hand.
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_string_guc(
        c"botdet.worker_databases",
        c"Databases whose queued accounts background workers score.",
        c"Names as they are, without quotes, between commas. Takes effect at a reload, where shared_preload_libraries names botdet. A worker is a connection to its database, which is in the way of dropping it.",
        &WORKER_DATABASES,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"botdet.worker_interval",
        c"How long a background worker waits before it looks again at a queue that was empty.",
        c"Takes effect at a reload.",
        &WORKER_INTERVAL,
        10,
        60 * 60 * 1000,
        GucContext::Sighup,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_string_guc(
        c"botdet.actor",
        c"For whom a service acts: who is named in audit, labels and reviews.",
        c"Read by botdet.actor(), and believed only from sessions that have logged in as a member of botdet_service; others act in their own name, whatever it says. Set it with SET LOCAL, for a transaction.",
        &ACTOR,
        GucContext::Userset,
        GucFlags::default(),
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

/// Number of the GPU, as CUDA counts.
pub fn device_id() -> i32 {
    DEVICE_ID.get()
}

/// How long the sequence model may take for a call; `None` without a limit.
pub fn inference_timeout() -> Option<Duration> {
    let milliseconds = u64::from(INFERENCE_TIMEOUT.get().unsigned_abs());
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
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

/// Bytes that loaded model versions may take.
pub fn model_cache_bytes() -> usize {
    MODEL_CACHE_SIZE.get() as usize * 1024
}

/// Bytes that one process may use for maintenance, by `maintenance_work_mem`.
pub fn maintenance_bytes() -> usize {
    crate::postgres::transaction::maintenance_kilobytes() * 1024
}

/// Databases that get a background worker.
pub fn worker_databases() -> Vec<String> {
    let setting = WORKER_DATABASES.get().unwrap_or_default();
    let setting = setting.to_string_lossy();
    let mut names: Vec<String> = setting.split(',').map(str::trim).map(str::to_owned).collect();
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    names.dedup();
    names
}

/// How long a background worker waits when there is nothing to do.
pub fn worker_interval() -> Duration {
    Duration::from_millis(WORKER_INTERVAL.get().unsigned_abs().into())
}
