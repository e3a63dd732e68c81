//! The latest events as a sequence model sees them, and the runtimes that run such models.

mod embedded;
mod encode;
mod onnxruntime;

pub use embedded::EmbeddedRuntime;
pub use encode::{CHANNELS, Sequence};
pub use onnxruntime::OnnxRuntime;

/// Rows that are run at once. Longer batches gain no speed on a CPU, and hold up a cancel for longer.
pub const CHUNK: usize = 32;

/// Why a sequence model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SequenceError {
    /// The runtime's library cannot be loaded.
    #[error("cannot load ONNX Runtime from {path}: {reason}")]
    Library {
        /// Where it was looked for.
        path: String,
        /// What the loader said.
        reason: String,
    },
    /// The runtime does not accept the model.
    #[error("{runtime} refuses the sequence model: {reason}")]
    Model {
        /// Which runtime.
        runtime: &'static str,
        /// What it said.
        reason: String,
    },
    /// Running the model failed.
    #[error("{runtime} failed while running the sequence model: {reason}")]
    Run {
        /// Which runtime.
        runtime: &'static str,
        /// What it said.
        reason: String,
    },
    /// The model answered something that is not one finite logit a row.
    #[error("{runtime} returned {found} finite logits for {expected} rows")]
    Output {
        /// Which runtime.
        runtime: &'static str,
        /// Finite logits there are.
        found: usize,
        /// Rows there were.
        expected: usize,
    },
}

/// A loaded sequence model: the deep stage, whatever runs it.
///
/// The model is an ONNX file with inputs `sequences` (float32, rows × steps × [`CHANNELS`]) and `lengths` (int32, rows),
/// and an output `logit` (float32, rows): the log-odds of being a bot.
pub trait SequenceModel {
    /// Name of the runtime, as it appears in errors and statistics.
    fn runtime(&self) -> &'static str;

    /// One logit a row, in the rows' order. At most [`CHUNK`] rows, of any lengths.
    ///
    /// # Errors
    /// [`SequenceError::Run`] or [`SequenceError::Output`]; the model stays usable.
    fn logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError>;
}

/// Checks that a runtime answered one finite logit for every row.
fn checked(runtime: &'static str, rows: usize, logits: Vec<f32>) -> Result<Vec<f32>, SequenceError> {
    let finite = logits.iter().filter(|logit| logit.is_finite()).count();
    if logits.len() == rows && finite == rows {
        return Ok(logits);
    }
    Err(SequenceError::Output { runtime, found: finite, expected: rows })
}
