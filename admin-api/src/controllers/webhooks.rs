//! `/v1/webhooks`: addresses that are told of alerts, trials and jobs. For administrators.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::scores::account;
use crate::error::ApiError;
use crate::extract::{Json, Path, Query};
use crate::page::Page;
use crate::session::Session;

const LIST: &str = include_str!("../sql/webhooks/list.sql");
const CREATE: &str = include_str!("../sql/webhooks/create.sql");
const DELETE: &str = include_str!("../sql/webhooks/delete.sql");
const DELIVERIES: &str = include_str!("../sql/webhooks/deliveries.sql");

/// An address that is told what happens.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    webhook_id: i64,
    /// About which detector.
    detector: String,
    /// Where it is posted to.
    url: String,
    /// Of what: alert.raised, alert.cleared, trial.changed, job.ended.
    events: Vec<String>,
    created_at: DateTime<Utc>,
    created_by: String,
}

/// All webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhooks {
    webhooks: Vec<Webhook>,
}

/// Lists the webhooks.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks", responses((status = 200, body = Webhooks)))]
pub async fn list(session: Session) -> Result<axum::Json<Webhooks>, ApiError> {
    Ok(axum::Json(Webhooks { webhooks: session.rows(LIST, &[]).await? }))
}

/// Whom to tell of what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// Begins with http:// or https://, without user and password.
    url: String,
    /// alert.raised, alert.cleared, trial.changed, job.ended; the first two by default.
    #[serde(default = "alerts")]
    events: Vec<String>,
    /// About which detector; account by default.
    #[serde(default = "account")]
    #[schema(default = "account")]
    detector: String,
}

fn alerts() -> Vec<String> {
    ["alert.raised", "alert.cleared"].map(str::to_owned).to_vec()
}

/// A webhook, with what its signatures are checked by.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CreatedWebhook {
    webhook_id: i64,
    detector: String,
    url: String,
    events: Vec<String>,
    /// Key of the signatures: whsec_ and 32 bytes in base64. It is not shown again.
    secret: String,
}

/// Has what happens posted to an address, signed as Standard Webhooks are: webhook-signature is `v1,` and the HMAC-SHA256 of
/// webhook-id, webhook-timestamp and body, joined by dots, in base64.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", request_body = NewWebhook,
    responses((status = 201, body = CreatedWebhook, headers(("location" = String, description = "address of the webhook")))))]
pub async fn create(session: Session, Json(webhook): Json<NewWebhook>) -> Result<Response, ApiError> {
    let NewWebhook { url, events, detector } = webhook;
    let missing = || "the webhook is gone again".to_owned();
    let created: CreatedWebhook = session.row(CREATE, &[&url, &events, &detector], missing).await?;
    let location = [(header::LOCATION, format!("/v1/webhooks/{}", created.webhook_id))];
    Ok((StatusCode::CREATED, location, axum::Json(created)).into_response())
}

/// Ends a webhook, with what waits for it.
#[utoipa::path(delete, path = "/v1/webhooks/{webhook_id}", tag = "webhooks",
    params(("webhook_id" = i64, Path, description = "number of the webhook")), responses((status = 204)))]
pub async fn delete(session: Session, Path(webhook_id): Path<i64>) -> Result<StatusCode, ApiError> {
    let was_there: bool = session.value(DELETE, &[&webhook_id]).await?;
    if was_there {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::Missing(format!("there is no webhook {webhook_id}")))
    }
}

/// Something that was, or is to be, told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    delivery_id: i64,
    webhook_id: i64,
    /// What happened.
    event: String,
    /// What is sent, to the byte.
    body: String,
    /// waiting, delivered or failed.
    state: String,
    attempts: i32,
    created_at: DateTime<Utc>,
    next_attempt_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    /// Status of the last answer.
    status: Option<i32>,
    /// Why the last attempt had none.
    error: Option<String>,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// Only deliveries older than this one: `next_before` of the page before.
    #[param(minimum = 1)]
    before: Option<i64>,
}

/// One page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryPage {
    deliveries: Vec<Delivery>,
    next_before: Option<i64>,
}

/// Lists what a webhook was told, newest first.
#[utoipa::path(get, path = "/v1/webhooks/{webhook_id}/deliveries", tag = "webhooks",
    params(("webhook_id" = i64, Path, description = "number of the webhook"), DeliveryQuery),
    responses((status = 200, body = DeliveryPage)))]
pub async fn deliveries(
    session: Session,
    Path(webhook_id): Path<i64>,
    Query(query): Query<DeliveryQuery>,
) -> Result<axum::Json<DeliveryPage>, ApiError> {
    let page = Page::new(query.limit, query.before)?;
    let rows = session.rows(DELIVERIES, &[&webhook_id, &page.before, &page.to_read()]).await?;
    let (deliveries, next_before) = page.cut(rows, |last: &Delivery| last.delivery_id);
    Ok(axum::Json(DeliveryPage { deliveries, next_before }))
}
