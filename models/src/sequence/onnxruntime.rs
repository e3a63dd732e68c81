//! ONNX Runtime, from a shared library chosen at run time.

use ort::session::Session;
use ort::value::TensorRef;

use super::{CHANNELS, Sequence, SequenceError, SequenceModel, checked};

const RUNTIME: &str = "ONNX Runtime";

/// A sequence model run by ONNX Runtime on one thread of the CPU.
pub struct OnnxRuntime {
    session: Session,
}

impl OnnxRuntime {
    /// Loads the library, once per process, and a model from the bytes of an ONNX file. Starts threads: a Postgres
    /// backend must block signals meanwhile.
    ///
    /// # Errors
    /// [`SequenceError::Library`] when the library is not there or not one, [`SequenceError::Model`] when it refuses the
    /// model.
    pub fn load(library: &str, onnx: &[u8]) -> Result<Self, SequenceError> {
        let environment = check_library(library)
            .and_then(|()| ort::init_from(library).map_err(|error| error.to_string()))
            .and_then(|builder| builder.with_name("botdet").build().map_err(|error| error.to_string()))
            .map_err(|reason| SequenceError::Library { path: library.to_owned(), reason })?;
        let session = Session::builder(&environment)
            .map_err(|error| error.to_string())
            .and_then(|builder| builder.with_intra_threads(1).map_err(|error| error.to_string()))
            .and_then(|mut builder| builder.commit_from_memory(onnx).map_err(|error| error.to_string()))
            .map_err(|reason| SequenceError::Model { runtime: RUNTIME, reason })?;
        Ok(Self { session })
    }
}

/// Whether a file is a library with ONNX Runtime's entry point. `ort` takes that for granted, panics where it is missing, and
/// keeps the wrong library for the rest of the process.
#[expect(unsafe_code, reason = "loading a library runs its initialisers")]
fn check_library(path: &str) -> Result<(), String> {
    // SAFETY: whoever names the library vouches for its initialisers; in Postgres only superusers may.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| error.to_string())?;
    // SAFETY: the symbol's address is not used.
    let entry_point = unsafe { library.get::<*const ()>(b"OrtGetApiBase") };
    entry_point.map(|_| ()).map_err(|_| "it is not ONNX Runtime: it has no OrtGetApiBase".to_owned())?;
    // It stays loaded, for `ort` to find.
    std::mem::forget(library);
    Ok(())
}

impl SequenceModel for OnnxRuntime {
    fn runtime(&self) -> &'static str {
        "onnxruntime"
    }

    fn logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError> {
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let mut padded = vec![0.0f32; rows.len() * longest * CHANNELS];
        for (row, space) in rows.iter().zip(padded.chunks_mut((longest * CHANNELS).max(1))) {
            space[..row.steps().len()].copy_from_slice(row.steps());
        }
        let lengths: Vec<i32> = rows.iter().map(|row| row.len() as i32).collect();
        let failed = |error: ort::Error| SequenceError::Run { runtime: RUNTIME, reason: error.to_string() };
        let sequences = TensorRef::from_array_view(([rows.len(), longest, CHANNELS], padded.as_slice()))
            .map_err(failed)?;
        let lengths = TensorRef::from_array_view(([rows.len()], lengths.as_slice())).map_err(failed)?;
        let outputs =
            self.session.run(ort::inputs!["sequences" => sequences, "lengths" => lengths]).map_err(failed)?;
        let output = outputs.get("logit").ok_or_else(|| SequenceError::Run {
            runtime: RUNTIME,
            reason: "it has no output logit".to_owned(),
        })?;
        let (_, logits) = output.try_extract_tensor::<f32>().map_err(failed)?;
        checked(RUNTIME, rows.len(), logits.to_vec())
    }
}
