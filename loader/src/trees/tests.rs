use std::ops::ControlFlow;

use botdet_models::metrics::roc_auc;
use botdet_models::rows::Rows;
use botdet_models::trees::MAX_WIDTH;

use super::random::Stream;
use super::{
    AdaBoostParams, BoostingParams, EarlyStopping, FeaturesPerSplit, Fitted, ForestKind, ForestParams,
    Growth, Monotone, permutation_importance,
};
use crate::zoo::{Learner, Sample, Session, ZooError};

/// Rows with labels and weights.
#[derive(Clone)]
struct Data {
    rows: Rows,
    labels: Vec<bool>,
    weights: Vec<f64>,
}

impl Data {
    fn new(values: Vec<f32>, width: usize, labels: Vec<bool>) -> Self {
        let weights = vec![1.0; labels.len()];
        Self { rows: Rows::new(values, width).expect("whole rows"), labels, weights }
    }

    fn sample(&self) -> Sample<'_> {
        Sample::new(&self.rows, &self.labels, &self.weights).expect("a sound sample")
    }
}

/// Three columns: one that matters, one that matters together with it, one that does not; some values are missing.
fn noisy(count: usize, seed: u64) -> Data {
    let mut stream = Stream::new(seed, 0);
    let mut uniform = move || (stream.next() >> 40) as f32 / (1 << 24) as f32;
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let row = [uniform(), uniform(), uniform()];
        labels.push(row[0] + if row[0] > 0.3 { row[1] } else { 0.0 } + uniform() > 1.6);
        values.extend(row.map(|value| if uniform() < 0.1 { f32::NAN } else { value }));
    }
    Data::new(values, 3, labels)
}

/// Few rows with few values, missing ones among them, and weights of 1 to 3.
fn coarse(count: usize, seed: u64) -> Data {
    let mut stream = Stream::new(seed, 1);
    let value = |draw: usize| if draw == 0 { f32::NAN } else { draw as f32 * 0.75 - 3.0 };
    let values = (0..count * 2).map(|_| value(stream.below(7))).collect();
    let labels = (0..count).map(|row| row == 0 || (row > 1 && stream.happens(0.4))).collect();
    let mut data = Data::new(values, 2, labels);
    data.weights.iter_mut().for_each(|weight| *weight = 1.0 + stream.below(3) as f64);
    data
}

