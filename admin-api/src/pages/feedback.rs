//! `/feedback`: what reviewers have decided, how far scores agree with them, and whether it is time to train again.

use axum::response::Response;
use botdet_loader::report::format;
use botdet_loader::report::plot::{Axis, LinePlot, Series, Shape, Side, Tone, lines};
use chrono::Utc;
use maud::{Markup, html};

use super::layout::Viewer;
use super::parts::{absent, count, maybe_time, share, table, text, tile};
use crate::controllers::feedback::{self, Day, DetectorQuery, Retraining, Reviewer, StatisticsQuery};
use crate::error::ApiError;
use crate::extract::Query;
use crate::session::Session;

/// Days shown.
const DAYS: i32 = 30;

/// The page.
pub async fn show(session: Session, viewer: Viewer) -> Result<Response, ApiError> {
    let query = StatisticsQuery { detector: None, days: Some(DAYS) };
    let days = feedback::statistics(session.clone(), Query(query)).await?.0.days;
    let retraining = feedback::retraining(session.clone()).await?.0.detectors;
    // Who reviews how well is for administrators alone.
    let reviewers = match viewer.administers() {
        true => feedback::reviewers(session, Query(DetectorQuery { detector: None })).await?.0.reviewers,
        false => Vec::new(),
    };
    let body = html! {
        h1 { "Feedback" }
        (sums(&days))
        @if days.is_empty() {
            p.nothing { "Nobody has decided anything in the last " (DAYS) " days." }
        } @else {
            div.plots { (agreement(&days)) }
            h2 { "By day" }
            (by_day(&days))
        }
        h2 { "Training again" }
        (due(&retraining))
        @if viewer.administers() { h2 { "Reviewers" } (trust(&reviewers)) }
    };
    Ok(viewer.page("Feedback", "/feedback", body))
}

fn sums(days: &[Day]) -> Markup {
    let sum = |value: fn(&Day) -> i64| days.iter().map(value).sum::<i64>();
    let (decisions, scored, agreeing) =
        (sum(|day| day.decisions), sum(|day| day.scored), sum(|day| day.agreeing));
    let part = |part: i64, whole: i64| {
        (whole > 0).then(|| format::share(part as f64 / whole as f64)).unwrap_or_else(|| "–".to_owned())
    };
    let timed: Vec<(f64, f64)> =
        days.iter().filter_map(|day| Some((day.mean_seconds?, day.decisions as f64))).collect();
    let weight: f64 = timed.iter().map(|(_, weight)| weight).sum();
    let mean =
        (weight > 0.0).then(|| timed.iter().map(|(seconds, weight)| seconds * weight).sum::<f64>() / weight);
    html! {
        div.tiles {
            (tile("decisions", &count(decisions), html! { "in " (DAYS) " days" }))
            (tile("bots among them", &part(sum(|day| day.bots), decisions), html! { (count(sum(|day| day.bots))) }))
            (tile("scores agree", &part(agreeing, scored), html! { "of " (count(scored)) " scored; mostly doubtful ones" }))
            (tile("time for one", &mean.map_or_else(|| "–".to_owned(), format::seconds), html! { "from claim to decision" }))
            (tile("second opinions agree", &part(sum(|day| day.second_agreed), sum(|day| day.second_reviews)), html! { "of " (count(sum(|day| day.second_reviews))) }))
            (tile("appeals upheld", &part(sum(|day| day.appeals_upheld), sum(|day| day.appeals)), html! { "of " (count(sum(|day| day.appeals))) }))
        }
    }
}

fn agreement(days: &[Day]) -> Markup {
    let mut names: Vec<&str> = days.iter().map(|day| day.detector.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let series = names
        .iter()
        .enumerate()
        .map(|(place, name)| {
            let of = days.iter().rev().filter(|day| day.detector == *name);
            let points = of
                .filter_map(|day| {
                    Some((
                        (day.time.date_naive() - Utc::now().date_naive()).num_days() as f64,
                        day.agreement?,
                    ))
                })
                .collect();
            Series::new(name, Tone::Other(place), Shape::Dotted, points)
        })
        .collect();
    let plot = lines(LinePlot {
        title: "How far scores agree with reviewers".to_owned(),
        description: "share of the scored accounts by day".to_owned(),
        x: Axis::number("days before today").over(-f64::from(DAYS - 1), 0.0),
        y: Axis::share("share"),
        height: 220.0,
        series,
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    });
    html! { (plot) }
}

fn by_day(days: &[Day]) -> Markup {
    let heads = [
        ("day", false),
        ("detector", false),
        ("decisions", true),
        ("bots", true),
        ("scores agree", true),
        ("drawn at random", true),
        ("time for one", true),
    ];
    let rows = html! {
        @for day in days {
            tr {
                th scope="row" { (day.time.date_naive()) }
                td { (day.detector) }
                td.number { (count(day.decisions)) }
                td.number { (count(day.bots)) }
                td.number { (share(day.agreement)) }
                td.number { (count(day.explored)) }
                td.number { @match day.mean_seconds { Some(seconds) => (format::seconds(seconds)), None => (absent()) } }
            }
        }
    };
    table("Decisions by day", &heads, rows)
}

fn due(retraining: &[Retraining]) -> Markup {
    let heads = [
        ("detector", false),
        ("trained", false),
        ("new labels", true),
        ("bots among them", true),
        ("due from", true),
        ("due", false),
    ];
    let rows = html! {
        @for one in retraining {
            tr.marked[one.due_by.is_some()] {
                th scope="row" { (one.detector) }
                td { (maybe_time(one.last_trained_at)) }
                td.number { (count(one.new_labels)) }
                td.number { (count(one.new_bots)) }
                td.number { (count(one.retrain_labels.into())) }
                td { @match one.due_by.as_deref() { Some("request") => { "asked for by " (text(one.requested_by.as_deref())) }, Some(why) => { "yes, by " (why) }, None => "no" } }
            }
        }
    };
    table("Training again", &heads, rows)
}

fn trust(reviewers: &[Reviewer]) -> Markup {
    if reviewers.is_empty() {
        return html! { p.nothing { "Nothing is known of any reviewer yet." } };
    }
    let heads = [
        ("reviewer", false),
        ("detector", false),
        ("trust", true),
        ("golden items right", true),
        ("agreed", true),
        ("disputed, right", true),
    ];
    let rows = html! {
        @for one in reviewers {
            tr {
                th scope="row" { (one.reviewer) }
                td { (one.detector) }
                td.number { (format::share(one.trust)) }
                td.number { (count(one.golden_right)) " of " (count(one.golden)) }
                td.number { (count(one.agreed)) }
                td.number { (count(one.disputed_right)) " of " (count(one.disputed)) }
            }
        }
    };
    table("Reviewers", &heads, rows)
}
