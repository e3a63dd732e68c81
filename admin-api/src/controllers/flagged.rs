//! `/v1/flagged`: what the latest scores call bots.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::deployments::expect_detector;
use super::scores::ACCOUNT;
use crate::error::ApiError;
use crate::extract::{Query, expect_one_of};
use crate::page::Page;
use crate::session::Session;

const FLAGGED: &str = include_str!("../sql/scores/flagged.sql");

/// Which of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FlaggedQuery {
    /// By which detector [account].
    pub(crate) detector: Option<String>,
    /// Only those with this action: none, review or automatic.
    pub(crate) action: Option<String>,
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<i64>,
    /// Only those behind this one: `next_after` of the page before.
    pub(crate) after: Option<String>,
}

/// A subject that its latest score calls a bot.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Flagged {
    /// When it was scored.
    pub(crate) time: DateTime<Utc>,
    /// Its number: of an account, or of what else the detector judges.
    pub(crate) account_id: i64,
    /// Its key; null for what is no account.
    pub(crate) account_key: Option<String>,
    pub(crate) bot_probability: f64,
    /// What the thresholds ask for.
    pub(crate) action: Option<String>,
    pub(crate) stage: String,
    /// Null for rules.
    pub(crate) model_version: Option<String>,
    /// What speaks most for it.
    pub(crate) top_reason: Option<String>,
    pub(crate) second_reason: Option<String>,
}

/// One page, the highest probability first, and the `after` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlaggedPage {
    pub(crate) flagged: Vec<Flagged>,
    pub(crate) next_after: Option<String>,
}

/// Lists what is called a bot, the highest probability first.
#[utoipa::path(get, path = "/v1/flagged", tag = "scores", params(FlaggedQuery), responses((status = 200, body = FlaggedPage)))]
pub async fn list(
    session: Session,
    Query(query): Query<FlaggedQuery>,
) -> Result<axum::Json<FlaggedPage>, ApiError> {
    let page = Page::new(query.limit, None)?;
    let (probability, account_id) = query.after.as_deref().map(place).transpose()?.unzip();
    let detector = query.detector.as_deref().unwrap_or(ACCOUNT);
    expect_detector(&session, Some(detector)).await?;
    expect_one_of("action", query.action.as_deref(), &["none", "review", "automatic"])?;
    let rows = session
        .rows(FLAGGED, &[&detector, &query.action, &probability, &account_id, &page.to_read()])
        .await?;
    let (flagged, next_after) =
        page.cut(rows, |last: &Flagged| format!("{}:{}", last.bot_probability, last.account_id));
    Ok(axum::Json(FlaggedPage { flagged, next_after }))
}

/// The last row of the page before.
fn place(after: &str) -> Result<(f64, i64), ApiError> {
    let parts = after.split_once(':');
    let place = parts.and_then(|(probability, id)| Some((probability.parse().ok()?, id.parse().ok()?)));
    place.ok_or_else(|| {
        ApiError::InvalidParameter(format!("after must be the next_after of a page, not {after}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_where_the_one_before_ended() {
        assert_eq!(place("0.75:-3").ok(), Some((0.75, -3)));
        assert_eq!(place(&format!("{}:1", 0.1f64 + 0.2)).ok(), Some((0.1 + 0.2, 1)));
        for wrong in ["", "0.75", "x:1", "0.5:y"] {
            let said = place(wrong).map_err(|error| error.to_string());
            assert_eq!(said, Err(format!("after must be the next_after of a page, not {wrong}")));
        }
    }
}
