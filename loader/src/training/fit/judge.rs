//! How good a version is, by the very pipeline that will serve.

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::{Candidate, Depth, Pipeline};
use botdet_models::score::Score;
use botdet_models::sequence::EmbeddedRuntime;

use crate::error::LoaderError;
use crate::training::dataset::Example;
use crate::training::evaluation::{Evaluation, Judged, Truth};
use crate::training::record::TrainingRecord;
use crate::training::reference::Reference;

/// Rows that a version carries along with its answers.
const PROBES: usize = 16;
/// Rows that these are chosen from, about.
const PROBE_POOL: usize = 1024;

/// Every how many-th of so many rows to choose probes from: their order may be that of their classes.
pub fn probe_step(rows: usize) -> usize {
    rows.div_ceil(PROBE_POOL).max(1)
}

/// Figures of a model on rows it has not seen: of the filter alone, and of the whole pipeline.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Figures {
    /// The filter alone.
    pub filter: Evaluation,
    /// All stages.
    pub pipeline: Evaluation,
}

/// Scores accounts, and judges the scores.
///
/// # Errors
/// [`LoaderError::Pipeline`] when the artifact cannot be run.
pub fn judge(artifact: &Artifact, examples: &[Example]) -> Result<Figures, LoaderError> {
    let candidates: Vec<Candidate<'_>> = examples.iter().map(Example::candidate).collect();
    let truth: Vec<Truth> = examples
        .iter()
        .map(|example| Truth { is_bot: example.is_bot, strategy: example.strategy.clone() })
        .collect();
    judge_candidates(artifact, &candidates, &truth)
}

/// Scores candidates, and judges the scores.
///
/// # Errors
/// As [`judge`].
pub fn judge_candidates(
    artifact: &Artifact,
    candidates: &[Candidate<'_>],
    truth: &[Truth],
) -> Result<Figures, LoaderError> {
    let mut pipeline = open(artifact)?;
    let mut judged = |depth| -> Result<Evaluation, LoaderError> {
        let scores = pipeline.score(candidates, depth, &mut || {})?;
        let judged =
            scores.iter().map(|score| Judged { probability: score.probability, is_bot: score.is_bot });
        Ok(Evaluation::of(&judged.collect::<Vec<_>>(), truth))
    };
    Ok(Figures { filter: judged(Depth::Filter)?, pipeline: judged(Depth::Full)? })
}

/// Scores of accounts by an artifact's pipeline.
///
/// # Errors
/// As [`judge`].
pub fn scores(artifact: &Artifact, examples: &[Example], depth: Depth) -> Result<Vec<Score>, LoaderError> {
    let candidates: Vec<Candidate<'_>> = examples.iter().map(Example::candidate).collect();
    Ok(open(artifact)?.score(&candidates, depth, &mut || {})?)
}

/// Puts some of the candidates into an artifact, with its answers to them: the most and the least likely bots, and what lies evenly
/// in between.
///
/// # Errors
/// As [`judge`].
pub fn with_probes(artifact: Artifact, candidates: &[Candidate<'_>]) -> Result<Artifact, LoaderError> {
    let mut pipeline = open(&artifact)?;
    let scores = pipeline.score(candidates, Depth::Full, &mut || {})?;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|a, b| scores[*a].probability.total_cmp(&scores[*b].probability));
    let count = candidates.len().min(PROBES);
    let last = order.len().saturating_sub(1);
    let chosen = (0..count).map(|probe| order[probe * last / (count - 1).max(1)]);
    let chosen: Vec<Candidate<'_>> = chosen.map(|row| candidates[row]).collect();
    let probes = pipeline.probes(&chosen)?;
    Ok(artifact.with_part(Pipeline::PROBES, serde_json::to_vec(&probes)?))
}

/// Puts what later rows are compared with into an artifact's record: bins of the rows it was trained on, and of its answers to
/// candidates that no stage has learned from.
///
/// # Errors
/// As [`judge`]; [`LoaderError::NoRecord`].
pub fn with_reference(
    artifact: Artifact,
    training: &[&[Option<f64>]],
    unseen: &[Candidate<'_>],
) -> Result<Artifact, LoaderError> {
    let mut pipeline = open(&artifact)?;
    let scores = pipeline.score(unseen, Depth::Full, &mut || {})?;
    let probabilities: Vec<f64> = scores.iter().map(|score| score.probability).collect();
    let mut record = TrainingRecord::of(artifact.manifest())?;
    record.reference = Some(Reference::of(pipeline.columns(), training, &probabilities));
    Ok(artifact.with_training(serde_json::to_value(&record)?))
}

/// An artifact's pipeline, on the embedded runtime.
///
/// # Errors
/// [`LoaderError::Pipeline`] when the artifact is not sound.
pub fn open(artifact: &Artifact) -> Result<Pipeline, LoaderError> {
    let open = Box::new(|onnx: &[u8]| Ok(Box::new(EmbeddedRuntime::load(onnx)?) as _));
    Ok(Pipeline::new(artifact, open)?)
}
