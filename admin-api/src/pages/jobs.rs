//! `/jobs`: trainings, how far they are, and what came of them; candidates beside the champion.

use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use botdet_loader::report::format;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::layout::{Viewer, see};
use super::parts::{absent, count, maybe_time, sentence, table, text, time};
use crate::app::App;
use crate::controllers::deployments;
use crate::controllers::jobs::{self, Job, JobPage, ListQuery, NewJob, Trial, TrialQuery};
use crate::error::ApiError;
use crate::extract::{Form, Path, Query};
use crate::progress;
use crate::session::Session;

/// Where a list goes on.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    before: Option<i64>,
}

/// All jobs, and all trials.
pub async fn list(
    session: Session,
    viewer: Viewer,
    Query(query): Query<PageQuery>,
) -> Result<Response, ApiError> {
    let listing = Listing::read(&session, query.before).await?;
    Ok(listing.page(&viewer, &JobForm::default(), None))
}

/// What the page of all jobs shows.
struct Listing {
    jobs: JobPage,
    trials: Vec<Trial>,
    detectors: Vec<String>,
}

impl Listing {
    async fn read(session: &Session, before: Option<i64>) -> Result<Self, ApiError> {
        let of = ListQuery { detector: None, state: None, limit: Some(25), before };
        let jobs = jobs::list(session.clone(), Query(of)).await?.0;
        let of = TrialQuery { detector: None, limit: Some(25), before: None };
        let trials = jobs::trials(session.clone(), Query(of)).await?.0.trials;
        let detectors = deployments::detectors(session.clone()).await?.0.detectors;
        let detectors = detectors.into_iter().map(|one| one.detector).collect();
        Ok(Self { jobs, trials, detectors })
    }

    /// The page, with what was asked for and why it was refused.
    fn page(&self, viewer: &Viewer, asked: &JobForm, refused: Option<&str>) -> Response {
        let kinds = [("retrain", "train a new version"), ("update", "update the filter")];
        let body = html! {
            h1 { "Jobs" }
            @if let Some(problem) = refused { p.problem role="alert" { (sentence(problem)) } }
            @if viewer.administers() {
                form.choice method="post" action="/jobs" {
                    (viewer.csrf())
                    label { "Detector " select name="detector" {
                        @for one in &self.detectors { option value=(one) selected[*one == asked.detector] { (one) } }
                    } }
                    label { "What " select name="kind" {
                        @for (kind, what) in kinds { option value=(kind) selected[kind == asked.kind] { (what) } }
                    } }
                    label { "Why " input name="reason" required maxlength="300" value=(asked.reason); }
                    button { "Begin" }
                }
            }
            @if self.jobs.jobs.is_empty() {
                p.nothing { "Nothing was trained yet." }
            } @else {
                (all(&self.jobs.jobs))
                @if let Some(before) = self.jobs.next_before { p { a href={ "/jobs?before=" (before) } { "Older jobs" } } }
            }
            h2 { "Candidates beside the champion" }
            @if self.trials.is_empty() { p.nothing { "No candidate was tried yet." } } @else { (tried(&self.trials)) }
        };
        viewer.page("Jobs", "/jobs", body)
    }
}

fn all(jobs: &[Job]) -> Markup {
    let heads = [
        ("job", false),
        ("detector", false),
        ("state", false),
        ("done", true),
        ("asked for", false),
        ("by", false),
        ("why", false),
        ("outcome", false),
    ];
    let rows = html! {
        @for job in jobs {
            tr.marked[job.finished_at.is_none()] {
                th scope="row" { a href={ "/jobs/" (job.job_id) } { (job.kind) " " (job.job_id) } }
                td { (job.detector) }
                td { (job.state) }
                td.number { (format::share(job.progress)) }
                td { (time(job.asked_at)) }
                td { (job.asked_by) }
                td { (job.reason) }
                td { (text(found(job, "outcome").as_deref().or(job.error.as_deref()))) }
            }
        }
    };
    table("Jobs", &heads, rows)
}

