//! Naive Bayes on normal distributions.

use botdet_models::rows::Rows;

use super::{prior_log_odds, probability, weighted};
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError, report, within};

const NAME: &str = "gaussian_naive_bayes";

/// Gaussian naive Bayes: within a class, a column is normal.
#[derive(Clone, Copy, Debug)]
pub struct GaussianBayes {
    /// Share of a column's whole variance that is added to its variance in each class, so that none is 0. As scikit-learn's
    /// on standardised columns.
    pub smoothing: f64,
    /// Probability of the positive class before anything is known of a row; by default its share of the weights.
    pub prior: Option<f64>,
}

impl Default for GaussianBayes {
    fn default() -> Self {
        Self { smoothing: 1e-9, prior: None }
    }
}

impl Learner for GaussianBayes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        within(NAME, "smoothing", self.smoothing, 1e-12, 1.0)?;
        report(session, NAME, 0.0)?;
        let prior = prior_log_odds(NAME, self.prior, sample)?;
        let columns = (0..sample.rows().width()).filter_map(|column| self.column(sample, column)).collect();
        report(session, NAME, 1.0)?;
        Ok(Box::new(Fitted { prior, columns }))
    }
}

impl GaussianBayes {
    /// `None` where a column says nothing: it is constant, or a class has no known value.
    fn column(&self, sample: Sample<'_>, column: usize) -> Option<Column> {
        let values =
            |class| weighted(sample, class).map(move |(row, weight)| (f64::from(row[column]), weight));
        let all = Normal::of(|| values(false).chain(values(true)))?;
        if all.variance.sqrt() <= 1e-12 * all.mean.abs() {
            return None;
        }
        let of_class = |class| {
            let Normal { mean, variance } = Normal::of(|| values(class))?;
            Some(Normal { mean, variance: variance + self.smoothing * all.variance })
        };
        Some(Column { index: column, negative: of_class(false)?, positive: of_class(true)? })
    }
}

struct Normal {
    mean: f64,
    variance: f64,
}

impl Normal {
    /// Weighted mean and variance of the known values; `None` where there are none.
    fn of<Values: Iterator<Item = (f64, f64)>>(values: impl Fn() -> Values) -> Option<Self> {
        let known = || values().filter(|(value, _)| !value.is_nan());
        let total: f64 = known().map(|(_, weight)| weight).sum();
        let mean = known().map(|(value, weight)| weight / total * value).sum::<f64>();
        let variance = known().map(|(value, weight)| weight / total * (value - mean).powi(2)).sum();
        (total > 0.0).then_some(Self { mean, variance })
    }

    fn log_density(&self, value: f64) -> f64 {
        -0.5 * ((value - self.mean).powi(2) / self.variance + self.variance.ln())
    }
}

struct Column {
    index: usize,
    negative: Normal,
    positive: Normal,
}

struct Fitted {
    prior: f64,
    columns: Vec<Column>,
}

impl Classifier for Fitted {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let log_odds = |row: &[f32]| {
            let said = self.columns.iter().filter(|column| !row[column.index].is_nan());
            let parts = said.map(|column| {
                let value = f64::from(row[column.index]);
                column.positive.log_density(value) - column.negative.log_density(value)
            });
            self.prior + parts.sum::<f64>()
        };
        rows.iter().map(|row| probability(log_odds(row), self.prior)).collect()
    }
}
