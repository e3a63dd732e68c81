//! What answers when no model does: a handful of rules that hold on most services.
//!
//! Each rule that applies is an independent piece of evidence of the given strength; together they give
//! `1 - (1 - prior) · Π (1 - strength)`, which never reaches 1.

use serde_json::{Map, Value};

use crate::features::ACCOUNT_FEATURES;
use crate::score::{Reason, Score, Stage, Thresholds};

/// What is known of rows of one kind.
struct RuleSet {
    /// Probability before any rule applies.
    prior: f64,
    rules: &'static [Rule],
    /// A feature that cuts suspicion to [`VERIFIED_SHARE`] where it is 1.
    verified: &'static str,
}

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

const ACCOUNTS: RuleSet = RuleSet {
    prior: 0.05,
    rules: &[
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
    ],
    verified: "is_verified",
};

/// For the columns of `botdet.spammer`.
const SPAMMERS: RuleSet = RuleSet {
    prior: 0.03,
    rules: &[
        rule("urgent_message_count", AtLeast(3.0), 0.4),
        rule("off_platform_mentions", AtLeast(2.0), 0.3),
        rule("link_count", AtLeast(5.0), 0.3),
        rule("asked_credentials", AtLeast(1.0), 0.4),
        rule("asked_financial_details", AtLeast(1.0), 0.3),
        rule("impersonation_attempt", AtLeast(1.0), 0.3),
        rule("disposable_email", AtLeast(1.0), 0.2),
        rule("temporary_phone", AtLeast(1.0), 0.2),
        rule("spam_template", AtLeast(1.0), 0.3),
        rule("captcha_defeated", AtLeast(1.0), 0.3),
        rule("verification_level", AtMost(0.0), 0.1),
        rule("country_tier", AtLeast(4.0), 0.1),
    ],
    verified: "payment_verified",
};

/// For the features of the `engagement` detector.
const ENGAGEMENT: RuleSet = RuleSet {
    prior: 0.08,
    rules: &[
        rule("suspicion", AtLeast(0.25), 0.4),
        rule("suspicion", AtLeast(0.4), 0.5),
        rule("suspicion", AtLeast(0.6), 0.5),
        rule("night_episodes", AtLeast(1.5), 0.4),
        rule("likeness", AtLeast(0.5), 0.4),
    ],
    verified: "is_verified",
};

/// Scores an account by rules alone, from its features in catalogue order. Missing features trigger nothing.
#[must_use]
pub fn score_by_rules(values: &[Option<f64>], thresholds: &Thresholds) -> Score {
    let value = |name: &str| {
        let position = ACCOUNT_FEATURES.iter().position(|feature| feature.name == name)?;
        values.get(position).copied().flatten()
    };
    apply(&ACCOUNTS, value, thresholds)
}

/// Scores a row of a table by rules alone; `None` when the detector has none.
#[must_use]
pub fn score_row_by_rules(
    detector: &str,
    row: &Map<String, Value>,
    thresholds: &Thresholds,
) -> Option<Score> {
    let value = |name: &str| match row.get(name)? {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        value => value.as_f64(),
    };
    let set = match detector {
        "spammer" => &SPAMMERS,
        "engagement" => &ENGAGEMENT,
        _ => return None,
    };
    Some(apply(set, value, thresholds))
}

fn apply(set: &RuleSet, value_of: impl Fn(&str) -> Option<f64>, thresholds: &Thresholds) -> Score {
    let mut innocence = 1.0 - set.prior;
    let mut reasons = Vec::new();
    for rule in set.rules {
        let Some(value) = value_of(rule.feature) else {
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
        reasons.push(reason(rule.feature, value, log_odds(1.0 - innocence) - log_odds(1.0 - before)));
    }
    let mut probability = 1.0 - innocence;
    if value_of(set.verified) == Some(1.0) {
        let before = log_odds(probability);
        probability *= VERIFIED_SHARE;
        reasons.push(reason(set.verified, 1.0, log_odds(probability) - before));
    }
    reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
    Score { reasons, ..Score::new(probability, thresholds, Stage::Rules) }
}

fn reason(feature: &'static str, value: f64, contribution: f64) -> Reason {
    let unit = unit_of(feature);
    Reason { subject: feature.into(), value: Some(value), label: None, typical: None, unit, contribution }
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

    const EVEN: Thresholds = Thresholds { review: 0.5, automatic: None };

    fn features(set: &[(&str, f64)]) -> Vec<Option<f64>> {
        let mut values = vec![None; ACCOUNT_FEATURES.len()];
        for (name, value) in set {
            let index = ACCOUNT_FEATURES.iter().position(|definition| definition.name == *name);
            values[index.expect("the feature exists")] = Some(*value);
        }
        values
    }

    #[test]
    fn nothing_known_is_the_prior() {
        let score = score_by_rules(&features(&[]), &EVEN);
        assert!((score.probability - ACCOUNTS.prior).abs() < 1e-12);
        assert!(!score.is_bot && score.reasons.is_empty());
        assert_eq!(score.stage, Stage::Rules);
    }

    #[test]
    fn evidence_adds_up_by_hand() {
        let score = score_by_rules(&features(&[("duplicate_rate", 0.9), ("posting_cadence", 60.0)]), &EVEN);
        assert!((score.probability - (1.0 - 0.95 * 0.5 * 0.6)).abs() < 1e-12);
        assert!(score.is_bot);
        assert_eq!(score.reasons[0].subject, "duplicate_rate");
        let verified = features(&[("duplicate_rate", 0.9), ("posting_cadence", 60.0), ("is_verified", 1.0)]);
        assert!(!score_by_rules(&verified, &EVEN).is_bot);
    }

    #[test]
    fn every_rule_names_a_feature() {
        for rule in ACCOUNTS.rules {
            assert!(
                ACCOUNT_FEATURES.iter().any(|definition| definition.name == rule.feature),
                "{}",
                rule.feature
            );
        }
    }

    #[test]
    fn rows_of_tables_have_rules_where_their_detector_does() {
        let row =
            serde_json::json!({"urgent_message_count": 4, "asked_credentials": true, "spam_template": "yes"});
        let row = row.as_object().expect("it is one");
        let score = score_row_by_rules("spammer", row, &EVEN).expect("there are rules");
        assert!((score.probability - (1.0 - 0.97 * 0.6 * 0.6)).abs() < 1e-12);
        assert!(score_row_by_rules("another", row, &EVEN).is_none());
        let row = serde_json::json!({"suspicion": 0.5, "likeness": 0.1});
        let score = score_row_by_rules("engagement", row.as_object().expect("it is one"), &EVEN);
        assert!((score.expect("there are rules").probability - (1.0 - 0.92 * 0.6 * 0.5)).abs() < 1e-12);
    }
}
