//! The training loop: epochs, validation and early stopping.

use std::ops::ControlFlow;
use std::time::Instant;

use rand::seq::SliceRandom;

use super::batch::{Sequence, check_set};
use super::checkpoint::{CheckpointFile, Checkpoints, Identity, Snapshot};
use super::config::GruConfig;
use super::error::GruError;
use super::network::GruNetwork;
use super::schedule::Plateau;
use super::settings::{TrainConfig, TrainParams};
use super::trainer::{Trainer, random_stream, shuffle_stream, weighted_loss};

/// What an epoch achieved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// From 1.
    pub epoch: usize,
    /// Mean weighted cross-entropy in nats over the training sequences, with dropout, smoothed labels and all else that
    /// training changes, while the weights moved.
    pub training_loss: f64,
    /// Mean weighted cross-entropy in nats over the validation sequences after the epoch.
    pub validation_loss: f64,
    /// Wall-clock seconds, validation included.
    pub seconds: f64,
    /// Whether the validation loss is the lowest so far.
    pub is_best: bool,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All epochs were run.
    Epochs,
    /// The validation loss had not fallen for as many epochs as patience allows.
    Patience,
    /// The progress callback asked for it.
    Cancelled,
}

/// How a training run went.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingHistory {
    /// One report for each epoch that was run.
    pub epochs: Vec<EpochReport>,
    /// The epoch, from 1, whose weights the network has: the one with the lowest validation loss.
    pub best_epoch: usize,
    /// Why training ended.
    pub stop: Stop,
    /// Epochs of an earlier run that this one went on from; 0 if it began anew.
    pub resumed_after: usize,
}

