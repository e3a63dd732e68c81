//! A bidirectional gated recurrent unit (GRU) classifier for event sequences, trained on the CPU.
//!
//! The network is a stack of bidirectional GRU layers, the mean of the top layer over the steps of a sequence and one
//! linear output: the logit of "is a bot". It is the variant of Cho et al. (2014) in which the reset gate acts after the
//! recurrent product, which is what ONNX calls `linear_before_reset = 1` and what PyTorch computes:
//!
//! ```text
//! z_t = sigmoid(x_t Wz + bz + h_{t-1} Rz + cz)            update gate
//! r_t = sigmoid(x_t Wr + br + h_{t-1} Rr + cr)            reset gate
//! n_t = tanh(x_t Wn + bn + r_t * (h_{t-1} Rn + cn))       candidate
//! h_t = (1 - z_t) * n_t + z_t * h_{t-1}
//! ```
//!
//! Sequences of different lengths share a batch without padding: they are laid out by time step, longest first, so
//! that the sequences still running at a step are always the leading rows. Training is backpropagation through time with
//! dropout between layers and, if wished, of inputs and hidden states, random changes of the sequences, Adam with weight
//! decay, a schedule of the learning rate, a bound on the gradient's norm, and early stopping.
//!
//! Results depend on the seed and on the instruction set of the processor, never on the number of threads: every batch
//! is cut into the same shards, each with its own random stream, and their gradients are summed in shard order. A run that
//! goes on from a [`CheckpointFile`] ends with the very network of one that was never interrupted.
//!
//! Training uses the CPU alone; there is no GPU version.

pub(crate) mod adam;
mod augment;
mod backward;
mod batch;
mod checkpoint;
mod class_weights;
mod config;
mod dropout;
mod error;
mod forward;
mod gates;
#[expect(unsafe_code, reason = "calls the gemm crate and functions compiled for detected instruction sets")]
pub(crate) mod kernel;
mod loss;
mod network;
mod predict;
mod schedule;
mod settings;
mod train;
mod trainer;

#[cfg(test)]
pub(crate) mod reference;

pub use augment::Augmentation;
pub use batch::Sequence;
pub use checkpoint::{CheckpointError, CheckpointFile, Existing, Interval};
pub use class_weights::ClassWeights;
pub use config::GruConfig;
pub use error::GruError;
pub use network::{Direction, DirectionWeights, GruNetwork};
pub use schedule::Schedule;
pub use settings::{TrainConfig, TrainParams};
pub use train::{EpochReport, Stop, TrainingHistory, train, train_with};
