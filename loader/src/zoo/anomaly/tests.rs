use botdet_models::metrics::roc_auc;
use botdet_models::rows::Rows;

use super::{ExtendedIsolation, Isolation, Reconstruction};
use crate::zoo::tests::learn;
use crate::zoo::{Learner, Sample};

/// A tenth of the rows lies anywhere, the others near a line.
fn line() -> (Rows, Vec<bool>) {
    let number =
        |n: usize| (botdet_models::hash::mix64(n as u64 + 1) >> 11) as f32 / (1u64 << 53) as f32 - 0.5;
    let apart: Vec<bool> = (0..800).map(|row| row % 10 == 0).collect();
    let value = |index: usize| {
        let (row, column) = (index / 4, index % 4);
        let at = |k: usize| number(5 * row + k);
        if apart[row] { 1.5 * at(column) } else { at(4) + 0.05 * at(column) }
    };
    (Rows::new((0..3200).map(value).collect(), 4).expect("whole rows"), apart)
}

#[test]
fn labels_decide_which_way_a_score_points() {
    let (rows, apart) = line();
    let weights = [1.0; 800];
    let learners: [&dyn Learner; 3] =
        [&Isolation::default(), &ExtendedIsolation::default(), &Reconstruction::default()];
    for learner in learners {
        for turned in [false, true] {
            let labels: Vec<bool> = apart.iter().map(|apart| *apart != turned).collect();
            let sample = Sample::new(&rows, &labels, &weights).expect("they belong together");
            let probabilities = learn(learner, sample).probabilities(&rows);
            let auc = roc_auc(&probabilities, &labels).expect("both classes are there");
            assert!(auc > 0.8, "{} with turned = {turned}: {auc}", learner.name());
        }
    }
}
