//! `GET /metrics`, `GET /openapi.json`, `GET /docs`: what the service says of itself.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::{docs, figures};

/// Figures for Prometheus, in its text format. They name no account, and take no token.
#[utoipa::path(get, path = "/metrics", tag = "service",
    responses((status = 200, body = String, content_type = "text/plain; version=0.0.4")))]
pub async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], figures::render(&app).await)
}

/// What `openapi.json` and the page about it show.
pub struct Description {
    json: String,
    page: String,
}

impl Description {
    /// Written once: neither changes while the service runs.
    pub fn new(document: &OpenApi) -> Arc<Self> {
        // A document of texts and maps always serialises.
        Arc::new(Self {
            json: document.to_json().unwrap_or_default(),
            page: docs::page(document).into_string(),
        })
    }
}

/// The OpenAPI document.
pub async fn openapi(Extension(description): Extension<Arc<Description>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], description.json.clone())
}

/// The same for people.
pub async fn docs(Extension(description): Extension<Arc<Description>>) -> impl IntoResponse {
    // The page runs nothing and loads nothing.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(description.page.clone()))
}
