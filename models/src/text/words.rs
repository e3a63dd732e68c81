//! Splitting text into lower-case words, in any language that separates words.

use crate::hash::Fnv1a;

/// A piece of text between white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// It begins with "www." or holds "://".
    Link(&'a str),
    /// It begins with "@".
    Mention(&'a str),
    /// It is one word in ASCII, and a separator behind it perhaps. Most tokens are.
    Word(Word, Marks),
    /// Anything else: it may hold words.
    Plain(Plain<'a>),
}

/// A token that is no link and no mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    token: &'a str,
    is_ascii: bool,
    has_dot: bool,
}

/// A maximal run of letters, digits and apostrophes, in Unicode lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Hash of it in lower case.
    pub(super) hash: u64,
    /// Whether it is a single character.
    pub(super) is_single: bool,
    /// Whether a letter stands three times or more in a row, as in "sooo".
    pub(super) is_stretched: bool,
    /// Whether it holds one of the digits 0 to 9.
    pub(super) has_digit: bool,
}

/// Characters of a plain token, as counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Letters that are upper or lower case.
    pub(super) letters: u16,
    /// Letters that are upper case.
    pub(super) capitals: u16,
    /// Emoji.
    pub(super) emoji: u16,
}

impl Marks {
    pub(super) fn add(&mut self, other: Self) {
        self.letters += other.letters;
        self.capitals += other.capitals;
        self.emoji += other.emoji;
    }
}

/// What a byte is: a set of the kinds below.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'\t'..=b'\r' | b' ' => SPACE,
            b'a'..=b'z' => WORD | LETTER,
            b'A'..=b'Z' => WORD | LETTER | CAPITAL,
            b'0'..=b'9' => WORD | DIGIT,
            b'\'' => WORD,
            b':' => COLON,
            b'.' => DOT,
            0x80.. => WIDE,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};
const SPACE: u8 = 1;
const WIDE: u8 = 2;
const WORD: u8 = 4;
const LETTER: u8 = 8;
const CAPITAL: u8 = 16;
const DIGIT: u8 = 32;
const COLON: u8 = 64;
const DOT: u8 = 128;

/// The tokens of a text, in order.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    #[inline]
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if let Some((length, token)) = single_word(self.rest.as_bytes()) {
                self.rest = &self.rest[length..];
                return Some(token);
            }
            let (end, kinds) = token_end(self.rest);
            let (token, rest) = self.rest.split_at(end);
            let mut after = rest.chars();
            let separator = after.next();
            self.rest = after.as_str();
            if !token.is_empty() {
                return Some(classify(token, kinds));
            }
            separator?;
        }
    }
}

/// The token that a text begins with, if it is a [`Token::Word`], and how much of the text is read with it.
#[inline]
fn single_word<'a>(text: &[u8]) -> Option<(usize, Token<'a>)> {
    let (length, word, marks) = ascii_word(text);
    if length == 0 {
        return None;
    }
    let kind_at = |place: usize| text.get(place).map_or(SPACE, |byte| KINDS[usize::from(*byte)]);
    let (last, after) = (kind_at(length), kind_at(length + 1));
    let is_separator = last & WIDE == 0 && after == SPACE && (last & DOT == 0 || length != "www".len());
    if last != SPACE && !is_separator {
        return None;
    }
    let read = length + 1 + usize::from(last != SPACE);
    Some((read.min(text.len()), Token::Word(word, marks)))
}

/// Where white space begins or the text ends, and the kinds of bytes before.
fn token_end(text: &str) -> (usize, u8) {
    let bytes = text.as_bytes();
    let (mut end, mut kinds) = (0, 0);
    while let Some(byte) = bytes.get(end) {
        let kind = KINDS[usize::from(*byte)];
        if kind & (SPACE | WIDE) == 0 {
            end += 1;
        } else if kind == SPACE {
            break;
        } else {
            match text[end..].chars().next() {
                Some(c) if !c.is_whitespace() => end += c.len_utf8(),
                _ => break,
            }
        }
        kinds |= kind;
    }
    (end, kinds)
}

fn classify(token: &str, kinds: u8) -> Token<'_> {
    let has_dot = kinds & DOT != 0;
    if kinds & COLON != 0 && token.contains("://") || has_dot && begins_with_www(token) {
        return Token::Link(token);
    }
    if token.starts_with('@') {
        return Token::Mention(token);
    }
    Token::Plain(Plain { token, is_ascii: kinds & WIDE == 0, has_dot })
}

fn begins_with_www(token: &str) -> bool {
    token.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."))
}

