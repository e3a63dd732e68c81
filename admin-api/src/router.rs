//! The whole URL space, and what every request passes through.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{from_fn, map_request};
use axum::routing::get;
use deadpool_postgres::Pool;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

use crate::controllers::{health, model_versions};
use crate::error::{self, ApiError};
use crate::request_id::{self, REQUEST_ID};

/// Every address that the service answers.
///
/// Each layer wraps those above it, so a request meets the last one first: id, log, problem documents, time limit.
pub fn router(pool: Pool, request_timeout: Duration) -> Router {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/v1/model-versions", get(model_versions::list))
        .fallback(async || ApiError::NotFound)
        .with_state(pool)
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, request_timeout))
        .layer(from_fn(error::problem_documents))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                // The cause is logged where it is known, see `ApiError`.
                .on_failure(()),
        )
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(map_request(async |request: Request| request_id::drop_unfit(request)))
}

/// The path without its query: later resources take personal data in queries.
fn request_span(request: &Request) -> Span {
    tracing::info_span!(
        "request",
        method = %request.method(),
        path = request.uri().path(),
        request_id = request_id::of(request),
    )
}
