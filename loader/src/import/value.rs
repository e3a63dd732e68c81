//! Single values: what a cell of the input holds, and what a field makes of it.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::{Number, Value};
use thiserror::Error;

use super::time;

/// Characters of a value that a message shows.
const SHOWN: usize = 60;
/// Whole numbers up to here are exact as floating-point numbers.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A value before its meaning is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Text(Cow<'a, str>),
    Number(&'a Number),
    Flag(bool),
    /// An array or an object.
    Nested(&'static str),
}

/// What is wrong with a value.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum ValueProblem {
    /// A value of another type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// What the field needs.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A count below zero.
    #[error("{0} is below zero")]
    Negative(String),
    /// A text with a NUL character.
    #[error("the text {0} contains a NUL character, which cannot be stored")]
    Nul(String),
}

impl<'a> Cell<'a> {
    /// The cell of a JSON value; `None` for `null`.
    pub fn of_json(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(flag) => Cell::Flag(*flag),
            Value::Number(number) => Cell::Number(number),
            Value::String(text) => Cell::Text(Cow::Borrowed(text)),
            Value::Array(_) => Cell::Nested("an array"),
            Value::Object(_) => Cell::Nested("an object"),
        })
    }

    fn shown(&self) -> String {
        match self {
            Cell::Text(text) => shown(text),
            Cell::Number(number) => number.to_string(),
            Cell::Flag(flag) => flag.to_string(),
            Cell::Nested(name) => (*name).to_owned(),
        }
    }

    fn problem<T>(&self, expected: &'static str) -> Result<T, ValueProblem> {
        Err(ValueProblem::Type { expected, found: self.shown() })
    }

    /// Whether it is a text of nothing but spaces: no value, for everything but profile texts.
    fn is_blank(&self) -> bool {
        matches!(self, Cell::Text(text) if text.trim().is_empty())
    }
}

/// The start of a text in quotes, without line breaks.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    let ellipsis = if start.len() < text.len() { "..." } else { "" };
    format!("'{}'{ellipsis}", start.escape_debug())
}

/// A profile text: an empty one is known to be empty.
pub(super) fn profile_text(cell: Cell<'_>) -> Result<Option<String>, ValueProblem> {
    match cell {
        Cell::Text(text) if text.contains('\0') => Err(ValueProblem::Nul(shown(&text))),
        Cell::Text(text) => Ok(Some(text.into_owned())),
        other => other.problem("a text"),
    }
}

/// Any other text, as it is: an empty one is none.
pub(super) fn text(cell: Cell<'_>) -> Result<Option<String>, ValueProblem> {
    Ok(profile_text(cell)?.filter(|text| !text.is_empty()))
}

/// A key or name, without the spaces around it. Numbers count if they are whole: others would not keep their digits.
pub(super) fn identifier(cell: Cell<'_>) -> Result<Option<String>, ValueProblem> {
    match cell {
        Cell::Number(number) if !number.is_f64() => Ok(Some(number.to_string())),
        Cell::Text(_) => Ok(text(cell)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())),
        other => other.problem("a text or a whole number of at most 19 digits"),
    }
}

/// A number of things.
pub(super) fn count(cell: Cell<'_>) -> Result<Option<i64>, ValueProblem> {
    if cell.is_blank() {
        return Ok(None);
    }
    let number = match &cell {
        Cell::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Cell::Text(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| text.parse().ok().and_then(whole))
        }
        Cell::Flag(_) | Cell::Nested(_) => None,
    };
    match number {
        Some(number) if number < 0 => Err(ValueProblem::Negative(cell.shown())),
        Some(number) => Ok(Some(number)),
        None => cell.problem("a count"),
    }
}

/// Spreadsheets write whole numbers as `12.0`.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= LARGEST_EXACT).then_some(number as i64)
}

/// Yes or no.
pub(super) fn flag(cell: Cell<'_>) -> Result<Option<bool>, ValueProblem> {
    flag_among(cell, &["true", "1", "yes"], &["false", "0", "no"], "true, false, 1, 0, yes or no")
}

/// Bot or human.
pub(super) fn bot_flag(cell: Cell<'_>) -> Result<Option<bool>, ValueProblem> {
    flag_among(
        cell,
        &["true", "1", "yes", "bot"],
        &["false", "0", "no", "human"],
        "bot, human, true, false, 1, 0, yes or no",
    )
}

fn flag_among(
    cell: Cell<'_>,
    yes: &[&str],
    no: &[&str],
    expected: &'static str,
) -> Result<Option<bool>, ValueProblem> {
    if cell.is_blank() {
        return Ok(None);
    }
    let word = match &cell {
        Cell::Flag(flag) => return Ok(Some(*flag)),
        Cell::Text(text) => text.trim().to_lowercase(),
        Cell::Number(number) => number.to_string(),
        Cell::Nested(_) => return cell.problem(expected),
    };
    match word.as_str() {
        word if yes.contains(&word) => Ok(Some(true)),
        word if no.contains(&word) => Ok(Some(false)),
        _ => cell.problem(expected),
    }
}

