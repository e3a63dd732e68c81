//! Scores sorted once, for all that depends on their order.

use super::Confusion;

/// The decisions of every threshold that makes a difference.
#[derive(Clone, Debug)]
pub struct Ranked {
    pub(super) positives: u64,
    pub(super) negatives: u64,
    /// One for each distinct score, the highest first.
    pub(super) cuts: Vec<Cut>,
}

/// What lies at or above a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cut {
    pub score: f64,
    pub true_positives: u64,
    pub false_positives: u64,
}

impl Cut {
    pub(super) fn called(self) -> u64 {
        self.true_positives + self.false_positives
    }
}

/// The bots and humans of one score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tied {
    /// Bots with a higher score.
    pub positives_above: f64,
    /// Humans with a higher score.
    pub negatives_above: f64,
    pub positives: f64,
    pub negatives: f64,
}

impl Ranked {
    /// Sorts scores, none of them NaN; as many labels, true for bots.
    #[must_use]
    pub fn of(scores: &[f64], labels: &[bool]) -> Self {
        debug_assert_eq!(scores.len(), labels.len());
        let mut pairs: Vec<(f64, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
        pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut cuts = Vec::new();
        let (mut true_positives, mut false_positives) = (0, 0);
        for tied in pairs.chunk_by(|a, b| a.0 == b.0) {
            let bots = tied.iter().filter(|(_, label)| *label).count() as u64;
            true_positives += bots;
            false_positives += tied.len() as u64 - bots;
            cuts.push(Cut { score: tied[0].0, true_positives, false_positives });
        }
        Self { positives: true_positives, negatives: false_positives, cuts }
    }

    /// Bots there are.
    #[must_use]
    pub fn positives(&self) -> u64 {
        self.positives
    }

    /// Humans there are.
    #[must_use]
    pub fn negatives(&self) -> u64 {
        self.negatives
    }

    /// Counts the decisions that a threshold makes: at or above it, an account is called a bot.
    #[must_use]
    pub fn confusion(&self, threshold: f64) -> Confusion {
        let passed = self.cuts.partition_point(|cut| cut.score >= threshold);
        let (called, missed) = match passed.checked_sub(1).map(|last| self.cuts[last]) {
            Some(cut) => (cut.true_positives, cut.false_positives),
            None => (0, 0),
        };
        self.decided(called, missed)
    }

    pub(super) fn decided(&self, true_positives: u64, false_positives: u64) -> Confusion {
        Confusion {
            true_positives,
            false_positives,
            true_negatives: self.negatives - false_positives,
            false_negatives: self.positives - true_positives,
        }
    }

    pub(super) fn has_both_classes(&self) -> bool {
        self.positives > 0 && self.negatives > 0
    }

    /// The groups of equal score, the highest first.
    pub(super) fn tied(&self) -> impl Iterator<Item = Tied> + '_ {
        let mut above = (0, 0);
        self.cuts.iter().map(move |cut| {
            let before = std::mem::replace(&mut above, (cut.true_positives, cut.false_positives));
            Tied {
                positives_above: before.0 as f64,
                negatives_above: before.1 as f64,
                positives: (cut.true_positives - before.0) as f64,
                negatives: (cut.false_positives - before.1) as f64,
            }
        })
    }
}
