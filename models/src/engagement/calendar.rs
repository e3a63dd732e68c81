//! Hours as numbers since 1970 (UTC), and what they are in a week.

/// Microseconds in an hour.
pub const HOUR: i64 = 3_600_000_000;
/// Hours in a day.
pub(super) const DAY: usize = 24;
/// Hours in a week.
pub(super) const WEEK: usize = 7 * DAY;

/// 1970 began on a Thursday; this many days later than a Sunday.
const FIRST_WEEKDAY: i64 = 4;

/// The hour that a time falls into; microseconds since 1970.
#[must_use]
pub fn hour_of(time: i64) -> i64 {
    time.div_euclid(HOUR)
}

/// Hour of the day, 0 to 23, so many hours east of UTC.
pub(super) fn hour_of_day(hour: i64, offset: i64) -> usize {
    (hour + offset).rem_euclid(DAY as i64) as usize
}

/// Whether it is Saturday or Sunday, so many hours east of UTC.
pub(super) fn is_weekend(hour: i64, offset: i64) -> bool {
    let weekday = ((hour + offset).div_euclid(DAY as i64) + FIRST_WEEKDAY).rem_euclid(7);
    weekday == 0 || weekday == 6
}
