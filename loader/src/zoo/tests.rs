//! What holds for every entry, and scikit-learn's values for those with a closed solution.

use std::ops::ControlFlow;
use std::path::PathBuf;

use botdet_models::rows::Rows;
use botdet_models::sgd::SgdLoss;
use serde_json::Value;

use crate::autoencoder::AutoencoderParams;

use super::{
    BernoulliBayes, Classifier, ExtendedIsolation, FollowTheLeader, GaussianBayes, Isolation, Learner,
    LogisticRegression, Neighbours, NeuralNetwork, Reconstruction, Ridge, Sample, Session, Stacking,
    StochasticGradient, Vote, Voting, ZooError,
};

/// All entries whose result the seed alone decides.
fn entries() -> Vec<Box<dyn Learner>> {
    vec![
        Box::new(LogisticRegression::default()),
        Box::new(StochasticGradient::new(SgdLoss::Logistic)),
        Box::new(StochasticGradient::new(SgdLoss::Hinge)),
        Box::new(Ridge::default()),
        Box::new(BernoulliBayes::default()),
        Box::new(GaussianBayes::default()),
        Box::new(FollowTheLeader::default()),
        Box::new(Neighbours::default()),
        Box::new(Neighbours { by_distance: true, ..Neighbours::default() }),
        Box::new(NeuralNetwork { epochs: 3, ..NeuralNetwork::default() }),
        Box::new(Isolation::default()),
        Box::new(Reconstruction {
            params: AutoencoderParams { epochs: 3, ..AutoencoderParams::default() },
            ..Reconstruction::default()
        }),
        Box::new(Voting { learners: few(), vote: Vote::Soft }),
        Box::new(Voting { learners: few(), vote: Vote::Hard }),
        Box::new(Stacking::new(few())),
    ]
}

fn few() -> Vec<Box<dyn Learner>> {
    vec![Box::new(LogisticRegression::default()), Box::new(GaussianBayes::default())]
}

/// All entries.
fn all_entries() -> Vec<Box<dyn Learner>> {
    let mut all = entries();
    all.push(Box::new(ExtendedIsolation { trees: 20, ..ExtendedIsolation::default() }));
    all
}

pub(super) fn learn(learner: &dyn Learner, sample: Sample<'_>) -> Box<dyn Classifier> {
    learn_with(learner, sample, 1, 1).expect("the sample can be learned from")
}

fn learn_with(
    learner: &dyn Learner,
    sample: Sample<'_>,
    seed: u64,
    threads: usize,
) -> Result<Box<dyn Classifier>, ZooError> {
    let mut progress = |share| {
        assert!((0.0..=1.0).contains(&share), "{share} is done");
        ControlFlow::Continue(())
    };
    learner.fit(sample, &mut Session { seed, threads, progress: &mut progress })
}

/// A third of the rows is positive: those inside a ring around the origin, with two columns of noise beside.
pub(super) fn ring(rows: usize) -> (Rows, Vec<bool>) {
    let value = |n: usize| {
        let mixed = botdet_models::hash::mix64(n as u64 + 1) >> 11;
        mixed as f32 / (1u64 << 53) as f32 * 2.0 - 1.0
    };
    let values: Vec<f32> = (0..4 * rows).map(value).collect();
    let labels =
        values.chunks(4).map(|row| row[0] * row[0] + row[1] * row[1] + 0.2 * row[2] < 0.42).collect();
    (Rows::new(values, 4).expect("whole rows"), labels)
}

#[test]
fn the_seed_decides_whatever_the_threads() {
    let (rows, labels) = ring(300);
    let sample = Sample::new(&rows, &labels, &[1.0; 300]).expect("they belong together");
    for entry in entries() {
        let fit = |threads| {
            let model = learn_with(&*entry, sample, 5, threads).expect("the sample can be learned from");
            model.probabilities(&rows)
        };
        assert_eq!(fit(1), fit(2), "{}", entry.name());
    }
}

