use proptest::prelude::{Just, Strategy, any};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::{Combination, Ensemble, EnsembleBuilder, EnsembleError, MAX_WIDTH, TreeNode};
use crate::rows::Rows;

const WIDTH: usize = 5;

fn grow(nodes: &mut Vec<TreeNode>, depth: usize, random: &mut ChaCha12Rng) -> u32 {
    let index = nodes.len();
    let value = random.random_range(-3.0..3.0);
    nodes.push(TreeNode::Leaf { value, cover: random.random_range(1..50) as f32 });
    if depth > 0 && random.random_bool(0.85) {
        let (right, left) = (grow(nodes, depth - 1, random), grow(nodes, depth - 1, random));
        let (feature, missing_left) = (random.random_range(0..WIDTH as u32), random.random());
        let threshold = f32::from(random.random_range(-2_i8..2)) / 2.0;
        nodes[index] = TreeNode::Split { feature, threshold, missing_left, left, right };
    }
    index as u32
}

fn random_trees(trees: usize, depth: usize, seed: u64) -> Vec<Vec<TreeNode>> {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let tree = |_| {
        let mut nodes = Vec::new();
        grow(&mut nodes, depth, &mut random);
        nodes
    };
    (0..trees).map(tree).collect()
}

fn ensemble(trees: &[Vec<TreeNode>], combination: Combination) -> Ensemble {
    let mut builder = EnsembleBuilder::new(WIDTH, combination).expect("the width is possible");
    trees.iter().for_each(|tree| builder.add(tree).expect("the tree is sound"));
    builder.finish().expect("there are trees")
}

fn random_rows(rows: usize, seed: u64) -> Rows {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let value = |_| match random.random_range(0..6) {
        0 => f32::NAN,
        1 => 0.5,
        _ => random.random_range(-1.5..1.5),
    };
    Rows::new((0..rows * WIDTH).map(value).collect(), WIDTH).expect("whole rows")
}

/// The value that a row reaches when only the features of a set are known: by definition, without any shortcut.
fn value(tree: &[TreeNode], at: u32, row: &[f32], known: u32) -> f64 {
    match tree[at as usize] {
        TreeNode::Leaf { value, .. } => f64::from(value),
        TreeNode::Split { feature, threshold, missing_left, left, right } => {
            let stays = |child| value(tree, child, row, known);
            if known >> feature & 1 == 1 {
                let x = row[feature as usize];
                return stays(if x <= threshold || (x.is_nan() && missing_left) { left } else { right });
            }
            let (on_left, on_right) = (cover(tree, left), cover(tree, right));
            (on_left * stays(left) + on_right * stays(right)) / (on_left + on_right)
        }
    }
}

fn cover(tree: &[TreeNode], at: u32) -> f64 {
    match tree[at as usize] {
        TreeNode::Leaf { cover, .. } => f64::from(cover),
        TreeNode::Split { left, right, .. } => cover(tree, left) + cover(tree, right),
    }
}

const ALL: u32 = (1 << WIDTH) - 1;

/// Shapley's own formula, over all sets of features.
fn shapley(tree: &[TreeNode], row: &[f32], feature: usize) -> f64 {
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let sets = (0..=ALL).filter(|set| set >> feature & 1 == 0);
    let terms = sets.map(|set| {
        let size = set.count_ones();
        let weight = factorial(size) * factorial(WIDTH as u32 - size - 1) / factorial(WIDTH as u32);
        weight * (value(tree, 0, row, set | 1 << feature) - value(tree, 0, row, set))
    });
    terms.sum()
}

#[test]
fn margins_are_what_the_trees_say() {
    // From seven trees on batches are compared by rank.
    for trees in [1, 7, 8, 9, 30] {
        let grown = random_trees(trees, 9, trees as u64);
        let (sum, mean) =
            (ensemble(&grown, Combination::Sum { base: 0.25 }), ensemble(&grown, Combination::Mean));
        for rows in [0, 1, 7, 8, 300, 5_000] {
            let rows = random_rows(rows, 3);
            let (sums, means) = (sum.margins(&rows), mean.margins(&rows));
            for (index, row) in rows.iter().enumerate() {
                let expected: f64 = grown.iter().map(|tree| value(tree, 0, row, ALL)).sum();
                assert!((sums[index] - expected - 0.25).abs() < 1e-12);
                assert!((means[index] - expected / trees as f64).abs() < 1e-12);
                assert_eq!((sum.margin(row), mean.margin(row)), (sums[index], means[index]));
                assert!((0.0..=1.0).contains(&mean.probability(row)));
            }
        }
    }
}

