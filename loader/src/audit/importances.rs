//! Which columns matter.

use botdet_models::hash::mix64;
use botdet_models::metrics::roc_auc;
use botdet_models::pipeline::{Depth, Pipeline, PipelineError};

use super::{AuditRow, Judgement, probabilities};
use crate::report::data::{Estimate, Importance, Importances, Interval};

/// Rows that are looked at, at most; of those with a sequence, which take long to score, fewer have their columns permuted.
const ROWS: usize = 2_000;
const ROWS_WITH_SEQUENCE: usize = 250;
/// Times that each column is permuted.
const REPEATS: u64 = 3;

/// Each column's part of the trees' gain, where known, and by how much ROC-AUC falls when the rows held out swap its values.
///
/// # Errors
/// [`PipelineError`] when a stage cannot be run.
pub fn importances(
    pipeline: &mut Pipeline,
    rows: &[AuditRow],
    gains: Option<&[f64]>,
    seed: u64,
    progress: &mut dyn FnMut(f64),
) -> Result<Importances, PipelineError> {
    let mut rows: Vec<AuditRow> = sample(rows, seed);
    if rows.iter().any(|row| row.sequence.is_some()) {
        let step = rows.len().div_ceil(ROWS_WITH_SEQUENCE).max(1);
        rows = rows.into_iter().step_by(step).collect();
    }
    let labels: Vec<bool> = rows.iter().map(|row| row.is_bot).collect();
    let whole = roc_auc(&probabilities(pipeline, &rows, Depth::Full)?, &labels);
    let count = pipeline.columns().count();
    let mut by_column = vec![0.0; count];
    if let Some(gains) = gains.filter(|gains| gains.len() == pipeline.columns().input_count()) {
        for (input, gain) in gains.iter().enumerate() {
            by_column[pipeline.columns().owner(input)] += gain;
        }
    }
    let mut columns = Vec::with_capacity(count);
    for (column, gain) in by_column.into_iter().enumerate() {
        let original: Vec<Option<f64>> = rows.iter().map(|row| row.values[column]).collect();
        let mut falls = Vec::new();
        for repeat in 0..REPEATS {
            let order = permutation(rows.len(), mix64(seed ^ (column as u64) << 8 ^ repeat));
            for (row, from) in rows.iter_mut().zip(&order) {
                row.values[column] = original[*from];
            }
            let permuted = roc_auc(&probabilities(pipeline, &rows, Depth::Full)?, &labels);
            falls.extend(whole.zip(permuted).map(|(whole, permuted)| whole - permuted));
        }
        rows.iter_mut().zip(&original).for_each(|(row, value)| row.values[column] = *value);
        columns.push(Importance {
            column: pipeline.columns().name(column).into_owned(),
            gain: gains.map(|_| gain),
            permutation: spread(&falls),
        });
        progress((column + 1) as f64 / count as f64);
    }
    Ok(Importances { columns, permutation_measure: Some("ROC-AUC".to_owned()) })
}

/// A part of the rows, drawn at random; all where they are few.
#[must_use]
pub fn sample(rows: &[AuditRow], seed: u64) -> Vec<AuditRow> {
    let mut chosen = permutation(rows.len(), seed);
    chosen.truncate(ROWS);
    chosen.sort_unstable();
    chosen.into_iter().map(|row| rows[row].clone()).collect()
}

/// The same rows of another judgement.
#[must_use]
pub fn sample_judged(judged: &Judgement, seed: u64) -> Judgement {
    let mut chosen = permutation(judged.labels.len(), seed);
    chosen.truncate(ROWS);
    chosen.sort_unstable();
    Judgement {
        probabilities: chosen.iter().map(|row| judged.probabilities[*row]).collect(),
        by_filter: chosen.iter().map(|row| judged.by_filter[*row]).collect(),
        labels: chosen.iter().map(|row| judged.labels[*row]).collect(),
    }
}

/// Numbers below `count` in a random order.
#[must_use]
pub fn permutation(count: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|index| (mix64(mix64(*index as u64) ^ seed), *index));
    order
}

/// Mean, smallest and largest.
fn spread(values: &[f64]) -> Option<Estimate> {
    let low = values.iter().copied().min_by(f64::total_cmp)?;
    let high = values.iter().copied().max_by(f64::total_cmp)?;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    Some(Estimate { value: Some(mean), interval: Some(Interval { low, high }), absent_because: None })
}
