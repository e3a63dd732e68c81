//! Hourly counts, as they are gathered from rows in any order and kept as bytes.
//!
//! ```text
//! 0     format version (1)
//! 1     hour of the first count (i64, hours since 1970), hour of the oldest row that was ever seen (i64)
//! 17    hours with counts, one after another: hours since the one before (variable length), which metrics are there (u8, by
//!       bit), and their counts (variable length: seven bits a byte, the lowest first)
//! ```

use std::collections::BTreeMap;

use super::metric::METRICS;

/// Longest span that is looked at: the last year, by the hour.
pub const MOST_HOURS: usize = 366 * 24;
/// Largest count of an hour; what is above counts as this.
pub const MOST_COUNTED: u64 = 1 << 50;
/// Hours that can be: some 290,000 years to either side, as timestamps have them.
const FARTHEST_HOUR: i64 = i64::MAX / super::calendar::HOUR;

const VERSION: u8 = 1;

/// Why bytes are no series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// Written by another version of the format.
    #[error("engagement series has format version {found} where {VERSION} is expected")]
    Version {
        /// Version that was found.
        found: u8,
    },
    /// They end within an hour, or before the first.
    #[error("engagement series ends at byte {0}, within an hour")]
    Truncated(usize),
    /// They hold a value that cannot occur.
    #[error("engagement series is corrupt: {0}")]
    Corrupt(&'static str),
}

/// Counts of one hour; `None` where a metric is not known.
pub type Counts = [Option<u64>; METRICS];

/// Hourly counts of the four metrics. An hour without a row is missing, not zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    hours: BTreeMap<i64, Counts>,
    oldest: Option<i64>,
}

impl Series {
    /// Adds the counts of an hour; counts of an hour that is there are added up. Of the hours only the last
    /// [`MOST_HOURS`] are kept.
    pub fn add(&mut self, hour: i64, counts: Counts) {
        let hour = hour.clamp(-FARTHEST_HOUR, FARTHEST_HOUR);
        self.oldest = Some(self.oldest.map_or(hour, |oldest| oldest.min(hour)));
        if self.last().is_some_and(|last| hour + MOST_HOURS as i64 <= last) {
            return;
        }
        let known = self.hours.entry(hour).or_default();
        for (known, count) in known.iter_mut().zip(counts) {
            let sum = known.unwrap_or(0).saturating_add(count.unwrap_or(0)).min(MOST_COUNTED);
            *known = known.or(count).map(|_| sum);
        }
        while self.first().is_some_and(|first| first + MOST_HOURS as i64 <= hour) {
            self.hours.pop_first();
        }
    }

    /// The first hour that is kept.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.hours.first_key_value().map(|(hour, _)| *hour)
    }

    /// The last hour.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.hours.last_key_value().map(|(hour, _)| *hour)
    }

    /// Hours from the first to the last, those without counts included.
    #[must_use]
    pub fn span(&self) -> usize {
        self.first().zip(self.last()).map_or(0, |(first, last)| (last - first) as usize + 1)
    }

    /// Hours between the first and the last of which nothing is known.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.span() - self.hours.len()
    }

    /// Whether older hours were left out.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.oldest < self.first()
    }

    /// Hours with counts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Counts)> {
        self.hours.iter().map(|(hour, counts)| (*hour, counts))
    }

    /// One metric over the whole span; `None` where it is not known.
    pub(super) fn metric(&self, metric: usize) -> Vec<Option<f64>> {
        let mut values = vec![None; self.span()];
        let first = self.first().unwrap_or_default();
        for (hour, counts) in &self.hours {
            values[(hour - first) as usize] = counts[metric].map(|count| count as f64);
        }
        values
    }

    /// The series as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let first = self.first().unwrap_or_default();
        let mut bytes = vec![VERSION];
        bytes.extend(first.to_le_bytes());
        bytes.extend(self.oldest.unwrap_or_default().to_le_bytes());
        let mut before = first;
        for (hour, counts) in &self.hours {
            write(&mut bytes, (hour - before) as u64);
            before = *hour;
            let bit = |(place, count): (usize, &Option<u64>)| u8::from(count.is_some()) << place;
            bytes.push(counts.iter().enumerate().map(bit).sum());
            counts.iter().flatten().for_each(|count| write(&mut bytes, *count));
        }
        bytes
    }

    /// Reads bytes that [`Series::to_bytes`] made.
    ///
    /// # Errors
    /// [`SeriesError`] with what is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SeriesError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(&found) => return Err(SeriesError::Version { found }),
            None => return Err(SeriesError::Truncated(0)),
        }
        let mut input = Input { bytes, at: 1 };
        let (mut hour, oldest) = (input.hour()?, input.hour()?);
        let mut series = Self::default();
        while input.at < bytes.len() {
            let gap = input.number()?;
            if (gap == 0) != series.hours.is_empty() || gap >= MOST_HOURS as u64 {
                return Err(SeriesError::Corrupt("hours are not in order"));
            }
            hour += gap as i64;
            let there = input.byte()?;
            if there >> METRICS != 0 {
                return Err(SeriesError::Corrupt("a metric that there is not"));
            }
            let mut counts = Counts::default();
            for (place, count) in counts.iter_mut().enumerate() {
                if there >> place & 1 == 1 {
                    *count = Some(input.number()?);
                }
            }
            series.add(hour, counts);
        }
        if !series.hours.is_empty() {
            series.oldest = Some(oldest).min(series.first());
        }
        Ok(series)
    }
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes values off the front.
struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn byte(&mut self) -> Result<u8, SeriesError> {
        let byte = self.bytes.get(self.at).ok_or(SeriesError::Truncated(self.bytes.len()))?;
        self.at += 1;
        Ok(*byte)
    }

    fn hour(&mut self) -> Result<i64, SeriesError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let value = rest.first_chunk().ok_or(SeriesError::Truncated(self.bytes.len()))?;
        self.at += value.len();
        let hour = i64::from_le_bytes(*value);
        if hour.abs_diff(0) > FARTHEST_HOUR as u64 {
            return Err(SeriesError::Corrupt("an hour that there is not"));
        }
        Ok(hour)
    }

    fn number(&mut self) -> Result<u64, SeriesError> {
        let mut number = 0;
        for shift in (0..8).map(|byte| byte * 7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(SeriesError::Corrupt("a count that is too large"))
    }
}
