//! From state, profile and network to the features of the `account` detector.

use super::{ACCOUNT_FEATURE_COUNT, ACCOUNT_FEATURES, FeatureVector};
use crate::event::SECOND;
use crate::network::Network;
use crate::profile::Profile;
use crate::state::{AccountState, DistinctBits, GAP_BINS};

/// The features of one account. A pure function of what was observed: the same for the trigger, for SQL, for a batch and
/// for training. An account's age is taken at its newest event, so that a score does not move while nothing happens.
#[must_use]
pub fn account_features(state: &AccountState, profile: &Profile, network: &Network) -> FeatureVector {
    let active = (state.events() > 0).then_some(());
    let publication_gaps = state.publication_gaps();
    let gaps = Some(state.gaps()).filter(|gaps| gaps.count() >= 2);
    let gap_quantile = |share: f64| gaps.and_then(|_| state.gap_quantile(share));
    let sessions = state.session_lengths();
    let lengths = state.text_lengths();
    let per_text = |count: u32| lengths.mean().map(|_| f64::from(count) / f64::from(lengths.count()));
    let (followers, following) = (profile.followers.map(|n| n.max(0)), profile.following.map(|n| n.max(0)));
    let values = [
        publication_gaps.mean(),
        publication_gaps.deviation(),
        active.map(|()| burst_score(state)),
        active.map(|()| (entropy(state.hour_counts()) / 24f64.ln()).clamp(0.0, 1.0)),
        active.map(|()| state.hour_counts().filter(|count| *count > 0.0).count() as f64),
        active.map(|()| entropy(state.action_counts())),
        per_text(state.texts_with_typo()),
        sessions.mean(),
        sessions.deviation(),
        state.devices().estimate(),
        lengths.mean(),
        lengths.deviation(),
        lengths.variance(),
        per_text(state.near_duplicates()),
        state.word_counts().any(|count| count > 0.0).then(|| entropy(state.word_counts())),
        followers.zip(following).map(|(followers, following)| followers as f64 / following.max(1) as f64),
        account_age_days(state, profile),
        profile.is_verified.map(f64::from),
        profile.completeness(),
        followers.map(|count| count as f64),
        following.map(|count| count as f64),
        gap_quantile(0.1),
        gap_quantile(0.5),
        gap_quantile(0.9),
        gaps.and_then(|gaps| Some(gaps.deviation()? / gaps.mean().filter(|mean| *mean > 0.0)?)),
        gaps.map(|gaps| gap_entropy(state, gaps.count())),
        state.hourly_autocorrelation(),
        state.daily_autocorrelation(),
        night_share(state),
        active.map(|()| f64::from(state.weekend_events()) / state.events() as f64),
        gaps.and_then(|_| trend(state)),
        (state.events() >= 2).then(|| f64::from(state.longest_gap())),
        known(state.addresses()),
        known(state.targets()),
        known(state.countries()),
        active.map(|()| state.events() as f64),
        lengths.mean().map(|_| state.hosts().estimate()),
        per_text(state.texts_with_link()),
        per_text(state.mentions()),
        (state.letters() > 0).then(|| state.capitals() as f64 / state.letters() as f64),
        per_text(state.emoji()),
        per_text(state.texts_with_known_template()),
        network.copied_rate,
        network.copy_accounts,
        network.shared_device_degree,
        network.shared_ip_degree,
        network.lockstep_score,
        network.lockstep_accounts,
    ];
    FeatureVector { values: possible(values) }
}

/// Every value within what its feature can have: a table may hold nine quintillion followers.
fn possible(values: [Option<f64>; ACCOUNT_FEATURE_COUNT]) -> [Option<f64>; ACCOUNT_FEATURE_COUNT] {
    let mut values = values.map(|value| value.filter(|value| value.is_finite()));
    for (definition, value) in ACCOUNT_FEATURES.iter().zip(&mut values) {
        *value = value.map(|value| value.clamp(definition.low, definition.high));
    }
    values
}

