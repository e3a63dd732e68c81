//! A request's work in the database: one transaction, in the caller's role and name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use deadpool_postgres::{Object, Pool};
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, Json, ToSql};
use tracing::{Instrument, Span};

use crate::access::Caller;
use crate::error::ApiError;

const ACT_AS: &str = include_str!("sql/service/act_as.sql");
const STOP_ACTING: &str = include_str!("sql/service/stop_acting.sql");

/// What a statement is given.
pub type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The transaction of a request. Controllers take it as an argument; it is committed when they answer with success, see
/// [`crate::work`].
#[derive(Clone)]
pub struct Session(Arc<Transaction>);

struct Transaction {
    client: Option<Object>,
    is_open: AtomicBool,
}

impl Session {
    /// Begins, with the service's own rights. What only reads says so: that holds on standbys, too.
    pub async fn begin(pool: &Pool, method: &Method) -> Result<Self, ApiError> {
        let client = pool.get().await?;
        let begin =
            if *method == Method::GET || *method == Method::HEAD { "BEGIN READ ONLY" } else { "BEGIN" };
        let session = Self(Arc::new(Transaction { client: Some(client), is_open: AtomicBool::new(true) }));
        session.client()?.batch_execute(begin).await?;
        Ok(session)
    }

    /// Goes on in the caller's role and name, until the transaction ends.
    pub async fn act_as(&self, caller: &Caller) -> Result<(), ApiError> {
        self.run(ACT_AS, &[&caller.role, &caller.holder]).await.map(|_| ())
    }

    /// Goes on with the service's own rights.
    pub async fn stop_acting(&self) -> Result<(), ApiError> {
        self.run(STOP_ACTING, &[]).await.map(|_| ())
    }

    /// The rows of a statement whose only column is a JSON object.
    pub async fn rows<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<T>, ApiError> {
        self.values(sql, parameters).await.map(|rows| rows.into_iter().map(|Json(row)| row).collect())
    }

    /// The only row of such a statement, or an error that says what is not there.
    pub async fn row<T: DeserializeOwned>(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
        missing: impl FnOnce() -> String,
    ) -> Result<T, ApiError> {
        self.rows(sql, parameters).await?.into_iter().next().ok_or_else(|| ApiError::Missing(missing()))
    }

    /// The rows of a statement that may take no longer than this; `None` when it would. What it has changed is undone.
    pub async fn rows_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Option<Vec<T>>, ApiError> {
        let client = self.client()?;
        let begin = format!("SAVEPOINT attempt; SET LOCAL statement_timeout = {}", limit.as_millis());
        client.batch_execute(&begin).await?;
        let rows = self.rows(sql, parameters).await;
        // This sets the limit back, too.
        client.batch_execute("ROLLBACK TO SAVEPOINT attempt").await?;
        match rows {
            Err(ApiError::DatabaseTimeout(_)) => Ok(None),
            rows => rows.map(Some),
        }
    }

    /// The first column of a statement's rows.
    pub async fn values<T: FromSqlOwned>(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<T>, ApiError> {
        let rows = self.query(sql, parameters).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// The first column of the only row.
    pub async fn value<T: FromSqlOwned>(&self, sql: &str, parameters: Parameters<'_>) -> Result<T, ApiError> {
        self.values(sql, parameters)
            .await?
            .into_iter()
            .next()
            .ok_or(ApiError::Internal("a statement gave no row"))
    }

    /// Runs a statement, and says how many rows it has given or changed.
    pub async fn run(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64, ApiError> {
        let client = self.client()?;
        let work = async {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, parameters).await
        };
        Ok(work.instrument(statement_span(sql)).await?)
    }

    /// All rows of a statement.
    pub async fn query(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, ApiError> {
        let client = self.client()?;
        let work = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, parameters).await
        };
        Ok(work.instrument(statement_span(sql)).await?)
    }

    /// Makes what was done hold.
    pub async fn commit(&self) -> Result<(), ApiError> {
        self.end("COMMIT").await
    }

    /// Undoes what was done.
    pub async fn roll_back(&self) -> Result<(), ApiError> {
        self.end("ROLLBACK").await
    }

    async fn end(&self, statement: &str) -> Result<(), ApiError> {
        self.client()?.batch_execute(statement).await?;
        self.0.is_open.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn client(&self) -> Result<&Object, ApiError> {
        self.0.client.as_ref().ok_or(ApiError::Internal("the session has ended"))
    }
}

/// What a trace says of a statement, by the names that OpenTelemetry gives them. The text is the file's, without values.
fn statement_span(sql: &str) -> Span {
    tracing::info_span!("statement", otel.kind = "client", db.system.name = "postgresql", db.query.text = sql)
}

/// A request that was given up leaves its transaction to be undone; its connection goes back to the pool only then.
impl Drop for Transaction {
    fn drop(&mut self) {
        let (Some(client), true) = (self.client.take(), *self.is_open.get_mut()) else { return };
        let Ok(runtime) = Handle::try_current() else {
            drop(Object::take(client));
            return;
        };
        runtime.spawn(async move {
            if client.batch_execute("ROLLBACK").await.is_err() {
                drop(Object::take(client));
            }
        });
    }
}

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Internal("the route has no session"))
    }
}
