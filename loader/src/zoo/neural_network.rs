//! A neural network.

use botdet_models::logistic::sigmoid;
use botdet_models::rows::Rows;
use rand_chacha::ChaCha8Rng;

use super::standardise::Standardiser;
use super::{Classifier, Learner, Sample, Session, ZooError, within};
use crate::dense::{Network, Task, TrainParams, train};

const NAME: &str = "neural_network";

/// A multi-layer perceptron on standardised inputs: rectified units, cross-entropy, Adam, early stopping.
#[derive(Clone, Debug)]
pub struct NeuralNetwork {
    /// Units in each hidden layer.
    pub hidden: Vec<usize>,
    /// Passes over the rows, at the most.
    pub epochs: usize,
    /// Rows to a step.
    pub batch: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Strength of the L2 penalty, in units of one row.
    pub l2: f64,
    /// Epochs without a lower validation loss after which training ends.
    pub patience: usize,
}

impl Default for NeuralNetwork {
    fn default() -> Self {
        Self { hidden: vec![64, 32], epochs: 100, batch: 256, learning_rate: 1e-3, l2: 0.1, patience: 8 }
    }
}

impl Learner for NeuralNetwork {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        let params = self.check(session)?;
        let standardiser = Standardiser::fit(sample);
        let width = standardiser.width();
        let mean = sample.weights().iter().sum::<f64>() / sample.weights().len() as f64;
        let task = Classes {
            width,
            inputs: standardiser.all_single(sample.rows()),
            labels: sample.labels(),
            weights: sample.weights().iter().map(|weight| weight / mean).collect(),
        };
        let sizes: Vec<usize> = [width].into_iter().chain(self.hidden.iter().copied()).chain([1]).collect();
        let network = train(&sizes, &task, params, session.progress).ok_or(ZooError::Cancelled(NAME))?;
        Ok(Box::new(Fitted { standardiser, network }))
    }
}

impl NeuralNetwork {
    fn check(&self, session: &Session<'_>) -> Result<TrainParams, ZooError> {
        within(NAME, "hidden layers", self.hidden.len() as f64, 1.0, 8.0)?;
        self.hidden.iter().try_for_each(|units| within(NAME, "hidden", *units as f64, 1.0, 4096.0))?;
        within(NAME, "epochs", self.epochs as f64, 1.0, 1e6)?;
        within(NAME, "batch", self.batch as f64, 1.0, 1e6)?;
        within(NAME, "learning_rate", self.learning_rate, 1e-9, 1.0)?;
        within(NAME, "l2", self.l2, 0.0, 1e6)?;
        within(NAME, "patience", self.patience as f64, 1.0, 1e6)?;
        Ok(TrainParams {
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate as f32,
            l2: self.l2 as f32,
            patience: self.patience,
            seed: session.seed,
            threads: session.threads,
        })
    }
}

/// Telling two classes apart by one log-odds.
struct Classes<'a> {
    width: usize,
    inputs: Vec<f32>,
    labels: &'a [bool],
    /// With a mean of 1.
    weights: Vec<f64>,
}

impl Task for Classes<'_> {
    fn rows(&self) -> usize {
        self.labels.len()
    }

    fn inputs(&self, row: usize, _: Option<&mut ChaCha8Rng>, inputs: &mut Vec<f32>) {
        inputs.extend(&self.inputs[row * self.width..(row + 1) * self.width]);
    }

    fn loss(&self, row: usize, outputs: &[f32], slopes: &mut [f32]) -> f64 {
        let (logit, weight) = (f64::from(outputs[0]), self.weights[row]);
        let target = f64::from(u8::from(self.labels[row]));
        slopes[0] = (weight * (sigmoid(logit) - target)) as f32;
        weight * (logit.max(0.0) - target * logit + (-logit.abs()).exp().ln_1p())
    }
}

struct Fitted {
    standardiser: Standardiser,
    network: Network,
}

impl Classifier for Fitted {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let outputs = self.network.outputs(&self.standardiser.all_single(rows));
        outputs.into_iter().map(|logit| sigmoid(f64::from(logit))).collect()
    }
}
