//! Opening sequence models inside a backend.

use botdet_models::sequence::{EmbeddedRuntime, OnnxRuntime, SequenceError, SequenceModel};

use crate::postgres::signals::with_signals_blocked;
use crate::settings::{self, ExecutionProvider};

/// Opens a model with the runtime the settings choose.
///
/// # Errors
/// [`SequenceError`] when the library or the model cannot be loaded.
pub fn open_sequence_model(onnx: &[u8]) -> Result<Box<dyn SequenceModel>, SequenceError> {
    let library = settings::onnxruntime_library();
    // Both runtimes start threads. A signal delivered to one of them would run Postgres' handler there.
    with_signals_blocked(|| match (settings::execution_provider(), library) {
        (ExecutionProvider::Embedded, _) | (ExecutionProvider::Auto, None) => {
            Ok(Box::new(EmbeddedRuntime::load(onnx)?) as Box<dyn SequenceModel>)
        }
        (ExecutionProvider::Onnxruntime | ExecutionProvider::Auto, Some(library)) => {
            Ok(Box::new(OnnxRuntime::load(&library, onnx)?) as Box<dyn SequenceModel>)
        }
        (ExecutionProvider::Onnxruntime, None) => Err(SequenceError::Library {
            path: "botdet.onnxruntime_library".to_owned(),
            reason: "it is not set".to_owned(),
        }),
    })
}
