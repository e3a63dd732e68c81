//! The pure-Rust runtime: nothing to install.

use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::{CHANNELS, Sequence, SequenceError, SequenceModel, by_length, checked};

const RUNTIME: &str = "the embedded runtime";

/// A sequence model run by `rten` on the calling thread's behalf, on one worker thread.
///
/// `rten` has no notion of a row's length, so rows of different lengths are never padded into one run.
pub struct EmbeddedRuntime {
    model: Model,
    sequences: NodeId,
    /// `None` where the model does not ask for them.
    lengths: Option<NodeId>,
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
            lengths: model.find_node("lengths").filter(|id| model.input_ids().contains(id)),
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
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = vec![(self.sequences, sequences.into())];
        inputs.extend(self.lengths.map(|id| (id, lengths.into())));
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
        by_length(rows, |alike| self.run(alike, alike[0].len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files that PyTorch wrote and what it answers; see `tests/reference/onnx_stage.py`.
    const GOLDEN: [(&[u8], &str); 2] = [
        (
            include_bytes!("../../../tests/golden/onnx/recurrent.onnx"),
            include_str!("../../../tests/golden/onnx/recurrent.csv"),
        ),
        (
            include_bytes!("../../../tests/golden/onnx/attention.onnx"),
            include_str!("../../../tests/golden/onnx/attention.csv"),
        ),
    ];

    #[test]
    fn models_of_pytorch_answer_as_they_do_there() {
        for (file, answers) in GOLDEN {
            let mut model = EmbeddedRuntime::load(file).expect("it loads");
            let answers: Vec<(usize, f32)> = answers
                .lines()
                .skip(1)
                .filter_map(|line| line.split_once(','))
                .map(|(length, logit)| (length.parse().expect("a length"), logit.parse().expect("a logit")))
                .collect();
            assert_eq!(answers.len(), 5);
            let value = |index: usize| (index % 7) as f32 / 7.0;
            let sequences: Vec<Sequence> = answers
                .iter()
                .filter_map(|(length, _)| Sequence::from_steps((0..length * CHANNELS).map(value).collect()))
                .collect();
            let logits = model.logits(&sequences.iter().collect::<Vec<_>>()).expect("it runs");
            for ((length, expected), logit) in answers.iter().zip(logits) {
                assert!((expected - logit).abs() < 1e-5, "{length} events: {logit} and not {expected}");
            }
        }
    }
}
