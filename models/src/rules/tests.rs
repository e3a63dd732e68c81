use serde_json::{Value, json};

use super::*;
use crate::features::ACCOUNT_FEATURES;
use crate::score::{Action, Stage, Thresholds};

const EVEN: Thresholds = Thresholds { review: 0.5, automatic: None };

fn features(set: &[(&str, f64)]) -> Vec<Option<f64>> {
    let mut values = vec![None; ACCOUNT_FEATURES.len()];
    for (name, value) in set {
        let index = ACCOUNT_FEATURES.iter().position(|definition| definition.name == *name);
        values[index.expect("the feature exists")] = Some(*value);
    }
    values
}

fn of_account(set: &[(&str, f64)]) -> crate::score::Score {
    let values = features(set);
    let facts = FeatureFacts { values: &values, account_id: None };
    built_in_set("account", &Vocabulary::account()).score(&facts, &EVEN, None)
}

fn deciding(name: &str, effect: Effect, condition: &str) -> Rule {
    let definition = RuleDefinition {
        name: name.to_owned(),
        version: 3,
        condition: condition.to_owned(),
        effect,
        weight: 0.5,
        reason: "somebody said so".to_owned(),
    };
    definition.check(&Vocabulary::account()).expect("it is a rule")
}

#[test]
fn nothing_known_is_the_prior() {
    let score = of_account(&[]);
    assert!((score.probability - 0.05).abs() < 1e-12);
    assert!(!score.is_bot && score.reasons.is_empty());
    assert_eq!(score.stage, Stage::Rules);
    let values = features(&[]);
    let facts = FeatureFacts { values: &values, account_id: None };
    let set = built_in_set("account", &Vocabulary::account());
    assert!((set.weigh(&facts, Some(0.2)).probability - 0.2).abs() < 1e-12, "a base rate that is set");
}

#[test]
fn evidence_adds_up_by_hand() {
    let score = of_account(&[("duplicate_rate", 0.9), ("posting_cadence", 60.0)]);
    assert!((score.probability - (1.0 - 0.95 * 0.5 * 0.6)).abs() < 1e-12);
    assert!(score.is_bot);
    assert_eq!(
        score.reasons[0].to_string(),
        "rule repeats_itself (version 1): most of its posts repeat earlier ones; duplicate_rate 0.9 (+3.0)"
    );
    let verified = of_account(&[("duplicate_rate", 0.9), ("posting_cadence", 60.0), ("is_verified", 1.0)]);
    assert!((verified.probability - 0.3 * (1.0 - 0.95 * 0.5 * 0.6)).abs() < 1e-12);
    assert!(!verified.is_bot);
}

#[test]
fn every_rule_that_comes_along_is_one() {
    for (detector, rule) in built_in_rules() {
        let vocabulary = match detector {
            "account" => Vocabulary::account(),
            "engagement" => crate::engagement::vocabulary(),
            _ => Vocabulary::any(),
        };
        let read = Expression::parse(rule.condition, &vocabulary);
        assert!(read.is_ok(), "{detector} {}: {read:?}", rule.name);
        assert!(rule.weight > -1.0 && rule.weight < 1.0);
    }
}

#[test]
fn rows_of_tables_have_rules_where_their_detector_does() {
    let row = json!({"urgent_message_count": 4, "asked_credentials": true, "spam_template": "yes"});
    let Value::Object(row) = row else { panic!("it is one") };
    let set = built_in_set("spammer", &Vocabulary::any());
    let score = set.score(&RowFacts(&row), &EVEN, None);
    assert!((score.probability - (1.0 - 0.97 * 0.6 * 0.6)).abs() < 1e-12);
    assert!(!built_in_set("another", &Vocabulary::any()).has_evidence());
}

#[test]
fn lists_decide_and_the_allowed_go_first() {
    let set = RuleSet::new(
        0.05,
        vec![
            deciding("blocked", Effect::Block, "account_id in (17, 9007199254740993) or followers < 3"),
            deciding("friends", Effect::Allow, "account_id = 18"),
        ],
    );
    assert!(set.may_decide() && !set.has_evidence());
    let decide = |account_id, followers, thresholds: &Thresholds| {
        let values = features(&[("followers", followers)]);
        set.decide(&FeatureFacts { values: &values, account_id }, thresholds)
    };
    let blocked = decide(Some(17), 100.0, &EVEN).expect("it is on the list");
    assert_eq!((blocked.probability, blocked.stage, blocked.action), (1.0, Stage::Rules, Action::Review));
    assert!(
        blocked.reasons[0]
            .to_string()
            .starts_with("rule blocked (version 3): somebody said so; account_id 17")
    );
    // Neighbours that a float cannot tell apart.
    assert!(decide(Some(9_007_199_254_740_993), 100.0, &EVEN).is_some());
    assert!(decide(Some(9_007_199_254_740_992), 100.0, &EVEN).is_none());
    assert!(decide(None, 100.0, &EVEN).is_none(), "who it is is not known");
    let allowed = decide(Some(18), 1.0, &Thresholds { review: 0.0, automatic: Some(0.0) }).expect("a friend");
    assert_eq!((allowed.probability, allowed.is_bot, allowed.action), (0.0, false, Action::None));
    assert_eq!(allowed.reasons.len(), 1, "what does not decide is no reason");
}

#[test]
fn weights_are_no_certainties() {
    for weight in [1.0, -1.0, f64::NAN, f64::INFINITY] {
        let definition = RuleDefinition {
            name: "certain".to_owned(),
            version: 1,
            condition: "true".to_owned(),
            effect: Effect::Evidence,
            weight,
            reason: String::new(),
        };
        assert!(matches!(definition.check(&Vocabulary::any()), Err(RuleError::Weight(_))), "{weight}");
    }
}

#[test]
fn names_of_known_kinds_are_columns_that_rows_are_checked_by() {
    let names = [
        ("links", Kind::Number),
        ("is_new", Kind::Boolean),
        ("plan", Kind::Text),
        ("link_id", Kind::Identifier),
    ];
    let names = names.into_iter().map(|(name, kind)| (name.into(), kind));
    let schema = Vocabulary::of(names).schema().expect("some of them are learned from");
    let ignored: Vec<&str> = schema.ignored().iter().map(String::as_str).collect();
    assert_eq!(ignored, ["plan", "link_id", "account_id"]);
    let row = |value: Value| value.as_object().expect("it is one").clone();
    let read = |value: Value| schema.read_json(&row(value));
    assert_eq!(read(json!({"links": 3, "plan": 5, "account_id": 7})).unwrap(), [Some(3.0), None]);
    assert!(read(json!({"lnks": 3})).is_err() && read(json!({"is_new": "yes"})).is_err());
    assert_eq!(Vocabulary::any().schema(), None);
}
