//! `/v1/detectors/{detector}/drift/…`, `/v1/alerts`: how far things have moved since a version was trained.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::deployments::expect_detector;
use crate::error::ApiError;
use crate::extract::{Path, Query, expect_one_of};
use crate::page::Page;
use crate::session::Session;

const FEATURES: &str = include_str!("../sql/drift/features.sql");
const PREDICTIONS: &str = include_str!("../sql/drift/predictions.sql");
const ALERTS: &str = include_str!("../sql/drift/alerts.sql");
/// Days that one answer covers at most.
const MAX_DAYS: i64 = 92;
/// By what accounts are told apart.
pub(crate) const SLICES: [&str; 4] = ["all", "region", "language", "age"];

/// Which days, and of whom, as typed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DriftQuery {
    /// First day, UTC; a week before the last one by default.
    pub(crate) since: Option<NaiveDate>,
    /// Last day, UTC; today by default. At most 92 days in all.
    pub(crate) until: Option<NaiveDate>,
    /// all, region, language or age [all].
    pub(crate) slice_by: Option<String>,
    /// Version, champion or challenger [champion].
    pub(crate) version: Option<String>,
}

/// As checked.
pub(super) struct Period {
    pub(super) since: NaiveDate,
    pub(super) until: NaiveDate,
    pub(super) slice_by: String,
    pub(super) version: String,
}

impl TryFrom<DriftQuery> for Period {
    type Error = ApiError;

    fn try_from(query: DriftQuery) -> Result<Self, ApiError> {
        let until = query.until.unwrap_or_else(|| Utc::now().date_naive());
        let since = query.since.or_else(|| until.checked_sub_days(Days::new(7))).unwrap_or(until);
        if !(0..MAX_DAYS).contains(&(until - since).num_days()) {
            return Err(ApiError::InvalidParameter(format!(
                "since {since} until {until} must be 1 to {MAX_DAYS} days"
            )));
        }
        expect_one_of("slice_by", query.slice_by.as_deref(), &SLICES)?;
        let slice_by = query.slice_by.unwrap_or_else(|| "all".to_owned());
        let version = query.version.unwrap_or_else(|| "champion".to_owned());
        Ok(Self { since, until, slice_by, version })
    }
}

/// How far one feature has moved from the reference of a version, on one day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FeatureDrift {
    pub(crate) version: String,
    pub(crate) alias: Option<String>,
    pub(crate) day: NaiveDate,
    pub(crate) slice_by: String,
    /// Empty for all.
    pub(crate) slice: String,
    pub(crate) feature: String,
    /// What was scored that day.
    pub(crate) rows: i64,
    pub(crate) reference_rows: i64,
    /// Population stability index.
    pub(crate) psi: Option<f64>,
    /// Kolmogorov-Smirnov statistic, over the bins.
    pub(crate) ks: Option<f64>,
    pub(crate) p_value: Option<f64>,
    /// p_value corrected for the number of features (Benjamini and Hochberg).
    pub(crate) q_value: Option<f64>,
    /// Share of missing values.
    pub(crate) missing: Option<f64>,
    pub(crate) reference_missing: Option<f64>,
    /// Share of values that the reference has not seen.
    pub(crate) unseen: Option<f64>,
    /// insufficient data, none, moderate or large.
    pub(crate) drift: String,
}

/// By feature, newest day first, the largest drift of a day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FeatureDrifts {
    pub(crate) features: Vec<FeatureDrift>,
}

/// How far the features of what was scored have moved.
#[utoipa::path(get, path = "/v1/detectors/{detector}/drift/features", tag = "drift",
    params(("detector" = String, Path, description = "name of the detector"), DriftQuery),
    responses((status = 200, body = FeatureDrifts)))]
pub async fn features(
    session: Session,
    Path(detector): Path<String>,
    Query(query): Query<DriftQuery>,
) -> Result<axum::Json<FeatureDrifts>, ApiError> {
    let Period { since, until, slice_by, version } = Period::try_from(query)?;
    expect_detector(&session, Some(&detector)).await?;
    let features = session.rows(FEATURES, &[&detector, &since, &until, &slice_by, &version]).await?;
    Ok(axum::Json(FeatureDrifts { features }))
}

