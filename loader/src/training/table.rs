//! A version for a detector of table rows.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use botdet_models::artifact::{Artifact, Manifest};
use botdet_models::hash::{hash_bytes, mix64};
use botdet_models::pipeline::{Candidate, Columns, Depth, Pipeline};
use botdet_models::score::Score;

use super::evaluation::Truth;
use super::fit::{
    Division, FEW_ROWS, FeatureSets, FeatureStages, Figures, FitConfig, Inputs, LEAST_OF_EACH, Pool, Scored,
    decide, fit_crossed, judge_candidates, open, probe_step, with_probes, with_reference,
};
use super::record::TrainingRecord;
use super::split::SplitShares;
use crate::error::LoaderError;
use crate::tables::TableData;
use crate::validation::folds::by_shares;

/// Rows by use, as their places in the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableSplit {
    /// Stages learn from these.
    pub training: Vec<usize>,
    /// These stop the training and weigh the stages.
    pub validation: Vec<usize>,
    /// No part of the training sees these.
    pub held_out: Vec<usize>,
}

impl TableSplit {
    /// Splits a table. With times, what came first is learned from and what came last is held out. With groups, a group is never
    /// divided. Otherwise each class is divided alike, in an order drawn from key and seed: a row falls on the same side
    /// whatever else is in the table.
    #[must_use]
    pub fn new(data: &TableData, shares: SplitShares, seed: u64) -> Self {
        let mut split = Self::default();
        if let Some(times) = &data.times {
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by_key(|row| (times[*row], *row));
            // Rows of one moment stay together.
            let groups: Vec<&[usize]> = order.chunk_by(|a, b| times[*a] == times[*b]).collect();
            split.share_out(&groups, order.len(), shares);
        } else if let Some(groups) = &data.groups {
            let mut members: BTreeMap<(u64, &str), Vec<usize>> = BTreeMap::new();
            for (row, group) in groups.iter().enumerate() {
                members.entry((mix64(hash_bytes(group.as_bytes()) ^ seed), group)).or_default().push(row);
            }
            let groups: Vec<&[usize]> = members.values().map(Vec::as_slice).collect();
            split.share_out(&groups, data.labels.len(), shares);
        } else {
            let keys: Vec<u64> = data.keys.iter().map(|key| hash_bytes(key.as_bytes())).collect();
            let shares = [shares.training, shares.validation];
            let mut parts = by_shares(&data.labels, &keys, &shares, seed).into_iter();
            let mut next = || parts.next().unwrap_or_default();
            return Self { training: next(), validation: next(), held_out: next() };
        }
        for part in [&mut split.training, &mut split.validation, &mut split.held_out] {
            part.sort_unstable();
        }
        split
    }

    /// Gives whole groups to the parts, in their order.
    fn share_out(&mut self, groups: &[&[usize]], rows: usize, shares: SplitShares) {
        let mut given = 0;
        for group in groups {
            let share = (given as f64 + group.len() as f64 / 2.0) / rows as f64;
            let part = if share < shares.training {
                &mut self.training
            } else if share < shares.training + shares.validation {
                &mut self.validation
            } else {
                &mut self.held_out
            };
            part.extend(*group);
            given += group.len();
        }
    }
}

/// A trained version, and what it achieves on rows held out.
pub struct TrainedTable {
    /// The version.
    pub artifact: Artifact,
    /// Its rows by use.
    pub split: TableSplit,
    /// Absent when no rows were held out.
    pub held_out: Option<Figures>,
}

