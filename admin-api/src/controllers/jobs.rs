//! `/v1/jobs`: trainings that were asked for or are due, how far they are, and what came of them. `/v1/trials`: candidates beside the
//! champion.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::deployments::expect_detector;
use super::scores::account;
use crate::access::Caller;
use crate::app::App;
use crate::error::ApiError;
use crate::extract::{Json, Path, Query, expect_one_of};
use crate::page::Page;
use crate::progress;
use crate::session::Session;

const LIST: &str = include_str!("../sql/jobs/list.sql");
const ONE: &str = include_str!("../sql/jobs/one.sql");
const REQUEST: &str = include_str!("../sql/jobs/request.sql");
const CANCEL: &str = include_str!("../sql/jobs/cancel.sql");
const TRIALS: &str = include_str!("../sql/jobs/trials.sql");

/// A training, and what came of it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Number of the job.
    pub job_id: i64,
    /// retrain or update.
    pub kind: String,
    /// For which detector.
    pub detector: String,
    /// Settings that differ from the usual ones.
    #[schema(value_type = Object)]
    pub parameters: BTreeMap<String, Value>,
    /// Why it was asked for.
    pub reason: String,
    /// waiting, running, done, failed or cancelled.
    pub state: String,
    /// What is being done.
    pub phase: Option<String>,
    /// Share of the work that is done, 0 to 1.
    pub progress: f64,
    /// How often it was taken up.
    pub attempts: i32,
    /// Who asked for it.
    pub asked_by: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// When it was last taken up.
    pub started_at: Option<DateTime<Utc>>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Who wants it to end.
    pub cancelled_by: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// Version that it registered.
    pub version: Option<String>,
    /// What it found: outcome, reason, and figures beside the champion's.
    #[schema(value_type = Option<Object>)]
    pub result: Option<BTreeMap<String, Value>>,
}

impl Job {
    /// Tells one state of it from another.
    pub fn tag(&self) -> String {
        format!("\"{}-{}\"", self.job_id, self.updated_at.timestamp_micros())
    }
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Of which detector; all by default.
    pub detector: Option<String>,
    /// waiting, running, done, failed or cancelled; all by default.
    pub state: Option<String>,
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// Only jobs older than this one: `next_before` of the page before.
    #[param(minimum = 1)]
    pub before: Option<i64>,
}

/// One page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobPage {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// Where the next page begins.
    pub next_before: Option<i64>,
}

/// Lists jobs, newest first.
#[utoipa::path(get, path = "/v1/jobs", tag = "jobs", params(ListQuery), responses((status = 200, body = JobPage)))]
pub async fn list(session: Session, Query(query): Query<ListQuery>) -> Result<axum::Json<JobPage>, ApiError> {
    let page = Page::new(query.limit, query.before)?;
    expect_detector(&session, query.detector.as_deref()).await?;
    expect_one_of("state", query.state.as_deref(), &["waiting", "running", "done", "failed", "cancelled"])?;
    let rows = session.rows(LIST, &[&query.detector, &query.state, &page.before, &page.to_read()]).await?;
    let (jobs, next_before) = page.cut(rows, |last: &Job| last.job_id);
    Ok(axum::Json(JobPage { jobs, next_before }))
}

/// What is to be trained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// retrain: a new version of all labels, or of all rows of the detector's table; update: the filter of the champion for accounts goes
    /// on learning.
    pub kind: String,
    /// For which detector; account by default.
    #[serde(default = "account")]
    #[schema(default = "account")]
    pub detector: String,
    /// Settings that differ from the usual ones: seed, trees, threads, validation_share, held_out_share, for accounts epochs, and
    /// learning_rate, batch and steps of updates.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: BTreeMap<String, Value>,
    /// For the audit.
    #[serde(default = "asked_for")]
    #[schema(default = "asked for")]
    pub reason: String,
}

fn asked_for() -> String {
    "asked for".to_owned()
}

/// Asks for a training; it begins when no other is under way. 409 when the detector has a job already, or no version yet that says what to train on;
/// 422 for what no job can train.
#[utoipa::path(post, path = "/v1/jobs", tag = "jobs", request_body = NewJob,
    responses((status = 201, body = Job, headers(("location" = String, description = "address of the job"),
                                                ("etag" = String, description = "tells one state of it from another")))))]
pub async fn create(session: Session, Json(job): Json<NewJob>) -> Result<Response, ApiError> {
    let job = request(&session, job).await?;
    let headers = [(header::LOCATION, format!("/v1/jobs/{}", job.job_id)), (header::ETAG, job.tag())];
    Ok((StatusCode::CREATED, headers, axum::Json(job)).into_response())
}

