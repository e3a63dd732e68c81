//! `/v1/detectors/{detector}/performance` and `…/comparison`: how versions do, and how they compare.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Path;
use crate::session::Session;

const PERFORMANCE: &str = include_str!("../sql/versions/performance.sql");
const DAILY: &str = include_str!("../sql/scores/daily.sql");
const COMPARISON: &str = include_str!("../sql/versions/comparison.sql");

/// How a version does on labels made since it was registered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Performance {
    pub(crate) version: String,
    /// champion, challenger, or null.
    pub(crate) alias: Option<String>,
    /// Accounts it has scored whose truth was told since.
    pub(crate) labels: i64,
    pub(crate) true_positives: i64,
    pub(crate) false_positives: i64,
    pub(crate) false_negatives: i64,
    pub(crate) true_negatives: i64,
    pub(crate) accuracy: Option<f64>,
    pub(crate) precision: Option<f64>,
    pub(crate) recall: Option<f64>,
    pub(crate) f1: Option<f64>,
    /// Mean squared error of the probabilities.
    pub(crate) brier: Option<f64>,
}

/// How all versions of a detector do that there are labels for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Performances {
    pub(crate) versions: Vec<Performance>,
}

/// How versions do on labels made since they were registered.
#[utoipa::path(get, path = "/v1/detectors/{detector}/performance", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = Performances)))]
pub async fn performance(
    session: Session,
    Path(detector): Path<String>,
) -> Result<axum::Json<Performances>, ApiError> {
    Ok(axum::Json(Performances { versions: session.rows(PERFORMANCE, &[&detector]).await? }))
}

/// How the version in shadow compares with the one that answered, on the accounts scored by both.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// Version that answered; null for rules.
    pub(crate) champion: Option<String>,
    /// Version in shadow.
    pub(crate) challenger: String,
    /// Accounts that both were asked about.
    pub(crate) accounts: i64,
    pub(crate) bots_by_both: i64,
    pub(crate) bots_by_champion_only: i64,
    pub(crate) bots_by_challenger_only: i64,
    /// Share of the accounts that both judge alike.
    pub(crate) agreement: Option<f64>,
    /// Mean of the challenger's probability less the champion's.
    pub(crate) mean_difference: Option<f64>,
    pub(crate) mean_absolute_difference: Option<f64>,
    pub(crate) correlation: Option<f64>,
    /// Accounts that the challenger could not score.
    pub(crate) failures: i64,
    /// Accounts whose truth was told since the challenger was registered.
    pub(crate) labels: i64,
    pub(crate) champion_right: i64,
    pub(crate) challenger_right: i64,
}

/// Comparisons of one detector.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparisons {
    pub(crate) comparisons: Vec<Comparison>,
}

/// How versions in shadow compare with those that answered.
#[utoipa::path(get, path = "/v1/detectors/{detector}/comparison", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = Comparisons)))]
pub async fn comparison(
    session: Session,
    Path(detector): Path<String>,
) -> Result<axum::Json<Comparisons>, ApiError> {
    Ok(axum::Json(Comparisons { comparisons: session.rows(COMPARISON, &[&detector]).await? }))
}

/// Scores of one day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ScoredDay {
    /// Start of the day, UTC.
    pub(crate) time: DateTime<Utc>,
    /// Accounts that were scored.
    pub(crate) scores: i64,
    /// Of these, those that were called bots.
    pub(crate) bots: i64,
    /// Of these, those that were called unusual.
    pub(crate) anomalies: i64,
}

/// The last 30 days, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScoredDays {
    pub(crate) days: Vec<ScoredDay>,
}

/// How many accounts were scored, and called bots, by day.
#[utoipa::path(get, path = "/v1/detectors/{detector}/daily", tag = "scores",
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = ScoredDays)))]
pub async fn daily(
    session: Session,
    Path(detector): Path<String>,
) -> Result<axum::Json<ScoredDays>, ApiError> {
    Ok(axum::Json(ScoredDays { days: session.rows(DAILY, &[&detector]).await? }))
}
