//! `/v1/scores`: of an account, of features, of many of either.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_postgres::types;
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Json, Path, Query};
use crate::figures::count_predictions;
use crate::session::Session;

/// The detector that judges accounts.
pub const ACCOUNT: &str = "account";
const OF_ACCOUNT: &str = include_str!("../sql/scores/of_account.sql");
const OF_KEY: &str = include_str!("../sql/scores/of_key.sql");
const OF_ACCOUNTS: &str = include_str!("../sql/scores/of_accounts.sql");
const OF_NUMBERS: &str = include_str!("../sql/scores/of_numbers.sql");
const OF_ROWS: &str = include_str!("../sql/scores/of_rows.sql");
const INPUTS: &str = include_str!("../sql/scores/inputs.sql");
/// Rows or accounts of a request at most.
pub const MAX_BATCH: usize = 10_000;

/// A score, as `botdet.score_result` has it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// Who was scored; null for a score from features.
    pub account_id: Option<i64>,
    /// Probability of being a bot, 0 to 1; null for an unknown account.
    pub bot_probability: Option<f64>,
    /// Whether the probability reaches the threshold.
    pub is_bot: Option<bool>,
    /// What the thresholds ask for: none, review or automatic.
    pub action: Option<String>,
    /// Probability of the answer that is_bot gives.
    pub confidence: Option<f64>,
    /// Lower end of the 95 % interval of bot_probability; null for rules.
    pub probability_low: Option<f64>,
    /// Upper end of it.
    pub probability_high: Option<f64>,
    /// Share of the training accounts or rows that are less unusual, 0 to 1; null without an anomaly model.
    pub anomaly_score: Option<f64>,
    /// Whether it is more unusual than the contamination allows.
    pub is_anomaly: Option<bool>,
    /// Events that the score rests on.
    pub events: Option<i64>,
    /// What decided: rules, filter, trees, sequence; none for an unknown account.
    pub stage: String,
    /// Version that answered; null for rules.
    pub model_version: Option<String>,
    /// What speaks most for the answer, then what speaks most against it.
    pub reasons: Option<Vec<String>>,
    /// When.
    pub scored_at: DateTime<Utc>,
}

impl Score {
    fn is_known(&self) -> bool {
        self.stage != "none"
    }
}

/// Scores an account by its number.
#[utoipa::path(get, path = "/v1/scores/{account_id}", tag = "scores", params(("account_id" = i64, Path, description = "number of the account")),
    responses((status = 200, body = Score)))]
pub async fn of_account(
    session: Session,
    Path(account_id): Path<i64>,
) -> Result<axum::Json<Score>, ApiError> {
    let missing = || format!("there is no account {account_id}");
    let score: Score = session.row(OF_ACCOUNT, &[&account_id], missing).await?;
    answer(score, missing)
}

/// By whose key.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// Key of the account where it came from.
    pub(crate) account_key: String,
}

/// Scores an account by its key.
#[utoipa::path(get, path = "/v1/scores", tag = "scores", params(KeyQuery), responses((status = 200, body = Score)))]
pub async fn of_key(session: Session, Query(query): Query<KeyQuery>) -> Result<axum::Json<Score>, ApiError> {
    let missing = || format!("there is no account with key {}", query.account_key);
    let score: Score = session.row(OF_KEY, &[&query.account_key], missing).await?;
    answer(score, missing)
}

fn answer(score: Score, missing: impl FnOnce() -> String) -> Result<axum::Json<Score>, ApiError> {
    if !score.is_known() {
        return Err(ApiError::Missing(missing()));
    }
    count_predictions(ACCOUNT, [&score]);
    Ok(axum::Json(score))
}

/// Features of one row.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowToScore {
    /// Which detector judges; account by default.
    #[serde(default = "account")]
    #[schema(default = "account")]
    pub detector: String,
    /// Values by name; null, and what is left out, is missing.
    #[schema(value_type = Object)]
    pub features: Map<String, Value>,
}

pub(super) fn account() -> String {
    "account".to_owned()
}