/// A network address.
pub(super) fn address(cell: Cell<'_>) -> Result<Option<IpAddr>, ValueProblem> {
    if cell.is_blank() {
        return Ok(None);
    }
    match &cell {
        Cell::Text(text) => match text.trim().parse() {
            Ok(address) => Ok(Some(address)),
            Err(_) => cell.problem("an IP address"),
        },
        Cell::Number(_) | Cell::Flag(_) | Cell::Nested(_) => cell.problem("an IP address"),
    }
}

/// A point in time, in microseconds since 1970 (UTC).
pub(super) fn moment(cell: Cell<'_>) -> Result<Option<i64>, ValueProblem> {
    if cell.is_blank() {
        return Ok(None);
    }
    let moment = match &cell {
        Cell::Text(text) => time::from_text(text),
        Cell::Number(number) => match number.as_i64() {
            Some(whole) => time::from_integer(whole),
            None => number.as_f64().and_then(time::from_fraction),
        },
        Cell::Flag(_) | Cell::Nested(_) => None,
    };
    match moment {
        Some(moment) => Ok(Some(moment)),
        None => cell.problem("a time (RFC 3339, YYYY-MM-DD HH:MM:SS, or seconds or milliseconds since 1970)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of<T>(
        convert: fn(Cell<'_>) -> Result<Option<T>, ValueProblem>,
        value: &Value,
    ) -> Result<Option<T>, String> {
        convert(Cell::of_json(value).unwrap()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn empty_texts_count_in_profiles_only() {
        assert_eq!(of(profile_text, &json!("")), Ok(Some(String::new())));
        assert_eq!(of(text, &json!("")), Ok(None));
        assert_eq!(of(identifier, &json!("  ")), Ok(None));
        assert_eq!(of(count, &json!("")), Ok(None));
        assert_eq!(of(flag, &json!(" ")), Ok(None));
        assert_eq!(of(moment, &json!("")), Ok(None));
        assert_eq!(of(address, &json!("")), Ok(None));
        assert_eq!(Cell::of_json(&Value::Null), None);
    }

    #[test]
    fn keys_are_texts_or_whole_numbers() {
        assert_eq!(of(identifier, &json!(" a b ")), Ok(Some("a b".into())));
        assert_eq!(
            of(identifier, &json!(18_446_744_073_709_551_615_u64)),
            Ok(Some("18446744073709551615".into()))
        );
        assert!(of(identifier, &json!(1.5)).is_err());
        assert!(of(identifier, &json!(true)).is_err());
        assert!(of(identifier, &json!({"id": 1})).unwrap_err().ends_with("found an object"));
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        for value in [json!(12), json!(12.0), json!("12"), json!(" 12.0 ")] {
            assert_eq!(of(count, &value), Ok(Some(12)));
        }
        assert_eq!(of(count, &json!(-3)).unwrap_err(), "-3 is below zero");
        for value in
            [json!("many"), json!(1.5), json!("1,000"), json!("NaN"), json!(1e300), json!(true), json!([1])]
        {
            assert!(of(count, &value).unwrap_err().starts_with("expected a count, found"), "{value}");
        }
    }

    #[test]
    fn flags_have_a_few_words() {
        for value in [json!(true), json!(1), json!("1"), json!("True"), json!("YES")] {
            assert_eq!(of(flag, &value), Ok(Some(true)));
        }
        assert_eq!(of(bot_flag, &json!("Bot")), Ok(Some(true)));
        assert_eq!(of(bot_flag, &json!("human")), Ok(Some(false)));
        assert!(of(flag, &json!("bot")).is_err());
        assert!(of(flag, &json!(2)).is_err());
        assert!(of(bot_flag, &json!("maybe")).unwrap_err().ends_with("found 'maybe'"));
    }

    #[test]
    fn texts_are_of_type_text_and_without_nul() {
        assert!(of(text, &json!(5)).unwrap_err().starts_with("expected a text, found 5"));
        assert!(of(text, &json!("a\u{0}b")).unwrap_err().contains("NUL"));
        assert!(of(identifier, &json!("a\u{0}b")).is_err());
    }

    #[test]
    fn addresses_and_times_are_read() {
        assert_eq!(of(address, &json!("::1")), Ok(Some("::1".parse().unwrap())));
        assert!(of(address, &json!("10.0.0.256")).is_err());
        assert_eq!(of(moment, &json!(1_710_547_208)), Ok(Some(1_710_547_208_000_000)));
        assert_eq!(of(moment, &json!(1_710_547_208.5)), Ok(Some(1_710_547_208_500_000)));
        assert!(of(moment, &json!("soon")).unwrap_err().ends_with("found 'soon'"));
    }

    #[test]
    fn messages_show_the_start_of_a_long_value() {
        let error = of(count, &json!("x\n".repeat(1_000_000))).unwrap_err();
        assert!(error.len() < 200 && error.contains("x\\nx") && error.ends_with("..."), "{error}");
    }
}