/// Hash of a link's host in lower case, without "www.": the run of letters, digits, hyphens and dots after "://", or from
/// the start where there is none. 0 without a host.
pub(super) fn hash_of_host(link: &str) -> u32 {
    let after_scheme = link.split_once("://").map_or(link, |(_, after)| after);
    let end = after_scheme.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '.');
    let host = &after_scheme[..end.unwrap_or(after_scheme.len())];
    let host = if begins_with_www(host) { &host[4..] } else { host };
    let host = host.trim_end_matches('.');
    if host.is_empty() {
        return 0;
    }
    let mut hash = Fnv1a::EMPTY;
    let mut buffer = [0; 4];
    for c in host.chars().flat_map(char::to_lowercase) {
        hash = c.encode_utf8(&mut buffer).bytes().fold(hash, Fnv1a::with);
    }
    ((hash.mixed() >> 32) as u32).max(1)
}

impl Plain<'_> {
    /// Gives each of the token's words to `found`. Which way is taken for a token makes no difference to what is found.
    pub(super) fn read(&self, found: impl FnMut(Word)) -> Marks {
        if self.is_ascii { self.read_ascii(found) } else { self.read_wide(found) }
    }

    fn read_ascii(&self, mut found: impl FnMut(Word)) -> Marks {
        let mut marks = Marks::default();
        let mut rest = self.token.as_bytes();
        while !rest.is_empty() {
            let (length, word, of_word) = ascii_word(rest);
            if length > 0 {
                found(word);
                marks.add(of_word);
            }
            rest = rest.get(length + 1..).unwrap_or_default();
        }
        marks
    }

    fn read_wide(&self, mut found: impl FnMut(Word)) -> Marks {
        let mut marks = Marks::default();
        let mut word = Spelling::default();
        for c in self.token.chars() {
            marks.letters += u16::from(c.is_uppercase() || c.is_lowercase());
            marks.capitals += u16::from(c.is_uppercase());
            marks.emoji += u16::from(is_emoji(c));
            if c.is_alphanumeric() || c == '\'' || c == '’' {
                // Character by character: a word's lower case must not depend on neighbours (a final sigma's would).
                c.to_lowercase().for_each(|lower| word.push(lower));
            } else if word.length > 0 {
                found(std::mem::take(&mut word).word());
            }
        }
        if word.length > 0 {
            found(word.word());
        }
        marks
    }

    /// Whether a dot stands between two letters or digits, as in "example.org" and "3.5". Any character beyond ASCII
    /// counts as a letter here.
    pub(super) fn has_inner_dot(&self) -> bool {
        let joins = |byte: u8| KINDS[usize::from(byte)] & (LETTER | DIGIT | WIDE) != 0;
        self.has_dot
            && self
                .token
                .as_bytes()
                .windows(3)
                .any(|three| three[1] == b'.' && joins(three[0]) && joins(three[2]))
    }
}

/// The ASCII characters of a word that a text begins with: how many, the word if it ends there, and its letters.
#[inline]
fn ascii_word(text: &[u8]) -> (usize, Word, Marks) {
    let mut hash = Fnv1a::EMPTY;
    let mut marks = Marks::default();
    let (mut length, mut kinds) = (0, 0);
    let (mut previous, mut before, mut is_stretched) = (0, 0, false);
    while let Some(byte) = text.get(length) {
        let kind = KINDS[usize::from(*byte)];
        if kind & WORD == 0 {
            break;
        }
        // The bit in which the cases of an ASCII letter differ.
        let lower = *byte | (kind & CAPITAL) << 1;
        hash = hash.with(lower);
        is_stretched |= (lower == previous) & (previous == before) & (kind & LETTER != 0);
        (before, previous) = (previous, lower);
        marks.letters += u16::from(kind & LETTER != 0);
        marks.capitals += u16::from(kind & CAPITAL != 0);
        kinds |= kind;
        length += 1;
    }
    let word =
        Word { hash: hash.mixed(), is_single: length == 1, is_stretched, has_digit: kinds & DIGIT != 0 };
    (length, word, marks)
}

/// A word being read character by character.
struct Spelling {
    hash: Fnv1a,
    length: u32,
    /// The two characters before, the latest first.
    latest: [char; 2],
    is_stretched: bool,
    has_digit: bool,
}

impl Default for Spelling {
    fn default() -> Self {
        Self { hash: Fnv1a::EMPTY, length: 0, latest: ['\0'; 2], is_stretched: false, has_digit: false }
    }
}

