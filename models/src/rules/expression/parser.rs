//! From words to a typed tree.
//!
//! ```text
//! condition  = conjunction { "or" conjunction }
//! conjunction = negation { "and" negation }
//! negation   = "not" negation | predicate
//! predicate  = sum [ comparison sum | [ "not" ] "between" sum "and" sum | [ "not" ] "in" "(" literal { "," literal } ")"
//!                  | [ "not" ] ( "like" | "ilike" ) text | "is" [ "not" ] ( "missing" | "null" ) ]
//! sum        = product { ( "+" | "-" ) product }
//! product    = factor { ( "*" | "/" ) factor }
//! factor     = "-" factor | number | text | "true" | "false" | name | "(" condition ")"
//! ```

use super::lexer::{Token, Word, words};
use super::pattern::{MOST_PATTERN, Pattern};
use super::tree::{Comparison, Condition, Name, Number, Operator};
use super::{ExpressionError, MOST_DEPTH, MOST_PARTS};
use crate::rules::vocabulary::{Kind, Vocabulary};

const KEYWORDS: [&str; 12] =
    ["and", "or", "not", "is", "in", "between", "like", "ilike", "missing", "null", "true", "false"];

/// What a part of an expression turned out to be.
enum Part {
    Condition(Condition),
    Number(Number),
    /// A number that was written, also as a whole number where it is one.
    Literal(f64, Option<i64>),
    Text(String),
    /// A name on its own, of a kind that its use may have to tell.
    Name(Name, Option<Kind>),
}

impl Part {
    fn kind(&self) -> &'static str {
        match self {
            Self::Condition(_) => "a condition",
            Self::Number(_) | Self::Literal(..) => Kind::Number.name(),
            Self::Text(_) => Kind::Text.name(),
            Self::Name(_, kind) => kind.map_or("a name", Kind::name),
        }
    }
}

/// Reads a condition.
pub(super) fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Condition, ExpressionError> {
    let mut parser = Parser { words: words(text)?, next: 0, parts: 0, depth: 0, vocabulary };
    let position = parser.position();
    let part = parser.disjunction()?;
    if parser.token() != &Token::End {
        return Err(parser.unexpected("and, or, or the end"));
    }
    condition(part, position)
}

struct Parser<'a> {
    words: Vec<Word>,
    next: usize,
    parts: usize,
    depth: usize,
    vocabulary: &'a Vocabulary,
}

