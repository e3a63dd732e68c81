//! `/versions`: the versions of a detector side by side, and which of them answers. Changes are confirmed on a page that shows
//! what was seen, and refused when that has changed meanwhile.

use axum::response::Response;
use botdet_loader::report::format;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{Viewer, see};
use super::parts::{absent, choice, count, maybe_time, seen, segment, table, text, time, without_version};
use crate::controllers::deployments::{self, Activation, Deployment, Rollback, quoted};
use crate::controllers::model_versions::{self, ListQuery, ModelVersion};
use crate::controllers::performance::{self, Comparison, Performance};
use crate::error::ApiError;
use crate::extract::{Form, Json, Path, Query};
use crate::session::Session;

/// Versions beside one another at most.
const COLUMNS: usize = 5;

/// Which detector.
#[derive(Debug, Deserialize)]
pub struct DetectorQuery {
    detector: Option<String>,
    #[serde(default)]
    done: Option<String>,
}

/// What there is to see of a detector's versions.
struct Versions {
    deployment: Deployment,
    all: Vec<ModelVersion>,
    performance: Vec<Performance>,
}

impl Versions {
    async fn of(session: &Session, detector: &str) -> Result<Self, ApiError> {
        let deployment = deployments::find(session, detector).await?;
        let query = ListQuery { detector: Some(detector.to_owned()), limit: Some(50), before: None };
        let all = model_versions::list(session.clone(), Query(query)).await?.0.model_versions;
        let performance =
            performance::performance(session.clone(), Path(detector.to_owned())).await?.0.versions;
        Ok(Self { deployment, all, performance })
    }

    fn champion(&self) -> Option<&ModelVersion> {
        self.deployment.champion.as_ref()
    }

    fn performance_of(&self, version: &ModelVersion) -> Option<&Performance> {
        self.performance.iter().find(|one| one.version == version.version)
    }
}

/// The versions of a detector.
pub async fn list(
    session: Session,
    viewer: Viewer,
    Query(query): Query<DetectorQuery>,
) -> Result<Response, ApiError> {
    let detectors = deployments::names(&session).await?;
    let detector = query.detector.unwrap_or_else(|| "account".to_owned());
    let versions = Versions::of(&session, &detector).await?;
    let comparisons = performance::comparison(session, Path(detector.clone())).await?.0.comparisons;
    let champion = versions.champion();
    let body = html! {
        h1 { "Versions" }
        (choice("/versions", &[("detector", "Detector", detectors, &detector)]))
        p.lead role=[query.done.is_some().then_some("status")] {
            @match champion {
                Some(version) => { strong { (version.version) } " answers, since " (maybe_time(version.activated_at)) "." }
                None => { "No version is active: " (without_version(&detector)) " answer." }
            }
            @if let Some(challenger) = &versions.deployment.challenger {
                " " strong { (challenger.version) }
                @match challenger.share.filter(|share| *share > 0.0) {
                    Some(share) => { " answers for " (format::share(share)) " of the accounts." }
                    None => " is tried in shadow."
                }
            }
        }
        @if viewer.administers() && versions.deployment.previous.is_some() {
            p { a.button.quiet href={ "/versions/" (segment(&detector)) "/rollback" } { "Roll back…" } }
        }
        @if versions.all.is_empty() {
            p.nothing { "No version is registered. " code { "botdet train" } " and " code { "botdet publish" } " make one." }
        } @else {
            h2 { "Side by side" }
            @let first: Vec<&ModelVersion> = beside(&versions);
            (side_by_side(&versions, &first))
            @if !comparisons.is_empty() { (shadow(&comparisons)) }
            h2 { "All versions" }
            (all(&versions, &viewer, &detector))
        }
    };
    Ok(viewer.page("Versions", "/versions", body))
}

/// Champion, challenger, then the newest.
fn beside(versions: &Versions) -> Vec<&ModelVersion> {
    let mut chosen: Vec<&ModelVersion> =
        versions.all.iter().filter(|version| version.alias.is_some()).collect();
    chosen.sort_by(|one, other| one.alias.cmp(&other.alias));
    chosen.extend(versions.all.iter().filter(|version| version.alias.is_none()));
    chosen.truncate(COLUMNS);
    chosen
}

