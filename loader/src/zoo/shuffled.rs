//! Training rows in batches, for what learns by small steps.

use botdet_models::logistic::Observations;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::linear::targets;
use super::{Sample, Session, ZooError, report};

/// Epochs without progress after which learning ends.
const PATIENCE: usize = 5;
/// Progress is a mean loss that falls by more than this.
const TOLERANCE: f64 = 1e-4;

/// Repeats an epoch, which gives its mean loss, until that falls no more, or `epochs` times.
pub(super) fn until_idle(
    session: &mut Session<'_>,
    learner: &'static str,
    epochs: usize,
    mut epoch: impl FnMut() -> Result<f64, ZooError>,
) -> Result<(), ZooError> {
    let (mut best, mut idle) = (f64::INFINITY, 0);
    for done in 0..epochs {
        report(session, learner, done as f64 / epochs as f64)?;
        let loss = epoch()?;
        idle = if loss > best - TOLERANCE { idle + 1 } else { 0 };
        best = best.min(loss);
        if idle == PATIENCE {
            break;
        }
    }
    report(session, learner, 1.0)
}

/// The training rows, in a new order each epoch.
pub(super) struct Shuffled<'a> {
    inputs: &'a [f64],
    targets: Vec<f64>,
    weights: Vec<f64>,
    order: Vec<usize>,
    random: ChaCha8Rng,
}

impl<'a> Shuffled<'a> {
    /// Rows of standardised inputs; their weights are scaled to a mean of 1.
    pub fn new(inputs: &'a [f64], sample: Sample<'_>, seed: u64) -> Self {
        let rows = sample.labels().len();
        let mean = sample.weights().iter().sum::<f64>() / rows as f64;
        Self {
            inputs,
            targets: targets(sample),
            weights: sample.weights().iter().map(|weight| weight / mean).collect(),
            order: (0..rows).collect(),
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Visits all rows once, in batches; gives the mean of the losses that `visit` sums.
    pub fn epoch(
        &mut self,
        batch: usize,
        mut visit: impl FnMut(Observations<'_>) -> Result<f64, ZooError>,
    ) -> Result<f64, ZooError> {
        self.order.shuffle(&mut self.random);
        let width = self.inputs.len() / self.targets.len();
        let (mut inputs, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        let mut loss = 0.0;
        for chosen in self.order.chunks(batch) {
            inputs.clear();
            chosen.iter().for_each(|row| inputs.extend(&self.inputs[row * width..(row + 1) * width]));
            targets.clear();
            targets.extend(chosen.iter().map(|row| self.targets[*row]));
            weights.clear();
            weights.extend(chosen.iter().map(|row| self.weights[*row]));
            loss += visit(Observations { inputs: &inputs, targets: &targets, weights: &weights })?;
        }
        Ok(loss / self.targets.len() as f64)
    }
}
