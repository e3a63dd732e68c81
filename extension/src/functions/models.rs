//! Registering versions, and telling backends of deployments.

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::Pipeline;
use pgrx::pg_sys::Datum;

use super::onnx;
use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::invalidation;
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

pub fn deployment_changed(call: &Call) -> Result<Datum, Error> {
    invalidation::announce(c"botdet", c"deployment");
    Ok(call.done())
}

pub fn version(_call: &Call) -> Result<Datum, Error> {
    Ok(text_datum(env!("CARGO_PKG_VERSION")))
}
