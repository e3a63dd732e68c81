//! `/v1/detectors/{detector}/settings`: how a detector learns on, what is reviewed, and what is watched of it. Changes say what they have
//! seen (If-Match).

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_postgres::types::Json as ToJson;
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::{Json, Path, Query, expect_seen, if_match};
use crate::session::Session;

const READ: &str = include_str!("../sql/settings/read.sql");
const LOCK: &str = include_str!("../sql/versions/lock_deployment.sql");
const SCORING: &str = include_str!("../sql/settings/scoring.sql");
const LEARNING: &str = include_str!("../sql/settings/learning.sql");
const FEEDBACK: &str = include_str!("../sql/settings/feedback.sql");
const DRIFT: &str = include_str!("../sql/settings/drift.sql");
const WATCH: &str = include_str!("../sql/settings/watch.sql");
const UNWATCH: &str = include_str!("../sql/settings/unwatch.sql");
const WATCH_DRIFT: &str = include_str!("../sql/settings/watch_drift.sql");
const UNWATCH_DRIFT: &str = include_str!("../sql/settings/unwatch_drift.sql");

/// From where on a score counts, and what happens at an insert. What is left out, or null, takes the default.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoringSettings {
    /// Probability from which a row counts as a bot, 0 to 1 [that of the version that answers, 0.5 without one].
    threshold: Option<f64>,
    /// Probability from which a bot may be acted upon without review, not below the threshold [that of the version].
    automatic_threshold: Option<f64>,
    /// Share of bots among the rows that are scored, above 0 and below 1 [that of the training].
    base_rate: Option<f64>,
    /// inline, filter, queue or off [inline].
    insert_mode: Option<String>,
}

/// How a detector learns on. What is left out, or null, takes the default.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LearningSettings {
    /// Whether trainings that are due begin without anybody asking [true].
    retrains: Option<bool>,
    /// Whether a candidate that has proved itself becomes the champion without anybody asking [true].
    promotes: Option<bool>,
    /// New labels after which the filter goes on learning between two trainings [100].
    update_labels: Option<i32>,
    /// By how much a candidate's balanced Brier score may be above the champion's where it need not be better [0.02].
    margin: Option<f64>,
    /// Accounts that a candidate must have scored in shadow [100].
    shadow_accounts: Option<i32>,
    /// How long it must have been in shadow, as 01:00:00 or 2 days [01:00:00].
    shadow_interval: Option<String>,
    /// How many times as many accounts as the champion it may call bots, and how few [2].
    most_flagged_ratio: Option<f64>,
    /// How long the champion before is compared with it once it answers [1 day].
    probation_interval: Option<String>,
    /// Settings of trainings that begin without anybody asking, as those of jobs.
    #[schema(value_type = Option<Object>)]
    parameters: Option<BTreeMap<String, Value>>,
}

/// What is reviewed, and when retraining is due. What is left out, or null, takes the default.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackSettings {
    /// Share of the scored accounts that are drawn for review at random [0.015].
    exploration_share: Option<f64>,
    /// Share of the places in the queue that go to the most uncertain accounts [0.2].
    uncertain_share: Option<f64>,
    /// Golden items that are mixed in, for each other account [0.02].
    golden_share: Option<f64>,
    /// Share of the decisions that somebody else has to agree with before they count [0].
    second_review_share: Option<f64>,
    /// Trust below which every decision of a reviewer takes somebody else to agree [0.6].
    least_trust: Option<f64>,
    /// New labels after which retraining is due [1000].
    retrain_labels: Option<i32>,
    /// Time since the last training after which it is due [01:00:00].
    retrain_interval: Option<String>,
    /// New labels without which time alone does not make it due [1].
    least_retrain_labels: Option<i32>,
}

/// How drift is measured. What is left out, or null, takes the default.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DriftSettings {
    /// Accounts or rows that are counted a day, about [2000].
    sample: Option<i32>,
    /// Rows below which nothing is concluded [300].
    least_rows: Option<i32>,
}

/// What must hold of a champion on labels told since it answers, else it is rolled back.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// accuracy, precision, recall or f1.
    pub(crate) metric: String,
    /// Value under which it is rolled back, above 0 and at most 1.
    pub(crate) lowest: f64,
    /// Labels that the metric must rest on before anything is done.
    pub(crate) labels: i32,
}

/// When the drift of a champion is an alert.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AlertRule {
    /// feature_psi, drifting_features, missing_change, unseen, prediction_psi or estimated_error.
    pub(crate) measure: String,
    /// all, region, language or age.
    pub(crate) slice_by: String,
    /// Raised when the measure is at least this on each of the last days.
    pub(crate) raise_from: f64,
    /// Cleared when it is below this on each of the last days.
    pub(crate) clear_below: f64,
    /// How many days.
    pub(crate) days: i32,
}

/// All settings of a detector, with the defaults of what nobody has set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    detector: String,
    scoring: ScoringSettings,
    learning: LearningSettings,
    feedback: FeedbackSettings,
    drift: DriftSettings,
    /// Null when nothing is watched.
    pub(crate) watch: Option<Watch>,
    pub(crate) alert_rules: Vec<AlertRule>,
}

