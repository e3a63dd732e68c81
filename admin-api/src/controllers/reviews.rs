//! `/v1/reviews`, `/v1/appeals`: what waits for a look, and what came of it.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::deployments::expect_detector;
use super::scores::account;
use crate::error::ApiError;
use crate::extract::{Json, Path, Query, expect_one_of};
use crate::page::Page;
use crate::session::Session;

const CLAIM: &str = include_str!("../sql/reviews/claim.sql");
const SKIP: &str = include_str!("../sql/reviews/skip.sql");
const ESCALATE: &str = include_str!("../sql/reviews/escalate.sql");
const DECIDE: &str = include_str!("../sql/reviews/decide.sql");
const APPEAL: &str = include_str!("../sql/reviews/appeal.sql");
const LIST: &str = include_str!("../sql/reviews/list.sql");
const ONE: &str = include_str!("../sql/reviews/one.sql");
const MINE: &str = include_str!("../sql/reviews/mine.sql");

/// An account to look at.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Review {
    pub(crate) review_id: i64,
    /// Whom to look at.
    pub(crate) account_id: i64,
    pub(crate) detector: String,
    /// action, uncertain, exploration, appeal, second or escalated.
    pub(crate) why: String,
    /// The highest is handed out first.
    pub(crate) priority: f64,
    /// open or decided.
    pub(crate) state: String,
    /// Review whose decision made this one necessary.
    pub(crate) follows: Option<i64>,
    /// How often it was skipped.
    pub(crate) skips: i32,
    /// What was said last; only for whoever has claimed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) note: Option<String>,
    /// Score of the account when it was queued.
    pub(crate) bot_probability: Option<f64>,
    /// Whether it was called a bot then.
    pub(crate) scored_as_bot: Option<bool>,
    /// Version that said so; null for rules.
    pub(crate) model_version: Option<String>,
    pub(crate) queued_at: DateTime<Utc>,
    /// Since when somebody looks at it.
    pub(crate) claimed_at: Option<DateTime<Utc>>,
    /// Until when the claim holds.
    pub(crate) lease_until: Option<DateTime<Utc>>,
}

/// How many reviews to claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// At most so many, 1 to 1000.
    #[serde(default = "one_review")]
    #[schema(default = 1, minimum = 1, maximum = 1000)]
    pub(crate) limit: i32,
    /// For how long, in seconds, up to a day.
    #[serde(default = "quarter_of_an_hour")]
    #[schema(default = 900, maximum = 86400)]
    pub(crate) lease_seconds: f64,
    /// Of which detector; all by default.
    pub(crate) detector: Option<String>,
}

fn one_review() -> i32 {
    1
}

fn quarter_of_an_hour() -> f64 {
    900.0
}

/// Reviews.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reviews {
    pub(crate) reviews: Vec<Review>,
}

/// Hands out the most urgent reviews, to nobody else until the lease runs out.
#[utoipa::path(post, path = "/v1/reviews/claims", tag = "reviews", request_body = Claim, responses((status = 200, body = Reviews)))]
pub async fn claim(session: Session, Json(claim): Json<Claim>) -> Result<axum::Json<Reviews>, ApiError> {
    let reviews = session.rows(CLAIM, &[&claim.limit, &claim.lease_seconds, &claim.detector]).await?;
    Ok(axum::Json(Reviews { reviews }))
}

/// Which reviews.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Of which detector; all by default.
    pub(crate) detector: Option<String>,
    /// open or decided; both by default.
    pub(crate) state: Option<String>,
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<i64>,
    /// Only reviews older than this one: `next_before` of the page before.
    #[param(minimum = 1)]
    pub(crate) before: Option<i64>,
}

/// One page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewPage {
    pub(crate) reviews: Vec<Review>,
    pub(crate) next_before: Option<i64>,
}

/// Lists reviews, newest first.
#[utoipa::path(get, path = "/v1/reviews", tag = "reviews", params(ListQuery), responses((status = 200, body = ReviewPage)))]
pub async fn list(
    session: Session,
    Query(query): Query<ListQuery>,
) -> Result<axum::Json<ReviewPage>, ApiError> {
    let page = Page::new(query.limit, query.before)?;
    expect_detector(&session, query.detector.as_deref()).await?;
    expect_one_of("state", query.state.as_deref(), &["open", "decided"])?;
    let rows = session.rows(LIST, &[&query.detector, &query.state, &page.before, &page.to_read()]).await?;
    let (reviews, next_before) = page.cut(rows, |last: &Review| last.review_id);
    Ok(axum::Json(ReviewPage { reviews, next_before }))
}