fn with_session<T>(threads: usize, work: impl FnOnce(&mut Session<'_>) -> T) -> T {
    work(&mut Session { seed: 5, threads, progress: &mut |_| ControlFlow::Continue(()) })
}

fn tree(depth: usize) -> ForestParams {
    ForestParams { depth, min_split: 2, balanced: false, ..ForestParams::new(ForestKind::DecisionTree) }
}

fn stump_boosting() -> BoostingParams {
    BoostingParams {
        rounds: 1,
        leaves: 2,
        learning_rate: 1.0,
        min_child_weight: 0.0,
        ..BoostingParams::default()
    }
}

fn fit_forest(params: ForestParams, data: &Data, threads: usize) -> Fitted {
    let config = params.check().expect("sound settings");
    with_session(threads, |session| config.fit_ensemble(data.sample(), session).expect("a forest"))
}

fn fit_boosting(params: BoostingParams, data: &Data, threads: usize) -> Fitted {
    let config = params.check().expect("sound settings");
    with_session(threads, |session| config.fit_ensemble(data.sample(), None, session).expect("a boosted sum"))
}

fn fit_adaboost(params: AdaBoostParams, data: &Data, threads: usize) -> Fitted {
    let config = params.check().expect("sound settings");
    with_session(threads, |session| config.fit_ensemble(data.sample(), session).expect("a vote"))
}

/// One of each, quick to grow.
fn learners() -> Vec<Box<dyn Learner>> {
    let forest = |kind| {
        let trees = if kind == ForestKind::DecisionTree { 1 } else { 5 };
        ForestParams { trees, ..ForestParams::new(kind) }.check().expect("sound settings")
    };
    let boosting = |growth, early_stopping| {
        let params = BoostingParams { rounds: 5, growth, early_stopping, ..BoostingParams::default() };
        let sampled = BoostingParams { row_share: 0.7, feature_share: 0.5, ..params.clone() };
        let params = if early_stopping.is_some() { sampled } else { params };
        params.check().expect("sound settings")
    };
    vec![
        Box::new(forest(ForestKind::RandomForest)),
        Box::new(forest(ForestKind::ExtraTrees)),
        Box::new(forest(ForestKind::BaggedTrees)),
        Box::new(forest(ForestKind::DecisionTree)),
        Box::new(boosting(Growth::LeafWise, None)),
        Box::new(boosting(Growth::DepthWise, Some(EarlyStopping { patience: 2, validation_share: 0.2 }))),
        Box::new(AdaBoostParams { trees: 5, ..AdaBoostParams::default() }.check().expect("sound settings")),
    ]
}

/// Every way to part rows by one column, with a side for the missing values.
fn all_partitions(rows: &Rows) -> Vec<Vec<bool>> {
    let mut partitions = Vec::new();
    for column in 0..rows.width() {
        let mut cuts: Vec<f32> = rows.column(column).filter(|value| !value.is_nan()).collect();
        cuts.sort_by(f32::total_cmp);
        for cut in cuts {
            for missing_left in [false, true] {
                let side = |value: f32| if value.is_nan() { missing_left } else { value <= cut };
                let partition: Vec<bool> = rows.column(column).map(side).collect();
                if partition.contains(&true) && partition.contains(&false) {
                    partitions.push(partition);
                }
            }
        }
    }
    partitions
}

/// Σ weight · 2p(1 - p) over the rows, with `p` the positive share on their side.
fn gini(data: &Data, partition: &[bool]) -> f64 {
    let sides = [true, false].map(|side| {
        let rows = (0..partition.len()).filter(|row| partition[*row] == side);
        rows.fold((0.0, 0.0), |(total, positive), row| {
            let weight = data.weights[row];
            (total + weight, positive + if data.labels[row] { weight } else { 0.0 })
        })
    });
    let of_side = |(total, positive): (f64, f64)| 2.0 * positive * (1.0 - positive / total);
    sides.into_iter().filter(|(total, _)| *total > 0.0).map(of_side).sum()
}

#[test]
fn a_split_is_the_best_there_is() {
    for seed in 0..50 {
        let data = coarse(25, seed);
        let margins = fit_forest(tree(1), &data, 1).ensemble.margins(&data.rows);
        let partition: Vec<bool> = margins.iter().map(|margin| *margin == margins[0]).collect();
        let best = all_partitions(&data.rows).iter().map(|other| gini(&data, other)).fold(f64::MAX, f64::min);
        assert!((gini(&data, &partition) - best).abs() < 1e-9, "{} is not {best}", gini(&data, &partition));
    }
}

#[test]
fn a_boosted_split_is_the_best_there_is() {
    for seed in 0..50 {
        let data = coarse(25, seed);
        let total: f64 = data.weights.iter().sum();
        let positive: f64 = (0..25).filter(|row| data.labels[*row]).map(|row| data.weights[row]).sum();
        let (share, base) = (positive / total, (positive / (total - positive)).ln());
        // Gradient and curvature of each side, and what its leaf says and gains.
        let leaves = |partition: &[bool]| {
            [true, false].map(|side| {
                let rows = (0..25).filter(|row| partition[*row] == side);
                let (gradient, hessian) = rows.fold((0.0, 0.0), |(gradient, hessian), row| {
                    let weight = data.weights[row];
                    let truth = f64::from(u8::from(data.labels[row]));
                    (gradient + weight * (share - truth), hessian + weight * share * (1.0 - share))
                });
                (-gradient / (hessian + 1.0), gradient * gradient / (hessian + 1.0))
            })
        };
        let gain = |partition: &[bool]| leaves(partition).iter().map(|(_, gain)| gain).sum::<f64>();
        let margins = fit_boosting(stump_boosting(), &data, 1).ensemble.margins(&data.rows);
        let partition: Vec<bool> = margins.iter().map(|margin| *margin == margins[0]).collect();
        let best = all_partitions(&data.rows).iter().map(|other| gain(other)).fold(0.0, f64::max);
        assert!((gain(&partition) - best).abs() < 1e-6, "{} is not {best}", gain(&partition));
        for (margin, side) in margins.iter().zip(&partition) {
            let leaf = leaves(&partition)[usize::from(!side)].0;
            assert!((margin - base - leaf).abs() < 1e-6, "{margin} is not {}", base + leaf);
        }
    }
}

#[test]
fn the_first_vote_is_that_of_its_error() {
    let data = coarse(40, 3);
    let params = AdaBoostParams { trees: 1, depth: 1, learning_rate: 0.5, ..AdaBoostParams::default() };
    let margins = fit_adaboost(params, &data, 1).ensemble.margins(&data.rows);
    let wrong = (0..40).filter(|row| (margins[*row] > 0.0) != data.labels[*row]);
    let error = wrong.map(|row| data.weights[row]).sum::<f64>() / data.weights.iter().sum::<f64>();
    let vote = 0.5 * ((1.0 - error) / error).ln();
    assert!(margins.iter().all(|margin| (margin.abs() - vote).abs() < 1e-6), "{vote}: {margins:?}");
}

#[test]
fn weights_count_as_repetitions() {
    let mut weighted = coarse(60, 9);
    weighted.weights[7] = 0.0;
    let repeated: Vec<usize> =
        (0..60).flat_map(|row| std::iter::repeat_n(row, weighted.weights[row] as usize)).collect();
    let labels = repeated.iter().map(|row| weighted.labels[*row]).collect();
    let rows = weighted.rows.select(&repeated);
    let repeated = Data::new(rows.values().to_vec(), 2, labels);
    let boosting = || BoostingParams { rounds: 10, min_child_weight: 0.5, ..BoostingParams::default() };
    let adaboost = AdaBoostParams { trees: 4, depth: 2, learning_rate: 1.0, balanced: false };
    let pairs = [
        (fit_forest(tree(6), &weighted, 1), fit_forest(tree(6), &repeated, 1)),
        (fit_boosting(boosting(), &weighted, 1), fit_boosting(boosting(), &repeated, 1)),
        (fit_adaboost(adaboost, &weighted, 1), fit_adaboost(adaboost, &repeated, 1)),
    ];
    for (once, often) in pairs {
        let (once, often) = (once.ensemble.margins(&weighted.rows), often.ensemble.margins(&weighted.rows));
        let apart = once.iter().zip(&often).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-5, "{apart}");
    }
}

