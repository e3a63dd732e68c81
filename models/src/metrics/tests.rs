use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde_json::Value;

use super::ks::limit;
use super::{
    Bins, Confusion, Histogram, PsiReference, Ranked, Target, Threshold, ThresholdError, average_precision,
    brier_score, calibration_error, kolmogorov_smirnov, log_loss, recall, reliability, roc_auc,
    threshold_at_false_positive_rate,
};

const SCORES: [f64; 6] = [0.1, 0.4, 0.35, 0.8, 0.8, 0.2];
const LABELS: [bool; 6] = [false, false, true, true, false, false];

fn golden(part: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../tests/golden/metrics.json")).expect("golden file");
    all[part].as_array().expect("cases").clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|n| n.as_f64().expect("a number")).collect()
}

#[track_caller]
fn assert_close(ours: Option<f64>, theirs: &Value) {
    let (ours, theirs) = (ours.expect("there is a value"), theirs.as_f64().expect("a number"));
    assert!((ours - theirs).abs() < 1e-9, "{ours} is not {theirs}");
}

/// The same pairs, but for points that lie between two others: scikit-learn stops at full recall, we at the lowest
/// score.
#[track_caller]
fn assert_same_points(ours: &[(f64, f64)], theirs: &Value) {
    let theirs = theirs.as_array().expect("points");
    assert!(theirs.len() <= ours.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_close(Some(ours.0), &theirs[0]);
        assert_close(Some(ours.1), &theirs[1]);
    }
}

#[test]
fn rankings_are_judged_as_by_scikit_learn() {
    for case in golden("ranking") {
        let scores = numbers(&case["scores"]);
        let labels: Vec<bool> = numbers(&case["labels"]).iter().map(|n| *n > 0.5).collect();
        let ranked = Ranked::of(&scores, &labels);
        assert_close(roc_auc(&scores, &labels), &case["roc_auc"]);
        assert_close(ranked.roc_auc_error(), &case["roc_auc_error"]);
        assert_close(average_precision(&scores, &labels), &case["average_precision"]);
        assert_close(log_loss(&scores, &labels), &case["log_loss"]);
        assert_close(brier_score(&scores, &labels), &case["brier"]);
        let confusion = ranked.confusion(0.4);
        assert_eq!(confusion, Confusion::at(&scores, &labels, 0.4));
        assert_close(confusion.accuracy(), &case["accuracy"]);
        assert_close(confusion.precision(), &case["precision"]);
        assert_close(confusion.recall(), &case["recall"]);
        assert_close(confusion.f1(), &case["f1"]);
        assert_close(confusion.balanced_accuracy(), &case["balanced_accuracy"]);
        assert_close(confusion.matthews_correlation(), &case["matthews"]);
        let roc = ranked.roc_curve(1_000).expect("both classes");
        let points: Vec<_> = roc.iter().map(|p| (p.false_positive_rate, p.true_positive_rate)).collect();
        assert_same_points(&points, &case["roc_curve"]);
        let curve = ranked.precision_recall_curve(1_000).expect("there are bots");
        let points: Vec<_> = curve.iter().map(|p| (p.precision, p.recall)).collect();
        assert_same_points(&points, &case["precision_recall"]);
        let bins = reliability(&scores, &labels, Bins::EqualWidth(7));
        let points: Vec<_> = bins.iter().map(|bin| (bin.mean_probability, bin.positive_share())).collect();
        assert_eq!(points.len(), case["reliability"].as_array().expect("points").len());
        assert_same_points(&points, &case["reliability"]);
    }
}

#[test]
fn samples_are_compared_as_by_scipy() {
    for case in golden("two_samples") {
        let (first, second) = (numbers(&case["first"]), numbers(&case["second"]));
        let test = kolmogorov_smirnov(&first, &second).expect("values");
        assert_close(Some(test.statistic), &case["statistic"]);
        assert_close(Some(test.p_value), &case["p_value"]);
        let [x, survival] = numbers(&case["limit"])[..] else { panic!("two numbers") };
        assert!((limit(x) - survival).abs() < 1e-9, "{x}");
        let reference = PsiReference::of(&first, 10).expect("values");
        assert_close(reference.psi(&second), &case["psi"]);
        assert_eq!(reference.psi(&first), Some(0.0));
        assert!(reference.is_sound());
    }
}

