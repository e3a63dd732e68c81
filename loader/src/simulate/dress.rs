//! From drafts to events: texts, targets, devices and addresses.

use std::collections::VecDeque;
use std::net::IpAddr;

use rand::Rng;

use super::SimulatedEvent;
use super::action::Action;
use super::config::DAY;
use super::persona::{Device, Persona};
use super::random::{Purpose, Random, chance, pick, stream};
use super::session::{Draft, Target, Text};
use super::text::{Style, with_link};
use super::vocabulary::EMOJI;

/// Texts an account may come back to.
const REMEMBERED_TEXTS: usize = 10;
/// Popular texts that others copy and quote.
const POPULAR_TEXTS: u64 = 4_000;

/// The simulated world around an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct World {
    pub seed: u64,
    /// Number of accounts that can be followed.
    pub accounts: u32,
}

/// Turns the drafts of one account, in order of time, into events.
pub(super) struct Dresser<'a> {
    world: World,
    account_id: i64,
    /// The owner, and whoever took the account over.
    hands: &'a [Persona],
    texts: VecDeque<String>,
    followed: Vec<u64>,
    target: Option<String>,
    /// Session and hands of the event before, with the place in their list of devices.
    device: Option<(usize, usize, usize)>,
}

impl<'a> Dresser<'a> {
    pub fn new(world: World, account_id: i64, hands: &'a [Persona]) -> Self {
        Self {
            world,
            account_id,
            hands,
            texts: VecDeque::new(),
            followed: Vec::new(),
            target: None,
            device: None,
        }
    }

    pub fn dress(&mut self, random: &mut Random, draft: Draft) -> SimulatedEvent {
        let persona = &self.hands[draft.hands];
        let device = self.device(random, draft, persona);
        SimulatedEvent {
            account_id: self.account_id,
            occurred_at: draft.at,
            action: draft.action.name(),
            content: self.content(random, draft, &persona.style),
            ip: chance(random, 0.97).then(|| self.address(random, draft, device)),
            device: persona.shows_device.then(|| device.name.clone()),
            target: self.target(random, draft),
            country: chance(random, 0.95).then_some(persona.country),
        }
    }

    /// The first device is the favourite; within a session it stays the same one.
    fn device<'p>(&mut self, random: &mut Random, draft: Draft, persona: &'p Persona) -> &'p Device {
        let place = match self.device {
            Some((session, hands, place)) if session == draft.session && hands == draft.hands => place,
            _ if chance(random, 0.55) => 0,
            _ => random.random_range(0..persona.devices.len()),
        };
        self.device = Some((draft.session, draft.hands, place));
        &persona.devices[place]
    }

    /// The device's address; now and then, for a day, that of another network in the region.
    fn address(&self, random: &mut Random, draft: Draft, device: &Device) -> IpAddr {
        let day = draft.at.div_euclid(DAY);
        let roams = day.wrapping_mul(7).wrapping_add(self.account_id).rem_euclid(9) == 0;
        if roams && chance(random, 0.3) { self.hands[draft.hands].region.address(random) } else { device.ip }
    }

    fn content(&mut self, random: &mut Random, draft: Draft, style: &Style) -> Option<String> {
        let text = match draft.action {
            Action::Post | Action::Comment | Action::Message => self.written(random, draft, style),
            Action::Repost if chance(random, 0.12) => style.reply(random),
            Action::Share if chance(random, 0.3) => self.popular(random),
            _ => return None,
        };
        if self.texts.len() == REMEMBERED_TEXTS {
            self.texts.pop_front();
        }
        self.texts.push_back(text.clone());
        Some(text)
    }

    fn written(&mut self, random: &mut Random, draft: Draft, style: &Style) -> String {
        match draft.text {
            Text::Again => self.again(random, style),
            Text::Copied => self.popular(random),
            Text::Own if chance(random, style.repeat) && chance(random, 0.6) => {
                style.stock[random.random_range(0..style.stock.len())].clone()
            }
            Text::Own if chance(random, style.repeat) => self.again(random, style),
            Text::Own if draft.action == Action::Post => style.post(random),
            Text::Own => style.reply(random),
        }
    }

    /// One of the last texts with another link or an emoji.
    fn again(&self, random: &mut Random, style: &Style) -> String {
        if self.texts.is_empty() {
            return style.post(random);
        }
        let earlier = &self.texts[random.random_range(0..self.texts.len())];
        match random.random::<f64>() {
            kind if kind < 0.4 => with_link(random, earlier),
            kind if kind < 0.7 && !earlier.contains("https://") => {
                format!("{earlier} {}", pick(random, EMOJI))
            }
            _ => earlier.clone(),
        }
    }

    /// A text many people have seen; the same place in the list gives the same text to everyone.
    fn popular(&self, random: &mut Random) -> String {
        let place = (random.random::<f64>().powi(2) * POPULAR_TEXTS as f64) as u64;
        let author = &mut stream(self.world.seed, Purpose::Popular, place);
        Style::draw(author, "en", super::lean::Lean::NONE.style).post(author)
    }

    fn target(&mut self, random: &mut Random, draft: Draft) -> Option<String> {
        let target = match draft.action {
            Action::Login | Action::ProfileUpdate | Action::Post => return None,
            Action::Follow => {
                let account = self.someone(random);
                self.followed.push(account);
                format!("account:{account}")
            }
            Action::Unfollow => match self.followed.pop() {
                Some(account) => format!("account:{account}"),
                None => format!("account:{}", self.someone(random)),
            },
            Action::Message => format!("account:{}", self.someone(random)),
            _ => match (draft.target, &self.target) {
                (Target::Same, Some(target)) => target.clone(),
                (Target::Post(post), _) => format!("post:{post}"),
                _ => format!("post:{}", some_post(random)),
            },
        };
        self.target = Some(target.clone());
        Some(target)
    }

    /// Another account; low numbers are popular.
    fn someone(&self, random: &mut Random) -> u64 {
        (random.random::<f64>().powi(2) * f64::from(self.world.accounts)) as u64 + 1
    }
}

/// A post somewhere: often one that everybody looks at.
fn some_post(random: &mut Random) -> u64 {
    if chance(random, 0.2) {
        (random.random::<f64>().powi(4) * 20_000.0) as u64
    } else {
        random.random_range(20_000..2_000_000_000)
    }
}
