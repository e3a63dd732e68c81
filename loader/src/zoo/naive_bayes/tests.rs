use botdet_models::rows::Rows;

use super::{BernoulliBayes, GaussianBayes};
use crate::zoo::tests::learn;
use crate::zoo::{Learner, Sample, ZooError};

const GAP: f32 = f32::NAN;

#[test]
fn flags_by_hand() {
    let rows = Rows::new(vec![0.0, 1.0, 1.0, 0.0, 0.0, 1.0], 1).expect("whole rows");
    let labels = [true, true, true, false, false, false];
    let sample = Sample::new(&rows, &labels, &[1.0; 6]).expect("they belong together");
    let ask = Rows::new(vec![1.0, 0.0, GAP], 1).expect("whole rows");
    let model = learn(&BernoulliBayes::default(), sample);
    // Smoothed shares of the flag: 3 / 5 and 2 / 5.
    for (ours, expected) in model.probabilities(&ask).iter().zip([0.6, 0.4, 0.5]) {
        assert!((ours - expected).abs() < 1e-12, "{ours} instead of {expected}");
    }
    let model = learn(&BernoulliBayes { prior: Some(0.2), ..BernoulliBayes::default() }, sample);
    assert!((model.probabilities(&ask)[2] - 0.2).abs() < 1e-12);
}

#[test]
fn a_missing_value_says_nothing() {
    let rows = Rows::new(vec![1.0, GAP, 2.0, 5.0, 3.0, 6.0, 4.0, GAP, 5.0, 7.0], 2).expect("whole rows");
    let labels = [true, true, false, false, false];
    let sample = Sample::new(&rows, &labels, &[1.0; 5]).expect("they belong together");
    let first = Rows::new(rows.column(0).collect(), 1).expect("whole rows");
    let alone = Sample::new(&first, &labels, &[1.0; 5]).expect("they belong together");
    let ask = Rows::new(vec![2.5, GAP], 2).expect("whole rows");
    let ask_alone = Rows::new(vec![2.5], 1).expect("whole rows");
    let learners: [&dyn Learner; 2] = [&BernoulliBayes::default(), &GaussianBayes::default()];
    for learner in learners {
        let both = learn(learner, sample).probabilities(&ask);
        assert_eq!(both, learn(learner, alone).probabilities(&ask_alone), "{}", learner.name());
    }
}

#[test]
fn far_values_stay_probabilities() {
    let rows = Rows::new(vec![1.0, 1.000_000_1, -2.0, -2.5], 1).expect("whole rows");
    let sample = Sample::new(&rows, &[true, true, false, false], &[1.0; 4]).expect("they belong together");
    let ask = Rows::new(vec![f32::MAX, f32::MIN, 1.0, GAP], 1).expect("whole rows");
    let probabilities = learn(&GaussianBayes::default(), sample).probabilities(&ask);
    assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{probabilities:?}");
    assert!(probabilities[0] < 1e-9 && probabilities[2] > 0.99);
    let refused = GaussianBayes { smoothing: 0.0, prior: None };
    let mut progress = |_| std::ops::ControlFlow::Continue(());
    let mut session = crate::zoo::Session { seed: 0, threads: 1, progress: &mut progress };
    assert!(matches!(refused.fit(sample, &mut session), Err(ZooError::Setting { name: "smoothing", .. })));
}
