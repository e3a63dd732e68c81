//! How scores of bots and of humans are spread.

/// Counts of scores by class in bins of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Lower end of the first bin.
    pub low: f64,
    /// Upper end of the last bin.
    pub high: f64,
    /// Bots in each bin.
    pub positives: Vec<u64>,
    /// Humans in each bin.
    pub negatives: Vec<u64>,
}

impl Histogram {
    /// Counts scores, in at least one bin; scores beyond the ends count in the first and the last one. `low < high`,
    /// both finite.
    #[must_use]
    pub fn of(scores: &[f64], labels: &[bool], (low, high): (f64, f64), bins: usize) -> Self {
        debug_assert!(low < high);
        let bins = bins.max(1);
        let mut histogram = Self { low, high, positives: vec![0; bins], negatives: vec![0; bins] };
        for (score, label) in scores.iter().zip(labels) {
            // A cast takes what lies below to 0.
            let bin = ((score - low) / (high - low) * bins as f64) as usize;
            let counts = if *label { &mut histogram.positives } else { &mut histogram.negatives };
            counts[bin.min(bins - 1)] += 1;
        }
        histogram
    }
}
