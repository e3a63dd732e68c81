//! For links between domains, by the columns of `botdet_backlink_features()`.

use super::{BuiltInRule, rule};

pub(super) const RULES: &[BuiltInRule] = &[
    rule(
        "shared_network",
        "(ip_reuse >= 2 or (subnet_reuse >= 4 and registrar_reuse_share >= 0.3)) and (domain_rank < 150 or domain_age_days < 365)",
        0.5,
        "others that link to the same target share its address or registrar, and it is young or of low standing",
    ),
    rule(
        "sudden_links",
        "link_velocity >= 5 and velocity_share >= 0.1 and (anchor_risk >= 0.4 or registrar_reuse_share >= 0.4) and domain_rank < 250",
        0.35,
        "many others came within a week of it, and its words or registrar are like those of networks",
    ),
    rule(
        "forced_anchor",
        "anchor_risk >= 0.4 and anchor_repeats >= 2 and is_dofollow and domain_rank < 250",
        0.4,
        "others link to the target with the same commercial words",
    ),
    rule(
        "shared_hosting",
        "hosting in ('bulletproof', 'offshore', 'parked') or (asn_reuse >= 4 and registrar_reuse >= 4 and domain_age_days < 730 and domain_rank < 250)",
        0.3,
        "its hosting is of a kind that networks use, or it is young and shares its autonomous system and registrar with others",
    ),
    rule(
        "made_up_name",
        "domain_hyphens >= 2 or (domain_hyphens >= 1 and domain_digits >= 2) or source_domain like '%-seo-%' or source_domain like '%backlink%' or source_domain like 'best-%'",
        0.25,
        "its name looks made for search engines",
    ),
];
