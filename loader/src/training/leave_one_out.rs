//! How much is found of a strategy that was never trained on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use botdet_models::artifact::Artifact;
use botdet_models::metrics::{recall, roc_auc, threshold_at_false_positive_rate};
use botdet_models::pipeline::Depth;
use botdet_models::score::Score;
use postgres::Client;
use serde::Serialize;

use super::dataset::{Example, Histories, LabelledAccount};
use super::evaluation::FALSE_POSITIVE_RATE;
use super::fit::{FitConfig, Progress, fit, scores};
use super::record::TrainingRecord;
use super::split::{Split, stratified};
use crate::error::LoaderError;

/// What is found of a strategy by a version that was trained without it.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    /// Bots of the strategy, none of them trained on.
    pub accounts: usize,
    /// ROC-AUC of these against humans held out.
    pub roc_auc: Option<f64>,
    /// Share of these above the score that 1 % of the humans held out reach.
    pub recall_at_1_percent: Option<f64>,
    /// The same by the filter alone.
    pub filter_recall_at_1_percent: Option<f64>,
    /// The share that a version finds which was trained with them, of those held out then.
    pub seen_recall_at_1_percent: Option<f64>,
}

/// Trains without each strategy in turn, and once with all. `progress` hears the share that is done and the strategy.
///
/// # Errors
/// Whatever reading and fitting refuse.
pub fn leave_one_out(
    client: &mut Client,
    accounts: &[LabelledAccount],
    config: FitConfig,
    record: &TrainingRecord,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<BTreeMap<String, LeftOut>, LoaderError> {
    let everyone: Vec<&LabelledAccount> = accounts.iter().collect();
    let examples = Examples::of(Histories::read(client, &everyone, record.seed)?);
    let strategies: BTreeSet<&str> =
        accounts.iter().filter_map(|account| account.strategy.as_deref()).collect();
    let rounds = strategies.len() as f64 + 1.0;
    let (with_all, split) =
        examples.train(&everyone, config, record, &mut |share| progress(share / rounds, "all"))?;
    let seen =
        recalls_by_strategy(&scores(&with_all, &examples.grown(&split.held_out), Depth::Full)?, &split);
    let mut results = BTreeMap::new();
    for (index, strategy) in strategies.iter().enumerate() {
        let (of_strategy, others): (Vec<&LabelledAccount>, Vec<&LabelledAccount>) =
            everyone.iter().partition(|account| account.strategy.as_deref() == Some(*strategy));
        let (artifact, split) = examples.train(&others, config, record, &mut |share| {
            progress((index as f64 + 1.0 + share) / rounds, strategy);
        })?;
        let humans = split.held_out.into_iter().filter(|account| !account.is_bot);
        let judged: Vec<&LabelledAccount> = humans.chain(of_strategy.iter().copied()).collect();
        let judged = examples.grown(&judged);
        let labels: Vec<bool> = judged.iter().map(|example| example.is_bot).collect();
        let probabilities = |depth| -> Result<Vec<f64>, LoaderError> {
            Ok(scores(&artifact, &judged, depth)?.iter().map(|score| score.probability).collect())
        };
        let (by_pipeline, by_filter) = (probabilities(Depth::Full)?, probabilities(Depth::Filter)?);
        let left_out = LeftOut {
            accounts: of_strategy.len(),
            roc_auc: roc_auc(&by_pipeline, &labels),
            recall_at_1_percent: strict_recall(&by_pipeline, &labels),
            filter_recall_at_1_percent: strict_recall(&by_filter, &labels),
            seen_recall_at_1_percent: seen.get(*strategy).copied().flatten(),
        };
        results.insert((*strategy).to_owned(), left_out);
    }
    Ok(results)
}

/// All accounts, read once, by number.
struct Examples {
    grown: HashMap<i64, Example>,
    younger: HashMap<i64, Example>,
}

impl Examples {
    fn of(histories: Histories) -> Self {
        let by_number = |examples: Vec<Example>| {
            examples.into_iter().map(|example| (example.account_id, example)).collect()
        };
        Self { grown: by_number(histories.grown), younger: by_number(histories.younger) }
    }

    fn grown(&self, accounts: &[&LabelledAccount]) -> Vec<Example> {
        accounts.iter().filter_map(|account| self.grown.get(&account.account_id)).cloned().collect()
    }

    /// A version of these accounts, and which of them were for what.
    fn train<'a>(
        &self,
        accounts: &[&'a LabelledAccount],
        config: FitConfig,
        record: &TrainingRecord,
        progress: &mut dyn FnMut(f64),
    ) -> Result<(Artifact, Split<'a>), LoaderError> {
        let split = stratified(accounts.iter().copied(), record.shares(), record.seed);
        let (training, validation) = (self.histories(&split.training), self.histories(&split.validation));
        let epochs = config.params().epochs.max(1) as f64;
        let artifact = fit(&training, &validation, config, record.clone(), None, &mut |done| {
            if let Progress::Epoch(epoch) = done {
                progress(epoch.epoch as f64 / epochs);
            }
            ControlFlow::Continue(())
        })?;
        Ok((artifact, split))
    }

    fn histories(&self, accounts: &[&LabelledAccount]) -> Histories {
        let younger = accounts.iter().filter_map(|account| self.younger.get(&account.account_id));
        Histories { grown: self.grown(accounts), younger: younger.cloned().collect() }
    }
}

fn strict_recall(scores: &[f64], labels: &[bool]) -> Option<f64> {
    recall(scores, labels, threshold_at_false_positive_rate(scores, labels, FALSE_POSITIVE_RATE))
}

/// Each strategy's recall among the accounts that a split holds out.
fn recalls_by_strategy(scores: &[Score], split: &Split<'_>) -> BTreeMap<String, Option<f64>> {
    let probabilities: Vec<f64> = scores.iter().map(|score| score.probability).collect();
    let labels: Vec<bool> = split.held_out.iter().map(|account| account.is_bot).collect();
    let threshold = threshold_at_false_positive_rate(&probabilities, &labels, FALSE_POSITIVE_RATE);
    let mut found: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for (account, probability) in split.held_out.iter().zip(&probabilities) {
        if let Some(strategy) = &account.strategy {
            let counts = found.entry(strategy.clone()).or_default();
            counts.0 += u32::from(*probability >= threshold);
            counts.1 += 1;
        }
    }
    found.into_iter().map(|(name, (found, all))| (name, Some(f64::from(found) / f64::from(all)))).collect()
}