/// Scores a row of features, of any detector.
#[utoipa::path(post, path = "/v1/scores", tag = "scores", request_body = RowToScore, responses((status = 200, body = Score)))]
pub async fn of_row(session: Session, Json(row): Json<RowToScore>) -> Result<axum::Json<Score>, ApiError> {
    let scores = of_rows(&session, &row.detector, vec![row.features]).await?;
    let score = scores.into_iter().next().ok_or(ApiError::Internal("a row has no score"))?;
    Ok(axum::Json(score))
}

/// Scores rows of features, in their order.
pub async fn of_rows(
    session: &Session,
    detector: &str,
    rows: Vec<Map<String, Value>>,
) -> Result<Vec<Score>, ApiError> {
    let rows = Value::Array(rows.into_iter().map(Value::Object).collect());
    let scores = session.rows(OF_ROWS, &[&detector, &types::Json(rows)]).await?;
    count_predictions(detector, &scores);
    Ok(scores)
}

/// Something that a detector can be told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Input {
    pub(crate) feature: String,
    /// number, boolean or text.
    pub(crate) kind: String,
    pub(crate) unit: Option<String>,
    /// Least value that is possible, or that the champion has seen.
    pub(crate) low: Option<f64>,
    /// Greatest value that is possible, or that the champion has seen.
    pub(crate) high: Option<f64>,
    /// Levels of a category.
    pub(crate) levels: Option<Vec<String>>,
    pub(crate) meaning: Option<String>,
}

/// What a detector can be told, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inputs {
    pub(crate) inputs: Vec<Input>,
}

/// The features that rows for a detector may have.
#[utoipa::path(get, path = "/v1/detectors/{detector}/inputs", tag = "scores",
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = Inputs)))]
pub async fn inputs(session: Session, Path(detector): Path<String>) -> Result<axum::Json<Inputs>, ApiError> {
    let inputs: Vec<Input> = session.rows(INPUTS, &[&detector]).await?;
    if inputs.is_empty() {
        return Err(ApiError::Missing(format!("there is no detector {detector} whose features are known")));
    }
    Ok(axum::Json(Inputs { inputs }))
}

/// Accounts, or rows of features: one of both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Numbers of accounts, or of what else the detector keeps rows of, at most 10,000.
    pub(crate) account_ids: Option<Vec<i64>>,
    /// Which detector judges; account by default.
    #[serde(default = "account")]
    #[schema(default = "account")]
    pub(crate) detector: String,
    /// Rows of features, at most 10,000.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(crate) rows: Option<Vec<Map<String, Value>>>,
}

/// Scores, in the order of what was asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct Scores {
    pub(crate) scores: Vec<Score>,
}

/// Scores up to 10,000 accounts or rows, in their order. An unknown account has stage none.
#[utoipa::path(post, path = "/v1/scores/batch", tag = "scores", request_body = Batch, responses((status = 200, body = Scores)))]
pub async fn batch(session: Session, Json(batch): Json<Batch>) -> Result<axum::Json<Scores>, ApiError> {
    let scores = match (batch.account_ids, batch.rows) {
        (Some(accounts), None) => {
            check_size(accounts.len())?;
            let scores: Vec<Score> = match batch.detector.as_str() {
                ACCOUNT => session.rows(OF_ACCOUNTS, &[&accounts]).await?,
                detector => session.rows(OF_NUMBERS, &[&detector, &accounts]).await?,
            };
            count_predictions(&batch.detector, &scores);
            scores
        }
        (None, Some(rows)) => {
            check_size(rows.len())?;
            of_rows(&session, &batch.detector, rows).await?
        }
        _ => return Err(ApiError::Unprocessable("either account_ids or rows must be given".to_owned())),
    };
    Ok(axum::Json(Scores { scores }))
}

/// Refuses what is too much for one request.
pub fn check_size(size: usize) -> Result<(), ApiError> {
    if size > MAX_BATCH {
        return Err(ApiError::Unprocessable(format!("a batch has up to {MAX_BATCH} rows, not {size}")));
    }
    Ok(())
}
