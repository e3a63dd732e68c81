//! How good scores are, given the truth.

/// Area under the ROC curve: the chance that a bot scores above a human, ties counting half. `None` with one class only.
#[must_use]
pub fn roc_auc(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let negative = labels.len() as f64 - positive;
    let mut rank_sum = 0.0;
    let mut below = 0.0;
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let rank = below + (tied.len() as f64 + 1.0) / 2.0;
        rank_sum += rank * tied.iter().filter(|index| labels[**index]).count() as f64;
        below += tied.len() as f64;
    }
    (positive > 0.0 && negative > 0.0)
        .then(|| (rank_sum - positive * (positive + 1.0) / 2.0) / (positive * negative))
}

/// Average precision, the step-wise area under the precision-recall curve. `None` without bots.
#[must_use]
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Option<f64> {
    let order = descending(scores);
    let positive = labels.iter().filter(|label| **label).count() as f64;
    let (mut seen, mut found, mut area) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let bots = tied.iter().filter(|index| labels[**index]).count() as f64;
        seen += tied.len() as f64;
        found += bots;
        area += bots / positive * (found / seen);
    }
    // The sum may exceed 1 by a rounding.
    (positive > 0.0).then_some(area.min(1.0))
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
}

/// Mean squared distance of probabilities from the truth. `None` without accounts.
#[must_use]
pub fn brier_score(probabilities: &[f64], labels: &[bool]) -> Option<f64> {
    let squares = probabilities.iter().zip(labels).map(|(p, label)| (p - f64::from(*label)).powi(2));
    (!labels.is_empty()).then(|| squares.sum::<f64>() / labels.len() as f64)
}

fn share(part: u64, rest: u64) -> Option<f64> {
    (part + rest > 0).then(|| part as f64 / (part + rest) as f64)
}

fn descending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 6] = [0.1, 0.4, 0.35, 0.8, 0.8, 0.2];
    const LABELS: [bool; 6] = [false, false, true, true, false, false];

    /// `sklearn.metrics` on the same six accounts.
    #[test]
    fn agrees_with_scikit_learn() {
        assert_eq!(roc_auc(&SCORES, &LABELS), Some(0.6875));
        assert_eq!(average_precision(&SCORES, &LABELS), Some(0.5));
        assert!((brier_score(&SCORES, &LABELS).unwrap_or(0.0) - 0.218_75).abs() < 1e-12);
    }

    #[test]
    fn one_class_has_no_curve() {
        assert_eq!(roc_auc(&SCORES, &[true; 6]), None);
        assert_eq!(average_precision(&SCORES, &[false; 6]), None);
    }

    #[test]
    fn thresholds_keep_their_promise() {
        let threshold = threshold_at_false_positive_rate(&SCORES, &LABELS, 0.25);
        let confusion = Confusion::at(&SCORES, &LABELS, threshold);
        assert_eq!((confusion.false_positives, confusion.true_positives), (1, 1));
        let threshold = threshold_at_false_positive_rate(&SCORES, &LABELS, 0.0);
        assert_eq!(Confusion::at(&SCORES, &LABELS, threshold).false_positives, 0);
        assert_eq!(recall(&SCORES, &LABELS, 0.3), Some(1.0));
        assert_eq!(Confusion::at(&SCORES, &LABELS, 0.3).precision(), Some(0.5));
    }
}
