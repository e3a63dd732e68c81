use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use serde_json::Value;

use super::pooling::{Block, Groups};
use super::steps::{Side, Steps};
use super::venn_abers::pair_of_gaps;
use super::{
    Calibration, CalibrationError, IsotonicCalibrator, Method, PlattCalibrator, VennAbers, prior_shift,
};
use crate::logistic::sigmoid;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/calibration.json")).expect("golden file")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("numbers").iter().map(|n| n.as_f64().expect("a number")).collect()
}

fn booleans(value: &Value) -> Vec<bool> {
    numbers(value).iter().map(|n| *n > 0.5).collect()
}

#[track_caller]
fn assert_close(ours: impl IntoIterator<Item = f64>, theirs: &[f64]) {
    let ours: Vec<f64> = ours.into_iter().collect();
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }
}

#[test]
fn isotonic_is_that_of_scikit_learn() {
    for case in golden()["isotonic"].as_array().expect("cases") {
        let part = |name| numbers(&case[name]);
        let fitted =
            IsotonicCalibrator::fit(&part("scores"), &part("targets"), &part("weights")).expect("sound");
        assert_close(part("queries").iter().map(|score| fitted.probability(*score)), &part("probabilities"));
    }
}

#[test]
fn platt_without_a_penalty_is_that_of_scikit_learn() {
    for case in golden()["platt"].as_array().expect("cases") {
        let (scores, labels) = (numbers(&case["scores"]), booleans(&case["labels"]));
        let fitted = PlattCalibrator::fit_with(&scores, &labels, 1e-12).expect("sound");
        let probabilities = scores.iter().map(|score| fitted.calibrate(&[*score]).probability);
        assert_close(probabilities, &numbers(&case["probabilities"]));
    }
}

/// Scores on a coarse grid (many ties), or none alike.
fn drawn(seed: u64, rows: usize, grid: f64) -> (Vec<f64>, Vec<bool>) {
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let mut draw = |_| {
        let score = ((random.random::<f64>() * 6.0 - 3.0) * grid).round() / grid;
        (score, random.random::<f64>() < sigmoid(score))
    };
    (0..rows).map(&mut draw).unzip()
}

/// The definition: an isotonic fit with the score added.
fn brute_force(groups: &Groups, score: f64, label: f64) -> f64 {
    let added = Block { weight: 1.0, sum: label, groups: 1 };
    let at = groups.scores.partition_point(|known| *known < score);
    let mut extended = groups.clone();
    if groups.scores.get(at) == Some(&score) {
        extended.blocks[at].weight += added.weight;
        extended.blocks[at].sum += added.sum;
    } else {
        extended.scores.insert(at, score);
        extended.blocks.insert(at, added);
    }
    let heights = extended.rising().into_iter().flat_map(|b| std::iter::repeat_n(b.mean(), b.groups));
    heights.collect::<Vec<f64>>()[at]
}

#[test]
fn venn_abers_is_two_isotonic_fits() {
    for seed in 0..60 {
        let grid = [1.0, 4.0, 1e9][seed as usize % 3];
        let (scores, labels) = drawn(seed, 2 + seed as usize * 3, grid);
        let groups = Groups::of_labels(&scores, &labels);
        let (p0, p1) = pair_of_gaps(&groups);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} is not {b}, seed {seed}");
        for (rank, score) in groups.scores.iter().enumerate() {
            near(p0[rank + 1], brute_force(&groups, *score, 0.0));
            near(p1[rank], brute_force(&groups, *score, 1.0));
            let between = score + groups.scores.get(rank + 1).map_or(1.0, |next| (next - score) / 2.0);
            near(p0[rank + 1], brute_force(&groups, between, 0.0));
            near(p1[rank + 1], brute_force(&groups, between, 1.0));
        }
        near(p1[0], brute_force(&groups, -9.0, 1.0));
        if let Ok(fitted) = VennAbers::fit(&scores, &labels) {
            for query in scores.iter().copied().chain([-9.0, -0.123, 0.5, 9.0]) {
                let (low, high) = fitted.pair(query);
                let (p0, p1) = (brute_force(&groups, query, 0.0), brute_force(&groups, query, 1.0));
                assert!(
                    low <= p0 && p0 - low < 1e-3 && p1 <= high && high - p1 < 1e-3,
                    "{query}: {low} {p0} {p1} {high}"
                );
            }
        }
    }
}

