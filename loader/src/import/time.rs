//! Points in time, as files write them.
//!
//! | written | read as |
//! | --- | --- |
//! | `2024-03-16T00:00:08.000Z`, `2024-03-16 01:00:08+01:00` | RFC 3339 |
//! | `2024-03-16 00:00:08`, with `T`, with a fraction, with ` UTC` | UTC |
//! | `2024-03-16` | midnight, UTC |
//! | `Sat Mar 16 00:00:08 +0000 2024` | as it says |
//! | a number from 1e8 to below 1e11 | seconds since 1970 |
//! | ... 1e14 | milliseconds since 1970 |
//! | ... 1e17 | microseconds since 1970 |
//! | ... 1e20 | nanoseconds since 1970 |
//!
//! The four ranges of numbers all stand for March 1973 to November 5138, so that a number has one meaning only. Smaller
//! ones are refused: they are years or dates written together (`20240316`) rather than moments of the early 1970s.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};

const WITH_ZONE: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f%#z", "%a %b %d %H:%M:%S %z %Y"];
const WITHOUT_ZONE: [&str; 3] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f UTC"];

/// The time that a text stands for, in microseconds since 1970 (UTC).
pub(super) fn from_text(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return from_integer(whole);
    }
    if let Ok(fraction) = text.parse::<f64>() {
        return from_fraction(fraction);
    }
    let moment = with_zone(text).or_else(|| without_zone(text))?;
    // Year 0 and years of five digits are slips of the pen, and PostgreSQL knows no year 0.
    (1..=9999).contains(&moment.year()).then(|| moment.timestamp_micros())
}

/// The time that a whole number stands for.
pub(super) fn from_integer(number: i64) -> Option<i64> {
    match number {
        100_000_000..100_000_000_000 => Some(number * 1_000_000),
        100_000_000_000..100_000_000_000_000 => Some(number * 1_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number),
        100_000_000_000_000_000.. => Some(number / 1_000),
        _ => None,
    }
}

/// The time that a number with a fraction stands for: seconds or milliseconds, to the microsecond.
pub(super) fn from_fraction(number: f64) -> Option<i64> {
    let scale = match number {
        1e8..1e11 => 1e6,
        1e11..1e14 => 1e3,
        1e14..1e17 => 1.0,
        _ => return None,
    };
    Some((number * scale).round() as i64)
}

fn with_zone(text: &str) -> Option<DateTime<Utc>> {
    let standard = DateTime::parse_from_rfc3339(text).ok();
    let parse = |format: &&str| DateTime::parse_from_str(text, format).ok();
    let moment = standard.or_else(|| WITH_ZONE.iter().find_map(parse))?;
    Some(moment.to_utc())
}

fn without_zone(text: &str) -> Option<DateTime<Utc>> {
    let parse = |format: &&str| NaiveDateTime::parse_from_str(text, format).ok();
    let midnight = || Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN));
    let moment = WITHOUT_ZONE.iter().find_map(parse).or_else(midnight)?;
    Some(moment.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-03-16 00:00:08.
    const MOMENT: i64 = 1_710_547_208_000_000;

    #[test]
    fn every_way_of_writing_gives_the_same_moment() {
        for text in [
            "2024-03-16T00:00:08Z",
            "2024-03-16T00:00:08.000Z",
            "2024-03-16T01:00:08+01:00",
            "2024-03-16 01:00:08+01:00",
            "2024-03-16 00:00:08+00",
            "2024-03-16 00:00:08",
            "2024-03-16T00:00:08.000",
            "2024-03-16 00:00:08 UTC",
            " 2024-03-16 00:00:08 ",
            "Sat Mar 16 00:00:08 +0000 2024",
            "1710547208",
            "1710547208.0",
            "1710547208000",
            "1710547208000000",
            "1710547208000000000",
        ] {
            assert_eq!(from_text(text), Some(MOMENT), "{text}");
        }
        assert_eq!(from_text("2024-03-16"), Some(MOMENT - 8_000_000));
        assert_eq!(from_text("1710547208.25"), Some(MOMENT + 250_000));
    }

    #[test]
    fn moments_before_1970_can_be_written_out() {
        assert_eq!(from_text("1969-12-31T23:59:59Z"), Some(-1_000_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            " ",
            "yesterday",
            "2024",
            "20240316",
            "0",
            "-5",
            "NaN",
            "inf",
            "1e300",
            "2024-13-01",
            "2024-02-30",
            "2024-03-16T25:00:00Z",
            "0000-00-00 00:00:00",
            "0000-01-01",
            "16.03.2024",
            "2024-03-16T00:00:08ZZ",
            "99999-01-01",
            "+12024-03-16",
        ] {
            assert_eq!(from_text(text), None, "{text}");
        }
    }
}
