//! `/v1/model-versions`: what is registered, and what is done before it may answer.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::deployments::expect_detector;
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::page::Page;
use crate::session::Session;

const LIST: &str = include_str!("../sql/versions/list.sql");
const ONE: &str = include_str!("../sql/versions/one.sql");
const OF_ARTIFACT: &str = include_str!("../sql/versions/of_artifact.sql");
const REGISTER: &str = include_str!("../sql/versions/register.sql");
const VALIDATE: &str = include_str!("../sql/versions/validate.sql");
const APPROVE: &str = include_str!("../sql/versions/approve.sql");

/// One registered version, as `botdet.model_versions` shows it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ModelVersion {
    /// Ascending with registration.
    pub model_version_id: i64,
    /// The detector it belongs to.
    pub detector: String,
    /// Its name, unique within the detector.
    pub version: String,
    /// champion, challenger, or null.
    pub alias: Option<String>,
    /// Whether it is the one that answers.
    pub is_champion: bool,
    /// Share of the accounts that a challenger answers for; 0: it is in shadow.
    pub share: Option<f64>,
    /// Hash of the artifact, hexadecimal.
    pub sha256: String,
    /// Size of the artifact.
    pub size_bytes: i64,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Who registered it.
    pub created_by: String,
    /// What was noted about it.
    pub comment: Option<String>,
    /// When it was last found sound on this server.
    pub validated_at: Option<DateTime<Utc>>,
    /// When somebody else approved it.
    pub approved_at: Option<DateTime<Utc>>,
    /// Who did.
    pub approved_by: Option<String>,
    /// Since when it is champion or challenger.
    pub activated_at: Option<DateTime<Utc>>,
    /// Who deployed it.
    pub activated_by: Option<String>,
    /// What it was trained on.
    pub trained_on: Option<String>,
    /// Area under the ROC curve, on rows held out of its training.
    pub roc_auc: Option<f64>,
    /// Average precision, on rows held out of its training.
    pub pr_auc: Option<f64>,
    /// What the artifact says of itself; only where one version is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub manifest: Option<serde_json::Value>,
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Of which detector; all by default.
    pub(crate) detector: Option<String>,
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<i64>,
    /// Only versions older than this one: `next_before` of the page before.
    #[param(minimum = 1)]
    pub(crate) before: Option<i64>,
}

/// One page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelVersionPage {
    pub(crate) model_versions: Vec<ModelVersion>,
    pub(crate) next_before: Option<i64>,
}

/// Lists versions, newest first.
#[utoipa::path(get, path = "/v1/model-versions", tag = "versions", params(ListQuery),
    responses((status = 200, body = ModelVersionPage)))]
pub async fn list(
    session: Session,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<ModelVersionPage>, ApiError> {
    let page = Page::new(query.limit, query.before)?;
    expect_detector(&session, query.detector.as_deref()).await?;
    let rows = session.rows(LIST, &[&query.detector, &page.before, &page.to_read()]).await?;
    let (model_versions, next_before) = page.cut(rows, |last: &ModelVersion| last.model_version_id);
    Ok(axum::Json(ModelVersionPage { model_versions, next_before }))
}

/// One version, with what its artifact says of itself.
#[utoipa::path(get, path = "/v1/model-versions/{model_version_id}", tag = "versions",
    params(("model_version_id" = i64, Path, description = "number of the version")), responses((status = 200, body = ModelVersion)))]
pub async fn one(session: Session, Path(id): Path<i64>) -> Result<axum::Json<ModelVersion>, ApiError> {
    find(&session, id).await.map(axum::Json)
}

async fn find(session: &Session, id: i64) -> Result<ModelVersion, ApiError> {
    session.row(ONE, &[&id], || format!("there is no model version {id}")).await
}

/// What is noted of an artifact.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegisterQuery {
    /// Remark to keep with it.
    pub(crate) comment: Option<String>,
}

/// Registers an artifact, which is the body. The same artifact gives the same version: 200 where it was registered before.
#[utoipa::path(post, path = "/v1/model-versions", tag = "versions", params(RegisterQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = ModelVersion, headers(("location" = String, description = "address of the version"))),
              (status = 200, body = ModelVersion, description = "it was registered before")))]
pub async fn register(
    session: Session,
    Query(query): Query<RegisterQuery>,
    headers: HeaderMap,
    artifact: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    // 1. An artifact, and not a form around it.
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.eq_ignore_ascii_case("application/octet-stream") {
        return Err(ApiError::MediaType("application/octet-stream"));
    }

    // 2. Registered, unless it is there.
    let sha256: String = Sha256::digest(&artifact).iter().map(|byte| format!("{byte:02x}")).collect();
    let was_there = !session.rows::<ModelVersion>(OF_ARTIFACT, &[&sha256]).await?.is_empty();
    session.run(REGISTER, &[&artifact.as_ref(), &query.comment]).await?;

    // 3. As it is now.
    let version: ModelVersion =
        session.row(OF_ARTIFACT, &[&sha256], || "the version is gone again".to_owned()).await?;
    let status = if was_there { StatusCode::OK } else { StatusCode::CREATED };
    let location = format!("/v1/model-versions/{}", version.model_version_id);
    Ok((status, [(header::LOCATION, location)], axum::Json(version)))
}

/// Whether a version answers here as where it was made.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Validation {
    /// Whether each answer is the same within tolerance.
    pub(crate) passed: bool,
    /// Rows that it brought along with its answers.
    pub(crate) probes: i32,
    /// By how much an answer differs, at most.
    pub(crate) largest_difference: f64,
    /// By how much it may.
    pub(crate) tolerance: f64,
}

/// Opens a version on the database server, and scores the rows it brought along.
#[utoipa::path(post, path = "/v1/model-versions/{model_version_id}/validation", tag = "versions",
    params(("model_version_id" = i64, Path, description = "number of the version")), responses((status = 200, body = Validation)))]
pub async fn validate(session: Session, Path(id): Path<i64>) -> Result<axum::Json<Validation>, ApiError> {
    let found = find(&session, id).await?;
    let missing = || format!("there is no model version {id}");
    session.row(VALIDATE, &[&found.version, &found.detector], missing).await.map(axum::Json)
}

/// Approves a version that somebody else has registered.
#[utoipa::path(post, path = "/v1/model-versions/{model_version_id}/approval", tag = "versions",
    params(("model_version_id" = i64, Path, description = "number of the version")), responses((status = 200, body = ModelVersion)))]
pub async fn approve(session: Session, Path(id): Path<i64>) -> Result<axum::Json<ModelVersion>, ApiError> {
    let found = find(&session, id).await?;
    session.run(APPROVE, &[&found.version, &found.detector]).await?;
    find(&session, id).await.map(axum::Json)
}
