//! Tests of the training loop.

use super::*;
use crate::gru::{Augmentation, ClassWeights, Schedule, TrainParams};

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
    let params = TrainParams { epochs: 60, batch_size: 16, learning_rate: 0.02, ..TrainParams::default() };
    let settings = params.check().unwrap();
    let (network, history) =
        train(config, &settings, &sequences(training), &sequences(validation), &mut ignore_progress).unwrap();

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

/// Everything that makes training random or changes what is learned.
fn everything() -> TrainParams {
    TrainParams {
        epochs: 3,
        schedule: Schedule::WarmupCosine { warmup: 0.5, floor: 0.0 },
        weight_decay: 0.5,
        label_smoothing: 0.2,
        class_weights: ClassWeights::Balanced,
        input_dropout: 0.9,
        recurrent_dropout: 0.9,
        augmentation: Augmentation { event_dropout: 0.9, gap_jitter: 5.0, clock_shift: 12.0 },
        ..TrainParams::default()
    }
}

#[test]
fn degenerate_sets_give_finite_networks() {
    let config = GruConfig::new(16, 3, 2, 0.9).unwrap();
    let one = [0.5; 16];
    let zeros = [0.0; 16 * 3];
    let huge = [f32::MAX; 16 * 2];
    let sequence = |steps, label| Sequence { steps, label, weight: 1.0 };
    let sets: [Vec<Sequence<'_>>; 6] = [
        vec![sequence(&one, 1.0)],
        vec![sequence(&one, 1.0), sequence(&one, 0.0)],
        vec![sequence(&one[..], 0.0); 50],
        vec![sequence(&zeros, 1.0), sequence(&one, 0.0), sequence(&zeros, 0.5)],
        vec![Sequence { weight: 1e-30, ..sequence(&one, 1.0) }, sequence(&zeros, 0.0)],
        vec![Sequence { weight: 0.0, ..sequence(&one, 1.0) }, sequence(&zeros, 0.0)],
    ];
    for params in [TrainParams { epochs: 3, ..TrainParams::default() }, everything()] {
        let settings = params.check().unwrap();
        for set in &sets {
            let (network, history) = train(config, &settings, set, set, &mut ignore_progress).unwrap();
            assert!(network.parameters().iter().all(|parameter| parameter.is_finite()));
            assert_eq!(history.epochs.len(), 3);
        }
        // Products of such values overflow: that is an error, or it is not, but never a network that is not finite.
        let set = [sequence(&huge, 1.0), sequence(&one, 0.0)];
        if let Ok((network, _)) = train(config, &settings, &set, &set, &mut ignore_progress) {
            assert!(network.parameters().iter().all(|parameter| parameter.is_finite()));
        }
    }
}

#[test]
fn a_class_weighed_away_leaves_nothing_to_train_on() {
    let config = GruConfig::new(1, 3, 1, 0.0).unwrap();
    let class_weights = ClassWeights::Of { human: 1.0, bot: 0.0 };
    let settings = TrainParams { class_weights, ..TrainParams::default() }.check().unwrap();
    let bots = [Sequence { steps: &[1.0], label: 1.0, weight: 1.0 }];
    let error = train(config, &settings, &bots, &bots, &mut ignore_progress).unwrap_err();
    assert_eq!(error, GruError::NoWeight { set: "training" });
}

/// With the same steps in all sequences only the bias is learned: the logit of the share of bots.
fn learned_share(params: TrainParams) -> f64 {
    let config = GruConfig::new(1, 2, 1, 0.0).unwrap();
    let set: Vec<Sequence<'_>> = (0..40)
        .map(|index| Sequence { steps: &[0.3, 0.3], label: f32::from(index % 4 == 0), weight: 1.0 })
        .collect();
    let settings = TrainParams { epochs: 300, patience: 300, learning_rate: 0.02, ..params }.check().unwrap();
    let (network, _) = train(config, &settings, &set, &set, &mut ignore_progress).unwrap();
    let logit = network.logits(&[&[0.3, 0.3]]).unwrap()[0];
    1.0 / (1.0 + (-f64::from(logit)).exp())
}

#[test]
fn class_weights_move_what_is_learned_as_they_should() {
    let share = |class_weights| learned_share(TrainParams { class_weights, ..TrainParams::default() });
    assert!((share(ClassWeights::Given) - 0.25).abs() < 0.01);
    assert!((share(ClassWeights::Balanced) - 0.5).abs() < 0.01);
    let threefold = share(ClassWeights::Of { human: 1.0, bot: 9.0 });
    assert!((threefold - 0.75).abs() < 0.01, "{threefold}");
}

#[test]
fn smoothed_labels_are_trained_on_and_plain_ones_validated() {
    let config = GruConfig::new(1, 4, 1, 0.0).unwrap();
    let set = [
        Sequence { steps: &[1.0], label: 1.0, weight: 1.0 },
        Sequence { steps: &[-1.0], label: 0.0, weight: 1.0 },
    ];
    let params = TrainParams {
        epochs: 400,
        patience: 400,
        learning_rate: 0.02,
        label_smoothing: 0.2,
        ..TrainParams::default()
    };
    let (_, history) = train(config, &params.check().unwrap(), &set, &set, &mut ignore_progress).unwrap();
    let last = history.epochs.last().unwrap();
    // The least that smoothed labels allow is their entropy, reached at the probability 0.9.
    let entropy = -(0.9_f64 * 0.9_f64.ln() + 0.1 * 0.1_f64.ln());
    assert!((last.training_loss - entropy).abs() < 1e-3, "{last:?}");
    assert!((last.validation_loss + 0.9_f64.ln()).abs() < 1e-2, "{last:?}");
}

#[test]
fn weight_decay_shrinks_matrices() {
    let task = order_task(32);
    let sequences = sequences(&task);
    let config = GruConfig::new(1, 4, 1, 0.0).unwrap();
    let norm = |weight_decay| {
        let params = TrainParams {
            epochs: 60,
            patience: 60,
            learning_rate: 0.02,
            weight_decay,
            ..TrainParams::default()
        };
        let (network, _) =
            train(config, &params.check().unwrap(), &sequences, &sequences, &mut ignore_progress).unwrap();
        let matrices = network.layout().matrices();
        matrices.into_iter().flatten().map(|at| network.parameters()[at].powi(2)).sum::<f32>()
    };
    let (free, decayed) = (norm(0.0), norm(0.8));
    assert!(decayed < 0.7 * free, "{decayed} and {free}");
}
