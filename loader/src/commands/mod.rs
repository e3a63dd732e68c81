//! The program's commands: what is typed becomes checked settings, and then one call each.

pub mod demo;
pub mod evaluate;
pub mod follow;
pub mod groups;
pub mod jobs;
pub mod links;
pub mod load;
pub mod publish;
pub mod report;
pub mod score;
pub mod simulate;
pub mod train;
pub mod train_table;
pub mod training_options;
pub mod zoo;

use std::io::ErrorKind;
use std::path::Path;

use botdet_models::artifact::is_detector_name;
use clap::{Args, Parser, Subcommand};
use postgres::Client;

use crate::database;
use crate::error::{LoaderError, at};
use crate::output::Output;

/// Bot detection where the data lives: simulate, load, train, publish and score.
#[derive(Debug, Parser)]
#[command(name = "botdet", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write simulated accounts and their activity to NDJSON files
    Simulate(simulate::Simulate),
    /// Load accounts and activity from files into the database
    Load(load::Load),
    /// Train a model version on a loaded, labelled source, or on any table
    Train(Box<train::Train>),
    /// Judge how well bots are found whose strategy, or network, was never trained on
    Evaluate(evaluate::Evaluate),
    /// Compare all kinds of models on the features of accounts, or on any table
    Zoo(zoo::Zoo),
    /// Write a report on a model version: figures, plots, and what speaks against it
    Report(report::Report),
    /// Register a model version in the database, and activate it
    Publish(publish::Publish),
    /// Score the accounts of a source in the database, and judge the scores where labels are known; or those that are queued
    Score(score::Score),
    /// Do the trainings that were asked for, or that are due, and take on trials of what came of them
    Jobs(jobs::Jobs),
    /// Do all of it, end to end, on simulated accounts
    Demo(demo::Demo),
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// [`LoaderError`] with what stopped it.
    pub fn run(self) -> Result<(), LoaderError> {
        match self.command {
            Command::Simulate(command) => command.run(),
            Command::Load(command) => command.run(),
            Command::Train(command) => command.run(),
            Command::Evaluate(command) => command.run(),
            Command::Zoo(command) => command.run(),
            Command::Report(command) => command.run(),
            Command::Publish(command) => command.run(),
            Command::Score(command) => command.run(),
            Command::Jobs(command) => command.run(),
            Command::Demo(command) => command.run(),
        }
    }
}

/// The source that accounts are of where none is named.
const DEFAULT_SOURCE: &str = "default";

/// Refuses options that are given and mean nothing for a detector, rather than to pass over them in silence.
///
/// # Errors
/// [`LoaderError::Meaningless`] with the first one.
fn check_unused(
    detector: &str,
    options: impl IntoIterator<Item = (&'static str, bool)>,
) -> Result<(), LoaderError> {
    match options.into_iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => {
            Err(LoaderError::Meaningless { option, subject: format!("detector {detector}") })
        }
        None => Ok(()),
    }
}

/// Checks the name of a detector before hours are spent on it.
///
/// # Errors
/// [`LoaderError::DetectorName`].
fn check_detector(name: &str) -> Result<(), LoaderError> {
    if is_detector_name(name) { Ok(()) } else { Err(LoaderError::DetectorName(name.to_owned())) }
}

/// Checks that a file can be written where it is to lie, before there is anything to write.
///
/// # Errors
/// [`LoaderError::File`] when its folder is missing, or it is a folder itself.
fn check_place(path: &Path) -> Result<(), LoaderError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::read_dir(folder).map_err(at(folder))?;
    if path.is_dir() {
        return Err(at(path)(ErrorKind::IsADirectory.into()));
    }
    Ok(())
}

/// Options of every command that talks to the database.
#[derive(Debug, Args)]
pub struct DatabaseOptions {
    /// Database to work on; `make up` prints one
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

impl DatabaseOptions {
    /// Connects.
    ///
    /// # Errors
    /// [`LoaderError::Database`].
    pub fn connect(&self) -> Result<Client, LoaderError> {
        database::connect(&self.database_url)
    }
}

/// Options of every command that prints figures.
#[derive(Debug, Args)]
pub struct OutputOptions {
    /// Print figures as JSON
    #[arg(long)]
    json: bool,
}

impl OutputOptions {
    /// How the command speaks.
    #[must_use]
    pub fn output(&self) -> Output {
        Output::new(self.json)
    }
}
