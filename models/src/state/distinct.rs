//! How many different things there were, in a few bytes.

use super::codec::{Reader, StateError, Writer};

/// The 24 smallest hashes seen: exact up to 24 distinct values, an estimate beyond (k minimum values, Bar-Yossef et al.,
/// RANDOM 2002). Independent of order and of repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinctSketch {
    len: u8,
    smallest: [u32; DistinctSketch::CAPACITY],
}

impl Default for DistinctSketch {
    fn default() -> Self {
        Self { len: 0, smallest: [0; Self::CAPACITY] }
    }
}

impl DistinctSketch {
    /// Distinct values that are counted exactly.
    pub const CAPACITY: usize = 24;

    /// Adds the hash of one value.
    pub fn add(&mut self, hash: u32) {
        let len = usize::from(self.len);
        let Err(position) = self.smallest[..len].binary_search(&hash) else {
            return;
        };
        if position == Self::CAPACITY {
            return;
        }
        let kept = len.min(Self::CAPACITY - 1);
        self.smallest.copy_within(position..kept, position + 1);
        self.smallest[position] = hash;
        self.len = (kept + 1) as u8;
    }

    /// Number of distinct values; `None` when there was none.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        match self.hashes() {
            [] => None,
            hashes if hashes.len() < Self::CAPACITY => Some(hashes.len() as f64),
            hashes => {
                let largest = f64::from(hashes[Self::CAPACITY - 1]).max(1.0) / 2f64.powi(32);
                let estimate = (Self::CAPACITY - 1) as f64 / largest;
                Some(estimate.max(Self::CAPACITY as f64))
            }
        }
    }

    fn hashes(&self) -> &[u32] {
        &self.smallest[..usize::from(self.len)]
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.u8s([self.len]);
        out.u32s(self.smallest);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let ([len], smallest): (_, [u32; Self::CAPACITY]) = (input.u8s(), input.u32s());
        let ordered = smallest.get(..usize::from(len)).is_some_and(|used| used.is_sorted_by(|a, b| a < b));
        if !ordered {
            return Err(StateError::Corrupt("distinct sketch"));
        }
        Ok(Self { len, smallest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix64;

    fn sketch(values: std::ops::Range<u64>) -> DistinctSketch {
        let mut sketch = DistinctSketch::default();
        values.for_each(|value| sketch.add((mix64(value + 1) >> 32) as u32));
        sketch
    }

    #[test]
    fn exact_while_small_and_close_when_large() {
        assert_eq!(sketch(0..0).estimate(), None);
        assert_eq!(sketch(0..7).estimate(), Some(7.0));
        assert_eq!(sketch(0..23).estimate(), Some(23.0));
        let estimate = sketch(0..10_000).estimate().unwrap_or(0.0);
        assert!((5_000.0..20_000.0).contains(&estimate), "{estimate}");
    }

    #[test]
    fn order_and_repetition_do_not_matter() {
        let mut twice = sketch(0..100);
        (0..100).rev().for_each(|value| twice.add((mix64(value + 1) >> 32) as u32));
        assert_eq!(twice, sketch(0..100));
    }
}