impl Parser<'_> {
    fn word(&self) -> &Word {
        &self.words[self.next.min(self.words.len() - 1)]
    }

    fn token(&self) -> &Token {
        &self.word().token
    }

    fn position(&self) -> usize {
        self.word().position
    }

    fn unexpected(&self, expected: &'static str) -> ExpressionError {
        ExpressionError::Unexpected { position: self.position(), found: self.token().shown(), expected }
    }

    /// The keyword that comes next, if one does.
    fn keyword(&self, ahead: usize) -> Option<&'static str> {
        match self.words.get(self.next + ahead).map(|word| &word.token) {
            Some(Token::Name { name, is_quoted: false }) => {
                KEYWORDS.into_iter().find(|keyword| name.eq_ignore_ascii_case(keyword))
            }
            _ => None,
        }
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let is_next = self.keyword(0) == Some(keyword);
        self.next += usize::from(is_next);
        is_next
    }

    fn takes_symbol(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.token(), Token::Symbol(next) if *next == symbol);
        self.next += usize::from(is_next);
        is_next
    }

    fn expects_symbol(&mut self, symbol: &'static str) -> Result<(), ExpressionError> {
        if self.takes_symbol(symbol) { Ok(()) } else { Err(self.unexpected(symbol)) }
    }

    /// Counts a part: what is read is bounded, and so is what is evaluated.
    fn count(&mut self) -> Result<(), ExpressionError> {
        self.parts += 1;
        if self.parts > MOST_PARTS { Err(ExpressionError::TooComplex) } else { Ok(()) }
    }

    fn deeper<R>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<R, ExpressionError>,
    ) -> Result<R, ExpressionError> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(ExpressionError::TooComplex);
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn disjunction(&mut self) -> Result<Part, ExpressionError> {
        self.joined("or", Self::conjunction, Condition::Any)
    }

    fn conjunction(&mut self) -> Result<Part, ExpressionError> {
        self.joined("and", Self::negation, Condition::All)
    }

    fn joined(
        &mut self,
        keyword: &str,
        read: fn(&mut Self) -> Result<Part, ExpressionError>,
        join: fn(Vec<Condition>) -> Condition,
    ) -> Result<Part, ExpressionError> {
        let position = self.position();
        let first = read(self)?;
        if self.keyword(0) != Some(keyword) {
            return Ok(first);
        }
        let mut conditions = vec![condition(first, position)?];
        while self.takes(keyword) {
            self.count()?;
            let position = self.position();
            conditions.push(condition(read(self)?, position)?);
        }
        Ok(Part::Condition(join(conditions)))
    }

    fn negation(&mut self) -> Result<Part, ExpressionError> {
        if !self.takes("not") {
            return self.predicate();
        }
        self.count()?;
        let position = self.position();
        let negated = self.deeper(Self::negation)?;
        Ok(Part::Condition(Condition::Not(Box::new(condition(negated, position)?))))
    }

    fn predicate(&mut self) -> Result<Part, ExpressionError> {
        let position = self.position();
        let left = self.sum()?;
        if let Token::Symbol(symbol) = self.token()
            && let Some(comparison) = Comparison::of(symbol)
        {
            self.next += 1;
            let right_position = self.position();
            let right = self.sum()?;
            return compare(comparison, left, position, right, right_position).map(Part::Condition);
        }
        if self.takes("is") {
            let is_negated = self.takes("not");
            if !self.takes("missing") && !self.takes("null") {
                return Err(self.unexpected("missing or null"));
            }
            let Part::Name(name, _) = left else {
                return Err(wrong(position, &left, "a name"));
            };
            return Ok(negated_if(is_negated, Condition::Missing(name)));
        }
        let is_negated = self.keyword(0) == Some("not")
            && matches!(self.keyword(1), Some("between" | "in" | "like" | "ilike"));
        self.next += usize::from(is_negated);
        if self.takes("between") {
            let left = number(left, position)?;
            let low = self.bound()?;
            if !self.takes("and") {
                return Err(self.unexpected("and"));
            }
            let high = self.bound()?;
            return Ok(negated_if(is_negated, Condition::Between(left, low, high)));
        }
        if self.takes("in") {
            let found = self.one_of(left, position)?;
            return Ok(negated_if(is_negated, found));
        }
        for (keyword, ignores_case) in [("like", false), ("ilike", true)] {
            if self.takes(keyword) {
                let name = text_name(left, position)?;
                let Token::Text(pattern) = self.token() else {
                    return Err(self.unexpected("a pattern in quotes"));
                };
                if pattern.chars().count() > MOST_PATTERN {
                    return Err(ExpressionError::Pattern { position: self.position() });
                }
                let pattern = Pattern::new(pattern, ignores_case);
                self.next += 1;
                return Ok(negated_if(is_negated, Condition::Like(name, pattern)));
            }
        }
        Ok(left)
    }

    fn bound(&mut self) -> Result<Number, ExpressionError> {
        let position = self.position();
        number(self.sum()?, position)
    }

    fn one_of(&mut self, left: Part, position: usize) -> Result<Condition, ExpressionError> {
        self.expects_symbol("(")?;
        let (mut literals, mut is_first) = (Vec::new(), true);
        while is_first || self.takes_symbol(",") {
            is_first = false;
            let position = self.position();
            let is_negative = self.takes_symbol("-");
            let literal = match self.token() {
                Token::Number(number, exact) if is_negative => {
                    Part::Literal(-number, exact.map(|exact| -exact))
                }
                Token::Number(number, exact) => Part::Literal(*number, *exact),
                Token::Text(text) if !is_negative => Part::Text(text.clone()),
                _ => return Err(self.unexpected("a number or a text in quotes")),
            };
            self.next += 1;
            literals.push((literal, position));
        }
        self.expects_symbol(")")?;
        let is_text = matches!(literals.first(), Some((Part::Text(_), _)));
        match left {
            Part::Name(name, Some(Kind::Identifier)) => {
                let numbers = literals.into_iter().map(|(literal, position)| whole(literal, position));
                let mut numbers = numbers.collect::<Result<Vec<i64>, _>>()?;
                numbers.sort_unstable();
                Ok(Condition::OneOfIdentifiers(name, numbers))
            }
            Part::Name(name, kind) if kind == Some(Kind::Text) || (kind.is_none() && is_text) => {
                let texts = literals.into_iter().map(|(literal, position)| match literal {
                    Part::Text(text) => Ok(text),
                    other => Err(wrong(position, &other, Kind::Text.name())),
                });
                Ok(Condition::OneOfTexts(name, texts.collect::<Result<_, _>>()?))
            }
            left => {
                let left = number(left, position)?;
                let numbers = literals.into_iter().map(|(literal, position)| match literal {
                    Part::Literal(number, _) => Ok(number),
                    other => Err(wrong(position, &other, Kind::Number.name())),
                });
                Ok(Condition::OneOfNumbers(left, numbers.collect::<Result<_, _>>()?))
            }
        }
    }

    fn sum(&mut self) -> Result<Part, ExpressionError> {
        self.calculated([("+", Operator::Plus), ("-", Operator::Minus)], Self::product)
    }

    fn product(&mut self) -> Result<Part, ExpressionError> {
        self.calculated([("*", Operator::Times), ("/", Operator::Over)], Self::factor)
    }

    fn calculated(
        &mut self,
        operators: [(&str, Operator); 2],
        read: fn(&mut Self) -> Result<Part, ExpressionError>,
    ) -> Result<Part, ExpressionError> {
        let position = self.position();
        let mut left = read(self)?;
        while let Some((_, operator)) = operators.iter().find(|(symbol, _)| self.takes_symbol(symbol)) {
            self.count()?;
            let right_position = self.position();
            let operands = (number(left, position)?, number(read(self)?, right_position)?);
            left = Part::Number(Number::Calculated(*operator, Box::new(operands)));
        }
        Ok(left)
    }

    fn factor(&mut self) -> Result<Part, ExpressionError> {
        self.count()?;
        let position = self.position();
        if self.takes_symbol("-") {
            return match self.deeper(Self::factor)? {
                Part::Literal(number, exact) => Ok(Part::Literal(-number, exact.map(|exact| -exact))),
                other => Ok(Part::Number(Number::Negative(Box::new(number(other, position)?)))),
            };
        }
        if self.takes_symbol("(") {
            let inner = self.deeper(Self::disjunction)?;
            self.expects_symbol(")")?;
            return Ok(inner);
        }
        for (keyword, value) in [("true", true), ("false", false)] {
            if self.takes(keyword) {
                return Ok(Part::Condition(Condition::Constant(value)));
            }
        }
        let part = match self.token() {
            Token::Number(number, exact) => Part::Literal(*number, *exact),
            Token::Text(text) => Part::Text(text.clone()),
            Token::Name { name, is_quoted } if *is_quoted || self.keyword(0).is_none() => {
                // As SQL has it.
                self.name(if *is_quoted { name.clone() } else { name.to_lowercase() }, position)?
            }
            _ => return Err(self.unexpected("a name, a number or a text in quotes")),
        };
        self.next += 1;
        Ok(part)
    }

    fn name(&self, name: String, position: usize) -> Result<Part, ExpressionError> {
        match self.vocabulary.look_up(&name) {
            Some((place, kind)) => Ok(Part::Name(Name { text: name, place }, kind)),
            None => {
                let nearest = self.vocabulary.nearest(&name);
                Err(ExpressionError::UnknownName { position, name, nearest })
            }
        }
    }
}

