//! Stacking.

use botdet_models::rows::Rows;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{check_count, fit_part, mean};
use crate::zoo::linear::failed;
use crate::zoo::{Classifier, Learner, LogisticRegression, Sample, Session, ZooError, within};

const NAME: &str = "stacking";
/// Probabilities are kept this far from 0 and 1: neighbours that agree and naive Bayes say so more often than is true.
const SURE: f64 = 1e-3;

/// Stacked generalisation (Wolpert 1992): a logistic regression learns from the log-odds that learners give to rows which
/// they have not seen.
///
/// With fewer than two weighted rows of a class no row can be held out; then the learners' mean answers.
pub struct Stacking {
    /// Who is asked.
    pub learners: Vec<Box<dyn Learner>>,
    /// Parts that the rows are cut into, the classes in proportion; each is judged by learners that saw the others.
    pub folds: usize,
}

impl Stacking {
    /// Five folds.
    #[must_use]
    pub fn new(learners: Vec<Box<dyn Learner>>) -> Self {
        Self { learners, folds: 5 }
    }
}

impl Learner for Stacking {
    fn name(&self) -> &'static str {
        NAME
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        check_count(NAME, &self.learners)?;
        within(NAME, "folds", self.folds as f64, 2.0, 100.0)?;
        let folds = folds(sample, self.folds, session.seed);
        let rounds = folds.iter().max().map_or(0, |last| last + 1);
        let count = self.learners.len();
        let parts = count * (rounds + 1) + 1;
        let mut said = vec![0.0; count * folds.len()];
        for round in 0..rounds {
            let (apart, rest): (Vec<usize>, Vec<usize>) =
                (0..folds.len()).partition(|row| folds[*row] == round);
            let others = Part::of(sample, &rest);
            let asked = sample.rows().select(&apart);
            for (index, learner) in self.learners.iter().enumerate() {
                let model = fit_part(&**learner, others.sample()?, session, round * count + index, parts)?;
                for (row, probability) in apart.iter().zip(model.probabilities(&asked)) {
                    said[row * count + index] = log_odds(probability);
                }
            }
        }
        let mut learned = Vec::with_capacity(count);
        for (index, learner) in self.learners.iter().enumerate() {
            learned.push(fit_part(&**learner, sample, session, rounds * count + index, parts)?);
        }
        let judge = match rounds {
            0 => None,
            _ => {
                let said = Rows::new(said, count).map_err(|error| failed(NAME, &error))?;
                let sample = Sample::new(&said, sample.labels(), sample.weights())?;
                Some(fit_part(&LogisticRegression::default(), sample, session, parts - 1, parts)?)
            }
        };
        Ok(Box::new(Fitted { learned, judge }))
    }
}

fn log_odds(probability: f64) -> f32 {
    let probability = probability.clamp(SURE, 1.0 - SURE);
    (probability / (1.0 - probability)).ln() as f32
}

/// Which of at most `most` folds each row belongs to; one fold more than there are is none. Every fold, and so what is left
/// without one, has both classes; where that cannot be, there are no folds.
fn folds(sample: Sample<'_>, most: usize, seed: u64) -> Vec<usize> {
    let (labels, weights) = (sample.labels(), sample.weights());
    let weighing = |class| labels.iter().zip(weights).filter(|(l, w)| **l == class && **w > 0.0).count();
    let count = most.min(weighing(false)).min(weighing(true));
    if count < 2 {
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // Rows with weight first, so that each fold gets some of them.
    order.sort_by_key(|row| (labels[*row], weights[*row] == 0.0));
    let mut folds = vec![0; labels.len()];
    for class in order.chunk_by(|a, b| labels[*a] == labels[*b]) {
        class.iter().enumerate().for_each(|(position, row)| folds[*row] = position % count);
    }
    folds
}

/// Some rows of a sample.
struct Part {
    rows: Rows,
    labels: Vec<bool>,
    weights: Vec<f64>,
}

impl Part {
    fn of(sample: Sample<'_>, chosen: &[usize]) -> Self {
        Self {
            rows: sample.rows().select(chosen),
            labels: chosen.iter().map(|row| sample.labels()[*row]).collect(),
            weights: chosen.iter().map(|row| sample.weights()[*row]).collect(),
        }
    }

    fn sample(&self) -> Result<Sample<'_>, ZooError> {
        Ok(Sample::new(&self.rows, &self.labels, &self.weights)?)
    }
}

struct Fitted {
    learned: Vec<Box<dyn Classifier>>,
    judge: Option<Box<dyn Classifier>>,
}

impl Classifier for Fitted {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let count = self.learned.len();
        let mut said = vec![0.0; count * rows.len()];
        for (index, learned) in self.learned.iter().enumerate() {
            for (row, probability) in learned.probabilities(rows).into_iter().enumerate() {
                said[row * count + index] = log_odds(probability);
            }
        }
        match (&self.judge, Rows::new(said, count)) {
            (Some(judge), Ok(said)) => judge.probabilities(&said),
            _ => mean(&self.learned, rows, |probability| probability),
        }
    }
}
