//! `GET /livez`, `GET /readyz`, `GET /health`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::database;
use crate::error::ApiError;

/// Whether the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Live {
    /// live.
    status: &'static str,
}

/// The process runs and answers. The database plays no part: restarting this process would not mend it.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = Live)))]
pub async fn livez() -> Json<Live> {
    Json(Live { status: "live" })
}

/// Whether requests can be answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// ready.
    status: &'static str,
    /// Version of the extension in the database.
    extension_version: String,
}

/// The database can be reached and has the extension; 503 otherwise.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Ready)))]
pub async fn readyz(State(app): State<App>) -> Result<Json<Ready>, ApiError> {
    let extension_version = database::extension_version(&app.pool).await?;
    Ok(Json(Ready { status: "ready", extension_version }))
}

/// Health as clients of the usual Python service know it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// healthy.
    status: &'static str,
    /// Version of the extension in the database.
    version: String,
}

/// The same for clients of the usual Python service.
#[utoipa::path(get, path = "/health", tag = "predictions", responses((status = 200, body = Health)))]
pub async fn health(State(app): State<App>) -> Result<Json<Health>, ApiError> {
    let version = database::extension_version(&app.pool).await?;
    Ok(Json(Health { status: "healthy", version }))
}
