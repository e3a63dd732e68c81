//! `/performance`: how well a detector does, as far as labels tell, as it is expected to without them, and for whom.

use axum::response::Response;
use botdet_loader::audit::share_interval;
use botdet_loader::report::format::{self, Style};
use botdet_loader::report::plot::{Axis, DotRow, Dots, LinePlot, Series, Shape, Side, Tone, dots, lines};
use chrono::{Days, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::Viewer;
use super::parts::{absent, choice, count, share, table, text};
use crate::controllers::deployments;
use crate::controllers::drift::{DriftQuery, SLICES};
use crate::controllers::performance::{self, Estimated, Explored, Fairness, Performance, SliceQuery};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::session::Session;

/// Days shown.
const DAYS: u64 = 29;

/// Of what.
#[derive(Debug, Deserialize)]
pub struct Choice {
    detector: Option<String>,
    slice_by: Option<String>,
}

/// The page.
pub async fn show(
    session: Session,
    viewer: Viewer,
    Query(query): Query<Choice>,
) -> Result<Response, ApiError> {
    let detectors = deployments::names(&session).await?;
    let detector = query.detector.unwrap_or_else(|| "account".to_owned());
    let slice_by = query.slice_by.unwrap_or_else(|| "region".to_owned());
    let name = || Path(detector.clone());
    let until = Utc::now().date_naive();
    let days = DriftQuery {
        since: until.checked_sub_days(Days::new(DAYS)),
        until: Some(until),
        slice_by: Some("all".to_owned()),
        version: Some("champion".to_owned()),
    };
    let measured = performance::performance(session.clone(), name()).await?.0.versions;
    let explored = performance::explored(session.clone(), name()).await?.0.versions;
    let estimates = performance::estimated(session.clone(), name(), Query(days)).await?.0.estimates;
    let by = SliceQuery { slice_by: Some(slice_by.clone()) };
    let slices = performance::fairness(session, name(), Query(by)).await?.0.slices;
    let kinds = SLICES.map(str::to_owned).into_iter().filter(|kind| kind != "all").collect();
    let body = html! {
        h1 { "Performance" }
        (choice("/performance", &[("detector", "Detector", detectors, &detector), ("slice_by", "Groups by", kinds, &slice_by)]))
        h2 { "On labels" }
        (on_labels(&measured))
        h2 { "On accounts drawn at random" }
        (drawn(&explored))
        h2 { "Expected, without labels" }
        (expected(&estimates))
        h2 { "For whom, by " (slice_by) }
        (for_whom(&slices, &slice_by))
    };
    Ok(viewer.page("Performance", "/performance", body))
}

fn on_labels(versions: &[Performance]) -> Markup {
    if versions.is_empty() {
        return html! { p.nothing { "No account is labelled that a version had scored before." } };
    }
    let heads = [
        ("version", false),
        ("place", false),
        ("labels", true),
        ("precision", true),
        ("recall", true),
        ("false positives", true),
    ];
    let rows = html! {
        @for one in versions {
            tr {
                th scope="row" { (one.version) }
                td { (text(one.alias.as_deref())) }
                td.number { (count(one.labels)) }
                td.number { (part(one.true_positives, one.true_positives + one.false_positives)) }
                td.number { (part(one.true_positives, one.true_positives + one.false_negatives)) }
                td.number { (part(one.false_positives, one.false_positives + one.true_negatives)) }
            }
        }
    };
    html! {
        p.hint {
            "Labels told since the version was registered, with 95 % intervals. Reviewers see mostly what a version doubts, so it does \
             better than this on the rest."
        }
        (table("On labels", &heads, rows))
    }
}

/// A share with its interval.
fn part(part: i64, whole: i64) -> Markup {
    let (part, whole) = (part.unsigned_abs(), whole.unsigned_abs());
    html! {
        @match share_interval(part, whole) {
            None => (absent()),
            Some(interval) => {
                (format::share(part as f64 / whole as f64)) " "
                small.soft { (Style::Share.interval(interval.low, interval.high)) }
            }
        }
    }
}

fn drawn(versions: &[Explored]) -> Markup {
    if versions.is_empty() {
        return html! { p.nothing { "None were drawn: " code { "botdet_fill_review_queue()" } " draws some of the scored accounts." } };
    }
    let heads = [
        ("version", false),
        ("drawn", true),
        ("labels", true),
        ("bots among all", true),
        ("accuracy", true),
        ("precision", true),
        ("recall", true),
    ];
    let rows = html! {
        @for one in versions {
            tr {
                th scope="row" { @match &one.model_version { Some(version) => (version), None => "rules" } }
                td.number { (count(one.drawn)) }
                td.number { (count(one.labels)) }
                td.number { (share(one.bot_share)) }
                td.number { (share(one.accuracy)) }
                td.number { (share(one.precision)) }
                td.number { (share(one.recall)) }
            }
        }
    };
    html! {
        p.hint { "What holds for all accounts, each of these weighed by its chance to be drawn. Few labels say little." }
        (table("On accounts drawn at random", &heads, rows))
    }
}

fn expected(estimates: &[Estimated]) -> Markup {
    if estimates.is_empty() {
        return html! {
            p.nothing { "No scores of the champion were counted in the last 30 days: " code { "botdet_sample_features()" } " does that, about hourly." }
        };
    }
    let heads = [
        ("day", false),
        ("accounts", true),
        ("bots called bots", true),
        ("others called bots", true),
        ("bots missed", true),
        ("precision", true),
        ("recall", true),
        ("F1", true),
    ];
    let rows = html! {
        @for one in estimates {
            tr {
                th scope="row" { (one.day) @if one.is_insufficient { " " small.soft { "too few accounts" } } }
                td.number { (count(one.rows)) }
                td.number { (format::decimal(one.true_positives, 1)) }
                td.number { (format::decimal(one.false_positives, 1)) }
                td.number { (format::decimal(one.false_negatives, 1)) }
                td.number { (share(one.precision)) }
                td.number { (share(one.recall)) }
                td.number { (share(one.f1)) }
            }
        }
    };
    html! {
        p.hint {
            "What is to be expected if probabilities mean what they say: of accounts called bots with probability 0.9, nine in ten are. \
             This follows changes in " em { "whom" } " is scored. It is blind to changes in what bots " em { "do" } ": a new kind of bot \
             that looks human to the version counts as human here. Compare it with the accounts drawn at random above."
        }
        div.plots { (plot(estimates)) }
        (table("Expected, without labels", &heads, rows))
    }
}

fn plot(estimates: &[Estimated]) -> Markup {
    let today = Utc::now().date_naive();
    let series = |name: &str, place, value: fn(&Estimated) -> Option<f64>| {
        let enough = estimates.iter().rev().filter(|one| !one.is_insufficient);
        let points = enough.filter_map(|one| Some(((one.day - today).num_days() as f64, value(one)?)));
        Series::new(name, Tone::Other(place), Shape::Dotted, points.collect())
    };
    let plot = lines(LinePlot {
        title: "Expected precision and recall".to_owned(),
        description: "expected shares by day, on days with enough accounts".to_owned(),
        x: Axis::number("days before today").over(-(DAYS as f64), 0.0),
        y: Axis::share("share").over(0.0, 1.0),
        height: 220.0,
        series: vec![series("precision", 0, |one| one.precision), series("recall", 1, |one| one.recall)],
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    });
    html! { (plot) }
}

fn for_whom(slices: &[Fairness], slice_by: &str) -> Markup {
    if slices.is_empty() {
        return html! { p.nothing { "Nothing is scored." } };
    }
    let mut versions: Vec<Option<&str>> = slices.iter().map(|one| one.model_version.as_deref()).collect();
    versions.dedup();
    html! {
        p.hint {
            "How the latest scores treat groups of accounts, on all labels there are, those that were learned from among them. \
             An interval that lies beyond the line of all accounts is hardly chance."
        }
        @for version in versions {
            @let of_version: Vec<&Fairness> = slices.iter().filter(|one| one.model_version.as_deref() == version).collect();
            h3 { @match version { Some(version) => (version), None => "rules" } }
            div.plots { (false_positives(&of_version, slice_by)) }
            (slice_table(&of_version))
        }
    }
}

/// What a group is called.
fn name(slice: &Fairness) -> &str {
    match slice.slice.as_str() {
        "" if slice.slice_by == "all" => "all",
        "" => "not known",
        name => name,
    }
}

fn false_positives(slices: &[&Fairness], slice_by: &str) -> Markup {
    let of_all = slices.iter().find(|one| one.slice_by == "all").and_then(|one| one.false_positive_rate);
    let rows: Vec<DotRow> = slices.iter().filter(|one| one.slice_by != "all").map(|one| row(one)).collect();
    let plot = dots(
        format!("Others called bots, by {slice_by}"),
        "share of the accounts labelled as no bots that is called bots, with 95 % intervals".to_owned(),
        &Axis::share("false-positive rate"),
        &rows,
        of_all.map(|rate| (rate, "all".to_owned())),
        Vec::new(),
    );
    html! { (plot) }
}

fn row(slice: &Fairness) -> DotRow {
    let (part, whole) = (slice.false_positives, slice.false_positives + slice.true_negatives);
    let dot = |value| Dots {
        tone: Tone::Main,
        value,
        interval: share_interval(part.unsigned_abs(), whole.unsigned_abs()),
        told: format!("{} of {}", count(part), count(whole)),
    };
    DotRow {
        label: name(slice).to_owned(),
        dots: slice.false_positive_rate.map(dot).into_iter().collect(),
        absent: Some("no labels".to_owned()),
        joined: false,
    }
}

fn slice_table(slices: &[&Fairness]) -> Markup {
    let heads = [
        ("group", false),
        ("accounts", true),
        ("called bots", true),
        ("labels", true),
        ("precision", true),
        ("recall", true),
        ("false positives", true),
    ];
    let rows = html! {
        @for one in slices {
            tr {
                th scope="row" { (name(one)) @if one.is_insufficient { " " small.soft { "too few labels" } } }
                td.number { (count(one.accounts)) }
                td.number { (format::share(one.bot_share)) }
                td.number { (count(one.labels)) }
                td.number { (share(one.precision)) }
                td.number { (share(one.recall)) }
                td.number { (part(one.false_positives, one.false_positives + one.true_negatives)) }
            }
        }
    };
    table("Errors by group", &heads, rows)
}
