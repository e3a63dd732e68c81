//! When activity falls: over the hours of the day, and how much of it into single hours.

use super::codec::{Reader, StateError, Writer};
use crate::event::{SECOND, Timestamp};

/// Counts by hour of the day, and over the clock hours since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Hours {
    pub(super) of_day: [u32; 24],
    /// Clock hours with activity.
    pub(super) active: u32,
    /// Events in the busiest clock hour.
    pub(super) busiest: u32,
    in_latest: u32,
    latest: u32,
}

impl Hours {
    pub(super) fn observe(&mut self, at: Timestamp) {
        let hour = (at / (3600 * SECOND)) as u32;
        let of_day = &mut self.of_day[(hour % 24) as usize];
        *of_day = of_day.saturating_add(1);
        if self.active == 0 || hour != self.latest {
            self.active = self.active.saturating_add(1);
            self.latest = hour;
            self.in_latest = 0;
        }
        self.in_latest = self.in_latest.saturating_add(1);
        self.busiest = self.busiest.max(self.in_latest);
    }

    pub(super) fn write(&self, out: &mut Writer) {
        self.of_day.iter().for_each(|count| out.u32(*count));
        for value in [self.active, self.busiest, self.in_latest, self.latest] {
            out.u32(value);
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let mut of_day = [0; 24];
        for count in &mut of_day {
            *count = input.u32()?;
        }
        let hours = Self {
            of_day,
            active: input.u32()?,
            busiest: input.u32()?,
            in_latest: input.u32()?,
            latest: input.u32()?,
        };
        if (hours.active == 0) != (hours.busiest == 0) {
            return Err(StateError::Corrupt("hour counts"));
        }
        Ok(hours)
    }
}