#[test]
fn balanced_classes_weigh_the_same() {
    let data = noisy(3_000, 1);
    let params = ForestParams { depth: 1, balanced: true, ..tree(1) };
    let ensemble = fit_forest(params, &data, 1).ensemble;
    assert!((ensemble.expected_margin() - 0.5).abs() < 1e-6, "{}", ensemble.expected_margin());
    let params = BoostingParams { rounds: 1, learning_rate: 1e-6, ..BoostingParams::default() };
    let said = |balanced| fit_boosting(BoostingParams { balanced, ..params.clone() }, &data, 1).ensemble;
    let share = data.labels.iter().filter(|label| **label).count() as f64 / 3_000.0;
    assert!((said(true).probability(&[0.5; 3]) - 0.5).abs() < 1e-5);
    assert!((said(false).probability(&[0.5; 3]) - share).abs() < 1e-5);
}

#[test]
fn missing_values_go_where_training_sent_them() {
    // Only whether the first value is missing matters; where it is there, it is noise.
    let mut data = noisy(400, 2);
    data.labels = data.rows.column(0).map(f32::is_nan).collect();
    let boosted = BoostingParams { min_child_weight: 0.1, ..BoostingParams::default() };
    for fitted in [fit_forest(tree(1), &data, 1), fit_boosting(boosted, &data, 1)] {
        for (probability, label) in fitted.ensemble.probabilities(&data.rows).iter().zip(&data.labels) {
            assert_eq!(*probability > 0.5, *label);
        }
        assert!(fitted.importances[0] > 0.99);
    }
    // Missing values resemble the large ones.
    data.labels = data.rows.column(0).map(|value| value.is_nan() || value > 0.6).collect();
    let ensemble = fit_forest(tree(1), &data, 1).ensemble;
    assert_eq!([f32::NAN, 0.9, 0.1].map(|value| ensemble.margin(&[value, 0.5, 0.5])), [1.0, 1.0, 0.0]);
    // A column that was never missing sends missing values where most rows went.
    data.labels = data.rows.column(0).map(|value| value > 0.7).collect();
    let values = data.rows.values().iter().map(|value| if value.is_nan() { 0.5 } else { *value }).collect();
    let data = Data::new(values, 3, data.labels);
    assert_eq!(fit_forest(tree(1), &data, 1).ensemble.margin(&[f32::NAN; 3]), 0.0);
}

