//! The rhythm of publishing.

use super::codec::{Reader, StateError, Writer};
use super::moments::Moments;
use crate::event::{SECOND, Timestamp};

/// Gaps between consecutive publications.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Publications {
    span: Option<(Timestamp, Timestamp)>,
    gaps: Moments,
}

impl Publications {
    pub(super) fn observe(&mut self, at: Timestamp) {
        let Some((_, last)) = &mut self.span else {
            self.span = Some((at, at));
            return;
        };
        self.gaps.add(at.saturating_sub(*last) as f64 / SECOND as f64);
        *last = at;
    }

    /// Seconds between consecutive publications.
    pub(super) fn gaps(&self) -> Moments {
        self.gaps
    }

    pub(super) fn merged(mut self, later: Self) -> Self {
        if let Some((first, last)) = later.span {
            self.observe(first);
            self.gaps = self.gaps.merged(later.gaps);
            self.span = self.span.map(|(own_first, _)| (own_first, last));
        }
        self
    }

    pub(super) fn write(&self, out: &mut Writer) {
        let (first, last) = self.span.unwrap_or((i64::MIN, i64::MIN));
        out.i64(first);
        out.i64(last);
        self.gaps.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let (first, last) = (input.i64()?, input.i64()?);
        Ok(Self { span: (first != i64::MIN).then_some((first, last)), gaps: Moments::read(input)? })
    }
}