/// Curves that a calibration may meet, with how scores lie on them.
#[derive(Clone, Copy, Debug)]
enum Curve {
    Logistic,
    Rare,
    Separated,
    Bent,
    Stepped,
    Level,
}

const CURVES: [Curve; 6] =
    [Curve::Logistic, Curve::Rare, Curve::Separated, Curve::Bent, Curve::Stepped, Curve::Level];

impl Curve {
    fn draw(self, random: &mut ChaCha12Rng) -> f64 {
        let mut uniform = || random.random::<f64>();
        // Four uniform numbers come close enough to a normal one.
        let bell = (uniform() + uniform() + uniform() + uniform() - 2.0) * 3f64.sqrt();
        match self {
            Self::Logistic => 1.5 * bell,
            Self::Rare => 2.0 * bell - 5.0,
            Self::Separated => 2.0 * bell + if uniform() < 0.3 { 4.0 } else { -4.0 },
            Self::Bent => 2.0 * bell,
            Self::Stepped | Self::Level => 4.0 * uniform(),
        }
    }

    fn probability(self, score: f64) -> f64 {
        match self {
            Self::Logistic | Self::Rare => sigmoid(score),
            Self::Separated => sigmoid(2.0 * score - 0.85),
            Self::Bent => 0.02 + 0.9 * sigmoid(3.0 * score - 1.0),
            Self::Stepped => [0.05, 0.2, 0.6, 0.9][(score as usize).min(3)],
            Self::Level => 0.3,
        }
    }

    fn sample(self, random: &mut ChaCha12Rng, rows: usize) -> (Vec<f64>, Vec<bool>) {
        let mut draw = |_| {
            let score = self.draw(random);
            (score, random.random::<f64>() < self.probability(score))
        };
        (0..rows).map(&mut draw).unzip()
    }
}

/// Of fresh scores, the share whose true probability lies within the interval, and the mean width.
fn coverage(curve: Curve, rows: usize, repeats: u64) -> (f64, f64) {
    const QUERIES: u64 = 200;
    let (mut held, mut width, mut asked) = (0.0, 0.0, 0.0);
    for seed in 0..repeats {
        let mut random = ChaCha12Rng::seed_from_u64(seed * 1_000 + rows as u64);
        let (scores, labels) = curve.sample(&mut random, rows);
        let calibration = Calibration::choose(&scores, &labels).expect("both classes are there");
        for _ in 0..QUERIES {
            let score = curve.draw(&mut random);
            let calibrated = calibration.calibrate(score);
            let (low, high) = calibrated.interval;
            assert!(low <= calibrated.probability && calibrated.probability <= high);
            held += f64::from((low..=high).contains(&curve.probability(score)));
            width += high - low;
            asked += 1.0;
        }
    }
    (held / asked, width / asked)
}

#[test]
fn intervals_hold_the_true_probability() {
    for (rows, repeats) in [(300, 60), (1_000, 30), (10_000, 6)] {
        for curve in CURVES {
            let (held, width) = coverage(curve, rows, repeats);
            println!("{rows} rows, {curve:?}: {held:.3} held, mean width {width:.4}");
            assert!(held >= 0.93, "{rows} rows, {curve:?}: {held}");
            assert!(width < 5.0 / (rows as f64).cbrt() / 2.0, "{rows} rows, {curve:?}: width {width}");
        }
    }
}

/// The promise of Venn-Abers, on scores that are no probabilities: the rate of bots lies between the means of the
/// two.
#[test]
fn the_rate_lies_between_the_two_probabilities() {
    for curve in CURVES {
        let (mut sum0, mut sum1, mut bots, mut asked) = (0.0, 0.0, 0.0, 0.0);
        for seed in 0..40 {
            let mut random = ChaCha12Rng::seed_from_u64(seed);
            let (scores, labels) = curve.sample(&mut random, 300);
            let fitted = VennAbers::fit(&scores, &labels).expect("both classes are there");
            let (scores, _) = curve.sample(&mut random, 500);
            for score in scores {
                let (p0, p1) = fitted.pair(score);
                (sum0, sum1) = (sum0 + p0, sum1 + p1);
                bots += curve.probability(score);
                asked += 1.0;
            }
        }
        let (low, rate, high) = (sum0 / asked, bots / asked, sum1 / asked);
        assert!(low <= rate && rate <= high, "{curve:?}: {low} {rate} {high}");
    }
}

