use std::ops::ControlFlow;

use botdet_models::rows::Rows;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::folds::{before_and_after, by_shares, expanding_windows, grouped, stratified};
use super::{
    Budget, ClassWeight, Dimension, Fold, Objective, Prepared, Scale, Search, SearchParams, SmoteParams,
    Space, ValidationError, cross_validate, search,
};
use crate::zoo::{Classifier, Learner, LogisticRegression, Sample, Session, ZooError};

const GAP: f32 = f32::NAN;

fn session<Out>(seed: u64, threads: usize, use_it: impl FnOnce(&mut Session<'_>) -> Out) -> Out {
    use_it(&mut Session { seed, threads, progress: &mut |_| ControlFlow::Continue(()) })
}

/// Two columns, the first of which tells bots from humans, and some gaps.
fn drawn(rows: usize, seed: u64) -> (Rows, Vec<bool>) {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let labels: Vec<bool> = (0..rows).map(|row| row.is_multiple_of(5)).collect();
    let mut values = Vec::new();
    for label in &labels {
        let shift = if *label { 0.8 } else { 0.0 };
        values.push(random.random::<f32>() + shift);
        values.push(if random.random::<f32>() < 0.1 { GAP } else { 100.0 * random.random::<f32>() });
    }
    (Rows::new(values, 2).expect("whole rows"), labels)
}

fn keys(rows: usize) -> Vec<u64> {
    (0..rows as u64).collect()
}

/// Each row is judged exactly once, and never learned from where it is judged.
#[track_caller]
fn assert_folds(folds: &[Fold], rows: usize) {
    let mut judged: Vec<usize> = folds.iter().flat_map(|fold| fold.testing.clone()).collect();
    judged.sort_unstable();
    assert_eq!(judged, (0..rows).collect::<Vec<usize>>());
    for fold in folds {
        assert_eq!(fold.training.len() + fold.testing.len(), rows);
        assert!(fold.testing.iter().all(|row| fold.training.binary_search(row).is_err()));
    }
}

fn bots(rows: &[usize], labels: &[bool]) -> usize {
    rows.iter().filter(|row| labels[**row]).count()
}

#[test]
fn stratified_folds_have_equal_shares_of_both_classes() {
    let labels: Vec<bool> = (0..103).map(|row| row % 10 == 3).collect();
    let folds = stratified(&labels, &keys(103), 4, 7).expect("enough rows");
    assert_folds(&folds, 103);
    for fold in &folds {
        assert!((25..=26).contains(&fold.testing.len()) && (2..=3).contains(&bots(&fold.testing, &labels)));
    }
    assert_eq!(folds, stratified(&labels, &keys(103), 4, 7).expect("enough rows"));
    assert_ne!(folds, stratified(&labels, &keys(103), 4, 8).expect("enough rows"));
}

#[test]
fn too_few_rows_are_refused() {
    let few = |labels: &[bool], folds| {
        stratified(labels, &keys(labels.len()), folds, 1).expect_err("too few").to_string()
    };
    assert_eq!(few(&[true, false, false], 2), "1 bots cannot be divided into 2 folds");
    assert_eq!(few(&[true, true], 2), "0 humans cannot be divided into 2 folds");
    assert_eq!(few(&[], 3), "0 bots cannot be divided into 3 folds");
    assert_eq!(few(&[true, false], 1), "folds is 1, outside 2 to 1000000");
    let shape = stratified(&[true, false], &[1], 2, 1).expect_err("one key").to_string();
    assert_eq!(shape, "2 labels do not match 1 keys");
    let groups = grouped(&[true, false, true, false], &[1, 1, 2, 2], 2, 0).map(|folds| folds.len());
    assert!(matches!(groups, Ok(2)));
    let groups = grouped(&[true, false, true, false, true, false], &[1, 1, 2, 2, 2, 2], 3, 0);
    assert!(matches!(groups, Err(ValidationError::Few { what: "groups", there: 2, folds: 3 })));
}

#[test]
fn a_row_keeps_its_part_whatever_else_is_there() {
    let strata: Vec<bool> = (0..100).map(|row| row % 4 == 0).collect();
    let parts = by_shares(&strata, &keys(100), &[0.6, 0.2], 3);
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<usize>>(), [60, 20, 20]);
    assert_eq!(bots(&parts[0], &strata), 15);
    // Read in the opposite order, the same keys lie in the same parts.
    let turned: Vec<bool> = strata.iter().rev().copied().collect();
    let turned_keys: Vec<u64> = keys(100).into_iter().rev().collect();
    let again = by_shares(&turned, &turned_keys, &[0.6, 0.2], 3);
    for (part, again) in parts.iter().zip(again) {
        let mut rows: Vec<usize> = again.iter().map(|row| 99 - row).collect();
        rows.sort_unstable();
        assert_eq!(*part, rows);
    }
}

