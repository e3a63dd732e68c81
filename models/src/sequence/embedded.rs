//! The pure-Rust runtime: nothing to install.

use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::{CHANNELS, Sequence, SequenceError, SequenceModel, checked};

const RUNTIME: &str = "the embedded runtime";

/// A sequence model run by `rten` on the calling thread's behalf, on one worker thread.
///
/// `rten` has no notion of a row's length, so rows of different lengths are never padded into one run.
pub struct EmbeddedRuntime {
    model: Model,
    sequences: NodeId,
    lengths: NodeId,
    logit: NodeId,
    threads: Arc<ThreadPool>,
}

impl EmbeddedRuntime {
    /// Loads a model from the bytes of an ONNX file. Starts a thread: a Postgres backend must block signals meanwhile.
    ///
    /// # Errors
    /// [`SequenceError::Model`] when the bytes are no model, or not one with the inputs and output of [`SequenceModel`].
    pub fn load(onnx: &[u8]) -> Result<Self, SequenceError> {
        let refuse = |reason: String| SequenceError::Model { runtime: RUNTIME, reason };
        let model = Model::load(onnx.to_vec()).map_err(|error| refuse(error.to_string()))?;
        let node = |name: &str| model.node_id(name).map_err(|_| refuse(format!("it has no node {name}")));
        Ok(Self {
            sequences: node("sequences")?,
            lengths: node("lengths")?,
            logit: node("logit")?,
            threads: Arc::new(ThreadPool::with_num_threads(1)),
            model,
        })
    }

    /// Runs rows that all have the same length.
    fn run(&self, rows: &[&Sequence], length: usize) -> Result<Vec<f32>, SequenceError> {
        let steps: Vec<f32> = rows.iter().flat_map(|row| row.steps()).copied().collect();
        let sequences = NdTensor::from_data([rows.len(), length, CHANNELS], steps);
        let lengths = NdTensor::full([rows.len()], length as i32);
        let inputs: Vec<(NodeId, ValueOrView<'_>)> =
            vec![(self.sequences, sequences.into()), (self.lengths, lengths.into())];
        let options = RunOptions::default().with_thread_pool(Some(self.threads.clone()));
        let failed = |reason: String| SequenceError::Run { runtime: RUNTIME, reason };
        let outputs = self
            .model
            .run(inputs, &[self.logit], Some(options))
            .map_err(|error| failed(error.to_string()))?;
        let logits = outputs
            .into_iter()
            .next()
            .and_then(|output| output.into_tensor::<f32>())
            .ok_or_else(|| failed("its output is not float32".to_owned()))?;
        checked(RUNTIME, rows.len(), logits.to_vec())
    }
}

impl SequenceModel for EmbeddedRuntime {
    fn runtime(&self) -> &'static str {
        "embedded"
    }

    fn logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|index| rows[*index].len());
        let mut logits = vec![0.0; rows.len()];
        for alike in order.chunk_by(|a, b| rows[*a].len() == rows[*b].len()) {
            let run: Vec<&Sequence> = alike.iter().map(|index| rows[*index]).collect();
            for (index, logit) in alike.iter().zip(self.run(&run, run[0].len())?) {
                logits[*index] = logit;
            }
        }
        Ok(logits)
    }
}
