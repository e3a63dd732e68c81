//! `botdet publish`.

use std::path::PathBuf;

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::PipelineError;
use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::{DatabaseOptions, OutputOptions};
use crate::error::{LoaderError, at};

/// Register a model version in the database, and activate it.
#[derive(Debug, Args)]
pub struct Publish {
    /// File that `botdet train` wrote
    file: PathBuf,
    /// Register it only; botdet_activate() makes it answer later
    #[arg(long)]
    no_activate: bool,
    /// Remark to store with the version
    #[arg(long)]
    comment: Option<String>,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Serialize)]
struct Published {
    version: String,
    active: bool,
}

impl Publish {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let artifact = std::fs::read(&self.file).map_err(at(&self.file))?;
        let mut client = self.database.connect()?;
        let version = publish(&mut client, &artifact, self.comment.as_deref(), !self.no_activate)?;
        let published = Published { version, active: !self.no_activate };
        self.output.output().figures(&published, || {
            let state = if published.active { "is active" } else { "is registered" };
            format!("version {} {state}", published.version)
        })
    }
}

/// Registers an artifact, and activates it if asked to, in one transaction; returns the version's name. A detector of table
/// rows that is not there yet is created.
///
/// # Errors
/// [`LoaderError::Database`] when the server refuses it.
pub fn publish(
    client: &mut Client,
    artifact: &[u8],
    comment: Option<&str>,
    activate: bool,
) -> Result<String, LoaderError> {
    let detector = &Artifact::from_bytes(artifact).map_err(PipelineError::from)?.manifest().detector.clone();
    let mut transaction = client.transaction()?;
    transaction.execute(include_str!("../sql/create_detector.sql"), &[detector])?;
    let version: String =
        transaction.query_one(include_str!("../sql/register_model.sql"), &[&artifact, &comment])?.get(0);
    if activate {
        transaction.execute(include_str!("../sql/activate.sql"), &[&version, detector])?;
    }
    transaction.commit()?;
    Ok(version)
}
