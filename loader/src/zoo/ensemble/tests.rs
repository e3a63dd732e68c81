use botdet_models::metrics::roc_auc;
use botdet_models::rows::Rows;

use super::{Stacking, Vote, Voting};
use crate::zoo::tests::{learn, ring};
use crate::zoo::{Classifier, Learner, LogisticRegression, Neighbours, Sample, Session, ZooError};

/// Says the same of all rows.
struct Fixed(f64);

impl Learner for Fixed {
    fn name(&self) -> &'static str {
        "fixed"
    }

    fn fit(&self, _: Sample<'_>, _: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        Ok(Box::new(Self(self.0)))
    }
}

impl Classifier for Fixed {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        vec![self.0; rows.len()]
    }
}

/// Has learned all rows by heart, and knows nothing of others.
struct ByHeart(Vec<(Vec<f32>, bool)>);

impl Learner for ByHeart {
    fn name(&self) -> &'static str {
        "by_heart"
    }

    fn fit(&self, sample: Sample<'_>, _: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        let rows = sample.rows().iter().zip(sample.labels());
        Ok(Box::new(Self(rows.map(|(row, label)| (row.to_vec(), *label)).collect())))
    }
}

impl Classifier for ByHeart {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let known = |row: &[f32]| self.0.iter().find(|(known, _)| known == row).map(|(_, label)| *label);
        rows.iter().map(|row| known(row).map_or(0.5, |label| f64::from(u8::from(label)))).collect()
    }
}

fn fixed(probabilities: &[f64]) -> Vec<Box<dyn Learner>> {
    probabilities.iter().map(|probability| Box::new(Fixed(*probability)) as Box<dyn Learner>).collect()
}

#[test]
fn votes_by_hand() {
    let (rows, labels) = ring(20);
    let sample = Sample::new(&rows, &labels, &[1.0; 20]).expect("they belong together");
    let vote = |vote| {
        let voting = Voting { learners: fixed(&[0.9, 0.4, 0.5]), vote };
        learn(&voting, sample).probabilities(&rows)[0]
    };
    assert!((vote(Vote::Soft) - 0.6).abs() < 1e-12);
    assert!((vote(Vote::Hard) - 2.0 / 3.0).abs() < 1e-12);
    let mut progress = |_| std::ops::ControlFlow::Continue(());
    let mut session = Session { seed: 0, threads: 1, progress: &mut progress };
    let nobody = Voting { learners: Vec::new(), vote: Vote::Soft }.fit(sample, &mut session);
    assert!(matches!(nobody, Err(ZooError::Setting { name: "learners", .. })));
}

#[test]
fn who_learned_by_heart_is_not_believed() {
    let (rows, labels) = ring(600);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..600).partition(|row| row % 3 > 0);
    let of = |chosen: &[usize]| chosen.iter().map(|row| labels[*row]).collect::<Vec<bool>>();
    let (seen, unseen) = (rows.select(&train), rows.select(&test));
    let labels = of(&train);
    let sample = Sample::new(&seen, &labels, &[1.0; 400]).expect("they belong together");
    let learners = || -> Vec<Box<dyn Learner>> {
        let nearby = Neighbours { neighbours: 10, ..Neighbours::default() };
        vec![Box::new(ByHeart(Vec::new())), Box::new(LogisticRegression::default()), Box::new(nearby)]
    };
    let auc = |learner: &dyn Learner| {
        let model = learn(learner, sample);
        roc_auc(&model.probabilities(&unseen), &of(&test)).expect("both classes are there")
    };
    let stacked = auc(&Stacking::new(learners()));
    let best = auc(&*learners().remove(2));
    assert!(stacked > 0.9 && stacked > best - 0.01, "{stacked}, where the best alone has {best}");
}

#[test]
fn without_folds_the_mean_answers() {
    let (rows, _) = ring(10);
    let labels: Vec<bool> = (0..10).map(|row| row == 3).collect();
    let sample = Sample::new(&rows, &labels, &[1.0; 10]).expect("they belong together");
    let model = learn(&Stacking::new(fixed(&[0.2, 0.6])), sample);
    assert!((model.probabilities(&rows)[0] - 0.4).abs() < 1e-12);
}