#[test]
fn few_rows_take_the_logistic_curve_and_many_follow_the_scores() {
    let choose = |curve: Curve, rows| {
        let mut random = ChaCha12Rng::seed_from_u64(5);
        let (scores, labels) = curve.sample(&mut random, rows);
        Calibration::choose(&scores, &labels).expect("both classes are there").method()
    };
    assert_eq!(choose(Curve::Bent, 190), Method::Platt);
    assert_eq!(choose(Curve::Bent, 5_000), Method::Isotonic);
    assert_eq!(choose(Curve::Stepped, 5_000), Method::Isotonic);
    assert_eq!(choose(Curve::Logistic, 1_000), Method::Platt);
    // 1,000 rows, but hardly a bot among them.
    assert_eq!(choose(Curve::Rare, 250), Method::Platt);
}

#[test]
fn probability_and_interval_rise_and_stay_inside() {
    for method in [Method::Platt, Method::Isotonic] {
        for curve in CURVES {
            let mut random = ChaCha12Rng::seed_from_u64(1);
            let (scores, labels) = curve.sample(&mut random, 700);
            let fitted = Calibration::fit(&scores, &labels, method).expect("both classes are there");
            for shift in [0.0, prior_shift(0.3, 0.01).expect("shares")] {
                let mut queries = scores.clone();
                queries.extend([f64::NEG_INFINITY, -1e300, -40.0, 0.0, 40.0, 1e300, f64::INFINITY]);
                queries.sort_by(f64::total_cmp);
                let mut last = fitted.calibrate(queries[0]).shifted(shift);
                for query in queries {
                    let next = fitted.calibrate(query).shifted(shift);
                    let (low, high) = next.interval;
                    assert!(
                        0.0 < next.probability && next.probability < 1.0,
                        "{method:?} {curve:?} {query} {next:?}"
                    );
                    assert!(0.0 <= low && low <= next.probability && next.probability <= high && high <= 1.0);
                    assert!(
                        last.probability <= next.probability
                            && last.interval.0 <= low
                            && last.interval.1 <= high
                    );
                    last = next;
                }
            }
        }
    }
}

#[test]
fn another_mix_moves_the_odds_by_the_ratio_of_the_mixes() {
    let (scores, labels) = drawn(3, 2_000, 1e9);
    let fitted = Calibration::fit(&scores, &labels, Method::Platt).expect("both classes are there");
    let odds = |p: f64| p / (1.0 - p);
    let before = fitted.calibrate(0.7);
    let after = before.shifted(prior_shift(0.5, 0.1).expect("shares"));
    for (a, b) in [(before.probability, after.probability), (before.interval.0, after.interval.0)] {
        assert!((odds(a) / 9.0 / odds(b) - 1.0).abs() < 1e-9);
    }
    assert_eq!(before.shifted(prior_shift(0.3, 0.3).expect("shares")), before);
    let refused = prior_shift(0.5, 1.0);
    assert_eq!(refused.err(), Some(CalibrationError::Share { name: "expected", value: 1.0 }));
}

#[test]
fn what_is_stored_is_small_and_read_back() {
    for (curve, rows) in [(Curve::Separated, 20_000), (Curve::Logistic, 20_000), (Curve::Rare, 1_000)] {
        let mut random = ChaCha12Rng::seed_from_u64(2);
        let (scores, labels) = curve.sample(&mut random, rows);
        let calibration = Calibration::choose(&scores, &labels).expect("both classes are there");
        let stored = serde_json::to_string(&calibration).expect("plain data");
        let steps = VennAbers::fit(&scores, &labels).expect("both classes are there").steps();
        println!("{rows} rows, {curve:?}: {} bytes, steps {steps:?}", stored.len());
        assert!(
            stored.len() < 50_000 && steps.iter().all(|count| *count <= 500),
            "{} {steps:?}",
            stored.len()
        );
        let read: Calibration = serde_json::from_str(&stored).expect("what was written");
        assert_eq!((read.check(), read.calibrate(0.3)), (Ok(()), calibration.calibrate(0.3)));
    }
}

