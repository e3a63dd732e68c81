//! Logistic regression: the filter, and the calibrators.

use serde::{Deserialize, Serialize};

use crate::linear_algebra::{Cholesky, WeightedProducts};

/// Settings of a fit, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct LogisticParams {
    /// Strength of the L2 penalty on the coefficients, in units of one observation; the intercept is free.
    pub l2: f64,
    /// Newton steps at the most.
    pub iterations: usize,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self { l2: 1.0, iterations: 50 }
    }
}

/// Why a logistic regression cannot be fitted or used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LogisticError {
    /// The penalty is not a positive number.
    #[error("l2 penalty is {0}, not a positive number")]
    Penalty(f64),
    /// Rows, targets and weights do not belong together.
    #[error("{rows} rows of {width} inputs do not match {targets} targets and {weights} weights")]
    Shape {
        /// Rows there are.
        rows: usize,
        /// Inputs to each.
        width: usize,
        /// Targets there are.
        targets: usize,
        /// Weights there are.
        weights: usize,
    },
    /// Only one class is there.
    #[error("all {0} observations are of one class")]
    OneClass(usize),
    /// A value is not finite.
    #[error("row {row} holds a value that is not finite")]
    NotFinite {
        /// The row's index.
        row: usize,
    },
    /// Values are so large that their squares are infinite.
    #[error("values are too large for a fit")]
    TooLarge,
    /// The stored model does not fit together.
    #[error("logistic model has {coefficients} coefficients and {covariance} covariances")]
    Stored {
        /// Coefficients there are.
        coefficients: usize,
        /// Covariance entries there are.
        covariance: usize,
    },
}

/// A fitted model: `logit = intercept + coefficients · inputs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logistic {
    /// Log-odds where all inputs are 0.
    pub intercept: f64,
    /// Change of the log-odds by one unit of each input.
    pub coefficients: Vec<f64>,
    /// Covariance of `[intercept, coefficients]`, row-major: the inverse Hessian of the penalised likelihood.
    covariance: Vec<f64>,
}

/// A set of observations: `targets.len()` rows of equal width, row-major.
#[derive(Clone, Copy, Debug)]
pub struct Observations<'a> {
    /// Inputs, rows × width.
    pub inputs: &'a [f64],
    /// 0..1; fractions are soft labels.
    pub targets: &'a [f64],
    /// How often each row counts.
    pub weights: &'a [f64],
}

impl Logistic {
    /// Fits by Newton's method (iteratively reweighted least squares), halving steps that lead uphill.
    ///
    /// # Errors
    /// [`LogisticError`] for settings, shapes or values that allow no fit.
    pub fn fit(observations: Observations<'_>, params: LogisticParams) -> Result<Self, LogisticError> {
        let width = check(observations, params)?;
        let size = width + 1;
        let mut beta = vec![0.0; size];
        let mut loss = penalised_loss(observations, &beta, params.l2);
        let mut last = None;
        for _ in 0..params.iterations {
            let (gradient, hessian) = derivatives(observations, &beta, params.l2);
            let Some(factor) = Cholesky::of(&hessian, size) else {
                break;
            };
            let direction = factor.solve(&gradient);
            let mut step = 1.0;
            let next = loop {
                let next: Vec<f64> = beta.iter().zip(&direction).map(|(b, d)| b - step * d).collect();
                let next_loss = penalised_loss(observations, &next, params.l2);
                if next_loss <= loss || step < 1e-6 {
                    break (next, next_loss);
                }
                step /= 2.0;
            };
            let gain = loss - next.1;
            (beta, loss) = next;
            last = Some(factor);
            if gain.abs() <= 1e-10 * (1.0 + loss.abs()) {
                break;
            }
        }
        let covariance = last.ok_or(LogisticError::TooLarge)?.inverse();
        Ok(Self { intercept: beta[0], coefficients: beta[1..].to_vec(), covariance })
    }

    /// The model with other coefficients, which must be as many: those it has come to by learning on. What is known of their errors
    /// stays as it was.
    #[must_use]
    pub fn moved(&self, intercept: f64, coefficients: &[f64]) -> Self {
        debug_assert_eq!(coefficients.len(), self.coefficients.len());
        Self { intercept, coefficients: coefficients.to_vec(), covariance: self.covariance.clone() }
    }

