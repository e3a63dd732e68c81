//! What a review team of limited size finds.

use super::Ranked;

/// What is found when the highest scores are reviewed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtCapacity {
    /// Accounts reviewed.
    pub reviewed: u64,
    /// Bots among them. Where equal scores fill the last places, their mean share of bots.
    pub found: f64,
    /// Share of the reviewed accounts that are bots.
    pub precision: f64,
    /// Share of all bots that are found; absent without bots.
    pub recall: Option<f64>,
    /// Precision in terms of that of a review at random; absent without bots.
    pub lift: Option<f64>,
}

impl Ranked {
    /// What is found among the `capacity` highest scores, or all where there are fewer. `None` when that is nobody.
    #[must_use]
    pub fn at_capacity(&self, capacity: u64) -> Option<AtCapacity> {
        let all = self.positives + self.negatives;
        let reviewed = capacity.min(all);
        if reviewed == 0 {
            return None;
        }
        let whole = self.cuts.partition_point(|cut| cut.called() <= reviewed);
        let (called, mut found) = match whole.checked_sub(1).map(|last| self.cuts[last]) {
            Some(cut) => (cut.called(), cut.true_positives as f64),
            None => (0, 0.0),
        };
        if let Some(cut) = self.cuts.get(whole) {
            let share = (reviewed - called) as f64 / (cut.called() - called) as f64;
            found += share * (cut.true_positives as f64 - found);
        }
        let precision = found / reviewed as f64;
        let positives = self.positives as f64;
        Some(AtCapacity {
            reviewed,
            found,
            precision,
            recall: (self.positives > 0).then(|| found / positives),
            lift: (self.positives > 0).then(|| precision / (positives / all as f64)),
        })
    }
}
