//! Areas under curves, and how sure they are.

use super::Ranked;

/// Normal quantile of a two-sided 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;

impl Ranked {
    /// Area under the ROC curve: the chance that a bot scores above a human, ties counting half. `None` with one
    /// class only.
    #[must_use]
    pub fn roc_auc(&self) -> Option<f64> {
        // Twice the pairs, so that all is whole numbers.
        let pairs = self.tied().map(|tied| tied.negatives * (2.0 * tied.positives_above + tied.positives));
        let all = self.positives as f64 * self.negatives as f64;
        self.has_both_classes().then(|| pairs.sum::<f64>() / 2.0 / all)
    }

    /// Average precision, the step-wise area under the precision-recall curve. `None` without bots.
    #[must_use]
    pub fn average_precision(&self) -> Option<f64> {
        let positives = self.positives as f64;
        let steps = self.cuts.iter().zip(self.tied()).map(|(cut, tied)| {
            tied.positives / positives * (cut.true_positives as f64 / cut.called() as f64)
        });
        // The sum may exceed 1 by a rounding.
        (self.positives > 0).then(|| steps.sum::<f64>().min(1.0))
    }

    /// Standard error of the area under the ROC curve (DeLong, DeLong & Clarke-Pearson, Biometrics 1988). `None` with
    /// fewer than two accounts of a class.
    #[must_use]
    pub fn roc_auc_error(&self) -> Option<f64> {
        if self.positives < 2 || self.negatives < 2 {
            return None;
        }
        let auc = self.roc_auc()?;
        let (positives, negatives) = (self.positives as f64, self.negatives as f64);
        let (mut of_positives, mut of_negatives) = (0.0, 0.0);
        for tied in self.tied() {
            // The share of the other class that a bot of this score beats, and that a human of this score is beaten
            // by.
            let beats = 1.0 - (tied.negatives_above + tied.negatives / 2.0) / negatives;
            let beaten = (tied.positives_above + tied.positives / 2.0) / positives;
            of_positives += tied.positives * (beats - auc).powi(2);
            of_negatives += tied.negatives * (beaten - auc).powi(2);
        }
        let variance =
            of_positives / (positives - 1.0) / positives + of_negatives / (negatives - 1.0) / negatives;
        Some(variance.sqrt())
    }

    /// 95 % interval of the area under the ROC curve: DeLong's, taken on the logit scale, which keeps it within
    /// 0..=1. Where not one pair is in the wrong order (or not one in the right order) that error is 0, and the
    /// interval is the exact binomial one for as many trials as the rarer class has accounts. `None` with fewer than
    /// two accounts of a class.
    #[must_use]
    pub fn roc_auc_interval(&self) -> Option<(f64, f64)> {
        let (auc, error) = (self.roc_auc()?, self.roc_auc_error()?);
        let unseen = 0.025f64.powf(1.0 / self.positives.min(self.negatives) as f64);
        if auc >= 1.0 {
            return Some((unseen, 1.0));
        }
        if auc <= 0.0 {
            return Some((0.0, 1.0 - unseen));
        }
        let logit = (auc / (1.0 - auc)).ln();
        let margin = Z95 * error / (auc * (1.0 - auc));
        let back = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        Some((back(logit - margin), back(logit + margin)))
    }
}
