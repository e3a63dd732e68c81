//! Reviews by HTTP, also by many at once, and requests that are sent again.

use std::collections::BTreeSet;

use botdet_tests::Sql;
use serde_json::{Value, json};

use crate::support::{Client, Served};

fn claim(client: &Client, limit: i32) -> Vec<i64> {
    let claimed = client.post("/v1/reviews/claims", &json!({"limit": limit})).with(200);
    claimed["reviews"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|review| review["review_id"].as_i64())
        .collect()
}

#[test]
fn a_review_is_claimed_and_decided_once() {
    let served = Served::populated("reviews");
    served.database.connect().run("DELETE FROM botdet.label; SELECT botdet_fill_review_queue('account', 60)");
    let (anna, berta) = (served.client("anna", "botdet_reviewer"), served.client("berta", "botdet_reviewer"));
    let waiting = anna.get("/v1/reviews/status").with(200);
    assert!(waiting["queue"].as_array().is_some_and(|queue| !queue.is_empty()), "{waiting}");
    let ids = claim(&anna, 3);
    assert_eq!(ids.len(), 3);
    let decision = json!({"is_bot": true, "reason": "timing", "note": "every five minutes"});
    berta.post(&format!("/v1/reviews/{}/decision", ids[0]), &decision).problem(409, "conflict");
    anna.post(&format!("/v1/reviews/{}/decision", ids[0]), &json!({"is_bot": true, "reason": ""}))
        .problem(422, "unprocessable");
    assert!(
        anna.post(&format!("/v1/reviews/{}/decision", ids[0]), &decision).with(201)["decision_id"].is_i64()
    );
    anna.post(&format!("/v1/reviews/{}/decision", ids[0]), &decision).problem(409, "conflict");
    anna.post(&format!("/v1/reviews/{}/skip", ids[1]), &json!({})).with(204);
    anna.post(&format!("/v1/reviews/{}/escalation", ids[2]), &json!({"note": "hard"})).with(204);
    anna.post("/v1/reviews/999999/decision", &decision).problem(404, "not_found");
    anna.post("/v1/reviews/claims", &json!({"limit": 0})).problem(422, "unprocessable");
    anna.post("/v1/reviews/claims", &json!({"lease_seconds": 1e300})).problem(422, "unprocessable");

    let appealed = anna.post("/v1/appeals", &json!({"account_id": 3, "note": "it is me"})).with(201);
    let admin = served.client("carla", "botdet_admin");
    assert!(claim(&admin, 2).contains(&ids[2]), "what is escalated comes first");
    let list = admin.get("/v1/reviews?state=open&limit=200").with(200);
    let listed = list["reviews"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one["review_id"] == appealed["review_id"]));
    assert!(listed && !list.to_string().contains("claimed_by"), "{list}");
    assert_eq!(admin.get("/v1/reviews/statistics").with(200)["days"][0]["decisions"], 1);
    admin.get("/v1/reviewers").with(200);
}

#[test]
fn fifty_claimants_never_get_the_same_review() {
    let served = Served::populated("claimants");
    let mut owner = served.database.connect();
    // More accounts than the simulation has.
    owner.run(
        "INSERT INTO botdet.review (account_id, detector, why, priority)
         SELECT 100000 + n, 'account', 'action', 1 + n / 1e6 FROM generate_series(1, 1000) AS n",
    );
    let claimed: Vec<Vec<i64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|n| {
                let client = served.client(&format!("reviewer {n}"), "botdet_reviewer");
                scope.spawn(move || {
                    let mut mine = Vec::new();
                    loop {
                        let ids = claim(&client, 5);
                        if ids.is_empty() {
                            return mine;
                        }
                        for id in &ids {
                            let decision = json!({"is_bot": id % 2 == 0, "reason": "timing"});
                            client.post(&format!("/v1/reviews/{id}/decision"), &decision).with(201);
                        }
                        mine.extend(ids);
                    }
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a claimant ends well")).collect()
    });
    let all: BTreeSet<i64> = claimed.iter().flatten().copied().collect();
    assert_eq!(claimed.iter().map(Vec::len).sum::<usize>(), all.len(), "nothing was handed out twice");
    assert!(all.len() >= 1000, "{}", all.len());
    let decided: i64 = owner.value("SELECT count(*) FROM botdet.review_decision", &[]);
    assert_eq!(decided as usize, all.len());
}

#[test]
fn a_post_that_is_sent_again_is_done_once() {
    let served = Served::populated("again");
    served.database.connect().run("DELETE FROM botdet.label; SELECT botdet_fill_review_queue('account', 60)");
    let anna = served.client("anna", "botdet_reviewer");
    let send =
        |key: &str, body: &Value| anna.json("POST", "/v1/reviews/claims", &[("idempotency-key", key)], body);
    let first = send("k1", &json!({"limit": 2}));
    let again = send("k1", &json!({"limit": 2}));
    assert_eq!(first.with(200), again.with(200));
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_ne!(send("k2", &json!({"limit": 2})).with(200), first.with(200), "another key is another request");
    send("k1", &json!({"limit": 3})).problem(422, "other_request");
    anna.json("POST", "/v1/appeals", &[("idempotency-key", "k1")], &json!({"limit": 2}))
        .problem(422, "other_request");
    send(&"k".repeat(256), &json!({})).problem(400, "invalid_parameter");
    // What failed was not done, and may be tried again.
    send("k3", &json!({"limit": 0})).problem(422, "unprocessable");
    send("k3", &json!({"limit": 1})).with(200);
    // Keys are those of their token.
    let berta = served.client("berta", "botdet_reviewer");
    let hers = berta.json("POST", "/v1/reviews/claims", &[("idempotency-key", "k1")], &json!({"limit": 2}));
    assert_eq!(hers.header("idempotency-replayed"), None);

    let mut service = served.database.connect_as(&served.login);
    service.run("BEGIN; SELECT * FROM botdet.find_answer(1, 'k9', '\\x00')");
    let waiting = send("k9", &json!({"limit": 1}));
    waiting.problem(409, "in_progress");
    assert_eq!(waiting.header("retry-after"), Some("1"));
    service.run("ROLLBACK");
    send("k9", &json!({"limit": 1})).with(200);
}
