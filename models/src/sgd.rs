//! A linear model that goes on learning: stochastic gradient descent in small batches.

use serde::{Deserialize, Serialize};

use crate::logistic::{Observations, sigmoid};

/// What a linear model is to make small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdLoss {
    /// Cross-entropy: the margin is a log-odds.
    Logistic,
    /// `max(0, 1 - y · margin)` with y = ±1: a linear support vector machine.
    Hinge,
}

/// Settings of the learning, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct SgdParams {
    /// What is made small.
    pub loss: SgdLoss,
    /// Length of a step along a batch's mean gradient.
    pub learning_rate: f64,
    /// Rows whose gradients are averaged for one step.
    pub batch: usize,
    /// Strength of the L2 penalty on the coefficients, against a mean loss; the intercept is free.
    pub l2: f64,
}

impl Default for SgdParams {
    fn default() -> Self {
        Self { loss: SgdLoss::Logistic, learning_rate: 0.01, batch: 100, l2: 1e-4 }
    }
}

/// Why a model cannot learn or be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SgdError {
    /// A setting is out of bounds.
    #[error("sgd: {name} is {value}, outside {low} to {high}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
    /// Rows, targets and weights do not belong together.
    #[error(
        "sgd: {values} values do not fit {targets} targets and {weights} weights with {width} inputs each"
    )]
    Shape {
        /// Values there are.
        values: usize,
        /// Targets there are.
        targets: usize,
        /// Weights there are.
        weights: usize,
        /// Inputs that the model has.
        width: usize,
    },
    /// A value is not finite, a target not in 0..1, or a weight negative.
    #[error("sgd: row {row} holds a value that cannot be learned from")]
    Value {
        /// The row's index.
        row: usize,
    },
    /// The coefficients left the finite numbers.
    #[error("sgd: learning diverged; inputs should be standardised")]
    Diverged,
    /// The stored model does not fit together.
    #[error("sgd model has {coefficients} finite coefficients instead of {width}")]
    Stored {
        /// Finite coefficients there are.
        coefficients: usize,
        /// Coefficients there should be.
        width: usize,
    },
}

/// Checked settings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdConfig {
    loss: SgdLoss,
    learning_rate: f64,
    batch: usize,
    l2: f64,
}

impl SgdParams {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`SgdError::Setting`] naming the first one that is out of bounds.
    pub fn check(self) -> Result<SgdConfig, SgdError> {
        let Self { loss, learning_rate, batch, l2 } = self;
        let config = SgdConfig { loss, learning_rate, batch, l2 };
        config.check().map(|()| config)
    }
}

impl SgdConfig {
    fn check(&self) -> Result<(), SgdError> {
        within("learning_rate", self.learning_rate, 1e-9, 10.0)?;
        within("batch", self.batch as f64, 1.0, 1e6)?;
        within("l2", self.l2, 0.0, 1e3)?;
        // The penalty's own step must shrink the coefficients, not throw them over.
        within("learning_rate times l2", self.learning_rate * self.l2, 0.0, 1.0)
    }
}

fn within(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), SgdError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(SgdError::Setting { name, value, low, high })
}

/// A linear model in learning: `margin = intercept + coefficients · inputs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sgd {
    config: SgdConfig,
    intercept: f64,
    coefficients: Vec<f64>,
    steps: u64,
}

impl Sgd {
    /// A model of `width` inputs that has learned nothing: all margins are 0.
    #[must_use]
    pub fn new(width: usize, config: SgdConfig) -> Self {
        Self { config, intercept: 0.0, coefficients: vec![0.0; width], steps: 0 }
    }

    /// A model that goes on from what another one, such as a logistic regression, has learned.
    ///
    /// # Errors
    /// [`SgdError::Stored`] when a number is not finite.
    pub fn starting_at(intercept: f64, coefficients: &[f64], config: SgdConfig) -> Result<Self, SgdError> {
        let model = Self { config, intercept, coefficients: coefficients.to_vec(), steps: 0 };
        model.check(coefficients.len()).map(|()| model)
    }

