use std::collections::HashSet;

use botdet_models::backlink::{BOOLEANS, LinkFacts, NUMBERS, Signals, judge, vocabulary};
use botdet_models::metrics::Ranked;
use botdet_models::rules::built_in_set;
use botdet_models::score::Thresholds;

use super::*;

fn simulated(links: u32, seed: u64) -> SimulatedBacklinks {
    let params = BacklinkParams { links, seed, ..BacklinkParams::default() };
    simulate_backlinks(&params.check().expect("the parameters are possible"))
}

fn area(scores: &[f64], labels: &[bool]) -> f64 {
    Ranked::of(scores, labels).roc_auc().expect("both classes are there")
}

#[test]
fn the_same_seed_makes_the_same_links() {
    let made = simulated(3_000, 5);
    assert_eq!(made, simulated(3_000, 5));
    assert_ne!(made, simulated(3_000, 6));
    let networks: HashSet<u32> = made.links.iter().filter_map(|link| link.network).collect();
    let share =
        made.links.iter().filter(|link| link.network.is_some()).count() as f64 / made.links.len() as f64;
    assert!(networks.len() > 10 && (0.15..0.4).contains(&share), "{} networks, {share}", networks.len());
    assert!((2_000..4_500).contains(&made.links.len()), "{}", made.links.len());
    assert!(made.links.iter().all(|link| link.first_seen < BacklinkParams::default().end));
}

/// A threshold on one feature, in whichever direction, is no detector; all together are.
#[test]
fn no_single_feature_gives_a_network_away() {
    let made = simulated(12_000, 1);
    let graph = made.graph(true).expect("the parameters are possible");
    let (features, problems) = graph.features(i64::MAX);
    assert!(problems.len() < 20, "{}", problems.len());
    let labels: Vec<bool> =
        features.iter().map(|features| made.links[features.link].network.is_some()).collect();
    let mut singles: Vec<(f64, &str)> = NUMBERS
        .iter()
        .chain(&BOOLEANS)
        .map(|name| {
            let values: Vec<f64> = features
                .iter()
                .map(|features| LinkFacts { graph: &graph, features }.value(name).unwrap_or(-1.0))
                .collect();
            let area = area(&values, &labels);
            (area.max(1.0 - area), *name)
        })
        .collect();
    singles.sort_by(|a, b| b.0.total_cmp(&a.0));
    println!("{singles:?}");
    assert!(singles[0].0 < 0.82, "{:?}", singles[0]);

    let thresholds = Thresholds { review: 0.5, automatic: None };
    let rules = built_in_set("backlink", &vocabulary());
    let by = |score: &dyn Fn(&LinkFacts<'_>) -> f64| {
        let scores: Vec<f64> =
            features.iter().map(|features| score(&LinkFacts { graph: &graph, features })).collect();
        area(&scores, &labels)
    };
    let signals = by(&|facts| Signals::of(|name| facts.value(name)).probability().unwrap_or(0.5));
    let joined = by(&|facts| {
        judge(facts, None, &rules, &thresholds, None).map_or(0.5, |judged| judged.score.probability)
    });
    println!("signals {signals}, joined {joined}");
    assert!(signals > 0.75 && signals < 0.95, "{signals}");
    assert!(joined > signals, "{joined}");
}

#[test]
fn impossible_parameters_are_refused() {
    let few = BacklinkParams { links: 10, ..BacklinkParams::default() };
    assert!(few.check().is_err());
    let all = BacklinkParams { network_share: 1.0, ..BacklinkParams::default() };
    assert!(all.check().is_err());
}
