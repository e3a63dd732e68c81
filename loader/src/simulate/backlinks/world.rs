//! All that has been made so far.

use rand::Rng;

use super::config::BacklinkConfig;
use super::site::{boastful_name, name, ordinary};
use super::words::{page_length, text};
use super::{SimulatedBacklinks, SimulatedDomain, SimulatedLink};
use crate::simulate::config::DAY;
use crate::simulate::random::{Purpose, Random, between, chance, stream};

/// Ordinary links that a target has on average.
const LINKS_A_TARGET: usize = 30;
/// Links that an ordinary domain sets on average.
const LINKS_A_DOMAIN: usize = 3;
/// Days over which links are set.
pub(super) const DAYS: i64 = 540;
/// Share of the links of which the page, or the words, are not known.
const UNKNOWN: f64 = 0.03;

pub(super) struct World {
    seed: u64,
    end: i64,
    made: SimulatedBacklinks,
    targets: Vec<Target>,
    /// The first domains, which are ordinary and not of any group.
    ordinary: usize,
    network_links: usize,
}

/// What links lead to.
#[derive(Clone)]
pub(super) struct Target {
    pub domain: String,
    /// What it is called.
    pub brand: String,
}

impl World {
    pub fn new(config: &BacklinkConfig) -> Self {
        let mut random = stream(config.seed(), Purpose::Backlinks, 0);
        let honest = config.links() - config.network_links();
        let target = |random: &mut Random| {
            let domain = if chance(random, 0.1) { boastful_name(random) } else { name(random, 0.1, 0.05) };
            let brand = domain.split('.').next().unwrap_or_default().replace('-', " ");
            Target { domain, brand }
        };
        let targets: Vec<Target> =
            (0..(honest / LINKS_A_TARGET).max(5)).map(|_| target(&mut random)).collect();
        let ordinary_domains = (honest / LINKS_A_DOMAIN).max(50);
        let domains = (0..ordinary_domains).map(|_| ordinary(&mut random, config.end())).collect();
        Self {
            seed: config.seed(),
            end: config.end(),
            made: SimulatedBacklinks { domains, links: Vec::new() },
            targets,
            ordinary: ordinary_domains,
            network_links: 0,
        }
    }

    /// A stream for something that others do not hang on.
    pub fn stream(&self, purpose: Purpose, index: u64) -> Random {
        stream(self.seed, purpose, index)
    }

    pub fn end(&self) -> i64 {
        self.end
    }

    pub fn targets(&self) -> usize {
        self.targets.len()
    }

    pub fn target(&self, target: usize) -> Target {
        self.targets[target].clone()
    }

    pub fn network_links(&self) -> usize {
        self.network_links
    }

    pub fn any_ordinary(&self, random: &mut Random) -> usize {
        // Some set far more than others.
        (self.ordinary as f64 * random.random::<f64>().powf(1.5)) as usize
    }

    pub fn add_domain(&mut self, domain: SimulatedDomain) -> usize {
        self.made.domains.push(domain);
        self.made.domains.len() - 1
    }

    /// A moment within the days that are simulated.
    pub fn any_time(&self, random: &mut Random) -> i64 {
        self.end - (between(random, 0.0, DAYS as f64) * DAY as f64) as i64 - 1
    }

    /// Adds a link, to be numbered in the end. One that would come before its domain or after the end comes within.
    pub fn add_link(&mut self, random: &mut Random, link: SimulatedLink) {
        let registered_at = self.made.domains[link.domain].facts.registered_at.unwrap_or(0);
        let first_seen = link.first_seen.max(registered_at + DAY).min(self.end - 1);
        self.network_links += usize::from(link.network.is_some());
        let anchor = link.anchor.filter(|_| !chance(random, UNKNOWN));
        let page_text = link.page_text.filter(|_| !chance(random, UNKNOWN));
        self.made.links.push(SimulatedLink { first_seen, anchor, page_text, ..link });
    }

    /// Numbers the links in the order of time.
    pub fn finish(self) -> SimulatedBacklinks {
        let mut made = self.made;
        made.links.sort_by_key(|link| (link.first_seen, link.domain));
        made.links.iter_mut().zip(1..).for_each(|(link, number)| link.backlink_id = number);
        made
    }
}

/// A page of its own.
pub(super) fn own_page(random: &mut Random) -> String {
    let length = page_length(random);
    text(random, length).join(" ")
}
