//! The answer: a probability, how sure it is, which stage gave it, and why.

use std::borrow::Cow;
use std::fmt;

/// Which part of the pipeline decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No model is active: fixed rules answered.
    Rules,
    /// Weighted signals that need no training, where no model can answer.
    Weights,
    /// The logistic filter alone: it was sure, or there was nothing more to look at.
    Filter,
    /// Filter, trees and anomaly together.
    Trees,
    /// All of these and the sequence model.
    Sequence,
}

impl Stage {
    /// Name in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Weights => "weights",
            Self::Filter => "filter",
            Self::Trees => "trees",
            Self::Sequence => "sequence",
        }
    }
}

/// What the thresholds ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// That a person looks at it.
    Review,
    /// What is done to bots, without a person looking first.
    Automatic,
}

impl Action {
    /// Name in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Review => "review",
            Self::Automatic => "automatic",
        }
    }
}

/// Probabilities from which something is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// From which a row counts as a bot, and goes to review.
    pub review: f64,
    /// From which it may be acted upon without review, if it counts as a bot; `None`: never.
    pub automatic: Option<f64>,
}

impl Thresholds {
    fn action(&self, probability: f64) -> Action {
        match self.automatic {
            _ if probability < self.review => Action::None,
            Some(automatic) if probability >= automatic => Action::Automatic,
            _ => Action::Review,
        }
    }
}

/// One account's score.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Probability that the account is a bot, 0..1.
    pub probability: f64,
    /// Whether that reaches the threshold.
    pub is_bot: bool,
    /// What the thresholds ask for.
    pub action: Action,
    /// Probability of the class that was named: from 0.5 for a coin toss at threshold 0.5.
    pub confidence: f64,
    /// 95 % interval of the probability; `None` where the deciding stage has none.
    pub interval: Option<(f64, f64)>,
    /// How unusual the account is; `None` without an anomaly model.
    pub anomaly: Option<Anomaly>,
    /// Which stage decided.
    pub stage: Stage,
    /// What moved the score most, strongest first.
    pub reasons: Vec<Reason>,
    /// Whether a deeper stage would have been asked, had scoring been allowed to go that far.
    pub is_provisional: bool,
}

impl Score {
    pub(crate) fn new(probability: f64, thresholds: &Thresholds, stage: Stage) -> Self {
        let action = thresholds.action(probability);
        let is_bot = action != Action::None;
        Self {
            probability,
            is_bot,
            action,
            confidence: if is_bot { probability } else { 1.0 - probability },
            interval: None,
            anomaly: None,
            stage,
            reasons: Vec::new(),
            is_provisional: false,
        }
    }

    /// Makes it one of which nothing is asked, whatever the thresholds.
    pub(crate) fn clear(&mut self) {
        self.is_bot = false;
        self.action = Action::None;
        self.confidence = 1.0 - self.probability;
    }
}

/// Log-odds of a probability.
pub(crate) fn log_odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

/// How unusual an account is. Unusual is not the same as automated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anomaly {
    /// Share of the training rows that are less unusual, 0..1: the mean over the anomaly models.
    pub score: f64,
    /// Whether the score lies above the threshold that the contamination set.
    pub is_anomaly: bool,
}

/// One cause of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The column, or the stage.
    pub subject: Cow<'static, str>,
    /// The row's value; `None` when missing or when the subject is a stage.
    pub value: Option<f64>,
    /// What the value is called, for categories.
    pub label: Option<String>,
    /// Median of the training rows; `None` when not known, and for categories.
    pub typical: Option<f64>,
    /// Unit of both.
    pub unit: &'static str,
    /// By how many log-odds it moved the score: above 0 towards bot.
    pub contribution: f64,
}

impl fmt::Display for Reason {
    /// `duplicate_rate 0.93, typically 0.04 (+2.1)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.subject)?;
        match (&self.label, self.value, self.typical) {
            (Some(label), ..) => write!(f, " {label}")?,
            (None, Some(value), _) => write!(f, " {}", Amount(value, self.unit))?,
            (None, None, Some(_)) => f.write_str(" not known")?,
            (None, None, None) => {}
        }
        if let Some(typical) = self.typical {
            write!(f, ", typically {}", Amount(typical, self.unit))?;
        }
        write!(f, " ({:+.1})", self.contribution)
    }
}

/// Digits from which on a number is written with an exponent.
const LONGEST_NUMBER: i32 = 15;

/// A value with three significant digits and its unit.
pub(crate) struct Amount(pub(crate) f64, pub(crate) &'static str);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, unit) = *self;
        let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
        if magnitude >= LONGEST_NUMBER {
            return write!(f, "{value:.2e}{}{unit}", if unit.is_empty() { "" } else { " " });
        }
        let digits = if value == 0.0 { 0 } else { (2 - magnitude).clamp(0, 4) as usize };
        if digits == 0 || value.fract() == 0.0 {
            // Most are whole, and written in a fraction of the time that way.
            write!(f, "{}", value.round_ties_even() as i64)?;
        } else {
            let text = format!("{value:.digits$}");
            f.write_str(text.trim_end_matches('0').trim_end_matches('.'))?;
        }
        if unit.is_empty() { Ok(()) } else { write!(f, " {unit}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_needs_a_bot_first() {
        let action = |automatic, probability| Thresholds { review: 0.5, automatic }.action(probability);
        assert_eq!(action(Some(0.9), 0.499), Action::None);
        assert_eq!(action(Some(0.9), 0.5), Action::Review);
        assert_eq!(action(Some(0.9), 0.9), Action::Automatic);
        assert_eq!(action(None, 1.0), Action::Review);
        assert_eq!(action(Some(0.2), 0.3), Action::None);
    }

    #[test]
    fn reasons_read_as_a_sentence() {
        let reason = Reason {
            subject: "posting_cadence".into(),
            value: Some(61.04),
            label: None,
            typical: Some(5_400.2),
            unit: "s",
            contribution: 1.26,
        };
        assert_eq!(reason.to_string(), "posting_cadence 61 s, typically 5400 s (+1.3)");
        let reason = Reason { value: None, typical: Some(0.0401), unit: "", contribution: -0.5, ..reason };
        assert_eq!(reason.to_string(), "posting_cadence not known, typically 0.0401 (-0.5)");
        let reason = Reason { value: Some(2.0), label: Some("free".to_owned()), typical: None, ..reason };
        assert_eq!(reason.to_string(), "posting_cadence free (-0.5)");
        let reason = Reason { value: Some(-3e38), label: None, typical: Some(1e14), unit: "s", ..reason };
        assert_eq!(
            reason.to_string(),
            "posting_cadence -3.00e38 s, typically 100000000000000 s (-0.5)",
            "nobody counts 39 digits"
        );
    }
}
