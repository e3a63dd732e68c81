//! Domains: what hosts, registrars and names there are, and an ordinary site.

use std::net::{IpAddr, Ipv4Addr};

use botdet_models::backlink::Domain;
use rand::Rng;

use super::SimulatedDomain;
use super::words::rare_word;
use crate::simulate::config::DAY;
use crate::simulate::random::{Random, chance, log_normal, pick, weighted};

/// Registrars with their shares: a few have most of all domains, cheap ones among them.
const REGISTRARS: [(&str, f64); 10] = [
    ("namebarn", 0.28),
    ("cheapdomains", 0.16),
    ("registro", 0.12),
    ("domainhaus", 0.10),
    ("nordname", 0.08),
    ("dotdeal", 0.07),
    ("firstreg", 0.06),
    ("webnic", 0.05),
    ("budgetdns", 0.05),
    ("keyname", 0.03),
];
/// Registrars that bulk buyers like.
const CHEAP: [&str; 4] = ["namebarn", "cheapdomains", "dotdeal", "budgetdns"];
const ENDINGS: [&str; 7] = ["com", "net", "org", "info", "site", "blog", "shop"];
const HOSTINGS: [(&str, f64); 7] = [
    ("cloud", 0.38),
    ("shared", 0.36),
    ("own", 0.12),
    ("cdn", 0.08),
    ("offshore", 0.03),
    ("parked", 0.02),
    ("bulletproof", 0.01),
];
/// Hosters with many customers; each has autonomous systems and addresses of its own.
const HOSTERS: u32 = 40;
/// Names of shops put into what they want to be found by.
const WARES: [&str; 12] = [
    "shoes",
    "watches",
    "insurance",
    "loans",
    "casino",
    "sofas",
    "pills",
    "flights",
    "hosting",
    "phones",
    "tyres",
    "lawyer",
];
const PRAISE: [&str; 8] = ["best", "cheap", "buy", "top", "discount", "affordable", "online", "order"];

pub(super) fn registrar(random: &mut Random) -> &'static str {
    let shares = REGISTRARS.map(|(_, share)| share);
    REGISTRARS[weighted(random, &shares)].0
}

pub(super) fn cheap_registrar(random: &mut Random) -> &'static str {
    pick(random, &CHEAP)
}

pub(super) fn hosting(random: &mut Random) -> &'static str {
    let shares = HOSTINGS.map(|(_, share)| share);
    HOSTINGS[weighted(random, &shares)].0
}

/// An address of one of the hosters, and its autonomous system. Few addresses of shared hosting serve many.
pub(super) fn address(random: &mut Random, is_shared: bool) -> (IpAddr, i64) {
    let hoster = any_hoster(random);
    let subnet = random.random_range(0..if is_shared { 4 } else { 200 });
    let host = random.random_range(1..if is_shared { 25 } else { 255 });
    (ip(hoster, subnet, host), 60_000 + i64::from(hoster))
}

/// A hoster: the largest have most.
pub(super) fn any_hoster(random: &mut Random) -> u32 {
    (f64::from(HOSTERS) * random.random::<f64>().powi(2)) as u32
}

pub(super) fn ip(hoster: u32, subnet: u32, host: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(20 + (hoster / 200) as u8, (hoster % 200) as u8, subnet as u8, host as u8))
}

/// A name of two words; some have a hyphen or digits.
pub(super) fn name(random: &mut Random, hyphen: f64, digits: f64) -> String {
    let joint = if chance(random, hyphen) { "-" } else { "" };
    let number =
        if chance(random, digits) { random.random_range(1..2_000).to_string() } else { String::new() };
    let (one, other) = (rare_word(random), rare_word(random));
    format!("{one}{joint}{other}{number}.{}", pick(random, &ENDINGS))
}

/// A name that is made to be found.
pub(super) fn boastful_name(random: &mut Random) -> String {
    let (praise, ware, word) = (pick(random, &PRAISE), pick(random, &WARES), rare_word(random));
    format!("{praise}-{ware}-{word}.{}", pick(random, &ENDINGS))
}

/// Words that a shop wants to be found by.
pub(super) fn commercial_anchor(random: &mut Random) -> String {
    let (praise, ware) = (pick(random, &PRAISE), pick(random, &WARES));
    match random.random_range(0..3) {
        0 => format!("{praise} {ware}"),
        1 => format!("{praise} {ware} online"),
        _ => format!("{} {praise} {ware}", rare_word(random)),
    }
}

/// A site as there are many.
pub(super) fn ordinary(random: &mut Random, end: i64) -> SimulatedDomain {
    let hosting = hosting(random);
    let (ip, asn) = address(random, hosting == "shared");
    let years = if chance(random, 0.22) { random.random::<f64>() } else { log_normal(random, 5.0, 0.7) };
    let facts = Domain {
        rank: Some(log_normal(random, 170.0, 0.9).min(1_000.0).round()),
        registered_at: Some(end - (years * 365.25 * DAY as f64) as i64 - 365 * DAY),
        ip: Some(ip),
        registrar: Some(registrar(random).to_owned()),
        asn: Some(asn),
        hosting: Some(hosting.to_owned()),
        is_unsafe: Some(chance(random, 0.01)),
    };
    let name = if chance(random, 0.03) { boastful_name(random) } else { name(random, 0.2, 0.08) };
    SimulatedDomain { name, facts: with_gaps(random, facts) }
}

/// Some things nobody knows.
pub(super) fn with_gaps(random: &mut Random, facts: Domain) -> Domain {
    Domain {
        rank: facts.rank.filter(|_| !chance(random, 0.03)),
        registered_at: facts.registered_at.filter(|_| !chance(random, 0.06)),
        registrar: facts.registrar.filter(|_| !chance(random, 0.06)),
        is_unsafe: facts.is_unsafe.filter(|_| !chance(random, 0.02)),
        ..facts
    }
}
