//! `/accounts`: an account by number or key, and all that is known of it.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::account_parts::{View, other_scores};
use super::layout::{Viewer, see};
use crate::controllers::accounts::{self, FindQuery};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::session::Session;

/// What was typed.
#[derive(Debug, Deserialize)]
pub struct SearchQuery {
    account: Option<String>,
}

/// Asks for an account, and leads to it.
pub async fn find(
    session: Session,
    viewer: Viewer,
    Query(query): Query<SearchQuery>,
) -> Result<Response, ApiError> {
    let typed = query.account.as_deref().map(str::trim).unwrap_or_default().to_owned();
    if typed.is_empty() {
        return Ok(viewer.page("Accounts", "/accounts", form(&typed, "")));
    }
    match accounts::find(session, Query(FindQuery { account: typed.clone() })).await {
        Ok(found) => Ok(see(&format!("/accounts/{}", found.0.account_id))),
        Err(ApiError::Missing(message)) => {
            Ok(viewer.page("Accounts", "/accounts", form(&typed, &super::parts::sentence(&message))))
        }
        Err(error) => Err(error),
    }
}

fn form(typed: &str, problem: &str) -> Markup {
    html! {
        h1 { "Accounts" }
        @if !problem.is_empty() { p.problem role="alert" { (problem) } }
        form.narrow method="get" action="/accounts" role="search" {
            label for="account" { "Number or key of an account" }
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
