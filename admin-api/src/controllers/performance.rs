//! `/v1/detectors/{detector}/performance` and `…/comparison`: how versions do, and how they compare.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Path;
use crate::session::Session;

const PERFORMANCE: &str = include_str!("../sql/versions/performance.sql");
const COMPARISON: &str = include_str!("../sql/versions/comparison.sql");

/// How a version does on labels made since it was registered.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Performance {
    version: String,
    /// champion, challenger, or null.
    alias: Option<String>,
    /// Accounts it has scored whose truth was told since.
    labels: i64,
    true_positives: i64,
    false_positives: i64,
    false_negatives: i64,
    true_negatives: i64,
    accuracy: Option<f64>,
    precision: Option<f64>,
    recall: Option<f64>,
    f1: Option<f64>,
    /// Mean squared error of the probabilities.
    brier: Option<f64>,
}

/// How all versions of a detector do that there are labels for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Performances {
    versions: Vec<Performance>,
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
    champion: Option<String>,
    /// Version in shadow.
    challenger: String,
    /// Accounts that both were asked about.
    accounts: i64,
    bots_by_both: i64,
    bots_by_champion_only: i64,
    bots_by_challenger_only: i64,
    /// Share of the accounts that both judge alike.
    agreement: Option<f64>,
    /// Mean of the challenger's probability less the champion's.
    mean_difference: Option<f64>,
    mean_absolute_difference: Option<f64>,
    correlation: Option<f64>,
    /// Accounts that the challenger could not score.
    failures: i64,
    /// Accounts whose truth was told since the challenger was registered.
    labels: i64,
    champion_right: i64,
    challenger_right: i64,
}

/// Comparisons of one detector.
#[derive(Debug, Serialize, ToSchema)]
pub struct Comparisons {
    comparisons: Vec<Comparison>,
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