/// Trains a network and gives it the weights of its best epoch.
///
/// `progress` is called after each epoch and ends training early by returning [`ControlFlow::Break`]; the best weights
/// so far are kept even then. Weights of training sequences count relative to their mean, so that scaling all of them
/// changes nothing.
///
/// # Errors
/// An unusable sequence, label or weight, named by its position; an empty set; or [`GruError::Diverged`].
pub fn train(
    config: GruConfig,
    settings: &TrainConfig,
    training: &[Sequence<'_>],
    validation: &[Sequence<'_>],
    progress: &mut dyn FnMut(&EpochReport) -> ControlFlow<()>,
) -> Result<(GruNetwork, TrainingHistory), GruError> {
    train_with(config, settings, training, validation, None, progress)
}

/// The same, saved to a file as it goes on, or going on from there. A run that goes on gives bit for bit the network of one
/// that was never interrupted, given the same kind of processor, on whatever number of threads; `progress` is not called for
/// the epochs that were run before.
///
/// # Errors
/// As [`train`]; or [`GruError::Checkpoint`] if the run cannot be saved, or if what was saved is damaged, another file, or of a
/// run with other settings or sequences.
pub fn train_with(
    config: GruConfig,
    settings: &TrainConfig,
    training: &[Sequence<'_>],
    validation: &[Sequence<'_>],
    checkpoint: Option<&CheckpointFile>,
    progress: &mut dyn FnMut(&EpochReport) -> ControlFlow<()>,
) -> Result<(GruNetwork, TrainingHistory), GruError> {
    settings.params().augmentation.check_inputs(config.inputs())?;
    check_set(config.inputs(), "training", training)?;
    check_set(config.inputs(), "validation", validation)?;
    let count = GruNetwork::parameter_count(&config);
    let opened = checkpoint
        .map(|file| Checkpoints::open(file, Identity::new(&config, settings, training, validation), count))
        .transpose()?;
    let (mut checkpoints, saved) = opened.unzip();

    let sets = Sets::new(config, settings, training, validation)?;
    let mut run = Run::new(config, settings, &sets);
    if let Some(snapshot) = saved.flatten() {
        run.restore(config, snapshot)?;
    }
    let resumed_after = run.epochs.len();
    let stop = loop {
        if let Some(stop) = run.end() {
            break stop;
        }
        let report = run.epoch(&sets)?;
        let is_cancelled = progress(&report).is_break();
        if let Some(checkpoints) = &mut checkpoints
            && (is_cancelled || run.end().is_some() || checkpoints.is_due(run.epochs.len()))
        {
            checkpoints.save(&run.snapshot())?;
        }
        if is_cancelled {
            break Stop::Cancelled;
        }
    };
    let history = TrainingHistory { epochs: run.epochs, best_epoch: run.best.epoch, stop, resumed_after };
    Ok((run.best.network, history))
}

/// The sequences as they are trained on: with their class's weight, and training labels smoothed.
struct Sets<'a> {
    training: Vec<Sequence<'a>>,
    validation: Vec<Sequence<'a>>,
    training_weight: f64,
    validation_weight: f64,
}

impl<'a> Sets<'a> {
    fn new(
        config: GruConfig,
        settings: &TrainConfig,
        training: &[Sequence<'a>],
        validation: &[Sequence<'a>],
    ) -> Result<Self, GruError> {
        let params = settings.params();
        let factors = params.class_weights.factors(training);
        let smooth = |label: f32| label * (1.0 - params.label_smoothing) + params.label_smoothing / 2.0;
        let training: Vec<Sequence<'_>> = training
            .iter()
            .map(|&sequence| Sequence { label: smooth(sequence.label), ..factors.apply(sequence) })
            .collect();
        let validation: Vec<Sequence<'_>> =
            validation.iter().map(|&sequence| factors.apply(sequence)).collect();
        // Class weights may leave a set without any weight, or with more than a number holds.
        let training_weight = check_set(config.inputs(), "training", &training)?;
        let validation_weight = check_set(config.inputs(), "validation", &validation)?;
        Ok(Self { training, validation, training_weight, validation_weight })
    }
}

/// A training run between two epochs.
struct Run<'a> {
    params: &'a TrainParams,
    trainer: Trainer,
    plateau: Plateau,
    epochs: Vec<EpochReport>,
    best: Best,
}

/// The best epoch so far; 0 before the first.
struct Best {
    epoch: usize,
    validation_loss: f64,
    network: GruNetwork,
}

impl<'a> Run<'a> {
    fn new(config: GruConfig, settings: &'a TrainConfig, sets: &Sets<'_>) -> Self {
        let trainer = Trainer::new(config, settings, sets.training.len() as f64 / sets.training_weight);
        let best = Best { epoch: 0, validation_loss: f64::INFINITY, network: trainer.network.clone() };
        Self { params: settings.params(), trainer, plateau: Plateau::START, epochs: Vec::new(), best }
    }

    /// Why no epoch is left to be run.
    fn end(&self) -> Option<Stop> {
        if self.epochs.len() - self.best.epoch >= self.params.patience {
            Some(Stop::Patience)
        } else if self.epochs.len() >= self.params.epochs {
            Some(Stop::Epochs)
        } else {
            None
        }
    }

    fn epoch(&mut self, sets: &Sets<'_>) -> Result<EpochReport, GruError> {
        let started = Instant::now();
        let epoch = self.epochs.len() + 1;
        let mut order: Vec<usize> = (0..sets.training.len()).collect();
        order.shuffle(&mut random_stream(self.params.seed, shuffle_stream(epoch)));
        let all_steps = (order.len().div_ceil(self.params.batch_size) * self.params.epochs) as u64;
        let mut loss = 0.0;
        for batch in order.chunks(self.params.batch_size) {
            let step = self.trainer.optimiser.steps;
            let rate_share = self.plateau.share_at(self.params.schedule, step, all_steps);
            loss += self.trainer.step(&sets.training, batch, rate_share);
        }
        let training_loss = loss / sets.training_weight;
        let validation = set_loss(&self.trainer.network, &sets.validation, self.params.threads)?;
        let validation_loss = validation / sets.validation_weight;
        if !(training_loss.is_finite() && validation_loss.is_finite()) {
            return Err(GruError::Diverged { epoch, training_loss, validation_loss });
        }
        self.plateau.observe(self.params.schedule, validation_loss);
        let is_best = validation_loss < self.best.validation_loss;
        if is_best {
            self.best = Best { epoch, validation_loss, network: self.trainer.network.clone() };
        }
        let seconds = started.elapsed().as_secs_f64();
        let report = EpochReport { epoch, training_loss, validation_loss, seconds, is_best };
        self.epochs.push(report);
        Ok(report)
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            parameters: self.trainer.network.parameters().to_vec(),
            best_parameters: self.best.network.parameters().to_vec(),
            optimiser: self.trainer.optimiser.clone(),
            plateau: self.plateau,
            best_epoch: self.best.epoch,
            epochs: self.epochs.clone(),
        }
    }

    fn restore(&mut self, config: GruConfig, snapshot: Snapshot) -> Result<(), GruError> {
        let epoch = snapshot.best_epoch;
        self.trainer.network = GruNetwork::from_parameters(config, snapshot.parameters)?;
        self.trainer.optimiser = snapshot.optimiser;
        self.plateau = snapshot.plateau;
        self.best = Best {
            epoch,
            validation_loss: snapshot.epochs[epoch - 1].validation_loss,
            network: GruNetwork::from_parameters(config, snapshot.best_parameters)?,
        };
        self.epochs = snapshot.epochs;
        Ok(())
    }
}

/// The weighted sum of the losses of a set, without dropout.
fn set_loss(network: &GruNetwork, set: &[Sequence<'_>], threads: usize) -> Result<f64, GruError> {
    let steps: Vec<&[f32]> = set.iter().map(|sequence| sequence.steps).collect();
    let logits = network.logits_on_threads(&steps, threads)?;
    let losses = logits.iter().zip(set).map(|(&logit, sequence)| weighted_loss(logit, sequence));
    Ok(losses.sum())
}

#[cfg(test)]
mod tests;
