//! Who is what: humans, and bots by strategy.

use rand::seq::SliceRandom;

use super::config::SimulationConfig;
use super::random::{Purpose, stream};

/// How a bot works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Strategy {
    /// Publishes by a timetable: near the same minutes of the hour.
    ScheduledPoster,
    /// Publishes several texts in a row at a steady pace, then rests.
    BurstPoster,
    /// Reads other people's texts and publishes them, and some of its own again.
    ContentCopier,
    /// Follows many accounts and drops those that do not follow back.
    FollowerFarm,
    /// Likes and reposts the same targets within the same minutes as the rest of its group.
    Amplifier,
    /// Slow, few events, plausible texts, sleeps at night.
    Evader,
    /// An old human account that a bot takes over half-way.
    Hijacked,
}

impl Strategy {
    /// Every strategy.
    pub const ALL: [Self; 7] = [
        Self::ScheduledPoster,
        Self::BurstPoster,
        Self::ContentCopier,
        Self::FollowerFarm,
        Self::Amplifier,
        Self::Evader,
        Self::Hijacked,
    ];

    /// The name in labels and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ScheduledPoster => "scheduled_poster",
            Self::BurstPoster => "burst_poster",
            Self::ContentCopier => "content_copier",
            Self::FollowerFarm => "follower_farm",
            Self::Amplifier => "amplifier",
            Self::Evader => "evader",
            Self::Hijacked => "hijacked",
        }
    }

    /// The strategy of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.name() == name)
    }
}

/// What an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person, or an organisation with people behind it.
    Human,
    /// A bot.
    Bot(Strategy),
}

impl Kind {
    pub(super) fn strategy(self) -> Option<Strategy> {
        match self {
            Self::Human => None,
            Self::Bot(strategy) => Some(strategy),
        }
    }
}

/// An account's kind, and its lockstep group where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Role {
    pub kind: Kind,
    pub group: u64,
}

/// The roles of all accounts, shuffled so that an account's place tells nothing. Strategies get equal numbers.
pub(super) fn assign(config: &SimulationConfig) -> Vec<Role> {
    let params = config.params();
    let bots = config.bots();
    let mut roles: Vec<Role> = (0..params.accounts as usize)
        .map(|index| Role {
            kind: if index < bots {
                Kind::Bot(Strategy::ALL[index % Strategy::ALL.len()])
            } else {
                Kind::Human
            },
            group: (index / Strategy::ALL.len()) as u64 / u64::from(params.group_size),
        })
        .collect();
    roles.shuffle(&mut stream(params.seed, Purpose::Roles, 0));
    roles
}
