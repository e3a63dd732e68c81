//! The silences between events.

use super::codec::{Reader, StateError, Writer};
use super::moments::Moments;
use crate::event::{SECOND, Timestamp};

/// Bins of the histogram: bin `b` holds gaps from `2^b - 1` up to `2^(b+1) - 1` seconds, the last all beyond 97 days.
pub const GAP_BINS: usize = 24;

/// Gaps between consecutive events of any kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Gaps {
    /// Seconds.
    pub(super) moments: Moments,
    /// Whole seconds.
    pub(super) longest: u32,
    bins: [u16; GAP_BINS],
}

impl Gaps {
    pub(super) fn observe(&mut self, previous: Timestamp, at: Timestamp) {
        let gap = at.saturating_sub(previous);
        self.moments.add(gap as f64 / SECOND as f64);
        let seconds = (gap / SECOND) as u32;
        self.longest = self.longest.max(seconds);
        self.count(((u64::from(seconds) + 1).ilog2() as usize).min(GAP_BINS - 1));
    }

    /// Counts halve when one would overflow: what counts is their proportion, and old gaps fade.
    fn count(&mut self, bin: usize) {
        if self.bins[bin] == u16::MAX {
            self.bins.iter_mut().for_each(|count| *count /= 2);
        }
        self.bins[bin] += 1;
    }

    pub(super) fn bins(&self) -> impl Iterator<Item = f64> + Clone {
        self.bins.iter().map(|count| f64::from(*count))
    }

    /// The gap, s, below which this share of the gaps lies: within a bin, `ln(1 + gap)` counts as evenly spread. `None`
    /// without gaps.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share * self.bins().sum::<f64>();
        let mut below = 0.0;
        for (bin, count) in self.bins().enumerate().filter(|(_, count)| *count > 0.0) {
            if below + count >= wanted {
                return Some((bin as f64 + (wanted - below) / count).exp2() - 1.0);
            }
            below += count;
        }
        None
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.moments.write(out);
        out.u32s([self.longest]);
        out.u16s(self.bins);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let (moments, [longest], bins) = (Moments::read(input)?, input.u32s(), input.u16s());
        Ok(Self { moments, longest, bins })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_fall_into_bins_by_their_logarithm() {
        let mut gaps = Gaps::default();
        for seconds in [0, 1, 2, 3, 6, 7, 4_000_000_000] {
            gaps.observe(0, seconds * SECOND + SECOND - 1);
        }
        let bins: Vec<f64> = gaps.bins().collect();
        assert_eq!(bins[..4], [1.0, 2.0, 2.0, 1.0]);
        assert_eq!((bins[GAP_BINS - 1], gaps.longest), (1.0, 4_000_000_000));
    }

    #[test]
    fn a_full_bin_halves_all() {
        let mut gaps = Gaps::default();
        gaps.observe(0, SECOND);
        gaps.observe(0, SECOND);
        (0..=u16::MAX).for_each(|_| gaps.observe(0, 0));
        assert_eq!(gaps.bins().take(2).collect::<Vec<_>>(), [32_768.0, 1.0]);
        assert_eq!(gaps.moments.count(), 65_538);
    }
}
