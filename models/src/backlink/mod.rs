//! Links between domains: which of them a private network has set.
//!
//! ```text
//! Link, Domain ─► LinkGraph ─► Features (one row a link) ─► model, or Signals where none can answer ─┐
//!                                        ├──► rules ────────────────────────────────────────────────┼─► Parts ─► probability
//!                     page text ─► groups::Pages ─► similarity ──────────────────────────────────────┘
//! ```
//!
//! All that a feature says is known at the time of asking: links that come later take no part.

mod anchor;
mod columns;
mod domain_name;
mod facts;
mod features;
mod judge;
mod parts;
mod signals;
#[cfg(test)]
mod tests;

pub use anchor::{anchor_risk, normalised_anchor};
pub use columns::{BACKLINK, BOOLEANS, NUMBERS, TEXTS, vocabulary};
pub use domain_name::{NameShape, domain_of, is_same_site, name_shape};
pub use facts::LinkFacts;
pub use features::{Domain, Features, Link, LinkGraph, Problem};
pub use judge::{Judged, judge};
pub use parts::{MODEL_WEIGHT, Parts, RULES_WEIGHT, SIMILARITY_WEIGHT};
pub use signals::{SIGNALS, Signal, Signals};
