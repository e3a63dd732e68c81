//! The connection pool and the queries; their text is in `sql/`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use serde::Serialize;
use tokio_postgres::{NoTls, Row};

use crate::config::DatabaseConfig;
use crate::error::ApiError;

const EXTENSION_VERSION: &str = include_str!("sql/extension_version.sql");
const MODEL_VERSIONS: &str = include_str!("sql/model_versions.sql");

/// Why there is no pool. The texts leave the connection string out, since it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum PoolSetupError {
    /// The connection string does not parse.
    #[error("DATABASE_URL is not a connection string: {0}")]
    Url(String),
    /// The pool's own settings clash.
    #[error("no connection pool: {0}")]
    Pool(#[from] deadpool_postgres::BuildError),
}

/// A pool that connects on demand. `statement_timeout` is the server-side limit of each query: a request that was
/// given up must not leave its query running.
pub fn pool(config: &DatabaseConfig, statement_timeout: Duration) -> Result<Pool, PoolSetupError> {
    let mut connection: tokio_postgres::Config = config
        .url
        .expose()
        .parse()
        .map_err(|error: tokio_postgres::Error| PoolSetupError::Url(error.to_string()))?;
    let connect_timeout = Duration::from_secs(config.connect_timeout);
    let options = format!(
        "{} -c statement_timeout={}",
        connection.get_options().unwrap_or_default(),
        statement_timeout.as_millis()
    );
    connection.options(options.trim_start()).connect_timeout(connect_timeout);
    if connection.get_application_name().is_none() {
        connection.application_name("botdet-admin-api");
    }

    // A closed connection is noticed without a query; one that died silently costs its request, once.
    let manager =
        Manager::from_config(connection, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Ok(Pool::builder(manager)
        .max_size(config.pool_size.into())
        .wait_timeout(Some(connect_timeout))
        .create_timeout(Some(connect_timeout))
        .runtime(Runtime::Tokio1)
        .build()?)
}

/// The version of the installed extension, or [`ApiError::ExtensionMissing`].
pub async fn extension_version(pool: &Pool) -> Result<String, ApiError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(EXTENSION_VERSION).await?;
    let row = client.query_opt(&statement, &[]).await?.ok_or(ApiError::ExtensionMissing(None))?;
    Ok(row.try_get(0)?)
}

/// One registered model version, as the view `botdet.model_versions` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ModelVersion {
    /// Ascending with registration.
    pub model_version_id: i64,
    /// The detector it belongs to.
    pub detector: String,
    /// Its name, unique within the detector.
    pub version: String,
    /// Whether it is the one that answers.
    pub is_champion: bool,
    /// Hash of the artifact, hexadecimal.
    pub sha256: String,
    /// Size of the artifact.
    pub size_bytes: i64,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Which database role registered it.
    pub created_by: Option<String>,
    /// What was noted about it.
    pub comment: Option<String>,
    /// When it last became champion.
    pub activated_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for ModelVersion {
    type Error = tokio_postgres::Error;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            model_version_id: row.try_get("model_version_id")?,
            detector: row.try_get("detector")?,
            version: row.try_get("version")?,
            is_champion: row.try_get("is_champion")?,
            sha256: row.try_get("sha256")?,
            size_bytes: row.try_get("size_bytes")?,
            created_at: row.try_get("created_at")?,
            created_by: row.try_get("created_by")?,
            comment: row.try_get("comment")?,
            activated_at: row.try_get("activated_at")?,
        })
    }
}

/// Up to `limit` model versions, newest first, all older than `before` where that is given.
pub async fn model_versions(
    pool: &Pool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<ModelVersion>, ApiError> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(MODEL_VERSIONS).await?;
    let rows = client.query(&statement, &[&before, &limit]).await?;
    Ok(rows.into_iter().map(ModelVersion::try_from).collect::<Result<_, _>>()?)
}
