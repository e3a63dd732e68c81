//! Accounts and events on their way into the database, wherever they come from.

use std::net::IpAddr;

/// An account as a source describes it. `None` means that the source does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountRecord {
    /// The source's own key: a number, a UUID or a name, as text. Unique within the database.
    pub key: String,
    /// When the account was created, microseconds since 1970 (UTC).
    pub created_at: Option<i64>,
    /// Unique name, as used in mentions.
    pub username: Option<String>,
    /// Name shown to others.
    pub display_name: Option<String>,
    /// What the account says of itself.
    pub description: Option<String>,
    /// Where the account says it is.
    pub location: Option<String>,
    /// Link in the profile.
    pub website: Option<String>,
    /// Whether it has a picture of its own.
    pub has_avatar: Option<bool>,
    /// Whether the service has verified who is behind it.
    pub is_verified: Option<bool>,
    /// Accounts that follow it.
    pub followers: Option<i64>,
    /// Accounts that it follows.
    pub following: Option<i64>,
    /// Language, for comparison between groups.
    pub language: Option<String>,
    /// Region, for comparison between groups.
    pub region: Option<String>,
    /// What is known to be true of it.
    pub label: Option<LabelRecord>,
}

/// The truth about an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelRecord {
    /// Whether it is a bot.
    pub is_bot: bool,
    /// Kind of bot, where known.
    pub strategy: Option<String>,
}

/// Something an account did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ActivityRecord {
    /// Key of the account.
    pub account_key: String,
    /// When, microseconds since 1970 (UTC).
    pub occurred_at: i64,
    /// What: `post`, `comment`, `like`, ...
    pub action: String,
    /// Text, if any.
    pub content: Option<String>,
    /// Device, if known.
    pub device: Option<String>,
    /// Network address, if known.
    pub ip: Option<IpAddr>,
    /// Whom or what it was done to, if known.
    pub target: Option<String>,
    /// Country, if known.
    pub country: Option<String>,
}
