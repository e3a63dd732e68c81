//! Signs of human typing.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::hash::hash_bytes;

/// One misspelling a line, lower case; `tests/reference/make_typos.py` made it.
const MISSPELLINGS: &str = include_str!("typos.txt");

/// Whether the word with this hash is on the list of misspellings.
pub(super) fn is_misspelling(word_hash: u64) -> bool {
    static HASHES: OnceLock<HashSet<u64, HashIsTheKey>> = OnceLock::new();
    HASHES
        .get_or_init(|| MISSPELLINGS.lines().map(|word| hash_bytes(word.as_bytes())).collect())
        .contains(&word_hash)
}

/// Whether a letter stands three times or more in a row, as in "sooo".
pub(super) fn has_stretched_letter(word: &str) -> bool {
    let mut previous = None;
    let mut run = 0;
    word.chars().any(|c| {
        run = if previous == Some(c) { run + 1 } else { 1 };
        previous = Some(c);
        run >= 3 && c.is_alphabetic()
    })
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
