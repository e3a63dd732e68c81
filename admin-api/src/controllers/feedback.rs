//! Figures of reviews and reviewers, labels by hand, retraining.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::scores::account;
use crate::error::ApiError;
use crate::extract::{Json, Path, Query};
use crate::session::Session;

const STATUS: &str = include_str!("../sql/reviews/status.sql");
const STATISTICS: &str = include_str!("../sql/reviews/statistics.sql");
const REVIEWERS: &str = include_str!("../sql/reviews/reviewers.sql");
const LABEL: &str = include_str!("../sql/reviews/label.sql");
const RETRAINING: &str = include_str!("../sql/reviews/retraining.sql");
const REQUEST_RETRAINING: &str = include_str!("../sql/reviews/request_retraining.sql");

/// How much waits, of one kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    pub(crate) detector: String,
    /// Why they are to be looked at.
    pub(crate) why: String,
    /// Claimed, with a lease that lasts.
    pub(crate) claimed: i64,
    /// Open to be claimed.
    pub(crate) waiting: i64,
    /// How long the oldest of both has been queued, s.
    pub(crate) oldest_age_seconds: Option<f64>,
}

/// The state of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueState {
    pub(crate) queue: Vec<Waiting>,
}

/// How many reviews wait, and how many are being looked at.
#[utoipa::path(get, path = "/v1/reviews/status", tag = "reviews", responses((status = 200, body = QueueState)))]
pub async fn status(session: Session) -> Result<axum::Json<QueueState>, ApiError> {
    Ok(axum::Json(QueueState { queue: session.rows(STATUS, &[]).await? }))
}

/// Decisions of one day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Day {
    /// Start of the day, UTC.
    pub(crate) time: DateTime<Utc>,
    pub(crate) detector: String,
    pub(crate) decisions: i64,
    pub(crate) bots: i64,
    /// Of accounts that had a score.
    pub(crate) scored: i64,
    /// Of these, those where decision and score agree.
    pub(crate) agreeing: i64,
    /// Their share.
    pub(crate) agreement: Option<f64>,
    /// Of accounts drawn at random.
    pub(crate) explored: i64,
    pub(crate) second_reviews: i64,
    pub(crate) second_agreed: i64,
    pub(crate) appeals: i64,
    pub(crate) appeals_upheld: i64,
    /// Mean time from claim to decision, s.
    pub(crate) mean_seconds: Option<f64>,
}

/// Over which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsQuery {
    /// Of which detector; all by default.
    pub(crate) detector: Option<String>,
    /// Days back, 1 to 400 [30].
    #[param(minimum = 1, maximum = 400)]
    pub(crate) days: Option<i32>,
}

/// Decisions by day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Statistics {
    pub(crate) days: Vec<Day>,
}

/// Decisions of reviewers by day, newest first.
#[utoipa::path(get, path = "/v1/reviews/statistics", tag = "reviews", params(StatisticsQuery),
    responses((status = 200, body = Statistics)))]
pub async fn statistics(
    session: Session,
    Query(query): Query<StatisticsQuery>,
) -> Result<axum::Json<Statistics>, ApiError> {
    let days = query.days.unwrap_or(30);
    if !(1..=400).contains(&days) {
        return Err(ApiError::InvalidParameter(format!("days must be 1 to 400, not {days}")));
    }
    Ok(axum::Json(Statistics { days: session.rows(STATISTICS, &[&query.detector, &days]).await? }))
}

/// What is known of a reviewer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Reviewer {
    pub(crate) reviewer: String,
    pub(crate) detector: String,
    pub(crate) golden: i64,
    pub(crate) golden_right: i64,
    pub(crate) agreed: i64,
    pub(crate) disputed: i64,
    pub(crate) disputed_right: i64,
    /// Estimated probability that a decision of theirs is right.
    pub(crate) trust: f64,
    /// Since when nothing more is known.
    pub(crate) noted_at: DateTime<Utc>,
}

/// Whose reviewers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DetectorQuery {
    /// Of which detector; all by default.
    pub(crate) detector: Option<String>,
}

/// All reviewers that something is known of.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reviewers {
    pub(crate) reviewers: Vec<Reviewer>,
}

/// How far each reviewer is right. For administrators.
#[utoipa::path(get, path = "/v1/reviewers", tag = "reviews", params(DetectorQuery), responses((status = 200, body = Reviewers)))]
pub async fn reviewers(
    session: Session,
    Query(query): Query<DetectorQuery>,
) -> Result<axum::Json<Reviewers>, ApiError> {
    Ok(axum::Json(Reviewers { reviewers: session.rows(REVIEWERS, &[&query.detector]).await? }))
}

/// What is known to be true.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLabel {
    pub(crate) account_id: i64,
    /// For which detector; account by default.
    #[serde(default = "account")]
    #[schema(default = "account")]
    pub(crate) detector: String,
    pub(crate) is_bot: bool,
    /// Kind of bot.
    pub(crate) strategy: Option<String>,
    /// Remark.
    pub(crate) note: Option<String>,
}

/// A label.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Label {
    pub(crate) label_id: i64,
    pub(crate) account_id: i64,
    pub(crate) detector: String,
    pub(crate) is_bot: bool,
    pub(crate) strategy: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) labelled_by: String,
    pub(crate) labelled_at: DateTime<Utc>,
}

/// Labels an account, in place of an earlier label.
#[utoipa::path(post, path = "/v1/labels", tag = "reviews", request_body = NewLabel, responses((status = 200, body = Label)))]
pub async fn label(session: Session, Json(label): Json<NewLabel>) -> Result<axum::Json<Label>, ApiError> {
    let NewLabel { account_id, detector, is_bot, strategy, note } = label;
    let missing = || "the label is gone again".to_owned();
    session.row(LABEL, &[&account_id, &detector, &is_bot, &strategy, &note], missing).await.map(axum::Json)
}

/// Whether a detector is due to be trained again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Retraining {
    pub(crate) detector: String,
    pub(crate) last_trained_at: Option<DateTime<Utc>>,
    /// Labels made or changed since.
    pub(crate) new_labels: i64,
    pub(crate) new_bots: i64,
    /// New labels after which it is due.
    pub(crate) retrain_labels: i32,
    /// Time after which it is due, s.
    pub(crate) retrain_seconds: f64,
    /// Who asked for it since.
    pub(crate) requested_by: Option<String>,
    /// Why it is due: request, labels, interval; null when it is not.
    pub(crate) due_by: Option<String>,
}

/// The state of retraining, by detector.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetrainingState {
    pub(crate) detectors: Vec<Retraining>,
}

/// Labels told since each detector was trained, and whether that is reason to train it again.
#[utoipa::path(get, path = "/v1/retraining", tag = "reviews", responses((status = 200, body = RetrainingState)))]
pub async fn retraining(session: Session) -> Result<axum::Json<RetrainingState>, ApiError> {
    Ok(axum::Json(RetrainingState { detectors: session.rows(RETRAINING, &[]).await? }))
}

/// Why it is to be trained again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrainingRequest {
    pub(crate) reason: String,
}

/// Makes retraining of a detector due by hand.
#[utoipa::path(post, path = "/v1/detectors/{detector}/retraining", tag = "reviews", request_body = RetrainingRequest,
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 202)))]
pub async fn request_retraining(
    session: Session,
    Path(detector): Path<String>,
    Json(request): Json<RetrainingRequest>,
) -> Result<StatusCode, ApiError> {
    session.run(REQUEST_RETRAINING, &[&detector, &request.reason]).await?;
    Ok(StatusCode::ACCEPTED)
}
