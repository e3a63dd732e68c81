//! How much both classes count.

use super::batch::Sequence;
use super::config::require;
use super::error::GruError;

/// How much bots and humans count, besides the weight of each sequence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClassWeights {
    /// As the sequences' weights say.
    Given,
    /// So that both classes of the training sequences count the same.
    Balanced,
    /// As stated; each a finite number of at least 0.
    Of {
        /// What the weight of a human is multiplied with.
        human: f32,
        /// What the weight of a bot is multiplied with.
        bot: f32,
    },
}

impl ClassWeights {
    pub(super) fn check(&self) -> Result<(), GruError> {
        let Self::Of { human, bot } = *self else {
            return Ok(());
        };
        let usable = |value: f32| value.is_finite() && value >= 0.0;
        require(usable(human), "human", "a finite weight of at least 0", human.into())?;
        require(usable(bot), "bot", "a finite weight of at least 0", bot.into())
    }

    /// What weights of humans and of bots are multiplied with. A class that has no weight is left without.
    pub(super) fn factors(self, training: &[Sequence<'_>]) -> Factors {
        match self {
            Self::Given => Factors { human: 1.0, bot: 1.0 },
            Self::Of { human, bot } => Factors { human: human.into(), bot: bot.into() },
            Self::Balanced => {
                let part = |share: fn(f64) -> f64| -> f64 {
                    let parts = training.iter().map(|one| f64::from(one.weight) * share(one.label.into()));
                    parts.sum()
                };
                let (humans, bots) = (part(|label| 1.0 - label), part(|label| label));
                let factor = |class: f64| if class > 0.0 { (humans + bots) / (2.0 * class) } else { 1.0 };
                Factors { human: factor(humans), bot: factor(bots) }
            }
        }
    }
}

/// What the weights of both classes are multiplied with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Factors {
    human: f64,
    bot: f64,
}

impl Factors {
    /// The sequence with its class counted. An uncertain label counts as a bit of both classes.
    pub fn apply<'a>(&self, sequence: Sequence<'a>) -> Sequence<'a> {
        let label = f64::from(sequence.label);
        let factor = self.human * (1.0 - label) + self.bot * label;
        Sequence { weight: (f64::from(sequence.weight) * factor) as f32, ..sequence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(class_weights: ClassWeights, given: &[(f32, f32)]) -> Vec<f32> {
        let sequence = |&(label, weight): &(f32, f32)| Sequence { steps: &[0.0], label, weight };
        let sequences: Vec<Sequence<'_>> = given.iter().map(sequence).collect();
        let factors = class_weights.factors(&sequences);
        sequences.iter().map(|&sequence| factors.apply(sequence).weight).collect()
    }

    #[test]
    fn balanced_classes_weigh_the_same() {
        let given = [(1.0, 1.0), (0.0, 1.0), (0.0, 2.0), (0.0, 5.0)];
        assert_eq!(weights(ClassWeights::Given, &given), [1.0, 1.0, 2.0, 5.0]);
        assert_eq!(weights(ClassWeights::Of { human: 0.5, bot: 3.0 }, &given), [3.0, 0.5, 1.0, 2.5]);
        let balanced = weights(ClassWeights::Balanced, &given);
        assert!((balanced[0] - 4.5).abs() < 1e-6 && (balanced[1..].iter().sum::<f32>() - 4.5).abs() < 1e-6);
    }

    #[test]
    fn one_class_alone_keeps_a_weight() {
        assert_eq!(weights(ClassWeights::Balanced, &[(1.0, 2.0), (1.0, 4.0)]), [1.0, 2.0]);
    }
}