impl Spelling {
    fn push(&mut self, lower: char) {
        let mut buffer = [0; 4];
        self.hash = lower.encode_utf8(&mut buffer).bytes().fold(self.hash, Fnv1a::with);
        self.is_stretched |= self.latest == [lower; 2] && lower.is_alphabetic();
        self.has_digit |= lower.is_ascii_digit();
        self.latest = [lower, self.latest[0]];
        self.length += 1;
    }

    fn word(&self) -> Word {
        Word {
            hash: self.hash.mixed(),
            is_single: self.length == 1,
            is_stretched: self.is_stretched,
            has_digit: self.has_digit,
        }
    }
}

/// Symbols and dingbats, the letters that flags are made of, pictographs; skin tones change the emoji before and do not
/// count. One that is made of several counts as often: a flag twice.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::hash_bytes;

    fn words(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        for token in Tokens::new(text) {
            match token {
                Token::Word(word, _) => found.push(word.hash),
                Token::Plain(plain) => {
                    plain.read(|word| found.push(word.hash));
                }
                Token::Link(_) | Token::Mention(_) => {}
            }
        }
        found
    }

    fn hashes<const N: usize>(words: [&str; N]) -> Vec<u64> {
        words.map(|word| hash_bytes(word.as_bytes())).to_vec()
    }

    #[test]
    fn splits_and_lowers() {
        assert_eq!(words("Don't STOP—now, #Friday!"), hashes(["don't", "stop", "now", "friday"]));
        assert_eq!(words("ÇA VA,\u{a0}l’été?"), hashes(["ça", "va", "l’été"]));
        assert_eq!(words(" \t\n\u{3000}"), Vec::<u64>::new());
    }

    #[test]
    fn drops_links_and_mentions() {
        assert_eq!(words("@you see WWW.example.org and http://a.b now"), hashes(["see", "and", "now"]));
        assert_eq!(words("see:http://a.b www later"), hashes(["www", "later"]));
    }

    /// The words of a text by their definition alone.
    fn defined_words(text: &str) -> Vec<u64> {
        let is_link = |token: &str| token.contains("://") || token.to_lowercase().starts_with("www.");
        let tokens = text.split_whitespace().filter(|token| !is_link(token) && !token.starts_with('@'));
        let words = tokens.flat_map(|token| token.split(|c: char| !c.is_alphanumeric() && !"'’".contains(c)));
        let lower = |word: &str| word.chars().flat_map(char::to_lowercase).collect::<String>();
        words.filter(|word| !word.is_empty()).map(|word| hash_bytes(lower(word).as_bytes())).collect()
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_definition(text in "([a-cA-C0-3wW ]|[ @:/.w'’ßİΣ,\u{a0}😀-]){0,60}") {
            prop_assert_eq!(words(&text), defined_words(&text));
        }
    }

    #[test]
    fn both_ways_find_the_same_in_ascii() {
        for token in ["Don't", "a-b--C3", "(Sooo)", "!?", "x.com", "AAA,bb", "1,000"] {
            let plain = Plain { token, is_ascii: true, has_dot: token.contains('.') };
            let (mut ascii, mut wide) = (Vec::new(), Vec::new());
            let marks = plain.read_ascii(|word| ascii.push(word));
            assert_eq!(marks, plain.read_wide(|word| wide.push(word)));
            assert_eq!(ascii, wide, "{token}");
        }
    }

    #[test]
    fn hosts_are_found_in_links() {
        let host = |link| hash_of_host(link);
        let expected = ((hash_bytes(b"example.org") >> 32) as u32).max(1);
        for link in
            ["https://Example.org/x?y", "www.example.org", "(http://www.example.org)", "a://example.org:80"]
        {
            assert_eq!(host(link), expected, "{link}");
        }
        assert_ne!(host("http://example.com"), expected);
        assert_eq!((host("://"), host("www.")), (0, 0));
    }

    #[test]
    fn emoji_and_letters_are_counted() {
        let mut marks = Vec::new();
        for token in Tokens::new("ABc Ünd7 👋🏽 ☀️ 日本 🇫🇷") {
            match token {
                Token::Word(_, found) => marks.push(found),
                Token::Plain(plain) => marks.push(plain.read(|_| {})),
                Token::Link(_) | Token::Mention(_) => {}
            }
        }
        let of = |letters, capitals, emoji| Marks { letters, capitals, emoji };
        assert_eq!(marks, [of(3, 2, 0), of(3, 1, 0), of(0, 0, 1), of(0, 0, 1), of(0, 0, 0), of(0, 0, 2)]);
    }
}
