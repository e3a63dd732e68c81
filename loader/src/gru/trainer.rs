//! One step of training: a batch's gradient, computed in shards on several threads, and what the optimiser makes of it.

use std::ops::Range;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::adam::{Adam, clip};
use super::backward::{Scratch, backward};
use super::batch::{PackedBatch, Sequence};
use super::config::GruConfig;
use super::dropout::{Noise, drop_inputs};
use super::forward::{Tape, forward};
use super::loss::{cross_entropy, cross_entropy_slope};
use super::network::GruNetwork;
use super::predict::SHARD;
use super::settings::{TrainConfig, TrainParams};
use crate::parallel::for_each_slot;

/// The cross-entropy of a sequence times its weight.
pub(super) fn weighted_loss(logit: f32, sequence: &Sequence<'_>) -> f64 {
    f64::from(sequence.weight) * cross_entropy(logit, sequence.label)
}

/// A network in training, with the buffers of its threads.
pub(super) struct Trainer {
    pub network: GruNetwork,
    pub optimiser: Adam,
    params: TrainParams,
    weight_scale: f64,
    decayed: Vec<Range<usize>>,
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

/// What training draws at random besides the weights and the order.
#[derive(Clone, Copy)]
pub(super) struct Randomness<'a> {
    pub params: &'a TrainParams,
    pub stream: u64,
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
            optimiser: Adam::new(count),
            decayed: network.layout().matrices(),
            network,
            params: params.clone(),
            weight_scale,
            workspaces,
            shards: Vec::new(),
            gradient: vec![0.0; count],
        }
    }

    /// One step of the optimiser on the sequences of a batch, at a share of the learning rate. Gives their weighted sum
    /// of losses.
    pub fn step(&mut self, training: &[Sequence<'_>], batch: &[usize], rate_share: f64) -> f64 {
        let members: Vec<&[usize]> = batch.chunks(SHARD).collect();
        let scale = (self.weight_scale / batch.len() as f64) as f32;
        let (network, params, step) = (&self.network, &self.params, self.optimiser.steps);
        let count = self.gradient.len();
        let empty = || ShardResult { loss: 0.0, gradient: vec![0.0; count] };
        self.shards.resize_with(members.len(), empty);
        for_each_slot(&mut self.workspaces, &mut self.shards, |shard, workspace, result| {
            let sequences: Vec<Sequence<'_>> = members[shard].iter().map(|&index| training[index]).collect();
            let randomness = Randomness { params, stream: noise_stream(step, shard) };
            result.loss =
                shard_gradient(network, &sequences, scale, Some(randomness), workspace, &mut result.gradient);
        });
        self.gradient.fill(0.0);
        for shard in &self.shards {
            for (sum, slope) in self.gradient.iter_mut().zip(&shard.gradient) {
                *sum += slope;
            }
        }
        clip(&mut self.gradient, self.params.clip_norm);
        let rate = (f64::from(self.params.learning_rate) * rate_share) as f32;
        let (decay, decayed) = (self.params.weight_decay, &self.decayed);
        self.optimiser.step(self.network.parameters_mut(), &self.gradient, rate, decay, decayed);
        self.shards.iter().map(|shard| shard.loss).sum()
    }
}

/// Writes the gradient of `scale` times the weighted sum of losses to `gradient`. Gives the sum itself, unscaled.
pub(super) fn shard_gradient(
    network: &GruNetwork,
    sequences: &[Sequence<'_>],
    scale: f32,
    randomness: Option<Randomness<'_>>,
    workspace: &mut Workspace,
    gradient: &mut [f32],
) -> f64 {
    let Workspace { tape, scratch } = workspace;
    let inputs = network.config().inputs();
    let mut random = randomness.map(|given| random_stream(given.params.seed, given.stream));
    let augmented: Vec<Vec<f32>> = match (randomness, &mut random) {
        (Some(Randomness { params, .. }), Some(random)) if !params.augmentation.is_none() => {
            sequences.iter().map(|sequence| params.augmentation.apply(sequence.steps, random)).collect()
        }
        _ => Vec::new(),
    };
    let steps: Vec<&[f32]> = if augmented.is_empty() {
        sequences.iter().map(|sequence| sequence.steps).collect()
    } else {
        augmented.iter().map(Vec::as_slice).collect()
    };
    let mut batch = PackedBatch::pack(inputs, &steps);
    let mut noise = randomness
        .zip(random.as_mut())
        .map(|(given, random)| Noise { random, recurrent: given.params.recurrent_dropout });
    if let Some((given, noise)) = randomness.zip(noise.as_mut()) {
        drop_inputs(&mut batch, inputs, given.params.input_dropout, noise);
    }
    forward(network, &batch, noise, tape);
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
/// The first of the streams that draw the order of the sequences, one for each epoch.
const SHUFFLE_STREAMS: u64 = 1 << 63;

/// The stream that draws the order of the sequences in an epoch.
pub(super) fn shuffle_stream(epoch: usize) -> u64 {
    SHUFFLE_STREAMS + epoch as u64
}

/// A stream of its own for every shard of every step, whichever thread computes it.
fn noise_stream(step: u64, shard: usize) -> u64 {
    (step << 24) + shard as u64
}

/// One of the many independent random sources that a seed gives.
pub(super) fn random_stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    random
}
