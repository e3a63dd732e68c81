//! Linear models by stochastic gradient descent.

use botdet_models::logistic::Observations;
use botdet_models::sgd::{Sgd, SgdLoss, SgdParams};

use super::linear::{LinearClassifier, failed};
use super::shuffled::{Shuffled, until_idle};
use super::standardise::Standardiser;
use super::{Classifier, Learner, Sample, Session, ZooError, within};

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
        until_idle(session, name, self.epochs, || {
            mean = Mean::of(&model);
            shuffled.epoch(self.params.batch, |batch| {
                let loss = loss(&model, batch, self.params.loss);
                model.partial_fit(batch).map_err(|error| failed(name, &error))?;
                mean.add(&model);
                Ok(loss)
            })
        })?;
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
