//! The rows of a training, found again by what the version remembers of it.

use botdet_models::pipeline::Pipeline;
use postgres::Client;

use super::AuditRow;
use crate::error::LoaderError;
use crate::output::Output;
use crate::report::data::{Noun, Nouns};
use crate::tables::{TableData, TableSource, read_table};
use crate::training::dataset::{Example, Moment, labelled_accounts, labels, read_examples};
use crate::training::record::{DataRecord, TrainingRecord};
use crate::training::split::{Split, by_recency, stratified};
use crate::training::table::{TableSplit, values};

/// Rows by use.
pub struct Rows {
    /// Learned from, and used to weigh the stages.
    pub training: Vec<AuditRow>,
    /// Judged on: held out, or where none were the ones that weighed the stages.
    pub held_out: Vec<AuditRow>,
    /// Moments of the training rows, where a column has them.
    pub times: Option<Vec<i64>>,
    /// How rows were split, in words.
    pub split_method: &'static str,
    /// What rows are called.
    pub nouns: Nouns,
}

/// Reads the rows that a version was trained and judged on, split as they were then.
///
/// # Errors
/// Whatever reading refuses; [`LoaderError::OtherColumns`] when the table has changed so that it makes other columns.
pub fn read(
    client: &mut Client,
    record: &TrainingRecord,
    pipeline: &Pipeline,
    output: Output,
) -> Result<Rows, LoaderError> {
    match &record.data {
        DataRecord::Accounts { source } => {
            let labelled = labelled_accounts(client, source)?;
            accounts(client, stratified(&labelled, record.shares(), record.seed))
        }
        DataRecord::Labels { recent_since } => {
            let labels = labels(client, *recent_since)?;
            let [mut before, recent] = by_recency(&labels, record.shares(), record.seed);
            before.training.extend(recent.training);
            before.validation.extend(recent.validation);
            before.held_out.extend(recent.held_out);
            accounts(client, before)
        }
        DataRecord::Table(source) => table(client, record, source, pipeline, output),
    }
}

fn accounts(client: &mut Client, split: Split<'_>) -> Result<Rows, LoaderError> {
    let mut read = |chosen: &[&_]| -> Result<Vec<AuditRow>, LoaderError> {
        let examples = read_examples(client, chosen, Moment::Now)?;
        let numbers: Vec<i64> = examples.iter().map(|example| example.account_id).collect();
        let groups = client.query(include_str!("../sql/account_groups.sql"), &[&numbers])?;
        let keys = chosen.iter().map(|account| account.key.clone());
        let rows = examples.into_iter().zip(keys).zip(&groups);
        Ok(rows.map(|((example, key), groups)| account(example, key, groups)).collect())
    };
    let (mut training, mut held_out) = (read(&split.training)?, read(&split.held_out)?);
    let validation = read(&split.validation)?;
    if held_out.is_empty() {
        held_out = validation
    } else {
        training.extend(validation)
    }
    Ok(Rows {
        training,
        held_out,
        times: None,
        split_method: "by strategy, in an order drawn from key and seed",
        nouns: nouns(["account", "accounts"], ["bot", "bots"], ["human", "humans"]),
    })
}

fn account(example: Example, key: String, row: &postgres::Row) -> AuditRow {
    let mut groups = Vec::new();
    let named = [("language", row.get::<_, Option<String>>(0)), ("region", row.get(1))];
    groups.extend(named.into_iter().filter_map(|(by, group)| Some((by.to_owned(), group?))));
    let age = row.get::<_, Option<f64>>(2).map(|days| match days {
        days if days < 90.0 => "under 3 months",
        days if days < 365.0 => "3 to 12 months",
        days if days < 3.0 * 365.0 => "1 to 3 years",
        _ => "over 3 years",
    });
    groups.extend(age.map(|age| ("account age".to_owned(), age.to_owned())));
    AuditRow {
        key,
        account_id: Some(example.account_id),
        values: example.features.values().to_vec(),
        sequence: example.sequence,
        is_bot: example.is_bot,
        strategy: example.strategy,
        groups,
    }
}

fn table(
    client: &mut Client,
    record: &TrainingRecord,
    source: &TableSource,
    pipeline: &Pipeline,
    output: Output,
) -> Result<Rows, LoaderError> {
    let bar = output.progress(None, "reading");
    let data = read_table(client, source, &mut || {
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    let found = data.schema()?.fingerprint();
    if found != pipeline.manifest().schema {
        return Err(LoaderError::OtherColumns {
            table: source.relation.clone(),
            found,
            expected: pipeline.manifest().schema.clone(),
        });
    }
    let split = TableSplit::new(&data, record.shares(), record.seed);
    let (mut training, held_out) = match split.held_out.is_empty() {
        true => (split.training, split.validation),
        false => ([split.training, split.validation].concat(), split.held_out),
    };
    training.sort_unstable();
    let pick = |rows: &[usize]| rows.iter().map(|row| table_row(&data, *row)).collect();
    let split_method = match (&data.times, &data.groups) {
        (Some(_), _) => "by time: what came last is judged on",
        (None, Some(_)) => "by group: no group is divided",
        (None, None) => "by class, in an order drawn from key and seed",
    };
    Ok(Rows {
        times: data.times.as_ref().map(|times| training.iter().map(|row| times[*row]).collect()),
        training: pick(&training),
        held_out: pick(&held_out),
        split_method,
        nouns: nouns(["row", "rows"], ["positive", "positives"], ["negative", "negatives"]),
    })
}

fn table_row(data: &TableData, row: usize) -> AuditRow {
    let values = values(data, row);
    let of_categories = data.columns.iter().zip(&values).filter_map(|(column, value)| {
        let botdet_models::schema::ColumnKind::Category { levels } = &column.kind else { return None };
        let level = value.map(|value| levels.get(value as usize).map_or("another", String::as_str));
        Some((column.name.clone(), level.unwrap_or("missing").to_owned()))
    });
    let mut groups: Vec<(String, String)> = of_categories.collect();
    groups.extend(data.groups.as_ref().map(|groups| ("group".to_owned(), groups[row].clone())));
    AuditRow {
        key: data.keys[row].clone(),
        account_id: None,
        values,
        sequence: None,
        is_bot: data.labels[row],
        strategy: None,
        groups,
    }
}

fn nouns(row: [&str; 2], positive: [&str; 2], negative: [&str; 2]) -> Nouns {
    let noun =
        |[singular, plural]: [&str; 2]| Noun { singular: singular.to_owned(), plural: plural.to_owned() };
    Nouns { row: noun(row), positive: noun(positive), negative: noun(negative) }
}
