//! What is known of an account: its hours, also of bound tables, what is unusual about them, what was said of it.

use botdet_tests::Sql;
use serde_json::json;

use crate::support::Served;

#[test]
fn a_timeline_adds_up_all_tables_that_activity_comes_from() {
    let served = Served::empty("timeline");
    let mut owner = served.database.connect();
    owner.run(
        "CREATE TABLE public.logins (who varchar, at timestamp); CREATE INDEX ON public.logins (who, at);
         SELECT botdet_bind_source('public.logins', 'who', 'at', default_action => 'login');
         GRANT SELECT ON public.logins TO botdet_reviewer;
         INSERT INTO public.logins VALUES ('anna', '2026-05-01 10:05'), ('anna', '2026-05-01 10:59'), ('berta', '2026-05-01 10:00')",
    );
    // Names get their numbers as a transaction commits.
    owner.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action)
         SELECT account_id, timestamptz '2026-05-01 10:30+00', 'post' FROM botdet.account WHERE account_key = 'anna'
         UNION ALL SELECT account_id, 'infinity', 'post' FROM botdet.account WHERE account_key = 'anna'",
    );
    let anna: i64 = owner.value("SELECT account_id FROM botdet.account WHERE account_key = 'anna'", &[]);
    let client = served.client("rosa", "botdet_reviewer");
    let timeline = client.get(&format!("/v1/accounts/{anna}/timeline")).with(200);
    let expected = json!({
        "hours": [{"hour": "2026-05-01T10:00:00Z", "events": 3}],
        "actions": [{"action": "login", "events": 2}, {"action": "post", "events": 1}],
        "unusual": [],
    });
    assert_eq!(timeline, expected);
    let found = client.get("/v1/accounts?account=anna").with(200);
    assert_eq!((&found["account_id"], &found["profile"]["account_key"]), (&json!(anna), &json!("anna")));
    client.get("/v1/accounts?account=nobody").problem(404, "not_found");
    // Rows are read with the rights of whoever asks.
    owner.run("REVOKE SELECT ON public.logins FROM botdet_reviewer");
    client.get(&format!("/v1/accounts/{anna}/timeline")).problem(403, "forbidden");
}

#[test]
fn a_burst_is_found_and_people_are_seldom_called_unusual() {
    let served = Served::populated("unusual");
    let mut owner = served.database.connect();
    let unusual = "SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM botdet_unusual_hours(l.account_id)))
                   FROM botdet.label l WHERE NOT l.is_bot";
    let alarms: i64 = owner.value(unusual, &[]);
    let people: i64 = owner.value("SELECT count(*) FROM botdet.label WHERE NOT is_bot", &[]);
    println!("{alarms} of {people} simulated people have an unusual stretch");
    assert!(alarms * 20 <= people, "{alarms} of {people}");
    let busiest: i64 = owner.value(
        "SELECT account_id FROM botdet.activity GROUP BY 1 ORDER BY count(DISTINCT date_trunc('hour', occurred_at)) DESC LIMIT 1",
        &[],
    );
    owner.run(&format!(
        "INSERT INTO botdet.activity (account_id, occurred_at, action)
         SELECT {busiest}, timestamptz '2025-12-28 03:00+00' + n * interval '10 seconds', 'like' FROM generate_series(1, 300) AS n"
    ));
    let client = served.client("rosa", "botdet_reviewer");
    let found = client.get(&format!("/v1/accounts/{busiest}/timeline")).with(200);
    assert_eq!(found["unusual"][0]["kind"], "burst", "{found}");
    assert_eq!(found["unusual"][0]["from_hour"], "2025-12-28T03:00:00Z", "by the hour that it lies in");
    owner.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action)
         SELECT 900001, timestamptz '2026-01-05' + n * interval '1 hour', 'post' FROM generate_series(0, 30) AS n",
    );
    let found = client.get("/v1/accounts/900001/timeline").with(200);
    assert_eq!(
        (&found["unusual"][0]["kind"], &found["unusual"][0]["events"]),
        (&json!("no pause"), &json!(31))
    );
}

#[test]
fn what_was_said_before_sways_nobody() {
    let served = Served::populated("history");
    let mut owner = served.database.connect();
    owner.run(
        "DELETE FROM botdet.label; INSERT INTO botdet.feedback_setting (detector, second_review_share) VALUES ('account', 0);
         SELECT botdet_appeal(3, 'it is me')",
    );
    let (anna, carla) = (served.client("anna", "botdet_reviewer"), served.client("carla", "botdet_admin"));
    let history =
        |client: &crate::support::Client| client.get("/v1/accounts/3/labels").with(200)["labels"].clone();
    let claim = anna.post("/v1/reviews/claims", &json!({})).with(200);
    let review = claim["reviews"][0]["review_id"].as_i64().unwrap_or_default();
    let seen = anna.get(&format!("/v1/reviews/{review}")).with(200);
    assert_eq!((&seen["is_mine"], &seen["note"]), (&json!(true), &json!("it is me")));
    assert_eq!(anna.get("/v1/reviews/claims").with(200)["reviews"][0]["review_id"], review);
    let decision = json!({"is_bot": false, "reason": "content"});
    anna.post(&format!("/v1/reviews/{review}/decision"), &decision).with(201);
    let said = history(&anna);
    assert_eq!(
        (&said[0]["labelled_by"], &said[0]["reason"], &said[0]["holds"]),
        (&json!("anna"), &json!("content"), &json!(true))
    );
    // Somebody is to look again without knowing that.
    owner.run("INSERT INTO botdet.review (account_id, detector, why, priority) VALUES (3, 'account', 'second', 2.5)");
    assert_eq!(history(&anna), json!([]));
    assert_eq!(history(&carla).as_array().map(Vec::len), Some(1), "administrators see it");
    owner.run("UPDATE botdet.review SET why = 'appeal' WHERE state = 'open'");
    assert_eq!(history(&anna).as_array().map(Vec::len), Some(1), "an appeal is about it");
    owner.run("UPDATE botdet.label SET is_bot = true, labelled_at = now() WHERE account_id = 3");
    let said = history(&anna);
    assert_eq!(said.as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!((&said[0]["holds"], &said[1]["holds"]), (&json!(true), &json!(false)));
}
