use super::calendar::{hour_of_day, is_weekend};
use super::{
    Analysis, Attack, Counts, ENGAGEMENT_FEATURES, LEAST_HOURS, MOST_COUNTED, MOST_HOURS, Metric, Series,
    SeriesError, engagement_features, engagement_schema,
};
use crate::hash::mix64;

/// A Monday at midnight.
const MONDAY: i64 = 482_088;

/// Noise of a tenth, the same every time.
fn noise(hour: usize, metric: usize) -> f64 {
    1.0 + 0.2 * ((mix64((hour * 4 + metric) as u64) % 1_000) as f64 / 1_000.0 - 0.5)
}

/// Four metrics with a daily cycle, times a factor.
fn series(hours: usize, factor: impl Fn(usize, Metric) -> f64) -> Series {
    let mut series = Series::default();
    for hour in 0..hours {
        let day = 1.0 + 0.6 * (std::f64::consts::TAU * (hour as f64 - 19.0) / 24.0).cos();
        let mut place = 0;
        let counts = [400.0, 40.0, 8.0, 6.0].map(|level| {
            let metric = Metric::ALL[place];
            place += 1;
            Some((level * day * noise(hour, place) * factor(hour, metric)).round() as u64)
        });
        series.add(MONDAY + hour as i64, counts);
    }
    series
}

#[test]
fn hours_of_the_week() {
    assert_eq!(hour_of_day(MONDAY, 0), 0);
    assert_eq!(hour_of_day(MONDAY, -3), 21);
    assert!(is_weekend(MONDAY - 1, 0) && !is_weekend(MONDAY, 0) && !is_weekend(MONDAY - 1, 2));
    assert!(is_weekend(MONDAY + 120, 0) && !is_weekend(MONDAY + 119, 0));
}

#[test]
fn rows_come_in_any_order_and_hours_are_added_up() {
    let mut series = Series::default();
    series.add(10, [Some(5), Some(1), None, Some(0)]);
    series.add(7, [Some(2), None, None, None]);
    series.add(10, [Some(3), None, Some(4), Some(MOST_COUNTED)]);
    let rows: Vec<(i64, Counts)> = series.iter().map(|(hour, counts)| (hour, *counts)).collect();
    assert_eq!(rows[0], (7, [Some(2), None, None, None]));
    assert_eq!(rows[1], (10, [Some(8), Some(1), Some(4), Some(MOST_COUNTED)]), "capped, and never wrapping");
    assert_eq!(
        (series.span(), series.missing(), series.is_cut()),
        (4, 2, false),
        "gaps are missing, not zero"
    );
    assert_eq!(Series::from_bytes(&series.to_bytes()), Ok(series));
}

#[test]
fn the_last_year_is_kept_whatever_the_order() {
    let hours = [5, MOST_HOURS as i64 + 4, MOST_HOURS as i64 + 5, 100, 6];
    let mut forwards = Series::default();
    hours.iter().for_each(|hour| forwards.add(*hour, [Some(1); 4]));
    let mut backwards = Series::default();
    hours.iter().rev().for_each(|hour| backwards.add(*hour, [Some(1); 4]));
    assert_eq!(forwards, backwards);
    assert_eq!((forwards.first(), forwards.is_cut(), forwards.span()), (Some(6), true, MOST_HOURS));
    assert_eq!(Series::from_bytes(&forwards.to_bytes()), Ok(forwards));
    let mut farthest = Series::default();
    farthest.add(i64::MAX, [Some(1); 4]);
    farthest.add(i64::MIN, [Some(1); 4]);
    assert_eq!(Series::from_bytes(&farthest.to_bytes()), Ok(farthest));
}

