//! What learns without labels. Labels only decide what its score is worth: on much real data bots are the dense mass, and
//! people are what lies apart.

mod autoencoder;
mod extended;
mod isolation;

#[cfg(test)]
mod tests;

use botdet_models::logistic::{Logistic, LogisticParams, Observations};
use botdet_models::rows::Rows;

use super::linear::failed;
use super::sample::in_proportion;
use super::standardise::Standardiser;
use super::{Classifier, Sample, ZooError};

pub use autoencoder::Reconstruction;
pub use extended::ExtendedIsolation;
pub use isolation::Isolation;

/// Rows that teach the sign, at the most: it is one number, and some scores take a while.
const ROWS: usize = 20_000;

/// Gives an anomaly score, 0 to 1, to standardised inputs.
trait Scorer: Send + Sync {
    fn score(&self, inputs: &[f64]) -> f64;
}

/// An anomaly score, made a probability by a logistic regression that may turn it round.
struct Signed<S> {
    standardiser: Standardiser,
    scorer: S,
    logistic: Logistic,
}

impl<S: Scorer> Signed<S> {
    /// Learns sign and worth of the score from the training rows' labels.
    fn learn(
        learner: &'static str,
        scorer: S,
        standardiser: Standardiser,
        inputs: &[f64],
        sample: Sample<'_>,
        seed: u64,
    ) -> Result<Self, ZooError> {
        let width = standardiser.width();
        let chosen = in_proportion(sample, ROWS, seed);
        let score = |row: &usize| log_odds(scorer.score(&inputs[row * width..(row + 1) * width]));
        let scores: Vec<f64> = chosen.iter().map(score).collect();
        let targets: Vec<f64> = chosen.iter().map(|row| f64::from(u8::from(sample.labels()[*row]))).collect();
        let weights: Vec<f64> = chosen.iter().map(|row| sample.weights()[*row]).collect();
        let observations = Observations { inputs: &scores, targets: &targets, weights: &weights };
        let params = LogisticParams { l2: 1e-3, ..LogisticParams::default() };
        let logistic = Logistic::fit(observations, params).map_err(|error| failed(learner, &error))?;
        Ok(Self { standardiser, scorer, logistic })
    }
}

impl<S: Scorer> Classifier for Signed<S> {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let mut inputs = Vec::new();
        let probability = |row: &[f32]| {
            inputs.clear();
            inputs.extend(self.standardiser.inputs(row));
            let score = log_odds(self.scorer.score(&inputs));
            botdet_models::logistic::sigmoid(self.logistic.logit(&[score]))
        };
        rows.iter().map(probability).collect()
    }
}

/// Scores lie close together; their log-odds do not, and are bounded.
fn log_odds(score: f64) -> f64 {
    let score = score.clamp(1e-6, 1.0 - 1e-6);
    (score / (1.0 - score)).ln()
}
