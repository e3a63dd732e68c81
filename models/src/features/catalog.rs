//! What every feature means. Names and order are fixed: SQL, artifacts and the service use them.

use super::FeatureError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a feature looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// When the account is active.
    Temporal,
    /// How it behaves.
    Behavioural,
    /// What it writes.
    Content,
    /// How it is connected and what its profile says.
    Network,
}

impl Family {
    /// Name in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Temporal => "temporal",
            Self::Behavioural => "behavioural",
            Self::Content => "content",
            Self::Network => "network",
        }
    }
}

/// How a feature's values are spread, and so how a model should see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// As they are.
    Linear,
    /// Over orders of magnitude: `ln(1 + value)`.
    Logarithmic,
}

impl Scale {
    /// A value as a model should see it.
    #[must_use]
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.max(0.0).ln_1p(),
        }
    }
}

/// One feature.
#[derive(Clone, Copy, Debug)]
pub struct FeatureDefinition {
    /// Name, the same everywhere.
    pub name: &'static str,
    /// What it looks at.
    pub family: Family,
    /// Unit of its values; empty for a plain number.
    pub unit: &'static str,
    /// Smallest possible value.
    pub low: f64,
    /// Largest possible value.
    pub high: f64,
    /// How its values are spread.
    pub scale: Scale,
    /// What it means.
    pub meaning: &'static str,
    /// When it is missing.
    pub missing: &'static str,
}

impl FeatureDefinition {
    /// Whether a value is one this feature can have; missing always is.
    ///
    /// # Errors
    /// [`FeatureError`] with the value.
    pub fn check(&self, value: Option<f64>) -> Result<(), FeatureError> {
        match value {
            Some(value) if !value.is_finite() => Err(FeatureError::NotFinite { feature: self.name, value }),
            Some(value) if value < self.low || value > self.high => {
                Err(FeatureError::OutOfRange { feature: self.name, value, low: self.low, high: self.high })
            }
            _ => Ok(()),
        }
    }
}

macro_rules! catalog {
    ($($name:ident $family:ident $unit:literal [$low:expr, $high:expr] $scale:ident $meaning:literal $missing:literal)*) => {
        /// The features of the `account` detector, in order.
        pub const ACCOUNT_FEATURES: &[FeatureDefinition] = &[$(FeatureDefinition {
            name: stringify!($name),
            family: Family::$family,
            unit: $unit,
            low: $low,
            high: $high,
            scale: Scale::$scale,
            meaning: $meaning,
            missing: $missing,
        }),*];
    };
}

const MANY: f64 = 1e18;

