//! `botdet train --detector`: any table as a detector.

use std::ops::ControlFlow;
use std::time::Instant;

use botdet_models::artifact::Artifact;
use botdet_models::backlink::BACKLINK;
use botdet_models::engagement::ENGAGEMENT;
use clap::Args;
use postgres::Client;
use serde::Serialize;

use super::links::{compare_pages, link_source};
use super::training_options::ModelOptions;
use crate::error::LoaderError;
use crate::output::{Output, figures_table};
use crate::tables::{TableData, TableSource, read_table};
use crate::training::fit::{Figures, TreeKind};
use crate::training::record::DataRecord;
use crate::training::table::train_table;

/// The detector whose table the extension brings along, with what its columns are called.
pub const SPAMMER: &str = "spammer";
/// The view that has the features of engagement and what its columns are called: what the key tells, what is true, and when the
/// series ends.
const ENGAGEMENT_VIEW: [&str; 4] =
    ["botdet.engagement_features_of_accounts", "account_id", "is_attacked", "last_hour"];
const SPAMMER_TABLE: [&str; 3] = ["botdet.spammer", "account_id", "is_spammer"];

/// Which table to learn from.
#[derive(Clone, Debug, Default, Args)]
pub struct TableOptions {
    /// Table, view or foreign table whose rows are to be judged; for detectors spammer, engagement and backlink their own by
    /// default
    #[arg(long, requires = "key", requires = "label")]
    pub table: Option<String>,
    /// Column that tells rows apart
    #[arg(long, requires = "table")]
    pub key: Option<String>,
    /// Column with the truth: boolean, or 0 and 1, or any with --positive; rows where it is NULL are left out
    #[arg(long, requires = "table")]
    pub label: Option<String>,
    /// The label of what is looked for
    #[arg(long, requires = "table")]
    pub positive: Option<String>,
    /// Columns to judge by, comma-separated; all that can be used by default
    #[arg(long, value_delimiter = ',', requires = "table")]
    pub columns: Option<Vec<String>>,
    /// Columns to leave out, comma-separated
    #[arg(long, value_delimiter = ',', requires = "table")]
    pub ignore: Vec<String>,
    /// Column that says when: what came last is held out
    #[arg(long, requires = "table")]
    pub time: Option<String>,
    /// Column that says which rows belong together: they are not divided between training and judging
    #[arg(long, requires = "table", conflicts_with = "time")]
    pub group: Option<String>,
}

impl TableOptions {
    /// The table to learn from.
    ///
    /// # Errors
    /// [`LoaderError::NoTable`] when the detector needs one to be named.
    pub fn source(&self, detector: &str) -> Result<TableSource, LoaderError> {
        let named = self.table.clone().zip(self.key.clone()).zip(self.label.clone());
        let mut time = self.time.clone();
        let ((relation, key), label) = match named {
            Some(named) => named,
            None if detector == SPAMMER => {
                let [table, key, label] = SPAMMER_TABLE.map(str::to_owned);
                ((table, key), label)
            }
            None if detector == ENGAGEMENT => {
                let [view, key, label, last] = ENGAGEMENT_VIEW.map(str::to_owned);
                // What came later is judged by what came before, where series end at different times.
                time = Some(last);
                ((view, key), label)
            }
            None if detector == BACKLINK => return Ok(link_source()),
            None => return Err(LoaderError::NoTable(detector.to_owned())),
        };
        Ok(TableSource {
            relation,
            key,
            label,
            positive: self.positive.clone(),
            columns: self.columns.clone(),
            ignored: self.ignore.clone(),
            time,
            group: self.group.clone(),
        })
    }
}

/// What a training on a table achieved.
#[derive(Debug, Serialize)]
pub struct TableReport {
    /// Labelled rows that were read.
    pub rows: usize,
    /// Positive rows among them.
    pub positives: usize,
    /// Columns that are judged by.
    pub columns: usize,
    /// Rows that were trained on.
    pub training_rows: usize,
    /// Rows that stopped the training and weighed the stages.
    pub validation_rows: usize,
    /// Seconds that reading took.
    pub reading_seconds: f64,
    /// Seconds that fitting and judging took.
    pub fitting_seconds: f64,
    /// What was left out, and why.
    pub notices: Vec<String>,
    /// Figures on rows held out; absent when none were.
    pub held_out: Option<Figures>,
}

/// Reads the rows that a detector learns from, as they are now; `progress` is told after each, and may end it.
///
/// # Errors
/// As [`read_table`].
pub fn read_rows(
    client: &mut Client,
    detector: &str,
    source: &TableSource,
    progress: &mut dyn FnMut() -> Result<(), LoaderError>,
) -> Result<TableData, LoaderError> {
    if detector == BACKLINK {
        compare_pages(client)?;
    }
    read_table(client, source, progress)
}

/// What a version of these rows remembers of them: whoever trains it again has another search path.
#[must_use]
pub fn data_record(source: &TableSource, data: &TableData) -> DataRecord {
    DataRecord::Table(TableSource { relation: data.relation.clone(), ..source.clone() })
}

/// Trains a version on a table.
///
/// # Errors
/// [`LoaderError::Table`] with what cannot be learned from, and whatever fitting refuses.
pub fn train_on_table(
    client: &mut Client,
    detector: &str,
    source: &TableSource,
    options: &ModelOptions,
    output: Output,
) -> Result<(Artifact, TableReport), LoaderError> {
    let config = options.params()?.check()?;
    options.shares()?;
    let started = Instant::now();
    let bar = output.progress(None, "reading");
    let data = read_rows(client, detector, source, &mut || {
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    data.notices.iter().for_each(|notice| output.say(notice));
    let reading_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let bar = output.progress(Some(100), "training");
    let record = options.record(data_record(source, &data));
    let trained = train_table(detector, &data, config, record, &mut |share| {
        bar.set_position((100.0 * share) as u64);
        ControlFlow::Continue(())
    })?;
    bar.finish_and_clear();
    let report = TableReport {
        rows: data.labels.len(),
        positives: data.labels.iter().filter(|label| **label).count(),
        columns: data.columns.len(),
        training_rows: trained.split.training.len(),
        validation_rows: trained.split.validation.len(),
        reading_seconds,
        fitting_seconds: started.elapsed().as_secs_f64(),
        notices: data.notices,
        held_out: trained.held_out,
    };
    Ok((trained.artifact, report))
}

/// What a training on a table achieved, for people.
#[must_use]
pub fn table_report(report: &TableReport, trees: TreeKind) -> String {
    let judged = match &report.held_out {
        Some(figures) => {
            format!("judged on {} others\n\n{}", figures.pipeline.accounts, figures_table(figures).trim_end())
        }
        None => "none were held out to judge it".to_owned(),
    };
    let trees = match trees {
        TreeKind::None => "no trees",
        TreeKind::Auto => "trees",
        TreeKind::Boosting => "boosted trees",
        TreeKind::Forest => "a random forest",
        TreeKind::ExtraTrees => "extremely randomised trees",
    };
    format!(
        "{} rows, {} of them positive, read in {:.1} s; {} trained on with {trees} in {:.1} s, {judged}",
        report.rows, report.positives, report.reading_seconds, report.training_rows, report.fitting_seconds
    )
}
