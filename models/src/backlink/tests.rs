use std::collections::HashMap;

use super::*;
use crate::rules::{Expression, built_in_rules};
use crate::score::{Score, Stage, Thresholds};

const EVEN: Thresholds = Thresholds { review: 0.5, automatic: None };
const DAY: i64 = 86_400_000_000;

fn signals(features: &[(&str, f64)]) -> Signals {
    let features: HashMap<&str, f64> = features.iter().copied().collect();
    Signals::of(|name| features.get(name).copied())
}

#[test]
fn the_weights_are_those_that_were_asked_for() {
    let weights: Vec<(&str, f64)> = SIGNALS.iter().map(|(_, name, weight)| (*name, *weight)).collect();
    assert_eq!(
        weights,
        [
            ("domain_rank", 0.15),
            ("domain_age", 0.15),
            ("ip_reuse", 0.20),
            ("registrar_reuse", 0.15),
            ("link_velocity", 0.15),
            ("anchor_quality", 0.10),
            ("dofollow", 0.05),
            ("safe_browsing", 0.05)
        ]
    );
    assert!((weights.iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-12);
    assert!((MODEL_WEIGHT + RULES_WEIGHT + SIMILARITY_WEIGHT - 1.0).abs() < 1e-12);
}

#[test]
fn signals_add_up_by_hand() {
    let worst = [
        ("domain_rank", 50.0),
        ("domain_age_days", 100.0),
        ("ip_reuse", 9.0),
        ("registrar_reuse", 9.0),
        ("registrar_reuse_share", 0.9),
        ("link_velocity", 40.0),
        ("anchor_risk", 1.0),
        ("anchor_repeat_share", 0.8),
        ("is_dofollow", 1.0),
        ("is_unsafe", 1.0),
    ];
    assert!((signals(&worst).probability().unwrap() - 1.0).abs() < 1e-12);
    let best = worst.map(|(name, _)| (name, if name.starts_with("domain") { 1e6 } else { 0.0 }));
    assert_eq!(signals(&best).probability(), Some(0.0));
    // (300 - 500) / (100 - 500) = 0.5; 2 of 5; share 0.5 of 0.3 to 0.7 = 0.5; 11 of 2 to 20 = 0.5; (0.4 + 0.25 / 0.5) / 2 = 0.45.
    let middling = [
        ("domain_rank", 300.0),
        ("domain_age_days", 3.0 * 365.25),
        ("ip_reuse", 2.0),
        ("registrar_reuse", 4.0),
        ("registrar_reuse_share", 0.5),
        ("link_velocity", 11.0),
        ("anchor_risk", 0.4),
        ("anchor_repeat_share", 0.25),
        ("is_dofollow", 1.0),
        ("is_unsafe", 0.0),
    ];
    let by_hand = 0.15 * 0.5 + 0.15 * 0.5 + 0.20 * 0.4 + 0.15 * 0.5 + 0.15 * 0.5 + 0.10 * 0.45 + 0.05;
    assert!((signals(&middling).probability().unwrap() - by_hand).abs() < 1e-12);
    // What is not known leaves its weight to the others.
    let known = [("domain_rank", 300.0), ("ip_reuse", 5.0)];
    assert!((signals(&known).probability().unwrap() - (0.15 * 0.5 + 0.20) / 0.35).abs() < 1e-12);
    assert_eq!(signals(&[]).probability(), None);
    assert_eq!(signals(&[("domain_rank", f64::NAN)]).probability(), None);
    let few = [("registrar_reuse", 2.0), ("registrar_reuse_share", 1.0)];
    assert_eq!(signals(&few).probability(), Some(0.0), "two domains are no network");
    let score = signals(&worst).score(&EVEN).unwrap();
    assert_eq!((score.stage, score.is_bot, score.reasons.len()), (Stage::Weights, true, 8));
}

#[test]
fn parts_join_by_hand_and_never_beyond_one() {
    let probability = |model, rules, similarity| Parts { model, rules, similarity }.probability();
    let close =
        |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}");
    close(probability(Some(0.9), Some(0.4), Some(0.2)), 0.55 * 0.9 + 0.30 * 0.4 + 0.15 * 0.2);
    close(probability(Some(0.9), Some(0.4), None), (0.55 * 0.9 + 0.30 * 0.4) / 0.85);
    close(probability(Some(0.9), None, Some(0.2)), (0.55 * 0.9 + 0.15 * 0.2) / 0.70);
    close(probability(None, Some(0.4), Some(0.2)), (0.30 * 0.4 + 0.15 * 0.2) / 0.45);
    close(probability(None, None, Some(0.2)), 0.2);
    assert_eq!(probability(None, None, None), None);
    for value in [1.0, 1.5, f64::MAX] {
        assert!(probability(Some(value), Some(value), Some(value)).unwrap() <= 1.0);
        assert!(probability(Some(value), Some(value), None).unwrap() <= 1.0);
    }
    close(probability(Some(f64::NAN), Some(0.4), None), 0.4);
    let by_model = Score { interval: Some((0.8, 1.0)), ..Score::new(0.9, &EVEN, Stage::Trees) };
    let joined =
        Parts { model: Some(0.9), rules: Some(0.4), similarity: None }.join(by_model, Vec::new(), &EVEN);
    assert_eq!((joined.stage, joined.reasons.len()), (Stage::Trees, 2));
    let (low, high) = joined.interval.unwrap();
    assert_eq!(joined.reasons[0].subject, "model");
    let by_signals = Score::new(0.9, &EVEN, Stage::Weights);
    let joined =
        Parts { model: Some(0.9), rules: Some(0.4), similarity: None }.join(by_signals, Vec::new(), &EVEN);
    assert_eq!(joined.reasons[0].subject, "signals", "no model has answered");
    assert!((low - (0.55 * 0.8 + 0.12) / 0.85).abs() < 1e-12 && (high - (0.55 + 0.12) / 0.85).abs() < 1e-12);
}