/// All settings of a detector. Their ETag is what changes must say in If-Match.
#[utoipa::path(get, path = "/v1/detectors/{detector}/settings", tag = "settings",
    params(("detector" = String, Path, description = "name of the detector")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn read(session: Session, Path(detector): Path<String>) -> Result<Response, ApiError> {
    current(&session, &detector).await
}

/// All settings of a detector, and their ETag.
pub(crate) async fn find(session: &Session, detector: &str) -> Result<(Settings, String), ApiError> {
    let settings = session.row(READ, &[&detector], || format!("there is no detector {detector}")).await?;
    let tag = tag(&settings)?;
    Ok((settings, tag))
}

async fn current(session: &Session, detector: &str) -> Result<Response, ApiError> {
    let (settings, tag) = find(session, detector).await?;
    Ok(([(header::ETAG, tag)], axum::Json(settings)).into_response())
}

/// Tells one state of the settings from another.
fn tag(settings: &Settings) -> Result<String, ApiError> {
    let text = serde_json::to_vec(settings).map_err(|_| ApiError::Internal("settings are no JSON"))?;
    let digest = Sha256::digest(text);
    let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("\"{digits}\""))
}

/// Has other changes wait, and refuses when what the client has seen is not what is there.
async fn expect(session: &Session, detector: &str, headers: &HeaderMap) -> Result<(), ApiError> {
    let seen = if_match(headers).ok_or(ApiError::PreconditionRequired)?;
    let _: String = session.value(LOCK, &[&detector]).await?;
    let (_, tag) = find(session, detector).await?;
    expect_seen(seen, tag)
}

/// Sets from where on a score counts and what happens at an insert, in place of what was set before.
#[utoipa::path(put, path = "/v1/detectors/{detector}/settings/scoring", tag = "settings", request_body = ScoringSettings,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn scoring(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(settings): Json<ScoringSettings>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(SCORING, &[&detector, &ToJson(&settings)]).await?;
    current(&session, &detector).await
}

/// Sets how a detector learns on, in place of what was set before.
#[utoipa::path(put, path = "/v1/detectors/{detector}/settings/learning", tag = "settings", request_body = LearningSettings,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn learning(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(settings): Json<LearningSettings>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(LEARNING, &[&detector, &ToJson(&settings)]).await?;
    current(&session, &detector).await
}

/// Sets what is reviewed and when retraining is due, in place of what was set before.
#[utoipa::path(put, path = "/v1/detectors/{detector}/settings/feedback", tag = "settings", request_body = FeedbackSettings,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn feedback(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(settings): Json<FeedbackSettings>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(FEEDBACK, &[&detector, &ToJson(&settings)]).await?;
    current(&session, &detector).await
}

/// Sets how drift is measured, in place of what was set before.
#[utoipa::path(put, path = "/v1/detectors/{detector}/settings/drift", tag = "settings", request_body = DriftSettings,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn drift(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(settings): Json<DriftSettings>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(DRIFT, &[&detector, &ToJson(&settings)]).await?;
    current(&session, &detector).await
}

/// Has the champion rolled back when it falls short, in place of an earlier watch.
#[utoipa::path(put, path = "/v1/detectors/{detector}/watch", tag = "settings", request_body = Watch,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn watch(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(watch): Json<Watch>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(WATCH, &[&watch.metric, &watch.lowest, &watch.labels, &detector]).await?;
    current(&session, &detector).await
}

/// Ends a watch.
#[utoipa::path(delete, path = "/v1/detectors/{detector}/watch", tag = "settings",
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn unwatch(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(UNWATCH, &[&detector]).await?;
    current(&session, &detector).await
}

/// When to raise an alert, and when to clear it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertBounds {
    /// Raised when the measure is at least this on each of the last days.
    raise_from: f64,
    /// Cleared when it is below this on each of the last days; at most `raise_from`.
    clear_below: f64,
    /// How many days, 1 to 60 [2].
    #[serde(default = "two")]
    #[schema(default = 2, minimum = 1, maximum = 60)]
    days: i32,
}

fn two() -> i32 {
    2
}

/// Of what the rule is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SliceQuery {
    /// all, region, language or age [all].
    slice_by: Option<String>,
}

/// Raises an alert when a measure of the champion's drift is high for days, in place of an earlier rule for it.
#[utoipa::path(put, path = "/v1/detectors/{detector}/alert-rules/{measure}", tag = "settings", request_body = AlertBounds,
    params(("detector" = String, Path, description = "name of the detector"),
           ("measure" = String, Path, description = "feature_psi, drifting_features, missing_change, unseen, prediction_psi or estimated_error"),
           SliceQuery, ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn watch_drift(
    session: Session,
    Path((detector, measure)): Path<(String, String)>,
    Query(query): Query<SliceQuery>,
    headers: HeaderMap,
    Json(bounds): Json<AlertBounds>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    let AlertBounds { raise_from, clear_below, days } = bounds;
    let slice_by = query.slice_by.unwrap_or_else(|| "all".to_owned());
    session.run(WATCH_DRIFT, &[&measure, &raise_from, &clear_below, &days, &detector, &slice_by]).await?;
    current(&session, &detector).await
}

/// Ends a rule; its alerts are cleared by the next check.
#[utoipa::path(delete, path = "/v1/detectors/{detector}/alert-rules/{measure}", tag = "settings",
    params(("detector" = String, Path, description = "name of the detector"),
           ("measure" = String, Path, description = "of which measure"),
           SliceQuery, ("if-match" = String, Header, description = "ETag of the settings")),
    responses((status = 200, body = Settings, headers(("etag" = String, description = "for If-Match")))))]
pub async fn unwatch_drift(
    session: Session,
    Path((detector, measure)): Path<(String, String)>,
    Query(query): Query<SliceQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    let slice_by = query.slice_by.unwrap_or_else(|| "all".to_owned());
    session.run(UNWATCH_DRIFT, &[&measure, &detector, &slice_by]).await?;
    current(&session, &detector).await
}
