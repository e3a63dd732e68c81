//! Everything that learns to tell two classes of rows apart, behind one face, so that all can be compared.

mod anomaly;
mod ensemble;
mod follow_the_leader;
mod linear;
mod logistic_regression;
mod naive_bayes;
mod neighbours;
mod neural_network;
mod ridge;
mod sample;
mod shuffled;
mod standardise;
mod stochastic_gradient;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use botdet_models::rows::Rows;

pub use anomaly::{ExtendedIsolation, Isolation, Reconstruction};
pub use ensemble::{Stacking, Vote, Voting};
pub use follow_the_leader::FollowTheLeader;
pub use logistic_regression::LogisticRegression;
pub use naive_bayes::{BernoulliBayes, GaussianBayes};
pub use neighbours::Neighbours;
pub use neural_network::NeuralNetwork;
pub use ridge::Ridge;
pub use sample::{Sample, SampleError};
pub(crate) use standardise::Standardiser;
pub use stochastic_gradient::StochasticGradient;

/// Why nothing could be learned.
#[derive(Debug, thiserror::Error)]
pub enum ZooError {
    /// Rows, labels and weights allow no fit.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// A setting is out of bounds.
    #[error("{learner}: {name} is {value}, outside {low} to {high}")]
    Setting {
        /// Whose setting.
        learner: &'static str,
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
    /// Whoever watches has ended the training.
    #[error("{0}: training was cancelled")]
    Cancelled(&'static str),
    /// A library could not learn from checked rows.
    #[error("{learner}: {reason}")]
    Failed {
        /// What was being fitted.
        learner: &'static str,
        /// What the library said.
        reason: String,
    },
}

/// What a training is given besides the rows.
pub struct Session<'a> {
    /// Everything random comes from it; equal seeds give equal models, whatever the number of threads.
    pub seed: u64,
    /// Threads to use, at least 1.
    pub threads: usize,
    /// Told the share that is done, 0 to 1, now and then; may end the training.
    pub progress: &'a mut dyn FnMut(f64) -> ControlFlow<()>,
}

/// A way to learn, with its settings.
pub trait Learner {
    /// Its name, as in the comparison: `random_forest`.
    fn name(&self) -> &'static str;

    /// Learns from rows. Missing values are its own affair: it handles them or imputes them.
    ///
    /// # Errors
    /// [`ZooError`]; never a panic, whatever checked rows hold.
    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError>;
}

/// What was learned.
pub trait Classifier: Send + Sync {
    /// Probability of the positive class for each row, 0 to 1 and never NaN. Rows are as wide as those learned from.
    fn probabilities(&self, rows: &Rows) -> Vec<f64>;
}

/// Refuses a setting that is out of bounds; NaN is.
pub(crate) fn within(
    learner: &'static str,
    name: &'static str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<(), ZooError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ZooError::Setting { learner, name, value, low, high })
}

/// Tells whoever watches how much is done, and ends the training where that is asked for.
fn report(session: &mut Session<'_>, learner: &'static str, share: f64) -> Result<(), ZooError> {
    match (session.progress)(share) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(ZooError::Cancelled(learner)),
    }
}