#[test]
fn no_group_is_on_both_sides() {
    let mut random = ChaCha12Rng::seed_from_u64(2);
    let groups: Vec<u64> = (0..600).map(|_| (random.random::<f64>().powi(2) * 40.0) as u64).collect();
    let labels: Vec<bool> = (0..600).map(|_| random.random::<f64>() < 0.2).collect();
    let folds = grouped(&labels, &groups, 5, 1).expect("enough groups");
    assert_folds(&folds, 600);
    for fold in &folds {
        let trained: Vec<u64> = fold.training.iter().map(|row| groups[*row]).collect();
        assert!(fold.testing.iter().all(|row| !trained.contains(&groups[*row])));
        assert!((90..=150).contains(&fold.testing.len()), "{} rows", fold.testing.len());
        assert!((14..=36).contains(&bots(&fold.testing, &labels)), "{} bots", bots(&fold.testing, &labels));
    }
}

#[test]
fn the_future_is_never_learned_from() {
    let times: Vec<i64> = (0..100).map(|row| (row * 37 % 100) / 4).collect();
    let folds = expanding_windows(&times, 4).expect("enough moments");
    let mut earlier = 0;
    for fold in &folds {
        let latest = fold.training.iter().map(|row| times[*row]).max().expect("rows");
        assert!(fold.testing.iter().all(|row| times[*row] > latest));
        assert!(fold.training.len() > earlier && (16..=24).contains(&fold.testing.len()));
        earlier = fold.training.len();
    }
    assert_eq!(folds.iter().map(|fold| fold.testing.len()).sum::<usize>() + folds[0].training.len(), 100);
    assert_eq!(before_and_after(&[5, 1, 9], 5), Fold { training: vec![1], testing: vec![0, 2] });
    assert!(matches!(expanding_windows(&[3; 50], 2), Err(ValidationError::Few { there: 0, .. })));
    assert!(expanding_windows(&[], 2).is_err() && expanding_windows(&[1], 1).is_err());
    assert_eq!(expanding_windows(&[1, 2], 1).expect("two moments")[0].testing, [1]);
}

/// Remembers rows; says 1 for those it has seen.
struct Memory;

impl Learner for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn fit(&self, sample: Sample<'_>, _: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        Ok(Box::new(Remembered(sample.rows().clone())))
    }
}

struct Remembered(Rows);

impl Classifier for Remembered {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let bits = |row: &[f32]| row.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
        rows.iter().map(|row| f64::from(self.0.iter().any(|seen| bits(seen) == bits(row)))).collect()
    }
}

