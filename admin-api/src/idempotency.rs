//! `Idempotency-Key`: a post that is sent again under its key is answered as it was, and done once.
//!
//! Key and answer are written by the transaction that did the work, and a lock that ends with it tells that somebody else is at
//! it: a crash at any point leaves either all of it or nothing.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio_postgres::types::Json;

use crate::access::Caller;
use crate::error::ApiError;
use crate::session::Session;
use crate::work::takes_key;

const FIND_ANSWER: &str = include_str!("sql/service/find_answer.sql");
const KEEP_ANSWER: &str = include_str!("sql/service/keep_answer.sql");
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// What is kept of an answer beside its body; the rest belongs to the request at hand.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// A post with a key.
pub struct Repeatable {
    token_id: i64,
    key: String,
    fingerprint: Vec<u8>,
}

impl Repeatable {
    /// The key of a post, where it has one and its sender can be told from others.
    pub fn of(parts: &Parts, body: &Bytes, caller: &Caller) -> Result<Option<Self>, ApiError> {
        let (Some(value), Some(token_id)) = (parts.headers.get(KEY), caller.token_id) else {
            return Ok(None);
        };
        if !takes_key(&parts.method) {
            return Ok(None);
        }
        let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len())).ok_or_else(|| {
            ApiError::InvalidParameter("idempotency-key must be 1 to 255 characters".to_owned())
        })?;
        let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
        let mut hash = Sha256::new();
        hash.update(parts.method.as_str());
        hash.update([0]);
        hash.update(target);
        hash.update([0]);
        hash.update(body);
        Ok(Some(Self { token_id, key: key.to_owned(), fingerprint: hash.finalize().to_vec() }))
    }
}

/// The answer that was given to this request, if one was.
pub async fn find(session: &Session, repeatable: &Repeatable) -> Result<Option<Response>, ApiError> {
    let Repeatable { token_id, key, fingerprint } = repeatable;
    let rows = session.query(FIND_ANSWER, &[token_id, key, fingerprint]).await?;
    let row = rows.first().ok_or(ApiError::Internal("a key has no state"))?;
    match row.try_get::<_, &str>(0)? {
        "new" => Ok(None),
        "in progress" => Err(ApiError::InProgress),
        "other request" => Err(ApiError::OtherRequest),
        _ => answer(row.try_get(1)?, row.try_get(2)?, row.try_get(3)?).map(Some),
    }
}

fn answer(status: i32, Json(headers): Json<Map<String, Value>>, body: Vec<u8>) -> Result<Response, ApiError> {
    let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status.ok_or(ApiError::Internal("a kept answer has no status"))?;
    for name in KEPT_HEADERS {
        if let Some(value) =
            headers.get(name.as_str()).and_then(Value::as_str).and_then(|text| text.parse().ok())
        {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Keeps an answer for the next time, within the transaction that did what it speaks of.
pub async fn keep(
    session: &Session,
    repeatable: &Repeatable,
    response: Response,
) -> Result<Response, ApiError> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| ApiError::Internal("an answer breaks off"))?;
    let headers: Map<String, Value> = KEPT_HEADERS
        .iter()
        .filter_map(|name| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.into())))
        .collect();
    let Repeatable { token_id, key, fingerprint } = repeatable;
    let status = i32::from(parts.status.as_u16());
    session.run(KEEP_ANSWER, &[token_id, key, fingerprint, &status, &Json(headers), &body.as_ref()]).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}
