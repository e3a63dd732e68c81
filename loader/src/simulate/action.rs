//! What accounts do.

/// An action, by its name in `botdet.activity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Post,
    Comment,
    Repost,
    Like,
    Follow,
    Unfollow,
    View,
    Message,
    Login,
    Share,
    ProfileUpdate,
}

impl Action {
    pub const ALL: [Self; 11] = [
        Self::Post,
        Self::Comment,
        Self::Repost,
        Self::Like,
        Self::Follow,
        Self::Unfollow,
        Self::View,
        Self::Message,
        Self::Login,
        Self::Share,
        Self::ProfileUpdate,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::Repost => "repost",
            Self::Like => "like",
            Self::Follow => "follow",
            Self::Unfollow => "unfollow",
            Self::View => "view",
            Self::Message => "message",
            Self::Login => "login",
            Self::Share => "share",
            Self::ProfileUpdate => "profile_update",
        }
    }
}

/// Weights of the actions, in the order of [`Action::ALL`].
pub(super) type Mix = [f64; Action::ALL.len()];

/// How often people do what, before they become individual.
pub(super) const COMMON_MIX: Mix = [0.15, 0.14, 0.08, 0.22, 0.03, 0.008, 0.27, 0.06, 0.02, 0.03, 0.003];

/// The mix with one action this many times as frequent.
pub(super) fn more_of(mut mix: Mix, action: Action, times: f64) -> Mix {
    mix[action as usize] *= times;
    mix
}
