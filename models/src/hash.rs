//! The two hash functions everything sketched in a state is built on, and a checksum of what does not travel.
//!
//! The two are fixed for ever: a stored state holds their values. Both are short enough to be written again in any
//! language that wants to check a feature.

/// Finalising mixer of SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014).
#[must_use]
pub const fn mix64(x: u64) -> u64 {
    finish_mix64(start_mix64(x))
}

/// First step of [`mix64`]. It is linear: that of `a ^ b` is that of `a` ^ that of `b`.
pub(crate) const fn start_mix64(x: u64) -> u64 {
    x ^ (x >> 30)
}

/// The other steps of [`mix64`].
pub(crate) const fn finish_mix64(mut x: u64) -> u64 {
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// FNV-1a over the bytes, then [`mix64`]: FNV alone leaves the high bits of short strings poorly mixed.
#[must_use]
pub const fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = Fnv1a::EMPTY;
    let mut i = 0;
    while i < bytes.len() {
        hash = hash.with(bytes[i]);
        i += 1;
    }
    hash.mixed()
}

/// [`hash_bytes`] byte by byte.
#[derive(Clone, Copy)]
pub(crate) struct Fnv1a(u64);

impl Fnv1a {
    /// No bytes yet.
    pub(crate) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// With one more byte.
    pub(crate) const fn with(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// The hash of all bytes.
    pub(crate) const fn mixed(self) -> u64 {
        mix64(self.0)
    }
}

/// Checksum of large memory: a few bytes for each tick of the processor's clock, and never the same where a single word differs. It is
/// no protection against whoever wants two contents to have the same, and not fixed for ever.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    // Four sums at once, none of which waits for another. Each step can be undone, so that a difference stays one.
    let mut sums = [1, 2, 3, 4].map(|lane| mix64(lane ^ bytes.len() as u64));
    let mut take = |block: &[u8; 32]| {
        let (words, _) = block.as_chunks::<8>();
        for (sum, word) in sums.iter_mut().zip(words) {
            *sum = (*sum ^ u64::from_ne_bytes(*word)).wrapping_mul(FACTOR).rotate_left(29);
        }
    };
    let (blocks, rest) = bytes.as_chunks::<32>();
    blocks.iter().for_each(&mut take);
    let mut last = [0; 32];
    last[..rest.len()].copy_from_slice(rest);
    take(&last);
    sums.into_iter().fold(0, |sum, lane| mix64(sum.rotate_left(17) ^ lane))
}

/// The upper half of [`hash_bytes`]: enough to tell one account's devices and targets apart.
#[must_use]
pub fn hash32(text: &str) -> u32 {
    (hash_bytes(text.as_bytes()) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_notices_every_flipped_bit_and_every_length() {
        let bytes: Vec<u8> = (0..150u8).collect();
        let sound = checksum(&bytes);
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(checksum(&damaged), sound, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_ne!(checksum(&bytes[..length]), sound, "{length} bytes");
        }
        assert_ne!(checksum(&[]), checksum(&[0; 32]));
    }

    #[test]
    fn known_values() {
        // FNV-1a of "" is its offset basis, of "a" 0xaf63dc4c8601ec8c (the FNV authors' test vectors).
        assert_eq!(hash_bytes(b""), mix64(0xcbf2_9ce4_8422_2325));
        assert_eq!(hash_bytes(b"a"), mix64(0xaf63_dc4c_8601_ec8c));
        assert_eq!(mix64(0), 0);
    }
}
