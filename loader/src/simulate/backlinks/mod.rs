//! Simulated links between domains: ordinary ones, and those that private networks set.
//!
//! Ordinary links overlap, too: customers of one agency lie on one address, blogs of one platform share everything, a press release
//! stands word for word on many sites, what goes viral comes in a day, and shops pay for their words. Networks are crude, middling or
//! careful; the careful ones buy old domains and spread them over addresses, registrars and months. So no single feature tells.

mod config;
mod csv;
mod network;
mod ordinary;
mod site;
#[cfg(test)]
mod tests;
mod words;
mod world;

use botdet_models::backlink::{Domain, Link, LinkGraph};
use botdet_models::groups::{GroupError, Pages, PagesParams};
use botdet_models::hash::hash_bytes;

pub use config::{BacklinkConfig, BacklinkParams};
pub use csv::{write_domains, write_labels, write_links};
use world::World;

/// A domain with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedDomain {
    /// Its name.
    pub name: String,
    /// The rest.
    pub facts: Domain,
}

/// A link with its true label.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedLink {
    /// Number of the link, from 1.
    pub backlink_id: i64,
    /// Place of its domain.
    pub domain: usize,
    /// Domain that it leads to.
    pub target: String,
    /// Its words, where it has any.
    pub anchor: Option<String>,
    /// Whether search engines are to follow it.
    pub is_dofollow: bool,
    /// When it was first seen, microseconds since 1970.
    pub first_seen: i64,
    /// Text of the page that it is on.
    pub page_text: Option<String>,
    /// Number of the network that has set it; `None` for an ordinary link.
    pub network: Option<u32>,
}

/// Domains and their links.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimulatedBacklinks {
    /// The domains.
    pub domains: Vec<SimulatedDomain>,
    /// The links, in the order of their numbers.
    pub links: Vec<SimulatedLink>,
}

/// Simulates links: the same configuration gives the same ones.
#[must_use]
pub fn simulate_backlinks(config: &BacklinkConfig) -> SimulatedBacklinks {
    let mut world = World::new(config);
    for target in 0..world.targets() {
        ordinary::link_to(&mut world, target);
    }
    let mut network = 0;
    while world.network_links() < config.network_links() {
        network::build(&mut world, network);
        network += 1;
    }
    world.finish()
}

impl SimulatedBacklinks {
    /// The links as features are made of them; with `compare`, pages have been compared.
    ///
    /// # Errors
    /// [`GroupError`] never: the parameters are the usual ones.
    pub fn graph(&self, compare: bool) -> Result<LinkGraph, GroupError> {
        let mut graph = LinkGraph {
            domains: self.domains.iter().map(|domain| domain.facts.clone()).collect(),
            links: Vec::with_capacity(self.links.len()),
        };
        let mut of_domain = vec![0u32; self.domains.len()];
        self.links.iter().for_each(|link| of_domain[link.domain] += 1);
        for link in &self.links {
            graph.links.push(Link {
                backlink_id: link.backlink_id,
                source_domain: self.domains[link.domain].name.clone(),
                target: link.target.clone(),
                anchor: link.anchor.clone(),
                is_dofollow: Some(link.is_dofollow),
                first_seen: link.first_seen,
                text_words: None,
                similarity: None,
                links_of_domain: Some(f64::from(of_domain[link.domain])),
                domain: Some(link.domain),
            });
        }
        if compare {
            let mut pages = Pages::new(PagesParams::default())?;
            for (link, place) in self.links.iter().zip(0..) {
                let domain = hash_bytes(self.domains[link.domain].name.as_bytes());
                pages.add(place, domain, link.page_text.as_deref().unwrap_or_default());
            }
            for found in pages.compare(&mut || {}) {
                let link = &mut graph.links[found.page as usize];
                link.similarity = Some(found.similarity);
                link.text_words = Some(f64::from(found.words));
            }
        }
        Ok(graph)
    }
}
