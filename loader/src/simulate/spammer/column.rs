//! The columns of the table.

use SpammerColumnKind::{Count, Decimal, Flag};

/// What a column's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpammerColumnKind {
    /// 0 or 1, as false and true.
    Flag,
    /// A whole number.
    Count,
    /// A number with a decimal.
    Decimal,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpammerColumn {
    /// Its name.
    pub name: &'static str,
    /// What its values are.
    pub kind: SpammerColumnKind,
}

const fn flag(name: &'static str) -> SpammerColumn {
    SpammerColumn { name, kind: Flag }
}

const fn count(name: &'static str) -> SpammerColumn {
    SpammerColumn { name, kind: Count }
}

/// The columns in order, key and label aside. Those without a known meaning have a number for a name.
pub const SPAMMER_COLUMNS: [SpammerColumn; 51] = [
    count("messages_sent_total"),
    count("messages_sent_last_30_days"),
    count("seller_category"),
    count("x4"),
    flag("x5"),
    count("country_tier"),
    count("verification_level"),
    count("verified_review_count"),
    count("x9"),
    flag("has_profile_picture"),
    flag("asked_personal_info"),
    flag("link_in_message"),
    flag("phone_verified"),
    count("skills_listed"),
    flag("email_verified"),
    count("messages_per_day"),
    count("profile_completion"),
    count("incomplete_order_count"),
    count("urgent_message_count"),
    count("risk_level"),
    count("link_count"),
    count("off_platform_mentions"),
    count("user_flag_count"),
    flag("username_has_numbers"),
    flag("username_has_special_characters"),
    flag("disposable_email"),
    flag("payment_verified"),
    flag("asked_for_email"),
    flag("asked_off_platform_payment"),
    flag("shortened_links"),
    flag("urgent_link_requests"),
    flag("attachment_mentions"),
    flag("urgent_language"),
    flag("impersonation_attempt"),
    flag("asked_financial_details"),
    flag("asked_credentials"),
    count("off_platform_payment_mentions"),
    flag("temporary_phone"),
    flag("very_short_messages"),
    flag("spam_template"),
    flag("asked_for_personal_info"),
    flag("unsolicited_contact"),
    flag("rapid_messaging"),
    flag("suspicious_actions"),
    flag("vague_job_description"),
    flag("indiscriminate_applications"),
    flag("bot_like_behaviour"),
    flag("headless_browser"),
    flag("suspected_robot"),
    flag("captcha_defeated"),
    SpammerColumn { name: "x51", kind: Decimal },
];

/// The place of the column that has missing values.
pub(super) const PHONE_VERIFIED: usize = 12;
