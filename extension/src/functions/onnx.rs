//! Sequence stages from elsewhere, and the runs that a version has to pass before it is stored.

use botdet_models::artifact::{Artifact, ArtifactError};
use botdet_models::onnx;
use botdet_models::pipeline::{ACCOUNT, Pipeline, PipelineError};
use botdet_models::sequence::{CHANNELS, EmbeddedRuntime, Sequence, SequenceError, SequenceModel};
use pgrx::pg_sys::Datum;
use serde_json::Value;

use crate::budget;
use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::signals::with_signals_blocked;
use crate::postgres::values::text_datum;
use crate::runtime::{open_sequence_model, tell_of_absence};
use crate::store::{artifacts, models};

/// Lengths of the sequences that a model is run on: one event, and as many as there ever are; each twice, since operators that are
/// wrong about a batch of rows may be right about one.
const PROBES: [usize; 6] = [1, 1, 2, 2, 128, 128];
/// How far a row's logit may depend on those that it is run with.
const TOLERANCE: f32 = 1e-3;

/// Registers the version that comes of another one by a sequence stage from elsewhere.
pub fn register(call: &Call) -> Result<Datum, Error> {
    let file = call.bytes(0).ok_or(Error::NullArgument("onnx"))?;
    onnx::check(file).map_err(PipelineError::from)?;
    let (base, artifact) = artifacts::of_version(ACCOUNT, call.text(1).as_deref())?;
    let artifact = replaced(&base, artifact, file)?;
    // Whatever the settings, a session with nothing installed has to be able to answer.
    let mut embedded =
        with_signals_blocked(|| EmbeddedRuntime::load(file)).map_err(PipelineError::Sequence)?;
    probe(|rows| embedded.logits(rows))?;
    let mut pipeline = Pipeline::new(&artifact, Box::new(open_sequence_model))?;
    run_once(&mut pipeline)?;
    // What the other version answered to its probes is not what this one does.
    let artifact = match pipeline.answered_probes(&artifact)? {
        Some(probes) => artifact.with_replaced(Pipeline::PROBES, probes)?,
        None => artifact,
    };
    let version = models::register(&artifact, &artifact.to_bytes(), call.text(2).as_deref())?;
    Ok(text_datum(&version))
}

/// The artifact of version `base` with another sequence stage. What was measured on that version does not hold for this one.
fn replaced(base: &str, artifact: Artifact, file: &[u8]) -> Result<Artifact, Error> {
    let description = format!(
        "{}; sequence stage replaced by an ONNX file with SHA-256 {}, weighed and calibrated as that of {base}",
        artifact.manifest().description,
        Artifact::sha256(file)
    );
    let replaced =
        artifact.with_replaced(Pipeline::SEQUENCE, file.to_vec()).map_err(|error| match error {
            ArtifactError::MissingPart(_) => Error::NoSequenceStage(base.to_owned()),
            error => error.into(),
        })?;
    Ok(replaced.with_description(description).with_metrics(Value::Null))
}

/// Runs a version's sequence model, if it has one: it must run, and not only load, and judge each row as if it was alone.
///
/// # Errors
/// [`Error::Pipeline`] with what the runtime says, or that the answer is not finite.
pub fn run_once(pipeline: &mut Pipeline) -> Result<(), Error> {
    let ran = budget::of_a_call(|| probe(|rows| pipeline.sequence_logits(rows)));
    tell_of_absence();
    ran
}

fn probe(mut run: impl FnMut(&[&Sequence]) -> Result<Vec<f32>, SequenceError>) -> Result<(), Error> {
    let value = |row: usize, index: usize| ((row + index) % 7) as f32 / 7.0;
    let steps = |(row, events): (usize, &usize)| {
        Sequence::from_steps((0..events * CHANNELS).map(|index| value(row, index)).collect())
    };
    let sequences: Vec<Sequence> = PROBES.iter().enumerate().filter_map(steps).collect();
    let together = run(&sequences.iter().collect::<Vec<_>>()).map_err(PipelineError::Sequence)?;
    for (sequence, beside_others) in sequences.iter().zip(together) {
        for alone in run(&[sequence]).map_err(PipelineError::Sequence)? {
            if (alone - beside_others).abs() > TOLERANCE * alone.abs().max(1.0) {
                return Err(Error::DependsOnOthers { alone, beside_others });
            }
        }
    }
    Ok(())
}
