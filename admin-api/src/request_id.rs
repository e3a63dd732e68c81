//! Request ids: one in every log line of a request, in its answer's `x-request-id` and in its problem document.

use axum::extract::Request;
use axum::http::HeaderName;

/// The header that carries the id, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Removes a caller's id that is unfit to be copied into logs and answers, so that a new one is made. Fit are 1 to 64
/// letters, digits, `-`, `_` and `.`.
pub fn drop_unfit(mut request: Request) -> Request {
    let fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    if let Some(id) = request.headers().get(REQUEST_ID) {
        let id = id.as_bytes();
        if id.is_empty() || id.len() > 64 || !id.iter().all(fit) {
            request.headers_mut().remove(REQUEST_ID);
        }
    }
    request
}

/// The request's id, empty before one was set.
pub fn of(request: &Request) -> &str {
    request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default()
}
