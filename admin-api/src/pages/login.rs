//! `/login`, `/logout`: from a token to a session, and its end.

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};

use super::gate::{check_origin, cookie, with_error_page};
use super::layout::{Viewer, document};
use crate::access;
use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Form, Query};

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Next {
    #[serde(default)]
    next: String,
}

/// Asks for a token.
pub async fn form(query: Result<Query<Next>, ApiError>) -> Response {
    let next = query.map(|Query(query)| query.next).unwrap_or_default();
    show(&next, "")
}

fn show(next: &str, problem: &str) -> Response {
    let body = html! {
        h1 { "botdet" }
        @if !problem.is_empty() { p.problem role="alert" id="problem" { (problem) } }
        form.narrow method="post" action="/login" {
            input type="hidden" name="next" value=(next);
            label for="token" { "Token" }
            input id="token" name="token" type="password" required autofocus autocomplete="current-password" spellcheck="false"
                aria-describedby=[(!problem.is_empty()).then_some("problem")];
            p.hint { "An administrator makes one with " code { "botdet-admin-api token create NAME --role botdet_reviewer" } "." }
            button { "Log in" }
        }
    };
    document("Log in", None, body)
}

/// What was typed.
#[derive(Debug, Deserialize)]
pub struct Login {
    token: String,
    #[serde(default)]
    next: String,
}

/// Begins a session, for twelve hours at most.
pub async fn log_in(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    form: Result<Form<Login>, ApiError>,
) -> Response {
    match begin(&app, address.ip(), &headers, form).await {
        Ok(response) => response,
        Err(error) => with_error_page(error.into_response(), None),
    }
}

async fn begin(
    app: &App,
    address: IpAddr,
    headers: &HeaderMap,
    form: Result<Form<Login>, ApiError>,
) -> Result<Response, ApiError> {
    check_origin(headers)?;
    let Form(Login { token, next }) = form?;
    app.limits.admit(address)?;
    let secret = match access::digest_of_token(token.trim()) {
        Some(token) => access::begin_session(&app.pool, &token).await?,
        None => None,
    };
    let Some(secret) = secret else {
        app.limits.count_wrong_token(address)?;
        let mut response =
            show(&next, "This token does not hold: it is misspelt, has expired, or was revoked.");
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(response);
    };
    Ok((cookie(Some(&secret), app.by_tls), Redirect::to(local(&next))).into_response())
}

/// Only addresses of ours: another site would look like us.
fn local(next: &str) -> &str {
    let is_path =
        next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if is_path && next.is_ascii() { next } else { "/" }
}

/// Ends the session.
pub async fn log_out(State(app): State<App>, viewer: Viewer) -> Result<Response, ApiError> {
    access::end_session(&app.pool, &viewer.session).await?;
    Ok((cookie(None, app.by_tls), Redirect::to("/login")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_after_logging_in() {
        assert_eq!(local("/reviews?x=1"), "/reviews?x=1");
        for next in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\r\nb", "/\t/evil"]
        {
            assert_eq!(local(next), "/", "{next}");
        }
    }
}