#[test]
fn rows_are_judged_by_models_that_have_not_seen_them() {
    let (rows, labels) = drawn(60, 1);
    let weights = vec![1.0; 60];
    let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
    let mut folds = stratified(&labels, &keys(60), 3, 1).expect("enough rows");
    let validated = session(1, 1, |session| cross_validate(&Memory, sample, &folds, session)).expect("fits");
    assert!(validated.probabilities.iter().all(|probability| *probability == Some(0.0)));
    assert_eq!(
        validated.folds.iter().map(|fold| (fold.training, fold.testing, fold.positives)).collect::<Vec<_>>(),
        [(40, 20, 4); 3]
    );
    folds.pop();
    let partly = session(1, 1, |session| cross_validate(&Memory, sample, &folds, session)).expect("fits");
    assert_eq!(partly.judged(&labels).0.len(), 40);
    folds[0].training.retain(|row| !labels[*row]);
    assert!(session(1, 1, |session| cross_validate(&Memory, sample, &folds, session)).is_err());
}

#[test]
fn preparation_learns_from_the_training_rows_alone() {
    let (rows, labels) = drawn(200, 3);
    let weights = vec![1.0; 200];
    let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
    let smote = Some(SmoteParams::default().check().expect("sound"));
    let prepared = Prepared {
        impute: true,
        scale: true,
        smote,
        class_weight: ClassWeight::Balanced,
        ..Prepared::new(Box::new(LogisticRegression::default()))
    };
    let fold = Fold { training: (0..150).collect(), testing: (150..200).collect() };
    let judge = |sample| {
        session(5, 1, |session| cross_validate(&prepared, sample, std::slice::from_ref(&fold), session))
            .expect("fits")
    };
    let before = judge(sample);
    assert!(before.folds[0].roc_auc > Some(0.9));
    // Absurd rows among those judged change nothing for the others.
    let mut values = rows.values().to_vec();
    values[390..].fill(1e9);
    let spoilt = Rows::new(values, 2).expect("whole rows");
    let after = judge(Sample::new(&spoilt, &labels, &weights).expect("they belong together"));
    assert_eq!(before.probabilities[150..195], after.probabilities[150..195]);
    assert_ne!(before.probabilities[195..], after.probabilities[195..]);
}

#[test]
fn settings_out_of_bounds_are_refused() {
    let (rows, labels) = drawn(20, 3);
    let sample = Sample::new(&rows, &labels, &[1.0; 20]).expect("they belong together");
    let prepared = Prepared { class_weight: ClassWeight::Ratio(0.0), ..Prepared::new(Box::new(Memory)) };
    assert!(session(1, 1, |session| prepared.fit(sample, session)).is_err());
    assert!(SmoteParams { neighbours: 0, ..SmoteParams::default() }.check().is_err());
    assert!(SmoteParams { ratio: f64::NAN, ..SmoteParams::default() }.check().is_err());
    let dimension = |low, high, scale| Space::new(vec![Dimension { name: "l2", low, high, scale }]);
    assert!(dimension(0.0, 1.0, Scale::Logarithmic).is_err() && dimension(2.0, 1.0, Scale::Linear).is_err());
    assert!(SearchParams { rungs: 0, ..SearchParams::default() }.check().is_err());
}

#[test]
fn balanced_classes_count_alike() {
    let (rows, labels) = drawn(50, 3);
    let weights: Vec<f64> = (0..50).map(|row| f64::from(row % 3)).collect();
    let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
    let sums = |class_weight: ClassWeight| {
        let weighed = class_weight.weights(sample);
        let sum = |class: bool| {
            weighed.iter().zip(&labels).filter(|(_, l)| **l == class).map(|(w, _)| w).sum::<f64>()
        };
        (sum(false), sum(true))
    };
    let (humans, bots) = sums(ClassWeight::Equal);
    let balanced = sums(ClassWeight::Balanced);
    assert!((balanced.0 - balanced.1).abs() < 1e-9 && (balanced.0 + balanced.1 - humans - bots).abs() < 1e-9);
    assert_eq!(sums(ClassWeight::Ratio(4.0)), (humans, 4.0 * bots));
}

