//! The latest events as a sequence model sees them, and the runtimes that run such models.

mod embedded;
mod encode;
mod onnxruntime;

pub use embedded::EmbeddedRuntime;
pub use encode::{CHANNELS, Sequence};
pub use onnxruntime::{Cuda, OnnxRuntime};

/// Rows that are run at once on a CPU. Longer batches gain no speed there, and hold up a cancel for longer.
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
    /// It took longer than it may.
    #[error("sequence model stopped after {milliseconds} ms, with {rows} accounts done")]
    Timeout {
        /// How long it may take.
        milliseconds: u64,
        /// Rows that were done by then.
        rows: usize,
    },
}

/// A loaded sequence model: the deep stage, whatever runs it.
///
/// The model is an ONNX file with inputs `sequences` (float32, rows × steps × [`CHANNELS`]) and `lengths` (int32, rows),
/// and an output `logit` (float32, rows or rows × 1): the log-odds of being a bot. One without `lengths` cannot tell padding from
/// events, and is given rows of the same length.
pub trait SequenceModel {
    /// Name of the runtime, as it appears in errors and statistics.
    fn runtime(&self) -> &'static str;

    /// One logit a row, in the rows' order. At most [`SequenceModel::chunk`] rows, of any lengths.
    ///
    /// # Errors
    /// [`SequenceError::Run`] or [`SequenceError::Output`]; the model stays usable.
    fn logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError>;

    /// Rows that it runs best at once.
    fn chunk(&mut self) -> usize {
        CHUNK
    }

    /// What stops a run from another thread, which then is a [`SequenceError::Run`]; `None` where nothing does.
    fn stop(&self) -> Option<Stop> {
        None
    }
}

/// Stops a run.
pub type Stop = Box<dyn FnOnce() + Send>;

/// Runs rows in groups of the same length, and puts the logits back into the rows' order.
fn by_length(
    rows: &[&Sequence],
    mut run: impl FnMut(&[&Sequence]) -> Result<Vec<f32>, SequenceError>,
) -> Result<Vec<f32>, SequenceError> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|index| rows[*index].len());
    let mut logits = vec![0.0; rows.len()];
    for alike in order.chunk_by(|a, b| rows[*a].len() == rows[*b].len()) {
        let group: Vec<&Sequence> = alike.iter().map(|index| rows[*index]).collect();
        for (index, logit) in alike.iter().zip(run(&group)?) {
            logits[*index] = logit;
        }
    }
    Ok(logits)
}

/// Checks that a runtime answered one finite logit for every row.
fn checked(runtime: &'static str, rows: usize, logits: Vec<f32>) -> Result<Vec<f32>, SequenceError> {
    let finite = logits.iter().filter(|logit| logit.is_finite()).count();
    if logits.len() == rows && finite == rows {
        return Ok(logits);
    }
    Err(SequenceError::Output { runtime, found: finite, expected: rows })
}
