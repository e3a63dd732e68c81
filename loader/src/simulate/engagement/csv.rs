//! Series as files of comma-separated values.

use std::io::{Result, Write};

use botdet_models::engagement::HOUR;

use super::{METRICS, SimulatedSeries, TrueWindow};
use crate::database::timestamp;

/// Writes the header of the file of hours, as the columns of `botdet.engagement_hourly` are called.
///
/// # Errors
/// Whatever the file refuses.
pub fn write_hours_header(file: &mut impl Write) -> Result<()> {
    writeln!(file, "account_id,hour,views,likes,comments,shares")
}

/// Writes the hours of a series; returns how many.
///
/// # Errors
/// Whatever the file refuses.
pub fn write_hours(series: &SimulatedSeries, file: &mut impl Write) -> Result<u64> {
    for (hour, counts) in (series.first..).zip(&series.counts) {
        let [views, likes, comments, shares]: [u64; METRICS] = *counts;
        writeln!(file, "{},{},{views},{likes},{comments},{shares}", series.account_id, time(hour)?)?;
    }
    Ok(series.counts.len() as u64)
}

/// Writes the header of the file of windows, as the columns of `botdet.engagement_window` are called.
///
/// # Errors
/// Whatever the file refuses.
pub fn write_windows_header(file: &mut impl Write) -> Result<()> {
    writeln!(file, "account_id,metric,from_hour,to_hour,attack,profile")
}

/// Writes the true windows of a series; one that was not attacked has a line without a window, which says so. Returns how many
/// lines.
///
/// # Errors
/// Whatever the file refuses.
pub fn write_windows(series: &SimulatedSeries, file: &mut impl Write) -> Result<u64> {
    let profile = series.profile.name();
    let Some(attack) = series.attack else {
        writeln!(file, "{},,,,,{profile}", series.account_id)?;
        return Ok(1);
    };
    for TrueWindow { metric, from, to } in &series.windows {
        let (from, to) = (time(*from)?, time(*to)?);
        writeln!(file, "{},{},{from},{to},{},{profile}", series.account_id, metric.name(), attack.name())?;
    }
    Ok(series.windows.len() as u64)
}

fn time(hour: i64) -> Result<String> {
    let time = timestamp(hour * HOUR).map_err(std::io::Error::other)?;
    Ok(time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
