//! The most similar training rows.

mod search;

#[cfg(test)]
mod tests;

use botdet_models::rows::Rows;

use super::sample::in_proportion;
use super::standardise::Standardiser;
use super::{Classifier, Learner, Sample, Session, ZooError, report, within};
use search::References;

const NAME: &str = "k_nearest_neighbours";
/// Most neighbours that can be asked for.
const MOST: usize = 1000;

/// k nearest neighbours by Euclidean distance of standardised inputs.
#[derive(Clone, Copy, Debug)]
pub struct Neighbours {
    /// Neighbours that vote.
    pub neighbours: usize,
    /// Whether a vote counts in inverse proportion to its distance; otherwise all count the same. Rows' weights count too.
    pub by_distance: bool,
    /// Training rows that are kept, at the most: a random sample of them with the classes in proportion. Every answer is
    /// a search through all of them.
    pub references: usize,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self { neighbours: 5, by_distance: false, references: 20_000 }
    }
}

impl Learner for Neighbours {
    fn name(&self) -> &'static str {
        match (self.neighbours, self.by_distance) {
            (5, false) => "k_nearest_neighbours_5",
            (10, false) => "k_nearest_neighbours_10",
            (5, true) => "k_nearest_neighbours_5_by_distance",
            (10, true) => "k_nearest_neighbours_10_by_distance",
            _ => NAME,
        }
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        let name = self.name();
        within(name, "neighbours", self.neighbours as f64, 1.0, MOST as f64)?;
        within(name, "references", self.references as f64, 2.0, 1e6)?;
        report(session, name, 0.0)?;
        let standardiser = Standardiser::fit(sample);
        let chosen = in_proportion(sample, self.references, session.seed);
        let inputs = standardiser.all_single(&sample.rows().select(&chosen));
        let votes =
            chosen.iter().map(|row| Vote { label: sample.labels()[*row], weight: sample.weights()[*row] });
        let votes = votes.collect();
        report(session, name, 1.0)?;
        let references = References::new(inputs, standardiser.width());
        Ok(Box::new(Fitted { params: *self, standardiser, references, votes }))
    }
}

struct Vote {
    label: bool,
    weight: f64,
}

struct Fitted {
    params: Neighbours,
    standardiser: Standardiser,
    references: References,
    votes: Vec<Vote>,
}

impl Fitted {
    /// Share of the positive votes. Where neighbours are at no distance at all, only they vote by distance.
    fn share(&self, neighbours: &[(f64, usize)]) -> f64 {
        let same =
            self.params.by_distance && neighbours.first().is_some_and(|(distance, _)| *distance == 0.0);
        let (mut positive, mut all) = (0.0, 0.0);
        for (distance, index) in neighbours {
            let nearness = match (self.params.by_distance, same) {
                (false, _) => 1.0,
                (true, true) => f64::from(u8::from(*distance == 0.0)),
                (true, false) => 1.0 / distance,
            };
            let vote = &self.votes[*index];
            all += nearness * vote.weight;
            positive += nearness * vote.weight * f64::from(u8::from(vote.label));
        }
        positive / all
    }
}

impl Classifier for Fitted {
    fn probabilities(&self, rows: &Rows) -> Vec<f64> {
        let inputs = self.standardiser.all_single(rows);
        let nearest = self.references.nearest(&inputs, self.params.neighbours);
        nearest.iter().map(|neighbours| self.share(neighbours)).collect()
    }
}
