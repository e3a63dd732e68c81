//! What all linear entries leave behind.

use botdet_models::logistic::{Logistic, LogisticParams, Observations, sigmoid};
use botdet_models::rows::Rows;

use super::standardise::Standardiser;
use super::{Classifier, Sample, ZooError};

/// A margin that is linear in the standardised inputs, and a log-odds.
pub(super) struct LinearClassifier {
    standardiser: Standardiser,
    intercept: f64,
    coefficients: Vec<f64>,
}

impl LinearClassifier {
    /// `intercept + coefficients · inputs` is the log-odds already.
    pub fn new(standardiser: Standardiser, intercept: f64, coefficients: Vec<f64>) -> Self {
        debug_assert_eq!(standardiser.width(), coefficients.len());
        Self { standardiser, intercept, coefficients }
    }

    /// Makes log-odds of a margin that has none, by a logistic regression on the margins of the training rows (Platt
    /// 1999). It keeps the order of the margins: a slope that would turn it becomes 0.
    ///
    /// # Errors
    /// [`ZooError::Failed`] when the margins allow no regression.
    pub fn calibrated(
        self,
        learner: &'static str,
        inputs: &[f64],
        sample: Sample<'_>,
    ) -> Result<Self, ZooError> {
        let margins: Vec<f64> = inputs
            .chunks_exact(self.coefficients.len())
            .map(|inputs| self.margin(inputs.iter().copied()))
            .collect();
        let targets = targets(sample);
        let observations = Observations { inputs: &margins, targets: &targets, weights: sample.weights() };
        let params = LogisticParams { l2: 1e-6, ..LogisticParams::default() };
        let platt = Logistic::fit(observations, params).map_err(|error| failed(learner, &error))?;
        let slope = platt.coefficients[0].max(0.0);
        let coefficients = self.coefficients.iter().map(|coefficient| slope * coefficient).collect();
        Ok(Self::new(self.standardiser, platt.intercept + slope * self.intercept, coefficients))
    }

    fn margin(&self, inputs: impl Iterator<Item = f64>) -> f64 {
        self.intercept + self.coefficients.iter().zip(inputs).map(|(c, x)| c * x).sum::<f64>()
    }
}

impl Classifier for LinearClassifier {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        rows.iter().map(|row| sigmoid(self.margin(self.standardiser.inputs(row)))).collect()
    }
}

/// Classes as numbers: 1 is positive.
pub(super) fn targets(sample: Sample<'_>) -> Vec<f64> {
    sample.labels().iter().map(|label| f64::from(u8::from(*label))).collect()
}

/// What a part said that could not learn from checked rows.
pub(super) fn failed(learner: &'static str, reason: &dyn std::fmt::Display) -> ZooError {
    ZooError::Failed { learner, reason: reason.to_string() }
}
