//! What controllers take from a request, with errors as problem documents.

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A body of JSON.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::JsonDataError(error)) => {
                Err(ApiError::Unprocessable(without_preamble(&error.body_text())))
            }
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::MediaType("application/json")),
            Err(error) => Err(ApiError::InvalidBody(without_preamble(&error.body_text()))),
        }
    }
}

/// A form that a page has sent.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Form::from_request(request, state).await {
            Ok(axum::Form(form)) => Ok(Self(form)),
            Err(FormRejection::InvalidFormContentType(_)) => {
                Err(ApiError::MediaType("application/x-www-form-urlencoded"))
            }
            Err(error) => Err(ApiError::Unprocessable(without_preamble(&error.body_text()))),
        }
    }
}

/// The query. Unknown names are refused by those who derive it: a misspelt `before` would show the first page again and again.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error: QueryRejection| {
                let message = without_preamble(&error.body_text());
                ApiError::InvalidParameter(naming_the_value(&message, &parts.uri).unwrap_or(message))
            })
    }
}

/// The parts of the address that vary.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|error| ApiError::InvalidParameter(of_path(&error)))
    }
}

/// The parsers of numbers, days and truths tell neither the value nor what it should be.
fn naming_the_value(message: &str, uri: &Uri) -> Option<String> {
    let (name, problem) = message.split_once(": ")?;
    let should_be = match problem {
        "provided string was not `true` or `false`" => "true or false",
        "input contains invalid characters"
        | "premature end of input"
        | "input is out of range"
        | "trailing input" => "a day such as 2026-01-31",
        _ if ["digit", "integer", "number too"].iter().any(|word| problem.contains(word)) => "a number",
        _ => return None,
    };
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?.0;
    let (_, value) = pairs.into_iter().find(|(one, _)| one == name)?;
    Some(format!("{name} must be {should_be}, not {value}"))
}

fn of_path(error: &PathRejection) -> String {
    if let PathRejection::FailedToDeserializePathParams(failure) = error {
        use axum::extract::path::ErrorKind::{ParseError, ParseErrorAtIndex, ParseErrorAtKey};
        if let ParseError { value, .. } | ParseErrorAtIndex { value, .. } | ParseErrorAtKey { value, .. } =
            failure.kind()
        {
            return format!("the address has {value} where a number must be");
        }
    }
    without_preamble(&error.body_text())
}

/// What a change says that it has seen: If-Match.
pub fn if_match(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::IF_MATCH).map(|expected| expected.to_str().unwrap_or_default())
}

/// Refuses a change of something else than what was seen.
pub fn expect_seen(seen: &str, tag: String) -> Result<(), ApiError> {
    if seen.split(',').map(str::trim).any(|one| one == "*" || one == tag) {
        return Ok(());
    }
    Err(ApiError::PreconditionFailed { tag })
}

/// Refuses a value that is none of those that there are.
pub fn expect_one_of(name: &str, value: Option<&str>, known: &[&str]) -> Result<(), ApiError> {
    match value {
        Some(value) if !known.contains(&value) => Err(ApiError::InvalidParameter(format!(
            "{name} must be one of {}, not {value}",
            known.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// The parser's message without its preamble, which names nothing.
fn without_preamble(text: &str) -> String {
    text.split_once(": ").map_or(text, |(_, message)| message).to_owned()
}