type Measure = fn(&ModelVersion, Option<&Performance>) -> Option<f64>;

/// Name, value, and whether less is better.
const HELD_OUT: [(&str, Measure, bool); 2] = [
    ("area under the ROC curve", |version, _| version.roc_auc, false),
    ("average precision", |version, _| version.pr_auc, false),
];
const ON_LABELS: [(&str, Measure, bool); 5] = [
    ("accuracy", |_, found| found?.accuracy, false),
    ("precision", |_, found| found?.precision, false),
    ("recall", |_, found| found?.recall, false),
    ("F1", |_, found| found?.f1, false),
    ("Brier score (less is better)", |_, found| found?.brier, true),
];

fn side_by_side(versions: &Versions, shown: &[&ModelVersion]) -> Markup {
    let mut heads = vec![("", false)];
    heads.extend(shown.iter().map(|version| (version.version.as_str(), true)));
    let measured: Vec<_> = shown.iter().map(|version| (*version, versions.performance_of(version))).collect();
    let rows = html! {
        tr { th scope="row" { "place" } @for version in shown { td.number { (text(version.alias.as_deref())) } } }
        tr.group { th scope="row" colspan=(shown.len() + 1) { "On rows held out of its training" } }
        @for measure in &HELD_OUT { (measures(measure, &measured)) }
        tr.group { th scope="row" colspan=(shown.len() + 1) { "On labels told since it was registered" } }
        tr {
            th scope="row" { "labels" }
            @for (_, found) in &measured {
                td.number { @match found { Some(found) => (count(found.labels)), None => (absent()) } }
            }
        }
        @for measure in &ON_LABELS { (measures(measure, &measured)) }
    };
    table("Versions side by side", &heads, rows)
}

fn measures(
    (name, measure, less_is_better): &(&str, Measure, bool),
    measured: &[(&ModelVersion, Option<&Performance>)],
) -> Markup {
    let values: Vec<Option<f64>> = measured.iter().map(|(version, found)| measure(version, *found)).collect();
    let known = values.iter().flatten().copied();
    let best = if *less_is_better {
        known.fold(f64::INFINITY, f64::min)
    } else {
        known.fold(f64::NEG_INFINITY, f64::max)
    };
    let is_choice = values.iter().flatten().count() > 1;
    html! {
        tr {
            th scope="row" { (name) }
            @for value in &values {
                td.number {
                    @match value {
                        Some(value) => span.best[is_choice && *value == best] { (format::score(*value)) },
                        None => (absent()),
                    }
                }
            }
        }
    }
}

fn shadow(comparisons: &[Comparison]) -> Markup {
    let heads = [
        ("in shadow", false),
        ("beside", false),
        ("accounts", true),
        ("agree", true),
        ("bots by it alone", true),
        ("bots by the other alone", true),
        ("right, of labels", true),
    ];
    let rows = html! {
        @for one in comparisons {
            tr {
                td { (one.challenger) }
                td { @match &one.champion { Some(version) => (version), None => "rules" } }
                td.number { (count(one.accounts)) }
                td.number { (super::parts::share(one.agreement)) }
                td.number { (count(one.bots_by_challenger_only)) }
                td.number { (count(one.bots_by_champion_only)) }
                td.number { (count(one.challenger_right)) " against " (count(one.champion_right)) " of " (count(one.labels)) }
            }
        }
    };
    html! { h2 { "In shadow" } (table("Versions in shadow", &heads, rows)) }
}

fn all(versions: &Versions, viewer: &Viewer, detector: &str) -> Markup {
    let heads = [
        ("version", false),
        ("registered", false),
        ("by", false),
        ("trained on", false),
        ("sound", false),
        ("", false),
    ];
    let rows = html! {
        @for version in &versions.all {
            tr.marked[version.is_champion] {
                th scope="row" { (version.version) @if let Some(alias) = &version.alias { " " small.soft { (alias) } } }
                td { (time(version.created_at)) }
                td { (version.created_by) }
                td { (text(version.trained_on.as_deref())) @if let Some(comment) = &version.comment { br; small.soft { (comment) } } }
                td { (maybe_time(version.validated_at)) }
                td {
                    @if viewer.administers() && !version.is_champion {
                        form method="get" action={ "/versions/" (segment(detector)) "/activation" } {
                            input type="hidden" name="version" value=(version.version);
                            button.quiet aria-label={ "Activate " (version.version) } { "Activate…" }
                        }
                    }
                }
            }
        }
    };
    table("All versions", &heads, rows)
}

