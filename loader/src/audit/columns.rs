//! The rows and columns that a version learned from.

use botdet_models::metrics::{PsiReference, Ranked};
use botdet_models::pipeline::{Columns, Depth, Pipeline, PipelineError};
use botdet_models::schema::ColumnKind as SchemaKind;

use super::{AuditRow, probabilities};
use crate::report::data::{
    ClassCount, Column, ColumnKind, DataSummary, DriftBaseline, DriftColumn, Nouns, Quantiles, SplitPart,
};

/// Bins of a drift baseline.
const DRIFT_BINS: usize = 10;
/// Name of the predictions among the columns of a baseline.
const PREDICTION: &str = "prediction";

/// What a version learned from, and what it is judged on.
#[must_use]
pub fn summary(
    columns: &Columns,
    training: &[AuditRow],
    held_out: &[AuditRow],
    split_method: &str,
    nouns: &Nouns,
) -> DataSummary {
    let all = || training.iter().chain(held_out);
    let positives = |rows: &[AuditRow]| rows.iter().filter(|row| row.is_bot).count() as u64;
    let part = |name: &str, rows: &[AuditRow]| SplitPart {
        name: name.to_owned(),
        rows: rows.len() as u64,
        positives: positives(rows),
    };
    let mut classes: Vec<ClassCount> = Vec::new();
    for row in all() {
        let noun = if row.is_bot { &nouns.positive.singular } else { &nouns.negative.singular };
        let name = row.strategy.as_ref().filter(|_| row.is_bot).unwrap_or(noun);
        match classes.iter_mut().find(|class| class.name == *name && class.is_positive == row.is_bot) {
            Some(class) => class.rows += 1,
            None => classes.push(ClassCount { name: name.clone(), is_positive: row.is_bot, rows: 1 }),
        }
    }
    classes.sort_by(|a, b| (a.is_positive, &a.name).cmp(&(b.is_positive, &b.name)));
    let split = [part("learned from, and stages weighed on", training), part("judged on", held_out)];
    DataSummary {
        rows: all().count() as u64,
        classes,
        split_method: Some(split_method.to_owned()),
        splits: split.to_vec(),
        columns: (0..columns.count()).map(|column| summarise(columns, training, column)).collect(),
    }
}

fn summarise(columns: &Columns, rows: &[AuditRow], column: usize) -> Column {
    let mut known: Vec<f64> = rows.iter().filter_map(|row| row.values[column]).collect();
    known.sort_by(f64::total_cmp);
    let kind = match columns.schema().map(|schema| &schema.columns()[column].kind) {
        Some(SchemaKind::Category { .. }) => ColumnKind::Category,
        Some(SchemaKind::Boolean) => ColumnKind::Boolean,
        Some(SchemaKind::Number) | None => ColumnKind::Number,
    };
    let mut distinct = known.clone();
    distinct.dedup();
    let at = |share: f64| known[((known.len() - 1) as f64 * share).round() as usize];
    let quantiles = (kind != ColumnKind::Category && !known.is_empty()).then(|| Quantiles {
        minimum: at(0.0),
        p5: at(0.05),
        p25: at(0.25),
        median: at(0.5),
        p75: at(0.75),
        p95: at(0.95),
        maximum: at(1.0),
    });
    Column {
        name: columns.name(column).into_owned(),
        kind,
        missing: 1.0 - known.len() as f64 / rows.len().max(1) as f64,
        distinct: Some(distinct.len() as u64),
        quantiles,
        roc_auc: if kind == ColumnKind::Category { None } else { column_auc(rows, column) },
    }
}

/// ROC-AUC of a column alone, missing values left out; below 0.5 where low values are suspicious.
#[must_use]
pub fn column_auc(rows: &[AuditRow], column: usize) -> Option<f64> {
    let known = || rows.iter().filter_map(|row| Some((row.values[column]?, row.is_bot)));
    let values: Vec<f64> = known().map(|(value, _)| value).collect();
    let labels: Vec<bool> = known().map(|(_, label)| label).collect();
    Ranked::of(&values, &labels).roc_auc()
}

/// What later rows are compared with: bins of the training rows, and how far chance alone moves the rows held out.
///
/// # Errors
/// [`PipelineError`] when a stage cannot be run.
pub fn drift_baseline(
    pipeline: &mut Pipeline,
    training: &[AuditRow],
    held_out: &[AuditRow],
) -> Result<DriftBaseline, PipelineError> {
    let names: Vec<String> =
        (0..pipeline.columns().count()).map(|column| pipeline.columns().name(column).into_owned()).collect();
    let values = |rows: &[AuditRow], column: usize| -> Vec<f64> {
        rows.iter().map(|row| row.values[column].unwrap_or(f64::NAN)).collect()
    };
    let mut columns: Vec<DriftColumn> = names
        .into_iter()
        .enumerate()
        .filter_map(|(column, name)| drift_column(name, &values(training, column), &values(held_out, column)))
        .collect();
    let before = probabilities(pipeline, training, Depth::Full)?;
    let after = probabilities(pipeline, held_out, Depth::Full)?;
    columns.extend(drift_column(PREDICTION.to_owned(), &before, &after));
    Ok(DriftBaseline { rows: training.len() as u64, columns })
}

fn drift_column(name: String, training: &[f64], held_out: &[f64]) -> Option<DriftColumn> {
    let reference = PsiReference::of(training, DRIFT_BINS)?;
    Some(DriftColumn {
        name,
        edges: reference.edges().to_vec(),
        shares: reference.shares().to_vec(),
        missing: reference.missing(),
        test_stability_index: reference.psi(held_out),
    })
}
