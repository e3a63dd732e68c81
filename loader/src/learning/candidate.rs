//! A new version of all labels, compared with the champion.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::Depth;
use postgres::Client;
use serde::Serialize;

use super::champion::Champion;
use super::compare::{Difference, Outcome, Pair, compare, judge as verdict};
use super::parameters::Parameters;
use super::reviewers::{Suspect, suspects};
use super::watch::{Listener, Watch};
use crate::commands::train::check_labels;
use crate::error::LoaderError;
use crate::gru::{CheckpointFile, Existing, Interval};
use crate::training::dataset::{Example, Histories, Label, LabelledAccount, compare_accounts, labels};
use crate::training::fit::{Figures, Progress, fit, inputs, judge, scores};
use crate::training::record::DataRecord;
use crate::training::split::by_recency;

/// Accounts that are read at a time, between two looks at whether to go on.
const CHUNK: usize = 500;

/// A version that could take the champion's place.
pub struct Candidate {
    /// The version.
    pub artifact: Artifact,
    /// What is known of it.
    pub report: Report,
}

/// What came of a training, as `botdet.job.result` holds it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether it should be tried.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// What it was compared with.
    pub champion: Option<String>,
    /// Labels there are.
    pub labels: usize,
    /// Of these, told since the champion was registered; `None` for rows of a table, which do not say.
    pub recent_labels: Option<usize>,
    /// Accounts or rows that were learned from.
    pub learned_from: usize,
    /// Reviewers whose labels were left out, since they contradict all others.
    pub left_out: Vec<Suspect>,
    /// Beside the champion, on accounts from before it.
    pub before: Option<Difference>,
    /// Beside the champion, on labels told since.
    pub recent: Option<Difference>,
    /// Beside the champion, on rows of a table that were held out.
    pub rows: Option<Difference>,
    /// What was left out of a table, and why.
    pub notices: Vec<String>,
    /// Figures on all accounts or rows held out.
    pub held_out: Option<Figures>,
}

/// Labels with what is known of their accounts, without those that are not to be believed.
pub(super) struct Feedback {
    pub labels: Vec<Label>,
    pub examples: Examples,
    pub left_out: Vec<Suspect>,
    pub recent: usize,
}

/// Accounts by number, as they are and as they were when they were younger.
pub(super) struct Examples {
    grown: HashMap<i64, Example>,
    younger: HashMap<i64, Example>,
}

impl Examples {
    fn read(
        client: &mut Client,
        accounts: &[&LabelledAccount],
        seed: u64,
        watch: &mut dyn FnMut(f64) -> Result<(), LoaderError>,
    ) -> Result<Self, LoaderError> {
        let (mut grown, mut younger) = (HashMap::new(), HashMap::new());
        let mut done = 0;
        for chunk in accounts.chunks(CHUNK) {
            watch(done as f64 / accounts.len() as f64)?;
            let read = Histories::read(client, chunk, seed)?;
            grown.extend(read.grown.into_iter().map(|example| (example.account_id, example)));
            younger.extend(read.younger.into_iter().map(|example| (example.account_id, example)));
            done += chunk.len();
        }
        Ok(Self { grown, younger })
    }

    pub(super) fn grown(&self, accounts: &[&LabelledAccount]) -> Vec<Example> {
        accounts.iter().filter_map(|account| self.grown.get(&account.account_id)).cloned().collect()
    }

    fn histories(&self, accounts: &[&LabelledAccount]) -> Histories {
        let younger = accounts.iter().filter_map(|account| self.younger.get(&account.account_id));
        Histories { grown: self.grown(accounts), younger: younger.cloned().collect() }
    }
}

impl Feedback {
    /// Reads all labels and their accounts, and leaves out whom nobody should learn from.
    pub(super) fn read(
        client: &mut Client,
        champion: Option<&Champion>,
        seed: u64,
        watch: &mut dyn Watch,
    ) -> Result<Self, LoaderError> {
        watch.note("reading labels", 0.0)?;
        let mut all = labels(client, champion.map(|champion| champion.registered_at))?;
        let recent = all.iter().filter(|label| label.is_recent).count();
        watch.note("comparing accounts with each other", 0.02)?;
        compare_accounts(client)?;
        let accounts: Vec<&LabelledAccount> = all.iter().map(|label| &label.account).collect();
        let examples = Examples::read(client, &accounts, seed, &mut |share| {
            watch.note("reading accounts", 0.05 + 0.25 * share)
        })?;
        watch.note("comparing reviewers", 0.3)?;
        let rows: Vec<Example> = examples.grown(&accounts);
        let reviewers: Vec<Option<&str>> =
            all.iter().map(|label| label.is_recent.then_some(label.labelled_by.as_str())).collect();
        let left_out = suspects(&inputs(rows.iter()), &reviewers)?;
        let names: HashSet<&str> = left_out.iter().map(|suspect| suspect.reviewer.as_str()).collect();
        all.retain(|label| {
            label.account.weight > 0.0 && !(label.is_recent && names.contains(label.labelled_by.as_str()))
        });
        drop(names);
        Ok(Self { labels: all, examples, left_out, recent })
    }

