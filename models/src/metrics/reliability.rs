//! Whether probabilities are to be taken at their word.

/// Mean squared distance of probabilities from the truth. `None` without accounts.
#[must_use]
pub fn brier_score(probabilities: &[f64], labels: &[bool]) -> Option<f64> {
    let squares = probabilities.iter().zip(labels).map(|(p, label)| (p - f64::from(*label)).powi(2));
    (!labels.is_empty()).then(|| squares.sum::<f64>() / labels.len() as f64)
}

/// Mean negative logarithm of the probability given to the truth, in nats. Probabilities within 2.2e-16 of 0 and 1
/// count as that far off, as in scikit-learn. `None` without accounts.
#[must_use]
pub fn log_loss(probabilities: &[f64], labels: &[bool]) -> Option<f64> {
    let losses = probabilities.iter().zip(labels).map(|(p, label)| {
        let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if *label { -p.ln() } else { -(-p).ln_1p() }
    });
    (!labels.is_empty()).then(|| losses.sum::<f64>() / labels.len() as f64)
}

/// How probabilities are put into bins; both take how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bins {
    /// Equal parts of 0..=1, each with its upper end; empty ones are left out.
    EqualWidth(usize),
    /// About equally many accounts each; equal probabilities stay together.
    EqualMass(usize),
}

/// Accounts of about the same probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReliabilityBin {
    /// Accounts in it, at least 1.
    pub accounts: u64,
    /// Bots among them.
    pub positives: u64,
    /// Their mean probability.
    pub mean_probability: f64,
}

impl ReliabilityBin {
    /// Share of bots: what the mean probability ought to be.
    #[must_use]
    pub fn positive_share(&self) -> f64 {
        self.positives as f64 / self.accounts as f64
    }
}

/// The points of a calibration curve, in rising order.
#[must_use]
pub fn reliability(probabilities: &[f64], labels: &[bool], bins: Bins) -> Vec<ReliabilityBin> {
    let mut pairs: Vec<(f64, bool)> = probabilities.iter().copied().zip(labels.iter().copied()).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let all = pairs.len() as f64;
    let mut rank = 0;
    let mut filled: Vec<(usize, ReliabilityBin)> = Vec::new();
    for tied in pairs.chunk_by(|a, b| a.0 == b.0) {
        let probability = tied[0].0;
        let bin = match bins {
            Bins::EqualWidth(count) => (probability * count as f64).ceil().max(1.0) as usize,
            Bins::EqualMass(count) => (f64::from(rank) / all * count as f64) as usize,
        };
        rank += tied.len() as u32;
        if filled.last().is_none_or(|(last, _)| *last != bin) {
            filled.push((bin, ReliabilityBin { accounts: 0, positives: 0, mean_probability: 0.0 }));
        }
        if let Some((_, bin)) = filled.last_mut() {
            bin.accounts += tied.len() as u64;
            bin.positives += tied.iter().filter(|(_, label)| *label).count() as u64;
            bin.mean_probability += probability * tied.len() as f64;
        }
    }
    let mean = |(_, bin): (usize, ReliabilityBin)| ReliabilityBin {
        mean_probability: bin.mean_probability / bin.accounts as f64,
        ..bin
    };
    filled.into_iter().map(mean).collect()
}

/// Expected calibration error (Naeini, Cooper & Hauskrecht, AAAI 2015): the mean distance of probability and share of
/// bots over bins, weighted by accounts. `None` without accounts.
#[must_use]
pub fn calibration_error(bins: &[ReliabilityBin]) -> Option<f64> {
    let accounts: u64 = bins.iter().map(|bin| bin.accounts).sum();
    let distances =
        bins.iter().map(|bin| bin.accounts as f64 * (bin.mean_probability - bin.positive_share()).abs());
    (accounts > 0).then(|| distances.sum::<f64>() / accounts as f64)
}
