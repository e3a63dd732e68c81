//! Naive Bayes on flags.

use botdet_models::rows::Rows;

use super::{prior_log_odds, probability, weighted};
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError, report, within};

const NAME: &str = "bernoulli_naive_bayes";

/// Bernoulli naive Bayes: a column is the flag of being above its mean in the training rows, which suits flags and counts
/// alike.
#[derive(Clone, Copy, Debug)]
pub struct BernoulliBayes {
    /// Rows that each class is supposed to have had before, with and without each flag (Lidstone smoothing).
    pub alpha: f64,
    /// Probability of the positive class before anything is known of a row; by default its share of the weights.
    pub prior: Option<f64>,
}

impl Default for BernoulliBayes {
    fn default() -> Self {
        Self { alpha: 1.0, prior: None }
    }
}

impl Learner for BernoulliBayes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        within(NAME, "alpha", self.alpha, 1e-9, 1e9)?;
        report(session, NAME, 0.0)?;
        let prior = prior_log_odds(NAME, self.prior, sample)?;
        let means = means(sample);
        let counts = [false, true].map(|class| counts(sample, class, &means));
        let columns = means.iter().enumerate().map(|(column, mean)| {
            let log_odds = |flag: usize| {
                let [negative, positive] = [&counts[0][column], &counts[1][column]];
                let share = |counts: &[f64; 2]| {
                    (counts[flag] + self.alpha) / (counts[0] + counts[1] + 2.0 * self.alpha)
                };
                (share(positive) / share(negative)).ln()
            };
            Column { threshold: *mean, below: log_odds(0), above: log_odds(1) }
        });
        let columns = columns.collect();
        report(session, NAME, 1.0)?;
        Ok(Box::new(Fitted { prior, columns }))
    }
}

/// Weighted means of the columns' known values.
fn means(sample: Sample<'_>) -> Vec<f64> {
    let mean = |column| {
        let known = || {
            let values = sample.rows().column(column).zip(sample.weights());
            values.filter(|(value, _)| !value.is_nan())
        };
        let total: f64 = known().map(|(_, weight)| weight).sum();
        if total > 0.0 { known().map(|(value, weight)| weight / total * f64::from(value)).sum() } else { 0.0 }
    };
    (0..sample.rows().width()).map(mean).collect()
}

/// Weight of a class's rows without and with each flag.
fn counts(sample: Sample<'_>, class: bool, means: &[f64]) -> Vec<[f64; 2]> {
    let mut counts = vec![[0.0; 2]; means.len()];
    for (row, weight) in weighted(sample, class) {
        for ((counts, value), mean) in counts.iter_mut().zip(row).zip(means) {
            if !value.is_nan() {
                counts[usize::from(f64::from(*value) > *mean)] += weight;
            }
        }
    }
    counts
}

struct Fitted {
    prior: f64,
    columns: Vec<Column>,
}

/// What a column adds to the log-odds on either side of its threshold.
struct Column {
    threshold: f64,
    below: f64,
    above: f64,
}

impl Classifier for Fitted {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let log_odds = |row: &[f32]| {
            let said = row.iter().zip(&self.columns).filter(|(value, _)| !value.is_nan());
            let parts =
                said.map(
                    |(value, column)| {
                        if f64::from(*value) > column.threshold { column.above } else { column.below }
                    },
                );
            self.prior + parts.sum::<f64>()
        };
        rows.iter().map(|row| probability(log_odds(row), self.prior)).collect()
    }
}
