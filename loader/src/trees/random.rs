//! Random numbers for hot loops.

use botdet_models::hash::mix64;

/// SplitMix64 (Steele, Lea & Flood, 2014).
pub(super) struct Stream(u64);

impl Stream {
    /// The stream of a seed and of what it is used for: a tree's index, say.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(mix64(seed) ^ mix64(purpose.wrapping_add(0x9e37_79b9_7f4a_7c15)).rotate_left(17))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix64(self.0)
    }

    /// A number below `count`, which is at most 2³²; the bias is below `count` / 2³².
    pub fn below(&mut self, count: usize) -> usize {
        (((self.next() >> 32) * count as u64) >> 32) as usize
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        (self.next() >> 11) as f64 <= probability * (1_u64 << 53) as f64
    }
}

/// Draws indices in proportion to weights, each in constant time (Vose, "A linear algorithm for generating random numbers
/// with a given distribution", 1991).
pub(super) struct WeightedDraw {
    /// Of a slot: the chance in 2³² that a draw keeps it, and which index it gives otherwise.
    slots: Vec<(u32, u32)>,
}

impl WeightedDraw {
    /// Weights are at least 0, and some are above.
    pub fn new(weights: &[f64]) -> Self {
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let mut filled: Vec<f64> = weights.iter().map(|weight| weight / mean).collect();
        let mut slots: Vec<(u32, u32)> = (0..weights.len() as u32).map(|index| (u32::MAX, index)).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..weights.len() as u32).partition(|index| filled[*index as usize] < 1.0);
        while let (Some(poor), Some(rich)) = (small.pop(), large.last().copied()) {
            slots[poor as usize] = ((filled[poor as usize] * 2_f64.powi(32)) as u32, rich);
            let left = filled[rich as usize] - (1.0 - filled[poor as usize]);
            filled[rich as usize] = left;
            if left < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        Self { slots }
    }

    pub fn draw(&self, stream: &mut Stream) -> usize {
        let bits = stream.next();
        let slot = (((bits >> 32) * self.slots.len() as u64) >> 32) as usize;
        let (keep, other) = self.slots[slot];
        if bits as u32 <= keep { slot } else { other as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_weights() {
        let weights = [0.0, 1.0, 5.0, 0.5, 3.5];
        let draw = WeightedDraw::new(&weights);
        let mut stream = Stream::new(7, 0);
        let mut counts = [0; 5];
        (0..100_000).for_each(|_| counts[draw.draw(&mut stream)] += 1);
        for (count, weight) in counts.iter().zip(weights) {
            assert!((f64::from(*count) - weight * 10_000.0).abs() < 500.0, "{counts:?}");
        }
        assert!(counts[0] <= 1);
    }

    #[test]
    fn numbers_are_even_and_streams_apart() {
        let mut stream = Stream::new(1, 2);
        let mut counts = [0; 10];
        (0..100_000).for_each(|_| counts[stream.below(10)] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
        let happened = (0..100_000).filter(|_| stream.happens(0.3)).count();
        assert!((29_000..31_000).contains(&happened), "{happened}");
        assert_ne!(Stream::new(1, 2).next(), Stream::new(2, 1).next());
    }
}
