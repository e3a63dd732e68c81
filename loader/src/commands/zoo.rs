//! `botdet zoo`.

use botdet_models::features::ACCOUNT_FEATURE_COUNT;
use botdet_models::hash::hash_bytes;
use botdet_models::pipeline::{ACCOUNT, Columns};
use botdet_models::rows::Rows;
use clap::Args;
use postgres::Client;

use super::train::check_labels;
use super::train_table::TableOptions;
use super::{DEFAULT_SOURCE, DatabaseOptions, OutputOptions, check_detector, check_unused};
use crate::error::{LoaderError, check_option};
use crate::output::Output;
use crate::report::data::ZooEntry;
use crate::tables::{TableData, read_table};
use crate::training::comparison::{Contest, Preparation, compare, store};
use crate::training::dataset::{Moment, compare_accounts, labelled_accounts, read_examples};
use crate::training::split::{SplitShares, stratified};
use crate::training::table::TableSplit;
use crate::validation::SmoteParams;
use crate::validation::folds::by_shares;

/// Rows that are drawn, at least.
const LEAST_ROWS: f64 = 20.0;

/// Fit every kind of model on the same rows, judge all on the same others, and store the table in the database.
#[derive(Debug, Args)]
pub struct Zoo {
    /// Detector whose rows they are told apart on: the features of accounts, or the columns of a table
    #[arg(long, default_value = ACCOUNT)]
    detector: String,
    /// Source of accounts [default: default]
    #[arg(long, conflicts_with = "table")]
    source: Option<String>,
    #[command(flatten)]
    table: TableOptions,
    /// Learners to compare, comma-separated; all by default
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Rows of a table to use, drawn at random from each class alike; all by default
    #[arg(long)]
    rows: Option<usize>,
    /// Share of the rows that are held out to judge on
    #[arg(long, default_value_t = 0.2)]
    held_out_share: f64,
    /// Add synthetic positives (SMOTE) to the rows learned from
    #[arg(long)]
    smote: bool,
    /// Weigh both classes the same
    #[arg(long)]
    balanced: bool,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads to use; as many as there are processors by default
    #[arg(long)]
    threads: Option<usize>,
    /// Print the table only; leave what is stored
    #[arg(long)]
    no_store: bool,
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(flatten)]
    output: OutputOptions,
}

/// Rows with their classes.
struct Labelled {
    rows: Rows,
    labels: Vec<bool>,
}

impl Zoo {
    pub(super) fn run(self) -> Result<(), LoaderError> {
        let output = self.output.output();
        check_option("--held-out-share", self.held_out_share, 0.05, 0.9)?;
        self.rows.map_or(Ok(()), |rows| check_option("--rows", rows as f64, LEAST_ROWS, 1e15))?;
        check_detector(&self.detector)?;
        if self.detector != ACCOUNT {
            check_unused(&self.detector, [("--source", self.source.is_some())])?;
        } else if let Some(table) = &self.table.table {
            return Err(LoaderError::NotForAccounts(table.clone()));
        } else {
            check_unused(&self.detector, [("--rows", self.rows.is_some())])?;
        }
        let smote = if self.smote { Some(SmoteParams::default().check()?) } else { None };
        let mut client = self.database.connect()?;
        let (training, held_out) = self.read(&mut client, output)?;
        let contest = Contest {
            training: &training.rows,
            training_labels: &training.labels,
            held_out: &held_out.rows,
            held_out_labels: &held_out.labels,
        };
        let preparation = Preparation { smote, balanced: self.balanced };
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or_else(available).max(1);
        let bar = output.progress(Some(100), "comparing");
        let table = compare(contest, preparation, &self.only, self.seed, threads, &mut |name, share| {
            bar.set_message(name.to_owned());
            bar.set_position((100.0 * share) as u64);
        })?;
        bar.finish_and_clear();
        let data = format!(
            "{} rows learned from, {} held out{}{}, seed {}",
            training.labels.len(),
            held_out.labels.len(),
            if self.smote { ", with synthetic positives" } else { "" },
            if self.balanced { ", classes weighed the same" } else { "" },
            self.seed
        );
        // What took long to find out is not lost where it cannot be stored.
        output.figures(&table, || format!("{data}\n\n{}", written(&table)))?;
        if self.no_store { Ok(()) } else { store(&mut client, &self.detector, &data, &table) }
    }

