//! The connection pool. What is asked of it lies in `sql/`.

use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::DatabaseConfig;
use crate::error::ApiError;
use crate::tls::{self, TlsError};

const EXTENSION_VERSION: &str = include_str!("sql/service/extension_version.sql");

/// Why there is no pool. The texts leave the connection string out, since it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum PoolSetupError {
    /// The connection string does not parse.
    #[error("DATABASE_URL is not a connection string: {0}")]
    Url(String),
    /// The file with the password cannot be read.
    #[error("cannot read the database's password from {}: {source}", file.display())]
    Password {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The connection string asks for TLS, and nothing says whom to trust.
    #[error(
        "DATABASE_URL asks for TLS: --database-ca must name the certificates that vouch for the database"
    )]
    NoAuthorities,
    /// What says whom to trust cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The pool's own settings clash.
    #[error("no connection pool: {0}")]
    Pool(#[from] deadpool_postgres::BuildError),
}

/// How to connect, for whoever needs sessions of their own: with the password, and over TLS where somebody vouches for the database.
pub fn connection(
    config: &DatabaseConfig,
) -> Result<(tokio_postgres::Config, Option<MakeRustlsConnect>), PoolSetupError> {
    let parsed = config.url.expose().parse();
    let mut connection: tokio_postgres::Config =
        parsed.map_err(|error: tokio_postgres::Error| PoolSetupError::Url(error.to_string()))?;
    if let Some(file) = &config.password_file {
        let password = std::fs::read_to_string(file)
            .map_err(|source| PoolSetupError::Password { file: file.clone(), source })?;
        connection.password(password.trim_end_matches(['\r', '\n']));
    }
    let Some(file) = &config.authorities else {
        let asks_for_tls = connection.get_ssl_mode() == SslMode::Require;
        return if asks_for_tls { Err(PoolSetupError::NoAuthorities) } else { Ok((connection, None)) };
    };
    connection.ssl_mode(SslMode::Require);
    Ok((connection, Some(MakeRustlsConnect::new(tls::trusting(file)?))))
}

/// A pool that connects on demand. `statement_timeout` is the server-side limit of each query: a request that was
/// given up must not leave its query running.
pub fn pool(config: &DatabaseConfig, statement_timeout: Duration) -> Result<Pool, PoolSetupError> {
    let (mut connection, tls) = connection(config)?;
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
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match tls {
        Some(tls) => Manager::from_config(connection, tls, recycling),
        None => Manager::from_config(connection, NoTls, recycling),
    };
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
