//! When activity falls: over the hours of the day, and how much of it into single hours.

use super::codec::{Reader, StateError, Writer};
use super::hourly::HourlySeries;
use crate::event::{SECOND, Timestamp};

/// Counts by hour of the day and on weekends, and over the clock hours since the epoch, all UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Hours {
    pub(super) of_day: [u32; 24],
    /// Events on Saturdays and Sundays.
    pub(super) on_weekends: u32,
    /// Clock hours with activity.
    pub(super) active: u32,
    /// Events in the busiest clock hour.
    pub(super) busiest: u32,
    pub(super) series: HourlySeries,
}

impl Hours {
    pub(super) fn observe(&mut self, at: Timestamp) {
        let hour = (at / (3600 * SECOND)) as u32;
        let of_day = &mut self.of_day[(hour % 24) as usize];
        *of_day = of_day.saturating_add(1);
        // The epoch was a Thursday.
        let is_weekend = matches!(hour / 24 % 7, 2 | 3);
        self.on_weekends = self.on_weekends.saturating_add(u32::from(is_weekend));
        let in_hour = self.series.observe(hour);
        self.active = self.active.saturating_add(u32::from(in_hour == 1));
        self.busiest = self.busiest.max(in_hour);
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.u32s(self.of_day);
        out.u32s([self.on_weekends, self.active, self.busiest]);
        self.series.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let (of_day, [on_weekends, active, busiest]) = (input.u32s(), input.u32s());
        if (active == 0) != (busiest == 0) {
            return Err(StateError::Corrupt("hour counts"));
        }
        Ok(Self { of_day, on_weekends, active, busiest, series: HourlySeries::read(input)? })
    }
}
