//! What one piece of text adds to an account's state: length, words, typos, and a signature to compare it by.

mod typos;
mod words;

use crate::hash::{hash_bytes, mix64};

/// Bytes of a text that are looked at word by word. Its length is always that of the whole text.
pub const ANALYSED_BYTES: usize = 4096;
/// Buckets of the word histogram behind `content_diversity`.
pub const WORD_BUCKETS: usize = 64;
/// Bytes of two signatures that must agree for their texts to count as near-duplicates.
pub const NEAR_DUPLICATE_BYTES: u32 = 6;

/// Eight minima of eight bits over a text's word pairs: b-bit minwise hashing (Li & König, WWW 2010). The share of
/// agreeing bytes estimates the Jaccard similarity of the word pairs. 0 is the signature of a text without words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signature(pub u64);

impl Signature {
    const SEEDS: [u64; 8] = {
        let mut seeds = [0; 8];
        let mut k = 0;
        while k < 8 {
            seeds[k] = mix64((k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            k += 1;
        }
        seeds
    };

    fn of_word_hashes(hashes: &[u64]) -> Self {
        let mut minima = [u64::MAX; 8];
        let mut add = |shingle: u64| {
            for (minimum, seed) in minima.iter_mut().zip(Self::SEEDS) {
                *minimum = (*minimum).min(mix64(shingle ^ seed));
            }
        };
        match hashes {
            [] => return Self::default(),
            [only] => add(*only),
            _ => {
                hashes.windows(2).for_each(|pair| add(mix64(pair[0].wrapping_mul(31).wrapping_add(pair[1]))))
            }
        }
        Self(u64::from_le_bytes(minima.map(|minimum| (minimum >> 56) as u8)))
    }

    /// Whether the two texts share about three quarters of their word pairs or more.
    #[must_use]
    pub fn is_near(self, other: Self) -> bool {
        let different = self.0 ^ other.0;
        let agreeing = different.to_le_bytes().iter().filter(|byte| **byte == 0).count();
        agreeing as u32 >= NEAR_DUPLICATE_BYTES
    }
}

/// Summary of one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextSummary {
    /// Unicode scalar values of the whole text.
    pub characters: u64,
    /// Whether it holds a typo: a listed misspelling, a letter three times in a row, or a word twice in a row.
    pub has_typo: bool,
    /// Whether it holds a link.
    pub has_link: bool,
    /// The signature; [`Signature::default`] when the text has no words.
    pub signature: Signature,
    /// Hashes of its words, in order.
    pub words: Vec<u64>,
}

impl TextSummary {
    /// Reads a text. Cost is linear in the text's length for counting, and bounded for everything else.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut summary = Self { characters: text.chars().count() as u64, ..Self::default() };
        let mut previous = None;
        let mut reader = words::Words::new(prefix(text, ANALYSED_BYTES));
        while let Some(word) = reader.next_word() {
            let hash = hash_bytes(word.as_bytes());
            summary.has_typo |= typos::is_misspelling(hash)
                || typos::has_stretched_letter(word)
                || (previous == Some(hash) && word.chars().nth(1).is_some());
            previous = Some(hash);
            summary.words.push(hash);
        }
        summary.has_link = reader.saw_link();
        summary.signature = Signature::of_word_hashes(&summary.words);
        summary
    }

    /// Bucket of the word histogram a word's hash falls into, below [`WORD_BUCKETS`].
    #[must_use]
    pub fn bucket(word_hash: u64) -> usize {
        (word_hash >> 58) as usize
    }
}

/// Replaces `hashes` with those of a text's words, in order: the words of [`TextSummary`], without the rest of it.
pub(crate) fn read_word_hashes(text: &str, hashes: &mut Vec<u64>) {
    hashes.clear();
    let mut reader = words::Words::new(prefix(text, ANALYSED_BYTES));
    while let Some(word) = reader.next_word() {
        hashes.push(hash_bytes(word.as_bytes()));
    }
}

/// The longest prefix of at most `bytes` bytes that ends at a character.
fn prefix(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(TextSummary::of("größe 👋").characters, 7);
    }

    #[test]
    fn links_and_mentions_are_not_words() {
        let plain = TextSummary::of("look at this");
        let decorated = TextSummary::of("@friend look at this https://example.org/x?y=1");
        assert_eq!(plain.words, decorated.words);
        let mut hashes = vec![1];
        read_word_hashes("@friend look at this https://example.org/x?y=1", &mut hashes);
        assert_eq!(plain.words, hashes);
        assert!(decorated.has_link && !plain.has_link);
    }

    #[test]
    fn typos_are_found() {
        for text in ["I definately agree", "sooo good", "the the end"] {
            assert!(TextSummary::of(text).has_typo, "{text}");
        }
        for text in ["I definitely agree", "so good", "a a b", "book", ""] {
            assert!(!TextSummary::of(text).has_typo, "{text}");
        }
    }

    #[test]
    fn a_changed_word_in_a_long_text_stays_near() {
        let one = "the quick brown fox jumps over the lazy dog while the old cat sleeps near the warm stove and dreams of \
                   fresh fish from the blue sea every single night of the long cold winter in the north";
        let other = one.replace("north", "south");
        let different =
            "an entirely unrelated sentence about railways, timetables and the price of bread in spring";
        let signature = |text: &str| TextSummary::of(text).signature;
        assert!(signature(one).is_near(signature(&other)));
        assert!(!signature(one).is_near(signature(different)));
    }

    #[test]
    fn a_huge_text_is_bounded() {
        let text = "word ".repeat(2_000_000);
        let summary = TextSummary::of(&text);
        assert_eq!(summary.characters, 10_000_000);
        assert!(summary.words.len() <= ANALYSED_BYTES);
    }

    #[test]
    fn a_prefix_never_cuts_a_character() {
        let text = "é".repeat(ANALYSED_BYTES);
        assert_eq!(prefix(&text, ANALYSED_BYTES - 1).len(), ANALYSED_BYTES - 2);
    }
}
