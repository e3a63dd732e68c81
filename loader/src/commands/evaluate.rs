//! `botdet evaluate`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use botdet_models::metrics::{recall, roc_auc, threshold_at_false_positive_rate};
use botdet_models::pipeline::Depth;
use clap::Args;
use serde::Serialize;

use super::train::{TrainingOptions, check_labels};
use super::{DatabaseOptions, OutputOptions};
use crate::error::LoaderError;
use crate::output::figure;
use crate::training::dataset::{
    Histories, LabelledAccount, Moment, compare_accounts, labelled_accounts, read_examples,
};
use crate::training::evaluation::FALSE_POSITIVE_RATE;
use crate::training::fit::{fit, scores};
use crate::training::split::stratified;

/// Leave one strategy out: train without it, and see how much of it is found all the same.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Source to train and judge on
    #[arg(long, default_value = "default")]
    source: String,
    #[command(flatten)]
    training: TrainingOptions,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Debug, Serialize)]
struct LeftOut {
    /// Bots of the strategy, none of them trained on.
    accounts: usize,
    /// ROC-AUC of these against humans held out.
    roc_auc: Option<f64>,
    /// Share of these above the score that 1 % of the humans held out reach.
    recall_at_1_percent: Option<f64>,
    /// The same by the filter alone.
    filter_recall_at_1_percent: Option<f64>,
}

impl Evaluate {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        let config = self.training.params().check()?;
        let mut client = self.database.connect()?;
        let accounts = labelled_accounts(&mut client, &self.source)?;
        compare_accounts(&mut client)?;
        check_labels(&self.source, &accounts)?;
        let strategies: std::collections::BTreeSet<&str> =
            accounts.iter().filter_map(|account| account.strategy.as_deref()).collect();
        let bar = output.progress(Some((strategies.len() * self.training.epochs) as u64), "leaving one out");
        let mut results = BTreeMap::new();
        for (position, strategy) in strategies.iter().enumerate() {
            let is_left_out = |account: &&LabelledAccount| account.strategy.as_deref() == Some(*strategy);
            let split = stratified(
                accounts.iter().filter(|account| !is_left_out(account)),
                self.training.shares()?,
                self.training.seed,
            );
            let training = Histories::read(&mut client, &split.training, self.training.seed)?;
            let validation = Histories::read(&mut client, &split.validation, self.training.seed)?;
            let humans = split.held_out.into_iter().filter(|account| !account.is_bot);
            let judged: Vec<&LabelledAccount> = humans.chain(accounts.iter().filter(is_left_out)).collect();
            let judged = read_examples(&mut client, &judged, Moment::Now)?;
            let artifact = fit(&training, &validation, config, strategy, &mut |epoch| {
                bar.set_position((position * self.training.epochs + epoch.epoch) as u64);
                bar.set_message(format!("without {strategy}"));
                ControlFlow::Continue(())
            })?;
            let labels: Vec<bool> = judged.iter().map(|example| example.is_bot).collect();
            let recall_of = |scores: &[f64]| {
                let threshold = threshold_at_false_positive_rate(scores, &labels, FALSE_POSITIVE_RATE);
                recall(scores, &labels, threshold)
            };
            let probabilities = |depth| -> Result<Vec<f64>, LoaderError> {
                Ok(scores(&artifact, &judged, depth)?.iter().map(|score| score.probability).collect())
            };
            let by_pipeline = probabilities(Depth::Full)?;
            let by_filter = probabilities(Depth::Filter)?;
            let left_out = LeftOut {
                accounts: labels.iter().filter(|label| **label).count(),
                roc_auc: roc_auc(&by_pipeline, &labels),
                recall_at_1_percent: recall_of(&by_pipeline),
                filter_recall_at_1_percent: recall_of(&by_filter),
            };
            results.insert((*strategy).to_owned(), left_out);
        }
        bar.finish_and_clear();
        output.figures(&results, || table(&results))
    }
}

fn table(results: &BTreeMap<String, LeftOut>) -> String {
    if results.is_empty() {
        return "no label of this source names a strategy".to_owned();
    }
    let mut table = format!(
        "{:<24}{:>10}{:>12}{:>20}{:>16}\n",
        "left out", "accounts", "ROC-AUC", "recall at 1 % FPR", "filter alone"
    );
    for (strategy, left_out) in results {
        table.push_str(&format!(
            "{strategy:<24}{:>10}{:>12}{:>20}{:>16}\n",
            left_out.accounts,
            figure(left_out.roc_auc),
            figure(left_out.recall_at_1_percent),
            figure(left_out.filter_recall_at_1_percent)
        ));
    }
    table
}
