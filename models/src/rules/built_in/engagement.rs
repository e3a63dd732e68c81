//! For hourly engagement, by the features of `botdet_engagement_features()`.

use super::{BuiltInRule, rule};

pub(super) const RULES: &[BuiltInRule] = &[
    rule("unusual_hours", "suspicion >= 0.25", 0.4, "hours stand out from what is usual, unlike people's"),
    rule("very_unusual_hours", "suspicion >= 0.4", 0.5, "they stand out clearly"),
    rule("faked_hours", "suspicion >= 0.6", 0.5, "hardly anything but a fake explains them"),
    rule("bursts_at_night", "night_episodes >= 1.5", 0.4, "short bursts come at night, week after week"),
    rule("repeated_curve", "likeness >= 0.5", 0.4, "the same curve comes again and again"),
];