#[test]
fn synthetic_bots_lie_between_neighbouring_bots() {
    // Bots in two clusters far apart, on columns of very different scales.
    let mut values = Vec::new();
    for row in 0..60 {
        let cluster = if row % 2 == 0 { 0.0 } else { 10.0 };
        let near = (row / 2 % 6) as f32 / 10.0;
        values.extend([cluster + near, (cluster - near) * 1e6]);
    }
    let rows = Rows::new(values, 2).expect("whole rows");
    let labels: Vec<bool> = (0..60).map(|row| row < 12).collect();
    let weights: Vec<f64> = (0..60).map(|row| if row < 12 { 2.0 } else { 1.0 }).collect();
    let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
    let smote = SmoteParams { neighbours: 3, ratio: 0.75, ..SmoteParams::default() }.check().expect("sound");
    let enlarged = smote.enlarge(sample, 1, 1);
    assert_eq!((enlarged.rows.len(), enlarged.labels.len(), enlarged.weights.len()), (84, 84, 84));
    assert_eq!(enlarged.rows.values()[..120], *rows.values());
    for index in 60..84 {
        let row = enlarged.rows.row(index);
        assert!(enlarged.labels[index] && enlarged.weights[index] == 2.0);
        let cluster = if row[0] < 5.0 { 0.0 } else { 10.0 };
        // On the line that the bots of a cluster lie on, within its ends.
        assert!((0.0..=0.51).contains(&(row[0] - cluster)), "{row:?}");
        assert!((cluster - row[1] / 1e6 - (row[0] - cluster)).abs() < 1e-3, "{row:?}");
    }
    assert_eq!(enlarged.rows.values(), smote.enlarge(sample, 1, 3).rows.values());
    assert_ne!(enlarged.rows.values(), smote.enlarge(sample, 2, 1).rows.values());
}

#[test]
fn synthetic_bots_miss_what_their_bot_misses() {
    let rows =
        Rows::new(vec![1.0, GAP, 2.0, 5.0, 3.0, 6.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 9.0, GAP], 2)
            .expect("whole rows");
    let labels = [true, true, true, false, false, false, false, false];
    let sample = Sample::new(&rows, &labels, &[1.0; 8]).expect("they belong together");
    let smote = SmoteParams { most_searched: 2, ..SmoteParams::default() }.check().expect("sound");
    let enlarged = smote.enlarge(sample, 1, 2);
    assert_eq!(enlarged.rows.len(), 10);
    assert!(enlarged.rows.row(8)[1].is_nan() && (1.0..=3.0).contains(&enlarged.rows.row(8)[0]));
    assert!((5.0..=6.0).contains(&enlarged.rows.row(9)[1]));
    // One bot can only be repeated, and humans in the minority are left alone.
    let one = [true, false, false, false, false, false, false, false];
    let enlarged = smote.enlarge(Sample::new(&rows, &one, &[1.0; 8]).expect("they belong together"), 1, 1);
    assert!(enlarged.rows.len() == 14 && enlarged.rows.row(13)[0] == 1.0);
    let most = [false, true, true, true, true, true, true, true];
    let enlarged = smote.enlarge(Sample::new(&rows, &most, &[1.0; 8]).expect("they belong together"), 1, 1);
    assert_eq!(enlarged.rows.len(), 8);
}

/// Says the first column, made as noisy as a setting says: best at 0.3.
fn find(params: SearchParams, seed: u64, threads: usize) -> Result<Search, ValidationError> {
    let (rows, labels) = drawn(400, 9);
    let weights = vec![1.0; 400];
    let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
    let folds = stratified(&labels, &keys(400), 3, 1).expect("enough rows");
    let space = Space::new(vec![
        Dimension { name: "noise", low: 0.0, high: 1.0, scale: Scale::Linear },
        Dimension { name: "l2", low: 1e-3, high: 1e3, scale: Scale::Logarithmic },
        Dimension { name: "whole", low: 1.0, high: 3.0, scale: Scale::Whole },
    ])
    .expect("sound");
    let build = |values: &[f64]| -> Result<Box<dyn Learner>, ZooError> {
        assert!([1.0, 2.0, 3.0].contains(&values[2]) && (1e-3..=1e3).contains(&values[1]));
        if values[0] > 0.9 {
            let (learner, name, low, high) = ("noisy", "noise", 0.0, 0.9);
            return Err(ZooError::Setting { learner, name, value: values[0], low, high });
        }
        Ok(Box::new(Noisy((values[0] - 0.3).abs())))
    };
    session(seed, threads, |session| search(params.check()?, &space, &build, sample, &folds, session))
}

