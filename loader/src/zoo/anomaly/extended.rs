//! Extended isolation forest.

use std::panic::{AssertUnwindSafe, catch_unwind};

use extended_isolation_forest::{Forest, ForestOptions};

use super::{Scorer, Signed};
use crate::zoo::linear::failed;
use crate::zoo::standardise::Standardiser;
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError, report, within};

const NAME: &str = "extended_isolation_forest";
/// Columns it takes, at the most.
const WIDEST: usize = 128;

/// Extended isolation forest (Hariri et al. 2021), which splits along any direction, its sign learned from labels.
///
/// The library takes no seed: this is the one entry whose results vary from run to run. Many trees keep that small.
#[derive(Clone, Copy, Debug)]
pub struct ExtendedIsolation {
    /// Trees to grow.
    pub trees: usize,
    /// Rows each tree sees.
    pub sample: usize,
}

impl Default for ExtendedIsolation {
    fn default() -> Self {
        Self { trees: 100, sample: 256 }
    }
}

impl Learner for ExtendedIsolation {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        within(NAME, "trees", self.trees as f64, 1.0, 10_000.0)?;
        within(NAME, "sample", self.sample as f64, 2.0, 4_096.0)?;
        let width = sample.rows().width();
        within(NAME, "columns", width as f64, 1.0, WIDEST as f64)?;
        report(session, NAME, 0.0)?;
        let model = match width {
            0..=8 => self.grow::<8>(sample, session.seed)?,
            9..=16 => self.grow::<16>(sample, session.seed)?,
            17..=32 => self.grow::<32>(sample, session.seed)?,
            33..=64 => self.grow::<64>(sample, session.seed)?,
            _ => self.grow::<WIDEST>(sample, session.seed)?,
        };
        report(session, NAME, 1.0)?;
        Ok(model)
    }
}

impl ExtendedIsolation {
    fn grow<const N: usize>(&self, sample: Sample<'_>, seed: u64) -> Result<Box<dyn Classifier>, ZooError> {
        let standardiser = Standardiser::fit(sample);
        let inputs = standardiser.all(sample.rows());
        let rows: Vec<[f64; N]> = inputs.chunks_exact(standardiser.width()).map(padded).collect();
        let options = ForestOptions {
            n_trees: self.trees,
            sample_size: self.sample.min(rows.len()),
            max_tree_depth: None,
            // Full directions: columns of zeros then change nothing.
            extension_level: N - 1,
        };
        // Inputs are finite and bounded; still, a library that panics must not end a comparison of twenty others.
        let grown = catch_unwind(AssertUnwindSafe(|| Forest::from_slice(&rows, &options)));
        let forest = grown.map_err(|_| failed(NAME, &"the library panicked"))?;
        let forest = forest.map_err(|error| failed(NAME, &error))?;
        Ok(Box::new(Signed::learn(NAME, forest, standardiser, &inputs, sample, seed)?))
    }
}

/// The library wants widths that are known when it is compiled.
fn padded<const N: usize>(inputs: &[f64]) -> [f64; N] {
    let mut row = [0.0; N];
    row[..inputs.len()].copy_from_slice(inputs);
    row
}

impl<const N: usize> Scorer for Forest<f64, N> {
    fn score(&self, inputs: &[f64]) -> f64 {
        Forest::score(self, &padded(inputs))
    }
}
