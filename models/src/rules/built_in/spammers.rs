//! For accounts of a market place, by the columns of `botdet.spammer`.

use super::{BuiltInRule, rule};

pub(super) const RULES: &[BuiltInRule] = &[
    rule("presses_for_haste", "urgent_message_count >= 3", 0.4, "several messages press for haste"),
    rule("leads_off_platform", "off_platform_mentions >= 2", 0.3, "it names other platforms"),
    rule("sends_many_links", "link_count >= 5", 0.3, "its messages hold many links"),
    rule("asks_for_passwords", "asked_credentials", 0.4, "it asked for passwords"),
    rule(
        "asks_for_account_details",
        "asked_financial_details",
        0.3,
        "it asked for details of accounts or cards",
    ),
    rule("poses_as_another", "impersonation_attempt", 0.3, "it posed as somebody else"),
    rule("disposable_email", "disposable_email", 0.2, "its e-mail address is of a disposable kind"),
    rule("temporary_phone", "temporary_phone", 0.2, "its telephone number is temporary"),
    rule("known_template", "spam_template", 0.3, "its messages follow a known template"),
    rule("defeats_captchas", "captcha_defeated", 0.3, "it passed a test for humans suspiciously well"),
    rule("not_verified", "verification_level <= 0", 0.1, "nothing about it is verified"),
    rule("risky_country", "country_tier >= 4", 0.1, "its country is of the highest risk"),
    rule("payment_verified", "payment_verified", -0.7, "its means of payment is verified"),
];
