//! Model, rules and similarity as one probability.

use crate::score::{Reason, Score, Stage, Thresholds, log_odds};

/// Weight of the model's probability, or of what answers in its place.
pub const MODEL_WEIGHT: f64 = 0.55;
/// Weight of the rules' probability.
pub const RULES_WEIGHT: f64 = 0.30;
/// Weight of the similarity of pages.
pub const SIMILARITY_WEIGHT: f64 = 0.15;

/// Probabilities as near to 0 and 1 as reasons go.
const NEARLY: f64 = 1e-3;
/// Reasons that a score names.
const MOST_REASONS: usize = 8;

/// What is known of a link, each 0..=1; `None` where it is not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// Probability by the model, or by the weighted signals.
    pub model: Option<f64>,
    /// Probability by the rules.
    pub rules: Option<f64>,
    /// Similarity of its page to one of another domain.
    pub similarity: Option<f64>,
}

impl Parts {
    /// Names, weights and values.
    fn weighted(&self) -> [(&'static str, f64, Option<f64>); 3] {
        [
            ("model", MODEL_WEIGHT, self.model),
            ("rules", RULES_WEIGHT, self.rules),
            ("similarity", SIMILARITY_WEIGHT, self.similarity),
        ]
    }

    /// Weighted mean of the parts that are there, 0..=1; `None` where there is none.
    #[must_use]
    pub fn probability(&self) -> Option<f64> {
        let (mut sum, mut weights) = (0.0, 0.0);
        for (_, weight, value) in self.weighted() {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                sum += weight * value.clamp(0.0, 1.0);
                weights += weight;
            }
        }
        // Rounding must not carry it beyond.
        (weights > 0.0).then(|| (sum / weights).min(1.0))
    }

    /// What the probability would be if one of the parts said neither the one nor the other.
    fn with_even(&self, name: &str) -> Option<f64> {
        let even = |part: &str, value: Option<f64>| if part == name { Some(0.5) } else { value };
        let parts = Self {
            model: even("model", self.model),
            rules: even("rules", self.rules),
            similarity: even("similarity", self.similarity),
        };
        parts.probability()
    }

    /// The parts joined with the score that the model's part comes from, whose stage and anomaly stay. The parts are the first
    /// reasons, each with how far the log-odds lie from where they would be if it was 0.5; what fired and what the model says follow.
    /// Where the weighted signals answer in the model's place, the part bears their name.
    #[must_use]
    pub fn join(&self, by_model: Score, fired: Vec<Reason>, thresholds: &Thresholds) -> Score {
        let Some(probability) = self.probability() else { return by_model };
        let odds = |probability: f64| log_odds(probability.clamp(NEARLY, 1.0 - NEARLY));
        let mut reasons: Vec<Reason> = Vec::new();
        for (name, _, value) in self.weighted() {
            let Some(value) = value else { continue };
            let contribution = odds(probability) - odds(self.with_even(name).unwrap_or(0.5));
            let is_by_signals = name == "model" && by_model.stage == Stage::Weights;
            reasons.push(Reason {
                subject: if is_by_signals { "signals" } else { name }.into(),
                value: Some(value),
                label: None,
                typical: None,
                unit: "",
                contribution,
            });
        }
        let with_model = |model: f64| Self { model: Some(model), ..*self }.probability().unwrap_or(model);
        let interval = by_model.interval.map(|(low, high)| (with_model(low), with_model(high)));
        reasons.extend(fired);
        reasons.extend(by_model.reasons);
        reasons.truncate(MOST_REASONS);
        let joined = Score::new(probability, thresholds, by_model.stage);
        Score { interval, anomaly: by_model.anomaly, reasons, ..joined }
    }
}
