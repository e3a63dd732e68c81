//! Reviewers who say the opposite of everybody else.
//!
//! Trust, from golden items and second reviews, finds whoever errs. It takes time, and somebody with bad intent may answer what looks
//! like a golden item rightly. What cannot be hidden is the effect: labels that are meant to mislead contradict what all other labels
//! teach. For each reviewer a filter is fitted to the labels of all others, and it judges this reviewer's.
//!
//! A reviewer who is the first to name a new kind of bot contradicts the others, too, but only by half: the accounts they call human
//! look human to the others. Left out is who contradicts in both: accounts called bots look human, and accounts called human look like
//! bots, in an order that chance does not explain.

use std::collections::BTreeSet;

use botdet_models::features::{ACCOUNT_FEATURES, Scale};
use botdet_models::logistic::{Logistic, LogisticParams, Observations};
use botdet_models::metrics::roc_auc;
use botdet_models::preprocess::Preprocessor;
use serde::Serialize;

use crate::error::LoaderError;
use crate::training::fit::{Inputs, balanced_weights};

/// Fewest labels of each class by which a reviewer is judged.
const LEAST_OF_EACH: usize = 5;
/// Standard errors below one half at which an area under the curve is no chance any more: 0.02 % of honest reviewers, if they
/// did not know anything.
const DEVIATION: f64 = -3.5;
/// Strength of the filter's L2 penalty: few labels, many features.
const PENALTY: f64 = 10.0;

/// A reviewer whose labels contradict those of all others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suspect {
    /// Who.
    pub reviewer: String,
    /// Labels of theirs that are left out.
    pub labels: usize,
    /// ROC-AUC of what the others' labels teach, by this reviewer's labels: 1 where they agree, 1/2 by chance, 0 when each is the opposite.
    pub roc_auc: f64,
    /// Share of those they call human that look like bots.
    pub humans_contradicted: f64,
    /// Share of those they call bots that look human.
    pub bots_contradicted: f64,
}

/// Finds them. `reviewers` says for each row whose label it is; `None` for those that nobody is judged by. The worst one is
/// left out first, and the others are judged without their labels: one who misleads makes the others look bad.
///
/// # Errors
/// [`LoaderError::Logistic`] when no filter can be fitted.
pub fn suspects(rows: &Inputs, reviewers: &[Option<&str>]) -> Result<Vec<Suspect>, LoaderError> {
    let mut found: Vec<Suspect> = Vec::new();
    let names: BTreeSet<&str> = reviewers.iter().flatten().copied().collect();
    loop {
        let is_left_out = |name: &str| found.iter().any(|suspect| suspect.reviewer == name);
        let mut worst: Option<(f64, Suspect)> = None;
        for name in names.iter().filter(|name| !is_left_out(name)) {
            let (mut own, mut others) = (Vec::new(), Vec::new());
            for (row, reviewer) in reviewers.iter().enumerate() {
                match reviewer {
                    Some(reviewer) if reviewer == name => own.push(row),
                    Some(reviewer) if is_left_out(reviewer) => {}
                    _ => others.push(row),
                }
            }
            let judged = contradiction(name, &rows.select(&own), &rows.select(&others))?;
            if let Some((deviation, suspect)) = judged
                && worst.as_ref().is_none_or(|(lowest, _)| deviation < *lowest)
            {
                worst = Some((deviation, suspect));
            }
        }
        match worst {
            Some((_, suspect)) => found.push(suspect),
            None => return Ok(found),
        }
    }
}

/// How far a reviewer's labels contradict those of the others, in standard errors, where it is too far.
fn contradiction(name: &str, own: &Inputs, others: &Inputs) -> Result<Option<(f64, Suspect)>, LoaderError> {
    let (bots, humans) = counts(&own.labels);
    let (other_bots, other_humans) = counts(&others.labels);
    if bots.min(humans).min(other_bots).min(other_humans) < LEAST_OF_EACH {
        return Ok(None);
    }
    let scales: Vec<Scale> = ACCOUNT_FEATURES.iter().map(|feature| feature.scale).collect();
    let preprocessor = Preprocessor::fit(&others.values, &scales);
    let standardised = |inputs: &Inputs| -> Vec<f64> {
        inputs.values.chunks_exact(inputs.width).flat_map(|row| preprocessor.apply(row)).collect()
    };
    let inputs = standardised(others);
    let targets: Vec<f64> = others.labels.iter().map(|label| f64::from(*label)).collect();
    let weights = balanced_weights(&others.labels, &others.weights);
    let params = LogisticParams { l2: PENALTY, ..LogisticParams::default() };
    let filter =
        Logistic::fit(Observations { inputs: &inputs, targets: &targets, weights: &weights }, params)?;
    let logits: Vec<f64> =
        standardised(own).chunks_exact(filter.coefficients.len()).map(|row| filter.logit(row)).collect();
    let Some(area) = roc_auc(&logits, &own.labels) else { return Ok(None) };
    // Of the Mann-Whitney statistic, where nothing tells the classes apart.
    let (first, second) = (bots as f64, humans as f64);
    let deviation = (area - 0.5) / ((first + second + 1.0) / (12.0 * first * second)).sqrt();
    let share = |class: bool| {
        let contradicted = logits
            .iter()
            .zip(&own.labels)
            .filter(|(logit, label)| **label == class && (**logit > 0.0) != class);
        contradicted.count() as f64 / if class { first } else { second }
    };
    let (bots_contradicted, humans_contradicted) = (share(true), share(false));
    let is_suspect = deviation <= DEVIATION && bots_contradicted > 0.5 && humans_contradicted > 0.5;
    let suspect = Suspect {
        reviewer: name.to_owned(),
        labels: bots + humans,
        roc_auc: area,
        humans_contradicted,
        bots_contradicted,
    };
    Ok(is_suspect.then_some((deviation, suspect)))
}

fn counts(labels: &[bool]) -> (usize, usize) {
    let positive = labels.iter().filter(|label| **label).count();
    (positive, labels.len() - positive)
}

#[cfg(test)]
mod tests;
