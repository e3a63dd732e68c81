//! Signs of human typing.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::hash::{Fnv1a, hash_bytes};

/// One misspelling a line, lower case; `tests/reference/make_typos.py` made it.
const MISSPELLINGS: &str = include_str!("typos.txt");

/// Hashes that may be on the list, by their upper 16 bits. Most words end here: one look into 8 KiB, made when this is
/// compiled, where a set must be made by each process that wants it.
static CANDIDATES: [u64; 1024] = {
    let text = MISSPELLINGS.as_bytes();
    let mut bits = [0; 1024];
    let mut hash = Fnv1a::EMPTY;
    let mut i = 0;
    while i < text.len() {
        if text[i] == b'\n' {
            let place = hash.mixed() >> 48;
            bits[(place / 64) as usize] |= 1 << (place % 64);
            hash = Fnv1a::EMPTY;
        } else {
            hash = hash.with(text[i]);
        }
        i += 1;
    }
    bits
};

/// Whether the word with this hash is on the list of misspellings.
pub(super) fn is_misspelling(word_hash: u64) -> bool {
    let place = word_hash >> 48;
    CANDIDATES[(place / 64) as usize] >> (place % 64) & 1 == 1 && is_listed(word_hash)
}

#[cold]
fn is_listed(word_hash: u64) -> bool {
    static HASHES: OnceLock<HashSet<u64, HashIsTheKey>> = OnceLock::new();
    HASHES
        .get_or_init(|| MISSPELLINGS.lines().map(|word| hash_bytes(word.as_bytes())).collect())
        .contains(&word_hash)
}

/// The keys are hashes already: hashing them again would cost more than the look-up.
#[derive(Clone, Copy, Default)]
struct HashIsTheKey;

impl std::hash::BuildHasher for HashIsTheKey {
    type Hasher = KeyHasher;
    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(0)
    }
}

struct KeyHasher(u64);

impl std::hash::Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash_bytes(bytes);
    }
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_word_is_found_and_others_are_not() {
        assert!(MISSPELLINGS.lines().all(|word| is_misspelling(hash_bytes(word.as_bytes()))));
        assert!((0..100_000u64).all(|i| !is_misspelling(hash_bytes(&i.to_le_bytes()))));
    }
}
