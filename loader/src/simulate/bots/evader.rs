//! Bots that take pains to look human.

use rand::Rng;

use super::super::action::Action;
use super::super::lean::Lean;
use super::super::random::Random;
use super::super::session::{Habits, Pattern, Steady};
use super::super::text::StyleLean;
use super::BOT;

pub(super) const LEAN: Lean = Lean {
    age: 0.38,
    followers: 0.5,
    following: 1.4,
    completeness: 0.45,
    devices: 0.35,
    session: 0.75,
    activity: 0.75,
    flat: 0.08,
    style: StyleLean { typo: 0.35, repeat: 1.6, link: 1.7, length: 0.85 },
    ..BOT
};

/// Pauses are drawn from too narrow a range, and reading is followed by the same reaction a little too often.
pub(super) fn shape(random: &mut Random, habits: &mut Habits) {
    habits.steady = Some(Steady {
        gap: random.random_range(25.0..80.0),
        spread: random.random_range(0.16..0.3),
        share: random.random_range(0.25..0.5),
    });
    habits.pattern = Some(Pattern {
        steps: &[Action::View, Action::Like, Action::View, Action::Comment],
        share: random.random_range(0.1..0.3),
        loyalty: 0.75,
    });
}