#[test]
fn exact_and_limiting_chances_meet() {
    let line = |count: u32, from: f64| {
        (0..count).map(|i| from + f64::from(i) / f64::from(count)).collect::<Vec<f64>>()
    };
    let exact = kolmogorov_smirnov(&line(1_990, 0.0), &line(2_000, 0.04)).expect("values");
    let limit = kolmogorov_smirnov(&line(1_990, 0.0), &line(2_020, 0.04)).expect("values");
    assert!((exact.statistic - limit.statistic).abs() < 1e-3);
    assert!((exact.p_value - limit.p_value).abs() < 5e-3, "{exact:?} {limit:?}");
    let apart = kolmogorov_smirnov(&line(50, 0.0), &line(30, 5.0)).expect("values");
    // Of all orders, two: all of one before all of the other.
    let orders: f64 = (1..=30).map(|k| f64::from(50 + k) / f64::from(k)).product();
    assert!((apart.p_value * orders / 2.0 - 1.0).abs() < 1e-9, "{apart:?}");
    let same = kolmogorov_smirnov(&[1.0; 5], &[1.0; 9]).expect("values");
    assert_eq!((same.statistic, same.p_value), (0.0, 1.0));
    assert_eq!(kolmogorov_smirnov(&[f64::NAN], &[1.0]), None);
}

#[test]
fn missing_values_have_a_bin_of_their_own() {
    let known: Vec<f64> = (0..100).map(f64::from).collect();
    let mut gappy = known.clone();
    gappy[..50].fill(f64::NAN);
    gappy[50..].iter_mut().for_each(|value| *value = (*value - 50.0) * 2.0);
    let reference = PsiReference::of(&known, 10).expect("values");
    let moved = reference.psi(&gappy).expect("values");
    // Ten bins halved, and half of all in a bin that had nobody.
    let expected = 10.0 * 0.05 * 2f64.ln() + (0.5 - 1e-4) * (0.5f64 / 1e-4).ln();
    assert!((moved - expected).abs() < 1e-9, "{moved}");
    let constant = PsiReference::of(&[3.0; 8], 10).expect("values");
    assert_eq!(constant.psi(&[3.0]), Some(0.0));
    assert!(constant.psi(&[4.0]).expect("values") > 5.0);
    let none = PsiReference::of(&[f64::NAN; 3], 10).expect("values");
    assert_eq!(none.psi(&[f64::NAN]), Some(0.0));
    assert_eq!((PsiReference::of(&[], 10), none.psi(&[])), (None, None));
    let stored = serde_json::to_string(&reference).expect("plain data");
    assert_eq!(serde_json::from_str::<PsiReference>(&stored).expect("what was written"), reference);
}

#[test]
fn one_class_has_no_curve() {
    assert_eq!(roc_auc(&SCORES, &[true; 6]), None);
    assert_eq!(average_precision(&SCORES, &[false; 6]), None);
    let bots = Ranked::of(&SCORES, &[true; 6]);
    assert!(bots.roc_curve(10).is_none() && bots.roc_auc_interval().is_none());
    assert!(bots.average_precision().is_some_and(|area| area > 1.0 - 1e-12));
    assert_eq!(Confusion::at(&SCORES, &[true; 6], 0.0).balanced_accuracy(), None);
    assert_eq!(Confusion::at(&SCORES, &[true; 6], 0.0).matthews_correlation(), None);
    let empty = Ranked::of(&[], &[]);
    assert!(empty.roc_auc().is_none() && empty.at_capacity(5).is_none());
    assert_eq!(Confusion::default().f1(), None);
    assert_eq!((log_loss(&[], &[]), calibration_error(&[])), (None, None));
}

