//! `/reviews`: what waits, what the viewer has claimed, and one account to decide about.

use axum::response::Response;
use botdet_loader::report::format;
use maud::{Markup, html};
use serde::Deserialize;

use super::account_parts::View;
use super::layout::{Viewer, see};
use super::parts::{absent, age, count, sentence, share, table, time, verdict};
use crate::controllers::feedback::{self, Waiting};
use crate::controllers::reviews::{self, Claim, Decision, Escalation, ListQuery, Review, ReviewOfOne, Skip};
use crate::error::ApiError;
use crate::extract::{Form, Json, Path, Query};
use crate::session::Session;

/// Seconds for which a review is the viewer's.
const LEASE: f64 = 900.0;
/// What decisions rest on, to choose from.
const REASONS: [&str; 6] = ["timing", "content", "network", "profile", "devices", "other"];
/// Kinds of bots, to choose from.
const STRATEGIES: [&str; 7] = [
    "scheduled_poster",
    "burst_poster",
    "content_copier",
    "follower_farm",
    "amplifier",
    "evader",
    "hijacked",
];

/// What was done last, and where the list begins.
#[derive(Debug, Deserialize)]
pub struct DoneQuery {
    done: Option<String>,
    before: Option<i64>,
}

/// The queue.
pub async fn list(
    session: Session,
    viewer: Viewer,
    Query(query): Query<DoneQuery>,
) -> Result<Response, ApiError> {
    let waiting = feedback::status(session.clone()).await?.0.queue;
    let open =
        ListQuery { detector: None, state: Some("open".to_owned()), limit: Some(50), before: query.before };
    let mine = if viewer.reviews() { reviews::mine(session.clone()).await?.0.reviews } else { Vec::new() };
    let open = reviews::list(session, Query(open)).await?.0;
    let body = html! {
        h1 { "Reviews" }
        @match query.done.as_deref() {
            Some("decided") => p.done role="status" { "The decision is kept." },
            Some("skipped") => p.done role="status" { "Somebody else gets it." },
            Some("escalated") => p.done role="status" { "The administrators get it." },
            Some("nothing") => p.done role="status" { "Nothing waits for you." },
            _ => {},
        }
        @if viewer.reviews() { (take(&viewer, &waiting)) }
        @if !mine.is_empty() { h2 { "Yours" } (reviews_of(&mine, true)) }
        h2 { "Waiting" }
        (queue(&waiting))
        @if !open.reviews.is_empty() { h2 { "Newest" } (reviews_of(&open.reviews, false)) }
        @if let Some(before) = open.next_before { p { a.button.quiet href={ "/reviews?before=" (before) } { "Older" } } }
    };
    Ok(viewer.page("Reviews", "/reviews", body))
}

fn take(viewer: &Viewer, waiting: &[Waiting]) -> Markup {
    let mut detectors: Vec<&str> = waiting.iter().map(|one| one.detector.as_str()).collect();
    detectors.dedup();
    html! {
        form.take method="post" action="/reviews/claim" {
            (viewer.csrf())
            @if detectors.len() > 1 {
                label { "Detector "
                    select name="detector" { option value="" { "any" } @for one in detectors { option value=(one) { (one) } } }
                }
            }
            button autofocus { "Take the next review" }
        }
    }
}

fn queue(waiting: &[Waiting]) -> Markup {
    if waiting.is_empty() {
        return html! { p.nothing { "Nothing waits. " code { "botdet_fill_review_queue()" } " fills the queue." } };
    }
    let heads =
        [("detector", false), ("why", false), ("waiting", true), ("looked at", true), ("oldest", true)];
    let rows = html! {
        @for one in waiting {
            tr {
                td { (one.detector) }
                td { (why(&one.why)) }
                td.number { (count(one.waiting)) }
                td.number { (count(one.claimed)) }
                td.number { @match one.oldest_age_seconds { Some(seconds) => (age(seconds)), None => (absent()) } }
            }
        }
    };
    table("Waiting reviews", &heads, rows)
}

/// Why somebody is to look, in words.
fn why(why: &str) -> &str {
    match why {
        "action" => "its score asks for it",
        "uncertain" => "a label teaches much",
        "exploration" => "drawn at random",
        "appeal" => "it objects",
        "second" => "a second opinion",
        "escalated" => "escalated",
        other => other,
    }
}

fn reviews_of(all: &[Review], are_mine: bool) -> Markup {
    let heads = [
        ("review", false),
        ("account", true),
        ("detector", false),
        ("why", false),
        ("score", false),
        ("queued", false),
        ("until", false),
    ];
    let rows = html! {
        @for review in all {
            tr {
                th scope="row" {
                    a href={ "/reviews/" (review.review_id) } { @if are_mine { "Decide " } (review.review_id) }
                }
                td.number { (review.account_id) }
                td { (review.detector) }
                td { (why(&review.why)) }
                td { (verdict(review.scored_as_bot)) " " (share(review.bot_probability)) }
                td { (time(review.queued_at)) }
                td { @match review.lease_until { Some(until) => (time(until)), None => (absent()) } }
            }
        }
    };
    table("Reviews", &heads, rows)
}

/// Of which detector.
#[derive(Debug, Deserialize)]
pub struct ClaimForm {
    #[serde(default)]
    detector: String,
}

/// Claims the most urgent review, and leads to it.
pub async fn claim(session: Session, Form(form): Form<ClaimForm>) -> Result<Response, ApiError> {
    next(session, filled(form.detector)).await
}