#[test]
fn bounds_made_coarser_only_widen() {
    let mut random = ChaCha12Rng::seed_from_u64(9);
    let values: Vec<f64> = (1..=5_001).map(|i| f64::from(i) / 5_002.0).collect();
    let cuts: Vec<f64> = (0..5_000).map(f64::from).collect();
    let lower = Steps::new(Side::Lower, cuts.iter().copied(), &values);
    let upper = Steps::new(Side::Upper, cuts.iter().copied(), &values);
    assert!(lower.len() <= 500 && upper.len() <= 500);
    for _ in 0..2_000 {
        let score = random.random::<f64>() * 5_100.0 - 50.0;
        let exact = values[cuts.partition_point(|cut| *cut <= score)];
        let (low, high) = (lower.at(Side::Lower, score), upper.at(Side::Upper, score));
        assert!(low <= exact && exact <= high && high - low < 0.02, "{score}: {low} {exact} {high}");
    }
}

#[test]
fn stored_nonsense_is_refused() {
    let (scores, labels) = drawn(3, 300, 1e9);
    let fitted = Calibration::fit(&scores, &labels, Method::Platt).expect("both classes are there");
    let sound = serde_json::to_value(&fitted).expect("plain data");
    let damaged = |damage: &dyn Fn(&mut Value)| {
        let mut value = sound.clone();
        damage(&mut value);
        serde_json::from_value::<Calibration>(value).map_or(true, |read| read.check().is_err())
    };
    assert!(!damaged(&|_| ()));
    assert!(damaged(&|value| value["platt"]["coefficients"][0] = (-1.0).into()));
    assert!(damaged(&|value| value["platt"]["coefficients"] = Value::Array(Vec::new())));
    assert!(damaged(&|value| value["venn_abers"]["p0"]["values"][1] = 1.5.into()));
    assert!(damaged(&|value| value["venn_abers"]["low"]["cuts"][1] = 1e9.into()));
    assert!(damaged(&|value| value["venn_abers"]["high"]["values"] = Value::Array(Vec::new())));
    assert!(damaged(&|value| value["venn_abers"]["p1"] = value["venn_abers"]["p0"].clone()));
}

#[test]
fn degenerate_rows_give_a_sound_calibration_or_an_error() {
    let choose = |scores: &[f64], labels: &[bool]| Calibration::choose(scores, labels);
    assert_eq!(choose(&[1.0], &[true]).err(), Some(CalibrationError::OneClass(1)));
    assert!(matches!(choose(&[], &[]), Err(CalibrationError::Shape { .. })));
    assert!(matches!(choose(&[1.0, 2.0], &[true]), Err(CalibrationError::Shape { .. })));
    assert!(matches!(choose(&[1.0, f64::NAN], &[true, false]), Err(CalibrationError::Value { row: 1, .. })));
    for scores in
        [[2.0; 400], std::array::from_fn(|i| i as f64 * 1e300), std::array::from_fn(|i| (i % 2) as f64)]
    {
        let labels: [bool; 400] = std::array::from_fn(|i| i % 4 == 0);
        let calibrated = choose(&scores, &labels).expect("both classes are there").calibrate(scores[200]);
        assert!(calibrated.probability.is_finite(), "{calibrated:?}");
    }
    let constant = choose(&[2.0; 400], &std::array::from_fn::<bool, 400, _>(|i| i % 4 == 0));
    let calibrated = constant.expect("both classes are there").calibrate(2.0);
    assert!((calibrated.probability - 0.25).abs() < 0.01 && calibrated.interval.1 < 0.31, "{calibrated:?}");
    let turned =
        choose(&[-1.0, -2.0, 1.0, 2.0], &[true, true, false, false]).expect("both classes are there");
    assert_eq!(turned.method(), Method::Isotonic, "scores that point the wrong way are not turned round");
    assert!(matches!(
        IsotonicCalibrator::fit(&[1.0], &[2.0], &[1.0]),
        Err(CalibrationError::Value { row: 0, .. })
    ));
    assert!(IsotonicCalibrator::fit(&[1.0], &[1.0], &[0.0]).is_err());
}
