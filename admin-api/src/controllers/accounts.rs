//! `/v1/accounts`: what is known of an account. `/v1/explanations`: what a score is made of.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_postgres::types;
use utoipa::{IntoParams, ToSchema};

use super::scores::{RowToScore, Score};
use crate::error::ApiError;
use crate::extract::{Json, Path, Query};
use crate::session::Session;

const FIND: &str = include_str!("../sql/accounts/find.sql");
const ONE: &str = include_str!("../sql/accounts/one.sql");
const TIMELINE: &str = include_str!("../sql/accounts/timeline.sql");
const LABELS: &str = include_str!("../sql/accounts/labels.sql");
const GROUP: &str = include_str!("../sql/accounts/group.sql");
const FEATURES: &str = include_str!("../sql/scores/features.sql");
const EXPLAIN_ACCOUNT: &str = include_str!("../sql/scores/explain_account.sql");
const EXPLAIN_ROW: &str = include_str!("../sql/scores/explain_row.sql");

/// How long the members of a group are looked for.
const GROUP_LIMIT: Duration = Duration::from_millis(1500);

/// The latest score of an account by one detector.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StoredScore {
    /// By which detector.
    pub(crate) detector: String,
    #[serde(flatten)]
    pub(crate) score: Score,
}

/// What is known of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Account {
    pub(crate) account_id: i64,
    /// Its row in botdet.account.
    #[schema(value_type = Option<Object>)]
    pub(crate) profile: Option<Map<String, Value>>,
    /// Its latest scores, by detector.
    pub(crate) scores: Vec<StoredScore>,
    /// What comparing accounts has found last: its row in botdet.account_network.
    #[schema(value_type = Option<Object>)]
    pub(crate) network: Option<Map<String, Value>>,
}

/// Which account.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindQuery {
    /// Its number, or its key where it came from.
    pub(crate) account: String,
}

/// Finds an account by its number or key.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", params(FindQuery), responses((status = 200, body = Account)))]
pub async fn find(session: Session, Query(query): Query<FindQuery>) -> Result<axum::Json<Account>, ApiError> {
    let found: Vec<i64> = session.values(FIND, &[&query.account]).await?;
    let missing = || ApiError::Missing(format!("there is no account {}", query.account));
    one(session, Path(*found.first().ok_or_else(missing)?)).await
}

/// Profile and latest scores of an account.
#[utoipa::path(get, path = "/v1/accounts/{account_id}", tag = "accounts",
    params(("account_id" = i64, Path, description = "number of the account")), responses((status = 200, body = Account)))]
pub async fn one(session: Session, Path(account_id): Path<i64>) -> Result<axum::Json<Account>, ApiError> {
    session.row(ONE, &[&account_id], || format!("there is no account {account_id}")).await.map(axum::Json)
}

/// Events of one hour.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct HourOfEvents {
    /// Its start, UTC.
    pub(crate) hour: DateTime<Utc>,
    pub(crate) events: i64,
}

/// Events of one kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ActionOfEvents {
    pub(crate) action: String,
    pub(crate) events: i64,
}

/// Hours that are unusual for an account, as botdet_unusual_hours() has them.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UnusualHours {
    /// The first hour.
    pub(crate) from_hour: DateTime<Utc>,
    /// The last hour.
    pub(crate) to_hour: DateTime<Utc>,
    /// burst or no pause.
    pub(crate) kind: String,
    pub(crate) events: i64,
    /// Events that are usual for it in as many hours; null for no pause.
    pub(crate) usual: Option<f64>,
    /// Modified z-score; null for no pause.
    pub(crate) strength: Option<f64>,
}

/// The last 60 days of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Timeline {
    /// Hours with events, in order.
    pub(crate) hours: Vec<HourOfEvents>,
    /// The most frequent action first.
    pub(crate) actions: Vec<ActionOfEvents>,
    /// Stretches that are unusual for the account.
    pub(crate) unusual: Vec<UnusualHours>,
}

/// When an account did how much, and when that was unusual for it.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/timeline", tag = "accounts",
    params(("account_id" = i64, Path, description = "number of the account")), responses((status = 200, body = Timeline)))]
pub async fn timeline(
    session: Session,
    Path(account_id): Path<i64>,
) -> Result<axum::Json<Timeline>, ApiError> {
    session
        .row(TIMELINE, &[&account_id], || format!("there is no account {account_id}"))
        .await
        .map(axum::Json)
}

