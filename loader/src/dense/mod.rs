//! Feed-forward networks trained on the CPU: what the zoo's neural network and the autoencoder share.
//!
//! Layers are `outputs = inputs · weights + biases`, with `max(0, x)` between them. Training is by mini-batches with Adam and
//! early stopping. Results depend on the seed and on the instruction set of the processor, never on the number of threads:
//! every batch is cut into the same shards, and their gradients are summed in shard order.

mod network;
mod train;

pub(crate) use network::Network;
pub(crate) use train::{Task, TrainParams, train};
