//! How good a model is on accounts it has not seen.

use std::collections::BTreeMap;

use botdet_models::metrics::{
    Confusion, average_precision, brier_score, recall, roc_auc, threshold_at_false_positive_rate,
};
use serde::Serialize;

/// Share of humans that may be called bots where recall is stated.
pub const FALSE_POSITIVE_RATE: f64 = 0.01;

/// Figures of a set of scores.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Accounts judged.
    pub accounts: usize,
    /// Bots among them.
    pub bots: usize,
    /// ROC-AUC; absent with one class only.
    pub roc_auc: Option<f64>,
    /// Average precision; absent without bots.
    pub pr_auc: Option<f64>,
    /// Mean squared error of the probabilities.
    pub brier: Option<f64>,
    /// Share of the accounts called bots that are.
    pub precision: Option<f64>,
    /// Share of the bots called bots.
    pub recall: Option<f64>,
    /// Share of the bots above the score that 1 % of the humans reach.
    pub recall_at_1_percent: Option<f64>,
    /// The same by kind of bot, each against all humans.
    pub strategies: BTreeMap<String, StrategyFigures>,
}

/// Figures of one kind of bot against all humans.
#[derive(Clone, Debug, Serialize)]
pub struct StrategyFigures {
    /// Bots of the kind.
    pub accounts: usize,
    /// ROC-AUC against all humans.
    pub roc_auc: Option<f64>,
    /// Average precision against all humans.
    pub pr_auc: Option<f64>,
    /// Share of them above the score that 1 % of the humans reach.
    pub recall_at_1_percent: Option<f64>,
}

/// What was said of an account.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// Probability of being a bot.
    pub probability: f64,
    /// Whether it was called one.
    pub is_bot: bool,
}

/// The truth about a scored account.
#[derive(Clone, Debug)]
pub struct Truth {
    /// Whether it is a bot.
    pub is_bot: bool,
    /// Kind of bot, where known.
    pub strategy: Option<String>,
}

impl Evaluation {
    /// Judges scores against the truth.
    #[must_use]
    pub fn of(judged: &[Judged], truth: &[Truth]) -> Self {
        let probabilities: Vec<f64> = judged.iter().map(|score| score.probability).collect();
        let probabilities = probabilities.as_slice();
        let labels: Vec<bool> = truth.iter().map(|account| account.is_bot).collect();
        let strict = threshold_at_false_positive_rate(probabilities, &labels, FALSE_POSITIVE_RATE);
        let confusion = Confusion::of(judged.iter().map(|score| score.is_bot), &labels);
        let mut strategies: BTreeMap<String, StrategyFigures> = BTreeMap::new();
        for name in truth.iter().filter_map(|account| account.strategy.as_ref()) {
            if strategies.contains_key(name) {
                continue;
            }
            let of_kind = |account: &&Truth| !account.is_bot || account.strategy.as_ref() == Some(name);
            let chosen = || truth.iter().zip(probabilities).filter(|(account, _)| of_kind(account));
            let scores: Vec<f64> = chosen().map(|(_, probability)| *probability).collect();
            let kinds: Vec<bool> = chosen().map(|(account, _)| account.is_bot).collect();
            let figures = StrategyFigures {
                accounts: kinds.iter().filter(|is_bot| **is_bot).count(),
                roc_auc: roc_auc(&scores, &kinds),
                pr_auc: average_precision(&scores, &kinds),
                recall_at_1_percent: recall(&scores, &kinds, strict),
            };
            strategies.insert(name.clone(), figures);
        }
        Self {
            accounts: labels.len(),
            bots: labels.iter().filter(|label| **label).count(),
            roc_auc: roc_auc(probabilities, &labels),
            pr_auc: average_precision(probabilities, &labels),
            brier: brier_score(probabilities, &labels),
            precision: confusion.precision(),
            recall: confusion.recall(),
            recall_at_1_percent: recall(probabilities, &labels, strict),
            strategies,
        }
    }
}
