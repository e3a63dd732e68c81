//! Bots that live off other people's texts.

use rand::Rng;

use super::super::action::{Action, more_of};
use super::super::lean::Lean;
use super::super::random::Random;
use super::super::session::{Habits, Pattern, Steady};
use super::super::text::StyleLean;
use super::BOT;

pub(super) const LEAN: Lean = Lean { style: StyleLean { repeat: 1.2, typo: 0.7, ..BOT.style }, ..BOT };

/// Looks at a post, then publishes; every third publication is one of the last once more.
pub(super) fn shape(random: &mut Random, habits: &mut Habits) {
    habits.pattern = Some(Pattern {
        steps: &[Action::View, Action::Post],
        share: random.random_range(0.4..0.8),
        loyalty: 0.88,
    });
    habits.steady = Some(Steady {
        gap: random.random_range(20.0..70.0),
        spread: 0.15,
        share: random.random_range(0.3..0.6),
    });
    habits.again_every = Some((3, random.random_range(0.15..0.45)));
    habits.copied = random.random_range(0.3..0.8);
    habits.mix = more_of(habits.mix, Action::Post, 0.5);
}
