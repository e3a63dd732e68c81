//! Isolation forest.

use botdet_models::isolation_forest::{IsolationForest, IsolationForestParams};

use super::{Scorer, Signed};
use crate::zoo::linear::failed;
use crate::zoo::standardise::Standardiser;
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError, report};

const NAME: &str = "isolation_forest";

/// Isolation forest, its sign learned from labels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Isolation {
    /// The forest's settings; its seed is that of the session.
    pub params: IsolationForestParams,
}

impl Learner for Isolation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        report(session, NAME, 0.0)?;
        let standardiser = Standardiser::fit(sample);
        let inputs = standardiser.all(sample.rows());
        let params = IsolationForestParams { seed: session.seed, ..self.params };
        let forest = IsolationForest::fit(&inputs, sample.labels().len(), params);
        let forest = forest.map_err(|error| failed(NAME, &error))?;
        let model = Signed::learn(NAME, forest, standardiser, &inputs, sample, session.seed)?;
        report(session, NAME, 1.0)?;
        Ok(Box::new(model))
    }
}

impl Scorer for IsolationForest {
    fn score(&self, inputs: &[f64]) -> f64 {
        IsolationForest::score(self, inputs)
    }
}