fn tried(trials: &[Trial]) -> Markup {
    let heads = [
        ("candidate", false),
        ("beside", false),
        ("state", false),
        ("since", false),
        ("answered since", false),
        ("ended", false),
        ("why", false),
    ];
    let rows = html! {
        @for trial in trials {
            tr.marked[trial.ended_at.is_none()] {
                th scope="row" { (trial.version) }
                td { (trial.champion) }
                td { (trial.state) }
                td { (time(trial.begun_at)) }
                td { (maybe_time(trial.promoted_at)) }
                td { (maybe_time(trial.ended_at)) }
                td { (sentence(&trial.reason)) }
            }
        }
    };
    table("Candidates beside the champion", &heads, rows)
}

/// A text of what a job found.
fn found(job: &Job, name: &str) -> Option<String> {
    Some(job.result.as_ref()?.get(name)?.as_str()?.to_owned())
}

/// One job, with live progress while it goes on.
pub async fn one(session: Session, viewer: Viewer, Path(job_id): Path<i64>) -> Result<Response, ApiError> {
    let job = jobs::read(&session, job_id).await?;
    let is_open = job.finished_at.is_none();
    let body = html! {
        h1 { "Job " (job.job_id) ": " (job.kind) " " (job.detector) }
        p.lead role="status" {
            strong data-show="state" { (job.state) }
            @if is_open { ", " span data-show="phase" { (text(job.phase.as_deref())) } }
        }
        @if is_open {
            p {
                progress max="1" value=(job.progress) data-events={ "/jobs/" (job.job_id) "/events" } aria-label="share of the work that is done" {}
                " " span data-show="progress" { (format::share(job.progress)) }
            }
            @if viewer.administers() && job.cancelled_by.is_none() {
                form method="post" action={ "/jobs/" (job.job_id) "/cancellation" } { (viewer.csrf()) button.quiet { "Cancel" } }
            }
            script src="/assets/jobs.js" defer {}
        }
        @if let Some(error) = &job.error { p.problem { (sentence(error)) } }
        @for name in ["reason", "no_trial"] { @if let Some(text) = found(&job, name) { p { (sentence(&text)) } } }
        (facts(&job))
        @if let Some(result) = &job.result {
            @for (name, what) in [("before", "On accounts of before"), ("recent", "On labels told since"), ("rows", "On rows held out")] {
                @if let Some(difference) = result.get(name).filter(|value| value.is_object()) { (beside(what, difference)) }
            }
            (left_out(result.get("left_out")))
            (notices(result.get("notices")))
        }
        p { a href="/jobs" { "All jobs" } }
    };
    Ok(viewer.page(&format!("Job {job_id}"), "/jobs", body))
}

fn facts(job: &Job) -> Markup {
    let line = |name: &str, value: Markup| html! { tr { th scope="row" { (name) } td { (value) } } };
    let number = |name: &str| {
        let value = job.result.as_ref().and_then(|result| result.get(name)).and_then(Value::as_i64);
        html! { @match value { Some(value) => (count(value)), None => (absent()) } }
    };
    let rows = html! {
        (line("asked for by", html! { (job.asked_by) ": " (job.reason) }))
        (line("asked for", time(job.asked_at)))
        (line("begun", maybe_time(job.started_at)))
        (line("ended", maybe_time(job.finished_at)))
        (line("attempts", html! { (job.attempts) }))
        @if let Some(who) = &job.cancelled_by { (line("cancelled by", html! { (who) })) }
        @if job.result.is_some() {
            (line("version", text(job.version.as_deref())))
            (line("compared with", text(found(job, "champion").as_deref())))
            (line("labels", number("labels")))
            (line("told since", number("recent_labels")))
            (line("learned from", number("learned_from")))
        }
    };
    table("The job", &[("", false), ("", false)], rows)
}

