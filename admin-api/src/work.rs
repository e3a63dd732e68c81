//! What a request to the database passes through, in order: token, rate, body, transaction, the same request sent again.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::access::{self, Caller};
use crate::app::App;
use crate::error::ApiError;
use crate::idempotency::{self, Repeatable};
use crate::session::Session;

/// Runs a controller within a transaction of the caller's: committed when it answers with success, undone otherwise.
pub async fn in_transaction(
    State((app, body_limit)): State<(App, usize)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    // 1. Who asks, and not too often.
    let (parts, body) = request.into_parts();
    let caller = caller(&app, &parts).await?;
    app.limits.count(caller.token_id)?;

    // 2. The whole body, before a connection is held for it.
    let body = read(body, body_limit).await?;
    let repeatable = Repeatable::of(&parts, &body, &caller)?;
    act_for(&app, &caller, repeatable, Request::from_parts(parts, Body::from(body)), next).await
}

/// Runs a controller within a transaction of a caller's, who is known, on a request whose body is there.
pub async fn act_for(
    app: &App,
    caller: &Caller,
    repeatable: Option<Repeatable>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    // 3. The transaction. What was answered before is answered again.
    let session = Session::begin(&app.pool, request.method()).await?;
    if let Some(repeatable) = &repeatable
        && let Some(answer) = idempotency::find(&session, repeatable).await?
    {
        session.roll_back().await?;
        return Ok(answer);
    }
    session.act_as(caller).await?;

    // 4. The controller.
    request.extensions_mut().insert(session.clone());
    request.extensions_mut().insert(caller.clone());
    let mut response = next.run(request).await;

    // 5. Success holds, together with the answer; failure leaves nothing.
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        session.roll_back().await?;
        return Ok(response);
    }
    if let Some(repeatable) = repeatable {
        session.stop_acting().await?;
        response = idempotency::keep(&session, &repeatable, response).await?;
    }
    session.commit().await?;
    Ok(response)
}

async fn caller(app: &App, request: &Parts) -> Result<Caller, ApiError> {
    if app.is_open(request.uri.path(), &request.headers) {
        return Ok(Caller::anonymous());
    }
    let address = address_of(request);
    let token = access::shown_token(&request.headers)?
        .ok_or(ApiError::Unauthorized("a token is asked for: Authorization: Bearer botdet_..."))?;
    app.limits.admit(address)?;
    let caller = access::holder_of(&app.pool, &token).await;
    if matches!(caller, Err(ApiError::Unauthorized(_))) {
        app.limits.count_wrong_token(address)?;
    }
    caller
}

/// Where a request comes from.
pub fn address_of(request: &Parts) -> IpAddr {
    request
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip())
}

/// A whole body, up to a limit in bytes.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    to_bytes(body, limit).await.map_err(|error| {
        let is_too_long = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if is_too_long {
            ApiError::BodyTooLarge { limit }
        } else {
            ApiError::InvalidBody("the body breaks off".to_owned())
        }
    })
}

/// Whether requests of this method may be sent again under a key.
pub fn takes_key(method: &Method) -> bool {
    *method == Method::POST
}
