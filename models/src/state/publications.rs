//! The rhythm of publishing.

use super::codec::{Reader, StateError, Writer};
use super::moments::Moments;
use crate::event::{SECOND, Timestamp};

/// Gaps between consecutive publications.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Publications {
    last: Option<Timestamp>,
    gaps: Moments,
}

impl Publications {
    pub(super) fn observe(&mut self, at: Timestamp) {
        if let Some(last) = self.last {
            self.gaps.add(at.saturating_sub(last) as f64 / SECOND as f64);
        }
        self.last = Some(at);
    }

    /// Seconds between consecutive publications.
    pub(super) fn gaps(&self) -> Moments {
        self.gaps
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.i64s([self.last.unwrap_or(i64::MIN)]);
        self.gaps.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let [last] = input.i64s();
        Ok(Self { last: Some(last).filter(|last| *last != i64::MIN), gaps: Moments::read(input)? })
    }
}
