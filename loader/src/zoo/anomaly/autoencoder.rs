//! Autoencoder.

use botdet_models::autoencoder::Autoencoder;

use super::{Scorer, Signed};
use crate::autoencoder::{AutoencoderParams, AutoencoderTrainingError, fit};
use crate::zoo::linear::failed;
use crate::zoo::standardise::Standardiser;
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError};

const NAME: &str = "autoencoder";

/// Autoencoder, its sign learned from labels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reconstruction {
    /// The network's settings; its seed and threads are those of the session.
    pub params: AutoencoderParams,
    /// Whether it learns from negative rows only, so that it repeats no positive one well.
    pub negatives_only: bool,
}

impl Learner for Reconstruction {
    fn name(&self) -> &'static str {
        if self.negatives_only { "autoencoder_of_negatives" } else { NAME }
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        let standardiser = Standardiser::fit(sample);
        let inputs = standardiser.all(sample.rows());
        let negative: Vec<bool> = sample.labels().iter().map(|label| !label).collect();
        // One row alone teaches nothing.
        let enough = negative.iter().filter(|negative| **negative).count() > 1;
        let ordinary = (self.negatives_only && enough).then_some(negative.as_slice());
        let params = AutoencoderParams { seed: session.seed, threads: session.threads, ..self.params };
        let network =
            fit(&inputs, negative.len(), ordinary, params, session.progress).map_err(
                |error| match error {
                    AutoencoderTrainingError::Cancelled => ZooError::Cancelled(NAME),
                    error => failed(NAME, &error),
                },
            )?;
        Ok(Box::new(Signed::learn(NAME, network, standardiser, &inputs, sample, session.seed)?))
    }
}

impl Scorer for Autoencoder {
    fn score(&self, inputs: &[f64]) -> f64 {
        Autoencoder::score(self, inputs)
    }
}
