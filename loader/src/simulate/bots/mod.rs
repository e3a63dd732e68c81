//! Bots: a human base, a lean in what can be counted, and something mechanical in the order of things.
//!
//! Sums and means are easy to fake, so bots' overlap with humans' here; what is hard to fake is how one event follows
//! another, and that is where each strategy shows.

mod amplifier;
mod content_copier;
mod evader;
mod follower_farm;
mod hijacked;
mod posters;

pub(super) use amplifier::{OWN_SHARE, campaigns, join_campaigns};
pub(super) use hijacked::{take_over, takeover_at};

use super::lean::Lean;
use super::persona::Persona;
use super::random::Random;
use super::role::Strategy;
use super::text::StyleLean;

/// What most bots share: younger, emptier and less popular accounts, fewer slips, more repetition.
const BOT: Lean = Lean {
    age: 0.3,
    followers: 0.42,
    following: 1.5,
    completeness: 0.33,
    verified: 0.35,
    devices: 0.3,
    session: 0.85,
    activity: 1.0,
    flat: 0.26,
    style: StyleLean { typo: 0.35, repeat: 2.1, link: 2.2, length: 0.85 },
};

/// How far a strategy leans away from humans.
pub(super) fn lean(strategy: Strategy) -> Lean {
    match strategy {
        Strategy::ScheduledPoster => posters::SCHEDULED,
        Strategy::BurstPoster => posters::BURST,
        Strategy::ContentCopier => content_copier::LEAN,
        Strategy::FollowerFarm => follower_farm::LEAN,
        Strategy::Amplifier => amplifier::LEAN,
        Strategy::Evader => evader::LEAN,
        Strategy::Hijacked => hijacked::LEAN,
    }
}

/// Gives the persona the habits of its strategy.
pub(super) fn shape(strategy: Strategy, random: &mut Random, persona: &mut Persona) {
    let habits = &mut persona.habits;
    match strategy {
        Strategy::ScheduledPoster => posters::schedule(random, habits),
        Strategy::BurstPoster => posters::burst(random, habits),
        Strategy::ContentCopier => content_copier::shape(random, habits),
        Strategy::FollowerFarm => follower_farm::shape(random, habits),
        Strategy::Amplifier => amplifier::shape(random, habits),
        Strategy::Evader => evader::shape(random, habits),
        // An ordinary human until the takeover.
        Strategy::Hijacked => {}
    }
}
