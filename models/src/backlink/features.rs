//! The features of links: what is known of their domain, and what they share with others that link to the same target.
//!
//! Work is linear in the number of links, apart from sorting: what links share is counted by value, and no pair is compared.

use std::collections::HashMap;
use std::net::IpAddr;

use super::anchor::{anchor_risk, normalised_anchor};
use super::columns::{BOOLEANS, NUMBERS};
use super::domain_name::{domain_of, is_same_site, name_shape};
use crate::event::Timestamp;
use crate::hash::{hash_bytes, mix64};

const DAY: f64 = 86_400e6;
/// What came within so many microseconds before or after came together: a week in all.
const TOGETHER: Timestamp = 3 * 86_400_000_000 + 43_200_000_000;

/// What is known of a domain; all of it may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Domain {
    /// Standing, from 0: more is better.
    pub rank: Option<f64>,
    /// When it was registered.
    pub registered_at: Option<Timestamp>,
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Where it is registered.
    pub registrar: Option<String>,
    /// Number of the autonomous system of its address.
    pub asn: Option<i64>,
    /// Who hosts it, or what kind of hosting it is.
    pub hosting: Option<String>,
    /// Whether a list of dangerous sites names it.
    pub is_unsafe: Option<bool>,
}

/// A link.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Its number.
    pub backlink_id: i64,
    /// Domain that it is on.
    pub source_domain: String,
    /// Address or domain that it leads to.
    pub target: String,
    /// Its words.
    pub anchor: Option<String>,
    /// Whether search engines are to follow it.
    pub is_dofollow: Option<bool>,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// Words of the page that it is on; `None` where its text is not known.
    pub text_words: Option<f64>,
    /// How like that page is to one of another domain, 0..=1.
    pub similarity: Option<f64>,
    /// Links that its domain sets, to any target.
    pub links_of_domain: Option<f64>,
    /// Place of the domain among those of the graph; `None` where nothing is known of it.
    pub domain: Option<usize>,
}

/// Why a link is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It leads from a site to itself.
    SelfLink,
    /// Where it is, or where it leads to, is no name of a domain.
    NoDomain,
    /// It was first seen after the time that is asked about.
    Future,
}

impl Problem {
    /// What it is, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::SelfLink => "the link leads from a site to itself, which is no backlink",
            Self::NoDomain => "the source or the target is no name of a domain",
            Self::Future => "the link was first seen in the future",
        }
    }
}

/// The features of one link, in the order of [`NUMBERS`] and [`BOOLEANS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Place of the link in the graph.
    pub link: usize,
    /// Numbers; `None` is missing.
    pub numbers: [Option<f64>; NUMBERS.len()],
    /// Truth values; `None` is missing.
    pub booleans: [Option<bool>; BOOLEANS.len()],
}

/// Links and the domains that they are on.
#[derive(Clone, Debug, Default)]
pub struct LinkGraph {
    /// The domains.
    pub domains: Vec<Domain>,
    /// The links.
    pub links: Vec<Link>,
}

/// What the domains that link to a target have in common, each counted once, by its earliest link.
#[derive(Default)]
struct Shared {
    domains: u32,
    ips: HashMap<u64, u32>,
    subnets: HashMap<u64, u32>,
    registrars: HashMap<u64, u32>,
    asns: HashMap<u64, u32>,
    hostings: HashMap<u64, u32>,
    anchors: HashMap<u64, u32>,
    /// Ascending.
    seen: Vec<Timestamp>,
    /// Ascending.
    registered: Vec<Timestamp>,
}

/// What a link has that others may have, too.
struct Keys {
    source: u64,
    target: u64,
    ip: Option<u64>,
    subnet: Option<u64>,
    registrar: Option<u64>,
    asn: Option<u64>,
    hosting: Option<u64>,
    anchor: Option<(u64, f64, f64)>,
}

impl LinkGraph {
    /// Features of all links as of a time, and what is wrong with the others.
    #[must_use]
    pub fn features(&self, as_of: Timestamp) -> (Vec<Features>, Vec<(usize, Problem)>) {
        let (mut sound, mut problems) = (Vec::new(), Vec::new());
        for (index, link) in self.links.iter().enumerate() {
            match self.keys(link, as_of) {
                Ok(keys) => sound.push((index, keys)),
                Err(problem) => problems.push((index, problem)),
            }
        }
        // The order within a target is that of time; ties are broken by number, so that nothing depends on the order of rows.
        sound.sort_by_key(|(index, keys)| {
            let link = &self.links[*index];
            (keys.target, link.first_seen, link.backlink_id)
        });
        let mut features = Vec::with_capacity(sound.len());
        for links in sound.chunk_by(|(_, a), (_, b)| a.target == b.target) {
            let shared = self.shared(links);
            features.extend(links.iter().map(|(index, keys)| self.of_link(*index, keys, &shared)));
        }
        features.sort_unstable_by_key(|features| features.link);
        (features, problems)
    }

    fn domain(&self, link: &Link) -> Option<&Domain> {
        link.domain.and_then(|domain| self.domains.get(domain))
    }

