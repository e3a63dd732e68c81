//! `/accounts`: those that are called bots, and an account by number, key or username with all that is known of it.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::account_parts::{View, other_scores};
use super::layout::{Viewer, see};
use super::parts::{segment, sentence, share, table, text, time};
use crate::controllers::accounts::{self, FindQuery};
use crate::controllers::flagged::{self, FlaggedPage, FlaggedQuery};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::session::Session;

/// What was typed.
#[derive(Debug, Deserialize)]
pub struct SearchQuery {
    account: Option<String>,
    after: Option<String>,
}

/// Asks for an account, and leads to it. Below: what is called a bot.
pub async fn find(
    session: Session,
    viewer: Viewer,
    Query(query): Query<SearchQuery>,
) -> Result<Response, ApiError> {
    let typed = query.account.as_deref().map(str::trim).unwrap_or_default().to_owned();
    let mut problem = String::new();
    if !typed.is_empty() {
        match accounts::find(session.clone(), Query(FindQuery { account: typed.clone() })).await {
            Ok(found) => return Ok(see(&format!("/accounts/{}", found.0.account_id))),
            Err(ApiError::Missing(message)) => problem = sentence(&message),
            Err(error) => return Err(error),
        }
    }
    let flagged =
        flagged::list(session, Query(FlaggedQuery { after: query.after, ..FlaggedQuery::default() }))
            .await?
            .0;
    let body = html! { (form(&typed, &problem)) h2 { "Called bots" } (called_bots(&flagged)) };
    Ok(viewer.page("Accounts", "/accounts", body))
}

fn called_bots(page: &FlaggedPage) -> Markup {
    if page.flagged.is_empty() {
        return html! { p.nothing { "No account is called a bot by its latest score." } };
    }
    let heads = [
        ("account", false),
        ("probability", true),
        ("asks for", false),
        ("why", false),
        ("by", false),
        ("scored", false),
    ];
    let rows = html! {
        @for one in &page.flagged {
            tr {
                th scope="row" { a href={ "/accounts/" (one.account_id) } { (text(one.account_key.as_deref().or(Some(&one.account_id.to_string())))) } }
                td.number { (share(Some(one.bot_probability))) }
                td { (text(one.action.as_deref())) }
                td { (text(one.top_reason.as_deref())) @if let Some(second) = &one.second_reason { "; " (second) } }
                td { (text(one.model_version.as_deref().or(Some(&one.stage)))) }
                td { (time(one.time)) }
            }
        }
    };
    html! {
        (table("Called bots", &heads, rows))
        @if let Some(after) = &page.next_after { p { a.button.quiet href={ "/accounts?after=" (segment(after)) } { "Next" } } }
    }
}

fn form(typed: &str, problem: &str) -> Markup {
    html! {
        h1 { "Accounts" }
        @if !problem.is_empty() { p.problem role="alert" { (problem) } }
        form.narrow method="get" action="/accounts" role="search" {
            label for="account" { "Number, key or username of an account" }
            input id="account" name="account" value=(typed) required autofocus;
            button { "Show" }
        }
    }
}

/// Which judgement stands first.
#[derive(Debug, Deserialize)]
pub struct DetectorQuery {
    detector: Option<String>,
}

/// An account.
pub async fn one(
    session: Session,
    viewer: Viewer,
    Path(account_id): Path<i64>,
    Query(query): Query<DetectorQuery>,
) -> Result<Response, ApiError> {
    let detector = query.detector.unwrap_or_else(|| "account".to_owned());
    let view = View::of(&session, account_id).await?;
    let body = html! {
        h1 { "Account " (account_id) }
        (view.essentials(&detector))
        (view.details())
        (other_scores(&view.account.scores, &detector))
    };
    Ok(viewer.page(&format!("Account {account_id}"), "/accounts", body))
}
