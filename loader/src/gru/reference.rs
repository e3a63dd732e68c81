//! Checks of the whole network: against PyTorch's values in `tests/golden/gru.json`, and against finite differences.
//!
//! The networks and sequences come from formulas, which `tests/reference/gru_check.py` repeats.

use std::path::PathBuf;

use serde_json::Value;

use super::batch::Sequence;
use super::config::GruConfig;
use super::network::GruNetwork;
use super::settings::TrainParams;
use super::trainer::{Randomness, Trainer, Workspace, shard_gradient};

/// A network and sequences given by formulas.
pub(crate) struct Case {
    pub network: GruNetwork,
    pub steps: Vec<Vec<f32>>,
}

impl Case {
    /// The n-th parameter is sin(n + 1) / √hidden, the n-th value of sequence s is 2 cos(0.37 n + s).
    pub fn new(inputs: usize, hidden: usize, layers: usize, lengths: &[usize]) -> Self {
        let config = GruConfig::new(inputs, hidden, layers, 0.0).unwrap();
        let parameters = (0..GruNetwork::parameter_count(&config))
            .map(|index| ((index as f64 + 1.0).sin() / (hidden as f64).sqrt()) as f32)
            .collect();
        let values = |sequence: usize, length: usize| {
            (0..length * inputs)
                .map(|index| (2.0 * (0.37 * index as f64 + sequence as f64).cos()) as f32)
                .collect()
        };
        let steps = lengths.iter().enumerate().map(|(sequence, &length)| values(sequence, length)).collect();
        Self { network: GruNetwork::from_parameters(config, parameters).unwrap(), steps }
    }

    /// Sequence s is a bot if s is odd, and weighs 1 + (s mod 3) / 2.
    fn sequences(&self) -> Vec<Sequence<'_>> {
        let labelled = |(index, steps)| Sequence {
            steps,
            label: (index % 2) as f32,
            weight: 1.0 + (index % 3) as f32 / 2.0,
        };
        self.steps.iter().map(Vec::as_slice).enumerate().map(labelled).collect()
    }

    /// The weighted mean loss and its gradient.
    fn loss_and_gradient(&self) -> (f64, Vec<f32>) {
        weighted_mean_loss(&self.network, &self.sequences(), None)
    }
}

fn weighted_mean_loss(
    network: &GruNetwork,
    sequences: &[Sequence<'_>],
    dropout: Option<&TrainParams>,
) -> (f64, Vec<f32>) {
    let total: f32 = sequences.iter().map(|sequence| sequence.weight).sum();
    let mut gradient = vec![f32::NAN; network.parameters().len()];
    let scale = 1.0 / total;
    let workspace = &mut Workspace::default();
    let randomness = dropout.map(|params| Randomness { params, stream: 3 });
    let loss = shard_gradient(network, sequences, scale, randomness, workspace, &mut gradient);
    (loss / f64::from(total), gradient)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn largest_difference(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    found
        .iter()
        .zip(expected)
        .map(|(&found, expected)| (f64::from(found) - expected).abs())
        .fold(0.0, f64::max)
}

#[test]
fn agrees_with_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../../tests/golden/gru.json")).unwrap();
    let case = Case::new(2, 3, 2, &[7, 1, 4, 7, 2]);
    let steps: Vec<&[f32]> = case.steps.iter().map(Vec::as_slice).collect();
    assert!(largest_difference(&case.network.logits(&steps).unwrap(), &numbers(&golden["logits"])) < 1e-6);
    let (loss, gradient) = case.loss_and_gradient();
    assert!((loss - golden["loss"].as_f64().unwrap()).abs() < 1e-6);
    assert!(largest_difference(&gradient, &numbers(&golden["gradient"])) < 1e-6);
}

/// Step by step, through clipping and weight decay: what starts alike and learns alike ends alike.
#[test]
fn training_agrees_with_pytorch() {
    let golden: Value = serde_json::from_str(include_str!("../../tests/golden/gru.json")).unwrap();
    let case = Case::new(2, 3, 2, &[7, 1, 4, 7, 2]);
    let sequences = case.sequences();
    let total: f32 = sequences.iter().map(|sequence| sequence.weight).sum();
    let params =
        TrainParams { learning_rate: 0.02, weight_decay: 0.5, clip_norm: 0.1, ..TrainParams::default() };
    let weight_scale = sequences.len() as f64 / f64::from(total);
    let mut trainer = Trainer::new(*case.network.config(), &params.check().unwrap(), weight_scale);
    trainer.network = case.network.clone();
    let expected = numbers(&golden["training"]);
    let batch: Vec<usize> = (0..sequences.len()).collect();
    let found: Vec<f32> =
        expected.iter().map(|_| (trainer.step(&sequences, &batch, 1.0) / f64::from(total)) as f32).collect();
    assert!(expected[59] < 0.7 * expected[0], "it learns: {expected:?}");
    assert!(largest_difference(&found, &expected) < 2e-6, "{found:?} instead of {expected:?}");
}

#[test]
fn gradient_agrees_with_finite_differences() {
    let drawn = Case::new(2, 3, 2, &[5, 1, 3, 5]);
    let config = GruConfig::new(2, 3, 2, 0.4).unwrap();
    let sequences = drawn.sequences();
    let between_layers = TrainParams::default();
    let everywhere = TrainParams { input_dropout: 0.3, recurrent_dropout: 0.4, ..TrainParams::default() };
    for dropout in [None, Some(&between_layers), Some(&everywhere)] {
        let parameters = drawn.network.parameters();
        let network = GruNetwork::from_parameters(config, parameters.to_vec()).unwrap();
        let (_, gradient) = weighted_mean_loss(&network, &sequences, dropout);
        for index in 0..parameters.len() {
            let loss_at = |shift: f32| {
                let mut shifted = parameters.to_vec();
                shifted[index] += shift;
                weighted_mean_loss(
                    &GruNetwork::from_parameters(config, shifted).unwrap(),
                    &sequences,
                    dropout,
                )
                .0
            };
            let slope = (loss_at(0.01) - loss_at(-0.01)) / 0.02;
            let difference = (slope - f64::from(gradient[index])).abs();
            assert!(difference < 5e-5, "parameter {index}: {} instead of {slope}", gradient[index]);
        }
    }
}

/// Writes what `tests/reference/gru_check.py` compares with PyTorch and ONNX Runtime to the folder that the environment
/// variable names.
#[test]
#[ignore = "writes the files that tests/reference/gru_check.py reads"]
fn write_reference_files() {
    let folder =
        PathBuf::from(std::env::var_os("BOTDET_GRU_CHECK").expect("BOTDET_GRU_CHECK names a folder"));
    let case = Case::new(16, 64, 2, &[128, 5, 77, 1, 100, 33, 128]);
    let steps: Vec<&[f32]> = case.steps.iter().map(Vec::as_slice).collect();
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let (_, gradient) = case.loss_and_gradient();
    std::fs::write(folder.join("logits.f32"), bytes(&case.network.logits(&steps).unwrap())).unwrap();
    std::fs::write(folder.join("gradient.f32"), bytes(&gradient)).unwrap();
    std::fs::write(folder.join("model.onnx"), crate::onnx::gru_model(&case.network, &[])).unwrap();
}
