//! The training loop: epochs, validation and early stopping.

use std::ops::ControlFlow;
use std::time::Instant;

use rand::seq::SliceRandom;

use super::batch::{Sequence, check_set};
use super::config::{GruConfig, TrainConfig};
use super::error::GruError;
use super::network::GruNetwork;
use super::trainer::{SHUFFLE_STREAM, Trainer, random_stream, weighted_loss};

/// What an epoch achieved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// From 1.
    pub epoch: usize,
    /// Mean weighted cross-entropy in nats over the training sequences, with dropout, while the weights moved.
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
    let total_weight = check_set(config.inputs(), "training", training)?;
    let validation_weight = check_set(config.inputs(), "validation", validation)?;
    let params = settings.params();
    let mut trainer = Trainer::new(config, settings, training.len() as f64 / total_weight);
    let mut order: Vec<usize> = (0..training.len()).collect();
    let mut shuffler = random_stream(params.seed, SHUFFLE_STREAM);
    let mut epochs: Vec<EpochReport> = Vec::new();
    let mut best = Best { epoch: 0, validation_loss: f64::INFINITY, network: trainer.network.clone() };
    let mut stop = Stop::Epochs;
    for epoch in 1..=params.epochs {
        let started = Instant::now();
        order.shuffle(&mut shuffler);
        let mut loss = 0.0;
        for batch in order.chunks(params.batch_size) {
            loss += trainer.step(training, batch);
        }
        let training_loss = loss / total_weight;
        let validation_loss = set_loss(&trainer.network, validation, params.threads)? / validation_weight;
        if !(training_loss.is_finite() && validation_loss.is_finite()) {
            return Err(GruError::Diverged { epoch, training_loss, validation_loss });
        }
        let is_best = validation_loss < best.validation_loss;
        let seconds = started.elapsed().as_secs_f64();
        let report = EpochReport { epoch, training_loss, validation_loss, seconds, is_best };
        epochs.push(report);
        if is_best {
            best = Best { epoch, validation_loss, network: trainer.network.clone() };
        }
        if progress(&report).is_break() {
            stop = Stop::Cancelled;
            break;
        }
        if epoch - best.epoch >= params.patience {
            stop = Stop::Patience;
            break;
        }
    }
    let history = TrainingHistory { epochs, best_epoch: best.epoch, stop };
    Ok((best.network, history))
}

/// The best epoch so far.
struct Best {
    epoch: usize,
    validation_loss: f64,
    network: GruNetwork,
}