    /// Log-odds of the positive class. `inputs` must be as many as the coefficients.
    #[must_use]
    pub fn logit(&self, inputs: &[f64]) -> f64 {
        debug_assert_eq!(inputs.len(), self.coefficients.len());
        self.intercept + self.coefficients.iter().zip(inputs).map(|(c, x)| c * x).sum::<f64>()
    }

    /// Standard error of the log-odds, by the delta method.
    #[must_use]
    pub fn logit_error(&self, inputs: &[f64]) -> f64 {
        let size = self.coefficients.len() + 1;
        let x = |i: usize| if i == 0 { 1.0 } else { inputs[i - 1] };
        let variance: f64 = (0..size)
            .flat_map(|i| (0..size).map(move |j| (i, j)))
            .map(|(i, j)| x(i) * self.covariance[i * size + j] * x(j))
            .sum();
        variance.max(0.0).sqrt()
    }

    /// Checks a model that was read from somewhere.
    ///
    /// # Errors
    /// [`LogisticError`] when the sizes do not fit `width`, or a number is not finite.
    pub fn check(&self, width: usize) -> Result<(), LogisticError> {
        if self.coefficients.len() != width || self.covariance.len() != (width + 1) * (width + 1) {
            return Err(LogisticError::Stored {
                coefficients: self.coefficients.len(),
                covariance: self.covariance.len(),
            });
        }
        let mut numbers = self.coefficients.iter().chain(&self.covariance).chain([&self.intercept]);
        if numbers.all(|number| number.is_finite()) {
            Ok(())
        } else {
            Err(LogisticError::NotFinite { row: 0 })
        }
    }
}

/// The logistic function.
#[must_use]
pub fn sigmoid(logit: f64) -> f64 {
    if logit >= 0.0 {
        1.0 / (1.0 + (-logit).exp())
    } else {
        let odds = logit.exp();
        odds / (1.0 + odds)
    }
}

fn check(observations: Observations<'_>, params: LogisticParams) -> Result<usize, LogisticError> {
    let Observations { inputs, targets, weights } = observations;
    if params.l2.is_nan() || params.l2 <= 0.0 {
        return Err(LogisticError::Penalty(params.l2));
    }
    let rows = targets.len();
    let width = inputs.len().checked_div(rows).unwrap_or(0);
    if rows == 0 || width == 0 || width * rows != inputs.len() || weights.len() != rows {
        return Err(LogisticError::Shape {
            rows: inputs.len().checked_div(width.max(1)).unwrap_or(0),
            width,
            targets: rows,
            weights: weights.len(),
        });
    }
    if let Some(position) = inputs.iter().position(|value| !value.is_finite()) {
        return Err(LogisticError::NotFinite { row: position / width });
    }
    if let Some(row) = targets.iter().zip(weights).position(|(t, w)| !t.is_finite() || !w.is_finite()) {
        return Err(LogisticError::NotFinite { row });
    }
    let positive = targets.iter().filter(|target| **target > 0.5).count();
    if positive == 0 || positive == rows {
        return Err(LogisticError::OneClass(rows));
    }
    Ok(width)
}

fn penalised_loss(observations: Observations<'_>, beta: &[f64], l2: f64) -> f64 {
    let width = beta.len() - 1;
    let rows = observations.inputs.chunks_exact(width);
    let likelihood: f64 = rows
        .zip(observations.targets)
        .zip(observations.weights)
        .map(|((row, target), weight)| {
            let logit = logit_of(beta, row);
            // ln(1 + e^x) - t x, without overflow.
            weight * (logit.max(0.0) - target * logit + (-logit.abs()).exp().ln_1p())
        })
        .sum();
    likelihood + 0.5 * l2 * beta[1..].iter().map(|b| b * b).sum::<f64>()
}

