//! `botdet train`.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use botdet_models::artifact::Artifact;
use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::{DatabaseOptions, OutputOptions};
use crate::error::{LoaderError, at, check_option};
use crate::output::{Output, figures_table};
use crate::training::dataset::{
    Histories, LabelledAccount, Moment, compare_accounts, labelled_accounts, read_examples,
};
use crate::training::fit::{Figures, FitParams, LEAST_OF_EACH, fit, judge};
use crate::training::split::{SplitShares, stratified};

const DEFAULT: FitParams = FitParams::DEFAULT;
const VALIDATION_SHARE: f64 = 0.2;
const HELD_OUT_SHARE: f64 = 0.2;

/// How to train.
#[derive(Debug, Args)]
pub struct TrainingOptions {
    /// Seed of the split, the forest and the sequence model
    #[arg(long, default_value_t = DEFAULT.seed)]
    pub seed: u64,
    /// Passes of the sequence model over the training accounts, at most; 0 trains none
    #[arg(long, default_value_t = DEFAULT.epochs)]
    pub epochs: usize,
    /// Passes without improvement after which training ends
    #[arg(long, default_value_t = DEFAULT.patience)]
    pub patience: usize,
    /// Width of the sequence model
    #[arg(long, default_value_t = DEFAULT.hidden)]
    pub hidden: usize,
    /// Layers of the sequence model
    #[arg(long, default_value_t = DEFAULT.layers)]
    pub layers: usize,
    /// Share of the connections between layers that training leaves out at a time
    #[arg(long, default_value_t = DEFAULT.dropout)]
    pub dropout: f64,
    /// Accounts to a training step
    #[arg(long, default_value_t = DEFAULT.batch)]
    pub batch: usize,
    /// Step size
    #[arg(long, default_value_t = DEFAULT.learning_rate)]
    pub learning_rate: f64,
    /// Fewest training accounts that a sequence model is trained on; with fewer the filter answers alone
    #[arg(long, default_value_t = DEFAULT.sequence_accounts)]
    pub sequence_accounts: usize,
    /// Strength of the filter's L2 penalty
    #[arg(long, default_value_t = DEFAULT.l2)]
    pub l2: f64,
    /// Share of the training accounts that count as anomalous
    #[arg(long, default_value_t = DEFAULT.contamination)]
    pub contamination: f64,
    /// Probability from which an account counts as a bot
    #[arg(long, default_value_t = DEFAULT.threshold)]
    pub threshold: f64,
    /// Share of the accounts that stop the training and fit the calibration
    #[arg(long, default_value_t = VALIDATION_SHARE)]
    pub validation_share: f64,
    /// Share of the accounts that are held out to judge the model
    #[arg(long, default_value_t = HELD_OUT_SHARE)]
    pub held_out_share: f64,
}

impl TrainingOptions {
    /// The defaults, with another number of epochs.
    #[must_use]
    pub fn with_epochs(epochs: usize) -> Self {
        Self {
            seed: DEFAULT.seed,
            epochs,
            patience: DEFAULT.patience,
            hidden: DEFAULT.hidden,
            layers: DEFAULT.layers,
            dropout: DEFAULT.dropout,
            batch: DEFAULT.batch,
            learning_rate: DEFAULT.learning_rate,
            sequence_accounts: DEFAULT.sequence_accounts,
            l2: DEFAULT.l2,
            contamination: DEFAULT.contamination,
            threshold: DEFAULT.threshold,
            validation_share: VALIDATION_SHARE,
            held_out_share: HELD_OUT_SHARE,
        }
    }

    /// Settings of the fit.
    #[must_use]
    pub fn params(&self) -> FitParams {
        FitParams {
            seed: self.seed,
            epochs: self.epochs,
            patience: self.patience,
            hidden: self.hidden,
            layers: self.layers,
            dropout: self.dropout,
            batch: self.batch,
            learning_rate: self.learning_rate,
            sequence_accounts: self.sequence_accounts,
            l2: self.l2,
            contamination: self.contamination,
            threshold: self.threshold,
        }
    }

    /// Shares of the split.
    ///
    /// # Errors
    /// [`LoaderError::Option`] when they leave nothing to train on.
    pub fn shares(&self) -> Result<SplitShares, LoaderError> {
        check_option("--validation-share", self.validation_share, 0.05, 0.5)?;
        check_option("--held-out-share", self.held_out_share, 0.0, 0.5)?;
        Ok(SplitShares {
            training: 1.0 - self.validation_share - self.held_out_share,
            validation: self.validation_share,
        })
    }
}

/// Train a model version on a loaded, labelled source, and judge it on accounts held out.
#[derive(Debug, Args)]
pub struct Train {
    /// Source to train on
    #[arg(long, default_value = "default")]
    source: String,
    /// File for the model version
    #[arg(long, default_value = "account.botdet")]
    out: PathBuf,
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
        let mut client = self.database.connect()?;
        let trained = train(&mut client, &self.source, &self.training, output)?;
        std::fs::write(&self.out, trained.artifact.to_bytes()).map_err(at(&self.out))?;
        output.figures(&trained.report, || {
            let report = &trained.report;
            let judged = match &report.held_out {
                Some(figures) => {
                    format!(", judged on {} others\n\n{}", figures.pipeline.accounts, figures_table(figures).trim_end())
                }
                None => "; none were held out to judge it".to_owned(),
            };
            format!(
                "{} accounts in {:.1} s, sequence model {sequence}{judged}\n\nwritten to {path}; botdet publish {path} takes it into the database",
                report.training_accounts,
                report.seconds,
                path = self.out.display(),
                sequence = match report.epochs {
                    0 => format!("left out (it takes {} accounts)", self.training.sequence_accounts),
                    epochs => format!("of {epochs} epochs"),
                }
            )
        })
    }
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
    output: Output,
) -> Result<Trained, LoaderError> {
    let started = Instant::now();
    let config = options.params().check()?;
    let shares = options.shares()?;
    let accounts = labelled_accounts(client, source)?;
    check_labels(source, &accounts)?;
    compare_accounts(client)?;
    let split = stratified(&accounts, shares, options.seed);
    let training = Histories::read(client, &split.training, options.seed)?;
    let validation = Histories::read(client, &split.validation, options.seed)?;
    let held_out = read_examples(client, &split.held_out, Moment::Now)?;

    let mut epochs = 0;
    let bar = output.progress(Some(options.epochs as u64), "training");
    let description = format!("source {source}, {} accounts, seed {}", split.training.len(), options.seed);
    let artifact = fit(&training, &validation, config, &description, &mut |epoch| {
        epochs = epoch.epoch;
        bar.set_position(epoch.epoch as u64);
        bar.set_message(format!("loss {:.4}, validation {:.4}", epoch.training_loss, epoch.validation_loss));
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    let figures = if held_out.is_empty() { None } else { Some(judge(&artifact, &held_out)?) };
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