#[test]
fn whatever_rows_hold_probabilities_come_out() {
    let gap = f32::NAN;
    let tables: [(&str, Vec<f32>, usize); 7] = [
        ("constant columns", [1.0, -3.0].repeat(10), 2),
        ("missing columns", [gap, 1.0, gap].repeat(10), 3),
        ("nothing at all", vec![gap; 10], 1),
        ("one column", (0..10).map(|i| i as f32).collect(), 1),
        ("huge values", (0..20).map(|i| if i % 3 == 0 { f32::MAX } else { -f32::MAX }).collect(), 2),
        ("tiny values", (0..20).map(|i| f32::from_bits(i * i)).collect(), 2),
        ("duplicates", [2.0, gap, 5.0, 2.0, 1.0, 5.0].repeat(5), 3),
    ];
    for (what, values, width) in tables {
        let rows = Rows::new(values, width).expect("whole rows");
        for positives in [1, 5, 9] {
            let labels: Vec<bool> = (0..10).map(|row| row * 7 % 10 < positives).collect();
            for weights in [[1.0; 10], [1e-9, 1.0, 1e6, 1.0, 0.5, 2.0, 1.0, 3.0, 1.0, 1e-3]] {
                let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
                let mut asked = rows.values().to_vec();
                asked.extend([f32::MAX, f32::MIN, gap, 0.0, 1e-30, 7.0]);
                asked.truncate(asked.len() / width * width);
                let asked = Rows::new(asked, width).expect("whole rows");
                for entry in all_entries() {
                    let model = learn_with(&*entry, sample, 3, 2);
                    let model = model.unwrap_or_else(|error| panic!("{what}: {error}"));
                    let probabilities = model.probabilities(&asked);
                    assert_eq!(probabilities.len(), asked.len());
                    let all = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
                    assert!(all, "{} on {what}: {probabilities:?}", entry.name());
                }
            }
        }
    }
}

#[test]
fn a_training_can_be_ended() {
    let (rows, labels) = ring(50);
    let sample = Sample::new(&rows, &labels, &[1.0; 50]).expect("they belong together");
    for entry in all_entries() {
        let mut stop = |_| ControlFlow::Break(());
        let result = entry.fit(sample, &mut Session { seed: 1, threads: 1, progress: &mut stop });
        assert!(matches!(result, Err(ZooError::Cancelled(_))), "{}", entry.name());
    }
}

#[test]
fn closed_solutions_are_those_of_scikit_learn() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/zoo.json");
    let text = std::fs::read_to_string(path).expect("the golden file is there");
    let golden: Value = serde_json::from_str(&text).expect("the golden file is JSON");
    let numbers = |value: &Value| -> Vec<f64> {
        let list = value.as_array().expect("a list");
        list.iter().map(|number| number.as_f64().expect("a number")).collect()
    };
    let rows: Vec<Vec<f64>> = golden["rows"].as_array().expect("a list").iter().map(numbers).collect();
    let table = |rows: &[Vec<f64>]| {
        let values = rows.iter().flatten().map(|value| *value as f32).collect();
        Rows::new(values, rows[0].len()).expect("whole rows")
    };
    let training = golden["training"].as_u64().expect("a number") as usize;
    let (train, test) = (table(&rows[..training]), table(&rows[training..]));
    let labels: Vec<bool> = numbers(&golden["labels"])[..training].iter().map(|label| *label > 0.5).collect();
    let weights = numbers(&golden["weights"]);
    let sample = Sample::new(&train, &labels, &weights[..training]).expect("they belong together");
    let learners: [&dyn Learner; 4] = [
        &LogisticRegression::default(),
        &Ridge::default(),
        &GaussianBayes::default(),
        &BernoulliBayes::default(),
    ];
    for learner in learners {
        let ours = learn(learner, sample).probabilities(&test);
        let theirs = numbers(&golden[learner.name()]);
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() < 1e-6, "{}: {ours} instead of {theirs}", learner.name());
        }
    }
}