fn link(backlink_id: i64, source: &str, day: i64) -> Link {
    Link {
        backlink_id,
        source_domain: source.to_owned(),
        target: "https://www.Shop.example/page".to_owned(),
        anchor: Some("Cheap Shoes".to_owned()),
        is_dofollow: Some(true),
        first_seen: day * DAY,
        text_words: None,
        similarity: None,
        links_of_domain: Some(1.0),
        domain: None,
    }
}

fn number(features: &Features, name: &str) -> Option<f64> {
    features.numbers[NUMBERS.iter().position(|known| *known == name).expect("there is such a number")]
}

#[test]
fn reuse_is_counted_among_the_domains_of_a_target() {
    let domain = |ip: &str, registrar: &str, registered: i64| Domain {
        rank: Some(80.0),
        registered_at: Some(registered * DAY),
        ip: ip.parse().ok(),
        registrar: Some(registrar.to_owned()),
        asn: Some(64_500),
        hosting: Some("shared".to_owned()),
        is_unsafe: Some(false),
    };
    let domains = vec![
        domain("192.0.2.1", "Cheap", 100),
        domain("192.0.2.1", "cheap ", 103),
        domain("192.0.2.9", "Other", 500),
        domain("198.51.100.1", "Cheap", 900),
    ];
    let mut links =
        vec![link(1, "a.example", 1_000), link(2, "b.example", 1_002), link(3, "c.example", 1_003)];
    for (index, link) in links.iter_mut().enumerate() {
        link.domain = Some(index);
    }
    // A second link of a domain adds no domain; one to another target shares nothing.
    links.push(Link {
        domain: Some(0),
        anchor: Some("a.example".to_owned()),
        ..link(4, "www.a.example", 1_500)
    });
    links.push(Link { target: "other.example".to_owned(), domain: Some(3), ..link(5, "d.example", 1_000) });
    let graph = LinkGraph { domains, links };
    let (features, problems) = graph.features(i64::MAX);
    assert_eq!((features.len(), problems.len()), (5, 0));
    let of = |name: &str| features.iter().map(|features| number(features, name)).collect::<Vec<_>>();
    assert_eq!(of("ip_reuse"), [1.0, 1.0, 0.0, 1.0, 0.0].map(Some));
    assert_eq!(of("subnet_reuse"), [2.0, 2.0, 2.0, 2.0, 0.0].map(Some));
    assert_eq!(of("registrar_reuse"), [1.0, 1.0, 0.0, 1.0, 0.0].map(Some));
    assert_eq!(of("registrar_reuse_share"), [Some(0.5), Some(0.5), Some(0.0), Some(0.5), None]);
    assert_eq!(of("asn_reuse_share")[0], Some(1.0));
    assert_eq!(of("registered_together"), [1.0, 1.0, 0.0, 1.0, 0.0].map(Some));
    assert_eq!(of("link_velocity"), [2.0, 2.0, 2.0, 0.0, 0.0].map(Some));
    assert_eq!(of("linking_domains"), [3.0, 3.0, 3.0, 3.0, 1.0].map(Some));
    assert_eq!(of("domain_age_days"), [900.0, 899.0, 503.0, 1_400.0, 100.0].map(Some));
    assert_eq!(of("anchor_repeats"), [2.0, 2.0, 2.0, 0.0, 0.0].map(Some));
    // As of a time, nothing is known of what came later.
    let (before, problems) = graph.features(1_000 * DAY);
    assert_eq!(before.len(), 2);
    assert_eq!(problems.iter().filter(|(_, problem)| *problem == Problem::Future).count(), 3);
    assert_eq!(number(&before[0], "ip_reuse"), Some(0.0));
}