#[test]
fn thresholds_keep_their_promise() {
    let threshold = threshold_at_false_positive_rate(&SCORES, &LABELS, 0.25);
    let confusion = Confusion::at(&SCORES, &LABELS, threshold);
    assert_eq!((confusion.false_positives, confusion.true_positives), (1, 1));
    let threshold = threshold_at_false_positive_rate(&SCORES, &LABELS, 0.0);
    assert_eq!(Confusion::at(&SCORES, &LABELS, threshold).false_positives, 0);
    assert_eq!(recall(&SCORES, &LABELS, 0.3), Some(1.0));
    assert_eq!(Confusion::at(&SCORES, &LABELS, 0.3).precision(), Some(0.5));
}

/// Against a search through all scores as thresholds.
#[test]
fn targets_are_met_by_the_best_threshold() {
    for seed in 0..20 {
        let mut random = ChaCha12Rng::seed_from_u64(seed);
        let mut draw = |_| {
            let score = (random.random::<f64>() * 30.0).round() / 30.0;
            (score, random.random::<f64>() < score * score)
        };
        let (scores, labels): (Vec<f64>, Vec<bool>) = (0..80).map(&mut draw).unzip();
        let ranked = Ranked::of(&scores, &labels);
        let all: Vec<Confusion> = scores.iter().map(|at| Confusion::at(&scores, &labels, *at)).collect();
        let best = |target| {
            Threshold::for_target(&ranked, target).map(|threshold| {
                assert_eq!(threshold.confusion, Confusion::at(&scores, &labels, threshold.value));
                threshold.confusion
            })
        };
        let most =
            |keeps: &dyn Fn(&Confusion) -> bool| all.iter().filter(|c| keeps(c)).map(|c| c.called()).max();
        for wanted in [0.0, 0.3, 0.7, 0.9, 1.0] {
            let found = best(Target::Precision(wanted)).ok().map(Confusion::called);
            assert_eq!(found, most(&|c| c.precision() >= Some(wanted)), "precision {wanted}, seed {seed}");
            let found = best(Target::FalsePositiveRate(wanted)).ok().map(Confusion::called);
            assert_eq!(
                found,
                most(&|c| c.false_positive_rate() <= Some(wanted)),
                "rate {wanted}, seed {seed}"
            );
            let found = best(Target::Recall(wanted)).ok().map(Confusion::called);
            let least = all.iter().filter(|c| c.recall() >= Some(wanted)).map(|c| c.called()).min();
            assert_eq!(found, least, "recall {wanted}, seed {seed}");
            let day = Target::Capacity { per_day: wanted * 1_000.0, population_per_day: 1_000.0 };
            let found = best(day).ok().map(Confusion::called);
            assert_eq!(
                found,
                most(&|c| c.called() as f64 <= wanted * 80.0),
                "capacity {wanted}, seed {seed}"
            );
        }
    }
}

#[test]
fn targets_out_of_reach_are_refused() {
    let ranked = Ranked::of(&SCORES, &LABELS);
    let choose = |target| Threshold::for_target(&ranked, target).expect_err("out of reach").to_string();
    assert_eq!(choose(Target::Precision(0.9)), "no threshold has precision 0.9: the nearest is 0.5");
    assert_eq!(
        choose(Target::FalsePositiveRate(0.1)),
        "no threshold has false-positive rate 0.1: the nearest is 0.25"
    );
    assert_eq!(choose(Target::Recall(1.5)), "recall is 1.5, outside 0 to 1");
    let day = Target::Capacity { per_day: 10.0, population_per_day: 60.0 };
    assert_eq!(choose(day), "no threshold has capacity per day 10: the nearest is 20");
    assert!(choose(Target::Precision(f64::NAN)).starts_with("precision is NaN"));
    let humans = Ranked::of(&SCORES, &[false; 6]);
    assert_eq!(Threshold::for_target(&humans, Target::Recall(0.5)), Err(ThresholdError::Nobody("bots")));
}

