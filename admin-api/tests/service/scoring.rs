//! Scores and predictions.

use botdet_tests::{Sql, TestDatabase};
use serde_json::{Value, json};

use crate::support::Served;

fn user(id: &str) -> Value {
    json!({
        "user_id": id, "posting_cadence": 300, "posting_cadence_std": 10, "burst_score": 0.1, "circadian_entropy": 0.99,
        "active_hours": 24, "action_diversity": 0.2, "typo_rate": 0, "session_duration_mean": 60, "session_duration_std": 5,
        "device_diversity": 1, "content_length_mean": 80, "content_length_std": 2, "content_length_variance": 4,
        "duplicate_rate": 0.9, "content_diversity": 1.1, "follower_following_ratio": 0.01, "account_age_days": 12,
        "is_verified": false, "profile_completeness": 0.2, "followers": 10, "following": 1000
    })
}

#[test]
fn predictions_have_the_fields_of_the_usual_service() {
    let served = Served::populated("predict");
    let scorer = served.client("scorer", "botdet_scorer");
    assert_eq!(scorer.get("/health").with(200)["status"], "healthy");

    let found = scorer.post("/predict", &user("u1")).with(200);
    assert_eq!(found["user_id"], "u1");
    let probability = found["bot_probability"].as_f64().expect("there is a probability");
    assert_eq!(found["is_bot"], i32::from(probability >= 0.5), "{found}");
    let interval: Vec<f64> =
        found["confidence_interval"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    assert!(interval.len() == 2 && interval[0] <= probability && probability <= interval[1], "{found}");
    assert!(
        found["confidence"].is_f64() && found["anomaly_score"].is_f64() && found["is_anomaly"].is_boolean(),
        "{found}"
    );
    assert!(found["model_version"].is_string() && found["prediction_timestamp"].is_string(), "{found}");
    assert!(["filter", "trees"].contains(&found["stage"].as_str().unwrap_or_default()), "{found}");

    let batch = json!({"users": [user("a"), user("b")], "return_confidence_interval": true, "return_anomaly_score": false});
    let found = scorer.post("/predict_batch", &batch).with(200);
    let predictions = found["predictions"].as_array().expect("there are predictions");
    assert_eq!(predictions.iter().map(|one| one["user_id"].clone()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(
        predictions[0]["confidence_interval"].is_array() && predictions[0].get("anomaly_score").is_none()
    );
    assert_eq!(predictions[0]["bot_probability"], probability);
    scorer.post("/predict_batch", &json!({"users": []})).with(200);
}

#[test]
fn predictions_name_what_is_wrong_with_a_request() {
    let served = Served::populated("unfit");
    let scorer = served.client("scorer", "botdet_scorer");
    let mut lacking = user("u1");
    lacking.as_object_mut().expect("it is an object").remove("typo_rate");
    let detail = scorer.post("/predict", &lacking).problem(422, "unprocessable");
    assert!(detail.contains("typo_rate"), "{detail}");
    let mut wrong = user("u1");
    wrong["typo_rate"] = json!("often");
    scorer.post("/predict", &wrong).problem(422, "unprocessable");
    scorer
        .send("POST", "/predict", &[("content-type", "application/json")], b"{")
        .problem(400, "invalid_body");
    scorer.send("POST", "/predict", &[], b"{}").problem(415, "media_type");
    let many = json!({"users": vec![user("u"); 10_001]});
    let detail = scorer.post("/predict_batch", &many).problem(422, "unprocessable");
    assert!(detail.contains("10000") && detail.contains("10001"), "{detail}");
    served.service.stranger().post("/predict", &user("u1")).problem(401, "unauthorized");
}

#[test]
fn predictions_take_no_token_where_they_are_open() {
    let served = Served::new(TestDatabase::new("open"), &["--open-predictions"]);
    let stranger = served.service.stranger();
    assert_eq!(stranger.post("/predict", &user("u1")).with(200)["stage"], "rules");
    stranger.post("/v1/scores", &json!({"features": {}})).problem(401, "unauthorized");
    stranger.get("/v1/detectors").problem(401, "unauthorized");
}

#[test]
fn scores_are_those_of_the_database() {
    let served = Served::populated("scores");
    let scorer = served.client("scorer", "botdet_scorer");
    let mut owner = served.database.connect();
    let (account, probability, version): (i64, f64, String) = {
        let row = owner.query_one(
            "SELECT s.account_id, s.bot_probability, s.model_version FROM botdet.account a, botdet_score(a.account_id) AS s
             ORDER BY a.account_id LIMIT 1",
            &[],
        );
        let row = row.expect("there is an account");
        (row.get(0), row.get(1), row.get(2))
    };
    let one = scorer.get(&format!("/v1/scores/{account}")).with(200);
    assert_eq!(one["bot_probability"], probability);
    assert_eq!(one["model_version"], version);
    let key: String =
        owner.value("SELECT account_key FROM botdet.account WHERE account_id = $1", &[&account]);
    assert_eq!(scorer.get(&format!("/v1/scores?account_key={key}")).with(200)["account_id"], account);
    let batch = scorer.post("/v1/scores/batch", &json!({"account_ids": [account, 999_999_999]})).with(200);
    assert_eq!(batch["scores"][0]["bot_probability"], probability);
    assert_eq!(batch["scores"][1]["stage"], "none");

    let features = scorer.get(&format!("/v1/accounts/{account}/features")).with(200)["features"].clone();
    let row = scorer.post("/v1/scores", &json!({"features": features})).with(200);
    assert_eq!(
        scorer.post("/v1/scores/batch", &json!({"rows": [features]})).with(200)["scores"][0]["bot_probability"],
        row["bot_probability"]
    );
    for explained in [
        scorer.get(&format!("/v1/accounts/{account}/explanation")),
        scorer.post("/v1/explanations", &json!({"features": features})),
    ] {
        let parts = explained.with(200)["parts"].as_array().map(Vec::len);
        assert!(parts.is_some_and(|parts| parts > 20), "{parts:?}");
    }
}

#[test]
fn a_batch_of_numbers_is_judged_by_the_detector_that_is_asked() {
    let served = Served::populated("batch_detector");
    let mut owner = served.database.connect();
    owner.run(
        "INSERT INTO botdet.engagement_hourly (account_id, hour, views, likes)
         SELECT 7, timestamptz '2026-01-01 00:00+00' + n * interval '1 hour', 100, CASE WHEN n BETWEEN 300 AND 303 THEN 9000 ELSE 10 END
         FROM generate_series(0, 335) n",
    );
    let scorer = served.client("scorer", "botdet_scorer");
    let batch = |detector: &str| {
        let body = json!({"detector": detector, "account_ids": [7, 999_999]});
        scorer.post("/v1/scores/batch", &body).with(200)["scores"].clone()
    };
    for detector in ["account", "engagement"] {
        let probability: f64 =
            owner.value("SELECT (botdet_score($1, 7::bigint)).bot_probability", &[&detector]);
        assert_eq!(batch(detector)[0]["bot_probability"], json!(probability), "{detector}");
        assert_eq!(batch(detector)[1]["stage"], "none", "{detector}");
    }
    let rows = json!({"detector": "spammer", "account_ids": [7]});
    let detail = scorer.post("/v1/scores/batch", &rows).problem(404, "not_found");
    assert!(detail.contains("spammer does not judge what has a number"), "{detail}");
}

#[test]
fn what_cannot_be_scored_is_named() {
    let served = Served::populated("unscorable");
    let scorer = served.client("scorer", "botdet_scorer");
    for target in [
        "/v1/scores/999999999",
        "/v1/accounts/999999999/features",
        "/v1/accounts/999999999/explanation",
        "/v1/scores?account_key=nobody",
    ] {
        let detail = scorer.get(target).problem(404, "not_found");
        assert!(detail.contains("999999999") || detail.contains("nobody"), "{detail}");
    }
    scorer.get("/v1/scores/one").problem(400, "invalid_parameter");
    scorer.get("/v1/scores?key=1").problem(400, "invalid_parameter");
    scorer.get("/v1/scores?account_key=a%00b").problem(422, "unprocessable");
    scorer.post("/v1/scores", &json!({"detector": "nothing", "features": {}})).problem(404, "not_found");
    scorer.post("/v1/scores", &json!({"features": {"active_hours": "\u{0}"}})).problem(422, "unprocessable");
    scorer.post("/v1/scores", &json!({"features": {"active_hours": 1e300}})).problem(422, "unprocessable");
    scorer.post("/v1/scores", &json!({"features": {"actve_hours": 1}})).problem(422, "unprocessable");
    scorer.post("/v1/scores/batch", &json!({})).problem(422, "unprocessable");
    scorer.post("/v1/scores/batch", &json!({"account_ids": vec![1; 10_001]})).problem(422, "unprocessable");
    scorer.post("/v1/scores/batch", &json!({"account_ids": [1], "rows": []})).problem(422, "unprocessable");
}
