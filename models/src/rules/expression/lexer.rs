//! A condition's text as words.

use super::ExpressionError;

/// Characters of a condition at most: room for a list of a thousand accounts.
pub const MOST_CHARACTERS: usize = 20_000;

/// A word, and the character it begins at, counted from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub token: Token,
    pub position: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A number, also as a whole number where it is one: numbers of accounts go beyond what a float tells apart.
    Number(f64, Option<i64>),
    Text(String),
    /// As it was written, unless it was quoted: then it is no keyword.
    Name {
        name: String,
        is_quoted: bool,
    },
    Symbol(&'static str),
    End,
}

/// The longer ones first.
const SYMBOLS: [&str; 15] = ["<=", ">=", "<>", "!=", "==", "<", ">", "=", "(", ")", ",", "+", "-", "*", "/"];

impl Token {
    /// How an error shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Number(number, _) => number.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Name { name, .. } => name.clone(),
            Self::Symbol(symbol) => (*symbol).to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Splits a text into words; the last one is [`Token::End`].
///
/// # Errors
/// [`ExpressionError`] with the character that belongs to no word.
pub(super) fn words(text: &str) -> Result<Vec<Word>, ExpressionError> {
    let characters: Vec<char> = text.chars().take(MOST_CHARACTERS + 1).collect();
    if characters.len() > MOST_CHARACTERS {
        return Err(ExpressionError::TooLong);
    }
    let mut lexer = Lexer { characters: &characters, next: 0 };
    let mut words = Vec::new();
    loop {
        lexer.skip(|character| character.is_whitespace());
        let position = lexer.next + 1;
        let token = lexer.token()?;
        let is_end = token == Token::End;
        words.push(Word { token, position });
        if is_end {
            return Ok(words);
        }
    }
}

struct Lexer<'a> {
    characters: &'a [char],
    next: usize,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.next + ahead).copied()
    }

    fn skip(&mut self, is_skipped: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&is_skipped) {
            self.next += 1;
        }
    }

    fn token(&mut self) -> Result<Token, ExpressionError> {
        let Some(first) = self.peek(0) else { return Ok(Token::End) };
        if first == '\'' {
            return self.quoted('\'').map(Token::Text);
        }
        if first == '"' {
            return self.quoted('"').map(|name| Token::Name { name, is_quoted: true });
        }
        if first.is_ascii_digit() || (first == '.' && self.peek(1).is_some_and(|c| c.is_ascii_digit())) {
            return self.number();
        }
        if first.is_alphabetic() || first == '_' {
            let start = self.next;
            self.skip(|character| character.is_alphanumeric() || character == '_');
            let name = self.characters[start..self.next].iter().collect();
            return Ok(Token::Name { name, is_quoted: false });
        }
        let is_next = |symbol: &&str| symbol.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c));
        let symbol = SYMBOLS.into_iter().find(is_next);
        let symbol =
            symbol.ok_or(ExpressionError::Character { position: self.next + 1, character: first })?;
        self.next += symbol.len();
        Ok(Token::Symbol(match symbol {
            "!=" => "<>",
            "==" => "=",
            symbol => symbol,
        }))
    }

    /// What stands between quotes; two of them stand for one.
    fn quoted(&mut self, quote: char) -> Result<String, ExpressionError> {
        let position = self.next + 1;
        self.next += 1;
        let mut text = String::new();
        loop {
            let character = self.peek(0).ok_or(ExpressionError::Unterminated { position, quote })?;
            self.next += 1;
            if character == quote {
                if self.peek(0) != Some(quote) {
                    return Ok(text);
                }
                self.next += 1;
            }
            text.push(character);
        }
    }

    fn number(&mut self) -> Result<Token, ExpressionError> {
        let start = self.next;
        let is_digit = |character: char| character.is_ascii_digit();
        self.skip(is_digit);
        if self.peek(0) == Some('.') {
            self.next += 1;
            self.skip(is_digit);
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.peek(1), Some('+' | '-')));
            if self.peek(1 + sign).is_some_and(is_digit) {
                self.next += 1 + sign;
                self.skip(is_digit);
            }
        }
        let text: String = self.characters[start..self.next].iter().collect();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        match number {
            Some(number) => Ok(Token::Number(number, text.parse().ok())),
            None => Err(ExpressionError::Number { position: start + 1, text }),
        }
    }
}
