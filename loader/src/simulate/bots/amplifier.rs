//! Lockstep groups: the same targets, within the same minutes.

use rand::Rng;

use super::super::action::{Action, more_of};
use super::super::config::{SECOND, Window};
use super::super::lean::Lean;
use super::super::persona::Persona;
use super::super::random::{Purpose, Random, chance, log_normal, stream};
use super::super::rhythm::Rhythm;
use super::super::session::{Draft, Habits, Pattern, Steady, Target, Text};
use super::BOT;

pub(super) const LEAN: Lean = Lean { session: 0.95, ..BOT };

/// Share of an amplifier's events that do not belong to campaigns.
pub(in super::super) const OWN_SHARE: f64 = 0.55;
const CAMPAIGNS_A_DAY: f64 = 0.9;
/// Campaign sessions are counted from here, apart from the account's own.
const FIRST_CAMPAIGN_SESSION: usize = 1 << 20;
const STEPS: &[Action] = &[Action::View, Action::Like, Action::Repost];

/// Between campaigns, too, the account likes and reposts what it sees.
pub(super) fn shape(random: &mut Random, habits: &mut Habits) {
    habits.pattern = Some(Pattern { steps: STEPS, share: random.random_range(0.05..0.3), loyalty: 0.8 });
    habits.steady = Some(Steady {
        gap: random.random_range(6.0..25.0),
        spread: 0.2,
        share: random.random_range(0.15..0.4),
    });
    habits.mix = more_of(more_of(habits.mix, Action::Repost, 0.7), Action::Post, 1.3);
}

/// One call to all members of a group.
pub(in super::super) struct Campaign {
    at: i64,
    targets: Vec<u64>,
}

/// The campaigns of a group: the same for all its members.
pub(in super::super) fn campaigns(seed: u64, group: u64, window: Window) -> Vec<Campaign> {
    let random = &mut stream(seed, Purpose::Campaign, group);
    let rhythm = Rhythm::draw(random, 0, 8.0, 0.3);
    let count = (window.days() * CAMPAIGNS_A_DAY).ceil() as usize;
    let hours = rhythm.hours_of(random, window);
    let moments = hours.moments(random, count);
    moments
        .into_iter()
        .map(|at| Campaign {
            at,
            targets: (0..random.random_range(3..8)).map(|_| random.random_range(0..2_000_000_000)).collect(),
        })
        .collect()
}

/// Adds the account's part in its group's campaigns, and keeps the order of time.
pub(in super::super) fn join_campaigns(
    random: &mut Random,
    persona: &Persona,
    campaigns: &[Campaign],
    drafts: &mut Vec<Draft>,
) {
    // Two of three steps are taken, so that a target is worth two events.
    let offered: usize = campaigns.iter().map(|campaign| campaign.targets.len() * 2).sum();
    let joins = ((1.0 - OWN_SHARE) * persona.expected_events / offered as f64).min(0.9);
    for (index, campaign) in campaigns.iter().enumerate() {
        if !chance(random, joins) {
            continue;
        }
        let mut at = campaign.at + (log_normal(random, 90.0, 0.7) * SECOND as f64) as i64;
        for post in &campaign.targets {
            for action in STEPS.iter().filter(|_| chance(random, 0.68)).collect::<Vec<_>>() {
                drafts.push(Draft {
                    at,
                    action: *action,
                    target: Target::Post(*post),
                    text: Text::Own,
                    session: FIRST_CAMPAIGN_SESSION + index,
                    hands: 0,
                });
                at += (log_normal(random, 9.0, 0.4).max(1.0) * SECOND as f64) as i64;
            }
        }
    }
    let active = persona.active;
    drafts.retain(|draft| (active.start..active.end).contains(&draft.at));
    drafts.sort_by_key(|draft| draft.at);
}
