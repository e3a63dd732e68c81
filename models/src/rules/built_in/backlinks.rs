//! For links between domains, by the columns of `botdet_backlink_features()`.

use super::{BuiltInRule, rule};

pub(super) const RULES: &[BuiltInRule] = &[
    rule(
        "shared_network",
        "ip_reuse >= 3 or (subnet_reuse >= 4 and registrar_reuse_share >= 0.5) or (registrar_reuse_share >= 0.6 and registrar_reuse >= 5 and domain_age_days < 365)",
        0.5,
        "other domains that link to the same target share its address or registrar",
    ),
    rule(
        "sudden_links",
        "link_velocity >= 10 and velocity_share >= 0.5",
        0.35,
        "much of what links to the target came within a week of it",
    ),
    rule(
        "forced_anchor",
        "anchor_repeat_share >= 0.3 and anchor_repeats >= 3 and anchor_risk >= 0.5",
        0.4,
        "others link to the target with the same commercial words",
    ),
    rule(
        "shared_hosting",
        "(asn_reuse_share >= 0.5 and asn_reuse >= 5) or hosting in ('bulletproof', 'offshore', 'parked')",
        0.3,
        "most that links to the target lies in one autonomous system, or its hosting is of a kind that networks use",
    ),
    rule(
        "made_up_name",
        "domain_hyphens >= 2 or domain_digits >= 3 or source_domain like '%-seo-%' or source_domain like '%backlink%' or source_domain like 'best-%'",
        0.25,
        "its name looks made for search engines",
    ),
];
