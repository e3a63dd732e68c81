//! What one piece of text adds to an account's state: length, words, typos, and a signature to compare it by.

mod typos;
mod words;

use crate::hash::{finish_mix64, mix64, start_mix64};
use words::{Marks, Token, Tokens, Word};

/// Bytes of a text that are looked at word by word. Its length is always that of the whole text.
pub const ANALYSED_BYTES: usize = 4096;
/// Buckets of the word histogram behind `content_diversity`.
pub const WORD_BUCKETS: usize = 64;
/// Bytes of two signatures that must agree for their texts to count as near-duplicates.
pub const NEAR_DUPLICATE_BYTES: u32 = 6;

/// The low eight bits of eight minima over a text's word pairs: b-bit minwise hashing (Li & König, WWW 2010). The share of
/// agreeing bytes estimates the Jaccard similarity of the word pairs. 0 is the signature of a text without words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature(pub u64);

impl Signature {
    /// Of each hash function `mix64(pair ^ seed)`, the first step of its seed: that of the pair is taken once.
    const SEEDS: [u64; 8] = {
        let mut seeds = [0; 8];
        let mut k = 0;
        while k < 8 {
            seeds[k] = start_mix64(mix64((k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            k += 1;
        }
        seeds
    };

    /// Whether the two texts share about three quarters of their word pairs or more.
    #[must_use]
    pub fn is_near(self, other: Self) -> bool {
        let different = self.0 ^ other.0;
        let agreeing = different.to_le_bytes().iter().filter(|byte| **byte == 0).count();
        agreeing as u32 >= NEAR_DUPLICATE_BYTES
    }
}

/// What is kept of one text, besides its words. Apart from its length, that of the first [`ANALYSED_BYTES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextDigest {
    /// The signature; [`Signature::default`] when the text has no words.
    pub signature: Signature,
    /// Unicode scalar values of the whole text.
    pub characters: u32,
    /// Hash of the first host that a link names; 0 when none does.
    pub host: u32,
    /// Hash of the text's words in order, with links, mentions, numbers and addresses masked; 0 when it has no other words.
    pub template: u16,
    /// Mentions: tokens that begin with "@" and have more.
    pub mentions: u16,
    /// Letters that are upper or lower case, outside links and mentions.
    pub letters: u16,
    /// Letters that are upper case, outside links and mentions.
    pub capitals: u16,
    /// Emoji, outside links and mentions.
    pub emoji: u16,
    /// Whether it holds a typo: a listed misspelling, a letter three times in a row, or a word twice in a row.
    pub has_typo: bool,
    /// Whether it holds a link.
    pub has_link: bool,
}

impl TextDigest {
    /// Reads a text and adds the buckets of its words to `words`, each below [`WORD_BUCKETS`]. Cost is linear in the text's
    /// length for counting, and bounded for everything else.
    #[must_use]
    pub fn of(text: &str, words: &mut Vec<u8>) -> Self {
        let mut digest = Self { characters: text.chars().count() as u32, ..Self::default() };
        let mut marks = Marks::default();
        let mut pairs = PairMinima::default();
        let mut template = Template::default();
        let mut read = |word: Word, template: &mut Template| {
            digest.has_typo |= is_typo(word, pairs.previous);
            pairs.add(word.hash);
            template.add(word);
            words.push((word.hash >> 58) as u8);
        };
        for token in Tokens::new(prefix(text, ANALYSED_BYTES)) {
            match token {
                Token::Word(word, of_word) => {
                    marks.add(of_word);
                    read(word, &mut template);
                }
                Token::Plain(plain) => {
                    let before = template;
                    marks.add(plain.read(|word| read(word, &mut template)));
                    if plain.has_inner_dot() {
                        template = before;
                        template.mask();
                    }
                }
                Token::Link(link) => {
                    digest.has_link = true;
                    if digest.host == 0 {
                        digest.host = words::hash_of_host(link);
                    }
                    template.mask();
                }
                Token::Mention(mention) => {
                    digest.mentions += u16::from(mention.len() > 1);
                    template.mask();
                }
            }
        }
        Self {
            signature: pairs.signature(),
            template: template.hash(),
            letters: marks.letters,
            capitals: marks.capitals,
            emoji: marks.emoji,
            ..digest
        }
    }
}

fn is_typo(word: Word, previous: Option<u64>) -> bool {
    typos::is_misspelling(word.hash) || word.is_stretched || previous == Some(word.hash) && !word.is_single
}

/// What stays of a text when links, mentions, numbers and whatever has an inner dot ("example.org", "3.5") are masked:
/// its other words, in lower case and in order, and where masks stand. Masks that follow on one another are one. Who
/// fills in the same form again has the same template.
#[derive(Clone, Copy, Default)]
struct Template {
    hash: u64,
    has_words: bool,
    ends_with_mask: bool,
}

impl Template {
    const MASK: u64 = 1;

    fn add(&mut self, word: Word) {
        if word.has_digit {
            return self.mask();
        }
        self.step(word.hash);
        self.has_words = true;
        self.ends_with_mask = false;
    }

    fn mask(&mut self) {
        if !self.ends_with_mask {
            self.step(Self::MASK);
            self.ends_with_mask = true;
        }
    }

    /// Words are well mixed hashes already; this keeps their order.
    fn step(&mut self, part: u64) {
        self.hash = (self.hash.rotate_left(5) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn hash(self) -> u16 {
        if self.has_words { ((mix64(self.hash) >> 48) as u16).max(1) } else { 0 }
    }
}

/// Minima over a text's word pairs; of the only word, where there is no pair.
#[derive(Default)]
struct PairMinima {
    previous: Option<u64>,
    minima: Option<[u64; 8]>,
}

impl PairMinima {
    fn add(&mut self, word: u64) {
        if let Some(previous) = self.previous {
            let pair = start_mix64(mix64(previous.wrapping_mul(31).wrapping_add(word)));
            let minima = self.minima.get_or_insert([u64::MAX; 8]);
            for (minimum, seed) in minima.iter_mut().zip(Signature::SEEDS) {
                *minimum = (*minimum).min(finish_mix64(pair ^ seed));
            }
        }
        self.previous = Some(word);
    }

    fn signature(self) -> Signature {
        let only =
            || self.previous.map(|word| Signature::SEEDS.map(|seed| finish_mix64(start_mix64(word) ^ seed)));
        self.minima.or_else(only).map_or(Signature::default(), |minima| {
            Signature(u64::from_le_bytes(minima.map(|minimum| minimum as u8)))
        })
    }
}

/// Replaces `hashes` with those of a text's words, in order: the words of [`TextDigest`], without the rest of it.
pub(crate) fn read_word_hashes(text: &str, hashes: &mut Vec<u64>) {
    hashes.clear();
    for token in Tokens::new(prefix(text, ANALYSED_BYTES)) {
        match token {
            Token::Word(word, _) => hashes.push(word.hash),
            Token::Plain(plain) => {
                plain.read(|word| hashes.push(word.hash));
            }
            Token::Link(_) | Token::Mention(_) => {}
        }
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

    fn digest(text: &str) -> (TextDigest, Vec<u8>) {
        let mut words = Vec::new();
        (TextDigest::of(text, &mut words), words)
    }

    #[test]
    fn counts_characters_not_bytes() {
        assert_eq!(digest("größe 👋").0.characters, 7);
    }

    #[test]
    fn links_and_mentions_are_not_words() {
        let text = "@friend look at this https://example.org/x?y=1";
        let (plain, decorated) = (digest("look at this"), digest(text));
        assert_eq!(plain.1, decorated.1);
        assert!(decorated.0.has_link && !plain.0.has_link);
        let mut hashes = vec![1];
        read_word_hashes(text, &mut hashes);
        assert_eq!(hashes.len(), plain.1.len(), "what was there is forgotten");
    }

    #[test]
    fn typos_are_found() {
        for text in ["I definately agree", "sooo good", "the the end"] {
            assert!(digest(text).0.has_typo, "{text}");
        }
        for text in ["I definitely agree", "so good", "a a b", "book", ""] {
            assert!(!digest(text).0.has_typo, "{text}");
        }
    }

    #[test]
    fn filled_in_forms_share_a_template() {
        let template = |text: &str| digest(text).0.template;
        let form = template("Hi @anna, win 500 at x.com");
        assert_eq!(form, template("Hi @bob, win 900 at y.com"));
        assert_eq!(form, template("hi @bob @carl WIN $1,000 at https://z.org/1?a=b"));
        for other in ["Hi anna, win 500 at x.com", "win 500 at x.com, hi @anna", "Hi @anna, win 500 at x"] {
            assert_ne!(form, template(other), "{other}");
        }
        assert_eq!(["@anna", "500 3.5", "https://z.org", "👋"].map(template), [0; 4]);
        assert_ne!(template("thanks"), 0);
    }

    #[test]
    fn links_mentions_letters_and_emoji_are_counted() {
        let found = digest("@ @you LOOK at www.Example.org, @them! 👋 https://other.org").0;
        assert_eq!((found.mentions, found.letters, found.capitals, found.emoji), (2, 6, 4, 1));
        assert_eq!(found.host, digest("http://example.org").0.host);
        assert_eq!(digest("no link").0.host, 0);
    }

    #[test]
    fn long_unrelated_texts_are_not_near() {
        let mut seed = 7u64;
        let mut text = || {
            let words = (0..500).map(|_| {
                seed = mix64(seed.wrapping_add(0x9e37_79b9_7f4a_7c15));
                format!("w{}", seed % 100_000)
            });
            digest(&words.collect::<Vec<_>>().join(" ")).0.signature
        };
        assert!((0..100).all(|_| !text().is_near(text())));
    }

    #[test]
    fn a_changed_word_in_a_long_text_stays_near() {
        let one = "the quick brown fox jumps over the lazy dog while the old cat sleeps near the warm stove and dreams of \
                   fresh fish from the blue sea every single night of the long cold winter in the north";
        let other = one.replace("north", "south");
        let different =
            "an entirely unrelated sentence about railways, timetables and the price of bread in spring";
        let signature = |text: &str| digest(text).0.signature;
        assert!(signature(one).is_near(signature(&other)));
        assert!(!signature(one).is_near(signature(different)));
    }

    #[test]
    fn a_huge_text_is_bounded() {
        let text = "word ".repeat(2_000_000);
        let (summary, words) = digest(&text);
        assert_eq!(summary.characters, 10_000_000);
        assert!(words.len() <= ANALYSED_BYTES);
    }

    #[test]
    fn a_prefix_never_cuts_a_character() {
        let text = "é".repeat(ANALYSED_BYTES);
        assert_eq!(prefix(&text, ANALYSED_BYTES - 1).len(), ANALYSED_BYTES - 2);
    }
}