/// Trains on a table. `progress` hears the share that is done, and may end the training.
///
/// # Errors
/// [`LoaderError::TooFewRows`] when a part of the split has too few rows of a class; whatever fitting refuses.
pub fn train_table(
    detector: &str,
    data: &TableData,
    config: FitConfig,
    mut record: TrainingRecord,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<TrainedTable, LoaderError> {
    let params = config.params();
    let split = TableSplit::new(data, record.shares(), record.seed);
    check_split(data, &split)?;
    let schema = data.schema()?;
    let columns = Columns::table(schema.clone());
    let training = inputs(data, &columns, &split.training);
    let validation = inputs(data, &columns, &split.validation);
    let is_alike = data.times.is_none() && data.groups.is_none();
    let (stages, rows) = if is_alike && training.labels.len() + validation.labels.len() < FEW_ROWS {
        let pool = Pool { scales: None, rows: &training.with(&validation), younger: None };
        fit_crossed(&pool, params, progress)?
    } else {
        let sets = FeatureSets {
            scales: None,
            training: &training,
            division: &division(data, &split.training),
            tree_training: &training,
            tree_validation: Some(&validation),
        };
        let stages = FeatureStages::fit(&sets, params, progress)?;
        let scores = stages.scores(&validation);
        (stages, Scored { scores, young: vec![false; validation.labels.len()], labels: validation.labels })
    };
    let decision = decide(&stages, &rows, None, params)?;
    let mut manifest = Manifest::new(detector, columns.fingerprint(), params.seed);
    manifest.description = record.description(split.training.len());
    record.importances.clone_from(&stages.importances);
    record.trials.clone_from(&stages.trials);
    manifest.training = serde_json::to_value(&record)?;
    let mut parts = vec![
        (Columns::SCHEMA, serde_json::to_vec(&schema)?),
        (Pipeline::DECISION, serde_json::to_vec(&decision)?),
    ];
    parts.extend(stages.parts());
    let values_of = |rows: &mut dyn Iterator<Item = &usize>| -> Vec<Vec<Option<f64>>> {
        rows.map(|row| values(data, *row)).collect()
    };
    let probed = values_of(&mut split.validation.iter().step_by(probe_step(split.validation.len())));
    let candidates: Vec<Candidate<'_>> =
        probed.iter().map(|values| Candidate { values, sequence: None }).collect();
    let trained = values_of(&mut split.training.iter());
    let trained: Vec<&[Option<f64>]> = trained.iter().map(Vec::as_slice).collect();
    let artifact = with_probes(Artifact::new(manifest, parts), &candidates)?;
    let artifact = with_reference(artifact, &trained, &candidates)?;
    let held_out =
        if split.held_out.is_empty() { None } else { Some(judge_rows(&artifact, data, &split.held_out)?) };
    let artifact = artifact.with_metrics(serde_json::to_value(&held_out)?);
    Ok(TrainedTable { artifact, split, held_out })
}

/// Judges a version on some rows of a table.
///
/// # Errors
/// [`LoaderError::Pipeline`] when the artifact cannot be run.
pub fn judge_rows(artifact: &Artifact, data: &TableData, rows: &[usize]) -> Result<Figures, LoaderError> {
    let values: Vec<Vec<Option<f64>>> = rows.iter().map(|row| values(data, *row)).collect();
    let candidates: Vec<Candidate<'_>> =
        values.iter().map(|values| Candidate { values, sequence: None }).collect();
    let truth: Vec<Truth> =
        rows.iter().map(|row| Truth { is_bot: data.labels[*row], strategy: None }).collect();
    judge_candidates(artifact, &candidates, &truth)
}

/// Scores of rows, given as a pipeline takes them.
///
/// # Errors
/// [`LoaderError::Pipeline`] when the artifact cannot be run.
pub fn score_rows(artifact: &Artifact, rows: &[Vec<Option<f64>>]) -> Result<Vec<Score>, LoaderError> {
    let candidates: Vec<Candidate<'_>> =
        rows.iter().map(|values| Candidate { values, sequence: None }).collect();
    Ok(open(artifact)?.score(&candidates, Depth::Full, &mut || {})?)
}

/// A row's values as a pipeline takes them.
#[must_use]
pub fn values(data: &TableData, row: usize) -> Vec<Option<f64>> {
    let known = |value: &f32| (!value.is_nan()).then(|| f64::from(*value));
    data.rows.row(row).iter().map(known).collect()
}

fn inputs(data: &TableData, columns: &Columns, rows: &[usize]) -> Inputs {
    Inputs {
        values: rows.iter().flat_map(|row| columns.inputs(&values(data, *row))).collect(),
        width: columns.input_count(),
        labels: rows.iter().map(|row| data.labels[*row]).collect(),
        weights: vec![1.0; rows.len()],
    }
}

/// Search is judged as the version is, or it would choose what knows the future, or the groups, best.
fn division(data: &TableData, rows: &[usize]) -> Division {
    match (&data.times, &data.groups) {
        (Some(times), _) => Division::Times(rows.iter().map(|row| times[*row]).collect()),
        (None, Some(groups)) => {
            Division::Groups(rows.iter().map(|row| hash_bytes(groups[*row].as_bytes())).collect())
        }
        (None, None) => Division::Alike,
    }
}

/// A part without enough rows of a class teaches nothing, and a split by time or group may well make one.
fn check_split(data: &TableData, split: &TableSplit) -> Result<(), LoaderError> {
    for (part, rows, least) in
        [("train on", &split.training, LEAST_OF_EACH / 2), ("weigh the stages on", &split.validation, 2)]
    {
        let positive = rows.iter().filter(|row| data.labels[**row]).count();
        let negative = rows.len() - positive;
        if positive.min(negative) < least {
            return Err(LoaderError::TooFewRows { part, positive, negative, least });
        }
    }
    Ok(())
}
