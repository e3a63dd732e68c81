//! Logistic regression with an L2 penalty.

use botdet_models::logistic::{Logistic, LogisticParams, Observations};

use super::linear::{LinearClassifier, failed, targets};
use super::standardise::Standardiser;
use super::{Classifier, Learner, Sample, Session, ZooError, report, within};

const NAME: &str = "logistic_regression";

/// Logistic regression on standardised inputs, by Newton's method.
#[derive(Clone, Copy, Debug)]
pub struct LogisticRegression {
    /// Strength of the L2 penalty on the coefficients, in units of one row: scikit-learn's `1 / C`.
    pub l2: f64,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        Self { l2: 1.0 }
    }
}

impl Learner for LogisticRegression {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        within(NAME, "l2", self.l2, 1e-9, 1e9)?;
        report(session, NAME, 0.0)?;
        let standardiser = Standardiser::fit(sample);
        let inputs = standardiser.all(sample.rows());
        let targets = targets(sample);
        let observations = Observations { inputs: &inputs, targets: &targets, weights: sample.weights() };
        let params = LogisticParams { l2: self.l2, ..LogisticParams::default() };
        let model = Logistic::fit(observations, params).map_err(|error| failed(NAME, &error))?;
        report(session, NAME, 1.0)?;
        Ok(Box::new(LinearClassifier::new(standardiser, model.intercept, model.coefficients)))
    }
}
