//! Errors: the client gets a problem document (RFC 9457), the log gets the cause.

use std::error::Error;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use deadpool_postgres::PoolError;
use serde::Serialize;
use tokio_postgres::error::SqlState;

use crate::request_id;

/// Whatever a controller can fail with.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No such address.
    #[error("nothing is at this address")]
    NotFound,
    /// A parameter that cannot be used; the text names it and its value.
    #[error("{0}")]
    InvalidParameter(String),
    /// No connection could be had.
    #[error("the database cannot be reached")]
    DatabaseUnreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The connection works, what the extension brings is not there.
    #[error("the extension botdet is not installed in the database, or is older than this service")]
    ExtensionMissing(#[source] Option<tokio_postgres::Error>),
    /// The database ran into its time limit.
    #[error("the database did not answer in time")]
    DatabaseTimeout(#[source] tokio_postgres::Error),
    /// The database answered with an error that the client cannot mend.
    #[error("the database could not answer")]
    Database(#[source] tokio_postgres::Error),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::InvalidParameter(_) => StatusCode::BAD_REQUEST,
            Self::DatabaseUnreachable(_) | Self::ExtensionMissing(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::DatabaseTimeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// For programs: stable, unlike the text.
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::InvalidParameter(_) => "invalid_parameter",
            Self::DatabaseUnreachable(_) => "database_unreachable",
            Self::ExtensionMissing(_) => "extension_missing",
            Self::DatabaseTimeout(_) => "database_timeout",
            Self::Database(_) => "database_error",
        }
    }
}

impl From<PoolError> for ApiError {
    fn from(error: PoolError) -> Self {
        Self::DatabaseUnreachable(Box::new(error))
    }
}

impl From<tokio_postgres::Error> for ApiError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(
                &SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN | &SqlState::INVALID_SCHEMA_NAME,
            ) => Self::ExtensionMissing(Some(error)),
            Some(&SqlState::QUERY_CANCELED) => Self::DatabaseTimeout(error),
            // The server is going down, or its connection is gone already.
            Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN) => {
                Self::DatabaseUnreachable(Box::new(error))
            }
            None if error.is_closed() => Self::DatabaseUnreachable(Box::new(error)),
            _ => Self::Database(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(code = self.code(), cause = cause(&self), "{self}");
        }
        let mut response = status.into_response();
        response
            .extensions_mut()
            .insert(Problem { code: self.code().to_owned(), detail: Some(self.to_string()) });
        response
    }
}

/// The messages of an error's sources, outermost first.
fn cause(error: &dyn Error) -> String {
    std::iter::successors(error.source(), |&error| error.source())
        .map(|error| error.to_string())
        .collect::<Vec<_>>()
        .join(": ")
}

/// What an [`ApiError`] leaves on its response for [`problem_documents`].
#[derive(Debug, Clone)]
struct Problem {
    code: String,
    detail: Option<String>,
}

/// The document as it is sent. `type` is always `about:blank`, so `title` is the status's own phrase; `code` and
/// `request_id` are extension members.
#[derive(Debug, Serialize)]
struct ProblemDocument<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    instance: &'a str,
    code: String,
    request_id: &'a str,
}

/// Gives every error the same form, whoever made it: a controller, the router (405), the time limit (504). Done here and
/// not where the error arises, because only here the request and its id are known. Other headers (`Allow`) stay.
pub async fn problem_documents(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let request_id = request_id::of(&request).to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }

    let (mut parts, _) = response.into_parts();
    let title = status.canonical_reason().unwrap_or("Error");
    let problem = parts
        .extensions
        .remove::<Problem>()
        .unwrap_or_else(|| Problem { code: title.to_ascii_lowercase().replace(' ', "_"), detail: None });
    let document = ProblemDocument {
        r#type: "about:blank",
        title,
        status: status.as_u16(),
        detail: problem.detail,
        instance: &instance,
        code: problem.code,
        request_id: &request_id,
    };
    // Strings and a number always serialise; an empty body would still carry the right status.
    let body = serde_json::to_vec(&document).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    Response::from_parts(parts, Body::from(body))
}
