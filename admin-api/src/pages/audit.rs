//! `/audit`: who did what to versions and settings.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::layout::Viewer;
use super::parts::{segment, table, text, time};
use crate::controllers::audit::{self, AuditQuery, Entry};
use crate::error::ApiError;
use crate::extract::Query;
use crate::session::Session;

/// Which entries.
#[derive(Debug, Deserialize)]
pub struct Choice {
    #[serde(default)]
    detector: String,
    before: Option<String>,
}

/// The page.
pub async fn show(
    session: Session,
    viewer: Viewer,
    Query(query): Query<Choice>,
) -> Result<Response, ApiError> {
    if !viewer.administers() {
        let body = html! { h1 { "Audit" } p.nothing { "The audit is for administrators." } };
        return Ok(viewer.page("Audit", "/audit", body));
    }
    let detector = Some(query.detector.clone()).filter(|name| !name.is_empty());
    let asked = AuditQuery { detector, limit: Some(50), before: query.before };
    let page = audit::list(session, Query(asked)).await?.0;
    let body = html! {
        h1 { "Audit" }
        @if page.entries.is_empty() { p.nothing { "Nothing has been done." } } @else { (entries(&page.entries)) }
        @if let Some(before) = &page.next_before {
            p { a.button.quiet href={ "/audit?detector=" (segment(&query.detector)) "&before=" (segment(before)) } { "Older" } }
        }
    };
    Ok(viewer.page("Audit", "/audit", body))
}

fn entries(entries: &[Entry]) -> Markup {
    let heads = [
        ("when", false),
        ("who", false),
        ("what", false),
        ("detector", false),
        ("version", false),
        ("why", false),
        ("change", false),
    ];
    let rows = html! {
        @for entry in entries {
            tr {
                th scope="row" { (time(entry.occurred_at)) }
                td { (entry.actor) }
                td { (entry.action) }
                td { (entry.detector) }
                td { (text(entry.version.as_deref())) }
                td { (text(entry.reason.as_deref())) }
                td { (change(entry)) }
            }
        }
    };
    table("Audit", &heads, rows)
}

fn change(entry: &Entry) -> Markup {
    html! {
        @if entry.old.is_some() || entry.new.is_some() {
            details { summary { "before, after" } (sides("before", entry.old.as_ref())) (sides("after", entry.new.as_ref())) }
        }
    }
}

fn sides(name: &str, value: Option<&Value>) -> Markup {
    html! { @if let Some(value) = value.filter(|value| !value.is_null()) { p { small { (name) ": " code { (value.to_string()) } } } } }
}