    /// Compares a candidate with the champion on what was held out, and says what follows.
    pub(super) fn report(
        &self,
        artifact: Artifact,
        champion: Option<&Champion>,
        held_out: (&[&LabelledAccount], &[&LabelledAccount]),
        learned_from: usize,
        margin: f64,
    ) -> Result<Candidate, LoaderError> {
        let seed = artifact.manifest().seed;
        let before = self.examples.grown(held_out.0);
        let recent = self.examples.grown(held_out.1);
        let compared = |examples: &[Example]| match champion {
            Some(champion) => Ok(compare(&pairs(&champion.artifact, &artifact, examples)?, seed)),
            None => Ok::<_, LoaderError>(None),
        };
        let (by_before, by_recent) = (compared(&before)?, compared(&recent)?);
        let on = [("accounts of before", by_before.as_ref()), ("labels told since", by_recent.as_ref())];
        let (outcome, reason) = champion.map_or_else(no_champion, |_| verdict(&on, margin));
        let all = [before, recent].concat();
        let figures = if all.is_empty() { None } else { Some(judge(&artifact, &all)?) };
        let artifact = artifact.with_metrics(serde_json::to_value(&figures)?);
        let report = Report {
            outcome,
            reason,
            champion: champion.map(|champion| champion.version.clone()),
            labels: self.labels.len(),
            recent_labels: Some(self.recent),
            learned_from,
            left_out: self.left_out.clone(),
            before: by_before,
            recent: by_recent,
            rows: None,
            notices: Vec::new(),
            held_out: figures,
        };
        Ok(Candidate { artifact, report })
    }
}

/// What both versions say of the same accounts.
fn pairs(champion: &Artifact, candidate: &Artifact, examples: &[Example]) -> Result<Vec<Pair>, LoaderError> {
    let by_champion = scores(champion, examples, Depth::Full)?;
    let by_candidate = scores(candidate, examples, Depth::Full)?;
    let both = by_champion.iter().zip(&by_candidate).zip(examples);
    Ok(both.map(|(scores, example)| Pair::of(scores, example.is_bot, example.weight)).collect())
}

/// What follows where nothing answers.
pub(super) fn no_champion() -> (Outcome, String) {
    (Outcome::NoChampion, "there is no champion to compare it with".to_owned())
}

/// Trains a version on all labels of accounts, each by the trust in it, and compares it with the champion. With a checkpoint file, the
/// training of the sequence model goes on from where a job that was cut off had come to.
///
/// # Errors
/// [`LoaderError::TooFewLabels`], [`LoaderError::Cancelled`], and whatever reading and fitting refuse.
pub fn retrain(
    client: &mut Client,
    champion: Option<&Champion>,
    parameters: &Parameters,
    margin: f64,
    checkpoint: Option<&Path>,
    watch: &mut dyn Watch,
) -> Result<Candidate, LoaderError> {
    let record = champion.and_then(Champion::record);
    let options = parameters.options(record.as_ref())?;
    let config = options.params()?.check()?;
    let (shares, seed) = (options.model.shares()?, options.model.seed);
    let feedback = Feedback::read(client, champion, seed, watch)?;
    let [before, recent] = by_recency(&feedback.labels, shares, seed);
    let together = |first: &[&LabelledAccount], second: &[&LabelledAccount]| {
        feedback.examples.histories(&[first, second].concat())
    };
    let training = together(&before.training, &recent.training);
    let validation = together(&before.validation, &recent.validation);
    let learned: Vec<LabelledAccount> =
        before.training.iter().chain(&recent.training).map(|account| (*account).clone()).collect();
    check_labels("of all labels", &learned)?;
    let checkpoint = checkpoint.map(|path| CheckpointFile::new(path, Interval::Epochs(1), Existing::Resume));
    let checkpoint = checkpoint.transpose()?;

    watch.note("training", 0.35)?;
    let epochs = config.params().epochs.max(1) as f64;
    let recent_since = champion.map(|champion| champion.registered_at);
    let data = options.model.record(DataRecord::Labels { recent_since });
    let mut listener = Listener::new(watch);
    let fitted = fit(&training, &validation, config, data, checkpoint.as_ref(), &mut |done| {
        let (phase, share) = match done {
            Progress::Epoch(epoch) => ("training the sequence model", 0.8 * epoch.epoch as f64 / epochs),
            Progress::Features(share) => ("training on features", 0.8 + 0.2 * share),
        };
        listener.hear(phase, 0.35 + 0.5 * share)
    });
    let artifact = listener.outcome(fitted)?;
    watch.note("comparing with the champion", 0.85)?;
    let learned_from = training.grown.len() + validation.grown.len();
    feedback.report(artifact, champion, (&before.held_out, &recent.held_out), learned_from, margin)
}
