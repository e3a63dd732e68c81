use serde_json::{Map, Value, json};

use super::*;
use crate::hash::mix64;
use crate::rules::facts::RowFacts;
use crate::rules::vocabulary::Kind;

fn row() -> Map<String, Value> {
    let row = json!({
        "posts": 12, "rate": 0.25, "zero": 0, "is_new": true, "is_old": false, "plan": "free", "nothing": null,
        "account_id": 42, "Odd Name": 7, "site": "best-SEO-links.example",
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

fn vocabulary() -> Vocabulary {
    let names = [
        ("posts", Kind::Number),
        ("rate", Kind::Number),
        ("zero", Kind::Number),
        ("nothing", Kind::Number),
        ("Odd Name", Kind::Number),
        ("is_new", Kind::Boolean),
        ("is_old", Kind::Boolean),
        ("plan", Kind::Text),
        ("site", Kind::Text),
    ];
    Vocabulary::of(names.map(|(name, kind)| (name.into(), kind)))
}

fn evaluate(text: &str) -> Option<bool> {
    let expression = Expression::parse(text, &vocabulary()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let row = row();
    let value = expression.evaluate(&RowFacts(&row));
    // A table that nothing is known of reads the same.
    let guessed =
        Expression::parse(text, &Vocabulary::any()).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(guessed.evaluate(&RowFacts(&row)), value, "{text}");
    value
}

#[test]
fn conditions_hold_as_they_would_in_sql() {
    for text in [
        "posts > 11 and posts >= 12 and posts = 12 and posts <> 13 and posts != 13 and 13 > posts",
        "POSTS = 12 AND NOT is_old",
        "posts + 2 * 3 = 18 and (posts + 2) * 3 = 42 and 10 - 2 - 3 = 5 and 8 / 2 / 2 = 2 and -posts < 0",
        "posts * rate = 3",
        "posts between 10 and 12 and posts not between 13 and 20 and is_new",
        "posts in (1, 12, -3) and posts not in (1, 2)",
        "posts + 1 in (13)",
        "plan = 'free' and 'free' = plan and plan <> 'paid' and plan in ('paid', 'free') and plan not in ('x')",
        "site like 'best-%' and site not like '%spam%' and site ilike '%-seo-%' and not site like '%-seo-%'",
        "nothing is missing and nothing is null and posts is not missing and posts is not null",
        "is_new = true and is_old = false and is_new <> false and is_new",
        "account_id = 42 and account_id <> 43 and account_id in (1, 42) and account_id not in (1)",
        "\"Odd Name\" = 7",
        "is_old or is_new and posts > 0",
        "true and not false",
        "1.5e1 = 15 and .5 = 0.5",
    ] {
        assert_eq!(evaluate(text), Some(true), "{text}");
    }
    for text in
        ["posts < 12", "not is_new", "is_old and posts / zero > 1", "plan = 'FREE'", "(is_new and is_old)"]
    {
        assert_eq!(evaluate(text), Some(false), "{text}");
    }
}

#[test]
fn what_is_missing_makes_unknown() {
    for text in [
        "nothing > 1",
        "not nothing > 1",
        "nothing > 1 and is_new",
        "nothing > 1 or is_old",
        "nothing between 0 and 1",
        "posts between nothing and 13",
        "nothing in (1)",
        "posts / zero > 1",
        "posts * 1e308 > 1",
        "nothing + 1 = 1",
    ] {
        assert_eq!(evaluate(text), None, "{text}");
    }
    assert_eq!(evaluate("nothing > 1 or is_new"), Some(true));
    assert_eq!(evaluate("nothing > 1 and is_old"), Some(false));
}

#[test]
fn errors_say_where_and_what_was_meant() {
    let error = |text: &str| match Expression::parse(text, &vocabulary()) {
        Ok(_) => format!("{text} was read"),
        Err(error) => error.to_string(),
    };
    assert_eq!(
        error(""),
        "condition has the end at character 1, where a name, a number or a text in quotes would do"
    );
    assert_eq!(error("post > 1"), "condition names post at character 1, which the detector does not have");
    assert_eq!(
        error("posts > "),
        "condition has the end at character 9, where a name, a number or a text in quotes would do"
    );
    assert_eq!(error("posts > 'a'"), "condition has a text at character 9, where a number is needed");
    assert_eq!(error("plan > 3"), "condition has plan, a text at character 1, where a number is needed");
    assert_eq!(error("posts"), "condition has posts, a number at character 1, where a condition is needed");
    assert_eq!(
        error("posts > 1 posts"),
        "condition has posts at character 11, where and, or, or the end would do"
    );
    assert_eq!(error("plan = 'a"), "condition has ' at character 8, which is not closed");
    assert_eq!(error("posts > 1; drop table x"), "condition has ';' at character 10");
    assert_eq!(error("posts in (1, 'a')"), "condition has a text at character 14, where a number is needed");
    assert_eq!(
        error("account_id = 1.5"),
        "condition has a number at character 14, where a whole number is needed"
    );
    assert_eq!(
        error("account_id > 5"),
        "condition has account_id, an identifier at character 1, where a number is needed"
    );
    assert_eq!(
        error("(posts + 1) is missing"),
        "condition has a number at character 1, where a name is needed"
    );
    assert_eq!(error("posts > 1e999"), "condition has the number 1e999 at character 9, which is too large");
    for (text, meant) in
        [("post > 1", Some("posts")), ("planm = 'x'", Some("plan")), ("quite_another > 1", None)]
    {
        let Err(ExpressionError::UnknownName { nearest, .. }) = Expression::parse(text, &vocabulary()) else {
            panic!("{text} was read");
        };
        assert_eq!(nearest.as_deref(), meant, "{text}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let parse = |text: &str| Expression::parse(text, &vocabulary());
    let nested = |depth: usize| format!("{}is_new{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(MOST_DEPTH)).is_ok());
    assert_eq!(parse(&nested(MOST_DEPTH + 1)), Err(ExpressionError::TooComplex));
    assert_eq!(parse(&"not ".repeat(100_000)), Err(ExpressionError::TooLong));
    assert_eq!(parse(&format!("{}is_new", "not ".repeat(1_000))), Err(ExpressionError::TooComplex));
    assert_eq!(parse(&format!("{}posts > 0", "-".repeat(1_000))), Err(ExpressionError::TooComplex));
    assert_eq!(parse(&format!("posts > 1{}", " + 1".repeat(1_000))), Err(ExpressionError::TooComplex));
    assert_eq!(parse(&format!("is_new{}", " or is_new".repeat(1_000))), Err(ExpressionError::TooComplex));
    let list = (0..1_000).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    assert!(parse(&format!("account_id in ({list})")).is_ok());
    assert!(matches!(
        parse(&format!("plan like '{}'", "a".repeat(201))),
        Err(ExpressionError::Pattern { .. })
    ));
}

/// Whatever words come in whatever order, there is an answer: a tree that can be evaluated, or an error with a message.
#[test]
fn no_text_does_harm() {
    const WORDS: [&str; 34] = [
        "and",
        "or",
        "not",
        "is",
        "in",
        "between",
        "like",
        "missing",
        "null",
        "true",
        "posts",
        "plan",
        "is_new",
        "account_id",
        "nothing",
        "(",
        ")",
        ",",
        "+",
        "-",
        "*",
        "/",
        "<",
        "=",
        "<>",
        ">=",
        "1",
        "0",
        "9999999999999999999999",
        "'a%'",
        "'",
        "\"",
        "é",
        "\u{0}",
    ];
    let row = row();
    let (mut read, mut refused) = (0, 0);
    for seed in 0..60_000u64 {
        let mut state = mix64(seed + 1);
        let mut next = |bound: usize| {
            state = mix64(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
            (state % bound as u64) as usize
        };
        let length = 1 + next(12);
        let text = (0..length).map(|_| WORDS[next(WORDS.len())]).collect::<Vec<_>>().join(" ");
        for vocabulary in [vocabulary(), Vocabulary::any()] {
            match Expression::parse(&text, &vocabulary) {
                Ok(expression) => {
                    let _ = expression.evaluate(&RowFacts(&row));
                    read += 1;
                }
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
            }
        }
    }
    assert!(read > 500 && refused > 10_000, "{read} were read, {refused} refused");
}
