//! How good a version is, by the very pipeline that will serve.

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::{Candidate, Depth, Pipeline};
use botdet_models::score::Score;
use botdet_models::sequence::EmbeddedRuntime;

use crate::error::LoaderError;
use crate::training::dataset::Example;
use crate::training::evaluation::{Evaluation, Judged, Truth};

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

/// An artifact's pipeline, on the embedded runtime.
///
/// # Errors
/// [`LoaderError::Pipeline`] when the artifact is not sound.
pub fn open(artifact: &Artifact) -> Result<Pipeline, LoaderError> {
    let open = Box::new(|onnx: &[u8]| Ok(Box::new(EmbeddedRuntime::load(onnx)?) as _));
    Ok(Pipeline::new(artifact, open)?)
}
