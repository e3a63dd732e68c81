//! Splitting text into lower-case words, in any language that separates words.

/// Words of a text: maximal runs of letters, digits and apostrophes, in Unicode lower case. Links and mentions are
/// passed over whole; everything else separates words.
pub(super) struct Words<'a> {
    tokens: std::str::SplitWhitespace<'a>,
    rest: &'a str,
    word: String,
    saw_link: bool,
}

impl<'a> Words<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { tokens: text.split_whitespace(), rest: "", word: String::new(), saw_link: false }
    }

    /// The next word. It lives until the next call, so that a text costs one allocation and not one a word.
    pub(super) fn next_word(&mut self) -> Option<&str> {
        loop {
            let unread = self.rest.trim_start_matches(|c| !is_word_character(c));
            if !unread.is_empty() {
                let end = unread.find(|c| !is_word_character(c)).unwrap_or(unread.len());
                let (word, rest) = unread.split_at(end);
                self.rest = rest;
                lower_case_into(word, &mut self.word);
                return Some(&self.word);
            }
            let token = self.tokens.next()?;
            if is_link(token) {
                self.saw_link = true;
            } else if !token.starts_with('@') {
                self.rest = token;
            }
        }
    }

    /// Whether a link has been passed over so far.
    pub(super) fn saw_link(&self) -> bool {
        self.saw_link
    }
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || c == '\'' || c == '’'
}

fn is_link(token: &str) -> bool {
    let starts_with_www = token.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www."));
    starts_with_www || token.contains("://")
}

/// Character by character, so that a word's lower case does not depend on its neighbours (a final sigma would).
fn lower_case_into(word: &str, lower: &mut String) {
    lower.clear();
    if word.is_ascii() {
        lower.push_str(word);
        lower.make_ascii_lowercase();
    } else {
        lower.extend(word.chars().flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut reader = Words::new(text);
        let mut found = Vec::new();
        while let Some(word) = reader.next_word() {
            found.push(word.to_owned());
        }
        found
    }

    #[test]
    fn splits_and_lowers() {
        assert_eq!(words("Don't STOP—now, #Friday!"), ["don't", "stop", "now", "friday"]);
        assert_eq!(words("ÇA VA, l’été?"), ["ça", "va", "l’été"]);
        assert_eq!(words(" \t\n"), Vec::<String>::new());
    }

    #[test]
    fn drops_links_and_mentions() {
        assert_eq!(words("@you see WWW.example.org and http://a.b now"), ["see", "and", "now"]);
    }
}
