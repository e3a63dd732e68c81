//! One account from its role: who is behind it, what it shows, what it does.

use super::bots;
use super::config::Window;
use super::dress::{Dresser, World};
use super::human::Walk;
use super::lean::Lean;
use super::persona::Persona;
use super::profile::{self, Profile};
use super::random::{Purpose, Random, stream};
use super::role::{Kind, Role, Strategy};
use super::session::{Draft, plan};
use super::{SimulatedAccount, SimulatedEvent};

/// An account before its events.
pub(super) struct Cast {
    role: Role,
    account_id: i64,
    world: World,
    persona: Persona,
    profile: Profile,
}

impl Cast {
    /// Draws the account; `mean_events` is what accounts have on average in the window.
    pub fn draw(world: World, role: Role, account_id: i64, window: Window, mean_events: f64) -> Self {
        let random = &mut stream(world.seed, Purpose::Persona, account_id as u64);
        let (persona, lean) = match role.kind {
            Kind::Human => human(random, window, mean_events),
            Kind::Bot(strategy) => bot(strategy, random, window, mean_events),
        };
        let profile = profile::draw(random, &persona, &lean);
        Self { role, account_id, world, persona, profile }
    }

    /// Has the account in use for the whole window, with this many events.
    pub fn occupy(&mut self, window: Window, expected_events: f64) {
        self.persona.active = window;
        self.persona.expected_events = expected_events;
    }

    pub fn account(self) -> SimulatedAccount {
        SimulatedAccount {
            account_id: self.account_id,
            profile: self.profile,
            label: self.role.kind != Kind::Human,
            strategy: self.role.kind.strategy(),
            region: self.persona.region.name,
            language: self.persona.language,
        }
    }

    /// The events, in order of time. `campaign_window` is the same for all members of a group.
    pub fn events(&self, campaign_window: Window) -> Vec<SimulatedEvent> {
        let random = &mut stream(self.world.seed, Purpose::Events, self.account_id as u64);
        let mut hands = vec![self.persona.clone()];
        let drafts = match self.role.kind {
            Kind::Bot(Strategy::Amplifier) => self.amplify(random, campaign_window),
            Kind::Bot(Strategy::Hijacked) => self.change_hands(random, &mut hands),
            _ => own_plan(random, &self.persona, self.persona.expected_events),
        };
        let mut dresser = Dresser::new(self.world, self.account_id, &hands);
        drafts.into_iter().map(|draft| dresser.dress(random, draft)).collect()
    }

    fn amplify(&self, random: &mut Random, campaign_window: Window) -> Vec<Draft> {
        let own_events = self.persona.expected_events * bots::OWN_SHARE;
        let mut drafts = own_plan(random, &self.persona, own_events);
        let campaigns = bots::campaigns(self.world.seed, self.role.group, campaign_window);
        bots::join_campaigns(random, &self.persona, &campaigns, &mut drafts);
        drafts
    }

    fn change_hands(&self, random: &mut Random, hands: &mut Vec<Persona>) -> Vec<Draft> {
        let owner = &self.persona;
        let takeover = bots::takeover_at(random, owner);
        let thief = bots::take_over(random, owner);
        let before = Window { end: takeover, ..owner.active };
        let after = Window { start: takeover, ..owner.active };
        let share = before.length() as f64 / owner.active.length() as f64;
        let events = owner.expected_events;
        let mut drafts = plan(random, &owner.habits, &owner.rhythm, before, events * share, 0);
        drafts.extend(plan(random, &thief.habits, &thief.rhythm, after, events * (1.0 - share), 1));
        hands.push(thief);
        drafts
    }
}

fn own_plan(random: &mut Random, persona: &Persona, events: f64) -> Vec<Draft> {
    plan(random, &persona.habits, &persona.rhythm, persona.active, events, 0)
}

fn human(random: &mut Random, window: Window, mean_events: f64) -> (Persona, Lean) {
    let walk = Walk::draw(random);
    let lean = walk.lean();
    let wakes = walk.wakes(random);
    let mut persona = Persona::draw(random, &lean, wakes, window, mean_events);
    walk.shape(random, &mut persona);
    (persona, lean)
}

fn bot(strategy: Strategy, random: &mut Random, window: Window, mean_events: f64) -> (Persona, Lean) {
    let lean = bots::lean(strategy).individual(random);
    let mut persona = Persona::draw(random, &lean, 7.3, window, mean_events);
    bots::shape(strategy, random, &mut persona);
    (persona, lean)
}
