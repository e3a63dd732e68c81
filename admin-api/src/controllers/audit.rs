//! `/v1/audit`: who did what to versions and settings.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::Query;
use crate::page::Page;
use crate::session::Session;

const AUDIT: &str = include_str!("../sql/versions/audit.sql");

/// One thing that somebody did.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Identifies it.
    pub(crate) audit_id: String,
    pub(crate) occurred_at: DateTime<Utc>,
    /// Who: a login of the database, or the holder of a token.
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) detector: String,
    pub(crate) version: Option<String>,
    pub(crate) reason: Option<String>,
    /// What was there before, as far as it changed.
    #[schema(value_type = Option<Object>)]
    pub(crate) old: Option<serde_json::Value>,
    /// What is there since, as far as it changed.
    #[schema(value_type = Option<Object>)]
    pub(crate) new: Option<serde_json::Value>,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Of which detector; all by default.
    pub(crate) detector: Option<String>,
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<i64>,
    /// Only what was before this entry: `next_before` of the page before.
    #[param(format = "uuid")]
    pub(crate) before: Option<String>,
}

/// One page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    pub(crate) entries: Vec<Entry>,
    pub(crate) next_before: Option<String>,
}

/// Lists what was done, newest first. For administrators.
#[utoipa::path(get, path = "/v1/audit", tag = "versions", params(AuditQuery), responses((status = 200, body = AuditPage)))]
pub async fn list(
    session: Session,
    Query(query): Query<AuditQuery>,
) -> Result<axum::Json<AuditPage>, ApiError> {
    let page = Page::new(query.limit, None)?;
    let rows = session.rows(AUDIT, &[&query.detector, &query.before, &page.to_read()]).await?;
    let (entries, next_before) = page.cut(rows, |last: &Entry| last.audit_id.clone());
    Ok(axum::Json(AuditPage { entries, next_before }))
}
