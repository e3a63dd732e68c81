//! Decisions counted against the truth.

/// Counts of decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Bots called bots.
    pub true_positives: u64,
    /// Humans called bots.
    pub false_positives: u64,
    /// Humans called humans.
    pub true_negatives: u64,
    /// Bots called humans.
    pub false_negatives: u64,
}

impl Confusion {
    /// Counts decisions.
    #[must_use]
    pub fn of(decisions: impl Iterator<Item = bool>, labels: &[bool]) -> Self {
        let mut counts = Self::default();
        for (is_called, label) in decisions.zip(labels) {
            let count = match (is_called, *label) {
                (true, true) => &mut counts.true_positives,
                (true, false) => &mut counts.false_positives,
                (false, false) => &mut counts.true_negatives,
                (false, true) => &mut counts.false_negatives,
            };
            *count += 1;
        }
        counts
    }

    /// Counts the decisions that a threshold makes.
    #[must_use]
    pub fn at(scores: &[f64], labels: &[bool], threshold: f64) -> Self {
        Self::of(scores.iter().map(|score| *score >= threshold), labels)
    }

    /// Accounts judged.
    #[must_use]
    pub fn accounts(self) -> u64 {
        self.called() + self.true_negatives + self.false_negatives
    }

    /// Accounts called bots.
    #[must_use]
    pub fn called(self) -> u64 {
        self.true_positives + self.false_positives
    }

    /// Share of the decisions that are right. `None` without accounts.
    #[must_use]
    pub fn accuracy(self) -> Option<f64> {
        share(self.true_positives + self.true_negatives, self.false_positives + self.false_negatives)
    }

    /// Share of the accounts called bots that are. `None` when none was.
    #[must_use]
    pub fn precision(self) -> Option<f64> {
        share(self.true_positives, self.false_positives)
    }

    /// Share of the bots that were called so. `None` without bots.
    #[must_use]
    pub fn recall(self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// Share of the humans that were called bots. `None` without humans.
    #[must_use]
    pub fn false_positive_rate(self) -> Option<f64> {
        share(self.false_positives, self.true_negatives)
    }

    /// Harmonic mean of precision and recall. `None` when there is no bot and none was called one.
    #[must_use]
    pub fn f1(self) -> Option<f64> {
        share(2 * self.true_positives, self.false_positives + self.false_negatives)
    }

    /// Mean of the shares of bots and of humans that were judged rightly. `None` with one class only.
    #[must_use]
    pub fn balanced_accuracy(self) -> Option<f64> {
        Some(f64::midpoint(self.recall()?, 1.0 - self.false_positive_rate()?))
    }

    /// Matthews' correlation of decisions and truth, -1..=1. `None` when either is the same for all.
    #[must_use]
    pub fn matthews_correlation(self) -> Option<f64> {
        let [tp, fp, tn, fn_] =
            [self.true_positives, self.false_positives, self.true_negatives, self.false_negatives]
                .map(|count| count as f64);
        let margins = (tp + fp).sqrt() * (tp + fn_).sqrt() * (tn + fp).sqrt() * (tn + fn_).sqrt();
        (margins > 0.0).then(|| ((tp * tn - fp * fn_) / margins).clamp(-1.0, 1.0))
    }
}

fn share(part: u64, rest: u64) -> Option<f64> {
    (part + rest > 0).then(|| part as f64 / (part + rest) as f64)
}
