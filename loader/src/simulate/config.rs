//! What to simulate: unchecked parameters, and the checked configuration made from them.

use thiserror::Error;

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;
/// Microseconds in an hour.
pub(super) const HOUR: i64 = 3_600 * SECOND;
/// Microseconds in a day.
pub(super) const DAY: i64 = 24 * HOUR;
/// 2100-01-01, the first moment that is not a valid event time any more, in microseconds since 1970.
const END_OF_TIME: i64 = 4_102_444_800 * SECOND;
/// Events an account may have a day: beyond that, days are too short for sessions.
const MOST_EVENTS_A_DAY: f64 = 500.0;
/// Shortest window: parts of it must still hold a few seconds.
const SHORTEST_WINDOW: i64 = 60 * SECOND;
const MOST_DAYS: u32 = 3_650;

/// A span of time, from `start` to before `end`, in microseconds since 1970 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Window {
    /// A window of a minute or more between 1970 and 2100.
    pub fn new(start: i64, end: i64) -> Result<Self, SimulationError> {
        if start < 0 || end > END_OF_TIME || end.saturating_sub(start) < SHORTEST_WINDOW {
            return Err(SimulationError::Window { start, end });
        }
        Ok(Self { start, end })
    }

    /// The first moment inside, microseconds since 1970.
    #[must_use]
    pub fn start(self) -> i64 {
        self.start
    }

    /// The first moment after it, microseconds since 1970.
    #[must_use]
    pub fn end(self) -> i64 {
        self.end
    }

    pub(super) fn length(self) -> i64 {
        self.end - self.start
    }

    pub(super) fn days(self) -> f64 {
        self.length() as f64 / DAY as f64
    }

    /// The moment this share (0..=1) of the window has passed.
    pub(super) fn at(self, share: f64) -> i64 {
        self.start + (self.length() as f64 * share) as i64
    }
}

/// What a caller asks for. [`SimulationParams::check`] turns it into a [`SimulationConfig`].
#[derive(Clone, Debug, PartialEq)]
pub struct SimulationParams {
    /// Number of accounts, at least 1; default 3,000.
    pub accounts: u32,
    /// Share of them that are bots, 0..=1; default 1/3.
    pub bot_share: f64,
    /// Days of activity, 1..=3,650; default 30.
    pub days: u32,
    /// Seed: the same seed gives the same accounts and events; default 1.
    pub seed: u64,
    /// End of the activity (exclusive), microseconds since 1970; default 2026-01-01.
    pub end: i64,
    /// Mean events per account and day, above 0 and at most 500; accounts differ a lot around it; default 11.1.
    pub events_per_day: f64,
    /// Amplifiers in one lockstep group, at least 2; default 12.
    pub group_size: u32,
}

impl Default for SimulationParams {
    fn default() -> Self {
        Self {
            accounts: 3_000,
            bot_share: 1.0 / 3.0,
            days: 30,
            seed: 1,
            end: 1_767_225_600 * SECOND,
            events_per_day: 11.1,
            group_size: 12,
        }
    }
}

impl SimulationParams {
    /// Checks every parameter.
    pub fn check(self) -> Result<SimulationConfig, SimulationError> {
        if self.accounts == 0 {
            return Err(SimulationError::NoAccounts);
        }
        if !(0.0..=1.0).contains(&self.bot_share) {
            return Err(SimulationError::BotShare(self.bot_share));
        }
        if !(1..=MOST_DAYS).contains(&self.days) {
            return Err(SimulationError::Days(self.days));
        }
        if !(self.events_per_day > 0.0 && self.events_per_day <= MOST_EVENTS_A_DAY) {
            return Err(SimulationError::EventsPerDay(self.events_per_day));
        }
        if self.group_size < 2 {
            return Err(SimulationError::GroupSize(self.group_size));
        }
        let start = self.end.saturating_sub(i64::from(self.days) * DAY);
        Ok(SimulationConfig { window: Window::new(start, self.end)?, params: self })
    }
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulationConfig {
    params: SimulationParams,
    window: Window,
}

impl SimulationConfig {
    /// When events happen.
    #[must_use]
    pub fn window(&self) -> Window {
        self.window
    }

    /// The parameters that passed the checks.
    #[must_use]
    pub fn params(&self) -> &SimulationParams {
        &self.params
    }

    /// Events an account has on average.
    pub(super) fn mean_events(&self) -> f64 {
        self.params.events_per_day * f64::from(self.params.days)
    }

    pub(super) fn bots(&self) -> usize {
        (f64::from(self.params.accounts) * self.params.bot_share).round() as usize
    }
}

/// Why a simulation cannot be run.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SimulationError {
    /// Nobody to simulate.
    #[error("the number of accounts is 0")]
    NoAccounts,
    /// A share outside 0..=1.
    #[error("the share of bots {0} is not between 0 and 1")]
    BotShare(f64),
    /// Too few or too many days.
    #[error("the number of days {0} is not between 1 and {MOST_DAYS}")]
    Days(u32),
    /// No events, or more than fit into days.
    #[error("{0} events per account and day are not above 0 and at most {MOST_EVENTS_A_DAY}")]
    EventsPerDay(f64),
    /// One account is no group.
    #[error("a lockstep group of {0} is smaller than 2")]
    GroupSize(u32),
    /// Too few accounts for a wide table.
    #[error("{accounts} accounts are fewer than {least}")]
    FewAccounts {
        /// Accounts asked for.
        accounts: u32,
        /// Fewest that can be.
        least: u32,
    },
    /// Too few or too many hours for a series.
    #[error("{hours} hours are not between {least} and {most}")]
    Hours {
        /// Hours asked for.
        hours: u32,
        /// Fewest that can be.
        least: u32,
        /// Most that can be.
        most: u32,
    },
    /// Too few links.
    #[error("{links} links are fewer than {least}")]
    FewLinks {
        /// Links asked for.
        links: u32,
        /// Fewest that can be.
        least: u32,
    },
    /// Nearly no links of networks, or hardly any others.
    #[error("the share of links by networks {0} is not between 0.01 and 0.6")]
    NetworkShare(f64),
    /// Nearly no spammers, or more than honest accounts.
    #[error("the share of spammers {0} is not between 0.001 and 0.5")]
    SpammerShare(f64),
    /// Times that cannot be observed, microseconds since 1970.
    #[error("the window from {start} to {end} is shorter than a minute or not between 1970 and 2100")]
    Window {
        /// Start, inclusive.
        start: i64,
        /// End, exclusive.
        end: i64,
    },
}
