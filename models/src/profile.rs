//! What an account says of itself.

use crate::event::Timestamp;

/// One account's profile. `None` means not known, which is different from empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// When the account was created.
    pub created_at: Option<Timestamp>,
    /// Whether the service has verified who is behind it.
    pub is_verified: Option<bool>,
    /// Accounts that follow it.
    pub followers: Option<i64>,
    /// Accounts that it follows.
    pub following: Option<i64>,
    /// For each part of the profile that could be filled in: whether it is. `None` where the service has no such part.
    pub parts: [Option<bool>; Profile::PARTS],
}

impl Profile {
    /// Display name, description, location, website, avatar.
    pub const PARTS: usize = 5;

    /// Whether a profile text counts as filled in.
    #[must_use]
    pub fn is_filled(text: &str) -> bool {
        !text.trim().is_empty()
    }

    /// Share of the known parts that are filled in, 0..1; `None` when no part is known.
    #[must_use]
    pub fn completeness(&self) -> Option<f64> {
        let known = self.parts.iter().flatten().count();
        let filled = self.parts.iter().flatten().filter(|filled| **filled).count();
        (known > 0).then(|| filled as f64 / known as f64)
    }
}
