//! What the words of a link say: a name or an address is what people write, words that a shop wants to be found by are not.

/// Words of offers that networks are sold for.
const COMMERCIAL: [&str; 36] = [
    "affordable",
    "best",
    "bonus",
    "buy",
    "casino",
    "cheap",
    "cheapest",
    "coupon",
    "credit",
    "deal",
    "deals",
    "discount",
    "free",
    "gambling",
    "insurance",
    "lawyer",
    "loan",
    "loans",
    "lowest",
    "mortgage",
    "offer",
    "online",
    "order",
    "payday",
    "pharmacy",
    "pills",
    "poker",
    "price",
    "prices",
    "purchase",
    "replica",
    "sale",
    "seo",
    "shop",
    "top",
    "viagra",
];
/// What is written where nobody thought of search engines.
const NEUTRAL: [&str; 14] = [
    "a", "article", "click", "here", "homepage", "link", "more", "page", "post", "read", "site", "source",
    "this", "website",
];
/// Words from which on an anchor is more than a name.
const MANY_WORDS: usize = 4;
/// Bytes of an anchor that are looked at.
const MOST_BYTES: usize = 500;

/// An anchor as it is compared with others: small letters, single blanks; `None` where there are no words.
#[must_use]
pub fn normalised_anchor(anchor: &str) -> Option<String> {
    let end = (0..=MOST_BYTES.min(anchor.len())).rev().find(|end| anchor.is_char_boundary(*end));
    let anchor = anchor[..end.unwrap_or(0)].to_lowercase();
    let words: Vec<&str> = anchor.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// How much an anchor looks made for search engines, 0 to 1: 0.4 for a commercial word and 0.3 for each further one, 0.2 for four
/// words or more; 0 for an address, and for words such as "read more".
#[must_use]
pub fn anchor_risk(normalised: &str) -> f64 {
    let words: Vec<&str> =
        normalised.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_address = normalised.contains("://") || (normalised.contains('.') && !normalised.contains(' '));
    if is_address || words.iter().all(|word| NEUTRAL.contains(word)) {
        return 0.0;
    }
    let commercial = words.iter().filter(|word| COMMERCIAL.contains(word)).count();
    let by_words = if commercial == 0 { 0.0 } else { 0.1 + 0.3 * commercial as f64 };
    let by_length = if words.len() >= MANY_WORDS { 0.2 } else { 0.0 };
    (by_words + by_length).min(1.0)
}