    /// Learns from rows, in their order, one step a batch; the last batch may be smaller. A weight of 1 is a row's usual one.
    ///
    /// # Errors
    /// [`SgdError`] when the rows do not fit the model or hold what cannot be learned from. The model is then as before.
    pub fn partial_fit(&mut self, observations: Observations<'_>) -> Result<(), SgdError> {
        let width = self.coefficients.len();
        let Observations { inputs, targets, weights } = observations;
        if targets.len() != weights.len() || targets.len() * width != inputs.len() {
            let (values, targets, weights) = (inputs.len(), targets.len(), weights.len());
            return Err(SgdError::Shape { values, targets, weights, width });
        }
        if let Some(position) = inputs.iter().position(|value| !value.is_finite()) {
            return Err(SgdError::Value { row: position / width });
        }
        let possible = |target: f64, weight: f64| {
            (0.0..=1.0).contains(&target) && (0.0..f64::INFINITY).contains(&weight)
        };
        if let Some(row) =
            targets.iter().zip(weights).position(|(target, weight)| !possible(*target, *weight))
        {
            return Err(SgdError::Value { row });
        }
        let before = self.clone();
        let size = self.config.batch;
        let batches = targets.chunks(size).zip(weights.chunks(size));
        for ((targets, weights), inputs) in batches.zip(inputs.chunks((size * width).max(1))) {
            self.step(Observations { inputs, targets, weights });
        }
        if self.finite() == width {
            return Ok(());
        }
        *self = before;
        Err(SgdError::Diverged)
    }

    fn step(&mut self, batch: Observations<'_>) {
        let width = self.coefficients.len();
        let mut slope = 0.0;
        let mut slopes = vec![0.0; width];
        let rows = batch.inputs.chunks_exact(width);
        for ((row, target), weight) in rows.zip(batch.targets).zip(batch.weights) {
            let by_margin = weight * self.slope(self.margin(row), *target);
            slope += by_margin;
            for (sum, x) in slopes.iter_mut().zip(row) {
                *sum += by_margin * x;
            }
        }
        let rate = self.config.learning_rate / batch.targets.len() as f64;
        let kept = 1.0 - self.config.learning_rate * self.config.l2;
        self.intercept -= rate * slope;
        for (coefficient, slope) in self.coefficients.iter_mut().zip(&slopes) {
            *coefficient = kept * *coefficient - rate * slope;
        }
        self.steps += 1;
    }

    /// Derivative of the loss by the margin.
    fn slope(&self, margin: f64, target: f64) -> f64 {
        match self.config.loss {
            SgdLoss::Logistic => sigmoid(margin) - target,
            SgdLoss::Hinge => {
                let side = if target > 0.5 { 1.0 } else { -1.0 };
                if side * margin < 1.0 { -side } else { 0.0 }
            }
        }
    }

    /// Margin of a row; with [`SgdLoss::Logistic`] its log-odds. `inputs` must be as many as the coefficients.
    #[must_use]
    pub fn margin(&self, inputs: &[f64]) -> f64 {
        debug_assert_eq!(inputs.len(), self.coefficients.len());
        self.intercept + self.coefficients.iter().zip(inputs).map(|(c, x)| c * x).sum::<f64>()
    }

    /// Margin where all inputs are 0.
    #[must_use]
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// Change of the margin by one unit of each input.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// Steps taken so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Checks a model that was read from somewhere.
    ///
    /// # Errors
    /// [`SgdError`] when a setting is out of bounds, the size does not fit `width` or a number is not finite.
    pub fn check(&self, width: usize) -> Result<(), SgdError> {
        self.config.check()?;
        if self.coefficients.len() == width && width > 0 && self.finite() == width {
            return Ok(());
        }
        Err(SgdError::Stored { coefficients: self.finite(), width })
    }