/// Candidate and champion on the same accounts.
fn beside(what: &str, difference: &Value) -> Markup {
    let figure = |name: &str| difference.get(name).and_then(Value::as_f64);
    let score = |name: &str| html! { @match figure(name) { Some(value) => (format::score(value)), None => (absent()) } };
    let share = |name: &str| super::parts::share(figure(name));
    let whole = |name: &str| count(figure(name).unwrap_or_default() as i64);
    let rows = html! {
        tr { th scope="row" { "balanced Brier score (less is better)" } td.number { (score("champion")) } td.number { (score("candidate")) } }
        tr { th scope="row" { "bots found" } td.number { (share("champion_recall")) } td.number { (share("candidate_recall")) } }
        tr { th scope="row" { "others called bots" } td.number { (share("champion_false_positives")) } td.number { (share("candidate_false_positives")) } }
    };
    html! {
        h2 { (what) }
        p { (whole("accounts")) " in all, " (whole("bots")) " of them bots. The scores differ by " (score("difference"))
            ", 95 % interval " (score("low")) " to " (score("high")) "." }
        (table(what, &[("", false), ("champion", true), ("candidate", true)], rows))
    }
}

fn notices(notices: Option<&Value>) -> Markup {
    let notices = notices.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    html! { @for notice in notices { p.soft { (sentence(notice)) } } }
}

fn left_out(suspects: Option<&Value>) -> Markup {
    let suspects: Vec<&Value> = suspects.and_then(Value::as_array).into_iter().flatten().collect();
    let share = |suspect: &Value, name: &str| super::parts::share(suspect.get(name).and_then(Value::as_f64));
    html! {
        @if !suspects.is_empty() {
            h2 { "Reviewers left out" }
            p { "Their labels contradict those of all others. Look at what they did before they review again." }
            @let heads = [("reviewer", false), ("labels", true), ("bots contradicted", true), ("humans contradicted", true)];
            @let rows = html! {
                @for suspect in suspects {
                    tr {
                        th scope="row" { (suspect.get("reviewer").and_then(Value::as_str).unwrap_or_default()) }
                        td.number { (count(suspect.get("labels").and_then(Value::as_i64).unwrap_or_default())) }
                        td.number { (share(suspect, "bots_contradicted")) }
                        td.number { (share(suspect, "humans_contradicted")) }
                    }
                }
            };
            (table("Reviewers left out", &heads, rows))
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct JobForm {
    kind: String,
    detector: String,
    reason: String,
}

/// Asks for a training; shows the form again with what is wrong.
pub async fn create(
    session: Session,
    viewer: Viewer,
    Form(form): Form<JobForm>,
) -> Result<Response, ApiError> {
    // Before what is asked for may end the transaction.
    let listing = Listing::read(&session, None).await?;
    let JobForm { kind, detector, reason } = form.clone();
    let job = NewJob { kind, detector, parameters: Default::default(), reason };
    match jobs::request(&session, job).await {
        Ok(job) => Ok(see(&format!("/jobs/{}", job.job_id))),
        Err(error) => match error.mendable() {
            Some((status, message)) => {
                Ok((status, listing.page(&viewer, &form, Some(&message))).into_response())
            }
            None => Err(error),
        },
    }
}

/// Ends a job.
pub async fn cancel(session: Session, Path(job_id): Path<i64>) -> Result<Response, ApiError> {
    let (_, axum::Json(job)) = jobs::cancel(session, Path(job_id)).await?;
    Ok(see(&format!("/jobs/{}", job.job_id)))
}

/// How far a job is, as it goes on.
pub async fn events(
    State(app): State<App>,
    viewer: Viewer,
    Path(job_id): Path<i64>,
) -> Result<Response, ApiError> {
    let session = Session::begin(&app.pool, &Method::GET).await?;
    session.act_as(&viewer.caller).await?;
    let job = jobs::read(&session, job_id).await?;
    session.commit().await?;
    Ok(progress::follow(app, viewer.caller, job)?.into_response())
}
