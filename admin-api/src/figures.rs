//! Figures for Prometheus: what the service counts, and what the database says of itself.

use std::fmt::Write;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio_postgres::types::Json;

use crate::access::{Caller, Role};
use crate::app::App;
use crate::controllers::scores::Score;
use crate::error::ApiError;
use crate::session::Session;

const FIGURES: &str = include_str!("sql/service/figures.sql");
/// How long the database's figures are given again, so that many scrapes cost it no more than one.
const FIGURES_HOLD: Duration = Duration::from_secs(10);
/// Upper ends of the latency histogram, in seconds.
const LATENCIES: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What the process counts. There is one of it, whatever the number of routers.
pub fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            // The buckets are not empty, which is all that is checked.
            let builder = builder
                .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCIES)
                .unwrap_or_else(|_| PrometheusBuilder::new());
            let recorder = builder.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("something else in this process counts already: /metrics shows no requests");
            }
            describe();
            handle
        })
        .clone()
}

fn describe() {
    describe_counter!("botdet_http_requests_total", "requests by method, route and status");
    describe_histogram!("botdet_http_request_duration_seconds", Unit::Seconds, "time from request to answer");
    describe_counter!(
        "botdet_predictions_total",
        "predictions by detector, status (bot, human, unknown) and the stage that decided"
    );
    describe_gauge!("botdet_pool_connections", "connections to the database, by state");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "memory of the process");
    describe_counter!("process_cpu_seconds_total", Unit::Seconds, "processor time of the process");
    describe_gauge!("process_open_fds", "open files and connections of the process");
    describe_gauge!("process_start_time_seconds", Unit::Seconds, "when the process began, since 1970");
    gauge!("process_start_time_seconds").set(chrono::Utc::now().timestamp() as f64);
}

/// Counts a request and its time, by route: addresses vary without end.
pub async fn count_requests(request: Request, next: Next) -> Response {
    let route =
        request.extensions().get::<MatchedPath>().map_or("unmatched", |path| path.as_str()).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let begin = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!("botdet_http_request_duration_seconds", "method" => method.clone(), "route" => route.clone())
        .record(begin.elapsed().as_secs_f64());
    counter!("botdet_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// Counts predictions of a detector that the database knows.
pub fn count_predictions<'a>(detector: &str, scores: impl IntoIterator<Item = &'a Score>) {
    for score in scores {
        let status = match score.is_bot {
            Some(true) => "bot",
            Some(false) => "human",
            None => "unknown",
        };
        let labels = [
            ("detector", detector.to_owned()),
            ("status", status.to_owned()),
            ("stage", score.stage.clone()),
        ];
        counter!("botdet_predictions_total", &labels).increment(1);
    }
}

/// What the database said last.
#[derive(Default)]
pub struct Figures(Mutex<Option<(Instant, String)>>);

/// Everything, in Prometheus' text format. The service's own figures come also while the database is away.
pub async fn render(app: &App) -> String {
    let pool = app.pool.status();
    for (state, connections) in [
        ("idle", pool.available),
        ("in use", pool.size.saturating_sub(pool.available)),
        ("waited for", pool.waiting),
        ("limit", pool.max_size),
    ] {
        gauge!("botdet_pool_connections", "state" => state).set(connections as f64);
    }
    count_resources();
    app.counted.run_upkeep();
    let mut text = app.counted.render();
    let (is_up, figures) = match of_database(app).await {
        Ok(figures) => (1, figures),
        Err(error) => {
            tracing::warn!("no figures of the database: {error}");
            (0, String::new())
        }
    };
    let _ = writeln!(text, "# TYPE botdet_database_up gauge\nbotdet_database_up {is_up}");
    text.push_str(&figures);
    text
}

async fn of_database(app: &App) -> Result<String, ApiError> {
    // Held while the database is asked: others wait for the same answer.
    let mut last = app.figures.0.lock().await;
    if let Some((at, text)) = &*last
        && at.elapsed() < FIGURES_HOLD
    {
        return Ok(text.clone());
    }
    let session = Session::begin(&app.pool, &axum::http::Method::GET).await?;
    session.act_as(&Caller { role: Role::Reader.to_string(), ..Caller::anonymous() }).await?;
    let mut text = String::new();
    let mut family = String::new();
    for row in session.query(FIGURES, &[]).await? {
        let name: String = row.try_get(0)?;
        let (kind, suffix): (String, String) = (row.try_get(1)?, row.try_get(2)?);
        let Json(labels): Json<Map<String, Value>> = row.try_get(3)?;
        let Some(value) = row.try_get::<_, Option<f64>>(4)? else { continue };
        if name != family {
            let _ = writeln!(text, "# TYPE {name} {kind}");
            family.clone_from(&name);
        }
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value.as_str().unwrap_or_default())))
            .collect();
        let _ = writeln!(text, "{name}{suffix}{{{}}} {value}", labels.join(","));
    }
    session.commit().await?;
    *last = Some((Instant::now(), text.clone()));
    Ok(text)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Memory, processor time and open files, where the system tells (Linux).
fn count_resources() {
    let resident = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    });
    if let Some(kilobytes) = resident {
        gauge!("process_resident_memory_bytes").set(kilobytes * 1024.0);
    }
    if let Some(seconds) = std::fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(processor_time)
    {
        counter!("process_cpu_seconds_total").absolute(seconds);
    }
    if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(files.count() as f64);
    }
}

/// Whole seconds in user and kernel mode of all threads there were, from the text of `/proc/self/stat`.
fn processor_time(stat: &str) -> Option<u64> {
    /// Ticks a second of the kernel's clock, which programs are always told are hundredths.
    const TICKS: u64 = 100;
    // The second field is a name, which may hold anything; what comes behind its bracket begins with the third.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let (user, kernel): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + kernel) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_out() {
        assert_eq!(escaped("a\"} 1\nb \\"), "a\\\"} 1\\nb \\\\");
    }

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 175 0 0";
        assert_eq!(processor_time(stat), Some(4));
        assert_eq!(processor_time("7 (a) S 1"), None);
    }
}
