//! Follow the regularised leader, proximal.

use botdet_models::logistic::Observations;
use linfa::DatasetBase;
use linfa::ParamGuard;
use linfa::dataset::Pr;
use linfa::traits::Predict;
use linfa_ftrl::Ftrl;
use ndarray::{Array1, Array2, ArrayView2};

use super::linear::{LinearClassifier, failed};
use super::shuffled::{Shuffled, until_idle};
use super::standardise::Standardiser;
use super::{Classifier, Learner, Sample, Session, ZooError, within};

const NAME: &str = "follow_the_leader";

/// Logistic regression by linfa's follow-the-regularised-leader (McMahan et al., KDD 2013): each coefficient has a learning
/// rate of its own, which falls as it learns.
#[derive(Clone, Copy, Debug)]
pub struct FollowTheLeader {
    /// Learning rate of a coefficient that has learned nothing, times beta.
    pub alpha: f64,
    /// Delays the fall of the learning rates.
    pub beta: f64,
    /// Strength of the L1 penalty: coefficients that gain less become 0. 0 to 1.
    pub l1: f64,
    /// Strength of the L2 penalty, 0 to 1.
    pub l2: f64,
    /// Rows to a step.
    pub batch: usize,
    /// Passes over the rows, at the most.
    pub epochs: usize,
}

impl Default for FollowTheLeader {
    fn default() -> Self {
        Self { alpha: 0.1, beta: 1.0, l1: 0.0, l2: 1.0, batch: 10, epochs: 50 }
    }
}

impl Learner for FollowTheLeader {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        self.check()?;
        let standardiser = Standardiser::fit(sample);
        let width = standardiser.width() + 1;
        // The last input is always 1: its coefficient is the intercept.
        let mut inputs = Vec::with_capacity(sample.rows().len() * width);
        sample.rows().iter().for_each(|row| inputs.extend(standardiser.inputs(row).chain([1.0])));
        let params = Ftrl::params().alpha(self.alpha).beta(self.beta).l1_ratio(self.l1).l2_ratio(self.l2);
        let mut model = Ftrl::new(params.check().map_err(|error| failed(NAME, &error))?, width);
        let mut shuffled = Shuffled::new(&inputs, sample, session.seed);
        until_idle(session, NAME, self.epochs, || {
            shuffled.epoch(self.batch, |batch| step(&mut model, batch))
        })?;
        let mut coefficients = model.get_weights().to_vec();
        if coefficients.iter().any(|coefficient| !coefficient.is_finite()) {
            return Err(failed(NAME, &"a coefficient is not finite"));
        }
        let intercept = coefficients.pop().unwrap_or_default();
        Ok(Box::new(LinearClassifier::new(standardiser, intercept, coefficients)))
    }
}

impl FollowTheLeader {
    fn check(&self) -> Result<(), ZooError> {
        within(NAME, "alpha", self.alpha, 1e-6, 10.0)?;
        within(NAME, "beta", self.beta, 0.0, 1e6)?;
        within(NAME, "l1", self.l1, 0.0, 1.0)?;
        within(NAME, "l2", self.l2, 0.0, 1.0)?;
        within(NAME, "batch", self.batch as f64, 1.0, 1e6)?;
        within(NAME, "epochs", self.epochs as f64, 1.0, 1e6)
    }
}

/// Learns from one batch; gives its sum of losses.
fn step(model: &mut Ftrl<f64>, batch: Observations<'_>) -> Result<f64, ZooError> {
    let Observations { inputs, targets, weights } = batch;
    let shape = (targets.len(), inputs.len() / targets.len());
    let rows = ArrayView2::from_shape(shape, inputs).map_err(|error| failed(NAME, &error))?;
    let probabilities: Array1<Pr> = model.predict(&rows);
    let losses = probabilities.iter().zip(targets).zip(weights).map(|((probability, target), weight)| {
        let positive = f64::from(**probability);
        let right = if *target > 0.5 { positive } else { 1.0 - positive };
        -weight * right.max(1e-12).ln()
    });
    let loss = losses.sum();
    // It knows no weights; as its slopes are sums of (probability - class) · row, rows times their weights bring them in.
    let weighted: Array2<f64> =
        &rows * &Array1::from_iter(weights.iter().copied()).insert_axis(ndarray::Axis(1));
    let classes: Array1<bool> = targets.iter().map(|target| *target > 0.5).collect();
    model.update(&DatasetBase::new(weighted, classes), probabilities.view());
    Ok(loss)
}
