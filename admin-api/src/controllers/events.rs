//! `/v1/accounts/{account_id}/events`: what an account did last, with its texts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::session::Session;

const LATEST: &str = include_str!("../sql/accounts/latest_events.sql");
const DEFAULT_LIMIT: i32 = 20;

/// How many.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Events, 1 to 1000 [20].
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<i32>,
}

/// An event. What the table has no column for, or none that the caller may read, is null.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Event {
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) action: String,
    /// Its text.
    pub(crate) content: Option<String>,
    pub(crate) device: Option<String>,
    /// What it was done to.
    pub(crate) target: Option<String>,
    pub(crate) country: Option<String>,
}

/// Newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events {
    pub(crate) events: Vec<Event>,
}

/// What an account did last, of all tables that activity comes from.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/events", tag = "accounts",
    params(("account_id" = i64, Path, description = "number of the account"), EventQuery), responses((status = 200, body = Events)))]
pub async fn latest(
    session: Session,
    Path(account_id): Path<i64>,
    Query(query): Query<EventQuery>,
) -> Result<axum::Json<Events>, ApiError> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    Ok(axum::Json(Events { events: session.rows(LATEST, &[&account_id, &limit]).await? }))
}
