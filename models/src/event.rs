//! What an account does: one row of activity, borrowed from wherever it lies.

use std::net::IpAddr;

/// Microseconds since 1970-01-01 00:00:00 UTC.
pub type Timestamp = i64;

/// Microseconds in one second.
pub const SECOND: i64 = 1_000_000;
/// First instant that is observed: the Unix epoch.
pub const EARLIEST: Timestamp = 0;
/// First instant that is no longer observed: 2100-01-01 00:00:00 UTC. States keep whole seconds in 32 bits, and a row
/// dated beyond is a data error; it stays in its table and is not counted.
pub const LATEST: Timestamp = 4_102_444_800 * SECOND;

/// Seconds of silence after which a session has ended.
pub const SESSION_SILENCE_SECONDS: i64 = 30 * 60;

/// What was done. The codes are stored in states and seen by trained models: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Action {
    /// Anything not listed here.
    Other = 0,
    /// Publishing something new.
    Post = 1,
    /// Answering somebody.
    Comment = 2,
    /// Publishing somebody else's words again.
    Repost = 3,
    /// Approving of something.
    Like = 4,
    /// Subscribing to an account.
    Follow = 5,
    /// The reverse of following.
    Unfollow = 6,
    /// Looking at something.
    View = 7,
    /// Writing to somebody in private.
    Message = 8,
    /// Signing in.
    Login = 9,
    /// Passing something on outside the service.
    Share = 10,
    /// Changing one's own profile.
    ProfileUpdate = 11,
}

impl Action {
    /// Number of codes a state has room for.
    pub const CODES: usize = 16;

    const NAMES: [(&'static str, Self); 12] = [
        ("other", Self::Other),
        ("post", Self::Post),
        ("comment", Self::Comment),
        ("repost", Self::Repost),
        ("like", Self::Like),
        ("follow", Self::Follow),
        ("unfollow", Self::Unfollow),
        ("view", Self::View),
        ("message", Self::Message),
        ("login", Self::Login),
        ("share", Self::Share),
        ("profile_update", Self::ProfileUpdate),
    ];

    /// Reads a name, in any case. An unknown name is [`Action::Other`]: a row is never refused for a new kind of action.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self::NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map_or(Self::Other, |(_, action)| *action)
    }

    /// The action's name in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[usize::from(self.code())].0
    }

    /// The action's stored code, below [`Action::CODES`].
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The action with this code; an unknown code is [`Action::Other`].
    #[must_use]
    pub fn from_code(code: u8) -> Self {
        Self::NAMES.get(usize::from(code)).map_or(Self::Other, |(_, action)| *action)
    }

    /// Whether others get to see something new by it: these make up the posting cadence.
    #[must_use]
    pub fn is_publication(self) -> bool {
        matches!(self, Self::Post | Self::Comment | Self::Repost | Self::Share)
    }
}

/// One row of activity. Empty strings count as absent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event<'a> {
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Order among events of the same instant; 0 where the source has none.
    pub order: i64,
    /// What was done.
    pub action: Action,
    /// The text that was written, if any.
    pub content: Option<&'a str>,
    /// Which device did it, by whatever name the service gives devices.
    pub device: Option<&'a str>,
    /// Whom or what it was done to.
    pub target: Option<&'a str>,
    /// The address it came from.
    pub ip: Option<IpAddr>,
    /// The country it came from.
    pub country: Option<&'a str>,
}

impl<'a> Event<'a> {
    /// An event of which only time and kind are known.
    #[must_use]
    pub fn new(occurred_at: Timestamp, action: Action) -> Self {
        Self {
            occurred_at,
            order: 0,
            action,
            content: None,
            device: None,
            target: None,
            ip: None,
            country: None,
        }
    }

    /// The content, unless it is empty or white space only.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        self.content.filter(|text| !text.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_agree() {
        for (index, (name, action)) in Action::NAMES.iter().enumerate() {
            assert_eq!(usize::from(action.code()), index);
            assert_eq!(Action::from_name(name), *action);
            assert_eq!(Action::from_code(action.code()), *action);
            assert_eq!(action.name(), *name);
        }
    }

    #[test]
    fn unknown_actions_are_other() {
        assert_eq!(Action::from_name("teleport"), Action::Other);
        assert_eq!(Action::from_name("POST"), Action::Post);
        assert_eq!(Action::from_code(200), Action::Other);
    }
}
