//! Round by round.

use botdet_models::rows::Rows;
use botdet_models::trees::{Combination, TreeNode};

use super::super::random::Stream;
use super::super::settings::fits;
use super::super::training_set::{Cuts, TrainingSet};
use super::super::{Fitted, build};
use super::gradients::Gradients;
use super::grower::{Grower, Grown};
use super::params::{BoostingConfig, BoostingParams, EarlyStopping, NAME};
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError};

impl BoostingConfig {
    /// Grows the trees. Rows of the validation sample decide when to stop, if the settings want that; without one, some rows
    /// are kept apart.
    ///
    /// # Errors
    /// [`ZooError`] when the sample is too wide, or the session is cancelled, which takes no longer than a round.
    pub fn fit_ensemble(
        &self,
        sample: Sample<'_>,
        validation: Option<Sample<'_>>,
        session: &mut Session<'_>,
    ) -> Result<Fitted, ZooError> {
        fits(NAME, sample)?;
        match (self.0.early_stopping, validation) {
            (None, _) => boost(&self.0, sample, None, session),
            (Some(stopping), Some(given)) => {
                boost(&self.0, sample, Some(Validation::new(given, stopping)), session)
            }
            (Some(stopping), None) => {
                let part = Parted::new(sample, stopping.validation_share, session.seed);
                // Too few rows to keep some apart: all rounds, then.
                let Some((train, held)) = part.samples() else {
                    return boost(&self.0, sample, None, session);
                };
                boost(&self.0, train, Some(Validation::new(held, stopping)), session)
            }
        }
    }
}

impl Learner for BoostingConfig {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        Ok(Box::new(self.fit_ensemble(sample, None, session)?.ensemble))
    }
}

fn boost(
    params: &BoostingParams,
    sample: Sample<'_>,
    mut validation: Option<Validation<'_>>,
    session: &mut Session<'_>,
) -> Result<Fitted, ZooError> {
    let threads = session.threads.max(1);
    let set = TrainingSet::new(sample, params.balanced, Cuts::Alike, params.bins, threads);
    let weights: Vec<f32> = set.weights.iter().map(|weight| *weight as f32).collect();
    let base = log_odds(&set);
    let mut state =
        State { log_odds: vec![base as f32; weights.len()], trees: Vec::new(), gains: Vec::new() };
    let mut gradients = Gradients::new(weights.len());
    let mut grower = Grower::new(params, &set.binned, threads);
    if let Some(validation) = &mut validation {
        validation.log_odds.fill(base);
    }
    for round in 0..params.rounds {
        gradients.update(&state.log_odds, &set.labels, &weights, threads);
        let mut stream = Stream::new(session.seed, round as u64);
        grower.rows.clear();
        grower.rows.extend(drawn_rows(weights.len(), params.row_share, &mut stream));
        let features = drawn_features(set.binned.width(), params.feature_share, &mut stream);
        let mut gains = vec![0.0; set.binned.width()];
        let grown = grower.grow(&gradients, &features, &mut gains);
        state.add(&grown, &grower.rows, sample.rows(), &set)?;
        state.gains.push(gains);
        let stop = match &mut validation {
            Some(validation) => validation.is_exhausted(sample.rows().width(), grown.nodes.clone())?,
            None => false,
        };
        state.trees.push(grown.nodes);
        let share = (round + 1) as f64 / params.rounds as f64;
        if (session.progress)(if stop { 1.0 } else { share }).is_break() {
            return Err(ZooError::Cancelled(NAME));
        }
        if stop {
            break;
        }
    }
    let kept = validation.map_or(state.trees.len(), |validation| validation.best_round);
    state.trees.truncate(kept);
    let of_column = |column: usize| state.gains[..kept].iter().map(|gains| gains[column]).sum();
    let gains = (0..set.binned.width()).map(of_column).collect();
    Fitted::new(NAME, set.binned.width(), Combination::Sum { base }, &state.trees, gains)
}

/// What all rows together say.
fn log_odds(set: &TrainingSet) -> f64 {
    let total: f64 = set.weights.iter().sum();
    let positive: f64 =
        set.weights.iter().zip(&set.labels).filter(|(_, label)| **label).map(|(w, _)| w).sum();
    (positive / (total - positive)).ln()
}

fn drawn_rows(rows: usize, share: f64, stream: &mut Stream) -> Vec<u32> {
    let all = 0..rows as u32;
    if share == 1.0 { all.collect() } else { all.filter(|_| stream.happens(share)).collect() }
}

