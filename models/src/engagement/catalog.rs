//! What every feature of a series means. Names and order are fixed: SQL and artifacts use them.
//!
//! All are free of scale: an account ten times as large with the same habits has the same values, but for what chance does to
//! small counts.

use std::borrow::Cow;

use crate::rules::{Kind, Vocabulary};
use crate::schema::{ColumnDefinition, Schema, SchemaError};

/// The detector of hourly engagement.
pub const ENGAGEMENT: &str = "engagement";

/// One feature.
#[derive(Clone, Copy, Debug)]
pub struct EngagementFeature {
    /// Name, the same everywhere.
    pub name: &'static str,
    /// Unit of its values; empty for a plain number.
    pub unit: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

macro_rules! catalog {
    ($($name:ident $unit:literal $meaning:literal)*) => {
        /// The features of the `engagement` detector, in order. All are missing when the series is too short to analyse; one
        /// is also missing when its metrics are not known.
        pub const ENGAGEMENT_FEATURES: &[EngagementFeature] =
            &[$(EngagementFeature { name: stringify!($name), unit: $unit, meaning: $meaning }),*];
    };
}

catalog! {
    coverage "" "share of the hours from the first to the last that are known, 0..1"
    views_dispersion "" "ln of the extra variance of views around their season, in squares of what is expected"
    views_entropy "" "entropy of views over the hours of the day (UTC) over ln 24, 0..1"
    views_peak_1h "" "ln of the largest excess of views in an hour: (observed + 1) / (expected + 1)"
    views_peak_6h "" "the same for the sum of six hours"
    views_peak_24h "" "the same for the sum of 24 hours"
    views_window_strength "sd" "strength of the strongest window of views against their season"
    views_mismatch "sd" "strength of the strongest window of views against season and other metrics"
    views_window_share "" "share of the hours that lie in windows of views, 0..1"
    likes_dispersion "" "ln of the extra variance of likes around their season"
    likes_entropy "" "entropy of likes over the hours of the day over ln 24, 0..1"
    likes_peak_1h "" "ln of the largest excess of likes in an hour"
    likes_peak_6h "" "the same for the sum of six hours"
    likes_peak_24h "" "the same for the sum of 24 hours"
    likes_window_strength "sd" "strength of the strongest window of likes against their season"
    likes_mismatch "sd" "strength of the strongest window of likes against season and other metrics"
    likes_window_share "" "share of the hours that lie in windows of likes, 0..1"
    comments_dispersion "" "ln of the extra variance of comments around their season"
    comments_entropy "" "entropy of comments over the hours of the day over ln 24, 0..1"
    comments_peak_1h "" "ln of the largest excess of comments in an hour"
    comments_peak_6h "" "the same for the sum of six hours"
    comments_peak_24h "" "the same for the sum of 24 hours"
    comments_window_strength "sd" "strength of the strongest window of comments against their season"
    comments_mismatch "sd" "strength of the strongest window of comments against season and other metrics"
    comments_window_share "" "share of the hours that lie in windows of comments, 0..1"
    shares_dispersion "" "ln of the extra variance of shares around their season"
    shares_entropy "" "entropy of shares over the hours of the day over ln 24, 0..1"
    shares_peak_1h "" "ln of the largest excess of shares in an hour"
    shares_peak_6h "" "the same for the sum of six hours"
    shares_peak_24h "" "the same for the sum of 24 hours"
    shares_window_strength "sd" "strength of the strongest window of shares against their season"
    shares_mismatch "sd" "strength of the strongest window of shares against season and other metrics"
    shares_window_share "" "share of the hours that lie in windows of shares, 0..1"
    views_autocorrelation_1h "" "correlation of ln(1 + views) with the hour before, -1..1"
    views_autocorrelation_24h "" "correlation of ln(1 + views) with the same hour a day before, -1..1"
    views_autocorrelation_168h "" "correlation of ln(1 + views) with the same hour a week before, -1..1"
    likes_autocorrelation_1h "" "correlation of ln(1 + likes) with the hour before, -1..1"
    likes_autocorrelation_24h "" "correlation of ln(1 + likes) with the same hour a day before, -1..1"
    views_persistence "" "correlation of what is unusual about views with the hour before, 0..1"
    likes_persistence "" "correlation of what is unusual about likes with the hour before, 0..1"
    growth "" "ln of the growth over a week that most days show"
    like_rate "" "ln of likes per view"
    comment_rate "" "ln of comments per view"
    share_rate "" "ln of shares per view"
    like_rate_spread "" "standard deviation of ln likes per view over six-hour parts"
    comment_rate_spread "" "standard deviation of ln comments per view over six-hour parts"
    share_rate_spread "" "standard deviation of ln shares per view over six-hour parts"
    views_likes_correlation "" "correlation of the excesses of views and likes, -1..1"
    views_comments_correlation "" "correlation of the excesses of views and comments, -1..1"
    views_shares_correlation "" "correlation of the excesses of views and shares, -1..1"
    likes_comments_correlation "" "correlation of the excesses of likes and comments, -1..1"
    burst_hours "" "share of the hours in which a metric lies three deviations above what is expected, 0..1"
    night_excess "" "ln of observed over expected from 2 to 5 in the morning, in the audience's time, of the metric that exceeds most"
    weekend_excess "" "ln of observed over expected on weekends, of the metric that exceeds most"
    episodes_per_week "" "times a week at which windows of one or several metrics stand out"
    episode_share "" "share of the hours that lie in such episodes, 0..1"
    organic_episodes_per_week "" "those of them that look like people"
    episode_strength "sd" "strength of the most suspicious episode; this and what follows is 0 without one"
    episode_ratio "" "ln of observed over expected in it, of the metric that exceeds most"
    episode_length "" "ln of its hours"
    episode_metrics "" "metrics that have a window in it"
    episode_mismatch "sd" "strength of its strongest window against the other metrics"
    episode_breadth "" "share of the metrics in which its excess would be seen that show it, 0..1"
    episode_decay "" "how much better a slow fall explains it than an even excess, -1..1"
    episode_tail "" "excess after its end over that within, -1..1"
    episode_ramp "" "correlation of its excess with time, -1..1"
    episode_waves "" "share of its variation that comes in waves, 0..1"
    episode_night "" "share of its hours at night, 0..1"
    episode_weekend "" "share of its hours on weekends, 0..1"
    episode_organic "" "how far people explain it, 0..1"
    short_episodes "" "episodes of five hours at most, a week"
    night_episodes "" "short episodes at night, a week"
    irregularity "" "coefficient of variation of the time between short episodes; 2 with fewer than three"
    likeness "" "how alike the curves of three or more episodes are, 0..1"
    suspicion "" "how much speaks for an attack with nothing learned, 0..1"
}

/// The columns of the detector: all features, and the key and the label that a table of them has.
///
/// # Errors
/// None as long as the names above differ.
pub fn engagement_schema() -> Result<Schema, SchemaError> {
    Schema::new(
        ENGAGEMENT_FEATURES.iter().map(|feature| ColumnDefinition::number(feature.name)).collect(),
        Vec::new(),
    )
}

/// The names that rules may use.
#[must_use]
pub fn vocabulary() -> Vocabulary {
    Vocabulary::of(ENGAGEMENT_FEATURES.iter().map(|feature| (Cow::Borrowed(feature.name), Kind::Number)))
}
