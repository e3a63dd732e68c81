//! Whether a candidate is better than the champion, on accounts that it has not learned from.

use botdet_models::score::Score;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Fewest accounts of each class that two versions are compared on.
pub const LEAST_OF_EACH: usize = 10;
/// Samples that the interval is read from.
const DRAWS: usize = 2_000;
/// Share of the samples beyond either end of the interval.
const TAIL: f64 = 0.025;

/// What both versions say of an account.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Probability of being a bot, by the champion.
    pub champion: f64,
    /// The same by the candidate.
    pub candidate: f64,
    /// Whether the champion calls it a bot.
    pub called_by_champion: bool,
    /// Whether the candidate does.
    pub called_by_candidate: bool,
    /// The truth.
    pub is_bot: bool,
    /// How much the account counts, 0 to 1.
    pub weight: f64,
}

impl Pair {
    /// Of the scores by the champion and by the candidate.
    pub(super) fn of((champion, candidate): (&Score, &Score), is_bot: bool, weight: f64) -> Self {
        Self {
            champion: champion.probability,
            candidate: candidate.probability,
            called_by_champion: champion.is_bot,
            called_by_candidate: candidate.is_bot,
            is_bot,
            weight,
        }
    }
}

/// How two versions differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Accounts that both have judged.
    pub accounts: usize,
    /// Bots among them.
    pub bots: usize,
    /// Balanced Brier score of the champion: mean squared error of the probabilities, bots and humans counting alike.
    pub champion: f64,
    /// That of the candidate.
    pub candidate: f64,
    /// The candidate's less the champion's: below 0 where the candidate is better.
    pub difference: f64,
    /// Lower end of the 95 % interval of the difference.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Share of the bots that the champion calls so.
    pub champion_recall: f64,
    /// That of the candidate.
    pub candidate_recall: f64,
    /// Share of the humans that the champion calls bots.
    pub champion_false_positives: f64,
    /// That of the candidate.
    pub candidate_false_positives: f64,
}

/// Compares two versions on the same accounts; `None` when a class has fewer than [`LEAST_OF_EACH`] that count.
///
/// The interval is the percentile interval of a bootstrap that draws accounts, within each class, and keeps what both say of one
/// together (Efron and Tibshirani, 1993): most of the variation between accounts is common to both versions, and drops out.
#[must_use]
pub fn compare(pairs: &[Pair], seed: u64) -> Option<Difference> {
    let of = |is_bot: bool| -> Vec<&Pair> {
        pairs.iter().filter(|pair| pair.is_bot == is_bot && pair.weight > 0.0).collect()
    };
    let classes = [of(true), of(false)];
    if classes.iter().any(|class| class.len() < LEAST_OF_EACH) {
        return None;
    }
    let balanced =
        |value: &dyn Fn(&Pair) -> f64| classes.iter().map(|class| mean(class, value)).sum::<f64>() / 2.0;
    let truth = |pair: &Pair| f64::from(pair.is_bot);
    let of_champion = |pair: &Pair| (pair.champion - truth(pair)).powi(2);
    let of_candidate = |pair: &Pair| (pair.candidate - truth(pair)).powi(2);
    let mut draws = draws(&classes, seed, &|pair| of_candidate(pair) - of_champion(pair));
    draws.sort_by(f64::total_cmp);
    let quantile = |share: f64| draws[((DRAWS - 1) as f64 * share).round() as usize];
    let champion = balanced(&of_champion);
    let candidate = balanced(&of_candidate);
    let share =
        |class: usize, called: fn(&Pair) -> bool| mean(&classes[class], &|pair| f64::from(called(pair)));
    Some(Difference {
        accounts: classes[0].len() + classes[1].len(),
        bots: classes[0].len(),
        champion,
        candidate,
        difference: candidate - champion,
        low: quantile(TAIL),
        high: quantile(1.0 - TAIL),
        champion_recall: share(0, |pair| pair.called_by_champion),
        candidate_recall: share(0, |pair| pair.called_by_candidate),
        champion_false_positives: share(1, |pair| pair.called_by_champion),
        candidate_false_positives: share(1, |pair| pair.called_by_candidate),
    })
}

/// The class's mean, each account by its weight.
fn mean(class: &[&Pair], value: &dyn Fn(&Pair) -> f64) -> f64 {
    let (sum, weight) = class
        .iter()
        .fold((0.0, 0.0), |(sum, weight), pair| (sum + pair.weight * value(pair), weight + pair.weight));
    sum / weight
}

/// The balanced mean of a value in samples with replacement.
fn draws(classes: &[Vec<&Pair>; 2], seed: u64, value: &dyn Fn(&Pair) -> f64) -> Vec<f64> {
    let weighed = classes.each_ref().map(|class| -> Vec<(f64, f64)> {
        class.iter().map(|pair| (pair.weight * value(pair), pair.weight)).collect()
    });
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut draw = |class: &[(f64, f64)]| {
        let (mut sum, mut weight) = (0.0, 0.0);
        for _ in 0..class.len() {
            let (of_one, its_weight) = class[random.random_range(0..class.len())];
            sum += of_one;
            weight += its_weight;
        }
        sum / weight
    };
    (0..DRAWS).map(|_| (draw(&weighed[0]) + draw(&weighed[1])) / 2.0).collect()
}

/// What follows from a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// It should be tried beside the champion.
    #[serde(rename = "better")]
    Better,
    /// It is worse somewhere, or nowhere better.
    #[serde(rename = "not better")]
    NotBetter,
    /// There are too few accounts to tell.
    #[serde(rename = "insufficient data")]
    Insufficient,
    /// There is nothing to compare it with.
    #[serde(rename = "no champion")]
    NoChampion,
}

/// Whether a candidate is better, by the rule of [`super`], and why. It was compared on several sets, each named; on the first it must
/// have been.
#[must_use]
pub fn judge(compared: &[(&str, Option<&Difference>)], margin: f64) -> (Outcome, String) {
    if let Some((what, None)) = compared.first() {
        return (
            Outcome::Insufficient,
            format!("there are fewer than {LEAST_OF_EACH} of a class among {what}"),
        );
    }
    let compared = || compared.iter().filter_map(|(what, difference)| Some((*what, (*difference)?)));
    if let Some((what, worse)) = compared().find(|(_, difference)| difference.high > margin) {
        let Difference { difference, low, high, .. } = worse;
        let reason = format!(
            "on {what} its balanced Brier score differs from the champion's by {difference:+.4} [{low:+.4}, {high:+.4}], which may be more than {margin}"
        );
        return (Outcome::NotBetter, reason);
    }
    match compared().find(|(_, difference)| difference.high < 0.0) {
        Some((what, Difference { difference, low, high, .. })) => {
            let reason = format!(
                "on {what} its balanced Brier score differs from the champion's by {difference:+.4} [{low:+.4}, {high:+.4}]"
            );
            (Outcome::Better, reason)
        }
        None => (Outcome::NotBetter, "it is no worse than the champion, and nowhere better".to_owned()),
    }
}

#[cfg(test)]
mod tests;
