//! `botdet evaluate`.

use std::collections::BTreeMap;

use botdet_models::backlink::BACKLINK;
use clap::{Args, ValueEnum};

use super::links::{evaluate_links, links_table};
use super::train::check_labels;
use super::training_options::TrainingOptions;
use super::{DEFAULT_SOURCE, DatabaseOptions, OutputOptions, check_unused};
use crate::error::LoaderError;
use crate::output::figure;
use crate::training::dataset::{compare_accounts, labelled_accounts};
use crate::training::leave_one_out::{LeftOut, leave_one_out};
use crate::training::record::DataRecord;

/// Leave one strategy out: train without it, and see how much of it is found all the same.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Detector to judge: account leaves out strategies, backlink whole networks
    #[arg(long, value_enum, default_value_t = EvaluatedDetector::Account)]
    detector: EvaluatedDetector,
    /// Source to train and judge on
    #[arg(long, default_value = DEFAULT_SOURCE)]
    source: String,
    #[command(flatten)]
    training: TrainingOptions,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// Detectors that are judged on what they have never seen the like of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EvaluatedDetector {
    /// Accounts, by strategy
    Account,
    /// Links, by network
    Backlink,
}

impl Evaluate {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        if self.detector == EvaluatedDetector::Backlink {
            check_unused(BACKLINK, [("--source", self.source != DEFAULT_SOURCE)])?;
            self.training.model.shares()?;
            let figures = evaluate_links(&mut self.database.connect()?, &self.training.model, output)?;
            return output.figures(&figures, || links_table(&figures));
        }
        let config = self.training.params()?.check()?;
        self.training.model.shares()?;
        let record = self.training.model.record(DataRecord::Accounts { source: self.source.clone() });
        let mut client = self.database.connect()?;
        let accounts = labelled_accounts(&mut client, &self.source)?;
        check_labels(&self.source, &accounts)?;
        compare_accounts(&mut client)?;
        let bar = output.progress(Some(1000), "leaving one out");
        let results = leave_one_out(&mut client, &accounts, config, &record, &mut |share, strategy| {
            bar.set_position((1000.0 * share) as u64);
            bar.set_message(format!("without {strategy}"));
        })?;
        bar.finish_and_clear();
        output.figures(&results, || table(&results))
    }
}

fn table(results: &BTreeMap<String, LeftOut>) -> String {
    if results.is_empty() {
        return "no label of this source names a strategy".to_owned();
    }
    let mut table = format!(
        "{:<24}{:>10}{:>12}{:>20}{:>16}{:>16}\n",
        "left out", "accounts", "ROC-AUC", "recall at 1 % FPR", "filter alone", "trained with"
    );
    for (strategy, left_out) in results {
        table.push_str(&format!(
            "{strategy:<24}{:>10}{:>12}{:>20}{:>16}{:>16}\n",
            left_out.accounts,
            figure(left_out.roc_auc),
            figure(left_out.recall_at_1_percent),
            figure(left_out.filter_recall_at_1_percent),
            figure(left_out.seen_recall_at_1_percent)
        ));
    }
    table
}
