//! What trees are grown from: the rows that have weight, binned.

use super::bins::Binned;
use crate::zoo::Sample;

/// Whole numbers in place of weights sum up to about this.
const TOTAL: f64 = 2_147_483_648.0;

/// Which values bins are cut between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cuts {
    /// Those of all rows alike.
    Alike,
    /// Those of the rarer class as many times as those of all rows: where trees give the rare rows most of the weight, they look
    /// for splits among them.
    ByClass,
}

/// The rows of a sample that have weight.
pub(super) struct TrainingSet {
    /// Their columns.
    pub binned: Binned,
    /// Their classes.
    pub labels: Vec<bool>,
    /// Their weights, above 0.
    pub weights: Vec<f64>,
    /// Where in the sample they are.
    pub chosen: Vec<u32>,
}

impl TrainingSet {
    /// Bins a sample. `balanced` gives both classes the same total weight, that of all rows staying what it is.
    pub fn new(sample: Sample<'_>, balanced: bool, cuts: Cuts, bins: usize, threads: usize) -> Self {
        let has_weight = |row: &u32| sample.weights()[*row as usize] > 0.0;
        let chosen: Vec<u32> = (0..sample.labels().len() as u32).filter(has_weight).collect();
        let labels: Vec<bool> = chosen.iter().map(|row| sample.labels()[*row as usize]).collect();
        let mut weights: Vec<f64> = chosen.iter().map(|row| sample.weights()[*row as usize]).collect();
        if balanced {
            balance(&labels, &mut weights);
        }
        let rare = if cuts == Cuts::ByClass { rarer(&chosen, &labels) } else { Vec::new() };
        Self { binned: Binned::new(sample.rows(), &chosen, &rare, bins, threads), labels, weights, chosen }
    }
}

/// The rows of the class that has fewer.
fn rarer(chosen: &[u32], labels: &[bool]) -> Vec<u32> {
    let positive = labels.iter().filter(|label| **label).count();
    let rare = 2 * positive <= labels.len();
    chosen.iter().zip(labels).filter(|(_, label)| **label == rare).map(|(row, _)| *row).collect()
}

fn balance(labels: &[bool], weights: &mut [f64]) {
    let of_class = |class| labels.iter().zip(&*weights).filter(move |(label, _)| **label == class);
    let totals = [false, true].map(|class| of_class(class).map(|(_, weight)| weight).sum::<f64>());
    let half = (totals[0] + totals[1]) / 2.0;
    for (label, weight) in labels.iter().zip(weights) {
        *weight *= half / totals[usize::from(*label)];
    }
}

/// Weights as whole numbers, at least 1, and the weight that 1 stands for: exact for whole weights of a moderate sum.
pub(super) fn quantise(weights: &[f64]) -> (Vec<u32>, f64) {
    let total: f64 = weights.iter().sum();
    let whole = total <= TOTAL && weights.iter().all(|weight| weight.fract() == 0.0);
    let unit = if whole { 1.0 } else { total / TOTAL };
    (weights.iter().map(|weight| (weight / unit).round().max(1.0) as u32).collect(), unit)
}
