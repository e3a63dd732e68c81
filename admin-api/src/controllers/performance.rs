//! `/v1/detectors/{detector}/performance`, `…/comparison`, `…/fairness`: how versions do, for whom, and how they compare.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::deployments::expect_detector;
use super::drift::{DriftQuery, Period, SLICES};
use crate::error::ApiError;
use crate::extract::{Path, Query, expect_one_of};
use crate::session::Session;

const PERFORMANCE: &str = include_str!("../sql/versions/performance.sql");
const ESTIMATED: &str = include_str!("../sql/versions/estimated.sql");
const EXPLORED: &str = include_str!("../sql/versions/explored.sql");
const FAIRNESS: &str = include_str!("../sql/versions/fairness.sql");
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
    expect_detector(&session, Some(&detector)).await?;
    Ok(axum::Json(Performances { versions: session.rows(PERFORMANCE, &[&detector]).await? }))
}

/// What a version is expected to do on the accounts of one day, without a label: of those called bots with probability 0.9, nine in ten
/// are (confidence-based performance estimation).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Estimated {
    pub(crate) version: String,
    pub(crate) alias: Option<String>,
    pub(crate) day: NaiveDate,
    pub(crate) slice_by: String,
    /// Empty for all.
    pub(crate) slice: String,
    /// What was scored that day.
    pub(crate) rows: i64,
    /// Expected number, as are the other three.
    pub(crate) true_positives: f64,
    pub(crate) false_positives: f64,
    pub(crate) false_negatives: f64,
    pub(crate) true_negatives: f64,
    pub(crate) accuracy: f64,
    pub(crate) precision: Option<f64>,
    pub(crate) recall: Option<f64>,
    pub(crate) f1: Option<f64>,
    /// Whether the rows are too few to conclude anything.
    pub(crate) is_insufficient: bool,
}

/// Newest day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Estimates {
    pub(crate) estimates: Vec<Estimated>,
}

/// How versions are expected to do, without labels. It follows changes in whom is scored, and is blind to changes in what bots do: a new
/// kind of bot that looks human to the version counts as human here. It is worth as much as the calibration is.
#[utoipa::path(get, path = "/v1/detectors/{detector}/performance/estimated", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector"), DriftQuery), responses((status = 200, body = Estimates)))]
pub async fn estimated(
    session: Session,
    Path(detector): Path<String>,
    Query(query): Query<DriftQuery>,
) -> Result<axum::Json<Estimates>, ApiError> {
    let Period { since, until, slice_by, version } = Period::try_from(query)?;
    expect_detector(&session, Some(&detector)).await?;
    let estimates = session.rows(ESTIMATED, &[&detector, &since, &until, &slice_by, &version]).await?;
    Ok(axum::Json(Estimates { estimates }))
}

/// How a version does on accounts that exploration drew, each weighed by the inverse of its chance to be drawn.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Explored {
    /// Version that had scored; null for rules.
    pub(crate) model_version: Option<String>,
    /// Accounts that were drawn.
    pub(crate) drawn: i64,
    /// Of these, those that are labelled since.
    pub(crate) labels: i64,
    /// Estimated share of bots among all accounts.
    pub(crate) bot_share: Option<f64>,
    pub(crate) accuracy: Option<f64>,
    pub(crate) precision: Option<f64>,
    pub(crate) recall: Option<f64>,
}

/// All versions whose accounts were drawn.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explorations {
    pub(crate) versions: Vec<Explored>,
}

/// How versions do on accounts drawn at random: what other labels cannot tell, since reviewers see mostly what a version doubts.
#[utoipa::path(get, path = "/v1/detectors/{detector}/performance/explored", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = Explorations)))]
pub async fn explored(
    session: Session,
    Path(detector): Path<String>,
) -> Result<axum::Json<Explorations>, ApiError> {
    expect_detector(&session, Some(&detector)).await?;
    Ok(axum::Json(Explorations { versions: session.rows(EXPLORED, &[&detector]).await? }))
}

/// By what accounts are told apart.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SliceQuery {
    /// all, region, language or age [region].
    pub(crate) slice_by: Option<String>,
}

/// How the latest scores treat the accounts of one region, language or age, or all.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Fairness {
    /// Version that scored; null for rules.
    pub(crate) model_version: Option<String>,
    pub(crate) slice_by: String,
    /// Empty for all.
    pub(crate) slice: String,
    /// Accounts with a score.
    pub(crate) accounts: i64,
    /// Share of these that is called bots.
    pub(crate) bot_share: f64,
    /// Accounts with a label.
    pub(crate) labels: i64,
    pub(crate) true_positives: i64,
    pub(crate) false_positives: i64,
    pub(crate) false_negatives: i64,
    pub(crate) true_negatives: i64,
    pub(crate) precision: Option<f64>,
    pub(crate) recall: Option<f64>,
    /// Share of the others that is called bots.
    pub(crate) false_positive_rate: Option<f64>,
    /// Whether bots or others with a label are fewer than 30.
    pub(crate) is_insufficient: bool,
}

/// All, and by slice, the largest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Slices {
    pub(crate) slices: Vec<Fairness>,
}

/// How the latest scores treat regions, languages and ages, on all labels there are, those learned from among them. It reads all scores.
#[utoipa::path(get, path = "/v1/detectors/{detector}/fairness", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector"), SliceQuery), responses((status = 200, body = Slices)))]
pub async fn fairness(
    session: Session,
    Path(detector): Path<String>,
    Query(query): Query<SliceQuery>,
) -> Result<axum::Json<Slices>, ApiError> {
    expect_one_of("slice_by", query.slice_by.as_deref(), &SLICES)?;
    expect_detector(&session, Some(&detector)).await?;
    let slice_by = query.slice_by.unwrap_or_else(|| "region".to_owned());
    Ok(axum::Json(Slices { slices: session.rows(FAIRNESS, &[&detector, &slice_by]).await? }))
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
    expect_detector(&session, Some(&detector)).await?;
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
    expect_detector(&session, Some(&detector)).await?;
    Ok(axum::Json(ScoredDays { days: session.rows(DAILY, &[&detector]).await? }))
}
