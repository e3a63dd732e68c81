//! How much a bot counts against a human.

use crate::zoo::Sample;

/// Weights of the classes. All but `Equal` change what probabilities mean: calibrate on rows as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ClassWeight {
    /// Each row counts as its own weight says.
    #[default]
    Equal,
    /// Both classes count alike in sum: weights are multiplied by `all / (2 × class)`, as scikit-learn's `balanced`.
    Balanced,
    /// A bot counts so many times as much as a human; above 0.
    Ratio(f64),
}

impl ClassWeight {
    /// The weights that rows have with it.
    #[must_use]
    pub fn weights(self, sample: Sample<'_>) -> Vec<f64> {
        let of_class = |class: bool| {
            let rows = sample.labels().iter().zip(sample.weights());
            rows.filter(|(label, _)| **label == class).map(|(_, weight)| weight).sum::<f64>()
        };
        let (negatives, positives) = match self {
            Self::Equal => (1.0, 1.0),
            Self::Balanced => {
                let (negatives, positives) = (of_class(false), of_class(true));
                let all = negatives + positives;
                (all / (2.0 * negatives), all / (2.0 * positives))
            }
            Self::Ratio(ratio) => (1.0, ratio),
        };
        let rows = sample.labels().iter().zip(sample.weights());
        rows.map(|(label, weight)| weight * if *label { positives } else { negatives }).collect()
    }
}
