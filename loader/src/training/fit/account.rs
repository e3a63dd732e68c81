//! A version for detector `account`: features and sequences.

use std::ops::ControlFlow;

use botdet_models::artifact::{Artifact, Manifest};
use botdet_models::features::{ACCOUNT_FEATURE_COUNT, ACCOUNT_FEATURES, Scale};
use botdet_models::pipeline::{ACCOUNT, Candidate, Columns, Pipeline, is_young};

use super::crossed::{FEW_ROWS, Pool, fit_crossed};
use super::decide::{LEAST_WEIGHT, Scored, decide};
use super::judge::{probe_step, with_probes, with_reference};
use super::params::{FitConfig, FitParams};
use super::stages::{Division, FeatureSets, FeatureStages, Inputs, balanced_weights};
use crate::error::LoaderError;
use crate::gru::{self, CheckpointFile, EpochReport, GruNetwork, TrainingHistory};
use crate::onnx;
use crate::training::dataset::{Example, Histories};
use crate::training::record::{EpochRecord, TrainingRecord};

/// How far a training is.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// The sequence model has learned for another epoch; whoever ends the training here keeps what it has learned.
    Epoch(&'a EpochReport),
    /// This share of the stages that look at features is done, 0 to 1; whoever ends the training here has none.
    Features(f64),
}

/// Trains on `training`, stops and weighs on `validation`; on both together where accounts are few and there is no sequence
/// model. The filter and the anomaly models are about grown accounts
/// and learn from these alone; trees and sequence model learn from younger ones as well. `progress` hears of every epoch and of what
/// looks at features, and may end it. With a checkpoint, the training of the sequence model can be interrupted and gone on with.
///
/// # Errors
/// [`LoaderError`] when a part cannot be fitted.
pub fn fit(
    training: &Histories,
    validation: &Histories,
    config: FitConfig,
    mut record: TrainingRecord,
    checkpoint: Option<&CheckpointFile>,
    progress: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Artifact, LoaderError> {
    let params = config.params();
    let scales: Vec<Scale> = ACCOUNT_FEATURES.iter().map(|feature| feature.scale).collect();
    let network = if params.epochs > 0 && training.grown.len() >= params.sequence_accounts {
        let (network, history) = fit_sequence(training, validation, params, checkpoint, &mut |epoch| {
            progress(Progress::Epoch(epoch))
        })?;
        record.epochs = history.epochs.iter().map(EpochRecord::from).collect();
        Some(network)
    } else {
        None
    };
    let accounts = training.grown.len() + validation.grown.len();
    let mut of_features = |share| progress(Progress::Features(share));
    let (stages, rows) = if network.is_none() && accounts < FEW_ROWS {
        let pool = Pool {
            scales: Some(&scales),
            rows: &inputs(training.grown.iter().chain(&validation.grown)),
            younger: Some(&inputs(training.younger.iter().chain(&validation.younger))),
        };
        fit_crossed(&pool, params, &mut of_features)?
    } else {
        let sets = FeatureSets {
            scales: Some(&scales),
            training: &inputs(training.grown.iter()),
            division: &Division::Alike,
            tree_training: &inputs(training.all()),
            tree_validation: Some(&inputs(validation.all())),
        };
        let stages = FeatureStages::fit(&sets, params, &mut of_features)?;
        let rows = scored(&stages, validation.grown.iter().filter(|example| example.weight >= LEAST_WEIGHT));
        (stages, rows)
    };
    let sequences = match &network {
        Some(network) => Some(scored_sequences(&stages, network, validation)?),
        None => None,
    };
    let decision = decide(&stages, &rows, sequences.as_ref(), params)?;

    let mut manifest = Manifest::new(ACCOUNT, Columns::account().fingerprint(), params.seed);
    manifest.description = record.description(training.grown.len());
    record.importances.clone_from(&stages.importances);
    record.trials.clone_from(&stages.trials);
    manifest.training = serde_json::to_value(&record)?;
    let mut parts = vec![(Pipeline::DECISION, serde_json::to_vec(&decision)?)];
    parts.extend(stages.parts());
    if let Some(network) = &network {
        parts.push((Pipeline::SEQUENCE, onnx::gru_model(network, &[("schema", &manifest.schema)])));
    }
    let step = probe_step(validation.all().count());
    let candidates: Vec<Candidate<'_>> = validation.all().step_by(step).map(Example::candidate).collect();
    let artifact = with_probes(Artifact::new(manifest, parts), &candidates)?;
    // Of grown accounts, as those are that will be scored.
    let trained: Vec<&[Option<f64>]> =
        training.grown.iter().map(|example| &example.features.values()[..]).collect();
    let step = probe_step(validation.grown.len());
    let unseen: Vec<Candidate<'_>> = validation.grown.iter().step_by(step).map(Example::candidate).collect();
    with_reference(artifact, &trained, &unseen)
}

pub(crate) fn inputs<'a>(examples: impl Iterator<Item = &'a Example> + Clone) -> Inputs {
    let columns = Columns::account();
    Inputs {
        values: examples.clone().flat_map(|example| columns.inputs(example.features.values())).collect(),
        width: ACCOUNT_FEATURE_COUNT,
        labels: examples.clone().map(|example| example.is_bot).collect(),
        weights: examples.map(|example| example.weight).collect(),
    }
}

fn scored<'a>(stages: &FeatureStages, examples: impl Iterator<Item = &'a Example> + Clone) -> Scored {
    let inputs = inputs(examples.clone());
    let young = examples.map(|example| example.sequence.as_ref().is_some_and(is_young));
    Scored { scores: stages.scores(&inputs), young: young.collect(), labels: inputs.labels }
}

fn scored_sequences(
    stages: &FeatureStages,
    network: &GruNetwork,
    validation: &Histories,
) -> Result<Scored, LoaderError> {
    let is_sure = |example: &Example| example.weight >= LEAST_WEIGHT;
    let active = || validation.all().filter(|example| example.sequence.is_some() && is_sure(example));
    let steps: Vec<&[f32]> =
        active().filter_map(|example| example.sequence.as_ref()).map(|sequence| sequence.steps()).collect();
    let mut scored = scored(stages, active());
    for (scores, logit) in scored.scores.iter_mut().zip(network.logits(&steps)?) {
        scores.sequence = Some(f64::from(logit));
    }
    Ok(scored)
}

fn fit_sequence(
    training: &Histories,
    validation: &Histories,
    params: &FitParams,
    checkpoint: Option<&CheckpointFile>,
    progress: &mut dyn FnMut(&EpochReport) -> ControlFlow<()>,
) -> Result<(GruNetwork, TrainingHistory), LoaderError> {
    let training = labelled_sequences(training);
    let validation = labelled_sequences(validation);
    let settings = params.gru_params().check()?;
    Ok(gru::train_with(params.gru_config()?, &settings, &training, &validation, checkpoint, progress)?)
}

fn labelled_sequences(histories: &Histories) -> Vec<gru::Sequence<'_>> {
    let labels: Vec<bool> = histories.all().map(|example| example.is_bot).collect();
    let weights: Vec<f64> = histories.all().map(|example| example.weight).collect();
    let pairs = histories.all().zip(balanced_weights(&labels, &weights));
    pairs
        .filter_map(|(example, weight)| {
            Some(gru::Sequence {
                steps: example.sequence.as_ref()?.steps(),
                label: f32::from(example.is_bot),
                weight: weight as f32,
            })
        })
        .collect()
}