/// Entropy of the gaps over the most that so many of them can have: without that, few gaps would always look regular.
fn gap_entropy(state: &AccountState, gaps: u32) -> f64 {
    let bins = f64::from(gaps).min(GAP_BINS as f64);
    (entropy(state.gap_bins()) / bins.ln()).clamp(0.0, 1.0)
}

/// How far the busiest clock hour stands above the mean active one: 0 when all are alike, towards 1 for one burst.
fn burst_score(state: &AccountState) -> f64 {
    let mean = state.events() as f64 / f64::from(state.active_clock_hours());
    (1.0 - mean / f64::from(state.busiest_clock_hour())).clamp(0.0, 1.0)
}

/// Share of the events within the account's own night: its quietest six hours in a row. Whoever sleeps has one, in any time
/// zone.
fn night_share(state: &AccountState) -> Option<f64> {
    let hours: Vec<f64> = state.hour_counts().collect();
    let in_six_hours = |start: usize| (start..start + 6).map(|hour| hours[hour % 24]).sum::<f64>();
    let quietest = (0..24).map(in_six_hours).fold(f64::INFINITY, f64::min);
    (state.events() >= 10).then(|| quietest / hours.iter().sum::<f64>())
}

/// Where the mean of all times lies between the first, -1, and the last, 1.
fn trend(state: &AccountState) -> Option<f64> {
    let span = (state.last_at()? - state.first_at()?) as f64 / SECOND as f64;
    (span > 0.0).then_some(2.0 * state.mean_since_first()? / span - 1.0)
}

/// Distinct names; missing where no event has any.
fn known(names: &DistinctBits) -> Option<f64> {
    Some(names.estimate()).filter(|estimate| *estimate > 0.0)
}

fn account_age_days(state: &AccountState, profile: &Profile) -> Option<f64> {
    let age = state.last_at()?.saturating_sub(profile.created_at?);
    Some((age as f64 / (86_400 * SECOND) as f64).max(0.0))
}

