//! Thresholds that keep a promise.

use super::ranked::Cut;
use super::{Confusion, Ranked};

/// What a threshold is to achieve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Of the accounts called bots, at least this share are; of such thresholds, the one that finds most bots.
    Precision(f64),
    /// Of the humans, at most this share are called bots; of such thresholds, the one that finds most bots.
    FalsePositiveRate(f64),
    /// Of the bots, at least this share are called so; of such thresholds, the one that calls fewest humans bots.
    Recall(f64),
    /// No more accounts are called bots than can be looked at. Of such thresholds, the one that uses the capacity
    /// best. The scores must be those of a fair sample of the population.
    Capacity {
        /// Accounts that can be looked at in a day.
        per_day: f64,
        /// Accounts that are scored in a day.
        population_per_day: f64,
    },
}

/// Why there is no threshold for a target.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ThresholdError {
    /// The target makes no sense.
    #[error("{name} is {value}, outside {low} to {high}")]
    Setting {
        /// Which target.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
    /// No threshold that calls anybody a bot achieves it.
    #[error("no threshold has {name} {wanted}: the nearest is {nearest}")]
    Unreachable {
        /// Which target.
        name: &'static str,
        /// What was wanted.
        wanted: f64,
        /// The best that a threshold has.
        nearest: f64,
    },
    /// The accounts cannot tell.
    #[error("there are no {0} among the accounts to choose a threshold by")]
    Nobody(&'static str),
}

/// A threshold with the decisions it made on the accounts that it was chosen by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Accounts are called bots at or above it.
    pub value: f64,
    /// What that makes of the accounts it was chosen by.
    pub confusion: Confusion,
}

impl Threshold {
    /// Chooses the threshold, one of the scores, that achieves a target.
    ///
    /// # Errors
    /// [`ThresholdError`] when the target makes no sense or cannot be reached, or a class that it speaks of is not
    /// there.
    pub fn for_target(ranked: &Ranked, target: Target) -> Result<Self, ThresholdError> {
        let (positives, negatives) = (ranked.positives as f64, ranked.negatives as f64);
        let name = target.name();
        match target {
            Target::Precision(wanted) => {
                check(name, wanted, 0.0, 1.0)?;
                some(ranked.positives, "bots")?;
                let precision = |cut: &Cut| cut.true_positives as f64 / cut.called() as f64;
                // Precision does not fall steadily: the lowest threshold that has it finds most.
                let chosen = ranked.cuts.iter().rposition(|cut| precision(cut) >= wanted);
                let nearest = || ranked.cuts.iter().map(precision).fold(0.0, f64::max);
                ranked.threshold(chosen, name, wanted, nearest)
            }
            Target::FalsePositiveRate(wanted) => {
                check(name, wanted, 0.0, 1.0)?;
                some(ranked.negatives, "humans")?;
                ranked.last_within(name, wanted, |cut| cut.false_positives as f64 / negatives)
            }
            Target::Recall(wanted) => {
                check(name, wanted, 0.0, 1.0)?;
                some(ranked.positives, "bots")?;
                let recall = |cut: &Cut| cut.true_positives as f64 / positives;
                let chosen = ranked.cuts.partition_point(|cut| recall(cut) < wanted);
                ranked.threshold(Some(chosen), name, wanted, || 1.0)
            }
            Target::Capacity { per_day, population_per_day } => {
                check("population per day", population_per_day, f64::MIN_POSITIVE, f64::MAX)?;
                check(name, per_day, 0.0, f64::MAX)?;
                some(ranked.positives + ranked.negatives, "accounts")?;
                let a_day = population_per_day / (positives + negatives);
                ranked.last_within(name, per_day, |cut| cut.called() as f64 * a_day)
            }
        }
    }
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Precision(_) => "precision",
            Self::FalsePositiveRate(_) => "false-positive rate",
            Self::Recall(_) => "recall",
            Self::Capacity { .. } => "capacity per day",
        }
    }
}

impl Ranked {
    /// The lowest cut whose cost, which rises from cut to cut, stays within bounds.
    fn last_within(
        &self,
        name: &'static str,
        wanted: f64,
        cost: impl Fn(&Cut) -> f64,
    ) -> Result<Threshold, ThresholdError> {
        let chosen = self.cuts.partition_point(|cut| cost(cut) <= wanted).checked_sub(1);
        self.threshold(chosen, name, wanted, || self.cuts.first().map_or(0.0, &cost))
    }

    fn threshold(
        &self,
        chosen: Option<usize>,
        name: &'static str,
        wanted: f64,
        nearest: impl FnOnce() -> f64,
    ) -> Result<Threshold, ThresholdError> {
        match chosen.and_then(|index| self.cuts.get(index)) {
            Some(cut) => Ok(Threshold {
                value: cut.score,
                confusion: self.decided(cut.true_positives, cut.false_positives),
            }),
            None => Err(ThresholdError::Unreachable { name, wanted, nearest: nearest() }),
        }
    }
}

fn check(name: &'static str, value: f64, low: f64, high: f64) -> Result<(), ThresholdError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(ThresholdError::Setting { name, value, low, high })
}

fn some(count: u64, who: &'static str) -> Result<(), ThresholdError> {
    if count > 0 { Ok(()) } else { Err(ThresholdError::Nobody(who)) }
}
