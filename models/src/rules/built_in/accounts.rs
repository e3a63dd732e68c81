//! For accounts, by the features of the catalogue.

use super::{BuiltInRule, rule};

pub(super) const RULES: &[BuiltInRule] = &[
    rule("acts_in_lockstep", "lockstep_score >= 0.2", 0.5, "it does the same as others at the same moment"),
    rule("repeats_itself", "duplicate_rate >= 0.5", 0.5, "most of its posts repeat earlier ones"),
    rule("copies_others", "copied_rate >= 0.5", 0.4, "most of its texts are copies of others'"),
    rule("posts_without_pause", "posting_cadence <= 90", 0.4, "it posts every minute or two"),
    rule("endless_sessions", "session_duration_mean >= 4 * 3600", 0.4, "its sessions last for hours"),
    rule("never_sleeps", "circadian_entropy >= 0.97", 0.3, "it is as active at night as by day"),
    rule("acts_in_bursts", "burst_score >= 0.9", 0.25, "nearly all it does comes in bursts"),
    rule(
        "follows_and_is_not_followed",
        "follower_following_ratio <= 0.05",
        0.25,
        "hardly anybody follows it back",
    ),
    rule("does_one_thing", "action_diversity <= 0.1", 0.2, "it does one thing only"),
    rule("says_little", "content_diversity <= 1.5", 0.2, "it has few words"),
    rule("empty_profile", "profile_completeness <= 0.25", 0.2, "its profile says next to nothing"),
    rule("is_new", "account_age_days <= 7", 0.15, "it is not a week old"),
    rule("is_verified", "is_verified = 1", -0.7, "the service has verified who is behind it"),
];
