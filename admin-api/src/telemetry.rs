//! Traces, where a collector is configured: a span for each request, and one for each statement that it sends to the database,
//! over OTLP (HTTP, protobuf).

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Tracer};
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::config::TelemetryConfig;

/// How long the collector may take for one batch.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the last batch may take when the service stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
/// What of the collector's answer is read, in bytes.
const ANSWER_LIMIT: usize = 64 << 10;

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The collector's address is not one.
    #[error("collector `{0}` is not an address: it is http://host:port")]
    Address(String),
    /// Only plain HTTP is spoken with it.
    #[error(
        "collector `{0}` is not spoken with over http: put one on this machine or in this pod, which encrypts what it sends on"
    )]
    Scheme(String),
    /// The exporter cannot be made.
    #[error("no exporter of traces: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// What collects spans and sends them.
pub struct Telemetry(SdkTracerProvider);

impl Telemetry {
    /// What the settings ask for; none where they name no collector. Takes a runtime, which sends.
    pub fn new(config: &TelemetryConfig) -> Result<Option<Self>, TelemetryError> {
        let Some(collector) = &config.collector else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Sender::new())
            .with_endpoint(traces_of(collector)?)
            .with_timeout(EXPORT_TIMEOUT)
            .build()?;
        let resource = Resource::builder().with_service_name("botdet-admin-api").build();
        let share = Sampler::TraceIdRatioBased(config.share);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(share)))
            .with_batch_exporter(exporter)
            .build();
        Ok(Some(Self(provider)))
    }

    /// What the log's layer hands spans to.
    pub fn tracer(&self) -> Tracer {
        self.0.tracer("botdet-admin-api")
    }

    /// Sends what is left, and ends.
    pub async fn stop(self) {
        // It waits for a thread that waits for this runtime.
        let stopped = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(FLUSH_TIMEOUT)).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!("the last traces were not sent: {error}");
        }
    }
}

/// Where a collector takes traces.
fn traces_of(collector: &str) -> Result<String, TelemetryError> {
    let address: Uri = collector.parse().map_err(|_| TelemetryError::Address(collector.to_owned()))?;
    if address.scheme().is_none() || address.authority().is_none() {
        return Err(TelemetryError::Address(collector.to_owned()));
    }
    if address.scheme_str() != Some("http") {
        return Err(TelemetryError::Scheme(collector.to_owned()));
    }
    Ok(format!("{}/v1/traces", collector.trim_end_matches('/')))
}

/// Sends batches from the runtime, whatever thread asks: the exporter has one of its own, without a runtime.
#[derive(Debug)]
struct Sender {
    runtime: Handle,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Sender {
    fn new() -> Self {
        Self { runtime: Handle::current(), client: Client::builder(TokioExecutor::new()).build_http() }
    }
}

type Sent<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<axum::http::Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Sender {
    // What the trait's macro makes of an `async fn`.
    fn send_bytes<'a, 'b>(&'a self, request: axum::http::Request<Bytes>) -> Sent<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        let client = self.client.clone();
        // Nothing of it may begin here: timers take a runtime, too.
        let sent = self.runtime.spawn(async move {
            let work = async {
                let (head, body) = client.request(request.map(Full::new)).await?.into_parts();
                let body = Limited::new(body, ANSWER_LIMIT).collect().await?.to_bytes();
                Ok(axum::http::Response::from_parts(head, body))
            };
            tokio::time::timeout(EXPORT_TIMEOUT, work).await
        });
        Box::pin(async { sent.await?? })
    }
}

/// Makes a request's span a part of the trace that its sender began, if it names one (W3C Trace Context).
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        let context = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // It fails where nothing is traced, and then there is nothing to continue.
        let _ = span.set_parent(context);
    }
}

/// Notes route and status with a request's span, by the names that OpenTelemetry gives them.
pub async fn describe_request(request: Request, next: Next) -> Response {
    let span = Span::current();
    span.set_attribute("http.request.method", request.method().to_string());
    if let Some(path) = request.extensions().get::<MatchedPath>() {
        span.set_attribute("http.route", path.as_str().to_owned());
    }
    let response = next.run(request).await;
    span.set_attribute("http.response.status_code", i64::from(response.status().as_u16()));
    if response.status().is_server_error() {
        span.set_status(Status::error(""));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collectors_are_addresses_over_http() {
        assert_eq!(
            traces_of("http://localhost:4318/").ok().as_deref(),
            Some("http://localhost:4318/v1/traces")
        );
        for (address, expected) in [
            ("https://collector:4318", "is not spoken with over http"),
            ("collector", "is not an address"),
            ("http://a b", "is not an address"),
            ("/traces", "is not an address"),
        ] {
            let error = traces_of(address).expect_err("it is refused").to_string();
            assert!(error.contains(expected) && error.contains(address), "{error}");
        }
    }
}
