//! Who is behind an account: where they live, when they are awake, what they use and how they write.

use std::net::IpAddr;

use rand::Rng;

use super::action::{COMMON_MIX, Mix};
use super::config::Window;
use super::lean::Lean;
use super::random::{Random, chance, log_normal, pick, probability, weighted};
use super::region::{REGIONS, Region};
use super::rhythm::Rhythm;
use super::session::Habits;
use super::text::{Style, lean_on};

/// Fewest and most events of an account, relative to the mean.
const LEAST_ACTIVE: f64 = 0.06;
const MOST_ACTIVE: f64 = 6.0;

/// A device and the address it is mostly seen at.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub name: String,
    pub ip: IpAddr,
}

/// Everything about an account that does not change while it is watched, except by a takeover.
#[derive(Clone, Debug)]
pub(super) struct Persona {
    pub region: &'static Region,
    pub country: &'static str,
    pub language: &'static str,
    pub place: &'static str,
    pub rhythm: Rhythm,
    pub habits: Habits,
    pub style: Style,
    pub devices: Vec<Device>,
    /// Whether the platform tells us the device at all.
    pub shows_device: bool,
    /// Expected number of events in the window.
    pub expected_events: f64,
    /// The part of the window the account is in use.
    pub active: Window,
}

impl Persona {
    /// A persona with these leanings, who gets up at about `wakes` o'clock and has about `mean_events` events.
    pub fn draw(random: &mut Random, lean: &Lean, wakes: f64, window: Window, mean_events: f64) -> Self {
        let weights = REGIONS.each_ref().map(|region| region.weight);
        let region = &REGIONS[weighted(random, &weights)];
        let language = pick(random, region.languages);
        let utc_hours = pick(random, region.utc_hours);
        let relative = log_normal(random, 0.667, 0.9).clamp(LEAST_ACTIVE, MOST_ACTIVE);
        Self {
            region,
            country: pick(random, region.countries),
            language,
            place: pick(random, region.places),
            rhythm: Rhythm::draw(random, utc_hours, wakes, lean.flat),
            habits: common_habits(random, lean),
            style: Style::draw(random, language, lean.style),
            devices: devices(random, region, lean.devices),
            shows_device: chance(random, 0.96),
            expected_events: relative * mean_events * lean.activity,
            active: active_part(random, window),
        }
    }
}

/// Habits without anything mechanical in them.
fn common_habits(random: &mut Random, lean: &Lean) -> Habits {
    let mix: Mix = COMMON_MIX.map(|weight| weight * log_normal(random, 1.0, 0.55));
    Habits {
        session_events: log_normal(random, 8.0, 0.45) * lean.session + 1.5,
        gap: log_normal(random, 26.0, 0.5) * lean.session,
        gap_spread: random.random_range(0.9..1.7),
        mix,
        follow_up: probability(random, 0.35, 0.6),
        pattern: None,
        steady: None,
        timetable: None,
        again_every: None,
        copied: 0.0,
    }
}

fn devices(random: &mut Random, region: &Region, odds: f64) -> Vec<Device> {
    let another = lean_on(0.5, odds);
    let mut devices = vec![device(random, region)];
    while devices.len() < 7 && chance(random, another) {
        devices.push(device(random, region));
    }
    devices
}

/// A new device somewhere in the region.
pub(super) fn device(random: &mut Random, region: &Region) -> Device {
    let platform = pick(random, &["android", "android", "ios", "ios", "web", "web", "tablet", "desktop"]);
    Device { name: format!("{platform}-{:08x}", random.random::<u32>()), ip: region.address(random) }
}

/// Most accounts are in use all the time; some begin late or fall silent early, bots no more than humans.
fn active_part(random: &mut Random, window: Window) -> Window {
    match random.random::<f64>() {
        fate if fate < 0.07 => Window { start: window.at(random.random_range(0.1..0.6)), ..window },
        fate if fate < 0.14 => Window { end: window.at(random.random_range(0.5..0.95)), ..window },
        _ => window,
    }
}
