//! The champion's filter, gone on learning from the labels told since: minutes of new labels instead of a training.

use botdet_models::artifact::Artifact;
use botdet_models::hash::mix64;
use botdet_models::logistic::Observations;
use botdet_models::pipeline::{Candidate as Row, Columns, Decision, Pipeline, PipelineError};
use botdet_models::sgd::Sgd;
use postgres::Client;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::Watch;
use super::candidate::{Candidate, Feedback};
use super::champion::Champion;
use super::parameters::{Parameters, UpdateParameters};
use crate::error::LoaderError;
use crate::training::dataset::{Example, LabelledAccount};
use crate::training::fit::{balanced_weights, inputs, open, probe_step, with_probes};
use crate::training::record::TrainingRecord;
use crate::training::split::by_recency;

/// Takes the champion's filter further, by small steps of gradient descent on the labels told since it was registered, and compares
/// the result with it. All other stages stay as they are.
///
/// As many accounts of before are learned from along with the new ones: a model that only ever sees what is new forgets the rest
/// (rehearsal; Robins, 1995).
///
/// # Errors
/// [`LoaderError::NothingNew`], [`LoaderError::Cancelled`], and whatever reading and learning refuse.
pub fn update(
    client: &mut Client,
    champion: &Champion,
    parameters: &Parameters,
    margin: f64,
    watch: &mut dyn Watch,
) -> Result<Candidate, LoaderError> {
    let settings = parameters.of_update()?;
    let record = TrainingRecord::of(champion.artifact.manifest())?;
    let feedback = Feedback::read(client, Some(champion), record.seed, watch)?;
    let [before, recent] = by_recency(&feedback.labels, record.shares(), record.seed);
    let new = [&recent.training[..], &recent.validation].concat();
    if new.is_empty() {
        return Err(LoaderError::NothingNew(champion.version.clone()));
    }
    let mut old: Vec<&LabelledAccount> = [&before.training[..], &before.validation].concat();
    let mut random = ChaCha8Rng::seed_from_u64(mix64(record.seed ^ new.len() as u64));
    old.shuffle(&mut random);
    old.truncate(new.len());
    let mut learned = feedback.examples.grown(&[new, old].concat());
    learned.shuffle(&mut random);

    let artifact = learn_on(champion, &learned, settings, record, &mut random, watch)?;
    let held_out = feedback.examples.grown(&[&before.held_out[..], &recent.held_out].concat());
    let step = probe_step(held_out.len());
    // Those it brings along were answered by the filter before.
    let probed: Vec<Row<'_>> =
        held_out.iter().chain(&learned).step_by(step).map(Example::candidate).collect();
    let artifact = with_probes(artifact.without_part(Pipeline::PROBES), &probed)?;
    watch.note("comparing with the champion", 0.85)?;
    feedback.report(artifact, Some(champion), (&before.held_out, &recent.held_out), learned.len(), margin)
}

/// The champion with a filter that has learned from these accounts, over and over, in another order each time.
fn learn_on(
    champion: &Champion,
    learned: &[Example],
    settings: UpdateParameters,
    record: TrainingRecord,
    random: &mut ChaCha8Rng,
    watch: &mut dyn Watch,
) -> Result<Artifact, LoaderError> {
    let mut decision: Decision = open(&champion.artifact)?.decision().clone();
    let rows = inputs(learned.iter());
    let standardised: Vec<Vec<f64>> =
        rows.values.chunks_exact(rows.width).map(|row| decision.preprocessor.apply(row)).collect();
    let weights = balanced_weights(&rows.labels, &rows.weights);
    let filter = &decision.filter;
    let mut sgd = Sgd::starting_at(filter.intercept, &filter.coefficients, settings.step)?;
    let mut order: Vec<usize> = (0..rows.labels.len()).collect();
    while sgd.steps() < settings.steps {
        watch.note("learning on", 0.35 + 0.5 * sgd.steps() as f64 / settings.steps as f64)?;
        order.shuffle(random);
        let inputs: Vec<f64> = order.iter().flat_map(|row| standardised[*row].iter().copied()).collect();
        let targets: Vec<f64> = order.iter().map(|row| f64::from(rows.labels[*row])).collect();
        let weights: Vec<f64> = order.iter().map(|row| weights[*row]).collect();
        sgd.partial_fit(Observations { inputs: &inputs, targets: &targets, weights: &weights })?;
    }
    decision.filter = filter.moved(sgd.intercept(), sgd.coefficients());
    decision
        .check(&Columns::of(&champion.artifact)?)
        .map_err(|reason| PipelineError::Part { part: Pipeline::DECISION, reason })?;
    let record = TrainingRecord { updated_from: Some(champion.version.clone()), ..record };
    let description = format!("{}, its filter updated with {} accounts", champion.version, learned.len());
    let artifact =
        champion.artifact.clone().with_replaced(Pipeline::DECISION, serde_json::to_vec(&decision)?);
    Ok(artifact
        .map_err(PipelineError::from)?
        .with_training(serde_json::to_value(&record)?)
        .with_description(description))
}
