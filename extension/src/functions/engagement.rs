//! Hourly engagement: the aggregate that gathers a series, its features, and its anomalous windows.
//!
//! ```text
//! 0     format version (1)
//! 1     rows in any order: time (i64, microseconds since 1970), which metrics are there (u8, by bit), their counts (4 × u64)
//! ```

use botdet_models::engagement::{
    Analysis, Counts, ENGAGEMENT_FEATURES, HOUR, METRICS, Series, engagement_features, hour_of,
};
use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::aggregate::Gathered;
use crate::postgres::call::Call;
use crate::postgres::record::Record;
use crate::postgres::values::{bytes_datum, timestamp};

const VERSION: u8 = 1;
/// Bytes of a row.
const ROW: usize = 8 + 1 + METRICS * 8;

/// Adds a row: a time within an hour, and counts. One without a time is passed over, and so is a count below 0.
pub fn add(call: &Call) -> Result<Datum, Error> {
    let time = call.datum(1).map(timestamp).filter(|time| *time > i64::MIN && *time < i64::MAX);
    let Some(time) = time else { return Ok(Gathered::unchanged(call)) };
    let mut gathered = Gathered::begun(call, VERSION)?;
    let mut row = [0; ROW];
    row[..8].copy_from_slice(&time.to_le_bytes());
    for metric in 0..METRICS {
        let count = call.optional_bigint(metric + 2).and_then(|count| u64::try_from(count).ok());
        row[8] |= u8::from(count.is_some()) << metric;
        row[9 + metric * 8..][..8].copy_from_slice(&count.unwrap_or(0).to_le_bytes());
    }
    gathered.append(&row);
    Ok(gathered.datum())
}

/// Adds what another process has gathered of the same group.
pub fn join(call: &Call) -> Result<Datum, Error> {
    Gathered::joined(call, VERSION)
}

/// Rows as another process takes them: those of a version that it does not know are refused.
pub fn receive(call: &Call) -> Result<Datum, Error> {
    let bytes = call.bytes(0).unwrap_or_default();
    if bytes.first() != Some(&VERSION) || bytes.len() % ROW != 1 {
        return Err(botdet_models::engagement::SeriesError::Corrupt("rows that a worker handed on").into());
    }
    let mut gathered = Gathered::passing();
    gathered.append(bytes);
    Ok(gathered.datum())
}

/// The series of all rows; NULL without any.
pub fn finish(call: &Call) -> Result<Datum, Error> {
    let Some(gathered) = Gathered::argument(call, 0) else { return Ok(call.null()) };
    let mut series = Series::default();
    let rows = gathered.bytes().get(1..).unwrap_or_default();
    for row in rows.as_chunks::<ROW>().0 {
        let number = |at: usize| row[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let mut counts = Counts::default();
        for (metric, count) in counts.iter_mut().enumerate() {
            *count = (row[8] >> metric & 1 == 1).then(|| number(9 + metric * 8));
        }
        series.add(hour_of(number(0).cast_signed()), counts);
    }
    Ok(if series.span() == 0 { call.null() } else { bytes_datum(&series.to_bytes()) })
}

fn series(call: &Call) -> Result<Series, Error> {
    Ok(Series::from_bytes(call.bytes(0).unwrap_or_default())?)
}

pub fn features(call: &Call) -> Result<Datum, Error> {
    let values = engagement_features(&series(call)?);
    Ok(call.record(values.into_iter().fold(Record::default(), Record::float8)))
}

/// The windows of a series; none where it is too short.
pub fn windows(call: &Call) -> Result<Datum, Error> {
    let windows = Analysis::of(&series(call)?).map(|analysis| analysis.windows()).unwrap_or_default();
    call.set(windows.into_iter().map(|window| {
        Ok(Record::default()
            .text(Some(window.metric.name()))
            .timestamptz(window.from.saturating_mul(HOUR))
            .timestamptz(window.to.saturating_mul(HOUR))
            .float8(Some(window.strength))
            .float8(Some(window.ratio))
            .text(window.attack.map(|attack| attack.name()))
            .float8(Some(window.organic))
            .text(Some(&window.evidence)))
    }))
}

pub fn catalog(call: &Call) -> Result<Datum, Error> {
    call.set(ENGAGEMENT_FEATURES.iter().zip(1..).map(|(feature, position)| {
        Ok(Record::default()
            .integer(position)
            .text(Some(feature.name))
            .text(Some(feature.unit))
            .text(Some(feature.meaning)))
    }))
}
