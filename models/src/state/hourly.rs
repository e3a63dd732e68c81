//! Events by clock hour, from the first to the latest, as far as autocorrelation needs them.

use super::codec::{Reader, StateError, Writer};
use crate::event::LATEST;

/// Hours back that the longer of the two lags looks.
const DAY: u32 = 24;
const HOURS: u32 = (LATEST / (3_600 * crate::event::SECOND)) as u32;

/// The series `x` of counts by clock hour, silent hours included, as sums over its finished hours. An hour of silence adds
/// nothing to any sum, so that a year of it costs no more than a day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct HourlySeries {
    /// Hours since the epoch.
    first: u32,
    latest: u32,
    in_latest: u32,
    /// Events in the first hour, and in the first 24.
    in_first: u32,
    in_first_day: u32,
    /// Counts of the 24 hours before the latest, each at its hour modulo 24.
    day: [u32; DAY as usize],
    /// Sums of `x[h] x[h]`, `x[h] x[h - 1]` and `x[h] x[h - 24]`.
    products: [f64; 3],
}

impl HourlySeries {
    /// Adds an event and returns how many its hour has so far. Hours must not decrease.
    pub(super) fn observe(&mut self, hour: u32) -> u32 {
        if self.in_latest == 0 {
            (self.first, self.latest) = (hour, hour);
        }
        if hour > self.latest {
            self.finish_hours(hour);
        }
        self.in_latest = self.in_latest.saturating_add(1);
        if hour == self.first {
            self.in_first = self.in_latest;
        }
        if hour - self.first.min(hour) < DAY {
            self.in_first_day = self.in_first_day.saturating_add(1);
        }
        self.in_latest
    }

    /// Moves on to a later hour; those between are silent.
    fn finish_hours(&mut self, hour: u32) {
        self.products = self.products_with_latest();
        self.day[place(self.latest)] = self.in_latest;
        for silent in self.latest + 1..hour.min(self.latest + 1 + DAY) {
            self.day[place(silent)] = 0;
        }
        self.latest = hour;
        self.in_latest = 0;
    }

    fn products_with_latest(&self) -> [f64; 3] {
        let latest = f64::from(self.in_latest);
        let before = f64::from(self.day[place(self.latest + DAY - 1)]);
        let day_before = f64::from(self.day[place(self.latest)]);
        let [same, next, next_day] = self.products;
        [same + latest * latest, next + latest * before, next_day + latest * day_before]
    }

    /// Hours from the first to the latest, both included; 0 without events.
    fn hours(&self) -> u32 {
        if self.in_latest == 0 { 0 } else { self.latest - self.first + 1 }
    }

    /// Autocorrelation at a lag of one hour, -1..=1, of a series of `events` in all: `None` for fewer than 3 hours and for
    /// counts that are all the same.
    pub(super) fn autocorrelation_of_an_hour(&self, events: f64) -> Option<f64> {
        let ends = f64::from(self.in_first) + f64::from(self.in_latest);
        (self.hours() >= 3).then(|| self.autocorrelation(events, 1, 1, ends)).flatten()
    }

    /// The same at a lag of 24 hours: `None` for fewer than 48 hours.
    pub(super) fn autocorrelation_of_a_day(&self, events: f64) -> Option<f64> {
        let others = (1..DAY).map(|ago| f64::from(self.day[place(self.latest + DAY - ago)])).sum::<f64>();
        let ends = f64::from(self.in_first_day) + f64::from(self.in_latest) + others;
        (self.hours() >= 2 * DAY).then(|| self.autocorrelation(events, 2, DAY, ends)).flatten()
    }

