//! A whole simulation, and single accounts of a wished kind.

use super::account::Cast;
use super::config::{SimulationConfig, Window};
use super::dress::World;
use super::role::{Kind, Role, assign};
use super::{SimulatedAccount, SimulatedEvent};

/// Accounts numbered from 1, each with its events. Nothing but the accounts' kinds is held in memory: accounts and
/// events are drawn when they are asked for, always the same for the same configuration, whatever the order.
#[derive(Clone, Debug)]
pub struct Simulation {
    config: SimulationConfig,
    roles: Vec<Role>,
}

impl Simulation {
    /// Decides who is what.
    #[must_use]
    pub fn new(config: SimulationConfig) -> Self {
        let roles = assign(&config);
        Self { config, roles }
    }

    /// All accounts, by id.
    pub fn accounts(&self) -> impl Iterator<Item = SimulatedAccount> {
        (1..).zip(&self.roles).map(|(account_id, role)| self.cast(account_id, *role).account())
    }

    /// The events of every account, account by account in the order of [`Simulation::accounts`], each in order of time.
    pub fn events(&self) -> impl Iterator<Item = Vec<SimulatedEvent>> {
        (1..)
            .zip(&self.roles)
            .map(|(account_id, role)| self.cast(account_id, *role).events(self.config.window()))
    }

    /// The events of one account in order of time; none for an account that does not exist.
    #[must_use]
    pub fn events_of(&self, account_id: i64) -> Vec<SimulatedEvent> {
        let index = usize::try_from(account_id).ok().and_then(|id| id.checked_sub(1));
        match index.and_then(|index| self.roles.get(index)) {
            Some(role) => self.cast(account_id, *role).events(self.config.window()),
            None => Vec::new(),
        }
    }

    fn cast(&self, account_id: i64, role: Role) -> Cast {
        let params = self.config.params();
        let world = World { seed: params.seed, accounts: params.accounts };
        Cast::draw(world, role, account_id, self.config.window(), self.config.mean_events())
    }
}

/// Events of a demonstration at most: it is one account, in memory.
const MOST_DEMONSTRATED: f64 = 100_000.0;

/// One fresh account of a wished kind with about `expected_events` events (1 to 100,000) in the window, for a demonstration. The same arguments give the same account; amplifiers of one seed form one group.
#[must_use]
pub fn simulate_account(
    kind: Kind,
    account_id: i64,
    seed: u64,
    window: Window,
    expected_events: f64,
) -> (SimulatedAccount, Vec<SimulatedEvent>) {
    let expected_events = expected_events.clamp(1.0, MOST_DEMONSTRATED);
    let world = World { seed, accounts: 3_000 };
    let mut cast = Cast::draw(world, Role { kind, group: 0 }, account_id, window, expected_events);
    cast.occupy(window, expected_events);
    let events = cast.events(window);
    (cast.account(), events)
}
