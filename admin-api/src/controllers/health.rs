//! `GET /livez`, `GET /readyz`.

use axum::Json;
use axum::extract::State;
use deadpool_postgres::Pool;
use serde::Serialize;

use crate::database;
use crate::error::ApiError;

/// The body of `GET /livez`.
#[derive(Debug, Serialize)]
pub struct Live {
    status: &'static str,
}

/// The process runs and answers. The database plays no part: restarting this process would not mend it.
pub async fn livez() -> Json<Live> {
    Json(Live { status: "live" })
}

/// The body of `GET /readyz`.
#[derive(Debug, Serialize)]
pub struct Ready {
    status: &'static str,
    extension_version: String,
}

/// The database can be reached and has the extension; 503 otherwise.
pub async fn readyz(State(pool): State<Pool>) -> Result<Json<Ready>, ApiError> {
    let extension_version = database::extension_version(&pool).await?;
    Ok(Json(Ready { status: "ready", extension_version }))
}
