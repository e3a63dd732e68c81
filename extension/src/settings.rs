//! Settings that DBAs and users see.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

use crate::postgres::catalog::reserve_settings_prefix;

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

/// Bytes of pending events that a transaction may hold.
pub fn pending_bytes() -> usize {
    PENDING_MEMORY.get() as usize * 1024
}
