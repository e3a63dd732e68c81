//! What is counted.

/// A count that a post or an account has every hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// How often it was shown.
    Views,
    /// How often it was liked.
    Likes,
    /// How often it was commented on.
    Comments,
    /// How often it was passed on.
    Shares,
}

impl Metric {
    /// All of them, in the order of columns and arrays.
    pub const ALL: [Self; METRICS] = [Self::Views, Self::Likes, Self::Comments, Self::Shares];

    /// Name in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Views => "views",
            Self::Likes => "likes",
            Self::Comments => "comments",
            Self::Shares => "shares",
        }
    }
}

/// Number of metrics.
pub const METRICS: usize = 4;