#[test]
fn batches_are_compared_exactly_however_many_thresholds_there_are() {
    // A byte can tell 255 of them apart.
    for thresholds in [1, 255, 256, 1_000] {
        let split = |index: u32| TreeNode::Split {
            feature: 0,
            threshold: index as f32 - 2.0,
            missing_left: index.is_multiple_of(2),
            left: 1,
            right: 2,
        };
        let [no, yes] = [-1.0, 1.0].map(|value| TreeNode::Leaf { value, cover: 1.0 });
        let trees: Vec<_> = (0..100 * thresholds).map(|at| vec![split(at % thresholds), no, yes]).collect();
        let trees = ensemble(&trees, Combination::Sum { base: 0.0 });
        let values = [-3.0, -2.0, -1.5, -0.0, 0.0, f32::MIN_POSITIVE, 253.0, 254.0, f32::MAX, f32::NAN];
        let rows: Vec<f32> = values.into_iter().flat_map(|value| [value; WIDTH]).collect();
        let rows = Rows::new(rows, WIDTH).expect("whole rows");
        let singly: Vec<f64> = rows.iter().map(|row| trees.margin(row)).collect();
        assert_eq!(trees.margins(&rows), singly);
        let above = (0..thresholds).filter(|index| *index as f32 - 2.0 < 253.0).count() as f64;
        assert_eq!(singly[6], 100.0 * (2.0 * above - f64::from(thresholds)));
    }
}

#[test]
fn contributions_are_shapley_values() {
    for (combination, seed) in [(Combination::Sum { base: -1.0 }, 1), (Combination::Mean, 2)] {
        let grown = random_trees(11, 8, seed);
        let ensemble = ensemble(&grown, combination);
        let divisor = if combination == Combination::Mean { 11.0 } else { 1.0 };
        for row in &random_rows(40, 9) {
            let contributions = ensemble.contributions(row);
            for (feature, contribution) in contributions.iter().enumerate() {
                let expected: f64 =
                    grown.iter().map(|tree| shapley(tree, row, feature)).sum::<f64>() / divisor;
                assert!((contribution - expected).abs() < 1e-10, "{contribution} is not {expected}");
            }
            let margin = ensemble.expected_margin() + contributions.iter().sum::<f64>();
            assert!((margin - ensemble.margin(row)).abs() < 1e-10);
        }
    }
}

#[test]
fn deep_trees_are_explained_exactly() {
    // A chain that asks each of 64 values once, with ever rarer leaves: the longest path there can be.
    let mut nodes = Vec::new();
    for depth in 0..64_u32 {
        let (left, right) = (2 * depth + 1, 2 * depth + 2);
        nodes.push(TreeNode::Split { feature: depth, threshold: 0.0, missing_left: false, left, right });
        nodes.push(TreeNode::Leaf { value: depth as f32, cover: (64 - depth) as f32 * 1e3 });
    }
    nodes.push(TreeNode::Leaf { value: -5.0, cover: 0.01 });
    let mut builder =
        EnsembleBuilder::new(64, Combination::Sum { base: 0.0 }).expect("the width is possible");
    builder.add(&nodes).expect("the tree is sound");
    let ensemble = builder.finish().expect("there is a tree");
    for reached in [0, 1, 30, 64] {
        let row: Vec<f32> = (0..64).map(|index| if index < reached { 1.0 } else { -1.0 }).collect();
        let sum = ensemble.expected_margin() + ensemble.contributions(&row).iter().sum::<f64>();
        assert!((sum - ensemble.margin(&row)).abs() < 1e-9, "{sum} is not {}", ensemble.margin(&row));
    }
}