#[test]
fn constraints_hold_everywhere() {
    let mut data = noisy(4_000, 3);
    let wave = |row: &[f32]| (row[0] * 9.0).sin() + row[1] - row[2] > 0.5;
    data.labels = data.rows.iter().map(wave).collect();
    let monotone = vec![Monotone::Increasing, Monotone::Decreasing];
    for growth in [Growth::LeafWise, Growth::DepthWise] {
        let params =
            BoostingParams { growth, rounds: 40, min_child_weight: 0.1, ..BoostingParams::default() };
        let free = fit_boosting(params.clone(), &data, 1).ensemble;
        let bound = fit_boosting(BoostingParams { monotone: monotone.clone(), ..params }, &data, 1).ensemble;
        let mut broken = 0;
        for row in data.rows.iter().take(200) {
            let along = |ensemble: &botdet_models::trees::Ensemble, column: usize| -> Vec<f64> {
                let at = |step: u8| {
                    let mut row = row.to_vec();
                    row[column] = f32::from(step) / 100.0;
                    ensemble.margin(&row)
                };
                (0..=100).map(at).collect()
            };
            assert!(along(&bound, 0).is_sorted());
            assert!(along(&bound, 1).iter().rev().is_sorted());
            broken += usize::from(!along(&free, 0).is_sorted());
        }
        assert!(broken > 100, "without constraints {broken} rows of 200 would break them");
        let auc = roc_auc(&bound.margins(&data.rows), &data.labels).expect("two classes");
        assert!(auc > 0.6, "{auc}");
    }
}

#[test]
fn threads_make_no_difference_and_seeds_do() {
    // More rows than one piece of gradients, and than a histogram needs to be worth threads.
    let data = noisy(40_000, 4);
    for learner in learners() {
        let fit = |threads, seed| {
            let progress = &mut |_| ControlFlow::Continue(());
            let classifier = learner.fit(data.sample(), &mut Session { seed, threads, progress });
            classifier.expect("sound data").probabilities(&data.rows)
        };
        let alone = fit(1, 5);
        assert_eq!(alone, fit(2, 5), "{}", learner.name());
        assert_eq!(alone, fit(3, 5), "{}", learner.name());
        if matches!(learner.name(), "random_forest" | "extra_trees" | "bagged_trees") {
            assert_ne!(alone, fit(1, 6), "{}", learner.name());
        }
        let auc = roc_auc(&alone, &data.labels).expect("two classes");
        assert!(auc > 0.85, "{}: {auc}", learner.name());
    }
}

#[test]
fn odd_data_gives_sound_verdicts() {
    let labels = |count: usize| (0..count).map(|row| row % 3 == 0).collect::<Vec<bool>>();
    let huge = |row: usize| if row.is_multiple_of(2) { f32::MAX } else { -f32::MAX / (row as f32 + 1.0) };
    let one_apart: Vec<bool> = (0..50).map(|row| row == 17).collect();
    let mut extreme = noisy(50, 6);
    extreme.weights = (0..50).map(|row| if row % 2 == 0 { 1e-12 } else { 1e12 }).collect();
    let cases = [
        Data::new(vec![1.0; 40], 2, labels(20)),
        Data::new(vec![f32::NAN; 40], 2, labels(20)),
        Data::new((0..60).map(|i| if i % 3 == 0 { f32::NAN } else { i as f32 }).collect(), 3, labels(20)),
        Data { labels: labels(10), ..noisy(10, 5) },
        Data::new(vec![0.0, 1.0], 1, vec![false, true]),
        Data { labels: one_apart, ..noisy(50, 5) },
        Data::new((0..40).map(huge).collect(), 2, labels(20)),
        Data::new((0..40).map(|i| f32::from_bits(i / 4)).collect(), 2, labels(20)),
        extreme,
    ];
    for (index, data) in cases.iter().enumerate() {
        for learner in learners() {
            let classifier = with_session(2, |session| learner.fit(data.sample(), session));
            let classifier =
                classifier.unwrap_or_else(|error| panic!("case {index}, {}: {error}", learner.name()));
            for probability in classifier.probabilities(&data.rows) {
                assert!((0.0..=1.0).contains(&probability), "case {index}, {}", learner.name());
            }
        }
    }
}

#[test]
fn trees_without_a_use_for_columns_know_the_base_rate() {
    let data = Data::new(vec![2.0; 30], 1, (0..30).map(|row| row < 6).collect());
    for fitted in [fit_forest(tree(3), &data, 1), fit_boosting(BoostingParams::default(), &data, 1)] {
        assert!((fitted.ensemble.probability(&[2.0]) - 0.2).abs() < 1e-6);
        assert_eq!(fitted.importances, [0.0]);
    }
}

