//! `POST /predict` and `/predict_batch`, as clients of the usual Python service send and expect them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::scores::{self, Score, check_size};
use crate::error::ApiError;
use crate::extract::Json;
use crate::session::Session;

/// The 21 core features of an account, all of them. Their meaning and units are those of `botdet.feature_catalog`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct CoreFeatures {
    posting_cadence: f64,
    posting_cadence_std: f64,
    burst_score: f64,
    circadian_entropy: f64,
    active_hours: f64,
    action_diversity: f64,
    typo_rate: f64,
    session_duration_mean: f64,
    session_duration_std: f64,
    device_diversity: f64,
    content_length_mean: f64,
    content_length_std: f64,
    content_length_variance: f64,
    duplicate_rate: f64,
    content_diversity: f64,
    follower_following_ratio: f64,
    account_age_days: f64,
    #[serde(deserialize_with = "number_or_bool")]
    #[schema(schema_with = number_or_bool_schema)]
    is_verified: f64,
    profile_completeness: f64,
    followers: f64,
    following: f64,
}

fn number_or_bool<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "is_verified must be true, false or a number")]
    enum NumberOrBool {
        Bool(bool),
        Number(f64),
    }
    NumberOrBool::deserialize(deserializer).map(|value| match value {
        NumberOrBool::Bool(value) => f64::from(u8::from(value)),
        NumberOrBool::Number(value) => value,
    })
}

fn number_or_bool_schema() -> utoipa::openapi::Schema {
    use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
    OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Boolean))
        .item(ObjectBuilder::new().schema_type(Type::Number))
        .into()
}

/// Whose features they are: whatever the client calls them by, given back as it came.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "user_id must be a text or a whole number")]
pub enum UserId {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// One account to judge.
#[derive(Debug, Deserialize, ToSchema)]
pub struct User {
    user_id: Option<UserId>,
    #[serde(flatten)]
    features: CoreFeatures,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct Prediction {
    user_id: Option<UserId>,
    /// Probability of being a bot, 0 to 1.
    bot_probability: f64,
    /// 1 for a bot, else 0.
    is_bot: u8,
    /// Probability of the answer that is_bot gives.
    confidence: f64,
    /// Share of the training accounts that are less unusual, 0 to 1; null without an anomaly model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    anomaly_score: Option<Option<f64>>,
    /// Whether it is more unusual than the contamination allows; null without an anomaly model.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    is_anomaly: Option<Option<bool>>,
    /// Lower and upper end of the 95 % interval of bot_probability; null for rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<[f64; 2]>)]
    confidence_interval: Option<Option<[f64; 2]>>,
    prediction_timestamp: DateTime<Utc>,
    /// Version that answered; null for rules.
    model_version: Option<String>,
    /// What decided: rules, filter or trees.
    stage: String,
}

impl Prediction {
    fn new(user_id: Option<UserId>, score: Score, interval: bool, anomaly: bool) -> Result<Self, ApiError> {
        let missing = ApiError::Internal("features have no probability");
        let (Some(bot_probability), Some(is_bot), Some(confidence)) =
            (score.bot_probability, score.is_bot, score.confidence)
        else {
            return Err(missing);
        };
        let ends = score.probability_low.zip(score.probability_high).map(|(low, high)| [low, high]);
        Ok(Self {
            user_id,
            bot_probability,
            is_bot: u8::from(is_bot),
            confidence,
            anomaly_score: anomaly.then_some(score.anomaly_score),
            is_anomaly: anomaly.then_some(score.is_anomaly),
            confidence_interval: interval.then_some(ends),
            prediction_timestamp: score.scored_at,
            model_version: score.model_version,
            stage: score.stage,
        })
    }
}

/// Judges one account by its 21 core features.
#[utoipa::path(post, path = "/predict", tag = "predictions", request_body = User, responses((status = 200, body = Prediction)))]
pub async fn predict(session: Session, Json(user): Json<User>) -> Result<axum::Json<Prediction>, ApiError> {
    let mut predictions = judge(&session, vec![user], true, true).await?;
    predictions.pop().map(axum::Json).ok_or(ApiError::Internal("an account has no prediction"))
}

/// Many accounts to judge.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Users {
    /// Up to 10,000.
    users: Vec<User>,
    /// Whether answers have confidence_interval.
    #[serde(default = "yes")]
    #[schema(default = true)]
    return_confidence_interval: bool,
    /// Whether answers have anomaly_score and is_anomaly.
    #[serde(default = "yes")]
    #[schema(default = true)]
    return_anomaly_score: bool,
}

fn yes() -> bool {
    true
}

/// What was found, in the order of the accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Predictions {
    predictions: Vec<Prediction>,
}

/// Judges up to 10,000 accounts by their 21 core features.
#[utoipa::path(post, path = "/predict_batch", tag = "predictions", request_body = Users,
    responses((status = 200, body = Predictions)))]
pub async fn predict_batch(
    session: Session,
    Json(batch): Json<Users>,
) -> Result<axum::Json<Predictions>, ApiError> {
    check_size(batch.users.len())?;
    let predictions =
        judge(&session, batch.users, batch.return_confidence_interval, batch.return_anomaly_score).await?;
    Ok(axum::Json(Predictions { predictions }))
}

async fn judge(
    session: &Session,
    users: Vec<User>,
    interval: bool,
    anomaly: bool,
) -> Result<Vec<Prediction>, ApiError> {
    let (ids, rows): (Vec<_>, Vec<_>) =
        users.into_iter().map(|user| (user.user_id, by_name(&user.features))).unzip();
    let scores = scores::of_rows(session, scores::ACCOUNT, rows).await?;
    ids.into_iter().zip(scores).map(|(id, score)| Prediction::new(id, score, interval, anomaly)).collect()
}

fn by_name(features: &CoreFeatures) -> Map<String, Value> {
    match serde_json::to_value(features) {
        Ok(Value::Object(features)) => features,
        // A struct of numbers is an object.
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_one_core_features_and_all_are_asked_for() {
        let mut object: Map<String, Value> = botdet_core().map(|name| (name, 0.5.into())).collect();
        object.insert("is_verified".to_owned(), true.into());
        object.insert("user_id".to_owned(), "ann".into());
        let user: User = serde_json::from_value(Value::Object(object.clone()))
            .unwrap_or_else(|error| unreachable!("{error}"));
        let named = by_name(&user.features);
        assert_eq!((named.len(), named["is_verified"].as_f64()), (21, Some(1.0)));
        for name in botdet_core() {
            let mut lacking = object.clone();
            lacking.remove(&name);
            assert!(serde_json::from_value::<User>(Value::Object(lacking)).is_err(), "{name}");
        }
    }

    fn botdet_core() -> impl Iterator<Item = String> {
        "posting_cadence posting_cadence_std burst_score circadian_entropy active_hours action_diversity typo_rate \
         session_duration_mean session_duration_std device_diversity content_length_mean content_length_std \
         content_length_variance duplicate_rate content_diversity follower_following_ratio account_age_days is_verified \
         profile_completeness followers following"
            .split_whitespace()
            .map(str::to_owned)
    }
}