/// Asks for a training.
pub async fn request(session: &Session, job: NewJob) -> Result<Job, ApiError> {
    let NewJob { kind, detector, parameters, reason } = job;
    let parameters = tokio_postgres::types::Json(parameters);
    let job_id: i64 = session.value(REQUEST, &[&kind, &detector, &parameters, &reason]).await?;
    read(session, job_id).await
}

/// One job.
#[utoipa::path(get, path = "/v1/jobs/{job_id}", tag = "jobs", params(("job_id" = i64, Path, description = "number of the job")),
    responses((status = 200, body = Job, headers(("etag" = String, description = "tells one state of it from another")))))]
pub async fn one(session: Session, Path(job_id): Path<i64>) -> Result<Response, ApiError> {
    let job = read(&session, job_id).await?;
    Ok(([(header::ETAG, job.tag())], axum::Json(job)).into_response())
}

/// The job of this number.
pub async fn read(session: &Session, job_id: i64) -> Result<Job, ApiError> {
    session.row(ONE, &[&job_id], || format!("there is no job {job_id}")).await
}

/// Ends a job: at once while it waits, otherwise as soon as its runner hears of it.
#[utoipa::path(post, path = "/v1/jobs/{job_id}/cancellation", tag = "jobs",
    params(("job_id" = i64, Path, description = "number of the job")), responses((status = 202, body = Job)))]
pub async fn cancel(
    session: Session,
    Path(job_id): Path<i64>,
) -> Result<(StatusCode, axum::Json<Job>), ApiError> {
    session.run(CANCEL, &[&job_id]).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(read(&session, job_id).await?)))
}

/// An event of the stream, as its fields stand there.
#[expect(dead_code, reason = "it documents what the stream writes")]
#[derive(ToSchema)]
pub struct JobEvent {
    /// job.
    event: String,
    /// Differs from change to change.
    id: String,
    /// Milliseconds after which a client that was cut off comes back.
    retry: Option<u64>,
    /// The job as JSON.
    data: String,
}

/// Tells of each change of a job, as it happens, until it ends: server-sent events named `job`, each with the job as JSON.
#[utoipa::path(get, path = "/v1/jobs/{job_id}/events", tag = "jobs", params(("job_id" = i64, Path, description = "number of the job")),
    responses((status = 200, body = JobEvent, content_type = "text/event-stream")))]
pub async fn events(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    session: Session,
    Path(job_id): Path<i64>,
) -> Result<Response, ApiError> {
    // Whoever may not see it hears so by a status.
    let job = read(&session, job_id).await?;
    let stream: Sse<_> = progress::follow(app, caller, job)?;
    Ok(stream.into_response())
}

/// A candidate that was found better than the champion, and how it did beside it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Trial {
    /// Number of the trial.
    pub trial_id: i64,
    /// For which detector.
    pub detector: String,
    /// The candidate.
    pub version: String,
    /// The champion when the trial began.
    pub champion: String,
    /// Job that made the candidate.
    pub job_id: Option<i64>,
    /// shadow, probation, kept, withdrawn, rolled back or overtaken.
    pub state: String,
    /// Why it is in this state.
    pub reason: String,
    /// Counts that this rests on.
    #[schema(value_type = Option<Object>)]
    pub evidence: Option<BTreeMap<String, Value>>,
    /// Since when it was in shadow.
    pub begun_at: DateTime<Utc>,
    /// Since when it answered.
    pub promoted_at: Option<DateTime<Utc>>,
    /// When the trial ended.
    pub ended_at: Option<DateTime<Utc>>,
}

/// Which trials.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrialQuery {
    /// Of which detector; all by default.
    pub detector: Option<String>,
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// Only trials older than this one: `next_before` of the page before.
    #[param(minimum = 1)]
    pub before: Option<i64>,
}

/// One page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialPage {
    /// Newest first.
    pub trials: Vec<Trial>,
    /// Where the next page begins.
    pub next_before: Option<i64>,
}

/// Lists trials, newest first.
#[utoipa::path(get, path = "/v1/trials", tag = "jobs", params(TrialQuery), responses((status = 200, body = TrialPage)))]
pub async fn trials(
    session: Session,
    Query(query): Query<TrialQuery>,
) -> Result<axum::Json<TrialPage>, ApiError> {
    let page = Page::new(query.limit, query.before)?;
    let rows = session.rows(TRIALS, &[&query.detector, &page.before, &page.to_read()]).await?;
    let (trials, next_before) = page.cut(rows, |last: &Trial| last.trial_id);
    Ok(axum::Json(TrialPage { trials, next_before }))
}