    fn keys(&self, link: &Link, as_of: Timestamp) -> Result<Keys, Problem> {
        let source = domain_of(&link.source_domain).ok_or(Problem::NoDomain)?;
        let target = domain_of(&link.target).ok_or(Problem::NoDomain)?;
        if is_same_site(&source, &target) {
            return Err(Problem::SelfLink);
        }
        if link.first_seen > as_of {
            return Err(Problem::Future);
        }
        let domain = self.domain(link);
        let text = |text: &Option<String>| {
            let text = text.as_ref()?.trim().to_lowercase();
            (!text.is_empty()).then(|| hash_bytes(text.as_bytes()))
        };
        let ip = domain.and_then(|domain| domain.ip);
        let anchor = link.anchor.as_deref().and_then(normalised_anchor);
        Ok(Keys {
            source: hash_bytes(source.as_bytes()),
            target: hash_bytes(target.as_bytes()),
            ip: ip.map(hash_of_ip),
            subnet: ip.map(hash_of_subnet),
            registrar: domain.and_then(|domain| text(&domain.registrar)),
            asn: domain.and_then(|domain| domain.asn).map(|asn| mix64(asn.cast_unsigned())),
            hosting: domain.and_then(|domain| text(&domain.hosting)),
            anchor: anchor.map(|anchor| {
                let words = anchor.split(' ').count() as f64;
                (hash_bytes(anchor.as_bytes()), words, anchor_risk(&anchor))
            }),
        })
    }

    fn shared(&self, links: &[(usize, Keys)]) -> Shared {
        let mut shared = Shared::default();
        let mut known = std::collections::HashSet::new();
        for (index, keys) in links.iter().filter(|(_, keys)| known.insert(keys.source)) {
            shared.domains += 1;
            let link = &self.links[*index];
            for (counts, key) in [
                (&mut shared.ips, keys.ip),
                (&mut shared.subnets, keys.subnet),
                (&mut shared.registrars, keys.registrar),
                (&mut shared.asns, keys.asn),
                (&mut shared.hostings, keys.hosting),
                (&mut shared.anchors, keys.anchor.map(|(anchor, ..)| anchor)),
            ] {
                if let Some(key) = key {
                    *counts.entry(key).or_default() += 1;
                }
            }
            shared.seen.push(link.first_seen);
            shared.registered.extend(self.domain(link).and_then(|domain| domain.registered_at));
        }
        shared.seen.sort_unstable();
        shared.registered.sort_unstable();
        shared
    }

    fn of_link(&self, index: usize, keys: &Keys, shared: &Shared) -> Features {
        let link = &self.links[index];
        let domain = self.domain(link);
        let others = f64::from(shared.domains - 1);
        let share =
            |count: Option<f64>| count.filter(|_| others > 0.0).map(|count| (count / others).min(1.0));
        // A domain with several links may share more with others by one than by another; itself it does not count.
        let reuse = |counts: &HashMap<u64, u32>, key: Option<u64>| {
            key.map(|key| f64::from(counts.get(&key).copied().unwrap_or(0).saturating_sub(1)))
        };
        let together = |times: &[Timestamp], at: Timestamp| {
            let before = times.partition_point(|time| *time < at.saturating_sub(TOGETHER));
            let until = times.partition_point(|time| *time <= at.saturating_add(TOGETHER));
            (until - before).saturating_sub(1) as f64
        };
        let registered_at = domain.and_then(|domain| domain.registered_at);
        let registrar = reuse(&shared.registrars, keys.registrar);
        let asn = reuse(&shared.asns, keys.asn);
        let velocity = together(&shared.seen, link.first_seen);
        let anchor = reuse(&shared.anchors, keys.anchor.map(|(anchor, ..)| anchor));
        let name = domain_of(&link.source_domain).map(|source| name_shape(&source));
        let age = registered_at.map(|at| (link.first_seen - at) as f64 / DAY).filter(|age| *age >= 0.0);
        Features {
            link: index,
            numbers: [
                domain.and_then(|domain| domain.asn).map(|asn| asn as f64),
                domain.and_then(|domain| domain.rank).filter(|rank| rank.is_finite()),
                age,
                reuse(&shared.ips, keys.ip),
                reuse(&shared.subnets, keys.subnet),
                registrar,
                share(registrar),
                asn,
                share(asn),
                share(reuse(&shared.hostings, keys.hosting)),
                registered_at.map(|at| together(&shared.registered, at)),
                Some(velocity),
                share(Some(velocity)),
                Some(f64::from(shared.domains)),
                link.links_of_domain,
                keys.anchor.map(|(_, words, _)| words),
                keys.anchor.map(|(.., risk)| risk),
                anchor,
                share(anchor),
                name.map(|name| name.length),
                name.map(|name| name.hyphens),
                name.map(|name| name.digits),
                name.map(|name| name.entropy),
                link.text_words,
                link.similarity.filter(|similarity| similarity.is_finite()),
            ],
            booleans: [link.is_dofollow, domain.and_then(|domain| domain.is_unsafe)],
        }
    }
}

fn hash_of_ip(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => hash_bytes(&ip.octets()),
        IpAddr::V6(ip) => hash_bytes(&ip.octets()),
    }
}

/// What is usually given out as one: /24, or /48.
fn hash_of_subnet(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => hash_bytes(&ip.octets()[..3]),
        IpAddr::V6(ip) => hash_bytes(&ip.octets()[..6]),
    }
}
