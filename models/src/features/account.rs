//! From state and profile to the 21 features of the `account` detector.

use super::{ACCOUNT_FEATURE_COUNT, ACCOUNT_FEATURES, FeatureVector};
use crate::event::SECOND;
use crate::profile::Profile;
use crate::state::AccountState;

/// The features of one account. A pure function of what was observed: the same for the trigger, for SQL, for a batch and
/// for training. An account's age is taken at its newest event, so that a score does not move while nothing happens.
#[must_use]
pub fn account_features(state: &AccountState, profile: &Profile) -> FeatureVector {
    let active = (state.events() > 0).then_some(());
    let gaps = state.publication_gaps();
    let sessions = state.session_lengths();
    let lengths = state.text_lengths();
    let share_of_texts = |count: u32| lengths.mean().map(|_| f64::from(count) / f64::from(lengths.count()));
    let (followers, following) = (profile.followers.map(|n| n.max(0)), profile.following.map(|n| n.max(0)));
    let values = [
        gaps.mean(),
        gaps.deviation(),
        active.map(|()| burst_score(state)),
        active.map(|()| (entropy(state.hour_counts()) / 24f64.ln()).clamp(0.0, 1.0)),
        active.map(|()| state.hour_counts().filter(|count| *count > 0.0).count() as f64),
        active.map(|()| entropy(state.action_counts())),
        share_of_texts(state.texts_with_typo()),
        sessions.mean(),
        sessions.deviation(),
        state.devices().estimate(),
        lengths.mean(),
        lengths.deviation(),
        lengths.variance(),
        share_of_texts(state.near_duplicates()),
        state.word_counts().any(|count| count > 0.0).then(|| entropy(state.word_counts())),
        followers.zip(following).map(|(followers, following)| followers as f64 / following.max(1) as f64),
        account_age_days(state, profile),
        profile.is_verified.map(f64::from),
        profile.completeness(),
        followers.map(|count| count as f64),
        following.map(|count| count as f64),
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

/// How far the busiest clock hour stands above the mean active one: 0 when all are alike, towards 1 for one burst.
fn burst_score(state: &AccountState) -> f64 {
    let mean = state.events() as f64 / f64::from(state.active_clock_hours());
    (1.0 - mean / f64::from(state.busiest_clock_hour())).clamp(0.0, 1.0)
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
    use super::*;
    use crate::event::{Action, Event};

    #[test]
    fn an_account_without_anything_has_no_features() {
        let features = account_features(&AccountState::default(), &Profile::default());
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
            state.observe(&event);
        }
        let profile = Profile {
            created_at: Some(0),
            is_verified: Some(true),
            followers: Some(10),
            following: Some(0),
            parts: [Some(true), Some(false), None, None, None],
        };
        let features = account_features(&state, &profile);
        assert!(features.values().iter().all(Option::is_some));
        assert_eq!(FeatureVector::new(features.values()), Ok(features.clone()));
        assert_eq!(features.get("follower_following_ratio"), Some(10.0));
        assert_eq!(features.get("profile_completeness"), Some(0.5));
        assert_eq!(features.get("duplicate_rate"), Some(0.99));
        assert_eq!(features.get("device_diversity"), Some(1.0));
    }

    #[test]
    fn entropy_of_even_counts_is_the_logarithm() {
        assert!((entropy([3.0; 8].into_iter()) - 8f64.ln()).abs() < 1e-12);
        assert_eq!(entropy([5.0, 0.0].into_iter()), 0.0);
        assert_eq!(entropy([0.0; 4].into_iter()), 0.0);
    }
}
