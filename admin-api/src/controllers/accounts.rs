//! `/v1/accounts/{account_id}/features` and `…/explanation`, `/v1/explanations`: what a score is made of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_postgres::types;
use utoipa::ToSchema;

use super::scores::RowToScore;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::session::Session;

const FEATURES: &str = include_str!("../sql/scores/features.sql");
const EXPLAIN_ACCOUNT: &str = include_str!("../sql/scores/explain_account.sql");
const EXPLAIN_ROW: &str = include_str!("../sql/scores/explain_row.sql");

/// Features of an account by name, null where missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct Features {
    account_id: i64,
    #[schema(value_type = Object)]
    features: Map<String, Value>,
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
    feature: String,
    /// Its value.
    value: Option<f64>,
    /// What is typical.
    typical: Option<f64>,
    /// Unit of both.
    unit: Option<String>,
    /// Log-odds that it adds; all parts sum up to those of bot_probability.
    contribution: Option<f64>,
    /// Share of the training accounts or rows at or below the value, 0 to 1.
    percentile: Option<f64>,
}

/// All that makes up a score, strongest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explanation {
    parts: Vec<Part>,
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
