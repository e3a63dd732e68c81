//! `/v1/detectors`: which version answers for each, and which is tried beside it. Changes say what they have seen (If-Match).

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model_versions::ModelVersion;
use crate::error::ApiError;
use crate::extract::{Json, Path, expect_seen, if_match};
use crate::session::Session;

const DETECTORS: &str = include_str!("../sql/versions/detectors.sql");
const DEPLOYMENT: &str = include_str!("../sql/versions/deployment.sql");
const LOCK: &str = include_str!("../sql/versions/lock_deployment.sql");
const ACTIVATE: &str = include_str!("../sql/versions/activate.sql");
const DEACTIVATE: &str = include_str!("../sql/versions/deactivate.sql");
const SHADOW: &str = include_str!("../sql/versions/shadow.sql");
const SPLIT: &str = include_str!("../sql/versions/split.sql");
const WITHDRAW: &str = include_str!("../sql/versions/withdraw.sql");
const ROLL_BACK: &str = include_str!("../sql/versions/roll_back.sql");

/// What judges.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Detector {
    /// Its name.
    pub(crate) detector: String,
    /// What it judges.
    pub(crate) description: Option<String>,
    /// Probability from which it is a bot, and reviewed; null: what the version says.
    pub(crate) threshold: Option<f64>,
    /// Probability from which what is done to bots may be done at once.
    pub(crate) automatic_threshold: Option<f64>,
    /// Share of bots among the accounts, where it is set.
    pub(crate) base_rate: Option<f64>,
    /// What happens at insert.
    pub(crate) insert_mode: String,
    /// Whether somebody else must approve a version before it may answer.
    pub(crate) needs_approval: bool,
}

/// All detectors.
#[derive(Debug, Serialize, ToSchema)]
pub struct Detectors {
    pub(crate) detectors: Vec<Detector>,
}

/// Lists the detectors.
#[utoipa::path(get, path = "/v1/detectors", tag = "versions", responses((status = 200, body = Detectors)))]
pub async fn detectors(session: Session) -> Result<axum::Json<Detectors>, ApiError> {
    Ok(axum::Json(Detectors { detectors: session.rows(DETECTORS, &[]).await? }))
}

/// Names of all detectors.
pub(crate) async fn names(session: &Session) -> Result<Vec<String>, ApiError> {
    let detectors: Vec<Detector> = session.rows(DETECTORS, &[]).await?;
    Ok(detectors.into_iter().map(|one| one.detector).collect())
}

/// Refuses a name that no detector has: a list of nothing would look like a detector that has done nothing.
pub(crate) async fn expect_detector(session: &Session, detector: Option<&str>) -> Result<(), ApiError> {
    match detector {
        Some(detector) if !names(session).await?.iter().any(|one| one == detector) => {
            Err(ApiError::Missing(format!("there is no detector {detector}")))
        }
        _ => Ok(()),
    }
}

/// Which versions a detector has deployed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Deployment {
    pub(crate) detector: String,
    /// The ETag, without its quotes.
    pub(crate) tag: String,
    /// The version that answers; null for rules.
    pub(crate) champion: Option<ModelVersion>,
    /// The version beside it.
    pub(crate) challenger: Option<ModelVersion>,
    /// The version that a rollback brings back, as long as it is sound; null without one.
    pub(crate) previous: Option<String>,
}

/// What is deployed. Its ETag is what changes must say in If-Match.
#[utoipa::path(get, path = "/v1/detectors/{detector}/deployment", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector")),
    responses((status = 200, body = Deployment, headers(("etag" = String, description = "for If-Match")))))]
pub async fn deployment(session: Session, Path(detector): Path<String>) -> Result<Response, ApiError> {
    current(&session, &detector).await
}

/// What is deployed of a detector.
pub async fn find(session: &Session, detector: &str) -> Result<Deployment, ApiError> {
    session.row(DEPLOYMENT, &[&detector], || format!("there is no detector {detector}")).await
}

async fn current(session: &Session, detector: &str) -> Result<Response, ApiError> {
    let deployment = find(session, detector).await?;
    let tag = quoted(&deployment.tag);
    Ok(([(header::ETAG, tag)], axum::Json(deployment)).into_response())
}

/// A tag as it stands in ETag and If-Match.
pub fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

/// Has other changes wait, and refuses when what the client has seen is not what is there.
async fn expect(session: &Session, detector: &str, headers: &HeaderMap) -> Result<(), ApiError> {
    let seen = if_match(headers).ok_or(ApiError::PreconditionRequired)?;
    let tag: String = session.value(LOCK, &[&detector]).await?;
    expect_seen(seen, quoted(&tag))
}

/// Which version is to answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// Its name, or challenger.
    pub(crate) version: String,
}

/// Has a version answer, once it is found sound.
#[utoipa::path(put, path = "/v1/detectors/{detector}/deployment/champion", tag = "versions", request_body = Activation,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the deployment")),
    responses((status = 200, body = Deployment, headers(("etag" = String, description = "for If-Match")))))]
pub async fn activate(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(activation): Json<Activation>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(ACTIVATE, &[&activation.version, &detector]).await?;
    current(&session, &detector).await
}

/// Lets rules answer again.
#[utoipa::path(delete, path = "/v1/detectors/{detector}/deployment/champion", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the deployment")),
    responses((status = 200, body = Deployment, headers(("etag" = String, description = "for If-Match")))))]
pub async fn deactivate(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(DEACTIVATE, &[&detector]).await?;
    current(&session, &detector).await
}

/// Which version is to be tried beside the champion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// Its name.
    pub(crate) version: String,
    /// Share of the accounts that it answers for, above 0 and below 1; left out: it is in shadow, compared and never answered.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) share: Option<f64>,
}

/// Puts a version beside the champion: in shadow, or for a share of the accounts.
#[utoipa::path(put, path = "/v1/detectors/{detector}/deployment/challenger", tag = "versions", request_body = Challenge,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the deployment")),
    responses((status = 200, body = Deployment, headers(("etag" = String, description = "for If-Match")))))]
pub async fn challenge(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(challenge): Json<Challenge>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    match challenge.share {
        None => session.run(SHADOW, &[&challenge.version, &detector]).await?,
        Some(share) => session.run(SPLIT, &[&challenge.version, &share, &detector]).await?,
    };
    current(&session, &detector).await
}

/// Ends a challenge.
#[utoipa::path(delete, path = "/v1/detectors/{detector}/deployment/challenger", tag = "versions",
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the deployment")),
    responses((status = 200, body = Deployment, headers(("etag" = String, description = "for If-Match")))))]
pub async fn withdraw(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(WITHDRAW, &[&detector]).await?;
    current(&session, &detector).await
}

/// Why the champion goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// For the audit.
    pub(crate) reason: String,
}

/// Has the champion before this one answer again.
#[utoipa::path(post, path = "/v1/detectors/{detector}/deployment/rollback", tag = "versions", request_body = Rollback,
    params(("detector" = String, Path, description = "name of the detector"),
           ("if-match" = String, Header, description = "ETag of the deployment")),
    responses((status = 200, body = Deployment, headers(("etag" = String, description = "for If-Match")))))]
pub async fn roll_back(
    session: Session,
    Path(detector): Path<String>,
    headers: HeaderMap,
    Json(rollback): Json<Rollback>,
) -> Result<Response, ApiError> {
    expect(&session, &detector, &headers).await?;
    session.run(ROLL_BACK, &[&detector, &rollback.reason]).await?;
    current(&session, &detector).await
}
