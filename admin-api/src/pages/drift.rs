//! `/drift`: how far features and probabilities have moved since the champion was trained, and what was alerted.

use axum::response::Response;
use botdet_loader::report::format;
use botdet_loader::report::plot::{Axis, LinePlot, Series, Shape, Side, Tone, lines};
use chrono::{Days, NaiveDate, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::Viewer;
use super::parts::{absent, choice, count, maybe_time, number, share, table, time};
use crate::controllers::deployments;
use crate::controllers::drift::{self, Alert, AlertQuery, DriftQuery, FeatureDrift, PredictionDrift};
use crate::error::ApiError;
use crate::extract::{Path, Query};
use crate::session::Session;

/// Days shown.
const DAYS: u64 = 29;
/// Population stability index from which drift is moderate, and large (Siddiqi, 2006).
const LEVELS: [(f64, &str); 2] = [(0.1, "moderate"), (0.25, "large")];
/// Features drawn.
const DRAWN: usize = 5;

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
    let slice_by = query.slice_by.unwrap_or_else(|| "all".to_owned());
    let until = Utc::now().date_naive();
    let since = until.checked_sub_days(Days::new(DAYS));
    let asked = || {
        Query(DriftQuery {
            since,
            until: Some(until),
            slice_by: Some(slice_by.clone()),
            version: Some("champion".to_owned()),
        })
    };
    let name = || Path(detector.clone());
    let features = drift::features(session.clone(), name(), asked()).await?.0.features;
    let predictions = drift::predictions(session.clone(), name(), asked()).await?.0.predictions;
    let alerts = AlertQuery { detector: Some(detector.clone()), open: None, limit: Some(50), before: None };
    let alerts = drift::alerts(session, Query(alerts)).await?.0.alerts;
    let slices = drift::SLICES.map(str::to_owned).to_vec();
    let body = html! {
        h1 { "Drift" }
        (choice("/drift", &[("detector", "Detector", detectors, &detector), ("slice_by", "Groups by", slices, &slice_by)]))
        p.hint {
            "Against what the champion was trained on, by the population stability index: below 0.1 none, from 0.25 large. \
             A day with too few accounts says so, and is not judged."
        }
        @if features.is_empty() && predictions.is_empty() {
            p.nothing { "Nothing has been compared in the last 30 days: " code { "botdet_check_drift()" } " does that, about hourly." }
        } @else {
            div.plots {
                @if slice_by == "all" { (prediction_plot(&predictions)) (feature_plot(&features)) }
            }
            @if slice_by == "all" {
                h2 { "Probabilities" }
                (prediction_table(&predictions))
                h2 { "Features, on the last day" }
                (feature_table(&last_day(&features).collect::<Vec<_>>()))
            } @else {
                h2 { "Probabilities, on the last day" }
                (prediction_table(of_last_day(&predictions)))
                h2 { "Features, on the last day" }
                (feature_tables(&features))
            }
        }
        h2 { "Alerts" }
        (alert_table(&alerts))
    };
    Ok(viewer.page("Drift", "/drift", body))
}

fn before(day: NaiveDate) -> f64 {
    (day - Utc::now().date_naive()).num_days() as f64
}

fn plot_of(title: String, series: Vec<Series>) -> Markup {
    let highest = series.iter().flat_map(|one| &one.points).map(|point| point.1).fold(0.3, f64::max);
    let line = |(level, name): &(f64, &str)| {
        Series::new(name, Tone::Reference, Shape::Line, vec![(-(DAYS as f64), *level), (0.0, *level)])
    };
    let series = series.into_iter().chain(LEVELS.iter().map(line)).collect();
    let plot = lines(LinePlot {
        title,
        description: "population stability index by day".to_owned(),
        x: Axis::number("days before today").over(-(DAYS as f64), 0.0),
        y: Axis::number("index").over(0.0, highest * 1.05),
        height: 240.0,
        series,
        marks: Vec::new(),
        mark_side: Side::Right,
        verticals: Vec::new(),
    });
    html! { (plot) }
}

fn prediction_plot(predictions: &[PredictionDrift]) -> Markup {
    let points = predictions.iter().rev().filter_map(|one| Some((before(one.day), one.psi?))).collect();
    plot_of("Probabilities".to_owned(), vec![Series::new("probabilities", Tone::Main, Shape::Dotted, points)])
}

/// The features that have moved most on the last day.
fn feature_plot(features: &[FeatureDrift]) -> Markup {
    let drawn: Vec<&str> = last_day(features)
        .filter(|one| one.psi.is_some())
        .take(DRAWN)
        .map(|one| one.feature.as_str())
        .collect();
    let series = drawn
        .iter()
        .enumerate()
        .map(|(place, feature)| {
            let days = features.iter().rev().filter(|one| one.feature == *feature);
            let points = days.filter_map(|one| Some((before(one.day), one.psi?))).collect();
            Series::new(&feature.replace('_', " "), Tone::Other(place), Shape::Dotted, points)
        })
        .collect();
    plot_of("The features that have moved most".to_owned(), series)
}