#[test]
fn training_can_be_cancelled() {
    let data = noisy(200, 7);
    for learner in learners().iter().filter(|learner| learner.name() != "decision_tree") {
        let mut calls = 0;
        let mut progress = |_| {
            calls += 1;
            if calls == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let session = &mut Session { seed: 1, threads: 1, progress: &mut progress };
        let result = learner.fit(data.sample(), session).err();
        assert!(matches!(result, Some(ZooError::Cancelled(name)) if name == learner.name()));
        assert_eq!(calls, 2);
    }
}

#[test]
fn noise_stops_early() {
    let mut data = noisy(2_000, 8);
    let mut stream = Stream::new(3, 3);
    data.labels.iter_mut().for_each(|label| *label = stream.happens(0.3));
    let params = BoostingParams {
        early_stopping: Some(EarlyStopping { patience: 5, validation_share: 0.2 }),
        ..BoostingParams::default()
    };
    assert!(fit_boosting(params.clone(), &data, 1).ensemble.trees() < 20);
    let useful = noisy(2_000, 9);
    let kept = fit_boosting(params.clone(), &useful, 1).ensemble.trees();
    assert!((20..200).contains(&kept), "{kept}");
    // A validation sample decides by itself: what it holds was never learned, so that the first tree is the best.
    let mut opposite = noisy(500, 10);
    opposite.labels.iter_mut().for_each(|label| *label = !*label);
    let config = params.check().expect("sound settings");
    let fitted =
        with_session(1, |session| config.fit_ensemble(useful.sample(), Some(opposite.sample()), session));
    assert_eq!(fitted.expect("a boosted sum").ensemble.trees(), 1);
}

#[test]
fn importances_name_what_matters() {
    let data = noisy(3_000, 11);
    let forest = ForestParams { trees: 30, ..ForestParams::new(ForestKind::RandomForest) };
    let deep = ForestParams { depth: 6, ..forest };
    for fitted in [fit_forest(deep, &data, 2), fit_boosting(BoostingParams::default(), &data, 2)] {
        let gain = &fitted.importances;
        assert!((gain.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(gain[0] > gain[1] && gain[1] > gain[2], "{gain:?}");
        let drop = |threads| {
            let (ensemble, rows, labels) = (&fitted.ensemble, &data.rows, &data.labels);
            with_session(threads, |session| permutation_importance(ensemble, rows, labels, 2, session))
        };
        let dropped = drop(1).expect("nobody cancels");
        assert!(dropped[0] > dropped[1] && dropped[1] > dropped[2] + 0.01, "{dropped:?}");
        assert_eq!(dropped, drop(2).expect("nobody cancels"));
    }
}

#[test]
fn contributions_of_grown_trees_sum_to_the_margin() {
    let data = noisy(2_000, 12);
    let forest = ForestParams { trees: 20, ..ForestParams::new(ForestKind::ExtraTrees) };
    for fitted in [fit_forest(forest, &data, 1), fit_boosting(BoostingParams::default(), &data, 1)] {
        for row in data.rows.iter().take(50) {
            let sum: f64 = fitted.ensemble.contributions(row).iter().sum();
            assert!((fitted.ensemble.expected_margin() + sum - fitted.ensemble.margin(row)).abs() < 1e-9);
        }
    }
}

#[test]
fn settings_out_of_bounds_are_refused() {
    let refused = |result: Option<ZooError>, wanted: &str| match result {
        Some(ZooError::Setting { name, .. }) => assert_eq!(name, wanted),
        other => panic!("{wanted}: {other:?}"),
    };
    let forest = ForestParams::new(ForestKind::RandomForest);
    refused(ForestParams { trees: 0, ..forest }.check().err(), "trees");
    refused(ForestParams { depth: 65, ..forest }.check().err(), "depth");
    refused(ForestParams { min_split: 1, ..forest }.check().err(), "min_split");
    let features = FeaturesPerSplit::Share(f64::NAN);
    refused(ForestParams { features, ..forest }.check().err(), "share of features");
    let boosting = BoostingParams::default;
    refused(BoostingParams { learning_rate: 0.0, ..boosting() }.check().err(), "learning_rate");
    refused(BoostingParams { bins: 256, ..boosting() }.check().err(), "bins");
    refused(BoostingParams { row_share: 1.5, ..boosting() }.check().err(), "row_share");
    refused(AdaBoostParams { depth: 0, ..AdaBoostParams::default() }.check().err(), "depth");
    let wide = Data::new(vec![0.0; 2 * (MAX_WIDTH + 1)], MAX_WIDTH + 1, vec![false, true]);
    for learner in learners() {
        refused(with_session(1, |session| learner.fit(wide.sample(), session).err()), "columns");
    }
}
