//! Errors: the client gets a problem document (RFC 9457), the log gets the cause.

use std::error::Error;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use deadpool_postgres::PoolError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::request_id;
use crate::sqlstate::{self, Meaning};

/// Whatever a request can fail with.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No such address.
    #[error("nothing is at this address")]
    NotFound,
    /// What the address or the body names is not there; the text says what.
    #[error("{0}")]
    Missing(String),
    /// A parameter that cannot be used; the text names it and its value.
    #[error("{0}")]
    InvalidParameter(String),
    /// A body that does not parse, or breaks off.
    #[error("{0}")]
    InvalidBody(String),
    /// A body that parses, and does not say what it should.
    #[error("{0}")]
    Unprocessable(String),
    /// A body of another kind than is asked for.
    #[error("the body must be {0}")]
    MediaType(&'static str),
    /// A body that is too long.
    #[error("the body is longer than {limit} bytes")]
    BodyTooLarge {
        /// The limit.
        limit: usize,
    },
    /// No token, or one that does not hold.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// More requests than the limit allows.
    #[error("too many requests")]
    TooManyRequests {
        /// Seconds until one is answered again.
        retry_after: u64,
    },
    /// A change without If-Match.
    #[error("say what you have seen: If-Match with the ETag of what is to be changed")]
    PreconditionRequired,
    /// A change of something that has changed meanwhile.
    #[error("it has changed: its tag is {tag}")]
    PreconditionFailed {
        /// What If-Match would have to be.
        tag: String,
    },
    /// A request that is sent again while it is still under way.
    #[error("a request with this idempotency-key is under way")]
    InProgress,
    /// A key that was used for something else.
    #[error("this idempotency-key was used for another request")]
    OtherRequest,
    /// The database refused, for reasons that the client can mend.
    #[error("{message}")]
    Refused {
        /// What that is to the client.
        status: StatusCode,
        /// For programs.
        code: &'static str,
        /// What the database said, with its hint.
        message: String,
    },
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
    /// The service is at fault.
    #[error("the service is at fault: {0}")]
    Internal(&'static str),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::InvalidParameter(_) | Self::InvalidBody(_) => StatusCode::BAD_REQUEST,
            Self::Unprocessable(_) | Self::OtherRequest => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::PreconditionFailed { .. } => StatusCode::PRECONDITION_FAILED,
            Self::InProgress => StatusCode::CONFLICT,
            Self::Refused { status, .. } => *status,
            Self::DatabaseUnreachable(_) | Self::ExtensionMissing(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::DatabaseTimeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Database(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What is wrong where asking otherwise mends it: pages say it above the form.
    pub fn mendable(&self) -> Option<(StatusCode, String)> {
        let status = self.status();
        let can_mend =
            status.is_client_error() && !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let message = match self {
            // People know nothing of tags.
            Self::PreconditionFailed { .. } => {
                "somebody has changed it since this page was loaded: look at what is there now, and change it again where it has to be"
                    .to_owned()
            }
            error => error.to_string(),
        };
        can_mend.then_some((status, message))
    }

    /// For programs: stable, unlike the text.
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound | Self::Missing(_) => "not_found",
            Self::InvalidParameter(_) => "invalid_parameter",
            Self::InvalidBody(_) => "invalid_body",
            Self::Unprocessable(_) => "unprocessable",
            Self::MediaType(_) => "media_type",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::Unauthorized(_) => "unauthorized",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::PreconditionRequired => "precondition_required",
            Self::PreconditionFailed { .. } => "precondition_failed",
            Self::InProgress => "in_progress",
            Self::OtherRequest => "other_request",
            Self::Refused { code, .. } => code,
            Self::DatabaseUnreachable(_) => "database_unreachable",
            Self::ExtensionMissing(_) => "extension_missing",
            Self::DatabaseTimeout(_) => "database_timeout",
            Self::Database(_) => "database_error",
            Self::Internal(_) => "internal_error",
        }
    }

    /// What else the client is told, by a header.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Unauthorized(_) => Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::TooManyRequests { retry_after } => Some((header::RETRY_AFTER, (*retry_after).into())),
            Self::DatabaseUnreachable(_) | Self::ExtensionMissing(_) | Self::InProgress => {
                Some((header::RETRY_AFTER, 1.into()))
            }
            _ => None,
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
        let Some(database) = error.as_db_error() else {
            // Without a code the connection is gone, or a value was not what the service takes it for.
            return match error.is_closed()
                || error.source().is_some_and(|source| source.is::<std::io::Error>())
            {
                true => Self::DatabaseUnreachable(Box::new(error)),
                false => Self::Database(error),
            };
        };
        match sqlstate::meaning(database.code()) {
            Meaning::Refused(status, code) => {
                let hint = database.hint().map(|hint| format!(". {hint}")).unwrap_or_default();
                Self::Refused { status, code, message: format!("{}{hint}", database.message()) }
            }
            Meaning::Unreachable => Self::DatabaseUnreachable(Box::new(error)),
            Meaning::ExtensionMissing => Self::ExtensionMissing(Some(error)),
            Meaning::Timeout => Self::DatabaseTimeout(error),
            Meaning::Failure => Self::Database(error),
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
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
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

/// What an [`ApiError`] leaves on its response for [`problem_documents`], and for pages.
#[derive(Debug, Clone)]
pub struct Problem {
    code: String,
    /// What is wrong, for people.
    pub detail: Option<String>,
}

/// The document as it is sent. `type` is always `about:blank`, so `title` is the status's own phrase; `code` and
/// `request_id` are extension members.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument<'a> {
    /// Always about:blank.
    r#type: &'static str,
    /// Phrase of the status.
    title: &'a str,
    /// The status.
    status: u16,
    /// What is wrong, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The address.
    instance: &'a str,
    /// What is wrong, for programs.
    code: String,
    /// Also in the log, and in x-request-id.
    request_id: &'a str,
}

/// Whether an answer is HTML.
pub fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Gives every error the same form, whoever made it: a controller, the router (405), the time limit (504). Done here and
/// not where the error arises, because only here the request and its id are known. Other headers (`Allow`) stay.
pub async fn problem_documents(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let request_id = request_id::of(&request).to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if is_page(&response) || (!status.is_client_error() && !status.is_server_error()) {
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