#[test]
fn what_is_no_series_is_refused_and_never_panics() {
    assert_eq!(Series::from_bytes(&[]), Err(SeriesError::Truncated(0)));
    assert_eq!(Series::from_bytes(&[9]), Err(SeriesError::Version { found: 9 }));
    let bytes = series(60, |_, _| 1.0).to_bytes();
    assert!(Series::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    for place in 0..bytes.len() {
        for value in [0, 1, 0x10, 0x7f, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[place] = value;
            if let Ok(series) = Series::from_bytes(&bytes) {
                let features = engagement_features(&series);
                assert!(features.iter().flatten().all(|value| value.is_finite()));
            }
        }
    }
}

#[test]
fn too_little_is_said() {
    let short = series(LEAST_HOURS - 1, |_, _| 1.0);
    assert_eq!(Analysis::of(&short).err().map(|short| short.hours), Some(LEAST_HOURS - 1));
    assert!(engagement_features(&short).iter().all(Option::is_none));
    assert!(Analysis::of(&series(LEAST_HOURS, |_, _| 1.0)).is_ok());
    assert!(Analysis::of(&Series::default()).is_err());
}

#[test]
fn a_quiet_series_has_no_windows_and_a_spike_has_one() {
    let quiet = Analysis::of(&series(336, |_, _| 1.0)).expect("it is long enough");
    assert!(quiet.windows().is_empty(), "{:?}", quiet.windows());
    assert_eq!(quiet.suspicion().to_bits(), 0);
    let likes = |hour, metric| if metric == Metric::Likes && (200..248).contains(&hour) { 3.0 } else { 1.0 };
    let found = Analysis::of(&series(336, likes)).expect("it is long enough");
    let windows = found.windows();
    let [window] = windows.as_slice() else { panic!("one window: {windows:?}") };
    assert_eq!((window.metric, window.attack), (Metric::Likes, Some(Attack::LikeOnlyInflation)));
    assert_eq!((window.from - MONDAY, window.to - MONDAY), (200, 248));
    assert!((window.ratio - 3.0).abs() < 0.15, "{}", window.ratio);
    assert!(window.evidence.contains("does not fit the other metrics"), "{}", window.evidence);
    assert!(found.suspicion() > 0.3);
}

#[test]
fn five_days_of_attack_do_not_become_the_baseline() {
    let drip =
        |hour, metric| if metric != Metric::Comments && (150..270).contains(&hour) { 2.0 } else { 1.0 };
    let found = Analysis::of(&series(336, drip)).expect("it is long enough");
    let hours: i64 = found
        .windows()
        .iter()
        .filter(|window| window.metric == Metric::Views && window.attack.is_some())
        .map(|window| window.to.min(MONDAY + 270) - window.from.max(MONDAY + 150))
        .sum();
    assert!(hours > 100, "{:?}", found.windows());
}

#[test]
fn people_who_come_at_once_and_stay_away_slowly_are_no_attack() {
    let viral =
        |hour: usize, _| if hour < 180 { 1.0 } else { 1.0 + 4.0 * (-((hour - 180) as f64) / 9.0).exp() };
    let found = Analysis::of(&series(336, viral)).expect("it is long enough");
    assert!(!found.windows().is_empty());
    assert!(found.windows().iter().all(|window| window.attack.is_none()), "{:?}", found.windows());
}

#[test]
fn size_changes_nothing_and_gaps_little() {
    let spikes = |hour, metric| if metric != Metric::Shares && hour % 90 < 3 { 4.0 } else { 1.0 };
    let whole = series(336, spikes);
    let mut large = Series::default();
    let mut gaps = Series::default();
    for (hour, counts) in whole.iter() {
        large.add(hour, counts.map(|count| count.map(|count| count * 50)));
        if hour % 11 != 0 {
            gaps.add(hour, *counts);
        }
    }
    let windows = |series: &Series| Analysis::of(series).expect("it is long enough").windows().len();
    assert!(windows(&whole) >= 9, "{}", windows(&whole));
    let at = |name| ENGAGEMENT_FEATURES.iter().position(|feature| feature.name == name).expect("it is one");
    let of = |series: &Series, name| engagement_features(series)[at(name)].expect("it is known");
    for name in ["like_rate", "views_entropy", "views_autocorrelation_24h", "views_peak_1h", "episode_length"]
    {
        let (small, large) = (of(&whole, name), of(&large, name));
        assert!((small - large).abs() < 0.1, "{name}: {small} and {large}");
    }
    assert!(of(&gaps, "coverage") < 0.95 && (of(&gaps, "suspicion") - of(&whole, "suspicion")).abs() < 0.2);
}

#[test]
fn the_catalogue_fits_the_features() {
    let schema = engagement_schema().expect("names differ");
    assert_eq!(schema.columns().len(), ENGAGEMENT_FEATURES.len());
    assert_eq!(engagement_features(&series(200, |_, _| 1.0)).len(), ENGAGEMENT_FEATURES.len());
    assert_eq!(
        engagement_features(&series(180, |_, _| 1.0)).iter().flatten().count(),
        ENGAGEMENT_FEATURES.len() - 1,
        "a week apart is too much"
    );
    let mut unknown = Series::default();
    for (hour, counts) in series(200, |_, _| 1.0).iter() {
        unknown.add(hour, [counts[0], counts[1], None, None]);
    }
    assert!(engagement_features(&unknown).iter().flatten().count() > 40, "two metrics are enough");
    let names: std::collections::HashSet<_> = Attack::ALL.iter().map(|attack| attack.name()).collect();
    assert_eq!(names.len(), Attack::ALL.len());
}
