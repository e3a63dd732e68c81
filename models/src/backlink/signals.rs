//! Eight weighted signals: a probability that needs no training.
//!
//! Each signal runs from 0, what ordinary links look like, to 1, what those of networks do, in a straight line between two
//! thresholds. The probability is their weighted mean over what is known.

use crate::score::{Reason, Score, Stage, Thresholds, log_odds};

/// One of the signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Standing of the domain: 1 below 100, 0 from 500 on.
    DomainRank,
    /// Age of the domain when the link was seen: 1 below a year, 0 from five years on.
    DomainAge,
    /// Other domains on its address that link to the target: 0 for none, 1 from five on.
    IpReuse,
    /// Share of the others that its registrar has: 0 up to 0.3, which the largest registrars reach by themselves, 1 from 0.7 on; 0
    /// where fewer than three share it.
    RegistrarReuse,
    /// Other domains that came within the same week: 0 up to 2, 1 from 20 on.
    LinkVelocity,
    /// Words made for search engines, and how many of the others have the same (1 from half of them on), half each.
    AnchorQuality,
    /// 1 where search engines are to follow it: nothing else helps a network.
    Dofollow,
    /// 1 where a list of dangerous sites names the domain.
    SafeBrowsing,
}

/// All signals with their names and weights, which add up to 1.
pub const SIGNALS: [(Signal, &str, f64); 8] = [
    (Signal::DomainRank, "domain_rank", 0.15),
    (Signal::DomainAge, "domain_age", 0.15),
    (Signal::IpReuse, "ip_reuse", 0.20),
    (Signal::RegistrarReuse, "registrar_reuse", 0.15),
    (Signal::LinkVelocity, "link_velocity", 0.15),
    (Signal::AnchorQuality, "anchor_quality", 0.10),
    (Signal::Dofollow, "dofollow", 0.05),
    (Signal::SafeBrowsing, "safe_browsing", 0.05),
];

/// Registrars with fewer other domains say nothing, whatever their share.
const FEWEST_OF_REGISTRAR: f64 = 3.0;
/// Share of the anchors from which on they are as alike as a network's.
const ALIKE_ANCHORS: f64 = 0.5;
/// Probabilities as near to 0 and 1 as reasons go.
const NEARLY: f64 = 1e-3;

/// The signals of a link, each 0..=1; `None` where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Signals {
    values: [Option<f64>; SIGNALS.len()],
}

/// 0 up to one threshold, 1 from another on; the second may be the lower one.
fn between(value: f64, none: f64, full: f64) -> f64 {
    ((value - none) / (full - none)).clamp(0.0, 1.0)
}

impl Signals {
    /// The signals of a link from its features by name; truth values as 0 and 1.
    #[must_use]
    pub fn of(feature: impl Fn(&str) -> Option<f64>) -> Self {
        let registrar = || {
            let (reuse, share) = (feature("registrar_reuse")?, feature("registrar_reuse_share")?);
            Some(if reuse < FEWEST_OF_REGISTRAR { 0.0 } else { between(share, 0.3, 0.7) })
        };
        let anchor = || {
            let risk = feature("anchor_risk")?;
            let alike =
                feature("anchor_repeat_share").map_or(0.0, |share| between(share, 0.0, ALIKE_ANCHORS));
            Some((risk.clamp(0.0, 1.0) + alike) / 2.0)
        };
        let value = |signal| match signal {
            Signal::DomainRank => feature("domain_rank").map(|rank| between(rank, 500.0, 100.0)),
            Signal::DomainAge => feature("domain_age_days").map(|days| between(days, 5.0 * 365.25, 365.25)),
            Signal::IpReuse => feature("ip_reuse").map(|reuse| between(reuse, 0.0, 5.0)),
            Signal::RegistrarReuse => registrar(),
            Signal::LinkVelocity => feature("link_velocity").map(|links| between(links, 2.0, 20.0)),
            Signal::AnchorQuality => anchor(),
            Signal::Dofollow => feature("is_dofollow").map(|value| between(value, 0.0, 1.0)),
            Signal::SafeBrowsing => feature("is_unsafe").map(|value| between(value, 0.0, 1.0)),
        };
        Self { values: SIGNALS.map(|(signal, ..)| value(signal).filter(|value| value.is_finite())) }
    }

    /// The signals in the order of [`SIGNALS`].
    #[must_use]
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
    }

    /// Weighted mean of the signals that are known; `None` where none is.
    #[must_use]
    pub fn probability(&self) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for ((_, _, weight), value) in SIGNALS.iter().zip(self.values) {
            if let Some(value) = value {
                sum += weight * value;
                weights += weight;
            }
        }
        (weights > 0.0).then(|| sum / weights)
    }

    /// What the probability would be if one of the signals said neither the one nor the other.
    fn with_even(&self, index: usize) -> Option<f64> {
        let mut signals = *self;
        signals.values[index] = Some(0.5);
        signals.probability()
    }

    /// The score by signals alone; `None` where none is known. A reason's contribution is how far the log-odds
    /// lie from where they would be if it was 0.5.
    #[must_use]
    pub fn score(&self, thresholds: &Thresholds) -> Option<Score> {
        let probability = self.probability()?;
        let odds = |probability: f64| log_odds(probability.clamp(NEARLY, 1.0 - NEARLY));
        let reasons =
            SIGNALS.iter().zip(self.values).enumerate().filter_map(|(index, ((_, name, _), value))| {
                let contribution = odds(probability) - odds(self.with_even(index).unwrap_or(0.5));
                let subject = (*name).into();
                Some(Reason {
                    subject,
                    value: Some(value?),
                    label: None,
                    typical: None,
                    unit: "",
                    contribution,
                })
            });
        let mut reasons: Vec<Reason> = reasons.collect();
        reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        Some(Score { reasons, ..Score::new(probability, thresholds, Stage::Weights) })
    }
}
