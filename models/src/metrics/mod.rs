//! How good scores are, given the truth, and how far a sample has moved from another.
//!
//! [`Ranked`] sorts scores once; curves, areas, [`Threshold`]s and what fits a review team's day are read off it.

mod area;
mod capacity;
mod confusion;
mod curves;
mod histogram;
mod ks;
mod psi;
mod ranked;
mod reliability;
#[cfg(test)]
mod tests;
mod threshold;

pub use capacity::AtCapacity;
pub use confusion::Confusion;
pub use curves::{PrecisionRecallPoint, RocPoint};
pub use histogram::Histogram;
pub use ks::{KolmogorovSmirnov, kolmogorov_smirnov};
pub use psi::PsiReference;
pub use ranked::Ranked;
pub use reliability::{Bins, ReliabilityBin, brier_score, calibration_error, log_loss, reliability};
pub use threshold::{Target, Threshold, ThresholdError};

/// Area under the ROC curve: the chance that a bot scores above a human, ties counting half. `None` with one class
/// only.
#[must_use]
pub fn roc_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    Ranked::of(scores, labels).roc_auc()
}

/// Average precision, the step-wise area under the precision-recall curve. `None` without bots.
#[must_use]
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Option<f64> {
    Ranked::of(scores, labels).average_precision()
}

/// The lowest threshold at which no more than `rate` of the humans score at or above it; infinite without humans.
#[must_use]
pub fn threshold_at_false_positive_rate(scores: &[f64], labels: &[bool], rate: f64) -> f64 {
    let mut humans: Vec<f64> =
        scores.iter().zip(labels).filter(|(_, label)| !**label).map(|(s, _)| *s).collect();
    humans.sort_by(|a, b| b.total_cmp(a));
    let allowed = (rate * humans.len() as f64).floor() as usize;
    // Just above the first human that may not be called a bot.
    humans.get(allowed).map_or(f64::NEG_INFINITY, |score| score.next_up())
}

/// Share of the positives that score at or above the threshold. `None` without positives.
#[must_use]
pub fn recall(scores: &[f64], labels: &[bool], threshold: f64) -> Option<f64> {
    let positives = scores.iter().zip(labels).filter(|(_, label)| **label);
    let (found, all) = positives
        .fold((0u32, 0u32), |(found, all), (score, _)| (found + u32::from(*score >= threshold), all + 1));
    (all > 0).then(|| f64::from(found) / f64::from(all))
}
