//! Stretches of activity without half an hour of silence.

use super::codec::{Reader, StateError, Writer};
use super::moments::Moments;
use crate::event::{SECOND, SESSION_SILENCE_SECONDS, Timestamp};

const SILENCE: i64 = SESSION_SILENCE_SECONDS * SECOND;

/// Session lengths. The first session and the one still open are kept apart from those between, because another state
/// merged before or behind may lengthen them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sessions {
    /// The first session's first event.
    first_start: Timestamp,
    /// The first session's last event, once a second session has begun.
    first_end: Option<Timestamp>,
    /// Lengths in seconds of the closed sessions after the first.
    between: Moments,
    /// Start of the latest session, when it is not the first.
    open_start: Timestamp,
}

impl Sessions {
    /// `previous` is the time of the account's event before this one.
    pub(super) fn observe(&mut self, previous: Option<Timestamp>, at: Timestamp) {
        let Some(previous) = previous else {
            self.first_start = at;
            return;
        };
        if at.saturating_sub(previous) > SILENCE {
            self.close(previous);
            self.open_start = at;
        }
    }

    fn close(&mut self, end: Timestamp) {
        match self.first_end {
            None => self.first_end = Some(end),
            Some(_) => self.between.add(seconds(self.open_start, end)),
        }
    }

    /// Lengths of all sessions, the open one up to the `last` event.
    pub(super) fn lengths(&self, last: Timestamp) -> Moments {
        let mut lengths = Moments::default();
        match self.first_end {
            None => lengths.add(seconds(self.first_start, last)),
            Some(first_end) => {
                lengths.add(seconds(self.first_start, first_end));
                lengths = lengths.merged(self.between);
                lengths.add(seconds(self.open_start, last));
            }
        }
        lengths
    }

    /// These sessions, which end at `last`, followed by `later` ones.
    pub(super) fn merged(mut self, last: Timestamp, later: Self) -> Self {
        if later.first_start.saturating_sub(last) > SILENCE {
            self.close(last);
            self.open_start = later.first_start;
        }
        if let Some(end) = later.first_end {
            self.close(end);
            self.between = self.between.merged(later.between);
            self.open_start = later.open_start;
        }
        self
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.i64(self.first_start);
        out.i64(self.first_end.unwrap_or(i64::MIN));
        self.between.write(out);
        out.i64(self.open_start);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        Ok(Self {
            first_start: input.i64()?,
            first_end: Some(input.i64()?).filter(|end| *end != i64::MIN),
            between: Moments::read(input)?,
            open_start: input.i64()?,
        })
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.saturating_sub(from) as f64 / SECOND as f64
}