struct Noisy(f64);

impl Learner for Noisy {
    fn name(&self) -> &'static str {
        "noisy"
    }

    fn fit(&self, _: Sample<'_>, _: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        Ok(Box::new(Self(self.0)))
    }
}

impl Classifier for Noisy {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let mut random = ChaCha12Rng::seed_from_u64(1);
        rows.iter()
            .map(|row| f64::from(row[0]) / 2.0 * (1.0 - self.0) + self.0 * random.random::<f64>())
            .collect()
    }
}

#[test]
fn the_better_third_goes_on_to_more_rows() {
    let found = find(SearchParams::default(), 4, 1).expect("some can be used");
    let on = |share: f64| {
        found.trials.iter().filter(|trial| (trial.share - share).abs() < 1e-9).collect::<Vec<_>>()
    };
    let (first, second, last) = (on(1.0 / 9.0), on(1.0 / 3.0), on(1.0));
    let usable = first.iter().filter(|trial| trial.score.is_ok()).count();
    assert!(first.len() == 27 && usable < 27 && first[0].folds[0].training < 32);
    assert_eq!((second.len(), last.len()), (usable.div_ceil(3), usable.div_ceil(3).div_ceil(3)));
    let best = &found.trials[found.best];
    assert!(best.share == 1.0 && (best.values[0] - 0.3).abs() < 0.1, "{:?}", best.values);
    let refused = first.iter().find_map(|trial| trial.score.as_ref().err()).expect("some are out of bounds");
    assert!(refused.starts_with("noisy: noise is 0.9"), "{refused}");
    let again = find(SearchParams::default(), 4, 2).expect("some can be used");
    let tried = |search: &Search| {
        search.trials.iter().map(|t| (t.values.clone(), t.score.clone())).collect::<Vec<_>>()
    };
    assert_eq!(tried(&found), tried(&again));
}

#[test]
fn one_rung_is_a_random_search_and_time_may_be_the_budget() {
    let params = SearchParams { budget: Budget::Trials(5), objective: Objective::LogLoss, rungs: 1 };
    let found = find(params, 1, 1).expect("some can be used");
    assert_eq!(found.trials.len(), 5);
    let scores = found.trials.iter().filter_map(|trial| trial.score.clone().ok());
    assert_eq!(found.trials[found.best].score, Ok(scores.fold(f64::NEG_INFINITY, f64::max)));
    let none = find(SearchParams { budget: Budget::Seconds(0.0), ..SearchParams::default() }, 1, 1);
    let found = none.expect("the first that can be used");
    assert_eq!(found.best, found.trials.len() - 1);
    assert!(found.trials.len() < 9);
    let some = find(SearchParams { budget: Budget::Seconds(0.2), ..SearchParams::default() }, 1, 1);
    assert!(some.expect("some are tried").trials.len() > 13);
}

#[test]
fn whoever_watches_sees_progress_and_may_end_it() {
    let (rows, labels) = drawn(50, 9);
    let sample = Sample::new(&rows, &labels, &[1.0; 50]).expect("they belong together");
    let folds = stratified(&labels, &keys(50), 5, 1).expect("enough rows");
    let mut shares = Vec::new();
    let mut progress = |share: f64| {
        shares.push(share);
        if share > 0.5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut watched = Session { seed: 1, threads: 1, progress: &mut progress };
    let ended = cross_validate(&LogisticRegression::default(), sample, &folds, &mut watched);
    assert!(matches!(ended, Err(ZooError::Cancelled(_))));
    assert!(shares.is_sorted() && shares[0] == 0.0 && shares.len() < 10, "{shares:?}");
}
