//! Linear models by stochastic gradient descent.

use botdet_models::logistic::Observations;
use botdet_models::sgd::{Sgd, SgdLoss, SgdParams};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::linear::{LinearClassifier, failed, targets};
use super::standardise::Standardiser;
use super::{Classifier, Learner, Sample, Session, ZooError, report, within};

/// Epochs without progress after which learning ends.
const PATIENCE: usize = 5;
/// Progress is a mean loss that falls by more than this.
const TOLERANCE: f64 = 1e-4;

/// A linear model on standardised inputs by stochastic gradient descent: `sgd_logistic` or `sgd_hinge`.
///
/// The served model is the mean of those after each step of the last epoch (Polyak and Juditsky 1992).
#[derive(Clone, Copy, Debug)]
pub struct StochasticGradient {
    /// Loss, learning rate, batch and penalty; weights are scaled to a mean of 1.
    pub params: SgdParams,
    /// Passes over the rows, at the most.
    pub epochs: usize,
}

impl StochasticGradient {
    /// A descent on one of the losses, all else by default.
    #[must_use]
    pub fn new(loss: SgdLoss) -> Self {
        Self { params: SgdParams { loss, ..SgdParams::default() }, epochs: 200 }
    }
}

impl Learner for StochasticGradient {
    fn name(&self) -> &'static str {
        match self.params.loss {
            SgdLoss::Logistic => "sgd_logistic",
            SgdLoss::Hinge => "sgd_hinge",
        }
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        let name = self.name();
        within(name, "epochs", self.epochs as f64, 1.0, 1e6)?;
        let config = self.params.check().map_err(|error| failed(name, &error))?;
        let standardiser = Standardiser::fit(sample);
        let inputs = standardiser.all(sample.rows());
        let mut shuffled = Shuffled::new(&inputs, sample, session.seed);
        let mut model = Sgd::new(standardiser.width(), config);
        let mut mean = Mean::of(&model);
        let (mut best, mut idle) = (f64::INFINITY, 0);
        for epoch in 0..self.epochs {
            report(session, name, epoch as f64 / self.epochs as f64)?;
            mean = Mean::of(&model);
            let loss = shuffled.epoch(self.params.batch, |batch| {
                let loss = loss(&model, batch, self.params.loss);
                model.partial_fit(batch).map_err(|error| failed(name, &error))?;
                mean.add(&model);
                Ok(loss)
            })?;
            idle = if loss > best - TOLERANCE { idle + 1 } else { 0 };
            best = best.min(loss);
            if idle == PATIENCE {
                break;
            }
        }
        report(session, name, 1.0)?;
        let linear = LinearClassifier::new(standardiser, mean.intercept, mean.coefficients);
        Ok(Box::new(match self.params.loss {
            SgdLoss::Logistic => linear,
            SgdLoss::Hinge => linear.calibrated(name, &inputs, sample)?,
        }))
    }
}

/// Sum of a batch's weighted losses.
fn loss(model: &Sgd, batch: Observations<'_>, loss: SgdLoss) -> f64 {
    let rows = batch.inputs.chunks_exact(model.coefficients().len());
    let losses = rows.zip(batch.targets).zip(batch.weights).map(|((row, target), weight)| {
        let margin = if *target > 0.5 { model.margin(row) } else { -model.margin(row) };
        weight
            * match loss {
                SgdLoss::Logistic => (-margin).max(0.0) + (-margin.abs()).exp().ln_1p(),
                SgdLoss::Hinge => (1.0 - margin).max(0.0),
            }
    });
    losses.sum()
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

/// Mean of models.
struct Mean {
    count: f64,
    intercept: f64,
    coefficients: Vec<f64>,
}

impl Mean {
    fn of(model: &Sgd) -> Self {
        Self { count: 1.0, intercept: model.intercept(), coefficients: model.coefficients().to_vec() }
    }

    fn add(&mut self, model: &Sgd) {
        self.count += 1.0;
        self.intercept += (model.intercept() - self.intercept) / self.count;
        for (mean, coefficient) in self.coefficients.iter_mut().zip(model.coefficients()) {
            *mean += (coefficient - *mean) / self.count;
        }
    }
}
