//! Links that people set, on their own and in crowds.

use botdet_models::backlink::Domain;
use rand::Rng;

use super::site::{address, commercial_anchor, ip, name, ordinary, registrar, with_gaps};
use super::words::{rare_word, spun, text};
use super::world::{Target, World, own_page};
use super::{SimulatedDomain, SimulatedLink};
use crate::simulate::config::DAY;
use crate::simulate::random::{Purpose, Random, between, chance, log_normal, pick};

const READ_ON: [&str; 6] = ["read more", "here", "this article", "website", "source", "link"];

/// What makes many link at once, or alike.
#[derive(Clone, Copy)]
enum Crowd {
    /// Customers of whoever made their sites, which says so on each.
    Agency,
    /// Blogs of one platform.
    Platform,
    /// A press release, word for word.
    Press,
    /// Partners who are paid for what they sell.
    Affiliates,
}

/// Sets the ordinary links to a target.
pub(super) fn link_to(world: &mut World, target: usize) {
    let mut random = world.stream(Purpose::BacklinkTarget, target as u64);
    let random = &mut random;
    let aim = world.target(target);
    let singles = log_normal(random, 17.0, 0.7).clamp(3.0, 200.0) as usize;
    let viral = chance(random, 0.25).then(|| world.any_time(random));
    for _ in 0..singles {
        let first_seen = match viral {
            Some(at) if chance(random, 0.6) => at + (between(random, 0.0, 4.0) * DAY as f64) as i64,
            _ => world.any_time(random),
        };
        let link = SimulatedLink {
            domain: world.any_ordinary(random),
            anchor: Some(anchor(random, &aim)),
            is_dofollow: chance(random, 0.72),
            page_text: Some(own_page(random)),
            ..blank(&aim, first_seen)
        };
        world.add_link(random, link);
    }
    for (crowd, probability) in
        [(Crowd::Agency, 0.16), (Crowd::Platform, 0.16), (Crowd::Press, 0.2), (Crowd::Affiliates, 0.2)]
    {
        if chance(random, probability) {
            gather(world, random, &aim, crowd);
        }
    }
}

pub(super) fn blank(aim: &Target, first_seen: i64) -> SimulatedLink {
    SimulatedLink {
        backlink_id: 0,
        domain: 0,
        target: aim.domain.clone(),
        anchor: None,
        is_dofollow: true,
        first_seen,
        page_text: None,
        network: None,
    }
}

/// What people write: the name, the address, a word or two, now and then what the shop would like.
pub(super) fn anchor(random: &mut Random, aim: &Target) -> String {
    match random.random::<f64>() {
        kind if kind < 0.38 => aim.brand.clone(),
        kind if kind < 0.58 => aim.domain.clone(),
        kind if kind < 0.72 => pick(random, &READ_ON).to_owned(),
        kind if kind < 0.88 => text(random, 3).join(" "),
        _ => commercial_anchor(random),
    }
}

fn gather(world: &mut World, random: &mut Random, aim: &Target, crowd: Crowd) {
    let members = random.random_range(5..18);
    let (home, asn) = address(random, false);
    let registrar = registrar(random);
    let began = world.any_time(random);
    let release = text(random, 130);
    let signature = match crowd {
        Crowd::Agency => format!("website by {}", aim.brand),
        Crowd::Affiliates => commercial_anchor(random),
        Crowd::Platform | Crowd::Press => aim.brand.clone(),
    };
    let host = rare_word(random);
    for member in 0..members {
        let mut domain = ordinary(random, world.end());
        let days = match crowd {
            Crowd::Press => 3.0,
            Crowd::Affiliates => 60.0,
            Crowd::Agency | Crowd::Platform => 300.0,
        };
        match crowd {
            Crowd::Agency => {
                domain.facts = Domain { ip: Some(home), asn: Some(asn), ..domain.facts };
                if chance(random, 0.8) {
                    domain.facts.registrar = Some(registrar.to_owned());
                }
            }
            Crowd::Platform => {
                let facts = Domain {
                    ip: Some(ip((asn - 60_000) as u32, 1, 1 + member % 3)),
                    asn: Some(asn),
                    registrar: Some(registrar.to_owned()),
                    hosting: Some("shared".to_owned()),
                    ..domain.facts
                };
                domain = SimulatedDomain {
                    name: format!("{}.{host}.blog", rare_word(random)),
                    facts: with_gaps(random, facts),
                };
            }
            Crowd::Press => domain.facts.rank = Some(log_normal(random, 350.0, 0.5).min(1_000.0)),
            Crowd::Affiliates => domain.name = name(random, 0.35, 0.1),
        }
        let page = match crowd {
            Crowd::Press => {
                let changed = if chance(random, 0.5) { 0.0 } else { 0.04 };
                spun(random, &release, changed).join(" ")
            }
            Crowd::Agency => {
                format!("{} {}", spun(random, &release[..40], 0.1).join(" "), text(random, 50).join(" "))
            }
            Crowd::Platform | Crowd::Affiliates => own_page(random),
        };
        let is_alike = chance(random, 0.7);
        let words = if is_alike { signature.clone() } else { anchor(random, aim) };
        let link = SimulatedLink {
            domain: world.add_domain(domain),
            anchor: Some(words),
            is_dofollow: chance(random, if matches!(crowd, Crowd::Affiliates) { 0.5 } else { 0.85 }),
            page_text: Some(page),
            ..blank(aim, began + (between(random, 0.0, days) * DAY as f64) as i64)
        };
        world.add_link(random, link);
    }
}
