//! Old human accounts in new hands.

use rand::Rng;

use super::super::action::{Action, more_of};
use super::super::lean::Lean;
use super::super::persona::{Persona, device};
use super::super::random::{Random, pick};
use super::super::region::REGIONS;
use super::super::rhythm::Rhythm;
use super::super::session::{Pattern, Steady};
use super::super::text::{Style, StyleLean};
use super::BOT;

/// A nearly ordinary account, neither young nor well kept: those are easily taken.
pub(super) const LEAN: Lean = Lean {
    age: 0.9,
    completeness: 0.7,
    devices: 0.7,
    followers: 0.8,
    session: 0.85,
    style: StyleLean { typo: 0.7, repeat: 1.4, link: 1.2, length: 1.0 },
    ..Lean::NONE
};

/// When the account changes hands.
pub(in super::super) fn takeover_at(random: &mut Random, persona: &Persona) -> i64 {
    persona.active.at(random.random_range(0.42..0.62))
}

/// Whoever takes the account over: other devices, hours, subjects and habits.
pub(in super::super) fn take_over(random: &mut Random, owner: &Persona) -> Persona {
    let mut thief = owner.clone();
    let region = &REGIONS[random.random_range(0..REGIONS.len())];
    thief.country = pick(random, region.countries);
    thief.region = region;
    thief.devices = vec![device(random, region)];
    let utc_hours = pick(random, region.utc_hours);
    thief.rhythm = Rhythm::draw(random, utc_hours, 8.0, 0.35);
    thief.style =
        Style::draw(random, owner.language, StyleLean { typo: 0.2, repeat: 3.0, link: 2.5, ..BOT.style });
    let habits = &mut thief.habits;
    habits.pattern = Some(Pattern {
        steps: &[Action::View, Action::Comment, Action::Like],
        share: random.random_range(0.2..0.45),
        loyalty: 0.78,
    });
    habits.steady = Some(Steady {
        gap: random.random_range(12.0..45.0),
        spread: 0.18,
        share: random.random_range(0.3..0.6),
    });
    habits.again_every = Some((3, 0.7));
    habits.mix = more_of(habits.mix, Action::Message, 2.0);
    thief
}
