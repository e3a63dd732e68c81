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
        c"Whether an insert fails when its accounts cannot be scored.",
        c"Off: the rows stay, and botdet.score says why there is no score. On: the error is the statement's.",
        &FAIL_CLOSED,
        GucContext::Suset,
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

pub fn fail_closed() -> bool {
    FAIL_CLOSED.get()
}
