//! Who asks: the token of a request, and for whom it lets the service act.

use std::fmt;

use axum::http::{HeaderMap, header};
use clap::ValueEnum;
use deadpool_postgres::Pool;
use sha2::{Digest, Sha256};

use crate::error::ApiError;

const CHECK_TOKEN: &str = include_str!("sql/service/check_token.sql");
const BEGIN_SESSION: &str = include_str!("sql/service/begin_session.sql");
const CHECK_SESSION: &str = include_str!("sql/service/check_session.sql");
const END_SESSION: &str = include_str!("sql/service/end_session.sql");
const PREFIX: &str = "botdet_";

/// The roles of the database in which the service acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// botdet_reader.
    #[value(name = "botdet_reader")]
    Reader,
    /// botdet_scorer.
    #[value(name = "botdet_scorer")]
    Scorer,
    /// botdet_reviewer.
    #[value(name = "botdet_reviewer")]
    Reviewer,
    /// botdet_admin.
    #[value(name = "botdet_admin")]
    Admin,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Reader => "botdet_reader",
            Self::Scorer => "botdet_scorer",
            Self::Reviewer => "botdet_reviewer",
            Self::Admin => "botdet_admin",
        })
    }
}

/// For whom the service acts, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Number of the token; `None` where none is asked for.
    pub token_id: Option<i64>,
    /// The name in audit, labels and reviews; empty: the service's own.
    pub holder: String,
    /// The role of the database.
    pub role: String,
}

impl Caller {
    /// Somebody without a token, where predictions are open.
    pub fn anonymous() -> Self {
        Self { token_id: None, holder: String::new(), role: Role::Scorer.to_string() }
    }
}

/// The SHA-256 of the token that a request shows, `None` when it shows nothing. What cannot be a token is refused without asking
/// the database.
pub fn shown_token(headers: &HeaderMap) -> Result<Option<[u8; 32]>, ApiError> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .and_then(digest_of_token)
        .ok_or(ApiError::Unauthorized("the token does not hold"))?;
    Ok(Some(token))
}

/// The SHA-256 of a text that may be a token.
pub fn digest_of_token(text: &str) -> Option<[u8; 32]> {
    is_token(text).then(|| Sha256::digest(text).into())
}

fn is_token(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|digits| {
        digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Whose token this is. The database never sees the token itself, which might show up in its log.
pub async fn holder_of(pool: &Pool, sha256: &[u8; 32]) -> Result<Caller, ApiError> {
    caller_by(pool, CHECK_TOKEN, sha256).await?.ok_or(ApiError::Unauthorized("the token does not hold"))
}

/// Whose session at the pages this is, by the SHA-256 of its secret; `None` when it holds no more.
pub async fn holder_of_session(pool: &Pool, sha256: &[u8; 32]) -> Result<Option<Caller>, ApiError> {
    caller_by(pool, CHECK_SESSION, sha256).await
}

async fn caller_by(pool: &Pool, sql: &str, sha256: &[u8; 32]) -> Result<Option<Caller>, ApiError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(sql).await?;
    let Some(row) = client.query_opt(&statement, &[&sha256.as_slice()]).await? else { return Ok(None) };
    Ok(Some(Caller { token_id: Some(row.try_get(0)?), holder: row.try_get(1)?, role: row.try_get(2)? }))
}

/// Begins a session with a token, by its SHA-256; returns the session's secret.
pub async fn begin_session(pool: &Pool, token_sha256: &[u8; 32]) -> Result<Option<String>, ApiError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(BEGIN_SESSION).await?;
    Ok(client.query_one(&statement, &[&token_sha256.as_slice()]).await?.try_get(0)?)
}

/// Ends a session.
pub async fn end_session(pool: &Pool, sha256: &[u8; 32]) -> Result<(), ApiError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(END_SESSION).await?;
    client.execute(&statement, &[&sha256.as_slice()]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn shown(value: &str) -> Result<bool, ()> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).map_err(|_| ())?);
        shown_token(&headers).map(|token| token.is_some()).map_err(|_| ())
    }

    #[test]
    fn only_what_looks_like_a_token_is_looked_up() {
        let token = format!("botdet_{}", "0a".repeat(32));
        assert_eq!(shown(&format!("Bearer {token}")), Ok(true));
        assert_eq!(shown(&format!("bearer {token}")), Ok(true));
        assert_eq!(shown(&format!("Basic {token}")), Err(()));
        assert_eq!(shown(&format!("Bearer {}", token.to_uppercase())), Err(()));
        assert_eq!(shown("Bearer botdet_00"), Err(()));
        assert_eq!(shown_token(&HeaderMap::new()).ok(), Some(None));
    }
}
