//! `/`: what asks for attention, and how each detector does.

use axum::response::Response;
use botdet_loader::report::plot::{Axis, LinePlot, Series, Shape, Side, Tone, lines};
use maud::{Markup, html};

use super::layout::Viewer;
use super::parts::{absent, age, count, segment, sentence, share, table, without_version};
use crate::controllers::deployments::{self, Detector};
use crate::controllers::drift::{self, Alert, AlertQuery};
use crate::controllers::feedback::{self, Retraining, Waiting};
use crate::controllers::performance::{self, Performance, ScoredDay};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::session::Session;

/// A detector, and what is known of it.
struct Line {
    detector: Detector,
    champion: Option<String>,
    challenger: Option<String>,
    performance: Option<Performance>,
    days: Vec<ScoredDay>,
}

/// The overview.
pub async fn show(session: Session, viewer: Viewer) -> Result<Response, ApiError> {
    let mut lines = Vec::new();
    for detector in deployments::detectors(session.clone()).await?.0.detectors {
        lines.push(line(&session, detector).await?);
    }
    let waiting = feedback::status(session.clone()).await?.0.queue;
    let retraining = feedback::retraining(session.clone()).await?.0.detectors;
    let query = AlertQuery { detector: None, open: Some(true), limit: Some(20), before: None };
    let alerts = drift::alerts(session, Query(query)).await?.0.alerts;
    let body = html! {
        h1 { "Overview" }
        (attention(&waiting, &retraining, &alerts))
        h2 { "Detectors" }
        (detectors(&lines))
        div.plots { @for line in lines.iter().filter(|line| !line.days.is_empty()) { (plot(line)) } }
    };
    Ok(viewer.page("Overview", "/", body))
}

async fn line(session: &Session, detector: Detector) -> Result<Line, ApiError> {
    let deployment = deployments::find(session, &detector.detector).await?;
    let name = || Path(detector.detector.clone());
    let performance = performance::performance(session.clone(), name()).await?.0.versions;
    let days = performance::daily(session.clone(), name()).await?.0.days;
    Ok(Line {
        champion: deployment.champion.map(|version| version.version),
        challenger: deployment.challenger.map(|version| version.version),
        performance: performance.into_iter().find(|one| one.alias.as_deref() == Some("champion")),
        days,
        detector,
    })
}

fn attention(waiting: &[Waiting], retraining: &[Retraining], alerts: &[Alert]) -> Markup {
    let due: Vec<&Retraining> = retraining.iter().filter(|one| one.due_by.is_some()).collect();
    let open: i64 = waiting.iter().map(|one| one.waiting).sum();
    let oldest = waiting.iter().filter_map(|one| one.oldest_age_seconds).fold(0.0, f64::max);
    html! {
        @if open == 0 && due.is_empty() && alerts.is_empty() {
            p.lead { "Nothing waits: no review, no alert, no retraining." }
        } @else {
            ul.attention {
                @if open > 0 {
                    li { a href="/reviews" { (count(open)) " reviews" } " wait, the oldest for " (age(oldest)) "." }
                }
                @for alert in alerts {
                    li.alert {
                        a href={ "/drift?detector=" (segment(&alert.detector)) } { (alert.detector) }
                        ": " (alert.measure) @if !alert.feature.is_empty() { " of " code { (alert.feature) } }
                        " is " (botdet_loader::report::format::number(alert.raised_value)) " since " (super::parts::time(alert.raised_at)) "."
                    }
                }
                @for one in due {
                    li {
                        (sentence(&format!("{} is due to be trained again", one.detector)))
                        " " (count(one.new_labels)) " labels are new, " (count(one.new_bots)) " of them bots."
                    }
                }
            }
        }
    }
}

fn detectors(lines: &[Line]) -> Markup {
    let heads = [
        ("detector", false),
        ("answers", false),
        ("tried beside it", false),
        ("labels", true),
        ("precision", true),
        ("recall", true),
    ];
    let rows = html! {
        @for line in lines {
            tr {
                th scope="row" {
                    a href={ "/versions?detector=" (segment(&line.detector.detector)) } { (line.detector.detector) }
                    @if let Some(description) = &line.detector.description { br; small.soft { (description) } }
                }
                td { @match &line.champion { Some(version) => (version), None => (without_version(&line.detector.detector)) } }
                td { @match &line.challenger { Some(version) => (version), None => (absent()) } }
                td.number { @match &line.performance { Some(found) => (count(found.labels)), None => (absent()) } }
                td.number { (share(line.performance.as_ref().and_then(|found| found.precision))) }
                td.number { (share(line.performance.as_ref().and_then(|found| found.recall))) }
            }
        }
    };
    html! {
        (table("Detectors", &heads, rows))
        p.hint { "Precision and recall are of the version that answers, on labels told since it was registered." }
    }
}

fn plot(line: &Line) -> Markup {
    let at = |day: &ScoredDay| day.time.timestamp() as f64 / 86_400.0;
    let today = line.days.last().map_or(0.0, at);
    let points = |value: fn(&ScoredDay) -> i64| {
        line.days.iter().map(|day| (at(day) - today, value(day) as f64)).collect::<Vec<_>>()
    };
    let series = vec![
        Series::new("called bots", Tone::Positive, Shape::Dotted, points(|day| day.bots)),
        Series::new("scored", Tone::Main, Shape::Dotted, points(|day| day.scores)),
    ];
    let highest = line.days.iter().map(|day| day.scores).max().unwrap_or(1) as f64;
    let plot = lines(LinePlot {
        title: format!("Latest scores of detector {} by day", line.detector.detector),
        description: format!("{} days", line.days.len()),
        x: Axis::number("days before the last one").over(-29.0, 0.0),
        y: Axis::number("accounts").over(0.0, highest * 1.05),
        height: 220.0,
        series,
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    });
    html! { (plot) }
}
