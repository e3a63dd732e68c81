//! `/v1/detectors/{detector}/rules`: what people know, as conditions. Changes say which version they have seen (If-Match).

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_postgres::types::Json as ToJson;
use utoipa::{IntoParams, ToSchema};

use super::deployments::{expect_detector, quoted};
use crate::error::ApiError;
use crate::extract::{Json, Path, Query, expect_seen, if_match};
use crate::page::Page;
use crate::session::Session;

const LIST: &str = include_str!("../sql/rules/list.sql");
const ONE: &str = include_str!("../sql/rules/one.sql");
const LOCK: &str = include_str!("../sql/rules/lock.sql");
const ADD: &str = include_str!("../sql/rules/add.sql");
const CHANGE: &str = include_str!("../sql/rules/change.sql");
const DELETE: &str = include_str!("../sql/rules/delete.sql");
const VERSIONS: &str = include_str!("../sql/rules/versions.sql");
const TEST_CONDITION: &str = include_str!("../sql/rules/test_condition.sql");
const TRY_CONDITION: &str = include_str!("../sql/rules/try_condition.sql");

/// A rule as it is asked now, or was.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    pub(crate) detector: String,
    pub(crate) name: String,
    /// When it fires: comparisons of features or columns.
    pub(crate) condition: String,
    /// evidence, allow or block.
    pub(crate) effect: String,
    /// How strong a piece of evidence it is, between -1 and 1; of no account for allow and block.
    pub(crate) weight: f64,
    /// What it means when it fires.
    pub(crate) reason: String,
    /// Whether it is asked at all.
    pub(crate) enabled: bool,
    pub(crate) version: i32,
    /// Whether it came with botdet: such a rule is switched off, not deleted. Left out of versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipped: Option<bool>,
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) changed_by: String,
}

impl Rule {
    /// The ETag.
    pub(crate) fn tag(&self) -> String {
        tag(self.version)
    }
}

fn tag(version: i32) -> String {
    quoted(&version.to_string())
}

/// The rules of a detector, by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
}

/// Lists the rules of a detector.
#[utoipa::path(get, path = "/v1/detectors/{detector}/rules", tag = "rules",
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = Rules)))]
pub async fn list(session: Session, Path(detector): Path<String>) -> Result<axum::Json<Rules>, ApiError> {
    expect_detector(&session, Some(&detector)).await?;
    Ok(axum::Json(Rules { rules: session.rows(LIST, &[&detector]).await? }))
}

/// One rule. Its ETag is what changes must say in If-Match.
#[utoipa::path(get, path = "/v1/detectors/{detector}/rules/{name}", tag = "rules",
    params(("detector" = String, Path, description = "name of the detector"), ("name" = String, Path, description = "name of the rule")),
    responses((status = 200, body = Rule, headers(("etag" = String, description = "for If-Match")))))]
pub async fn one(
    session: Session,
    Path((detector, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let rule = find(&session, &detector, &name).await?;
    Ok(([(header::ETAG, rule.tag())], axum::Json(rule)).into_response())
}

/// A rule of this name.
pub(crate) async fn find(session: &Session, detector: &str, name: &str) -> Result<Rule, ApiError> {
    session.row(ONE, &[&detector, &name], || missing(detector, name)).await
}

fn missing(detector: &str, name: &str) -> String {
    format!("there is no rule {name} of detector {detector}")
}

/// Has other changes of a rule wait, and refuses when what the client has seen is not what is there. Whether there is one.
async fn expect(
    session: &Session,
    detector: &str,
    name: &str,
    headers: &HeaderMap,
) -> Result<bool, ApiError> {
    let version: Option<i32> = session.values(LOCK, &[&detector, &name]).await?.into_iter().next();
    match (version, if_match(headers)) {
        (None, None) => Ok(false),
        (None, Some(_)) => Err(ApiError::Missing(missing(detector, name))),
        (Some(_), None) => Err(ApiError::PreconditionRequired),
        (Some(version), Some(seen)) => expect_seen(seen, tag(version)).map(|()| true),
    }
}

/// What a rule is to say.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// When it fires: comparisons of features or columns, such as duplicate_rate >= 0.5 and not followers > 1000.
    pub(crate) condition: String,
    /// evidence, allow or block [evidence].
    #[serde(default = "evidence")]
    #[schema(default = "evidence")]
    pub(crate) effect: String,
    /// How strong a piece of evidence it is, above -1 and below 1 [0.3].
    #[serde(default = "usual_weight")]
    #[schema(default = 0.3)]
    pub(crate) weight: f64,
    /// What it means when it fires, for people, up to 300 characters.
    pub(crate) reason: String,
    /// Whether it is asked at all [true].
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub(crate) enabled: bool,
}

fn evidence() -> String {
    "evidence".to_owned()
}

/// Weight of a piece of evidence about which nothing is said.
pub(crate) fn usual_weight() -> f64 {
    0.3
}

fn yes() -> bool {
    true
}

/// Writes a rule: a new one, or, with If-Match, in the place of the one of this name. Scores ask it from then on.
#[utoipa::path(put, path = "/v1/detectors/{detector}/rules/{name}", tag = "rules", request_body = RuleText,
    params(("detector" = String, Path, description = "name of the detector"),
           ("name" = String, Path, description = "name of the rule: up to 63 of a to z, 0 to 9 and _, a letter first"),
           ("if-match" = Option<String>, Header, description = "ETag of the rule that is there; without one: a rule that is not there yet")),
    responses((status = 200, description = "changed", body = Rule, headers(("etag" = String, description = "for If-Match"))),
              (status = 201, description = "new", body = Rule, headers(("etag" = String, description = "for If-Match")))))]