    /// `sum (x[h] - m)(x[h - lag] - m) / sum (x[h] - m)^2` with the mean `m` of all hours (Box & Jenkins, "Time series
    /// analysis", 1970), multiplied out. `ends` is the sum over the first and the last `lag` hours.
    fn autocorrelation(&self, events: f64, product: usize, lag: u32, ends: f64) -> Option<f64> {
        let hours = f64::from(self.hours());
        let products = self.products_with_latest();
        // Whole numbers: equal where the counts are all the same.
        let variance = hours * products[0] - events * events;
        let overlap = (hours - f64::from(lag)) / hours;
        let covariance =
            hours * products[product] - events * (2.0 * events - ends) + overlap * events * events;
        (variance > 0.0).then(|| (covariance / variance).clamp(-1.0, 1.0))
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.u32s([self.first, self.latest, self.in_latest, self.in_first, self.in_first_day]);
        out.u32s(self.day);
        out.f64s(self.products);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let [first, latest, in_latest, in_first, in_first_day] = input.u32s();
        if first > latest || latest >= HOURS {
            return Err(StateError::Corrupt("hourly series"));
        }
        let (day, products) = (input.u32s(), input.finite()?);
        Ok(Self { first, latest, in_latest, in_first, in_first_day, day, products })
    }
}

fn place(hour: u32) -> usize {
    (hour % DAY) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Autocorrelation as it is written in the books.
    fn naive(counts: &[f64], lag: usize) -> Option<f64> {
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        let variance: f64 = counts.iter().map(|x| (x - mean) * (x - mean)).sum();
        let pairs = counts.iter().zip(counts.iter().skip(lag));
        let covariance: f64 = pairs.map(|(x, later)| (x - mean) * (later - mean)).sum();
        (counts.iter().any(|x| *x != counts[0])).then(|| covariance / variance)
    }

    fn series(counts: &[u32]) -> HourlySeries {
        let mut series = HourlySeries::default();
        for (hour, count) in (400_000..).zip(counts) {
            (0..*count).for_each(|_| {
                series.observe(hour);
            });
        }
        series
    }

    fn assert_as_naive(counts: &[u32]) {
        let events = counts.iter().sum::<u32>().into();
        let exact: Vec<f64> = counts.iter().copied().map(f64::from).collect();
        let series = series(counts);
        let of = |lag: usize, least: usize| naive(&exact, lag).filter(|_| counts.len() >= least);
        let close = |found: Option<f64>, expected: Option<f64>| match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        };
        let found = series.autocorrelation_of_an_hour(events);
        assert!(close(found, of(1, 3)), "{counts:?}: {found:?}");
        let found = series.autocorrelation_of_a_day(events);
        assert!(close(found, of(24, 48)), "{counts:?}: {found:?}");
    }

    proptest! {
        #[test]
        fn sums_say_what_the_whole_series_says(
            mut counts in proptest::collection::vec(prop_oneof![3 => Just(0u32), 2 => 1..6u32], 1..120),
            silence in 0usize..100,
            last in 1..4u32,
        ) {
            counts[0] = counts[0].max(1);
            counts.extend(std::iter::repeat_n(0, silence));
            counts.push(last);
            assert_as_naive(&counts);
        }
    }

    #[test]
    fn even_and_short_series_have_no_autocorrelation() {
        for counts in [&[5][..], &[1, 2], &[3; 60], &[1, 0, 0, 0, 2]] {
            assert_as_naive(counts);
        }
        assert_eq!(series(&[3; 60]).autocorrelation_of_an_hour(180.0), None);
    }

    #[test]
    fn a_daily_rhythm_repeats_after_a_day() {
        let counts: Vec<u32> = (0..240).map(|hour| if hour % 24 < 8 { 6 } else { 0 }).collect();
        let counts = &counts[..=223];
        let found = series(counts).autocorrelation_of_a_day(counts.iter().sum::<u32>().into());
        assert!(found.is_some_and(|found| found > 0.85), "{found:?}");
    }

    #[test]
    fn years_of_silence_are_hours_too() {
        let mut series = HourlySeries::default();
        series.observe(10);
        series.observe(1_000_000);
        assert_eq!(series.hours(), 999_991);
        assert!(series.autocorrelation_of_an_hour(2.0).is_some_and(|found| found.abs() < 1e-5));
    }
}