fn drawn_features(width: usize, share: f64, stream: &mut Stream) -> Vec<usize> {
    let mut features: Vec<usize> = (0..width).collect();
    let wanted = ((share * width as f64).ceil() as usize).clamp(1, width);
    for drawn in 0..if wanted == width { 0 } else { wanted } {
        let other = drawn + stream.below(width - drawn);
        features.swap(drawn, other);
    }
    features.truncate(wanted);
    features.sort_unstable();
    features
}

/// What has been learned so far.
struct State {
    /// Of each row.
    log_odds: Vec<f32>,
    trees: Vec<Vec<TreeNode>>,
    /// By tree and column.
    gains: Vec<Vec<f64>>,
}

impl State {
    fn add(&mut self, grown: &Grown, rows: &[u32], all: &Rows, set: &TrainingSet) -> Result<(), ZooError> {
        if rows.len() == self.log_odds.len() {
            for (value, range) in &grown.leaves {
                rows[range.clone()].iter().for_each(|row| self.log_odds[*row as usize] += value);
            }
            return Ok(());
        }
        // Rows that the tree did not see are sorted into its leaves as any others.
        let leaves = leaves_of(all.width(), grown.nodes.clone(), all)?;
        let chosen = self.log_odds.iter_mut().zip(&set.chosen);
        chosen.for_each(|(log_odds, row)| *log_odds += leaves[*row as usize] as f32);
        Ok(())
    }
}

/// The leaf that each row reaches in one tree.
fn leaves_of(width: usize, tree: Vec<TreeNode>, rows: &Rows) -> Result<Vec<f64>, ZooError> {
    let tree = build(NAME, width, Combination::Sum { base: 0.0 }, &[tree])?;
    Ok(tree.margins(rows))
}

/// Rows that say when to stop.
struct Validation<'a> {
    sample: Sample<'a>,
    log_odds: Vec<f64>,
    patience: usize,
    rounds: usize,
    best_round: usize,
    best_loss: f64,
}

impl<'a> Validation<'a> {
    fn new(sample: Sample<'a>, stopping: EarlyStopping) -> Self {
        let log_odds = vec![0.0; sample.labels().len()];
        let patience = stopping.patience;
        Self { sample, log_odds, patience, rounds: 0, best_round: 1, best_loss: f64::INFINITY }
    }

    /// Adds a tree; whether the last rounds have all been in vain.
    fn is_exhausted(&mut self, width: usize, tree: Vec<TreeNode>) -> Result<bool, ZooError> {
        let leaves = leaves_of(width, tree, self.sample.rows())?;
        self.log_odds.iter_mut().zip(leaves).for_each(|(log_odds, leaf)| *log_odds += leaf);
        self.rounds += 1;
        let loss = self.loss();
        if loss < self.best_loss {
            (self.best_round, self.best_loss) = (self.rounds, loss);
        }
        Ok(self.rounds - self.best_round >= self.patience)
    }

    /// Log loss, not divided by the weight.
    fn loss(&self) -> f64 {
        let truths = self.sample.labels().iter().zip(self.sample.weights());
        let losses = self.log_odds.iter().zip(truths).map(|(log_odds, (label, weight))| {
            let against = if *label { -log_odds } else { *log_odds };
            weight * (against.max(0.0) + (-against.abs()).exp().ln_1p())
        });
        losses.sum()
    }
}

/// A sample in two parts.
struct Parted {
    train: (Rows, Vec<bool>, Vec<f64>),
    held: (Rows, Vec<bool>, Vec<f64>),
}

impl Parted {
    fn new(sample: Sample<'_>, share: f64, seed: u64) -> Self {
        let mut stream = Stream::new(seed, u64::MAX);
        let (held, train): (Vec<usize>, Vec<usize>) =
            (0..sample.labels().len()).partition(|_| stream.happens(share));
        let select = |indices: &[usize]| {
            let labels = indices.iter().map(|index| sample.labels()[*index]).collect();
            let weights = indices.iter().map(|index| sample.weights()[*index]).collect();
            (sample.rows().select(indices), labels, weights)
        };
        Self { train: select(&train), held: select(&held) }
    }

    /// Both parts, if both hold both classes.
    fn samples(&self) -> Option<(Sample<'_>, Sample<'_>)> {
        Some((
            Sample::new(&self.train.0, &self.train.1, &self.train.2).ok()?,
            Sample::new(&self.held.0, &self.held.1, &self.held.2).ok()?,
        ))
    }
}
