//! The two hash functions everything sketched in a state is built on.
//!
//! They are fixed for ever: a stored state holds their values. Both are short enough to be written again in any
//! language that wants to check a feature.

/// Finalising mixer of SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014).
#[must_use]
pub const fn mix64(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// FNV-1a over the bytes, then [`mix64`]: FNV alone leaves the high bits of short strings poorly mixed.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash ^= u64::from(*byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix64(hash)
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
    fn known_values() {
        // FNV-1a of "" is its offset basis, of "a" 0xaf63dc4c8601ec8c (the FNV authors' test vectors).
        assert_eq!(hash_bytes(b""), mix64(0xcbf2_9ce4_8422_2325));
        assert_eq!(hash_bytes(b"a"), mix64(0xaf63_dc4c_8601_ec8c));
        assert_eq!(mix64(0), 0);
    }
}
