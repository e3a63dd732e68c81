//! What answers when no model does: a handful of rules that hold on most services.
//!
//! Each rule that applies is an independent piece of evidence of the given strength; together they give
//! `1 - (1 - prior) · Π (1 - strength)`, which never reaches 1.

use crate::features::{ACCOUNT_FEATURES, FeatureVector};
use crate::score::{Reason, Score, Stage};

/// Probability before any rule applies.
const PRIOR: f64 = 0.05;
/// A verified account's suspicion is cut to this share.
const VERIFIED_SHARE: f64 = 0.3;

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}
use Bound::{AtLeast, AtMost};

struct Rule {
    feature: &'static str,
    bound: Bound,
    strength: f64,
}

const fn rule(feature: &'static str, bound: Bound, strength: f64) -> Rule {
    Rule { feature, bound, strength }
}

const ACCOUNT_RULES: &[Rule] = &[
    rule("lockstep_score", AtLeast(0.2), 0.5),
    rule("duplicate_rate", AtLeast(0.5), 0.5),
    rule("copied_rate", AtLeast(0.5), 0.4),
    rule("posting_cadence", AtMost(90.0), 0.4),
    rule("session_duration_mean", AtLeast(4.0 * 3600.0), 0.4),
    rule("circadian_entropy", AtLeast(0.97), 0.3),
    rule("burst_score", AtLeast(0.9), 0.25),
    rule("follower_following_ratio", AtMost(0.05), 0.25),
    rule("action_diversity", AtMost(0.1), 0.2),
    rule("content_diversity", AtMost(1.5), 0.2),
    rule("profile_completeness", AtMost(0.25), 0.2),
    rule("account_age_days", AtMost(7.0), 0.15),
];

/// Scores an account by rules alone. Missing features trigger nothing.
#[must_use]
pub fn score_by_rules(features: &FeatureVector, threshold: f64) -> Score {
    let mut innocence = 1.0 - PRIOR;
    let mut reasons = Vec::new();
    for rule in ACCOUNT_RULES {
        let Some(value) = features.get(rule.feature) else {
            continue;
        };
        let applies = match rule.bound {
            AtLeast(bound) => value >= bound,
            AtMost(bound) => value <= bound,
        };
        if !applies {
            continue;
        }
        let before = innocence;
        innocence *= 1.0 - rule.strength;
        reasons.push(Reason {
            subject: rule.feature,
            value: Some(value),
            typical: None,
            unit: unit_of(rule.feature),
            contribution: log_odds(1.0 - innocence) - log_odds(1.0 - before),
        });
    }
    let mut probability = 1.0 - innocence;
    if features.get("is_verified") == Some(1.0) {
        let before = log_odds(probability);
        probability *= VERIFIED_SHARE;
        reasons.push(Reason {
            subject: "is_verified",
            value: Some(1.0),
            typical: None,
            unit: "",
            contribution: log_odds(probability) - before,
        });
    }
    reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    Score { reasons, ..Score::new(probability, threshold, Stage::Rules) }
}

fn unit_of(feature: &str) -> &'static str {
    ACCOUNT_FEATURES
        .iter()
        .find(|definition| definition.name == feature)
        .map_or("", |definition| definition.unit)
}

fn log_odds(probability: f64) -> f64 {
    (probability / (1.0 - probability)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::ACCOUNT_FEATURE_COUNT;

    fn features(set: &[(&str, f64)]) -> FeatureVector {
        let mut values = [None; ACCOUNT_FEATURE_COUNT];
        for (name, value) in set {
            let index = ACCOUNT_FEATURES.iter().position(|definition| definition.name == *name);
            values[index.expect("the feature exists")] = Some(*value);
        }
        FeatureVector::new(&values).expect("the values are possible")
    }

    #[test]
    fn nothing_known_is_the_prior() {
        let score = score_by_rules(&features(&[]), 0.5);
        assert!((score.probability - PRIOR).abs() < 1e-12);
        assert!(!score.is_bot && score.reasons.is_empty());
        assert_eq!(score.stage, Stage::Rules);
    }

    #[test]
    fn evidence_adds_up_by_hand() {
        let score = score_by_rules(&features(&[("duplicate_rate", 0.9), ("posting_cadence", 60.0)]), 0.5);
        assert!((score.probability - (1.0 - 0.95 * 0.5 * 0.6)).abs() < 1e-12);
        assert!(score.is_bot);
        assert_eq!(score.reasons[0].subject, "duplicate_rate");
        let verified = features(&[("duplicate_rate", 0.9), ("posting_cadence", 60.0), ("is_verified", 1.0)]);
        assert!(!score_by_rules(&verified, 0.5).is_bot);
    }

    #[test]
    fn every_rule_names_a_feature() {
        for rule in ACCOUNT_RULES {
            assert!(
                ACCOUNT_FEATURES.iter().any(|definition| definition.name == rule.feature),
                "{}",
                rule.feature
            );
        }
    }
}