fn derivatives(observations: Observations<'_>, beta: &[f64], l2: f64) -> (Vec<f64>, Vec<f64>) {
    let size = beta.len();
    let mut gradient = vec![0.0; size];
    let mut sums = WeightedProducts::new(size);
    let mut x = vec![1.0; size];
    let rows = observations.inputs.chunks_exact(size - 1);
    for ((row, target), weight) in rows.zip(observations.targets).zip(observations.weights) {
        let probability = sigmoid(logit_of(beta, row));
        let residual = weight * (probability - target);
        let curvature = weight * (probability * (1.0 - probability)).max(1e-12);
        x[1..].copy_from_slice(row);
        for (slope, x) in gradient.iter_mut().zip(&x) {
            *slope += residual * x;
        }
        sums.add(&x, curvature);
    }
    let mut hessian = sums.finish();
    for i in 0..size {
        let penalty = if i == 0 { 1e-9 } else { l2 };
        hessian[i * size + i] += penalty;
        if i > 0 {
            gradient[i] += l2 * beta[i];
        }
    }
    (gradient, hessian)
}

fn logit_of(beta: &[f64], row: &[f64]) -> f64 {
    beta[0] + beta[1..].iter().zip(row).map(|(b, x)| b * x).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_closed_solution_of_two_groups() {
        // One binary input: with a vanishing penalty the fit reproduces the group rates.
        let inputs = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let targets = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let params = LogisticParams { l2: 1e-9, ..LogisticParams::default() };
        let model =
            Logistic::fit(Observations { inputs: &inputs, targets: &targets, weights: &[1.0; 8] }, params)
                .expect("both classes are there");
        assert!((sigmoid(model.logit(&[0.0])) - 0.25).abs() < 1e-6);
        assert!((sigmoid(model.logit(&[1.0])) - 0.75).abs() < 1e-6);
        // Variance of a group's log-odds is 1 / (n p q).
        assert!((model.logit_error(&[0.0]) - (1.0f64 / (4.0 * 0.25 * 0.75)).sqrt()).abs() < 1e-3);
        assert!(model.check(1).is_ok() && model.check(2).is_err());
    }

    #[test]
    fn weights_count_as_repetition() {
        let params = LogisticParams::default();
        let fit = |inputs: &[f64], targets: &[f64], weights: &[f64]| {
            Logistic::fit(Observations { inputs, targets, weights }, params).expect("both classes are there")
        };
        let weighted = fit(&[0.0, 1.0, 2.0], &[0.0, 1.0, 1.0], &[2.0, 1.0, 3.0]);
        let repeated = fit(&[0.0, 0.0, 1.0, 2.0, 2.0, 2.0], &[0.0, 0.0, 1.0, 1.0, 1.0, 1.0], &[1.0; 6]);
        assert!((weighted.coefficients[0] - repeated.coefficients[0]).abs() < 1e-9);
    }

    #[test]
    fn separated_classes_do_not_diverge() {
        let inputs: Vec<f64> = (0..20).map(f64::from).collect();
        let targets: Vec<f64> = (0..20).map(|i| f64::from(i >= 10)).collect();
        let observations = Observations { inputs: &inputs, targets: &targets, weights: &[1.0; 20] };
        let model = Logistic::fit(observations, LogisticParams::default()).expect("both classes are there");
        assert!(model.coefficients[0].is_finite() && model.coefficients[0] > 0.0);
    }

    #[test]
    fn impossible_fits_are_refused() {
        let fit = |inputs: &[f64], targets: &[f64], l2| {
            let observations = Observations { inputs, targets, weights: &vec![1.0; targets.len()] };
            Logistic::fit(observations, LogisticParams { l2, ..LogisticParams::default() })
        };
        assert_eq!(fit(&[1.0, 2.0], &[1.0, 1.0], 1.0), Err(LogisticError::OneClass(2)));
        assert_eq!(fit(&[1.0, f64::NAN], &[1.0, 0.0], 1.0), Err(LogisticError::NotFinite { row: 1 }));
        assert!(matches!(fit(&[1.0, 2.0], &[1.0, 0.0], 0.0), Err(LogisticError::Penalty(_))));
        assert!(matches!(fit(&[], &[], 1.0), Err(LogisticError::Shape { .. })));
        assert_eq!(fit(&[1e300, 2e300], &[1.0, 0.0], 1.0), Err(LogisticError::TooLarge));
    }
}
