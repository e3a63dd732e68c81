//! Voting.

use botdet_models::rows::Rows;

use super::{check_count, fit_part, mean};
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError};

/// How learners vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// The mean of their probabilities.
    Soft,
    /// The share of them whose probability is at least a half.
    Hard,
}

/// Learners that vote: `soft_voting` or `hard_voting`.
pub struct Voting {
    /// Who votes.
    pub learners: Vec<Box<dyn Learner>>,
    /// How.
    pub vote: Vote,
}

impl Learner for Voting {
    fn name(&self) -> &'static str {
        match self.vote {
            Vote::Soft => "soft_voting",
            Vote::Hard => "hard_voting",
        }
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        check_count(self.name(), &self.learners)?;
        let count = self.learners.len();
        let each = self.learners.iter().enumerate();
        let voters = each.map(|(index, learner)| fit_part(&**learner, sample, session, index, count));
        let voters = voters.collect::<Result<Vec<_>, _>>()?;
        Ok(Box::new(Fitted { vote: self.vote, voters }))
    }
}

struct Fitted {
    vote: Vote,
    voters: Vec<Box<dyn Classifier>>,
}

impl Classifier for Fitted {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        mean(&self.voters, rows, |probability| match self.vote {
            Vote::Soft => probability,
            Vote::Hard => f64::from(u8::from(probability >= 0.5)),
        })
    }
}
