//! One step of training: a batch's gradient, computed in shards on several threads, and what the optimiser makes of it.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::adam::{Adam, clip};
use super::backward::{Scratch, backward};
use super::batch::{PackedBatch, Sequence};
use super::config::{GruConfig, TrainConfig};
use super::forward::{Tape, forward};
use super::loss::{cross_entropy, cross_entropy_slope};
use super::network::GruNetwork;
use super::predict::SHARD;
use crate::parallel::for_each_slot;

/// The cross-entropy of a sequence times its weight.
pub(super) fn weighted_loss(logit: f32, sequence: &Sequence<'_>) -> f64 {
    f64::from(sequence.weight) * cross_entropy(logit, sequence.label)
}

/// A network in training, with the buffers of its threads.
pub(super) struct Trainer {
    pub network: GruNetwork,
    optimiser: Adam,
    clip_norm: f32,
    seed: u64,
    weight_scale: f64,
    steps: u64,
    workspaces: Vec<Workspace>,
    shards: Vec<ShardResult>,
    gradient: Vec<f32>,
}

/// The buffers of one thread.
#[derive(Default)]
pub(super) struct Workspace {
    tape: Tape,
    scratch: Scratch,
}

/// What one shard of a batch contributes.
struct ShardResult {
    loss: f64,
    gradient: Vec<f32>,
}

impl Trainer {
    /// A network that has learned nothing. `weight_scale` makes the mean weight of the training sequences 1.
    pub fn new(config: GruConfig, settings: &TrainConfig, weight_scale: f64) -> Self {
        let params = settings.params();
        let network = GruNetwork::random(config, &mut random_stream(params.seed, WEIGHT_STREAM));
        let count = network.parameters().len();
        let mut workspaces = Vec::new();
        workspaces.resize_with(params.threads, Workspace::default);
        Self {
            network,
            optimiser: Adam::new(count, params.learning_rate),
            clip_norm: params.clip_norm,
            seed: params.seed,
            weight_scale,
            steps: 0,
            workspaces,
            shards: Vec::new(),
            gradient: vec![0.0; count],
        }
    }

    /// One step of the optimiser on the sequences of a batch. Gives their weighted sum of losses.
    pub fn step(&mut self, training: &[Sequence<'_>], batch: &[usize]) -> f64 {
        let members: Vec<&[usize]> = batch.chunks(SHARD).collect();
        let scale = (self.weight_scale / batch.len() as f64) as f32;
        let (network, seed, step) = (&self.network, self.seed, self.steps);
        let count = self.gradient.len();
        let empty = || ShardResult { loss: 0.0, gradient: vec![0.0; count] };
        self.shards.resize_with(members.len(), empty);
        for_each_slot(&mut self.workspaces, &mut self.shards, |shard, workspace, result| {
            let sequences: Vec<Sequence<'_>> = members[shard].iter().map(|&index| training[index]).collect();
            let mut dropout = random_stream(seed, dropout_stream(step, shard));
            result.loss = shard_gradient(
                network,
                &sequences,
                scale,
                Some(&mut dropout),
                workspace,
                &mut result.gradient,
            );
        });
        self.gradient.fill(0.0);
        for shard in &self.shards {
            for (sum, slope) in self.gradient.iter_mut().zip(&shard.gradient) {
                *sum += slope;
            }
        }
        clip(&mut self.gradient, self.clip_norm);
        self.optimiser.step(self.network.parameters_mut(), &self.gradient);
        self.steps += 1;
        self.shards.iter().map(|shard| shard.loss).sum()
    }
}

/// Writes the gradient of `scale` times the weighted sum of losses to `gradient`. Gives the sum itself, unscaled.
pub(super) fn shard_gradient(
    network: &GruNetwork,
    sequences: &[Sequence<'_>],
    scale: f32,
    dropout: Option<&mut ChaCha8Rng>,
    workspace: &mut Workspace,
    gradient: &mut [f32],
) -> f64 {
    let Workspace { tape, scratch } = workspace;
    let steps: Vec<&[f32]> = sequences.iter().map(|sequence| sequence.steps).collect();
    let batch = PackedBatch::pack(network.config().inputs(), &steps);
    forward(network, &batch, dropout, tape);
    let packed = || tape.logits.iter().zip(batch.order.iter().map(|&index| &sequences[index]));
    let loss = packed().map(|(&logit, sequence)| weighted_loss(logit, sequence)).sum();
    let by_logit: Vec<f32> = packed()
        .map(|(&logit, sequence)| scale * sequence.weight * cross_entropy_slope(logit, sequence.label))
        .collect();
    backward(network, &batch, &by_logit, tape, scratch, gradient);
    loss
}

/// The stream of the initial weights.
const WEIGHT_STREAM: u64 = u64::MAX;
/// The stream of the order of the sequences.
pub(super) const SHUFFLE_STREAM: u64 = u64::MAX - 1;

/// A stream of its own for every shard of every step, whichever thread computes it.
fn dropout_stream(step: u64, shard: usize) -> u64 {
    (step << 24) + shard as u64
}

/// One of the many independent random sources that a seed gives.
pub(super) fn random_stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    random
}