/// Which version.
#[derive(Debug, Deserialize)]
pub struct VersionQuery {
    version: String,
}

/// Asks whether a version is to answer, and shows it beside the one that does.
pub async fn ask_activation(
    session: Session,
    viewer: Viewer,
    Path(detector): Path<String>,
    Query(query): Query<VersionQuery>,
) -> Result<Response, ApiError> {
    let versions = Versions::of(&session, &detector).await?;
    let missing =
        || ApiError::Missing(format!("there is no version {} of detector {detector}", query.version));
    let asked = versions.all.iter().find(|version| version.version == query.version).ok_or_else(missing)?;
    let shown: Vec<&ModelVersion> = versions.champion().into_iter().chain([asked]).collect();
    let body = html! {
        h1 { "Activate " (asked.version) "?" }
        p.lead {
            "It will answer for detector " strong { (detector) } ", in the place of "
            @match versions.champion() { Some(version) => strong { (version.version) }, None => "rules" }
            ". It is opened and tried on the server first, and stays out when it is not sound."
        }
        (side_by_side(&versions, &shown))
        form.confirm method="post" action={ "/versions/" (segment(&detector)) "/activation" } {
            (viewer.csrf())
            input type="hidden" name="version" value=(asked.version);
            input type="hidden" name="tag" value=(versions.deployment.tag);
            button { "Activate " (asked.version) }
            a.button.quiet href={ "/versions?detector=" (segment(&detector)) } { "Leave it as it is" }
        }
    };
    Ok(viewer.page("Activate", "/versions", body))
}

/// What was confirmed.
#[derive(Debug, Deserialize)]
pub struct ActivationForm {
    version: String,
    tag: String,
}

/// Has a version answer.
pub async fn activate(
    session: Session,
    Path(detector): Path<String>,
    Form(form): Form<ActivationForm>,
) -> Result<Response, ApiError> {
    let activation = Json(Activation { version: form.version });
    done(
        deployments::activate(session, Path(detector.clone()), seen(&quoted(&form.tag))?, activation).await?,
        &detector,
    )
}

/// Asks whether the version before is to answer again, and why.
pub async fn ask_rollback(
    session: Session,
    viewer: Viewer,
    Path(detector): Path<String>,
) -> Result<Response, ApiError> {
    let deployment = deployments::find(&session, &detector).await?;
    let champion = deployment.champion.map_or_else(|| "rules".to_owned(), |version| version.version);
    let body = html! {
        h1 { "Roll back?" }
        p.lead {
            @match &deployment.previous {
                Some(previous) => { strong { (previous) } " answers for detector " }
                None => "What answered before answers for detector "
            }
            strong { (detector) } " again, in the place of " strong { (champion) }
            ". A version that is not sound any more is passed over."
        }
        form.confirm method="post" action={ "/versions/" (segment(&detector)) "/rollback" } {
            (viewer.csrf())
            input type="hidden" name="tag" value=(deployment.tag);
            label for="reason" { "Why? It is kept in the audit." }
            input id="reason" name="reason" required maxlength="300" autofocus;
            button { "Roll back" }
            a.button.quiet href={ "/versions?detector=" (segment(&detector)) } { "Leave it as it is" }
        }
    };
    Ok(viewer.page("Roll back", "/versions", body))
}

/// Why.
#[derive(Debug, Deserialize)]
pub struct RollbackForm {
    reason: String,
    tag: String,
}

/// Has the version before answer again.
pub async fn roll_back(
    session: Session,
    Path(detector): Path<String>,
    Form(form): Form<RollbackForm>,
) -> Result<Response, ApiError> {
    let rollback = Json(Rollback { reason: form.reason });
    done(
        deployments::roll_back(session, Path(detector.clone()), seen(&quoted(&form.tag))?, rollback).await?,
        &detector,
    )
}

fn done(answer: Response, detector: &str) -> Result<Response, ApiError> {
    if !answer.status().is_success() {
        return Ok(answer);
    }
    Ok(see(&format!("/versions?detector={}&done=1", segment(detector))))
}