/// The weighted sum of the losses of a set, without dropout.
fn set_loss(network: &GruNetwork, set: &[Sequence<'_>], threads: usize) -> Result<f64, GruError> {
    let steps: Vec<&[f32]> = set.iter().map(|sequence| sequence.steps).collect();
    let logits = network.logits_on_threads(&steps, threads)?;
    let losses = logits.iter().zip(set).map(|(&logit, sequence)| weighted_loss(logit, sequence));
    Ok(losses.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gru::TrainParams;

    /// Sequences of one value a step, all zero but for a 1 and a -1; a bot is one whose 1 comes first. Only the order
    /// tells them apart, so neither the mean nor a bag of steps would do.
    fn order_task(count: usize) -> Vec<(Vec<f32>, f32)> {
        (0..count)
            .map(|index| {
                let length = 2 + index * 7 % 9;
                let first = index * 5 % (length - 1);
                let second = first + 1 + index * 11 % (length - first - 1);
                let label = (index % 2) as f32;
                let mut steps = vec![0.0; length];
                steps[first] = 2.0 * label - 1.0;
                steps[second] = -steps[first];
                (steps, label)
            })
            .collect()
    }

    fn sequences(task: &[(Vec<f32>, f32)]) -> Vec<Sequence<'_>> {
        task.iter().map(|(steps, label)| Sequence { steps, label: *label, weight: 1.0 }).collect()
    }

    fn ignore_progress(_: &EpochReport) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn learns_the_order_of_events() {
        let task = order_task(256);
        let (training, validation) = task.split_at(192);
        let config = GruConfig::new(1, 8, 2, 0.1).unwrap();
        let params =
            TrainParams { epochs: 60, batch_size: 16, learning_rate: 0.02, ..TrainParams::default() };
        let settings = params.check().unwrap();
        let (network, history) =
            train(config, &settings, &sequences(training), &sequences(validation), &mut ignore_progress)
                .unwrap();

        let steps: Vec<&[f32]> = validation.iter().map(|(steps, _)| steps.as_slice()).collect();
        let logits = network.logits(&steps).unwrap();
        let is_right = |(logit, (_, label)): &(&f32, &(_, f32))| (**logit > 0.0) == (*label > 0.5);
        let right = logits.iter().zip(validation).filter(is_right).count();
        assert!(right >= 61, "{right} of 64: {history:?}");

        // The weights are those of the best epoch.
        let best = &history.epochs[history.best_epoch - 1];
        let lowest = history.epochs.iter().map(|report| report.validation_loss).fold(f64::INFINITY, f64::min);
        let validation = sequences(validation);
        let loss = set_loss(&network, &validation, 1).unwrap() / validation.len() as f64;
        assert_eq!((best.validation_loss, loss), (lowest, lowest));
        assert!(best.is_best);
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let task = order_task(150);
        let sequences = sequences(&task);
        let config = GruConfig::new(1, 5, 2, 0.3).unwrap();
        let run = |threads: usize, seed: u64| {
            let params = TrainParams { epochs: 2, batch_size: 100, threads, seed, ..TrainParams::default() };
            let settings = params.check().unwrap();
            train(config, &settings, &sequences[..110], &sequences[110..], &mut ignore_progress).unwrap().0
        };
        let one = run(1, 4);
        assert_eq!(one, run(1, 4));
        assert_eq!(one, run(2, 4));
        assert_eq!(one, run(7, 4));
        assert_ne!(one, run(1, 5));
    }

    #[test]
    fn only_relative_weights_count_and_a_weight_of_zero_leaves_out() {
        let task = order_task(60);
        let mut weighted = sequences(&task);
        let config = GruConfig::new(1, 4, 1, 0.0).unwrap();
        let settings = TrainParams { epochs: 1, ..TrainParams::default() }.check().unwrap();
        let run = |training: &[Sequence<'_>], validation: &[Sequence<'_>]| {
            train(config, &settings, training, validation, &mut ignore_progress).unwrap()
        };
        let (_, plain) = run(&weighted[..40], &weighted[40..]);
        for sequence in &mut weighted {
            sequence.weight = 4.0;
        }
        let (_, scaled) = run(&weighted[..40], &weighted[40..]);
        assert!((plain.epochs[0].training_loss - scaled.epochs[0].training_loss).abs() < 1e-6);
        for sequence in &mut weighted[50..] {
            sequence.weight = 0.0;
        }
        let (_, short) = run(&weighted[..40], &weighted[40..50]);
        let (_, zero) = run(&weighted[..40], &weighted[40..]);
        assert!((short.epochs[0].validation_loss - zero.epochs[0].validation_loss).abs() < 1e-6);
    }

    #[test]
    fn training_can_be_cancelled_and_runs_out_of_patience() {
        let task = order_task(40);
        let sequences = sequences(&task);
        let config = GruConfig::new(1, 3, 1, 0.0).unwrap();
        let settings = TrainParams { epochs: 9, ..TrainParams::default() }.check().unwrap();
        let mut calls = 0;
        let mut cancel_second = |report: &EpochReport| {
            calls += 1;
            if report.epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let (_, history) = train(config, &settings, &sequences, &sequences, &mut cancel_second).unwrap();
        assert_eq!((calls, history.epochs.len(), history.stop), (2, 2, Stop::Cancelled));

        // Validation labels are the opposite of what is learned, so the loss soon only rises.
        let opposite: Vec<Sequence<'_>> =
            sequences.iter().map(|sequence| Sequence { label: 1.0 - sequence.label, ..*sequence }).collect();
        let params = TrainParams { epochs: 200, learning_rate: 0.05, patience: 3, ..TrainParams::default() };
        let settings = params.check().unwrap();
        let (_, history) = train(config, &settings, &sequences, &opposite, &mut ignore_progress).unwrap();
        assert_eq!(history.stop, Stop::Patience);
        assert_eq!(history.epochs.len(), history.best_epoch + 3);
    }

    #[test]
    fn empty_sequences_are_an_error() {
        let config = GruConfig::new(1, 3, 1, 0.0).unwrap();
        let settings = TrainParams::default().check().unwrap();
        let good = Sequence { steps: &[1.0], label: 1.0, weight: 1.0 };
        let empty = Sequence { steps: &[], ..good };
        let error = train(config, &settings, &[good, empty], &[good], &mut ignore_progress).unwrap_err();
        assert_eq!(error, GruError::EmptySequence { index: 1 });
        let error = train(config, &settings, &[good], &[], &mut ignore_progress).unwrap_err();
        assert_eq!(error.to_string(), "there are no validation sequences");
    }
}