pub async fn write(
    session: Session,
    Path((detector, name)): Path<(String, String)>,
    headers: HeaderMap,
    Json(text): Json<RuleText>,
) -> Result<Response, ApiError> {
    let is_there = expect(&session, &detector, &name, &headers).await?;
    let RuleText { condition, effect, weight, reason, enabled } = text;
    let (statement, status) = if is_there { (CHANGE, StatusCode::OK) } else { (ADD, StatusCode::CREATED) };
    session.run(statement, &[&detector, &name, &condition, &effect, &weight, &reason, &enabled]).await?;
    let rule = find(&session, &detector, &name).await?;
    Ok((status, [(header::ETAG, rule.tag())], axum::Json(rule)).into_response())
}

/// Deletes a rule that somebody has written; those that came with botdet are switched off. What it said stays among its versions.
#[utoipa::path(delete, path = "/v1/detectors/{detector}/rules/{name}", tag = "rules",
    params(("detector" = String, Path, description = "name of the detector"), ("name" = String, Path, description = "name of the rule"),
           ("if-match" = String, Header, description = "ETag of the rule")),
    responses((status = 204)))]
pub async fn delete(
    session: Session,
    Path((detector, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    if !expect(&session, &detector, &name, &headers).await? {
        return Err(ApiError::Missing(missing(&detector, &name)));
    }
    session.run(DELETE, &[&detector, &name]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which versions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VersionQuery {
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<i64>,
    /// Only versions before this one: `next_before` of the page before.
    #[param(minimum = 1)]
    pub(crate) before: Option<i32>,
}

/// One page, newest first, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleVersions {
    pub(crate) versions: Vec<Rule>,
    pub(crate) next_before: Option<i32>,
}

/// What a rule has said since it was first written, deleted or not: what a reason of an old score speaks of.
#[utoipa::path(get, path = "/v1/detectors/{detector}/rules/{name}/versions", tag = "rules",
    params(("detector" = String, Path, description = "name of the detector"), ("name" = String, Path, description = "name of the rule"),
           VersionQuery),
    responses((status = 200, body = RuleVersions)))]
pub async fn versions(
    session: Session,
    Path((detector, name)): Path<(String, String)>,
    Query(query): Query<VersionQuery>,
) -> Result<axum::Json<RuleVersions>, ApiError> {
    let page = Page::new(query.limit, query.before.map(i64::from))?;
    let rows: Vec<Rule> = session.rows(VERSIONS, &[&detector, &name, &query.before, &page.to_read()]).await?;
    if rows.is_empty() && query.before.is_none() {
        return Err(ApiError::Missing(missing(&detector, &name)));
    }
    let (versions, next_before) = page.cut(rows, |rule| rule.version);
    Ok(axum::Json(RuleVersions { versions, next_before }))
}

/// A condition, and a row to try it on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionTest {
    /// As it would stand in a rule.
    condition: String,
    /// Features or columns by name.
    #[schema(value_type = Object)]
    features: Map<String, Value>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConditionTested {
    /// Whether the rule would fire; null where that hangs on a missing value.
    holds: Option<bool>,
}

/// Tries a condition on a row, before it is written. One that says nothing is refused with the place.
#[utoipa::path(post, path = "/v1/detectors/{detector}/condition-tests", tag = "rules", request_body = ConditionTest,
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = ConditionTested)))]
pub async fn test_condition(
    session: Session,
    Path(detector): Path<String>,
    Json(test): Json<ConditionTest>,
) -> Result<axum::Json<ConditionTested>, ApiError> {
    let ConditionTest { condition, features } = test;
    let holds = session.value(TEST_CONDITION, &[&detector, &condition, &ToJson(&features)]).await?;
    Ok(axum::Json(ConditionTested { holds }))
}

/// A condition to try on accounts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConditionTrial {
    /// As it would stand in a rule.
    pub(crate) condition: String,
    /// How many accounts of each group, 1 to 100,000 [1000].
    #[serde(default = "thousand")]
    #[schema(default = 1000, minimum = 1, maximum = 100_000)]
    pub(crate) sample: i32,
}

fn thousand() -> i32 {
    1000
}

/// What a condition says of a group of accounts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Caught {
    /// labelled bots or labelled humans, those told last, or scored accounts, drawn at random.
    pub(crate) among: String,
    pub(crate) accounts: i64,
    /// Accounts that a rule would fire for.
    pub(crate) fires: i64,
    /// Accounts for which that hangs on a missing value: it would not fire.
    pub(crate) unknown: i64,
    /// Up to five that it would fire for.
    pub(crate) examples: Vec<i64>,
}

/// What came of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConditionTried {
    pub(crate) groups: Vec<Caught>,
}

/// Tells what a rule would catch, before it is written: among accounts with labels, and among those that are scored. Detectors of
/// tables have no accounts to try it on.
#[utoipa::path(post, path = "/v1/detectors/{detector}/condition-trials", tag = "rules", request_body = ConditionTrial,
    params(("detector" = String, Path, description = "name of the detector")), responses((status = 200, body = ConditionTried)))]
pub async fn try_condition(
    session: Session,
    Path(detector): Path<String>,
    Json(trial): Json<ConditionTrial>,
) -> Result<axum::Json<ConditionTried>, ApiError> {
    let ConditionTrial { condition, sample } = trial;
    expect_detector(&session, Some(&detector)).await?;
    let groups = session.rows(TRY_CONDITION, &[&detector, &condition, &sample]).await?;
    Ok(axum::Json(ConditionTried { groups }))
}
