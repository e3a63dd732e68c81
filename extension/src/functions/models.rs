//! Registering, checking and loading versions, and telling backends of deployments.

use std::time::Instant;

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::{PROBE_TOLERANCE, Pipeline, PipelineError, ProbeReport};
use pgrx::pg_sys::Datum;

use super::onnx;
use crate::active;
use crate::error::Error;
use crate::postgres::call::{Call, check_for_interrupts};
use crate::postgres::invalidation;
use crate::postgres::record::Record;
use crate::postgres::values::text_datum;
use crate::runtime::{open_sequence_model, tell_of_absence};
use crate::store::models;

pub fn register(call: &Call) -> Result<Datum, Error> {
    let bytes = call.bytes(0).ok_or(Error::NullArgument("artifact"))?;
    let artifact = Artifact::from_bytes(bytes)?;
    let mut pipeline = Pipeline::new(&artifact, Box::new(open_sequence_model))?;
    onnx::run_once(&mut pipeline)?;
    let version = models::register(&artifact, bytes, call.text(1).as_deref())?;
    Ok(text_datum(&version))
}

/// Opens a stored version here and scores its probes; without any, the model still has to run.
pub fn check_version(call: &Call) -> Result<Datum, Error> {
    let report = models::with_artifact(call.bigint(0), |bytes| {
        let artifact = Artifact::from_bytes(bytes)?;
        let mut pipeline = Pipeline::new(&artifact, Box::new(open_sequence_model))?;
        onnx::run_once(&mut pipeline)?;
        Ok::<_, Error>(pipeline.check_probes(&artifact)?)
    });
    call.set(report.map(|report| {
        let ProbeReport { probes, largest_difference } = report?;
        let record = Record::default().integer(probes as i32).float8(Some(largest_difference));
        Ok(record.float8(Some(PROBE_TOLERANCE)))
    }))
}

/// The version that answers for an account; NULL where rules do.
pub fn serving_version(call: &Call) -> Result<Datum, Error> {
    let deployment = active::deployment(&call.text(1).unwrap_or_default())?;
    let version = deployment.serving(Some(call.bigint(0)));
    Ok(version.map_or_else(|| call.null(), |version| text_datum(&version.name)))
}

/// Loads the versions of a detector, or of all, with everything that scoring will need.
pub fn prewarm(call: &Call) -> Result<Datum, Error> {
    let detectors = match call.text(0) {
        Some(detector) => vec![detector.into_owned()],
        None => models::detectors(),
    };
    let mut records = Vec::new();
    for detector in detectors {
        let deployment = active::deployment(&detector)?;
        for version in deployment.versions() {
            check_for_interrupts();
            let started = Instant::now();
            let memory = active::with_version(version, &deployment.overrides, |pipeline| {
                pipeline.open_sequence_model().map_err(PipelineError::from)?;
                Ok(pipeline.memory_use())
            })?;
            let record = Record::default().text(Some(&detector)).text(Some(&version.name));
            let record = record.bigint(Some(memory.own as i64)).bigint(Some(memory.shared as i64));
            records.push(record.float8(Some(started.elapsed().as_secs_f64() * 1e3)));
        }
    }
    tell_of_absence();
    call.set(records.into_iter().map(Ok))
}

pub fn deployment_changed(call: &Call) -> Result<Datum, Error> {
    invalidation::announce(c"botdet", c"deployment");
    Ok(call.done())
}

pub fn version(_call: &Call) -> Result<Datum, Error> {
    Ok(text_datum(env!("CARGO_PKG_VERSION")))
}