#[test]
fn broken_links_are_told_apart() {
    let mut links = vec![
        link(1, "shop.example", 1),
        link(2, "blog.shop.example", 1),
        link(3, "no domain", 1),
        link(4, "sound.example", 1),
        link(5, "late.example", 9),
        link(6, "", 1),
    ];
    links[3].anchor = Some("  ".to_owned());
    let graph = LinkGraph { domains: Vec::new(), links };
    let (features, problems) = graph.features(5 * DAY);
    assert_eq!(
        problems,
        [
            (0, Problem::SelfLink),
            (1, Problem::SelfLink),
            (2, Problem::NoDomain),
            (4, Problem::Future),
            (5, Problem::NoDomain)
        ]
    );
    assert_eq!(features.len(), 1);
    for missing in ["domain_rank", "ip_reuse", "anchor_risk", "similarity"] {
        assert_eq!(number(&features[0], missing), None, "{missing}");
    }
}

#[test]
fn names_and_anchors_are_read() {
    for (address, domain) in [
        ("https://www.Example.com/a?b#c", Some("example.com")),
        ("user@host.example:8080/x", Some("host.example")),
        ("EXAMPLE.org.", Some("example.org")),
        ("localhost", None),
        ("", None),
        ("a b.example", None),
        ("a..b", None),
    ] {
        assert_eq!(domain_of(address).as_deref(), domain, "{address}");
    }
    assert!(is_same_site("a.example", "blog.a.example") && !is_same_site("ba.example", "a.example"));
    for (anchor, risk) in [
        ("example.com", 0.0),
        ("https://example.com/best-casino", 0.0),
        ("read more", 0.0),
        ("anna's garden", 0.0),
        ("cheap shoes", 0.4),
        ("buy cheap shoes online", 1.0),
    ] {
        let normalised = normalised_anchor(anchor).unwrap();
        assert!((anchor_risk(&normalised) - risk).abs() < 1e-12, "{anchor}");
    }
    assert_eq!(normalised_anchor(" \n"), None);
    let shape = name_shape("best-seo-24.example");
    assert_eq!((shape.length, shape.hyphens, shape.digits), (11.0, 2.0, 2.0));
    assert!((name_shape("abab.example").entropy - 1.0).abs() < 1e-12);
}

#[test]
fn rules_for_links_name_their_columns() {
    for (_, rule) in built_in_rules().filter(|(detector, _)| *detector == BACKLINK) {
        let read = Expression::parse(rule.condition, &vocabulary());
        assert!(read.is_ok(), "{}: {read:?}", rule.name);
    }
}