#[test]
fn the_highest_scores_are_reviewed_first() {
    let ranked = Ranked::of(&SCORES, &LABELS);
    // Two share the first place, one of them a bot.
    let one = ranked.at_capacity(1).expect("somebody");
    assert_eq!((one.reviewed, one.found, one.lift), (1, 0.5, Some(1.5)));
    let four = ranked.at_capacity(4).expect("somebody");
    assert_eq!((four.found, four.precision, four.recall), (2.0, 0.5, Some(1.0)));
    assert_eq!(ranked.at_capacity(99).map(|at| at.reviewed), Some(6));
    assert!(ranked.at_capacity(0).is_none());
}

#[test]
fn long_curves_are_thinned_between_exact_ends() {
    let scores: Vec<f64> = (0..10_000).map(f64::from).collect();
    let labels: Vec<bool> = (0..10_000).map(|i| i * i % 10_000 < i).collect();
    let ranked = Ranked::of(&scores, &labels);
    let full = ranked.roc_curve(usize::MAX).expect("both classes");
    assert_eq!(full.len(), 10_001);
    for most in [2, 3, 50, 200] {
        let curve = ranked.roc_curve(most).expect("both classes");
        assert!(curve.len() <= most && curve.len() + 2 >= most.min(50), "{} of {most}", curve.len());
        assert_eq!((curve.first(), curve.last()), (full.first(), full.last()));
        assert!(curve.iter().all(|point| full.contains(point)));
        let curve = ranked.precision_recall_curve(most).expect("there are bots");
        assert!(curve.len() <= most);
        assert_eq!((curve[0].recall, curve[curve.len() - 1].recall), (0.0, 1.0));
    }
}

#[test]
fn intervals_of_the_area_hold_the_true_area() {
    // Scores of bots exceed those of humans by 1.349 normal quartile units: triangular noise, area found by a large
    // draw.
    let draw = |seed: u64, rows: usize| {
        let mut random = ChaCha12Rng::seed_from_u64(seed);
        let mut one = |row: usize| {
            let is_bot = row.is_multiple_of(4);
            (random.random::<f64>() + random.random::<f64>() + if is_bot { 0.6 } else { 0.0 }, is_bot)
        };
        let (scores, labels): (Vec<f64>, Vec<bool>) = (0..rows).map(&mut one).unzip();
        Ranked::of(&scores, &labels)
    };
    let truth = draw(0, 400_000).roc_auc().expect("both classes");
    let holds = |seed: &u64| {
        let (low, high) = draw(*seed, 80).roc_auc_interval().expect("both classes");
        (low..=high).contains(&truth)
    };
    let held = (1..=500).filter(holds).count();
    assert!((460..=495).contains(&held), "{held} of 500 hold {truth}");
    let perfect = Ranked::of(&[1.0, 2.0, 3.0, 4.0], &[false, false, true, true]);
    let (low, high) = perfect.roc_auc_interval().expect("both classes");
    assert!(high == 1.0 && low < 0.2, "two bots show little: {low}");
}

#[test]
fn calibration_error_is_the_distance_from_the_diagonal() {
    let probabilities = [0.05, 0.15, 0.15, 0.25, 0.9, 1.0];
    let labels = [false, false, true, false, true, true];
    let halves = reliability(&probabilities, &labels, Bins::EqualWidth(2));
    assert_eq!(halves.iter().map(|bin| bin.accounts).collect::<Vec<u64>>(), [4, 2]);
    // |0.15 - 0.25| for four, |0.95 - 1| for two.
    let error = calibration_error(&halves).expect("accounts");
    assert!((error - (4.0 * 0.1 + 2.0 * 0.05) / 6.0).abs() < 1e-12);
    let thirds = reliability(&probabilities, &labels, Bins::EqualMass(3));
    // The two of 0.15 stay together.
    assert_eq!(thirds.iter().map(|bin| bin.accounts).collect::<Vec<u64>>(), [3, 1, 2]);
    assert!(reliability(&[], &[], Bins::EqualMass(3)).is_empty());
}

#[test]
fn histograms_count_everybody() {
    let histogram = Histogram::of(
        &[-5.0, 0.0, 0.49, 0.5, 1.0, 7.0],
        &[true, true, false, false, true, false],
        (0.0, 1.0),
        2,
    );
    assert_eq!((histogram.positives, histogram.negatives), (vec![2, 1], vec![1, 2]));
}