/// A review, and whether it is the caller's.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewOfOne {
    #[serde(flatten)]
    pub(crate) review: Review,
    /// Whether the caller has claimed it, and the claim holds.
    pub(crate) is_mine: Option<bool>,
}

/// One review. For reviewers.
#[utoipa::path(get, path = "/v1/reviews/{review_id}", tag = "reviews",
    params(("review_id" = i64, Path, description = "number of the review")), responses((status = 200, body = ReviewOfOne)))]
pub async fn one(session: Session, Path(review_id): Path<i64>) -> Result<axum::Json<ReviewOfOne>, ApiError> {
    session.row(ONE, &[&review_id], || format!("there is no review {review_id}")).await.map(axum::Json)
}

/// Reviews that the caller has claimed, as long as the claims hold, the most urgent first.
#[utoipa::path(get, path = "/v1/reviews/claims", tag = "reviews", responses((status = 200, body = Reviews)))]
pub async fn mine(session: Session) -> Result<axum::Json<Reviews>, ApiError> {
    Ok(axum::Json(Reviews { reviews: session.rows(MINE, &[]).await? }))
}

/// Why it goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// For whoever gets it next.
    pub(crate) note: Option<String>,
}

/// Gives a claimed review back, for somebody else.
#[utoipa::path(post, path = "/v1/reviews/{review_id}/skip", tag = "reviews", request_body = Skip,
    params(("review_id" = i64, Path, description = "number of the review")), responses((status = 204)))]
pub async fn skip(
    session: Session,
    Path(review_id): Path<i64>,
    Json(skip): Json<Skip>,
) -> Result<StatusCode, ApiError> {
    session.run(SKIP, &[&review_id, &skip.note]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why it is for administrators.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// What they should know.
    pub(crate) note: String,
}

/// Hands a claimed review to the administrators.
#[utoipa::path(post, path = "/v1/reviews/{review_id}/escalation", tag = "reviews", request_body = Escalation,
    params(("review_id" = i64, Path, description = "number of the review")), responses((status = 204)))]
pub async fn escalate(
    session: Session,
    Path(review_id): Path<i64>,
    Json(escalation): Json<Escalation>,
) -> Result<StatusCode, ApiError> {
    session.run(ESCALATE, &[&review_id, &escalation.note]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a reviewer has found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    pub(crate) is_bot: bool,
    /// What the decision rests on.
    pub(crate) reason: String,
    /// Remark.
    pub(crate) note: Option<String>,
    /// Kind of bot, where it is known.
    pub(crate) strategy: Option<String>,
}

/// A decision that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decided {
    pub(crate) decision_id: i64,
}

/// Decides a claimed review.
#[utoipa::path(post, path = "/v1/reviews/{review_id}/decision", tag = "reviews", request_body = Decision,
    params(("review_id" = i64, Path, description = "number of the review")), responses((status = 201, body = Decided)))]
pub async fn decide(
    session: Session,
    Path(review_id): Path<i64>,
    Json(decision): Json<Decision>,
) -> Result<(StatusCode, axum::Json<Decided>), ApiError> {
    let Decision { is_bot, reason, note, strategy } = decision;
    let decision_id = session.value(DECIDE, &[&review_id, &is_bot, &reason, &note, &strategy]).await?;
    Ok((StatusCode::CREATED, axum::Json(Decided { decision_id })))
}

/// What an account objects to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appeal {
    pub(crate) account_id: i64,
    /// What it says.
    pub(crate) note: String,
    /// Whose judgement; account by default.
    #[serde(default = "account")]
    #[schema(default = "account")]
    pub(crate) detector: String,
}

/// The review that an appeal led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Appealed {
    pub(crate) review_id: i64,
}

/// Has an account looked at again, ahead of others, since it objects.
#[utoipa::path(post, path = "/v1/appeals", tag = "reviews", request_body = Appeal, responses((status = 201, body = Appealed)))]
pub async fn appeal(
    session: Session,
    Json(appeal): Json<Appeal>,
) -> Result<(StatusCode, axum::Json<Appealed>), ApiError> {
    let review_id = session.value(APPEAL, &[&appeal.account_id, &appeal.note, &appeal.detector]).await?;
    Ok((StatusCode::CREATED, axum::Json(Appealed { review_id })))
}