    /// How many coefficients are finite; none where the intercept is not.
    fn finite(&self) -> usize {
        let all = self.coefficients.iter().filter(|coefficient| coefficient.is_finite()).count();
        if self.intercept.is_finite() { all } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logistic::{Logistic, LogisticParams};

    fn config(params: SgdParams) -> SgdConfig {
        params.check().expect("the settings are possible")
    }

    #[test]
    fn full_batches_descend_to_the_logistic_regression() {
        let inputs: Vec<f64> = (0..80).map(|i| f64::from(i * 37 % 80) / 40.0 - 1.0).collect();
        let targets: Vec<f64> =
            (0..40).map(|i| f64::from(inputs[2 * i] + 0.5 * inputs[2 * i + 1] > (i as f64).sin())).collect();
        let weights: Vec<f64> = (0..40).map(|i| 1.0 + f64::from(i % 3)).collect();
        let observations = Observations { inputs: &inputs, targets: &targets, weights: &weights };
        let mut sgd = Sgd::new(
            2,
            config(SgdParams { learning_rate: 0.5, batch: 40, l2: 0.05, ..SgdParams::default() }),
        );
        for _ in 0..2000 {
            sgd.partial_fit(observations).expect("the rows are sound");
        }
        // The mean loss with penalty 0.05 is the summed one with 40 · 0.05.
        let params = LogisticParams { l2: 2.0, ..LogisticParams::default() };
        let exact = Logistic::fit(observations, params).expect("both classes are there");
        assert!((sgd.intercept() - exact.intercept).abs() < 1e-6);
        for (ours, exact) in sgd.coefficients().iter().zip(&exact.coefficients) {
            assert!((ours - exact).abs() < 1e-6, "{ours} instead of {exact}");
        }
    }

    #[test]
    fn one_step_of_hinge_by_hand() {
        let mut sgd =
            Sgd::new(1, config(SgdParams { loss: SgdLoss::Hinge, l2: 0.0, ..SgdParams::default() }));
        let observations = Observations { inputs: &[2.0, 4.0], targets: &[1.0, 0.0], weights: &[1.0, 2.0] };
        sgd.partial_fit(observations).expect("the rows are sound");
        // Slopes -1 and +2 · 1: means 0.5 for the intercept and (-2 + 8) / 2 for the coefficient.
        assert!((sgd.intercept() + 0.01 * 0.5).abs() < 1e-15);
        assert!((sgd.coefficients()[0] + 0.01 * 3.0).abs() < 1e-15);
        assert_eq!(sgd.steps(), 1);
    }

    #[test]
    fn rows_at_once_or_one_after_the_other_teach_the_same() {
        let inputs: Vec<f64> = (0..30).map(|i| f64::from(i * 7 % 30) / 15.0 - 1.0).collect();
        let targets: Vec<f64> = (0..30).map(|i| f64::from(i % 2)).collect();
        let params = SgdParams { batch: 10, ..SgdParams::default() };
        let (mut once, mut parts) = (Sgd::new(1, config(params)), Sgd::new(1, config(params)));
        let all = Observations { inputs: &inputs, targets: &targets, weights: &[1.0; 30] };
        once.partial_fit(all).expect("the rows are sound");
        for part in 0..3 {
            let range = part * 10..part * 10 + 10;
            let (inputs, targets) = (&inputs[range.clone()], &targets[range]);
            parts
                .partial_fit(Observations { inputs, targets, weights: &[1.0; 10] })
                .expect("the rows are sound");
        }
        assert_eq!(once, parts);
        let json = serde_json::to_string(&once).expect("numbers are finite");
        let read: Sgd = serde_json::from_str(&json).expect("it was just written");
        assert!((read.coefficients()[0] - once.coefficients()[0]).abs() < 1e-15 && read.steps() == 3);
        assert!(read.check(1).is_ok() && read.check(2).is_err());
    }

    #[test]
    fn what_cannot_be_learned_from_changes_nothing() {
        let mut sgd = Sgd::new(1, config(SgdParams::default()));
        let before = sgd.clone();
        let mut learn = |inputs: &[f64], targets: &[f64], weights: &[f64]| {
            sgd.partial_fit(Observations { inputs, targets, weights }).err()
        };
        assert_eq!(learn(&[1.0, f64::NAN], &[1.0, 0.0], &[1.0, 1.0]), Some(SgdError::Value { row: 1 }));
        assert_eq!(learn(&[1.0], &[1.5], &[1.0]), Some(SgdError::Value { row: 0 }));
        assert_eq!(learn(&[1.0], &[1.0], &[-1.0]), Some(SgdError::Value { row: 0 }));
        assert_eq!(learn(&[f64::MAX, f64::MAX], &[1.0, 1.0], &[1e3, 1e3]), Some(SgdError::Diverged));
        assert!(matches!(learn(&[1.0], &[1.0, 0.0], &[1.0, 1.0]), Some(SgdError::Shape { .. })));
        assert_eq!(learn(&[], &[], &[]), None);
        assert_eq!(sgd, before);
        let refused = SgdParams { batch: 0, ..SgdParams::default() }.check();
        assert!(matches!(refused, Err(SgdError::Setting { name: "batch", .. })));
        assert!(SgdParams { learning_rate: f64::NAN, ..SgdParams::default() }.check().is_err());
    }
}
