//! Private networks: domains that somebody owns to link to whoever pays.

use std::net::IpAddr;

use botdet_models::backlink::Domain;
use rand::Rng;

use super::ordinary::{anchor, blank};
use super::site::{
    address, any_hoster, boastful_name, cheap_registrar, commercial_anchor, hosting, ip, name, registrar,
    with_gaps,
};
use super::words::{page_length, spun, text};
use super::world::{DAYS, Target, World, own_page};
use super::{SimulatedDomain, SimulatedLink};
use crate::simulate::config::DAY;
use crate::simulate::random::{Purpose, Random, between, chance, log_normal, pick};

/// How much an owner takes care not to be found.
struct Care {
    /// Domains that share one address, on average; those of an address share registrars, too.
    domains_an_ip: f64,
    /// Share of the domains that are registered where all are.
    one_registrar: f64,
    /// Share that was registered for the purpose, shortly before.
    is_young: f64,
    /// Median rank.
    rank: f64,
    /// Share of the links with the words that were paid for.
    commercial: f64,
    /// Days over which links to a target are set.
    days: f64,
    /// Share of the words of a page that are not the template's.
    spin: f64,
    /// Share of pages that are made from the template at all.
    templated: f64,
    hyphen: f64,
    boastful: f64,
    unsafe_share: f64,
    shady_hosting: f64,
}

const CRUDE: Care = Care {
    domains_an_ip: 5.0,
    one_registrar: 0.85,
    is_young: 0.75,
    rank: 75.0,
    commercial: 0.7,
    days: 10.0,
    spin: 0.06,
    templated: 0.8,
    hyphen: 0.4,
    boastful: 0.25,
    unsafe_share: 0.12,
    shady_hosting: 0.35,
};
const MIDDLING: Care = Care {
    domains_an_ip: 2.0,
    one_registrar: 0.5,
    is_young: 0.5,
    rank: 110.0,
    commercial: 0.4,
    days: 45.0,
    spin: 0.12,
    templated: 0.55,
    hyphen: 0.3,
    boastful: 0.08,
    unsafe_share: 0.04,
    shady_hosting: 0.1,
};
const CAREFUL: Care = Care {
    domains_an_ip: 1.05,
    one_registrar: 0.15,
    is_young: 0.3,
    rank: 140.0,
    commercial: 0.25,
    days: 150.0,
    spin: 0.2,
    templated: 0.3,
    hyphen: 0.22,
    boastful: 0.04,
    unsafe_share: 0.015,
    shady_hosting: 0.04,
};

/// What the domains of one network have in common.
struct Owner {
    care: &'static Care,
    number: u32,
    registrar: &'static str,
    template: Vec<String>,
    /// When what is registered for the purpose was.
    founded: i64,
    addresses: Vec<(IpAddr, i64)>,
}

/// Makes a network, and the links that it sets.
pub(super) fn build(world: &mut World, number: u32) {
    let mut random = world.stream(Purpose::BacklinkNetwork, u64::from(number));
    let random = &mut random;
    let care = match random.random::<f64>() {
        kind if kind < 0.35 => &CRUDE,
        kind if kind < 0.70 => &MIDDLING,
        _ => &CAREFUL,
    };
    let members = log_normal(random, 14.0, 0.5).clamp(6.0, 45.0);
    let owner = Owner {
        care,
        number,
        registrar: cheap_registrar(random),
        template: {
            let length = random.random_range(50..140);
            text(random, length)
        },
        founded: world.end() - ((DAYS as f64 + between(random, 0.0, 200.0)) * DAY as f64) as i64,
        addresses: addresses(random, (members / care.domains_an_ip).ceil() as usize, care),
    };
    let domains: Vec<usize> = (0..members as usize)
        .map(|_| {
            let domain = domain(random, &owner, world.end());
            world.add_domain(domain)
        })
        .collect();
    for _ in 0..random.random_range(2..5) {
        let aim = world.target(random.random_range(0..world.targets()));
        promote(world, random, &owner, &domains, &aim);
    }
    // To look like others, they link to others, too.
    for domain in &domains {
        if chance(random, 0.35) {
            let aim = world.target(random.random_range(0..world.targets()));
            let first_seen = world.any_time(random);
            let words = anchor(random, &aim);
            add(world, random, &owner, *domain, &aim, words, first_seen);
        }
    }
}

fn addresses(random: &mut Random, count: usize, care: &Care) -> Vec<(IpAddr, i64)> {
    let hoster = any_hoster(random);
    let subnet = random.random_range(0..200);
    let one = |random: &mut Random| {
        // Those who do not care take what one hoster gives them.
        if chance(random, care.one_registrar * 0.8) {
            (ip(hoster, subnet, random.random_range(1..255)), 60_000 + i64::from(hoster))
        } else {
            let is_shared = chance(random, 0.4);
            address(random, is_shared)
        }
    };
    (0..count.max(1)).map(|_| one(random)).collect()
}

fn domain(random: &mut Random, owner: &Owner, end: i64) -> SimulatedDomain {
    let care = owner.care;
    let (ip, asn) = pick(random, &owner.addresses);
    let registered_at = if chance(random, care.is_young) {
        owner.founded + (between(random, 0.0, 40.0) * DAY as f64) as i64
    } else {
        // Bought when its owner let it go.
        end - ((1.0 + log_normal(random, 4.0, 0.6)) * 365.25 * DAY as f64) as i64
    };
    let registrar = if chance(random, care.one_registrar) { owner.registrar } else { registrar(random) };
    let hosting = if chance(random, care.shady_hosting) {
        pick(random, &["offshore", "bulletproof", "parked"])
    } else {
        hosting(random)
    };
    let facts = Domain {
        rank: Some(log_normal(random, care.rank, 0.7).min(1_000.0).round()),
        registered_at: Some(registered_at),
        ip: Some(ip),
        registrar: Some(registrar.to_owned()),
        asn: Some(asn),
        hosting: Some(hosting.to_owned()),
        is_unsafe: Some(chance(random, care.unsafe_share)),
    };
    let name =
        if chance(random, care.boastful) { boastful_name(random) } else { name(random, care.hyphen, 0.12) };
    SimulatedDomain { name, facts: with_gaps(random, facts) }
}

/// Links of most domains to whoever paid.
fn promote(world: &mut World, random: &mut Random, owner: &Owner, domains: &[usize], aim: &Target) {
    let paid = commercial_anchor(random);
    let began = world.any_time(random);
    for domain in domains {
        if !chance(random, 0.75) {
            continue;
        }
        let words = if chance(random, owner.care.commercial) {
            if chance(random, 0.7) { paid.clone() } else { commercial_anchor(random) }
        } else {
            anchor(random, aim)
        };
        let first_seen = began + (between(random, 0.0, owner.care.days) * DAY as f64) as i64;
        add(world, random, owner, *domain, aim, words, first_seen);
    }
}

fn add(
    world: &mut World,
    random: &mut Random,
    owner: &Owner,
    domain: usize,
    aim: &Target,
    words: String,
    first_seen: i64,
) {
    let page = if chance(random, owner.care.templated) {
        let own = page_length(random) / 4;
        format!(
            "{} {}",
            spun(random, &owner.template, owner.care.spin).join(" "),
            text(random, own).join(" ")
        )
    } else {
        own_page(random)
    };
    let link = SimulatedLink {
        domain,
        anchor: Some(words),
        is_dofollow: chance(random, 0.92),
        page_text: Some(page),
        network: Some(owner.number),
        ..blank(aim, first_seen)
    };
    world.add_link(random, link);
}
