//! Registering and checking versions, and telling backends of deployments.

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::{PROBE_TOLERANCE, Pipeline, ProbeReport};
use pgrx::pg_sys::Datum;

use super::onnx;
use crate::active;
use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::invalidation;
use crate::postgres::record::Record;
use crate::postgres::values::text_datum;
use crate::runtime::open_sequence_model;
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

pub fn deployment_changed(call: &Call) -> Result<Datum, Error> {
    invalidation::announce(c"botdet", c"deployment");
    Ok(call.done())
}

pub fn version(_call: &Call) -> Result<Datum, Error> {
    Ok(text_datum(env!("CARGO_PKG_VERSION")))
}
