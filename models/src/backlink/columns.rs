//! The columns of a link's features, as SQL and JSON name them.

use std::borrow::Cow;

use crate::rules::{Kind, Vocabulary};

/// The detector of links.
pub const BACKLINK: &str = "backlink";

/// Columns of text, which rules may ask about and models do not learn from.
pub const TEXTS: [&str; 5] = ["source_domain", "target", "anchor", "registrar", "hosting"];

/// Columns of numbers, in order.
pub const NUMBERS: [&str; 25] = [
    "asn",
    "domain_rank",
    "domain_age_days",
    "ip_reuse",
    "subnet_reuse",
    "registrar_reuse",
    "registrar_reuse_share",
    "asn_reuse",
    "asn_reuse_share",
    "hosting_reuse_share",
    "registered_together",
    "link_velocity",
    "velocity_share",
    "linking_domains",
    "links_of_domain",
    "anchor_words",
    "anchor_risk",
    "anchor_repeats",
    "anchor_repeat_share",
    "domain_length",
    "domain_hyphens",
    "domain_digits",
    "domain_entropy",
    "text_words",
    "similarity",
];

/// Columns of truth values, in order.
pub const BOOLEANS: [&str; 2] = ["is_dofollow", "is_unsafe"];

/// The names that rules may use.
#[must_use]
pub fn vocabulary() -> Vocabulary {
    let of =
        |names: &'static [&'static str], kind| names.iter().map(move |name| (Cow::Borrowed(*name), kind));
    let identifier = [(Cow::Borrowed("backlink_id"), Kind::Identifier)];
    let texts = identifier.into_iter().chain(of(&TEXTS, Kind::Text));
    Vocabulary::of(texts.chain(of(&NUMBERS, Kind::Number)).chain(of(&BOOLEANS, Kind::Boolean)))
}
