//! AdaBoost: shallow trees that vote, each on rows weighted towards what the others got wrong (SAMME for two classes: Zhu, Zou,
//! Rosset & Hastie, "Multi-class AdaBoost", 2009).

use botdet_models::trees::{Combination, MAX_DEPTH, TreeNode};

use super::bins::MAX_BINS;
use super::grower::{GrowSettings, Grower};
use super::histogram::Mass;
use super::random::Stream;
use super::settings::{fits, within};
use super::training_set::{Cuts, TrainingSet, quantise};
use super::{Fitted, build};
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError};

const NAME: &str = "adaboost";

/// Settings of AdaBoost, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct AdaBoostParams {
    /// Trees that vote, 1 to 10,000.
    pub trees: usize,
    /// Splits between root and leaf, 1 to 64.
    pub depth: usize,
    /// Part of each vote that counts, above 0 and up to 2.
    pub learning_rate: f64,
    /// Whether both classes get the same total weight to begin with.
    pub balanced: bool,
}

impl Default for AdaBoostParams {
    fn default() -> Self {
        Self { trees: 100, depth: 2, learning_rate: 0.5, balanced: false }
    }
}

impl AdaBoostParams {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`ZooError::Setting`] for one out of bounds.
    pub fn check(self) -> Result<AdaBoostConfig, ZooError> {
        within(NAME, "trees", self.trees as f64, 1.0, 10_000.0)?;
        within(NAME, "depth", self.depth as f64, 1.0, MAX_DEPTH as f64)?;
        within(NAME, "learning_rate", self.learning_rate, 1e-6, 2.0)?;
        Ok(AdaBoostConfig(self))
    }
}

/// Checked settings of AdaBoost.
#[derive(Clone, Copy, Debug)]
pub struct AdaBoostConfig(AdaBoostParams);

impl AdaBoostConfig {
    /// Grows the trees. The sum of the votes estimates log-odds (Friedman, Hastie & Tibshirani, "Additive logistic regression",
    /// 2000), so that leaves hold them as such.
    ///
    /// # Errors
    /// [`ZooError`] when the sample is too wide, or the session is cancelled, which takes no longer than a tree.
    pub fn fit_ensemble(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Fitted, ZooError> {
        let (params, width) = (self.0, sample.rows().width());
        fits(NAME, sample)?;
        let mut set = TrainingSet::new(sample, params.balanced, Cuts::ByClass, MAX_BINS, session.threads);
        let settings =
            GrowSettings { depth: params.depth, min_split: 2, features: width, random_cuts: false };
        let mut grower = Grower::new(&set.binned, settings);
        let (mut trees, mut gains) = (Vec::new(), vec![0.0; width]);
        for round in 0..params.trees {
            let (weights, unit) = quantise(&set.weights);
            let masses = weights.iter().zip(&set.labels).map(|(weight, label)| Mass::new(*weight, *label));
            let mut stream = Stream::new(session.seed, round as u64);
            let tree = grower.grow((0..).zip(masses), unit, &mut stream, &mut gains);
            let verdicts = verdicts(sample, &set.chosen, &tree)?;
            let Some(vote) = vote(&verdicts, &set.labels, &set.weights) else {
                if trees.is_empty() {
                    trees.push(voting(tree, 0.0));
                }
                break;
            };
            let vote = vote * params.learning_rate;
            reweigh(&mut set.weights, &set.labels, &verdicts, vote);
            trees.push(voting(tree, vote));
            if (session.progress)((round + 1) as f64 / params.trees as f64).is_break() {
                return Err(ZooError::Cancelled(NAME));
            }
        }
        Fitted::new(NAME, width, Combination::Sum { base: 0.0 }, &trees, gains)
    }
}

impl Learner for AdaBoostConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        Ok(Box::new(self.fit_ensemble(sample, session)?.ensemble))
    }
}

/// What a tree says of each row.
fn verdicts(sample: Sample<'_>, chosen: &[u32], tree: &[TreeNode]) -> Result<Vec<bool>, ZooError> {
    let tree = build(NAME, sample.rows().width(), Combination::Mean, &[tree.to_vec()])?;
    let shares = tree.margins(sample.rows());
    Ok(chosen.iter().map(|row| shares[*row as usize] > 0.5).collect())
}

/// The weight of a tree's vote: the log-odds that it is right. `None` where it is right no oftener than a coin.
fn vote(verdicts: &[bool], labels: &[bool], weights: &[f64]) -> Option<f64> {
    let total: f64 = weights.iter().sum();
    let wrong = verdicts.iter().zip(labels).zip(weights).filter(|((verdict, label), _)| verdict != label);
    // A tree without fault would have the last word for ever.
    let error = (wrong.map(|(_, weight)| weight).sum::<f64>() / total).max(1e-9);
    (error < 0.5).then(|| ((1.0 - error) / error).ln())
}

fn reweigh(weights: &mut [f64], labels: &[bool], verdicts: &[bool], vote: f64) {
    let before: f64 = weights.iter().sum();
    let (up, rows) = (vote.exp(), verdicts.iter().zip(labels));
    weights.iter_mut().zip(rows).filter(|(_, (verdict, label))| verdict != label).for_each(|(w, _)| *w *= up);
    let after: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight *= before / after);
}

/// A tree of which the leaves vote for their class.
fn voting(mut tree: Vec<TreeNode>, vote: f64) -> Vec<TreeNode> {
    for node in &mut tree {
        if let TreeNode::Leaf { value, .. } = node {
            *value = if *value > 0.5 { vote as f32 } else { -vote as f32 };
        }
    }
    tree
}