/// Shannon entropy of counts, in nats; 0 without counts.
fn entropy(counts: impl Iterator<Item = f64> + Clone) -> f64 {
    let total: f64 = counts.clone().sum();
    let sum: f64 = counts.filter(|count| *count > 0.0).map(|count| count * count.ln()).sum();
    if total > 0.0 { (total.ln() - sum / total).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::event::{Action, Event};

    #[test]
    fn an_account_without_anything_has_no_features() {
        let features = account_features(&AccountState::default(), &Profile::default(), &Network::default());
        assert!(features.values().iter().all(Option::is_none));
    }

    #[test]
    fn every_value_is_possible() {
        let mut state = AccountState::default();
        for i in 0..100 {
            let mut event =
                Event::new((1_700_000_000 + i * i * 60) * SECOND, Action::from_code((i % 5) as u8));
            event.content = Some("one two three");
            event.device = Some("phone");
            event.target = Some("somebody");
            event.ip = Some(IpAddr::from([192, 0, 2, 1]));
            event.country = Some("IS");
            state.observe(&event);
        }
        let profile = Profile {
            created_at: Some(0),
            is_verified: Some(true),
            followers: Some(10),
            following: Some(0),
            parts: [Some(true), Some(false), None, None, None],
        };
        let network = Network {
            copied_rate: Some(2.0),
            copy_accounts: Some(3.0),
            shared_device_degree: Some(4.0),
            shared_ip_degree: Some(5.0),
            lockstep_score: Some(0.5),
            lockstep_accounts: Some(6.0),
        };
        let features = account_features(&state, &profile, &network);
        assert!(features.values().iter().all(Option::is_some));
        assert_eq!(FeatureVector::new(features.values()), Ok(features.clone()));
        assert_eq!(features.get("follower_following_ratio"), Some(10.0));
        assert_eq!(features.get("profile_completeness"), Some(0.5));
        assert_eq!(features.get("duplicate_rate"), Some(0.99));
        assert_eq!(features.get("device_diversity"), Some(1.0));
        assert_eq!(features.get("copied_rate"), Some(1.0), "it is brought into range");
        assert_eq!(features.values()[43..], [3.0, 4.0, 5.0, 0.5, 6.0].map(Some));
    }

    /// Features of accounts of which only times are known, in seconds after 2023-11-13 00:00 UTC, a Monday.
    fn of_times(seconds: impl IntoIterator<Item = i64>) -> FeatureVector {
        let mut state = AccountState::default();
        for second in seconds {
            let order = state.events() as i64 + 1;
            state.observe(&Event { order, ..Event::new((1_699_833_600 + second) * SECOND, Action::Like) });
        }
        account_features(&state, &Profile::default(), &Network::default())
    }

    /// Features of an account that wrote these texts, a minute apart.
    fn of_texts(texts: &[&str]) -> FeatureVector {
        let mut state = AccountState::default();
        for (minute, text) in (0..).zip(texts) {
            let content = Some(*text);
            state.observe(&Event { content, ..Event::new(minute * 60 * SECOND, Action::Post) });
        }
        account_features(&state, &Profile::default(), &Network::default())
    }

    fn assert_close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}, not {expected}");
    }

    #[test]
    fn gaps_between_all_events_by_hand() {
        // Gaps of 1, 1, 1, 9 s: three in the bin from 1 s to 3 s, one in that from 7 s to 15 s.
        let features = of_times([0, 1, 2, 3, 12]);
        // 0.4 of the 3 in the first bin, 2 of them, then 0.6 of the 1 in the other.
        assert_close(features.get("gap_p10"), 2f64.powf(1.0 + 0.4 / 3.0) - 1.0);
        assert_close(features.get("gap_median"), 2f64.powf(1.0 + 2.0 / 3.0) - 1.0);
        assert_close(features.get("gap_p90"), 2f64.powf(3.6) - 1.0);
        // Mean 3, deviations -2, -2, -2 and 6: variance 12.
        assert_close(features.get("gap_cv"), 12f64.sqrt() / 3.0);
        let entropy = -(0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln());
        assert_close(features.get("gap_entropy"), entropy / 4f64.ln());
        // Thirty gaps, of which one is long: of more than 24, all bins could have some.
        let features = of_times((0..30).chain([1_000]));
        let entropy = -(29.0 / 30.0 * (29f64 / 30.0).ln() + (1f64 / 30.0) * (1f64 / 30.0).ln());
        assert_close(features.get("gap_entropy"), entropy / 24f64.ln());
        let features = of_times([0, 1, 2, 3, 12]);
        assert_close(features.get("longest_silence"), 9.0);
        assert_close(features.get("event_count"), 5.0);
        // The times 0, 1, 2, 3, 12 have a mean of 3.6: 0.3 of the way.
        assert_close(features.get("trend"), -0.4);
    }

    #[test]
    fn a_clockwork_has_even_gaps() {
        let features = of_times((0..50).map(|event| event * 60));
        assert_eq!((features.get("gap_cv"), features.get("gap_entropy")), (Some(0.0), Some(0.0)));
        assert_close(features.get("trend"), 0.0);
    }

    #[test]
    fn few_events_have_no_gaps_to_speak_of() {
        let of_gaps = ["gap_p10", "gap_median", "gap_p90", "gap_cv", "gap_entropy", "trend"];
        let (two, instant) = (of_times([0, 5]), of_times([7; 3]));
        assert!(of_gaps.iter().all(|name| two.get(name).is_none()));
        assert_eq!((two.get("longest_silence"), of_times([0]).get("longest_silence")), (Some(5.0), None));
        assert_eq!((instant.get("gap_cv"), instant.get("trend")), (None, None));
        // All three below 1 s: half of the way through the first bin.
        assert_close(instant.get("gap_median"), 2f64.sqrt() - 1.0);
    }

    #[test]
    fn the_night_is_where_an_account_is_quietest() {
        // One event in each hour but those from 20 to 23, where there are none, and another one at 10.
        let mut hours: Vec<i64> = (0..20).collect();
        hours.push(34);
        let features = of_times(hours.into_iter().map(|hour| hour * 3_600).collect::<Vec<_>>());
        // Six hours from 18, 19 or 20 on hold two events of 21.
        assert_close(features.get("night_share"), 2.0 / 21.0);
    }

    #[test]
    fn hours_and_days_by_hand() {
        const HOUR: i64 = 3_600;
        // On Monday at 05:59 and 06:00, on Saturday at 00:00, on Sunday at 23:59, on the Monday after at 00:00.
        let features = of_times([6 * HOUR - 60, 6 * HOUR, 120 * HOUR, 168 * HOUR - 60, 168 * HOUR]);
        assert_eq!(features.get("night_share"), None, "five events show no night");
        assert_close(features.get("weekend_share"), 0.4);
        // Two, none and one event an hour, mean 1: deviations 1, -1, 0.
        let features = of_times([0, 1, 2 * HOUR]);
        assert_close(features.get("autocorrelation_1h"), -0.5);
        assert_eq!(features.get("autocorrelation_24h"), None);
        assert_eq!(of_times([0, 1, HOUR]).get("autocorrelation_1h"), None);
        // Events in hours 0, 24 and 47 of 48, mean 1/16: three of 15/16, else -1/16. Of the 24 pairs a day apart, one is of
        // two events, another holds the last.
        let features = of_times([0, 24 * HOUR, 47 * HOUR]);
        let covariance = (15.0 * 15.0 - 15.0 + 22.0) / 256.0;
        let variance = (3.0 * 15.0 * 15.0 + 45.0) / 256.0;
        assert_close(features.get("autocorrelation_24h"), covariance / variance);
    }

    #[test]
    fn distinct_names_are_counted() {
        let mut state = AccountState::default();
        for i in 0..10u8 {
            let (target, country) = (format!("target-{}", i % 4), format!("country-{}", i % 2));
            state.observe(&Event {
                target: Some(&target),
                country: Some(&country),
                ip: Some(IpAddr::from([192, 0, 2, i % 3])),
                ..Event::new(i64::from(i) * SECOND, Action::Like)
            });
        }
        let features = account_features(&state, &Profile::default(), &Network::default());
        assert_eq!(features.get("ip_diversity"), Some(3.0));
        assert_eq!(features.get("target_diversity"), Some(4.0));
        assert_eq!(features.get("country_diversity"), Some(2.0));
        assert_eq!(of_times([0]).get("ip_diversity"), None);
    }

    #[test]
    fn texts_by_hand() {
        let features = of_texts(&[
            "Hi @anna, win 500 at https://x.com",
            "HI @bob, win 900 at https://y.com/z",
            "nothing 👋",
            "https://www.x.com/1 @anna @carl",
        ]);
        assert_eq!(features.get("url_diversity"), Some(2.0));
        assert_eq!(features.get("link_rate"), Some(0.75));
        assert_eq!(features.get("mention_rate"), Some(1.0));
        assert_eq!(features.get("emoji_rate"), Some(0.25));
        assert_eq!(features.get("template_rate"), Some(0.25));
        // "Hi win at", "HI win at" and "nothing": 21 letters, 3 of them capitals.
        assert_close(features.get("capital_share"), 3.0 / 21.0);
        let without_case = of_texts(&["123 日本"]);
        assert_eq!((without_case.get("capital_share"), without_case.get("url_diversity")), (None, Some(0.0)));
        assert_eq!(of_times([0]).get("link_rate"), None);
    }

    #[test]
    fn a_template_is_known_for_sixteen_texts() {
        let others: Vec<String> = ('a'..='p').map(|letter| format!("only {letter}")).collect();
        let mut texts: Vec<&str> = others.iter().map(String::as_str).collect();
        texts.insert(0, "win 1 now");
        texts.push("win 2 now");
        assert_eq!(of_texts(&texts).get("template_rate"), Some(0.0));
        texts.remove(1);
        assert_eq!(of_texts(&texts).get("template_rate"), Some(1.0 / 17.0));
    }

    #[test]
    fn entropy_of_even_counts_is_the_logarithm() {
        assert!((entropy([3.0; 8].into_iter()) - 8f64.ln()).abs() < 1e-12);
        assert_eq!(entropy([5.0, 0.0].into_iter()), 0.0);
        assert_eq!(entropy([0.0; 4].into_iter()), 0.0);
    }
}
