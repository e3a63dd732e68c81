//! Patterns of texts, as `LIKE` has them.

/// Characters of a pattern at most.
pub const MOST_PATTERN: usize = 200;
/// Characters of a text that are looked at.
const MOST_TEXT: usize = 10_000;

/// A pattern: `%` stands for any characters, `_` for one, and `\` before either for itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    ignores_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Any,
    One,
    Exactly(char),
}

impl Pattern {
    pub(super) fn new(text: &str, ignores_case: bool) -> Self {
        let folded = if ignores_case { text.to_lowercase() } else { text.to_owned() };
        let mut characters = folded.chars();
        let mut parts = Vec::new();
        while let Some(character) = characters.next() {
            parts.push(match character {
                '%' => Part::Any,
                '_' => Part::One,
                '\\' => Part::Exactly(characters.next().unwrap_or('\\')),
                character => Part::Exactly(character),
            });
        }
        // Several in a row mean what one does.
        parts.dedup_by(|a, b| *a == Part::Any && *b == Part::Any);
        Self { parts, ignores_case }
    }

    /// Whether a text is like it. Work is bounded by the product of both lengths: what `%` stands for is only ever made longer,
    /// and what came before the latest `%` is never tried again.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = if self.ignores_case {
            text.to_lowercase().chars().take(MOST_TEXT).collect()
        } else {
            text.chars().take(MOST_TEXT).collect()
        };
        let (mut part, mut next) = (0, 0);
        let mut latest: Option<(usize, usize)> = None;
        while next < text.len() {
            match self.parts.get(part) {
                Some(Part::Any) => {
                    latest = Some((part, next));
                    part += 1;
                }
                Some(Part::One) => (part, next) = (part + 1, next + 1),
                Some(Part::Exactly(character)) if *character == text[next] => {
                    (part, next) = (part + 1, next + 1);
                }
                _ => {
                    let Some((any, until)) = latest else { return false };
                    latest = Some((any, until + 1));
                    (part, next) = (any + 1, until + 1);
                }
            }
        }
        self.parts[part..].iter().all(|part| *part == Part::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_sql() {
        let matches = |text: &str, pattern: &str| Pattern::new(pattern, false).matches(text);
        for (text, pattern) in [
            ("", ""),
            ("", "%"),
            ("abc", "abc"),
            ("abc", "a%"),
            ("abc", "%c"),
            ("abc", "%b%"),
            ("abc", "a_c"),
            ("aXbXc", "a%b%c"),
            ("50%", "50\\%"),
            ("aab", "%ab"),
            ("mississippi", "%iss%ip%"),
        ] {
            assert!(matches(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in
            [("", "_"), ("abc", "ab"), ("abc", "a_"), ("ABC", "abc"), ("500", "50\\%"), ("abcb", "%c")]
        {
            assert!(!matches(text, pattern), "{text} {pattern}");
        }
        assert!(Pattern::new("%SEO%", true).matches("best-Seo-links"));
    }

    #[test]
    fn hostile_patterns_end() {
        let text = "a".repeat(MOST_TEXT * 2);
        assert!(!Pattern::new(&"%a".repeat(100).replace("%a%a", "%aaa_"), false).matches(&"b".repeat(9_999)));
        assert!(!Pattern::new(&format!("{}b", "%a".repeat(99)), false).matches(&text));
    }
}
