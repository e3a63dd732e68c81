//! Bots that collect followers.

use rand::Rng;

use super::super::action::{Action, more_of};
use super::super::lean::Lean;
use super::super::random::Random;
use super::super::session::{Habits, Pattern, Steady};
use super::BOT;

pub(super) const LEAN: Lean = Lean { followers: 0.8, following: 1.9, ..BOT };

/// Follows in rows, and drops some again, at one pace.
pub(super) fn shape(random: &mut Random, habits: &mut Habits) {
    habits.pattern = Some(Pattern {
        steps: if random.random() {
            &[Action::View, Action::Follow, Action::Like]
        } else {
            &[Action::Follow, Action::Follow, Action::Like, Action::Unfollow]
        },
        share: random.random_range(0.3..0.6),
        loyalty: 0.85,
    });
    habits.steady = Some(Steady {
        gap: random.random_range(6.0..30.0),
        spread: 0.14,
        share: random.random_range(0.4..0.7),
    });
    habits.mix = more_of(habits.mix, Action::Comment, 1.2);
}
