//! Rows that a version carries along with its own answers to them: wherever it is opened later, it must answer the same.
//!
//! Probes are rows of the training data without their keys: numbers only, no texts.

use serde::{Deserialize, Serialize};

use super::{Candidate, Columns, Depth, Overrides, Pipeline, PipelineError};
use crate::artifact::Artifact;
use crate::features::FeatureVector;
use crate::sequence::{CHANNELS, Sequence};
use crate::state::RING_EVENTS;

/// Most probes that a version carries.
pub const MOST_PROBES: usize = 64;
/// By how much an answer may differ from the one that was stored: runtimes and processors round differently.
pub const PROBE_TOLERANCE: f64 = 1e-4;

/// A row, and what its version says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    values: Vec<Option<f64>>,
    steps: Option<Vec<f32>>,
    probability: f64,
    anomaly: Option<f64>,
}

/// How a version answers its probes here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProbeReport {
    /// Probes there are.
    pub probes: usize,
    /// Largest difference of a probability, or an anomaly, from the one stored.
    pub largest_difference: f64,
}

impl Pipeline {
    /// Name of the part with the probes, as JSON.
    pub const PROBES: &'static str = "probes";

    /// Makes probes of candidates.
    ///
    /// # Errors
    /// As [`Pipeline::score`].
    pub fn probes(&mut self, candidates: &[Candidate<'_>]) -> Result<Vec<Probe>, PipelineError> {
        let answers = self.plain_answers(candidates)?;
        let probes = candidates.iter().zip(answers).map(|(candidate, (probability, anomaly))| Probe {
            values: candidate.values.to_vec(),
            steps: candidate.sequence.map(|sequence| sequence.steps().to_vec()),
            probability,
            anomaly,
        });
        Ok(probes.collect())
    }

    /// Scores an artifact's probes again. Overrides are back at their defaults afterwards.
    ///
    /// # Errors
    /// [`PipelineError::Part`] when the probes are not sound; as [`Pipeline::score`].
    pub fn check_probes(&mut self, artifact: &Artifact) -> Result<ProbeReport, PipelineError> {
        let Some((probes, sequences)) = self.stored_probes(artifact)? else {
            return Ok(ProbeReport::default());
        };
        let answers = self.plain_answers(&candidates(&probes, &sequences))?;
        let differences = probes.iter().zip(answers).map(|(probe, (probability, anomaly))| {
            let by_anomaly = match (probe.anomaly, anomaly) {
                (Some(stored), Some(found)) => (stored - found).abs(),
                (None, None) => 0.0,
                _ => 1.0,
            };
            (probe.probability - probability).abs().max(by_anomaly)
        });
        Ok(ProbeReport { probes: probes.len(), largest_difference: differences.fold(0.0, f64::max) })
    }

    /// An artifact's probes as a part, with the answers of this pipeline; `None` where there are none.
    ///
    /// # Errors
    /// As [`Pipeline::check_probes`].
    pub fn answered_probes(&mut self, artifact: &Artifact) -> Result<Option<Vec<u8>>, PipelineError> {
        let Some((probes, sequences)) = self.stored_probes(artifact)? else {
            return Ok(None);
        };
        let answered = self.probes(&candidates(&probes, &sequences))?;
        let bytes = serde_json::to_vec(&answered);
        bytes.map(Some).map_err(|error| refused(error.to_string()))
    }

    /// The probes of an artifact with their sequences, all checked.
    fn stored_probes(&self, artifact: &Artifact) -> Result<Option<Stored>, PipelineError> {
        let Some(part) = artifact.part(Self::PROBES) else {
            return Ok(None);
        };
        let probes: Vec<Probe> = serde_json::from_slice(part).map_err(|error| refused(error.to_string()))?;
        if probes.len() > MOST_PROBES {
            return Err(refused(format!("it holds {} probes", probes.len())));
        }
        let sequences: Result<Vec<_>, _> = probes.iter().map(|probe| probe.check(self.columns())).collect();
        let sequences = sequences.map_err(refused)?;
        Ok(Some((probes, sequences)))
    }

    /// Probability and anomaly of each, whatever has been set.
    fn plain_answers(
        &mut self,
        candidates: &[Candidate<'_>],
    ) -> Result<Vec<(f64, Option<f64>)>, PipelineError> {
        self.set_overrides(&Overrides::default());
        let scores = self.score(candidates, Depth::Full, &mut || {})?;
        let answer = |score: crate::score::Score| (score.probability, score.anomaly.map(|found| found.score));
        Ok(scores.into_iter().map(answer).collect())
    }
}

/// Probes with their sequences.
type Stored = (Vec<Probe>, Vec<Option<Sequence>>);

fn refused(reason: String) -> PipelineError {
    PipelineError::Part { part: Pipeline::PROBES, reason }
}

fn candidates<'a>(probes: &'a [Probe], sequences: &'a [Option<Sequence>]) -> Vec<Candidate<'a>> {
    let pairs = probes.iter().zip(sequences);
    pairs.map(|(probe, sequence)| Candidate { values: &probe.values, sequence: sequence.as_ref() }).collect()
}

impl Probe {
    /// The probe's sequence, if all is as it should be.
    fn check(&self, columns: &Columns) -> Result<Option<Sequence>, String> {
        if self.values.len() != columns.count() {
            return Err(format!("a probe has {} values, not {}", self.values.len(), columns.count()));
        }
        if columns.schema().is_none() {
            FeatureVector::new(&self.values).map_err(|error| format!("of a probe, {error}"))?;
        }
        if let Some(value) = self.values.iter().flatten().find(|value| !value.is_finite()) {
            return Err(format!("a probe holds {value}"));
        }
        let Some(steps) = &self.steps else {
            return Ok(None);
        };
        if steps.len() > RING_EVENTS * CHANNELS || steps.iter().any(|step| !step.is_finite()) {
            return Err("a probe's sequence is too long, or not finite".to_owned());
        }
        let sequence = Sequence::from_steps(steps.clone());
        sequence.map(Some).ok_or_else(|| format!("a probe's sequence has {} numbers", steps.len()))
    }
}
