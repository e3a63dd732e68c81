//! How far scores move when rows do.

use botdet_models::hash::mix64;
use botdet_models::metrics::roc_auc;
use botdet_models::pipeline::{Depth, Pipeline, PipelineError};

use super::importances::permutation;
use super::{AuditRow, Judgement, probabilities};
use crate::report::data::{Perturbation, PerturbationLevel, Robustness};

/// A way of changing rows, with the changed rows at each strength.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Its name.
    pub name: &'static str,
    /// What is done.
    pub detail: &'static str,
    /// Strength, and the rows at it: as many as there are, in their order.
    pub levels: Vec<(f64, Vec<AuditRow>)>,
}

/// Scores changed rows beside the rows as they are.
///
/// # Errors
/// [`PipelineError`] when a stage cannot be run.
pub fn robustness(
    pipeline: &mut Pipeline,
    judged: &Judgement,
    threshold: f64,
    changes: impl IntoIterator<Item = Changed>,
) -> Result<Robustness, PipelineError> {
    let mut perturbations = Vec::new();
    for Changed { name, detail, levels } in changes {
        let mut measured = Vec::new();
        for (level, rows) in levels {
            let changed = probabilities(pipeline, &rows, Depth::Full)?;
            measured.push(compare(level, judged, &changed, threshold));
        }
        let (name, detail) = (name.to_owned(), Some(detail.to_owned()));
        perturbations.push(Perturbation { name, detail, levels: measured });
    }
    Ok(Robustness {
        rows: judged.labels.len() as u64,
        threshold,
        roc_auc: roc_auc(&judged.probabilities, &judged.labels),
        perturbations,
    })
}

fn compare(level: f64, judged: &Judgement, changed: &[f64], threshold: f64) -> PerturbationLevel {
    let pairs = || judged.probabilities.iter().zip(changed);
    let count = changed.len().max(1) as f64;
    let flips = pairs().filter(|(before, after)| (**before >= threshold) != (**after >= threshold)).count();
    PerturbationLevel {
        level,
        mean_shift: pairs().map(|(before, after)| (before - after).abs()).sum::<f64>() / count,
        flipped: flips as f64 / count,
        roc_auc: roc_auc(changed, &judged.labels),
    }
}

/// Noise on all numbers, in terms of each column's standard deviation.
#[must_use]
pub fn noise(
    rows: &[AuditRow],
    is_number: &[bool],
    bounds: impl Fn(usize) -> (f64, f64),
    seed: u64,
) -> Changed {
    let deviations: Vec<f64> = (0..is_number.len()).map(|column| deviation(rows, column)).collect();
    let at = |level: f64| {
        let mut changed = rows.to_vec();
        for (index, row) in changed.iter_mut().enumerate() {
            for (column, value) in row.values.iter_mut().enumerate().filter(|(column, _)| is_number[*column])
            {
                let (low, high) = bounds(column);
                let step =
                    level * deviations[column] * normal(mix64(seed ^ ((index as u64) << 20) ^ column as u64));
                *value = value.map(|value| (value + step).clamp(low, high));
            }
        }
        (level, changed)
    };
    Changed {
        name: "noise",
        detail: "every number is moved at random, by this share of its column's standard deviation",
        levels: [0.05, 0.1, 0.2].map(at).to_vec(),
    }
}

/// Values that go missing.
#[must_use]
pub fn missing(rows: &[AuditRow], seed: u64) -> Changed {
    let at = |level: f64| {
        let mut changed = rows.to_vec();
        for (index, row) in changed.iter_mut().enumerate() {
            for (column, value) in row.values.iter_mut().enumerate() {
                if uniform(mix64(seed ^ ((index as u64) << 20) ^ column as u64)) < level {
                    *value = None;
                }
            }
        }
        (level, changed)
    };
    Changed {
        name: "missing values",
        detail: "this share of the values is not known",
        levels: [0.05, 0.1, 0.2].map(at).to_vec(),
    }
}

/// Bots that take on the values of humans, column by column: at 100 % nothing is left to find.
#[must_use]
pub fn mimicry(rows: &[AuditRow], seed: u64) -> Changed {
    let humans: Vec<usize> = (0..rows.len()).filter(|row| !rows[*row].is_bot).collect();
    let at = |level: f64| {
        let mut changed = rows.to_vec();
        let bots = changed.iter_mut().enumerate().filter(|(_, row)| row.is_bot && !humans.is_empty());
        for (index, row) in bots {
            let model = &rows[humans[(mix64(seed ^ index as u64) % humans.len() as u64) as usize]];
            let columns = permutation(row.values.len(), mix64(seed ^ index as u64 ^ 1));
            let count = (level * columns.len() as f64).round() as usize;
            for column in columns.into_iter().take(count) {
                row.values[column] = model.values[column];
            }
            if level >= 1.0 {
                row.sequence.clone_from(&model.sequence);
            }
        }
        (level, changed)
    };
    Changed {
        name: "mimicry of values",
        detail: "of every positive row, this share of the columns takes the values of a negative one",
        levels: [0.25, 0.5, 1.0].map(at).to_vec(),
    }
}

fn deviation(rows: &[AuditRow], column: usize) -> f64 {
    let known: Vec<f64> = rows.iter().filter_map(|row| row.values[column]).collect();
    let count = known.len().max(1) as f64;
    let mean = known.iter().sum::<f64>() / count;
    (known.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// A number from 0 to 1 that a random one stands for.
pub(crate) fn uniform(random: u64) -> f64 {
    (random >> 11) as f64 / (1u64 << 53) as f64
}

/// A standard normal number (Box and Muller 1958).
pub(crate) fn normal(random: u64) -> f64 {
    let (first, second) = (uniform(random).max(1e-300), uniform(mix64(random)));
    (-2.0 * first.ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}