fn last_day(features: &[FeatureDrift]) -> impl Iterator<Item = &FeatureDrift> {
    let last = features.iter().map(|one| one.day).max();
    features.iter().filter(move |one| Some(one.day) == last)
}

/// They come newest first.
fn of_last_day(predictions: &[PredictionDrift]) -> &[PredictionDrift] {
    let last = predictions.first().map(|one| one.day);
    &predictions[..predictions.iter().take_while(|one| Some(one.day) == last).count()]
}

fn level(drift: &str) -> Markup {
    let (is_large, is_moderate) = (drift == "large", drift == "moderate");
    html! { span.level-large[is_large].level-moderate[is_moderate].soft[!is_large && !is_moderate] { (drift) } }
}

fn prediction_table(predictions: &[PredictionDrift]) -> Markup {
    let heads = [
        ("day", false),
        ("group", false),
        ("accounts", true),
        ("reference", true),
        ("index", true),
        ("called bots", true),
        ("mean probability", true),
        ("drift", false),
    ];
    let rows = html! {
        @for one in predictions {
            tr {
                th scope="row" { (one.day) }
                td { (group(&one.slice)) }
                td.number { (count(one.rows)) }
                td.number { (count(one.reference_rows)) }
                td.number { (number(one.psi)) }
                td.number { (share(one.bot_share)) }
                td.number { (share(one.mean_probability)) }
                td { (level(&one.drift)) }
            }
        }
    };
    table("Drift of probabilities", &heads, rows)
}

/// A group's name; that of all is empty.
fn group(slice: &str) -> &str {
    if slice.is_empty() { "all" } else { slice }
}

/// One table a group, folded.
fn feature_tables(features: &[FeatureDrift]) -> Markup {
    let last: Vec<&FeatureDrift> = last_day(features).collect();
    html! {
        @for of_group in last.chunk_by(|one, next| one.slice == next.slice) {
            details {
                summary { (group(&of_group[0].slice)) " " span.soft { (summary(of_group)) } }
                (feature_table(of_group))
            }
        }
    }
}

/// How much of a group has moved, in a line.
fn summary(features: &[&FeatureDrift]) -> String {
    let accounts = count(features.iter().map(|one| one.rows).max().unwrap_or(0));
    let moved = |drift: &str| features.iter().filter(|one| one.drift == drift).count();
    if moved("insufficient data") == features.len() {
        return format!("{accounts} accounts, too few");
    }
    format!(
        "{accounts} accounts: of {} features {} large, {} moderate",
        features.len(),
        moved("large"),
        moved("moderate")
    )
}

fn feature_table(features: &[&FeatureDrift]) -> Markup {
    let heads = [
        ("feature", false),
        ("accounts", true),
        ("reference", true),
        ("index", true),
        ("KS", true),
        ("q", true),
        ("missing", true),
        ("unseen", true),
        ("drift", false),
    ];
    let rows = html! {
        @for one in features {
            tr {
                th scope="row" { (one.feature.replace('_', " ")) }
                td.number { (count(one.rows)) }
                td.number { (count(one.reference_rows)) }
                td.number { (number(one.psi)) }
                td.number { (number(one.ks)) }
                td.number { @match one.q_value { Some(q) => (format::chance(q)), None => (absent()) } }
                td.number { (share(one.missing)) @if let Some(was) = one.reference_missing { " " small.soft { "was " (format::share(was)) } } }
                td.number { (share(one.unseen)) }
                td { (level(&one.drift)) }
            }
        }
    };
    table("Drift of features", &heads, rows)
}

fn alert_table(alerts: &[Alert]) -> Markup {
    if alerts.is_empty() {
        return html! { p.nothing { "None. " code { "botdet_watch_drift()" } " sets what is alerted." } };
    }
    let heads = [
        ("since", false),
        ("until", false),
        ("measure", false),
        ("of", false),
        ("was", true),
        ("version", false),
    ];
    let rows = html! {
        @for alert in alerts {
            tr.marked[alert.cleared_at.is_none()] {
                th scope="row" { (time(alert.raised_at)) }
                td { @if alert.cleared_at.is_none() { "it holds" } @else { (maybe_time(alert.cleared_at)) } }
                td { (alert.measure) }
                td { @if alert.feature.is_empty() { "all" } @else { (alert.feature) } @if !alert.slice.is_empty() { " " small.soft { (alert.slice) } } }
                td.number { (format::number(alert.raised_value)) }
                td { (alert.version) }
            }
        }
    };
    table("Alerts", &heads, rows)
}
