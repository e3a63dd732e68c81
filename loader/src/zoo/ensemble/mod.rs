//! Learners that ask other learners.

mod stacking;
mod voting;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use botdet_models::hash::mix64;
use botdet_models::rows::Rows;

use super::{Classifier, Learner, Sample, Session, ZooError, within};

pub use stacking::Stacking;
pub use voting::{Vote, Voting};

/// Checks that there is anybody to ask.
fn check_count(name: &'static str, learners: &[Box<dyn Learner>]) -> Result<(), ZooError> {
    within(name, "learners", learners.len() as f64, 1.0, 1000.0)
}

/// Fits the `index`-th of `count` parts of a session, with a seed of its own.
fn fit_part(
    learner: &dyn Learner,
    sample: Sample<'_>,
    session: &mut Session<'_>,
    index: usize,
    count: usize,
) -> Result<Box<dyn Classifier>, ZooError> {
    let mut progress = |share: f64| -> ControlFlow<()> {
        (session.progress)((index as f64 + share.clamp(0.0, 1.0)) / count as f64)
    };
    let seed = mix64(session.seed.wrapping_add(mix64(index as u64 + 1)));
    learner.fit(sample, &mut Session { seed, threads: session.threads, progress: &mut progress })
}

/// Mean of what classifiers say of each row.
fn mean(classifiers: &[Box<dyn Classifier>], rows: &Rows, say: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut means = vec![0.0; rows.len()];
    for classifier in classifiers {
        for (mean, probability) in means.iter_mut().zip(classifier.probabilities(rows)) {
            *mean += say(probability) / classifiers.len() as f64;
        }
    }
    // The sum may exceed 1 by a rounding.
    means.iter_mut().for_each(|mean| *mean = mean.min(1.0));
    means
}
