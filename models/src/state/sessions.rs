//! Stretches of activity without half an hour of silence.

use super::codec::{Reader, StateError, Writer};
use super::moments::Moments;
use crate::event::{SECOND, SESSION_SILENCE_SECONDS, Timestamp};

const SILENCE: i64 = SESSION_SILENCE_SECONDS * SECOND;

/// Session lengths: those of the closed ones, and where the open one began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sessions {
    /// Lengths in seconds.
    closed: Moments,
    open_start: Timestamp,
}

impl Sessions {
    /// `previous` is the time of the account's event before this one.
    pub(super) fn observe(&mut self, previous: Option<Timestamp>, at: Timestamp) {
        let Some(previous) = previous else {
            self.open_start = at;
            return;
        };
        if at.saturating_sub(previous) > SILENCE {
            self.closed.add(seconds(self.open_start, previous));
            self.open_start = at;
        }
    }

    /// Lengths of all sessions, the open one up to the `last` event.
    pub(super) fn lengths(&self, last: Timestamp) -> Moments {
        let mut lengths = self.closed;
        lengths.add(seconds(self.open_start, last));
        lengths
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.closed.write(out);
        out.i64s([self.open_start]);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let (closed, [open_start]) = (Moments::read(input)?, input.i64s());
        Ok(Self { closed, open_start })
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.saturating_sub(from) as f64 / SECOND as f64
}