fn wrong(position: usize, found: &Part, expected: &'static str) -> ExpressionError {
    let name = if let Part::Name(name, _) = found { Some(name.text.clone()) } else { None };
    ExpressionError::Kind { position, name, found: found.kind(), expected }
}

fn negated_if(is_negated: bool, condition: Condition) -> Part {
    Part::Condition(if is_negated { Condition::Not(Box::new(condition)) } else { condition })
}

fn condition(part: Part, position: usize) -> Result<Condition, ExpressionError> {
    match part {
        Part::Condition(condition) => Ok(condition),
        Part::Name(name, None | Some(Kind::Boolean)) => Ok(Condition::Value(name)),
        other => Err(wrong(position, &other, "a condition")),
    }
}

fn number(part: Part, position: usize) -> Result<Number, ExpressionError> {
    match part {
        Part::Number(number) => Ok(number),
        Part::Literal(number, _) => Ok(Number::Constant(number)),
        Part::Name(name, None | Some(Kind::Number)) => Ok(Number::Value(name)),
        other => Err(wrong(position, &other, Kind::Number.name())),
    }
}

fn text_name(part: Part, position: usize) -> Result<Name, ExpressionError> {
    match part {
        Part::Name(name, None | Some(Kind::Text)) => Ok(name),
        other => Err(wrong(position, &other, "a name of texts")),
    }
}

fn whole(part: Part, position: usize) -> Result<i64, ExpressionError> {
    match part {
        Part::Literal(_, Some(number)) => Ok(number),
        other => Err(wrong(position, &other, "a whole number")),
    }
}

fn compare(
    comparison: Comparison,
    left: Part,
    left_position: usize,
    right: Part,
    right_position: usize,
) -> Result<Condition, ExpressionError> {
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::Different);
    let unless_different = |condition: Condition| match comparison {
        Comparison::Different => Condition::Not(Box::new(condition)),
        _ => condition,
    };
    let identifies = |part: &Part| matches!(part, Part::Name(_, Some(Kind::Identifier)));
    match (left, right) {
        (Part::Name(name, None | Some(Kind::Text)), Part::Text(text))
        | (Part::Text(text), Part::Name(name, None | Some(Kind::Text)))
            if is_equality =>
        {
            Ok(unless_different(Condition::OneOfTexts(name, vec![text])))
        }
        (Part::Name(name, None | Some(Kind::Boolean)), Part::Condition(Condition::Constant(value)))
        | (Part::Condition(Condition::Constant(value)), Part::Name(name, None | Some(Kind::Boolean)))
            if is_equality =>
        {
            let holds = Condition::Value(name);
            Ok(unless_different(if value { holds } else { Condition::Not(Box::new(holds)) }))
        }
        (left, right) if is_equality && identifies(&left) => {
            let number = whole(right, right_position)?;
            let Part::Name(name, _) = left else { return Err(ExpressionError::TooComplex) };
            Ok(unless_different(Condition::OneOfIdentifiers(name, vec![number])))
        }
        (left, right) => {
            let (left, right) = (number(left, left_position)?, number(right, right_position)?);
            Ok(Condition::Compare(comparison, left, right))
        }
    }
}
