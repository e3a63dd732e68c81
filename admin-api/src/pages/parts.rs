//! What pages are built of: times, figures that may be absent, tables, choices.

use axum::http::{HeaderMap, HeaderValue, header};
use botdet_loader::report::format;
use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::error::ApiError;

/// A time, to the minute, UTC.
pub fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.format("%Y-%m-%d %H:%M")) } }
}

/// A time that may be absent.
pub fn maybe_time(at: Option<DateTime<Utc>>) -> Markup {
    html! { @match at { Some(at) => (time(at)), None => (absent()) } }
}

/// What is not there.
pub fn absent() -> Markup {
    html! { span.absent { "–" } }
}

/// A share, as per cent.
pub fn share(value: Option<f64>) -> Markup {
    html! { @match value { Some(value) => (format::share(value)), None => (absent()) } }
}

/// Any quantity.
pub fn number(value: Option<f64>) -> Markup {
    html! { @match value { Some(value) => (format::number(value)), None => (absent()) } }
}

/// Any text.
pub fn text(value: Option<&str>) -> Markup {
    html! { @match value { Some(value) if !value.is_empty() => (value), _ => (absent()) } }
}

/// A count.
pub fn count(value: i64) -> String {
    format::count(value.unsigned_abs())
}

/// A message of the database or the service as a sentence. Names such as burst_score are written as they are.
pub fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let is_name = message.split_whitespace().next().is_some_and(|word| word.contains('_'));
    let text: String = match characters.next() {
        Some(first) if !is_name => first.to_uppercase().chain(characters).collect(),
        _ => message.to_owned(),
    };
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

/// Bot, human, or not known.
pub fn verdict(is_bot: Option<bool>) -> Markup {
    html! {
        @match is_bot {
            Some(true) => span.verdict.bot { "bot" },
            Some(false) => span.verdict.human { "human" },
            None => span.verdict { "not known" },
        }
    }
}

/// How long something has been waiting.
pub fn age(seconds: f64) -> String {
    match seconds {
        s if s < 172_800.0 => format::seconds(s),
        s => format!("{} days", format::decimal(s / 86_400.0, 0)),
    }
}

/// A table that scrolls sideways where the page is narrow. Its caption tells what it is.
pub fn table(caption: &str, heads: &[(&str, bool)], rows: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                thead { tr { @for (head, is_number) in heads { th.number[*is_number] scope="col" { (head) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A figure with what it is.
pub fn tile(what: &str, figure: &str, remark: Markup) -> Markup {
    html! { div.tile { p.measure { (what) } p.figure { (figure) } p.meaning { (remark) } } }
}

/// A choice of one among some, as a form that leads back to the page. It works without a script: there is a button.
pub fn choice(action: &str, fields: &[(&str, &str, Vec<String>, &str)]) -> Markup {
    html! {
        form.choice method="get" action=(action) {
            @for (name, label, options, chosen) in fields {
                label { (label) " "
                    select name=(name) {
                        @for option in options { option value=(option) selected[option == chosen] { (option) } }
                    }
                }
            }
            button.quiet { "Show" }
        }
    }
}

/// What answers for a detector while it has no version.
pub fn without_version(detector: &str) -> &'static str {
    if detector == "backlink" { "weights" } else { "rules" }
}

/// If-Match, of what a page has shown.
pub fn seen(tag: &str) -> Result<HeaderMap, ApiError> {
    let tag = HeaderValue::from_str(tag)
        .map_err(|_| ApiError::InvalidParameter("the tag is not one that a page has shown".to_owned()))?;
    Ok(HeaderMap::from_iter([(header::IF_MATCH, tag)]))
}

/// A number as people type it: some write a comma for the point.
pub fn typed_number(text: &str) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok().filter(|number: &f64| number.is_finite())
}

/// A name as a part of an address.
pub fn segment(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
