//! The fields of the target records, and the names under which they are looked for when nothing is mapped to them.
//!
//! | field | of | looked for as, the first that is there |
//! | --- | --- | --- |
//! | `key` | account | `key`, `account_key`, `id`, `user_id`, `account_id`, `author_id` |
//! | `created_at` | account | `created_at`, `account_created_at`, `registered_at`, `joined_at` |
//! | `username` | account | `username`, `user_name`, `screen_name`, `handle`, `login` |
//! | `display_name` | account | `display_name`, `name`, `full_name`, `fullname` |
//! | `description` | account | `description`, `bio`, `about` |
//! | `location` | account | `location` |
//! | `website` | account | `website`, `url`, `link` |
//! | `has_avatar` | account | `has_avatar`, `has_profile_picture`, `profile pic` |
//! | `is_verified` | account | `is_verified`, `verified` |
//! | `followers` | account | `followers`, `followers_count`, `follower_count`, `#followers` |
//! | `following` | account | `following`, `following_count`, `friends_count`, `follows`, `#follows` |
//! | `language` | account | `language`, `lang` |
//! | `region` | account | `region` |
//! | `is_bot` | account | `is_bot`, `bot`, `is_fake`, `fake`, `label` |
//! | `strategy` | account | `strategy`, `bot_type` |
//! | `account_key` | activity | `account_key`, `author_id`, `user_id`, `account_id`, `author.id`, `user.id`, `author`, `user` |
//! | `occurred_at` | activity | `occurred_at`, `created_at`, `timestamp`, `time`, `date` |
//! | `action` | activity | `action`, `type`, `event` |
//! | `content` | activity | `content`, `text`, `body`, `message` |
//! | `device` | activity | `device`, `client` |
//! | `ip` | activity | `ip`, `ip_address` |
//! | `target` | activity | `target`, `target_id`, `in_reply_to` |
//! | `country` | activity | `country`, `country_code` |

use std::fmt;

/// What a record of a file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// An account.
    Account,
    /// Something an account did.
    Activity,
}

impl fmt::Display for RecordKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            RecordKind::Account => "account",
            RecordKind::Activity => "activity",
        })
    }
}

/// One field of the target records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the field of the same name in the records")]
pub enum Field {
    Key,
    CreatedAt,
    Username,
    DisplayName,
    Description,
    Location,
    Website,
    HasAvatar,
    IsVerified,
    Followers,
    Following,
    Language,
    Region,
    IsBot,
    Strategy,
    AccountKey,
    OccurredAt,
    Action,
    Content,
    Device,
    Ip,
    Target,
    Country,
}

/// Number of fields.
pub(super) const FIELD_COUNT: usize = 23;

use Field as F;
use RecordKind::{Account, Activity};

/// Every field at the place of its number: its record, its name, its synonyms.
#[rustfmt::skip]
const TABLE: [(Field, RecordKind, &str, &[&str]); FIELD_COUNT] = [
    (F::Key, Account, "key", &["key", "account_key", "id", "user_id", "account_id", "author_id"]),
    (F::CreatedAt, Account, "created_at", &["created_at", "account_created_at", "registered_at", "joined_at"]),
    (F::Username, Account, "username", &["username", "user_name", "screen_name", "handle", "login"]),
    (F::DisplayName, Account, "display_name", &["display_name", "name", "full_name", "fullname"]),
    (F::Description, Account, "description", &["description", "bio", "about"]),
    (F::Location, Account, "location", &["location"]),
    (F::Website, Account, "website", &["website", "url", "link"]),
    (F::HasAvatar, Account, "has_avatar", &["has_avatar", "has_profile_picture", "profile pic"]),
    (F::IsVerified, Account, "is_verified", &["is_verified", "verified"]),
    (F::Followers, Account, "followers", &["followers", "followers_count", "follower_count", "#followers"]),
    (F::Following, Account, "following", &["following", "following_count", "friends_count", "follows", "#follows"]),
    (F::Language, Account, "language", &["language", "lang"]),
    (F::Region, Account, "region", &["region"]),
    (F::IsBot, Account, "is_bot", &["is_bot", "bot", "is_fake", "fake", "label"]),
    (F::Strategy, Account, "strategy", &["strategy", "bot_type"]),
    (F::AccountKey, Activity, "account_key",
        &["account_key", "author_id", "user_id", "account_id", "author.id", "user.id", "author", "user"]),
    (F::OccurredAt, Activity, "occurred_at", &["occurred_at", "created_at", "timestamp", "time", "date"]),
    (F::Action, Activity, "action", &["action", "type", "event"]),
    (F::Content, Activity, "content", &["content", "text", "body", "message"]),
    (F::Device, Activity, "device", &["device", "client"]),
    (F::Ip, Activity, "ip", &["ip", "ip_address"]),
    (F::Target, Activity, "target", &["target", "target_id", "in_reply_to"]),
    (F::Country, Activity, "country", &["country", "country_code"]),
];

impl Field {
    /// All fields, accounts' first.
    pub fn all() -> impl Iterator<Item = Field> {
        TABLE.iter().map(|row| row.0)
    }

    /// The field of this name.
    pub fn named(name: &str) -> Option<Field> {
        Self::all().find(|field| field.name() == name)
    }

    /// The name under which it is mapped.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].2
    }

    /// The record it belongs to.
    pub fn kind(self) -> RecordKind {
        TABLE[self as usize].1
    }

    /// Where it is looked for when nothing is mapped to it, the best first.
    pub fn synonyms(self) -> &'static [&'static str] {
        TABLE[self as usize].3
    }

    /// Whether no record can do without it.
    pub fn is_required(self) -> bool {
        matches!(self, Field::Key | Field::AccountKey | Field::OccurredAt)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of fields.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FieldSet(u32);

impl FieldSet {
    pub fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u32;
    }

    pub fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u32) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_stands_at_its_number_and_has_a_name_of_its_own() {
        for (number, field) in Field::all().enumerate() {
            assert_eq!(field as usize, number);
            assert_eq!(Field::named(field.name()), Some(field));
            assert_eq!(field.synonyms()[0], field.name());
        }
    }

    #[test]
    fn the_table_in_the_documentation_is_the_table_in_the_code() {
        let source = include_str!("field.rs");
        for field in Field::all() {
            let synonyms: Vec<String> = field.synonyms().iter().map(|name| format!("`{name}`")).collect();
            let row = format!("//! | `{field}` | {} | {} |", field.kind(), synonyms.join(", "));
            assert!(source.contains(&row), "{row}");
        }
    }
}
