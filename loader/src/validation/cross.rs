//! Learning and judging on each division of the rows.

use std::ops::ControlFlow;
use std::time::Instant;

use botdet_models::hash::mix64;
use botdet_models::metrics::{Ranked, brier_score, log_loss};

use super::Fold;
use crate::zoo::{Learner, Sample, Session, ZooError};

/// What a cross-validation found.
#[derive(Clone, Debug)]
pub struct CrossValidation {
    /// Probability of each row by a model that has not seen it; absent for rows that no fold judges.
    pub probabilities: Vec<Option<f64>>,
    /// Figures of each fold.
    pub folds: Vec<FoldFigures>,
}

/// How good a learner was on one fold. Rows judged count alike, whatever their weights.
#[derive(Clone, Copy, Debug)]
pub struct FoldFigures {
    /// Rows learned from.
    pub training: usize,
    /// Rows judged.
    pub testing: usize,
    /// Bots among the rows judged.
    pub positives: usize,
    /// ROC-AUC; absent with one class only.
    pub roc_auc: Option<f64>,
    /// Average precision; absent without bots.
    pub average_precision: Option<f64>,
    /// Mean log loss, nats; absent without rows.
    pub log_loss: Option<f64>,
    /// Mean squared error of the probabilities; absent without rows.
    pub brier: Option<f64>,
    /// Seconds that learning took.
    pub fit_seconds: f64,
    /// Seconds that judging took.
    pub score_seconds: f64,
}

impl CrossValidation {
    /// Probabilities and labels of the rows that were judged, in their order: what a calibration is fitted to.
    #[must_use]
    pub fn judged(&self, labels: &[bool]) -> (Vec<f64>, Vec<bool>) {
        let rows = self.probabilities.iter().zip(labels);
        rows.filter_map(|(probability, label)| Some(((*probability)?, *label))).unzip()
    }

    /// Mean of a figure over the folds that have it.
    #[must_use]
    pub fn mean(&self, figure: impl Fn(&FoldFigures) -> Option<f64>) -> Option<f64> {
        let known: Vec<f64> = self.folds.iter().filter_map(figure).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    }
}

/// Learns on each fold's training rows and judges its testing rows. Each fold has a seed of its own, drawn from the
/// session's.
///
/// # Errors
/// [`ZooError`] when a fold's rows allow no fit: one class, say.
pub fn cross_validate(
    learner: &dyn Learner,
    sample: Sample<'_>,
    folds: &[Fold],
    session: &mut Session<'_>,
) -> Result<CrossValidation, ZooError> {
    let mut probabilities = vec![None; sample.labels().len()];
    let mut figures = Vec::with_capacity(folds.len());
    for (index, fold) in folds.iter().enumerate() {
        let outer = &mut *session.progress;
        let mut progress =
            |share: f64| -> ControlFlow<()> { outer((index as f64 + share) / folds.len() as f64) };
        let mut own = Session {
            seed: mix64(session.seed ^ mix64(index as u64 + 1)),
            threads: session.threads,
            progress: &mut progress,
        };
        let (judged, own_figures) = judge(learner, sample, fold, &mut own)?;
        fold.testing.iter().zip(judged).for_each(|(row, judged)| probabilities[*row] = Some(judged));
        figures.push(own_figures);
    }
    Ok(CrossValidation { probabilities, folds: figures })
}

fn judge(
    learner: &dyn Learner,
    sample: Sample<'_>,
    fold: &Fold,
    session: &mut Session<'_>,
) -> Result<(Vec<f64>, FoldFigures), ZooError> {
    let labels_of = |rows: &[usize]| rows.iter().map(|row| sample.labels()[*row]).collect::<Vec<bool>>();
    let rows = sample.rows().select(&fold.training);
    let labels = labels_of(&fold.training);
    let weights: Vec<f64> = fold.training.iter().map(|row| sample.weights()[*row]).collect();
    let began = Instant::now();
    let classifier = learner.fit(Sample::new(&rows, &labels, &weights)?, session)?;
    let fit_seconds = began.elapsed().as_secs_f64();
    drop(rows);
    let (rows, labels) = (sample.rows().select(&fold.testing), labels_of(&fold.testing));
    let began = Instant::now();
    let probabilities = classifier.probabilities(&rows);
    let score_seconds = began.elapsed().as_secs_f64();
    let ranked = Ranked::of(&probabilities, &labels);
    let figures = FoldFigures {
        training: fold.training.len(),
        testing: labels.len(),
        positives: ranked.positives() as usize,
        roc_auc: ranked.roc_auc(),
        average_precision: ranked.average_precision(),
        log_loss: log_loss(&probabilities, &labels),
        brier: brier_score(&probabilities, &labels),
        fit_seconds,
        score_seconds,
    };
    Ok((probabilities, figures))
}
