//! `botdet train`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::ACCOUNT;
use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::train_table::{TableOptions, table_report, train_on_table};
use super::training_options::TrainingOptions;
use super::{DEFAULT_SOURCE, DatabaseOptions, OutputOptions, check_detector, check_place, check_unused};
use crate::error::{LoaderError, at};
use crate::gru::{CheckpointFile, Existing, Interval};
use crate::output::{Output, figures_table};
use crate::training::dataset::{
    Histories, LabelledAccount, Moment, compare_accounts, labelled_accounts, read_examples,
};
use crate::training::fit::{Figures, LEAST_OF_EACH, Progress, fit, judge};
use crate::training::record::{DataRecord, TrainingRecord};
use crate::training::split::stratified;

/// Train a model version on a loaded, labelled source, or on any table, and judge it on accounts or rows held out.
#[derive(Debug, Args)]
pub struct Train {
    /// Detector to train a version for: account learns from activity, any other from a table
    #[arg(long, default_value = ACCOUNT)]
    detector: String,
    /// Source of accounts to train on [default: default]
    #[arg(long, conflicts_with = "table")]
    source: Option<String>,
    /// File for the model version; named after the detector by default
    #[arg(long)]
    out: Option<PathBuf>,
    /// File that the training of the sequence model is saved to after every epoch; if it is there, the training goes on from it
    #[arg(long, conflicts_with = "table")]
    checkpoint: Option<PathBuf>,
    /// Begin anew, whatever the checkpoint holds
    #[arg(long, requires = "checkpoint")]
    restart: bool,
    #[command(flatten)]
    table: TableOptions,
    #[command(flatten)]
    training: TrainingOptions,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl Train {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.botdet", self.detector)));
        check_detector(&self.detector)?;
        check_place(&out)?;
        if self.detector != ACCOUNT {
            let unused = [("--source", self.source.is_some()), ("--checkpoint", self.checkpoint.is_some())];
            check_unused(&self.detector, unused)?;
        }
        let mut client = self.database.connect()?;
        let written = format!(
            "written to {path}; botdet publish {path} takes it into the database",
            path = out.display()
        );
        if self.detector != ACCOUNT {
            let source = self.table.source(&self.detector)?;
            let model = &self.training.model;
            let (artifact, report) = train_on_table(&mut client, &self.detector, &source, model, output)?;
            write(&out, &artifact)?;
            return output
                .figures(&report, || format!("{}\n\n{written}", table_report(&report, model.trees)));
        }
        if let Some(table) = self.table.table {
            return Err(LoaderError::NotForAccounts(table));
        }
        let existing = if self.restart { Existing::Replace } else { Existing::Resume };
        let checkpoint = self.checkpoint.map(|path| CheckpointFile::new(path, Interval::Epochs(1), existing));
        let checkpoint = checkpoint.transpose()?;
        let source = self.source.as_deref().unwrap_or(DEFAULT_SOURCE);
        let trained = train(&mut client, source, &self.training, checkpoint.as_ref(), output)?;
        write(&out, &trained.artifact)?;
        output.figures(&trained.report, || {
            let report = &trained.report;
            let judged = match &report.held_out {
                Some(figures) => {
                    format!(
                        ", judged on {} others\n\n{}",
                        figures.pipeline.accounts,
                        figures_table(figures).trim_end()
                    )
                }
                None => "; none were held out to judge it".to_owned(),
            };
            let sequence = match report.epochs {
                0 if self.training.sequence.epochs == 0 => "left out (of 0 epochs)".to_owned(),
                0 => format!("left out (it takes {} accounts)", self.training.sequence.sequence_accounts),
                epochs => format!("of {epochs} epochs"),
            };
            format!(
                "{} accounts in {:.1} s, sequence model {sequence}{judged}\n\n{written}",
                report.training_accounts, report.seconds
            )
        })
    }
}

/// Writes an artifact next to its place and moves it there: nobody finds half of one.
fn write(path: &Path, artifact: &Artifact) -> Result<(), LoaderError> {
    let unfinished = path.with_added_extension("unfinished");
    std::fs::write(&unfinished, artifact.to_bytes()).map_err(at(&unfinished))?;
    std::fs::rename(&unfinished, path).map_err(at(path))
}

/// What a training achieved.
#[derive(Debug, Serialize)]
pub struct TrainingReport {
    /// Accounts that were trained on.
    pub training_accounts: usize,
    /// Accounts that stopped the training and fitted the calibration.
    pub validation_accounts: usize,
    /// Seconds that reading and fitting took.
    pub seconds: f64,
    /// Epochs of the sequence model.
    pub epochs: usize,
    /// Figures on accounts held out; absent when none were.
    pub held_out: Option<Figures>,
}

/// A trained version.
pub struct Trained {
    /// The version.
    pub artifact: Artifact,
    /// What was achieved.
    pub report: TrainingReport,
    /// Numbers of the accounts that judged it.
    pub held_out: Vec<i64>,
}

/// Trains on the labelled accounts of a source.
///
/// # Errors
/// [`LoaderError::TooFewLabels`], and whatever reading and fitting refuse.
pub fn train(
    client: &mut Client,
    source: &str,
    options: &TrainingOptions,
    checkpoint: Option<&CheckpointFile>,
    output: Output,
) -> Result<Trained, LoaderError> {
    let started = Instant::now();
    let config = options.params()?.check()?;
    let shares = options.model.shares()?;
    let seed = options.model.seed;
    let accounts = labelled_accounts(client, source)?;
    check_labels(source, &accounts)?;
    compare_accounts(client)?;
    let split = stratified(&accounts, shares, seed);
    let training = Histories::read(client, &split.training, seed)?;
    let validation = Histories::read(client, &split.validation, seed)?;
    let held_out = read_examples(client, &split.held_out, Moment::Now)?;

    let bar = output.progress(Some(options.sequence.epochs as u64), "training");
    let record = options.model.record(DataRecord::Accounts { source: source.to_owned() });
    let artifact = fit(&training, &validation, config, record, checkpoint, &mut |done| {
        if let Progress::Epoch(epoch) = done {
            bar.set_position(epoch.epoch as u64);
            let (training, validation) = (epoch.training_loss, epoch.validation_loss);
            bar.set_message(format!("loss {training:.4}, validation {validation:.4}"));
        }
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    let figures = if held_out.is_empty() { None } else { Some(judge(&artifact, &held_out)?) };
    // Epochs that a checkpoint brought along are not heard of above.
    let epochs = TrainingRecord::of(artifact.manifest())?.epochs.len();
    let artifact = artifact.with_metrics(serde_json::to_value(&figures)?);
    Ok(Trained {
        artifact,
        report: TrainingReport {
            training_accounts: split.training.len(),
            validation_accounts: split.validation.len(),
            seconds: started.elapsed().as_secs_f64(),
            epochs,
            held_out: figures,
        },
        held_out: split.held_out.iter().map(|account| account.account_id).collect(),
    })
}

/// # Errors
/// [`LoaderError::TooFewLabels`].
pub fn check_labels(source: &str, accounts: &[LabelledAccount]) -> Result<(), LoaderError> {
    let bots = accounts.iter().filter(|account| account.is_bot).count();
    let humans = accounts.len() - bots;
    if bots.min(humans) >= LEAST_OF_EACH {
        return Ok(());
    }
    Err(LoaderError::TooFewLabels { source_name: source.to_owned(), bots, humans, least: LEAST_OF_EACH })
}