async fn next(session: Session, detector: Option<String>) -> Result<Response, ApiError> {
    let claim = Claim { limit: 1, lease_seconds: LEASE, detector };
    let claimed = reviews::claim(session, Json(claim)).await?.0.reviews;
    Ok(match claimed.first() {
        Some(review) => see(&format!("/reviews/{}", review.review_id)),
        None => see("/reviews?done=nothing"),
    })
}

/// What was typed, unless nothing was.
fn filled(text: String) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// One review: the account, and what can be decided.
pub async fn one(session: Session, viewer: Viewer, Path(review_id): Path<i64>) -> Result<Response, ApiError> {
    let found = reviews::one(session.clone(), Path(review_id)).await?.0;
    let review = &found.review;
    let view = match View::of(&session, review.account_id).await {
        Ok(view) => Some(view),
        Err(ApiError::Missing(_)) => None,
        Err(error) => return Err(error),
    };
    let body = html! {
        div.with-aside {
            div {
                h1 { "Account " (review.account_id) }
                p.lead {
                    "Review " (review_id) ": " (why(&review.why)) "."
                    @if let Some(note) = &review.note { " Note: " q { (note) } }
                }
                @match &view {
                    Some(view) => (view.essentials(&review.detector)),
                    None => p.nothing { "Nothing is known of it here but its number." },
                }
            }
            aside aria-label="Decision" { (decision(&found, &viewer)) }
        }
        @if let Some(view) = &view { (view.details()) }
    };
    Ok(viewer.page(&format!("Review {review_id}"), "/reviews", body))
}

fn decision(found: &ReviewOfOne, viewer: &Viewer) -> Markup {
    let review = &found.review;
    if review.state != "open" {
        return html! { p.nothing { "It is decided." } };
    }
    if found.is_mine != Some(true) {
        return html! {
            p.nothing { @if review.claimed_at.is_some() { "Somebody else looks at it, or did." } @else { "Nobody looks at it yet." }
                " Take reviews from the queue: the most urgent comes first." }
            (take(viewer, &[]))
        };
    }
    let address = |what: &str| format!("/reviews/{}/{what}", review.review_id);
    html! {
        form.decision method="post" action=(address("decision")) {
            (viewer.csrf())
            fieldset {
                legend { "Is it a bot?" }
                label { input type="radio" name="is_bot" value="true" required accesskey="b"; " Bot" }
                label { input type="radio" name="is_bot" value="false" required accesskey="h"; " Human" }
            }
            label for="reason" { "It shows in its" }
            select id="reason" name="reason" required {
                option value="" { "choose…" }
                @for reason in REASONS { option value=(reason) { (reason) } }
            }
            label for="strategy" { "Kind of bot, where known" }
            select id="strategy" name="strategy" {
                option value="" { "not known" }
                @for strategy in STRATEGIES { option value=(strategy) { (strategy.replace('_', " ")) } }
            }
            label for="note" { "Note" }
            textarea id="note" name="note" rows="2" maxlength="1000" {}
            button name="then" value="next" { "Decide, and take the next" }
            button.quiet name="then" value="stop" { "Decide" }
        }
        details {
            summary { "Skip or escalate" }
            form method="post" action=(address("skip")) {
                (viewer.csrf())
                label for="skip-note" { "Note for whoever gets it next" }
                input id="skip-note" name="note" maxlength="1000";
                button.quiet { "Skip" }
            }
            @if review.why != "escalated" {
                form method="post" action=(address("escalation")) {
                    (viewer.csrf())
                    label for="escalation-note" { "What administrators should know" }
                    input id="escalation-note" name="note" required maxlength="1000";
                    button.quiet { "Escalate" }
                }
            }
        }
        @if let Some(until) = review.lease_until {
            p.hint { "Yours until " (time(until)) " UTC." @if review.skips > 0 { " Skipped " (format::count(review.skips.unsigned_abs().into())) " times." } }
        }
    }
}

/// What was decided.
#[derive(Debug, Deserialize)]
pub struct DecisionForm {
    is_bot: Option<bool>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    strategy: String,
    #[serde(default)]
    then: String,
}

/// Decides, and takes the next review where that is wanted.
pub async fn decide(
    session: Session,
    Path(review_id): Path<i64>,
    Form(form): Form<DecisionForm>,
) -> Result<Response, ApiError> {
    let Some(is_bot) = form.is_bot else {
        return Err(ApiError::Unprocessable(sentence("say whether it is a bot")));
    };
    let decision =
        Decision { is_bot, reason: form.reason, note: filled(form.note), strategy: filled(form.strategy) };
    let _ = reviews::decide(session.clone(), Path(review_id), Json(decision)).await?;
    if form.then == "next" {
        return next(session, None).await;
    }
    Ok(see("/reviews?done=decided"))
}

/// A remark.
#[derive(Debug, Deserialize)]
pub struct NoteForm {
    #[serde(default)]
    note: String,
}

/// Gives a review back.
pub async fn skip(
    session: Session,
    Path(review_id): Path<i64>,
    Form(form): Form<NoteForm>,
) -> Result<Response, ApiError> {
    reviews::skip(session, Path(review_id), Json(Skip { note: filled(form.note) })).await?;
    Ok(see("/reviews?done=skipped"))
}

/// Hands a review to the administrators.
pub async fn escalate(
    session: Session,
    Path(review_id): Path<i64>,
    Form(form): Form<NoteForm>,
) -> Result<Response, ApiError> {
    reviews::escalate(session, Path(review_id), Json(Escalation { note: form.note })).await?;
    Ok(see("/reviews?done=escalated"))
}