/// What somebody has said of an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PastLabel {
    pub(crate) detector: String,
    pub(crate) is_bot: bool,
    /// Kind of bot, where it is known.
    pub(crate) strategy: Option<String>,
    /// What the decision rests on; null for labels by hand.
    pub(crate) reason: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) labelled_by: String,
    pub(crate) labelled_at: DateTime<Utc>,
    /// Whether nobody has said otherwise since.
    pub(crate) holds: bool,
}

/// Newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct LabelHistory {
    pub(crate) labels: Vec<PastLabel>,
}

/// What has been said of an account. Kept back from reviewers while it waits for a review that must not be swayed.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/labels", tag = "accounts",
    params(("account_id" = i64, Path, description = "number of the account")), responses((status = 200, body = LabelHistory)))]
pub async fn labels(
    session: Session,
    Path(account_id): Path<i64>,
) -> Result<axum::Json<LabelHistory>, ApiError> {
    Ok(axum::Json(LabelHistory { labels: session.rows(LABELS, &[&account_id]).await? }))
}

/// Somebody who acts in step with an account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Member {
    pub(crate) account_id: i64,
    pub(crate) account_key: Option<String>,
    /// Strongest likeness (Jaccard index) to another member, 0 to 1.
    pub(crate) similarity: f64,
    /// Occasions shared with the group.
    pub(crate) occasions: i64,
    pub(crate) bot_probability: Option<f64>,
    pub(crate) is_bot: Option<bool>,
}

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub struct Group {
    /// At most 50 others, the likest first; null where there is too much activity to look through at once: botdet_lockstep() tells.
    pub(crate) members: Option<Vec<Member>>,
}

/// Whom an account acts in step with, in the week up to its last event.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/group", tag = "accounts",
    params(("account_id" = i64, Path, description = "number of the account")), responses((status = 200, body = Group)))]
pub async fn group(session: Session, Path(account_id): Path<i64>) -> Result<axum::Json<Group>, ApiError> {
    Ok(axum::Json(Group { members: session.rows_within(GROUP_LIMIT, GROUP, &[&account_id]).await? }))
}

/// Features of an account by name, null where missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct Features {
    pub(crate) account_id: i64,
    #[schema(value_type = Object)]
    pub(crate) features: Map<String, Value>,
}

/// The features of an account, now.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/features", tag = "scores",
    params(("account_id" = i64, Path, description = "number of the account")), responses((status = 200, body = Features)))]
pub async fn features(
    session: Session,
    Path(account_id): Path<i64>,
) -> Result<axum::Json<Features>, ApiError> {
    let found: Vec<Option<types::Json<Map<String, Value>>>> =
        session.values(FEATURES, &[&account_id]).await?;
    let Some(types::Json(features)) = found
        .into_iter()
        .next()
        .flatten()
        .filter(|types::Json(features)| features.values().any(|value| !value.is_null()))
    else {
        return Err(ApiError::Missing(format!("nothing is known of account {account_id}")));
    };
    Ok(axum::Json(Features { account_id, features }))
}

/// One part of what makes up a score.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Part {
    /// Feature, other stage, or baseline.
    pub(crate) feature: String,
    /// Its value.
    pub(crate) value: Option<f64>,
    /// What is typical.
    pub(crate) typical: Option<f64>,
    /// Unit of both.
    pub(crate) unit: Option<String>,
    /// Log-odds that it adds; all parts sum up to those of bot_probability.
    pub(crate) contribution: Option<f64>,
    /// Share of the training accounts or rows at or below the value, 0 to 1.
    pub(crate) percentile: Option<f64>,
}

/// All that makes up a score, strongest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    pub(crate) parts: Vec<Part>,
}

/// What makes up the score of an account.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/explanation", tag = "scores",
    params(("account_id" = i64, Path, description = "number of the account")), responses((status = 200, body = Explanation)))]
pub async fn explanation(
    session: Session,
    Path(account_id): Path<i64>,
) -> Result<axum::Json<Explanation>, ApiError> {
    let parts: Vec<Part> = session.rows(EXPLAIN_ACCOUNT, &[&account_id]).await?;
    if parts.is_empty() {
        return Err(ApiError::Missing(format!("nothing is known of account {account_id}")));
    }
    Ok(axum::Json(Explanation { parts }))
}

/// What makes up the score of a row of features.
#[utoipa::path(post, path = "/v1/explanations", tag = "scores", request_body = RowToScore,
    responses((status = 200, body = Explanation)))]
pub async fn explain_row(
    session: Session,
    Json(row): Json<RowToScore>,
) -> Result<axum::Json<Explanation>, ApiError> {
    let features = types::Json(Value::Object(row.features));
    let parts = session.rows(EXPLAIN_ROW, &[&row.detector, &features]).await?;
    Ok(axum::Json(Explanation { parts }))
}
