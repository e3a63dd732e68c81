//! `botdet report`.

use std::path::{Path, PathBuf};

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::PipelineError;
use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::{DatabaseOptions, OutputOptions, check_place};
use crate::audit::compose::{Audit, AuditOptions};
use crate::error::{LoaderError, at};
use crate::output::Output;
use crate::report::page;

/// Write a report on a model version: one HTML file with figures, plots and all that speaks against the version.
#[derive(Debug, Args)]
pub struct Report {
    /// File that `botdet train` wrote; without one, the version that is active
    file: Option<PathBuf>,
    /// Detector whose active version is reported on
    #[arg(long, default_value = "account", conflicts_with = "file")]
    detector: String,
    /// Version to report on instead of the active one
    #[arg(long, conflicts_with = "file")]
    version: Option<String>,
    /// File for the report; named after the version by default
    #[arg(long)]
    out: Option<PathBuf>,
    /// Train without each strategy in turn as well, and show what is found of it: takes as long as that many trainings
    #[arg(long)]
    leave_one_out: bool,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Serialize)]
struct Written {
    version: String,
    file: PathBuf,
    bytes: usize,
}

impl Report {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        self.out.as_deref().map_or(Ok(()), check_place)?;
        let mut client = self.database.connect()?;
        let bytes = match &self.file {
            Some(file) => std::fs::read(file).map_err(at(file))?,
            None => stored(&mut client, &self.detector, self.version.as_deref())?,
        };
        let options = AuditOptions { leave_one_out: self.leave_one_out };
        let (version, html) = report(&mut client, &bytes, options, output)?;
        let file = self.out.unwrap_or_else(|| PathBuf::from(format!("{version}.html")));
        write(&file, &html)?;
        let written = Written { version, file, bytes: html.len() };
        output.figures(&written, || {
            format!(
                "report on {} written to {}: open it in a browser",
                written.version,
                written.file.display()
            )
        })
    }
}

/// Makes the report on an artifact; returns the version's name, too.
///
/// # Errors
/// [`LoaderError::NoRecord`] when the version does not say how it was trained; whatever reading its rows again refuses.
pub fn report(
    client: &mut Client,
    artifact: &[u8],
    options: AuditOptions,
    output: Output,
) -> Result<(String, String), LoaderError> {
    let checksum = Artifact::sha256(artifact);
    let artifact = Artifact::from_bytes(artifact).map_err(PipelineError::from)?;
    let version = artifact.version(&checksum);
    let report = Audit::new(client, &artifact, &version, options, output)?.report()?;
    Ok((version, page(&report)?))
}

/// The artifact of a registered version, or of the one that is active.
fn stored(client: &mut Client, detector: &str, version: Option<&str>) -> Result<Vec<u8>, LoaderError> {
    let row = client.query_opt(include_str!("../sql/stored_artifact.sql"), &[&detector, &version])?;
    let missing =
        || LoaderError::NoVersion { detector: detector.to_owned(), version: version.map(str::to_owned) };
    Ok(row.ok_or_else(missing)?.get(0))
}

fn write(path: &Path, html: &str) -> Result<(), LoaderError> {
    std::fs::write(path, html).map_err(at(path))
}