/// How far the probabilities that a version answers have moved from its reference, on one day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PredictionDrift {
    pub(crate) version: String,
    pub(crate) alias: Option<String>,
    pub(crate) day: NaiveDate,
    pub(crate) slice_by: String,
    /// Empty for all.
    pub(crate) slice: String,
    pub(crate) rows: i64,
    pub(crate) reference_rows: i64,
    /// Population stability index.
    pub(crate) psi: Option<f64>,
    pub(crate) ks: Option<f64>,
    pub(crate) p_value: Option<f64>,
    pub(crate) q_value: Option<f64>,
    /// Share that was called bots.
    pub(crate) bot_share: Option<f64>,
    pub(crate) mean_probability: Option<f64>,
    /// insufficient data, none, moderate or large.
    pub(crate) drift: String,
}

/// Newest day first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PredictionDrifts {
    pub(crate) predictions: Vec<PredictionDrift>,
}

/// How far the probabilities have moved.
#[utoipa::path(get, path = "/v1/detectors/{detector}/drift/predictions", tag = "drift",
    params(("detector" = String, Path, description = "name of the detector"), DriftQuery),
    responses((status = 200, body = PredictionDrifts)))]
pub async fn predictions(
    session: Session,
    Path(detector): Path<String>,
    Query(query): Query<DriftQuery>,
) -> Result<axum::Json<PredictionDrifts>, ApiError> {
    let Period { since, until, slice_by, version } = Period::try_from(query)?;
    expect_detector(&session, Some(&detector)).await?;
    let predictions = session.rows(PREDICTIONS, &[&detector, &since, &until, &slice_by, &version]).await?;
    Ok(axum::Json(PredictionDrifts { predictions }))
}

/// Drift that lasted.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    pub(crate) alert_id: i64,
    pub(crate) detector: String,
    /// Its champion then.
    pub(crate) version: String,
    /// What was too high.
    pub(crate) measure: String,
    pub(crate) slice_by: String,
    pub(crate) slice: String,
    /// Empty where none is concerned.
    pub(crate) feature: String,
    pub(crate) raised_at: DateTime<Utc>,
    pub(crate) raised_value: f64,
    /// Null while it holds.
    pub(crate) cleared_at: Option<DateTime<Utc>>,
    pub(crate) cleared_value: Option<f64>,
}

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// Of which detector; all by default.
    pub(crate) detector: Option<String>,
    /// Only those that hold [false].
    pub(crate) open: Option<bool>,
    /// How many, 1 to 200 [50].
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<i64>,
    /// Only alerts older than this one: `next_before` of the page before.
    #[param(minimum = 1)]
    pub(crate) before: Option<i64>,
}

/// One page, and the `before` of the next one while there is more.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertPage {
    pub(crate) alerts: Vec<Alert>,
    pub(crate) next_before: Option<i64>,
}

/// Lists alerts, newest first.
#[utoipa::path(get, path = "/v1/alerts", tag = "drift", params(AlertQuery), responses((status = 200, body = AlertPage)))]
pub async fn alerts(
    session: Session,
    Query(query): Query<AlertQuery>,
) -> Result<axum::Json<AlertPage>, ApiError> {
    let page = Page::new(query.limit, query.before)?;
    expect_detector(&session, query.detector.as_deref()).await?;
    let open = query.open.unwrap_or(false);
    let rows = session.rows(ALERTS, &[&query.detector, &open, &page.before, &page.to_read()]).await?;
    let (alerts, next_before) = page.cut(rows, |last: &Alert| last.alert_id);
    Ok(axum::Json(AlertPage { alerts, next_before }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_an_order_and_an_end() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 5, day);
        let query = |since, until| DriftQuery { since, until, slice_by: None, version: None };
        assert!(Period::try_from(query(day(3), day(3))).is_ok());
        assert!(Period::try_from(query(day(4), day(3))).is_err());
        assert!(Period::try_from(query(NaiveDate::from_ymd_opt(2026, 1, 1), day(3))).is_err());
        let week = Period::try_from(query(None, day(9)));
        assert_eq!(week.ok().map(|period| period.since), day(2));
    }
}
