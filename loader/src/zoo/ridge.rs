//! Ridge regression on the classes.

use smartcore::linalg::basic::arrays::Array;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::ridge_regression::{RidgeRegression, RidgeRegressionParameters};

use super::linear::{LinearClassifier, failed};
use super::standardise::Standardiser;
use super::{Classifier, Learner, Sample, Session, ZooError, report, within};

const NAME: &str = "ridge";

/// Least squares with an L2 penalty on standardised inputs and classes of ±1, solved by smartcore; the margin becomes a
/// log-odds by Platt scaling.
#[derive(Clone, Copy, Debug)]
pub struct Ridge {
    /// Strength of the penalty on the coefficients, in units of one row; the intercept is free.
    pub alpha: f64,
}

impl Default for Ridge {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Learner for Ridge {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        within(NAME, "alpha", self.alpha, 1e-6, 1e9)?;
        report(session, NAME, 0.0)?;
        let standardiser = Standardiser::fit(sample);
        let inputs = standardiser.all(sample.rows());
        let (intercept, coefficients) = solve(&inputs, sample, self.alpha)?;
        let linear = LinearClassifier::new(standardiser, intercept, coefficients);
        let linear = linear.calibrated(NAME, &inputs, sample)?;
        report(session, NAME, 1.0)?;
        Ok(Box::new(linear))
    }
}

/// Intercept and coefficients. smartcore knows no weights and fits no free intercept without scaling of its own, so it
/// is given rows and classes less their weighted means, times the roots of the weights.
fn solve(inputs: &[f64], sample: Sample<'_>, alpha: f64) -> Result<(f64, Vec<f64>), ZooError> {
    let (rows, width) = (sample.labels().len(), sample.rows().width());
    let side = |label: &bool| if *label { 1.0 } else { -1.0 };
    let total: f64 = sample.weights().iter().sum();
    let mut means = vec![0.0; width];
    let mut middle = 0.0;
    for ((row, label), weight) in inputs.chunks_exact(width).zip(sample.labels()).zip(sample.weights()) {
        middle += weight / total * side(label);
        means.iter_mut().zip(row).for_each(|(mean, x)| *mean += weight / total * x);
    }
    // It wants more rows than columns: rows of zeros add nothing.
    let padded = rows.max(width + 1);
    let mut columns = vec![0.0; padded * width];
    let mut classes = vec![0.0; padded];
    for (index, row) in inputs.chunks_exact(width).enumerate() {
        let root = sample.weights()[index].sqrt();
        classes[index] = root * (side(&sample.labels()[index]) - middle);
        for (column, (x, mean)) in row.iter().zip(&means).enumerate() {
            columns[column * padded + index] = root * (x - mean);
        }
    }
    let matrix = DenseMatrix::new(padded, width, columns, true).map_err(|error| failed(NAME, &error))?;
    let params = RidgeRegressionParameters::default().with_alpha(alpha).with_normalize(false);
    let model = RidgeRegression::fit(&matrix, &classes, params).map_err(|error| failed(NAME, &error))?;
    let coefficients: Vec<f64> = (0..width).map(|index| *model.coefficients().get((index, 0))).collect();
    if let Some(coefficient) = coefficients.iter().find(|coefficient| !coefficient.is_finite()) {
        return Err(failed(NAME, &format_args!("a coefficient is {coefficient}")));
    }
    let intercept = middle - coefficients.iter().zip(&means).map(|(c, mean)| c * mean).sum::<f64>();
    Ok((intercept, coefficients))
}
