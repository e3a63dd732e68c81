//! Who sees pages: a session in a cookie, and proof that a form is one of ours.
//!
//! A browser sends the cookie with every request, whoever made it send that. So programs cannot use it at all, and a form says a word
//! that is made of the session's secret, which no other site can read (a synchronizer token).

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use sha2::{Digest, Sha256};

use super::layout::{Viewer, error_page};
use crate::access;
use crate::app::App;
use crate::error::{ApiError, Problem};
use crate::extract::Form;
use crate::work;

/// Seconds after which a browser forgets the cookie; the database ends the session as late.
const LIFETIME: u32 = 12 * 3600;
/// Name of the field with the word.
pub const FIELD: &str = "csrf";

/// Runs a page within a transaction of the viewer's, see [`work::act_for`]. Strangers are sent to log in, errors become pages.
pub async fn in_transaction(State(app): State<App>, request: Request, next: Next) -> Response {
    let (viewer, request) = match admit(&app, request).await {
        Ok(admitted) => admitted,
        Err(response) => return response,
    };
    let answer = work::act_for(&app, &viewer.caller, None, request, next).await.into_response();
    with_error_page(answer, Some(&viewer))
}

/// Runs what has a viewer and no transaction: answers that take long, and logging out.
pub async fn signed_in(State(app): State<App>, request: Request, next: Next) -> Response {
    match admit(&app, request).await {
        Ok((viewer, request)) => with_error_page(next.run(request).await, Some(&viewer)),
        Err(response) => response,
    }
}

/// The viewer, who is left on the request, too, or what is answered in the place of a page.
async fn admit(app: &App, request: Request) -> Result<(Viewer, Request), Response> {
    let (parts, body) = request.into_parts();
    let refuse = |error: ApiError| with_error_page(error.into_response(), None);
    // 1. Somebody who has logged in, and does not ask too often.
    let viewer = match viewer(app, &parts.headers).await.map_err(refuse)? {
        Some(viewer) => viewer,
        None => return Err(to_login(&parts)),
    };
    app.limits.count(viewer.caller.token_id).map_err(refuse)?;

    // 2. A form of ours.
    let body = work::read(body, app.body_limit).await.map_err(refuse)?;
    if parts.method != Method::GET && parts.method != Method::HEAD {
        check_form(&parts, &body, &viewer).await.map_err(refuse)?;
    }

    let mut request = Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(viewer.clone());
    Ok((viewer, request))
}

async fn viewer(app: &App, headers: &HeaderMap) -> Result<Option<Viewer>, ApiError> {
    let Some(secret) = secret(headers, app.by_tls) else { return Ok(None) };
    let session: [u8; 32] = Sha256::digest(secret).into();
    let caller = access::holder_of_session(&app.pool, &session).await?;
    Ok(caller.map(|caller| Viewer { caller, session, word: word_of(secret) }))
}

fn to_login(parts: &Parts) -> Response {
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    if parts.method == Method::GET && target != "/" {
        let next: String = target.bytes().map(|byte| format!("%{byte:02x}")).collect();
        return Redirect::to(&format!("/login?next={next}")).into_response();
    }
    Redirect::to("/login").into_response()
}

/// Errors as pages. Those of the router itself (405) have no words of their own.
pub fn with_error_page(response: Response, viewer: Option<&Viewer>) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let detail = response.extensions().get::<Problem>().and_then(|problem| problem.detail.clone());
    error_page(status, detail.as_deref().unwrap_or_default(), viewer)
}

// The word ----------------------------------------------------------------------------------------------------------

/// What forms say. It tells nothing of the secret.
fn word_of(secret: &str) -> String {
    hex(&Sha256::digest(format!("botdet form {secret}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn check_form(parts: &Parts, body: &Bytes, viewer: &Viewer) -> Result<(), ApiError> {
    check_origin(&parts.headers)?;
    let request = Request::from_parts(parts.clone(), Body::from(body.clone()));
    let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, &()).await?;
    let said = fields.iter().find(|(name, _)| name == FIELD).map_or("", |(_, word)| word.as_str());
    // Of digests, so that the time it takes tells nothing.
    if Sha256::digest(said) == Sha256::digest(&viewer.word) {
        return Ok(());
    }
    Err(forbidden("the form is not one of this session: load the page again"))
}

/// Refuses what another site has had a browser send.
pub fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_ours = match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            origin.split_once("://").is_some_and(|(_, host)| Some(host) == text(header::HOST.as_str()))
        }
        // No browser: nobody's cookies are with it.
        (None, None) => true,
    };
    if is_ours { Ok(()) } else { Err(forbidden("the form comes from another site")) }
}

fn forbidden(message: &str) -> ApiError {
    ApiError::Refused { status: StatusCode::FORBIDDEN, code: "forbidden", message: message.to_owned() }
}

// The cookie --------------------------------------------------------------------------------------------------------

/// The prefix has browsers take the cookie by TLS and from this host alone.
fn cookie_name(by_tls: bool) -> &'static str {
    if by_tls { "__Host-botdet_session" } else { "botdet_session" }
}

fn secret(headers: &HeaderMap, by_tls: bool) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, value)| *name == cookie_name(by_tls) && value.len() == 64)
        .map(|(_, value)| value)
}

/// The header that has a browser keep a session's secret, or forget it. Links from elsewhere lead to pages (Lax), forms do not.
pub fn cookie(secret: Option<&str>, by_tls: bool) -> [(header::HeaderName, String); 1] {
    let (value, age) = secret.map_or(("", 0), |secret| (secret, LIFETIME));
    let secure = if by_tls { "; Secure" } else { "" };
    let name = cookie_name(by_tls);
    [(header::SET_COOKIE, format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"))]
}

impl<S: Sync> FromRequestParts<S> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Internal("the route has no viewer"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().ok(), HeaderValue::from_static(value)))
            .filter_map(|(name, value)| Some((name?, value)))
            .collect()
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let is_ours = |pairs: &[(&'static str, &'static str)]| check_origin(&headers(pairs)).is_ok();
        assert!(is_ours(&[("sec-fetch-site", "same-origin")]));
        assert!(!is_ours(&[("sec-fetch-site", "same-site")]));
        assert!(!is_ours(&[("sec-fetch-site", "cross-site"), ("origin", "http://here"), ("host", "here")]));
        assert!(is_ours(&[("origin", "http://here:8080"), ("host", "here:8080")]));
        assert!(!is_ours(&[("origin", "http://there"), ("host", "here")]));
        assert!(!is_ours(&[("origin", "null"), ("host", "here")]));
        assert!(is_ours(&[]));
    }

    #[test]
    fn a_cookie_is_found_among_others_and_by_its_whole_name() {
        let value: &'static str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let line: &'static str =
            Box::leak(format!("a=b; botdet_session={value}; botdet_session2=x").into_boxed_str());
        assert_eq!(secret(&headers(&[("cookie", line)]), false), Some(value));
        assert_eq!(secret(&headers(&[("cookie", line)]), true), None, "by TLS it has another name");
        assert_eq!(secret(&headers(&[("cookie", "botdet_session=short")]), false), None);
        let [(_, kept)] = cookie(Some(value), true);
        assert!(
            kept.starts_with("__Host-botdet_session=") && kept.ends_with("HttpOnly; SameSite=Lax; Secure")
        );
        assert!(cookie(None, false)[0].1.contains("Max-Age=0"));
        assert_ne!(word_of(value), word_of("other"));
    }
}
