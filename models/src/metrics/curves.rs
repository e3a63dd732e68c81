//! Points of curves, few enough to draw.

use super::Ranked;
use super::ranked::Cut;

/// A point of a ROC curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Accounts are called bots at or above it; infinite at the start.
    pub threshold: f64,
    /// Share of the humans called bots.
    pub false_positive_rate: f64,
    /// Share of the bots called bots.
    pub true_positive_rate: f64,
}

/// A point of a precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecallPoint {
    /// Accounts are called bots at or above it; infinite at the start.
    pub threshold: f64,
    /// Share of the accounts called bots that are; 1 where none is called one.
    pub precision: f64,
    /// Share of the bots called bots.
    pub recall: f64,
}

impl Ranked {
    /// The ROC curve from (0, 0) to (1, 1), by at most `most` points (at least 2) that lie about equally far apart
    /// along the axes. `None` with one class only.
    #[must_use]
    pub fn roc_curve(&self, most: usize) -> Option<Vec<RocPoint>> {
        let point = |cut: &Cut| RocPoint {
            threshold: cut.score,
            false_positive_rate: cut.false_positives as f64 / self.negatives as f64,
            true_positive_rate: cut.true_positives as f64 / self.positives as f64,
        };
        let way = |cut: &Cut| {
            let point = point(cut);
            f64::midpoint(point.false_positive_rate, point.true_positive_rate)
        };
        self.has_both_classes().then(|| self.thinned(most, way).iter().map(point).collect())
    }

    /// The precision-recall curve from recall 0 to 1, by at most `most` points (at least 2). `None` without bots.
    #[must_use]
    pub fn precision_recall_curve(&self, most: usize) -> Option<Vec<PrecisionRecallPoint>> {
        let point = |cut: &Cut| PrecisionRecallPoint {
            threshold: cut.score,
            precision: if cut.called() == 0 { 1.0 } else { cut.true_positives as f64 / cut.called() as f64 },
            recall: cut.true_positives as f64 / self.positives as f64,
        };
        let all = (self.positives + self.negatives) as f64;
        let way = |cut: &Cut| f64::midpoint(point(cut).recall, cut.called() as f64 / all);
        (self.positives > 0).then(|| self.thinned(most, way).iter().map(point).collect())
    }

    /// The start, the end, and of the cuts between them the first to come past each mark on the way from 0 to 1.
    fn thinned(&self, most: usize, way: impl Fn(&Cut) -> f64) -> Vec<Cut> {
        let start = Cut { score: f64::INFINITY, true_positives: 0, false_positives: 0 };
        let mut kept = vec![start];
        let Some((last, inner)) = self.cuts.split_last() else {
            return kept;
        };
        if inner.len() + 2 <= most {
            kept.extend(inner);
        } else {
            let spaces = most.saturating_sub(2) as f64;
            let mut reached = 0.0;
            for cut in inner {
                let mark = (way(cut) * spaces).floor();
                if mark > reached {
                    kept.push(*cut);
                    reached = mark;
                }
            }
        }
        kept.push(*last);
        kept
    }
}
