//! Words that nobody knows, for pages and names: a small grammar would make all pages alike.

use rand::Rng;

use crate::simulate::random::{Random, between, chance, pick};

const SYLLABLES: [&str; 32] = [
    "ba", "be", "bo", "da", "de", "di", "fa", "fo", "ga", "go", "ka", "ke", "la", "le", "li", "lo", "ma",
    "me", "mi", "mo", "na", "ne", "no", "ra", "re", "ri", "sa", "se", "so", "ta", "te", "vi",
];
/// Words that texts are held together by.
const COMMON: [&str; 24] = [
    "the", "a", "of", "and", "to", "in", "is", "for", "on", "with", "that", "this", "as", "by", "from", "or",
    "we", "our", "you", "it", "at", "are", "have", "not",
];
/// Different words of the language.
const WORDS: f64 = 30_000.0;
/// Share of a text that common words make up.
const COMMON_SHARE: f64 = 0.3;

/// A word by its place among all.
fn word(place: u32) -> String {
    let mut rest = place;
    let mut word = String::new();
    for _ in 0..3 {
        word.push_str(SYLLABLES[(rest % 32) as usize]);
        rest /= 32;
    }
    word
}

/// Any word: those in front are drawn more often (Zipf's law, for an exponent of 1).
pub(super) fn any_word(random: &mut Random) -> String {
    word((WORDS.powf(random.random::<f64>()) - 1.0) as u32)
}

/// A word that is hardly ever drawn twice, for a name.
pub(super) fn rare_word(random: &mut Random) -> String {
    word(random.random_range(0..32 * 32 * 32))
}

/// A text of so many words.
pub(super) fn text(random: &mut Random, words: usize) -> Vec<String> {
    let mut one =
        || if chance(random, COMMON_SHARE) { pick(random, &COMMON).to_owned() } else { any_word(random) };
    (0..words).map(|_| one()).collect()
}

/// A text as somebody else presents it: each word replaced with this probability.
pub(super) fn spun(random: &mut Random, text: &[String], probability: f64) -> Vec<String> {
    text.iter()
        .map(|word| if chance(random, probability) { any_word(random) } else { word.clone() })
        .collect()
}

/// How long a page is, in words.
pub(super) fn page_length(random: &mut Random) -> usize {
    between(random, 60.0, 180.0) as usize
}
