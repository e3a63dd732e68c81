//! Conditions over features and columns: a small language that reads like SQL, reads nothing but its row, and always ends.
//!
//! `duplicate_rate >= 0.5 and not (followers > 1000 or is_verified = 1)`. Numbers, truth values and texts; comparisons, `and`, `or`, `not`,
//! `+ - * /`, `between`, `in (…)`, `like` and `ilike`, `is missing`. A name that is missing makes unknown whatever hangs on it,
//! as NULL does in SQL; so do a division by zero and a number beyond all bounds.

mod lexer;
mod parser;
mod pattern;
#[cfg(test)]
mod tests;
mod tree;

pub use lexer::MOST_CHARACTERS;
pub use pattern::MOST_PATTERN;
pub use tree::Name;

use super::facts::Facts;
use super::vocabulary::Vocabulary;

/// Parts of a condition at most.
pub const MOST_PARTS: usize = 500;
/// How deep parentheses and negations may nest.
pub const MOST_DEPTH: usize = 40;

/// Why a text is no condition. Positions are characters, counted from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExpressionError {
    /// More than [`MOST_CHARACTERS`].
    #[error("condition is longer than {MOST_CHARACTERS} characters")]
    TooLong,
    /// More than [`MOST_PARTS`], or deeper than [`MOST_DEPTH`].
    #[error("condition has more than {MOST_PARTS} parts, or nests deeper than {MOST_DEPTH}")]
    TooComplex,
    /// A character that belongs to no word.
    #[error("condition has {character:?} at character {position}")]
    Character {
        /// Where.
        position: usize,
        /// The character.
        character: char,
    },
    /// Quotes that are not closed.
    #[error("condition has {quote} at character {position}, which is not closed")]
    Unterminated {
        /// Where they are opened.
        position: usize,
        /// Which.
        quote: char,
    },
    /// A number beyond what a float can hold.
    #[error("condition has the number {text} at character {position}, which is too large")]
    Number {
        /// Where.
        position: usize,
        /// The number.
        text: String,
    },
    /// A word in the wrong place.
    #[error("condition has {found} at character {position}, where {expected} would do")]
    Unexpected {
        /// Where.
        position: usize,
        /// The word.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// A name that the detector does not have.
    #[error("condition names {name} at character {position}, which the detector does not have")]
    UnknownName {
        /// Where.
        position: usize,
        /// The name.
        name: String,
        /// What was most likely meant.
        nearest: Option<String>,
    },
    /// Something of another type than its place asks for.
    #[error("condition has {}{found} at character {position}, where {expected} is needed", of(name))]
    Kind {
        /// Where.
        position: usize,
        /// The name, where it is one.
        name: Option<String>,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// A pattern of more than [`MOST_PATTERN`] characters.
    #[error("condition has a pattern of more than {MOST_PATTERN} characters at character {position}")]
    Pattern {
        /// Where.
        position: usize,
    },
}

fn of(name: &Option<String>) -> String {
    name.as_ref().map_or_else(String::new, |name| format!("{name}, "))
}

/// A condition that was read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    condition: tree::Condition,
}

impl Expression {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`ExpressionError`] with the place of what does not do.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, ExpressionError> {
        parser::parse(text, vocabulary).map(|condition| Self { condition })
    }

    /// Whether it holds; `None` where that hangs on what is missing.
    #[must_use]
    pub fn evaluate(&self, facts: &dyn Facts) -> Option<bool> {
        self.condition.evaluate(facts)
    }

    /// The names in it, each once, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<&Name> {
        let mut all = Vec::new();
        self.condition.add_names(&mut all);
        let mut names: Vec<&Name> = Vec::new();
        for name in all {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}
