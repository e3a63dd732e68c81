//! How many different things there were, in sixteen bytes.

use super::codec::{Reader, Writer};

/// One bit for each of 128 values of a hash: linear counting (Whang, Vander-Zanden & Taylor, "A linear-time probabilistic
/// counting algorithm for database applications", ACM TODS 1990). Exact in the main up to ten, off by 8 % at 200 and 15 %
/// at 500, no more than 710. Independent of order and of repetition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DistinctBits(u128);

impl DistinctBits {
    const BITS: u32 = u128::BITS;

    /// Adds the hash of one value.
    pub fn add(&mut self, hash: u32) {
        self.0 |= 1 << (hash % Self::BITS);
    }

    /// Number of distinct values, to a whole number; 0 when there was none.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        let bits = f64::from(Self::BITS);
        // With every bit set there is no estimate: half a bit left is more than any other state says.
        let unset = f64::from(self.0.count_zeros()).max(0.5);
        (bits * (bits / unset).ln()).round()
    }

    pub(super) fn write(self, out: &mut Writer<'_>) {
        out.bytes(&self.0.to_le_bytes());
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self(u128::from_le_bytes(input.u8s()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::mix64;

    fn estimate(values: u64) -> f64 {
        let mut bits = DistinctBits::default();
        (0..values).for_each(|value| bits.add((mix64(value + 1) >> 32) as u32));
        bits.estimate()
    }

    #[test]
    fn few_are_counted_and_many_estimated() {
        let mut bits = DistinctBits::default();
        assert_eq!(bits.estimate(), 0.0);
        for hash in [5, 6, 5, 128 + 5, 7] {
            bits.add(hash);
        }
        // Three bits of 128: 128 ln(128 / 125) is 3.04.
        assert_eq!(bits.estimate(), 3.0);
        assert!((estimate(200) - 200.0).abs() < 40.0, "{}", estimate(200));
        // 128 ln 256 is 709.8.
        assert_eq!(estimate(100_000), 710.0);
    }
}