#[test]
fn malformed_trees_are_refused() {
    let add = |nodes: &[TreeNode]| {
        EnsembleBuilder::new(2, Combination::Mean).expect("the width is possible").add(nodes).err()
    };
    let leaf = TreeNode::Leaf { value: 0.5, cover: 1.0 };
    let split = |feature, threshold, left, right| TreeNode::Split {
        feature,
        threshold,
        missing_left: false,
        left,
        right,
    };
    let fault = |reason| Some(EnsembleError::Tree { tree: 0, reason });
    assert_eq!(add(&[split(1, 0.0, 1, 2), leaf, leaf]), None);
    assert_eq!(add(&[]), fault("a child lies outside"));
    assert_eq!(add(&[split(1, 0.0, 1, 2), leaf]), fault("a child lies outside"));
    assert_eq!(add(&[split(1, 0.0, 0, 1), leaf]), fault("a node has two parents"));
    assert_eq!(add(&[leaf, leaf]), fault("a node has no parent"));
    assert_eq!(add(&[split(2, 0.0, 1, 2), leaf, leaf]), fault("a split names a value outside the row"));
    assert_eq!(add(&[split(0, f32::NAN, 1, 2), leaf, leaf]), fault("a threshold is not finite"));
    assert_eq!(add(&[TreeNode::Leaf { value: f32::INFINITY, cover: 1.0 }]), fault("a leaf is not finite"));
    assert_eq!(add(&[TreeNode::Leaf { value: 0.0, cover: 0.0 }]), fault("a leaf covers nothing"));
    let chain = |depth: u32| {
        let splits = (0..depth).flat_map(|level| [split(0, 0.0, 2 * level + 1, 2 * level + 2), leaf]);
        splits.chain([leaf]).collect::<Vec<_>>()
    };
    assert_eq!(add(&chain(64)), None);
    assert_eq!(add(&chain(65)), fault("it is too deep"));
    let width = EnsembleBuilder::new(MAX_WIDTH + 1, Combination::Mean).err();
    assert_eq!(width, Some(EnsembleError::Width { width: MAX_WIDTH + 1, most: MAX_WIDTH }));
    let base = EnsembleBuilder::new(1, Combination::Sum { base: f64::INFINITY }).err();
    assert_eq!(base, Some(EnsembleError::Base(f64::INFINITY)));
    let empty = EnsembleBuilder::new(1, Combination::Mean).and_then(EnsembleBuilder::finish).err();
    assert_eq!(empty, Some(EnsembleError::Empty));
}

#[test]
fn wide_rows_and_large_trees_fit() {
    let mut builder =
        EnsembleBuilder::new(MAX_WIDTH, Combination::Sum { base: 0.0 }).expect("the width is possible");
    // A full tree of depth 17, numbered as a heap.
    let splits = (1_u32 << 17) - 1;
    let node = |index: u32| TreeNode::Split {
        feature: MAX_WIDTH as u32 - 1,
        threshold: index as f32,
        missing_left: index.is_multiple_of(2),
        left: 2 * index + 1,
        right: 2 * index + 2,
    };
    let leaf = |index: u32| TreeNode::Leaf { value: index as f32, cover: 0.5 };
    let nodes: Vec<_> = (0..splits).map(node).chain((0..=splits).map(leaf)).collect();
    builder.add(&nodes).expect("the tree is sound");
    let ensemble = builder.finish().expect("there is a tree");
    let mut row = vec![0.0; MAX_WIDTH];
    row[MAX_WIDTH - 1] = f32::MAX;
    assert_eq!(ensemble.margin(&row), f64::from(splits));
    assert_eq!(Ensemble::from_bytes(&ensemble.to_bytes(), MAX_WIDTH), Ok(ensemble));
}

fn random_ensemble() -> impl Strategy<Value = Ensemble> {
    let combination = prop_oneof![Just(Combination::Mean), Just(Combination::Sum { base: -2.5 })];
    (1..12_usize, 0..7_usize, any::<u64>(), combination).prop_map(|(trees, depth, seed, combination)| {
        ensemble(&random_trees(trees, depth, seed), combination)
    })
}

/// Everything that a reader may do with an ensemble.
fn exercise(ensemble: &Ensemble) {
    let rows = random_rows(9, 4);
    let probabilities = ensemble.probabilities(&rows);
    assert!(probabilities.iter().all(|probability| (0.0..=1.0).contains(probability)));
    assert_eq!(ensemble.probability(rows.row(0)), probabilities[0]);
    assert!(ensemble.contributions(rows.row(0)).iter().all(|value| value.is_finite()));
}

proptest! {
    #[test]
    fn stored_and_read_back(ensemble in random_ensemble()) {
        let bytes = ensemble.to_bytes();
        prop_assert_eq!(Ensemble::from_bytes(&bytes, WIDTH), Ok(ensemble));
        prop_assert!(Ensemble::from_bytes(&bytes, WIDTH + 1).is_err());
        prop_assert!(Ensemble::from_bytes(&bytes[..bytes.len() - 1], WIDTH).is_err());
    }

    #[test]
    fn damage_is_refused_or_harmless(
        ensemble in random_ensemble(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<proptest::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let mut bytes = ensemble.to_bytes();
        damage.iter().for_each(|(at, byte)| *at.get_mut(&mut bytes) = *byte);
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(read) = Ensemble::from_bytes(&bytes, WIDTH) {
            exercise(&read);
        }
    }

    #[test]
    fn noise_is_refused_or_harmless(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let header = [&[1, 1, 1], &[0; 8][..], &[WIDTH as u8, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        if let Ok(read) = Ensemble::from_bytes(&[header, noise].concat(), WIDTH) {
            exercise(&read);
        }
    }
}