    fn read(&self, client: &mut Client, output: Output) -> Result<(Labelled, Labelled), LoaderError> {
        let shares = SplitShares { training: 1.0 - self.held_out_share, validation: 0.0 };
        if self.detector == ACCOUNT {
            return self.read_accounts(client, shares);
        }
        let bar = output.progress(None, "reading");
        let data = read_table(client, &self.table.source(&self.detector)?, &mut || {
            bar.inc(1);
            Ok(())
        })?;
        bar.finish_and_clear();
        data.notices.iter().for_each(|notice| output.say(notice));
        let split = TableSplit::new(&data, shares, self.seed);
        Ok((self.pick(&data, &split.training)?, self.pick(&data, &split.held_out)?))
    }

    fn pick(&self, data: &TableData, rows: &[usize]) -> Result<Labelled, LoaderError> {
        let chosen: Vec<usize> = match self.rows {
            None => rows.to_vec(),
            Some(most) => {
                let share = most as f64 / data.labels.len() as f64;
                let labels: Vec<bool> = rows.iter().map(|row| data.labels[*row]).collect();
                let keys: Vec<u64> = rows.iter().map(|row| hash_bytes(data.keys[*row].as_bytes())).collect();
                let drawn = by_shares(&labels, &keys, &[share.min(1.0)], self.seed).swap_remove(0);
                drawn.into_iter().map(|index| rows[index]).collect()
            }
        };
        let rows = data.schema()?.expand_rows(&data.rows.select(&chosen))?;
        Ok(Labelled { rows, labels: chosen.iter().map(|row| data.labels[*row]).collect() })
    }

    fn read_accounts(
        &self,
        client: &mut Client,
        shares: SplitShares,
    ) -> Result<(Labelled, Labelled), LoaderError> {
        let source = self.source.as_deref().unwrap_or(DEFAULT_SOURCE);
        let accounts = labelled_accounts(client, source)?;
        check_labels(source, &accounts)?;
        compare_accounts(client)?;
        let split = stratified(&accounts, shares, self.seed);
        let columns = Columns::account();
        let mut read = |chosen: &[&_]| -> Result<Labelled, LoaderError> {
            let examples = read_examples(client, chosen, Moment::Now)?;
            let inputs = examples.iter().flat_map(|example| columns.inputs(example.features.values()));
            let values = inputs.map(|value| value as f32).collect();
            Ok(Labelled {
                rows: Rows::with_infinite_missing(values, ACCOUNT_FEATURE_COUNT),
                labels: examples.iter().map(|example| example.is_bot).collect(),
            })
        };
        Ok((read(&split.training)?, read(&split.held_out)?))
    }
}

/// The table, best first.
fn written(table: &[ZooEntry]) -> String {
    let mut sorted: Vec<&ZooEntry> = table.iter().collect();
    sorted.sort_by(|a, b| b.roc_auc.unwrap_or(-1.0).total_cmp(&a.roc_auc.unwrap_or(-1.0)));
    let mut text = format!(
        "{:<26}{:>9}{:>10}{:>8}{:>8}{:>9}{:>8}{:>8}{:>8}{:>9}{:>10}\n",
        "", "accuracy", "precision", "recall", "F1", "ROC-AUC", "PR-AUC", "Brier", "ECE", "fit s", "µs a row"
    );
    let short = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
    for entry in sorted {
        if let Some(failure) = &entry.failure {
            text.push_str(&format!("{:<26}{failure}\n", entry.name));
            continue;
        }
        let time = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"));
        text.push_str(&format!(
            "{:<26}{:>9}{:>10}{:>8}{:>8}{:>9}{:>8}{:>8}{:>8}{:>9}{:>10}\n",
            entry.name,
            short(entry.accuracy),
            short(entry.precision),
            short(entry.recall),
            short(entry.f1),
            short(entry.roc_auc),
            short(entry.pr_auc),
            short(entry.brier),
            short(entry.calibration_error),
            time(entry.fit_seconds),
            time(entry.microseconds_per_row),
        ));
    }
    text.push_str("\nA row is called positive at probability 0.5. ECE: expected calibration error.");
    text
}
