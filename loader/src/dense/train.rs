//! The training loop.

use std::ops::ControlFlow;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::network::{Network, Tape};
use crate::gru::adam::Adam;
use crate::parallel::for_each_slot;

/// Rows whose gradient is computed at once.
const SHARD: usize = 128;
/// Share of the rows that is kept apart to tell when to stop.
const VALIDATION: f64 = 0.1;
/// With fewer rows, none is kept apart, and all tell when to stop.
const FEW: usize = 100;

const WEIGHT_STREAM: u64 = u64::MAX;
const SHUFFLE_STREAM: u64 = u64::MAX - 1;

/// What a network is to learn.
pub(crate) trait Task: Sync {
    /// Rows there are.
    fn rows(&self) -> usize;

    /// Writes a row's inputs; with a random source, as they may differ while training.
    fn inputs(&self, row: usize, noise: Option<&mut ChaCha8Rng>, inputs: &mut Vec<f32>);

    /// A row's weighted loss; writes its derivatives by the outputs.
    fn loss(&self, row: usize, outputs: &[f32], slopes: &mut [f32]) -> f64;
}

/// Settings of a training, checked by whoever takes them from a person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrainParams {
    /// Passes over the rows, at the most.
    pub epochs: usize,
    /// Rows to a step.
    pub batch: usize,
    /// Adam's step size.
    pub learning_rate: f32,
    /// Strength of the L2 penalty on weights, in units of one row.
    pub l2: f32,
    /// Epochs without a lower validation loss after which training ends.
    pub patience: usize,
    /// Seed of the weights, the order of the rows and the noise.
    pub seed: u64,
    /// Threads to compute with; no influence on the result.
    pub threads: usize,
}

/// Trains a network of the given sizes and gives that of the epoch with the lowest validation loss; `None` when `progress`,
/// told the share that is done, ends the training.
pub(crate) fn train(
    sizes: &[usize],
    task: &dyn Task,
    params: TrainParams,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Option<Network> {
    let mut shuffle = stream(params.seed, SHUFFLE_STREAM);
    let mut order: Vec<usize> = (0..task.rows()).collect();
    order.shuffle(&mut shuffle);
    let kept = if order.len() < FEW { 0 } else { (order.len() as f64 * VALIDATION) as usize };
    let (validation, training) = order.split_at_mut(kept);
    let mut trainer = Trainer::new(sizes, task, params);
    let mut best = trainer.network.clone();
    let (mut least, mut idle) = (f64::INFINITY, 0);
    for epoch in 0..params.epochs {
        if progress(epoch as f64 / params.epochs as f64).is_break() {
            return None;
        }
        training.shuffle(&mut shuffle);
        let mut loss = training.chunks(params.batch).map(|batch| trainer.step(batch)).sum();
        if kept > 0 {
            loss = trainer.loss(validation);
        }
        if loss < least {
            (least, idle) = (loss, 0);
            best.clone_from(&trainer.network);
        } else {
            idle += 1;
        }
        if idle == params.patience {
            break;
        }
    }
    progress(1.0).is_continue().then_some(best)
}

struct Trainer<'a> {
    network: Network,
    task: &'a dyn Task,
    params: TrainParams,
    optimiser: Adam,
    steps: u64,
    tapes: Vec<Tape>,
    shards: Vec<Shard>,
    gradient: Vec<f32>,
}

/// What one shard contributes.
#[derive(Clone, Default)]
struct Shard {
    loss: f64,
    gradient: Vec<f32>,
}

impl<'a> Trainer<'a> {
    fn new(sizes: &[usize], task: &'a dyn Task, params: TrainParams) -> Self {
        let network = Network::random(sizes, &mut stream(params.seed, WEIGHT_STREAM));
        let count = network.parameters.len();
        let mut tapes = Vec::new();
        tapes.resize_with(params.threads.max(1), Tape::default);
        let optimiser = Adam::new(count);
        let gradient = vec![0.0; count];
        Self { network, task, params, optimiser, steps: 0, tapes, shards: Vec::new(), gradient }
    }

    /// One step on a batch. Gives its sum of losses.
    fn step(&mut self, batch: &[usize]) -> f64 {
        let (network, task, steps, seed) = (&self.network, self.task, self.steps, self.params.seed);
        let members: Vec<&[usize]> = batch.chunks(SHARD).collect();
        let empty = Shard { loss: 0.0, gradient: vec![0.0; self.gradient.len()] };
        self.shards.resize(members.len(), empty);
        for_each_slot(&mut self.tapes, &mut self.shards, |index, tape, shard| {
            let mut noise = stream(seed, (steps << 24) + index as u64);
            shard.loss = run(network, task, members[index], Some(&mut noise), tape);
            network.backward(members[index].len(), tape, &mut shard.gradient);
        });
        self.gradient.fill(0.0);
        for shard in &self.shards {
            self.gradient.iter_mut().zip(&shard.gradient).for_each(|(sum, slope)| *sum += slope);
        }
        let scale = 1.0 / batch.len() as f32;
        // The penalty falls on biases too: they are few, and one pass over all parameters is simpler.
        for (slope, parameter) in self.gradient.iter_mut().zip(&self.network.parameters) {
            *slope = scale * (*slope + self.params.l2 * parameter);
        }
        let rate = self.params.learning_rate;
        self.optimiser.step(&mut self.network.parameters, &self.gradient, rate, 0.0, &[]);
        self.steps += 1;
        self.shards.iter().map(|shard| shard.loss).sum()
    }

    /// Sum of losses of rows, without noise.
    fn loss(&mut self, rows: &[usize]) -> f64 {
        let (network, task) = (&self.network, self.task);
        let mut parts: Vec<(&[usize], f64)> = rows.chunks(SHARD).map(|rows| (rows, 0.0)).collect();
        for_each_slot(&mut self.tapes, &mut parts, |_, tape, (rows, loss)| {
            *loss = run(network, task, rows, None, tape);
        });
        parts.iter().map(|(_, loss)| loss).sum()
    }
}

/// Runs rows through the network; gives their sum of losses, and leaves its derivatives on the tape.
fn run(
    network: &Network,
    task: &dyn Task,
    rows: &[usize],
    mut noise: Option<&mut ChaCha8Rng>,
    tape: &mut Tape,
) -> f64 {
    tape.values.resize_with(1.max(tape.values.len()), Vec::new);
    let inputs = &mut tape.values[0];
    inputs.clear();
    rows.iter().for_each(|row| task.inputs(*row, noise.as_deref_mut(), inputs));
    network.forward(rows.len(), tape);
    let Tape { values, slopes, .. } = tape;
    let outputs = values.last().map_or(&[] as &[f32], Vec::as_slice);
    slopes.resize(outputs.len(), 0.0);
    let width = outputs.len() / rows.len();
    let parts = outputs.chunks_exact(width).zip(slopes.chunks_exact_mut(width));
    rows.iter().zip(parts).map(|(row, (outputs, slopes))| task.loss(*row, outputs, slopes)).sum()
}

fn stream(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    random
}
