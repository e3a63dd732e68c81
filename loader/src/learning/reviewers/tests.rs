use botdet_models::features::ACCOUNT_FEATURE_COUNT;
use botdet_models::hash::mix64;

use super::*;

fn uniform(seed: u64) -> f64 {
    (mix64(seed) >> 11) as f64 / (1u64 << 53) as f64
}

/// An account that one feature tells: `kind` 0 is human, 1 a bot, and 2 a bot that looks human.
fn row(kind: usize, seed: u64) -> Vec<f64> {
    let mut values: Vec<f64> =
        (0..ACCOUNT_FEATURE_COUNT as u64).map(|index| uniform(seed * 100 + index)).collect();
    values[2] = if kind == 1 { 0.6 } else { 0.1 } + 0.3 * uniform(seed);
    values
}

/// Who labels, which accounts as what, and how often.
type Labels<'a> = (&'static str, &'a [(usize, bool)], usize);

/// What each of these reviewers says of as many accounts: kinds they see, and how they call them.
fn labelled(reviewers: &[Labels<'_>]) -> (Inputs, Vec<Option<&'static str>>) {
    let mut rows = Inputs { width: ACCOUNT_FEATURE_COUNT, ..Inputs::default() };
    let mut names = Vec::new();
    for (name, kinds, count) in reviewers {
        for seed in 0..*count {
            for (kind, label) in *kinds {
                rows.values.extend(row(*kind, (names.len() * 7 + seed) as u64));
                rows.labels.push(*label);
                rows.weights.push(1.0);
                names.push((!name.is_empty()).then_some(*name));
            }
        }
    }
    (rows, names)
}

const HONEST: &[(usize, bool)] = &[(0, false), (1, true)];
const FLIPPED: &[(usize, bool)] = &[(0, true), (1, false)];

#[test]
fn whoever_flips_everything_is_left_out_and_nobody_else() {
    let (rows, names) = labelled(&[("", HONEST, 40), ("anna", HONEST, 20), ("mallory", FLIPPED, 20)]);
    let found = suspects(&rows, &names).expect("filters can be fitted");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].reviewer.as_str(), found[0].labels), ("mallory", 40));
    assert!(found[0].roc_auc < 0.1 && found[0].humans_contradicted > 0.9, "{found:?}");
    // Two who work together, without accounts of before to go by but those of others.
    let (rows, names) =
        labelled(&[("", HONEST, 40), ("mallory", FLIPPED, 20), ("anna", HONEST, 20), ("trudy", FLIPPED, 20)]);
    let found = suspects(&rows, &names).expect("filters can be fitted");
    let names: BTreeSet<&str> = found.iter().map(|suspect| suspect.reviewer.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["mallory", "trudy"]));
}

#[test]
fn whoever_names_a_new_kind_of_bot_first_is_believed() {
    let (rows, names) = labelled(&[("", HONEST, 40), ("anna", &[(0, false), (2, true)], 40)]);
    assert_eq!(suspects(&rows, &names).expect("filters can be fitted"), []);
}

#[test]
fn few_labels_accuse_nobody() {
    let (rows, names) = labelled(&[("", HONEST, 40), ("mallory", FLIPPED, 4)]);
    assert_eq!(suspects(&rows, &names).expect("filters can be fitted"), []);
}
