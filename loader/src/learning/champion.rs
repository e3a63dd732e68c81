//! The version that answers.

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::PipelineError;
use chrono::{DateTime, Utc};
use postgres::Client;

use crate::error::LoaderError;
use crate::training::record::TrainingRecord;

/// The version that answers, with all that it is.
pub struct Champion {
    /// Its name.
    pub version: String,
    /// Itself.
    pub artifact: Artifact,
    /// When it was registered: it has not learned from labels told since.
    pub registered_at: DateTime<Utc>,
}

impl Champion {
    /// What it remembers of its training; `None` when that is nothing this program knows.
    #[must_use]
    pub fn record(&self) -> Option<TrainingRecord> {
        TrainingRecord::of(self.artifact.manifest()).ok()
    }
}

/// The champion of a detector, if it has one.
///
/// # Errors
/// [`LoaderError::Pipeline`] when its bytes are damaged.
pub fn champion(client: &mut Client, detector: &str) -> Result<Option<Champion>, LoaderError> {
    let Some(row) = client.query_opt(include_str!("../sql/champion.sql"), &[&detector])? else {
        return Ok(None);
    };
    let artifact = Artifact::from_bytes(row.get(1)).map_err(PipelineError::from)?;
    Ok(Some(Champion { version: row.get(0), artifact, registered_at: row.get(2) }))
}
