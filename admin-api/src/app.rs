//! What requests share.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use deadpool_postgres::Pool;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use crate::config::Config;
use crate::figures::{self, Figures};
use crate::limits::Limits;
use crate::progress::Followers;

/// The state of the router, cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Connections to the database.
    pub pool: Pool,
    /// Who may ask how often.
    pub limits: Arc<Limits>,
    /// What the service has counted.
    pub counted: PrometheusHandle,
    /// What the database says of itself, for a few seconds.
    pub figures: Arc<Figures>,
    /// Limit of a request's time.
    pub request_timeout: Duration,
    /// Limit of a body, in bytes.
    pub body_limit: usize,
    /// Limit of an artifact, in bytes.
    pub artifact_limit: usize,
    /// Whether predictions take no token.
    pub open_predictions: bool,
    /// Whether people reach the pages by TLS.
    pub by_tls: bool,
    /// Who follows jobs.
    pub followers: Followers,
    /// Becomes true when the service is told to stop: what goes on for long ends then.
    pub stopping: watch::Sender<bool>,
}

impl App {
    /// The state that these settings ask for.
    pub fn new(pool: Pool, config: &Config) -> Self {
        Self {
            pool,
            limits: Arc::new(Limits::new(&config.limits)),
            counted: figures::recorder(),
            figures: Arc::default(),
            request_timeout: config.service.request_timeout(),
            body_limit: config.limits.body_bytes(),
            artifact_limit: config.limits.artifact_bytes(),
            open_predictions: config.service.open_predictions,
            by_tls: config.service.behind_tls || config.tls.certificate.is_some(),
            followers: Followers::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Whether a request may go without a token.
    pub fn is_open(&self, path: &str, headers: &HeaderMap) -> bool {
        self.open_predictions
            && matches!(path, "/predict" | "/predict_batch")
            && !headers.contains_key(axum::http::header::AUTHORIZATION)
    }
}