catalog! {
    posting_cadence Temporal "s" [0.0, MANY] Logarithmic
        "mean gap between consecutive publications (post, comment, repost, share)" "fewer than two publications"
    posting_cadence_std Temporal "s" [0.0, MANY] Logarithmic
        "population standard deviation of the gaps between publications" "fewer than two publications"
    burst_score Temporal "" [0.0, 1.0] Linear
        "1 - events per active clock hour / events in the busiest clock hour: 0 even, towards 1 one burst" "no events"
    circadian_entropy Temporal "" [0.0, 1.0] Linear
        "entropy of the hour-of-day histogram (UTC) over ln 24: 1 is the same at every hour" "no events"
    active_hours Temporal "h" [0.0, 24.0] Linear
        "hours of the day (UTC) with activity" "no events"
    action_diversity Behavioural "nat" [0.0, 4.0] Linear
        "entropy of the kinds of action" "no events"
    typo_rate Behavioural "" [0.0, 1.0] Linear
        "share of texts with a listed misspelling, a letter three times in a row or a word twice in a row" "no texts"
    session_duration_mean Behavioural "s" [0.0, MANY] Logarithmic
        "mean time from first to last event of a session; a session ends after 30 minutes of silence" "no events"
    session_duration_std Behavioural "s" [0.0, MANY] Logarithmic
        "population standard deviation of the session durations" "no events"
    device_diversity Behavioural "" [0.0, MANY] Logarithmic
        "distinct devices, exact up to 23, estimated beyond" "no event has a device"
    content_length_mean Behavioural "characters" [0.0, MANY] Logarithmic
        "mean length of a text" "no texts"
    content_length_std Behavioural "characters" [0.0, MANY] Logarithmic
        "population standard deviation of the length of texts" "no texts"
    content_length_variance Content "characters^2" [0.0, MANY] Logarithmic
        "population variance of the length of texts" "no texts"
    duplicate_rate Content "" [0.0, 1.0] Linear
        "share of texts that equal or nearly equal one of the account's 32 texts before" "no texts"
    content_diversity Content "nat" [0.0, 4.2] Linear
        "entropy of the words over 64 buckets of their hash" "no words"
    follower_following_ratio Network "" [0.0, MANY] Logarithmic
        "followers / following, at least one following assumed" "followers or following not known"
    account_age_days Network "d" [0.0, MANY] Logarithmic
        "age of the account at its newest event" "creation time not known, or no events"
    is_verified Network "" [0.0, 1.0] Linear
        "1 when the service has verified who is behind the account" "not known"
    profile_completeness Network "" [0.0, 1.0] Linear
        "share of the known profile parts (display name, description, location, website, avatar) that are filled in"
        "no part known"
    followers Network "" [0.0, MANY] Logarithmic
        "accounts that follow this one" "not known"
    following Network "" [0.0, MANY] Logarithmic
        "accounts this one follows" "not known"
    gap_p10 Temporal "s" [0.0, MANY] Logarithmic
        "gap that a tenth of those between events are below, to a factor of 2: even in ln(1 + gap) within a bin"
        "fewer than three events"
    gap_median Temporal "s" [0.0, MANY] Logarithmic
        "median gap between events, to a factor of 2: even in ln(1 + gap) within a bin"
        "fewer than three events"
    gap_p90 Temporal "s" [0.0, MANY] Logarithmic
        "gap that nine tenths of those between events are below, to a factor of 2: even in ln(1 + gap) within a bin"
        "fewer than three events"
    gap_cv Temporal "" [0.0, MANY] Logarithmic
        "standard deviation of the gaps between events over their mean: 0 a clockwork, 1 chance, above it bursts"
        "fewer than three events, or all at one instant"
    gap_entropy Temporal "" [0.0, 1.0] Linear
        "entropy of the gaps between events over 24 bins of their logarithm, over the most that so many can have, ln(min(gaps, 24)): 0 all in one bin"
        "fewer than three events"
    autocorrelation_1h Temporal "" [-1.0, 1.0] Linear
        "autocorrelation of the events by clock hour, from first to last event, at a lag of one hour"
        "fewer than 3 hours, or as many events in each"
    autocorrelation_24h Temporal "" [-1.0, 1.0] Linear
        "autocorrelation of the events by clock hour, from first to last event, at a lag of 24 hours: towards 1 each day as the one before"
        "fewer than 48 hours, or as many events in each"
    night_share Temporal "" [0.0, 0.25] Linear
        "share of events in the account's own night: its quietest six hours of the day in a row" "fewer than ten events"
    weekend_share Temporal "" [0.0, 1.0] Linear
        "share of events on Saturdays and Sundays, UTC" "no events"
    trend Temporal "" [-1.0, 1.0] Linear
        "where between first and last event the mean of all times lies: -1 near the first, 0 evenly spread, 1 near the last"
        "fewer than three events, or all at one instant"
    longest_silence Temporal "s" [0.0, MANY] Logarithmic
        "longest gap between two events, whole seconds" "fewer than two events"
    ip_diversity Behavioural "" [0.0, MANY] Logarithmic
        "distinct addresses, estimated (linear counting), at most 710" "no event has an address"
    target_diversity Behavioural "" [0.0, MANY] Logarithmic
        "distinct targets, estimated (linear counting), at most 710" "no event has a target"
    country_diversity Behavioural "" [0.0, MANY] Logarithmic
        "distinct countries, estimated (linear counting)" "no event has a country"
    event_count Behavioural "" [0.0, MANY] Logarithmic
        "events observed" "no events"
    url_diversity Content "" [0.0, MANY] Logarithmic
        "distinct hosts that texts link to, of each text the first, estimated (linear counting), at most 710; 0 without links"
        "no texts"
    link_rate Content "" [0.0, 1.0] Linear
        "share of texts with a link" "no texts"
    mention_rate Content "" [0.0, MANY] Logarithmic
        "mentions per text" "no texts"
    capital_share Content "" [0.0, 1.0] Linear
        "share of upper case among letters that have case, links and mentions left out" "no such letters"
    emoji_rate Content "" [0.0, MANY] Logarithmic
        "emoji per text" "no texts"
    template_rate Content "" [0.0, 1.0] Linear
        "share of texts that have the words of one of the account's 16 texts before, in order, with links, mentions and numbers masked"
        "no texts"
    copied_rate Network "" [0.0, 1.0] Linear
        "share of texts that nearly equal a text another account was the first to use"
        "accounts not compared, or no text with enough words"
    copy_accounts Network "" [0.0, MANY] Logarithmic
        "other accounts that use nearly the same texts" "accounts not compared, or no text with enough words"
    shared_device_degree Network "" [0.0, MANY] Logarithmic
        "other accounts on the most widely shared of its devices"
        "accounts not compared, or no event has a device"
    shared_ip_degree Network "" [0.0, MANY] Logarithmic
        "other accounts on the most widely shared of its addresses"
        "accounts not compared, or no event has an address"
    lockstep_score Network "" [0.0, 1.0] Linear
        "strongest similarity with another account in what was done to which targets at the same time"
        "accounts not compared"
    lockstep_accounts Network "" [0.0, MANY] Logarithmic
        "other accounts of the group it acts in lockstep with; 0 in no group" "accounts not compared"
}

/// Identifies the names, order, units, ranges and meanings of the features: 16 hexadecimal digits. A model carries the
/// fingerprint of the schema it was trained on and is refused by any other.
#[must_use]
pub fn schema_fingerprint() -> String {
    let mut digest = Sha256::new();
    for feature in ACCOUNT_FEATURES {
        let line = format!(
            "{}|{}|{}|{}|{}|{:?}|{}|{}\n",
            feature.name,
            feature.family.name(),
            feature.unit,
            feature.low,
            feature.high,
            feature.scale,
            feature.meaning,
            feature.missing
        );
        digest.update(line);
    }
    digest.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_published_ones_in_order() {
        let names: Vec<_> = ACCOUNT_FEATURES.iter().map(|feature| feature.name).collect();
        assert_eq!(names.len(), 48);
        assert_eq!(names[0], "posting_cadence");
        assert_eq!(names[20..22], ["following", "gap_p10"]);
        assert_eq!(names[47], "lockstep_accounts");
        assert_eq!(schema_fingerprint().len(), 16);
    }

    #[test]
    fn impossible_values_are_named() {
        let burst = &ACCOUNT_FEATURES[2];
        let message = burst.check(Some(2.0)).map_err(|error| error.to_string());
        assert_eq!(message, Err("feature burst_score is 2, outside 0 to 1".to_owned()));
        let message = burst.check(Some(f64::NAN)).map_err(|error| error.to_string());
        assert_eq!(message, Err("feature burst_score is NaN, not a finite number".to_owned()));
        assert!(burst.check(None).is_ok());
    }
}
