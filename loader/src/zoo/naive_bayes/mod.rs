//! Naive Bayes: columns are taken as independent within each class. A missing value says nothing.
//!
//! Everything is summed in logarithms, so that no product of many small probabilities vanishes.

mod bernoulli;
mod gaussian;

#[cfg(test)]
mod tests;

use botdet_models::logistic::sigmoid;

use super::{Sample, ZooError, within};

pub use bernoulli::BernoulliBayes;
pub use gaussian::GaussianBayes;

/// Log-odds of the positive class before anything is known of a row: of a given probability, or of the classes' weights.
fn prior_log_odds(learner: &'static str, prior: Option<f64>, sample: Sample<'_>) -> Result<f64, ZooError> {
    if let Some(prior) = prior {
        within(learner, "prior", prior, 1e-12, 1.0 - 1e-12)?;
        return Ok((prior / (1.0 - prior)).ln());
    }
    let weight = |class| weighted(sample, class).map(|(_, weight)| weight).sum::<f64>();
    Ok((weight(true) / weight(false)).ln())
}

/// Rows of one class, with their weights.
fn weighted(sample: Sample<'_>, class: bool) -> impl Iterator<Item = (&[f32], f64)> {
    let rows = sample.rows().iter().zip(sample.labels()).zip(sample.weights());
    rows.filter(move |((_, label), _)| **label == class).map(|((row, _), weight)| (row, *weight))
}

/// The probability of summed log-odds; that of the prior where sums so large met that they say nothing.
fn probability(log_odds: f64, prior: f64) -> f64 {
    sigmoid(if log_odds.is_nan() { prior } else { log_odds })
}
