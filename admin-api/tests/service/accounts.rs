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
fn what_an_account_wrote_is_shown_to_those_who_may_read_it() {
    let served = Served::empty("events");
    let mut owner = served.database.connect();
    owner.run(
        "CREATE TABLE public.notes (who uuid, at timestamptz, words text); CREATE INDEX ON public.notes (who, at);
         CREATE TABLE public.posts (who text, at timestamptz, words text, about text); CREATE INDEX ON public.posts (who, at);
         SELECT botdet_bind_source('public.notes', 'who', 'at', content => 'words');
         SELECT botdet_bind_source('public.posts', 'who', 'at', content => 'words', target => 'about', default_action => 'post', shared => true);
         GRANT SELECT ON public.posts, public.notes TO botdet_reviewer;
         INSERT INTO public.posts VALUES ('anna', '2026-05-01 10:05', 'first', 'shoes'), ('anna', '2026-05-01 10:06', 'second', NULL);
         INSERT INTO public.notes VALUES ('00000000-0000-4000-8000-000000000001', '2026-05-02', 'a note')",
    );
    owner.run("UPDATE botdet.account SET username = 'Anna B.' WHERE account_key = 'anna'");
    let client = served.client("rosa", "botdet_reviewer");
    let number = |name: &str| {
        let found = client.get(&format!("/v1/accounts?account={name}")).with(200);
        found["account_id"].as_i64().expect("it is a number")
    };
    let anna = number("Anna%20B.");
    let event = |text: &str, target: Option<&str>, minute: i32| {
        json!({"occurred_at": format!("2026-05-01T10:0{minute}:00Z"), "action": "post", "content": text, "device": null,
               "target": target, "country": null})
    };
    let latest = |limit: i32| {
        client.get(&format!("/v1/accounts/{anna}/events?limit={limit}")).with(200)["events"].clone()
    };
    assert_eq!(latest(9), json!([event("second", None, 6), event("first", Some("shoes"), 5)]));
    assert_eq!(latest(1), json!([event("second", None, 6)]));
    let noted = number("00000000-0000-4000-8000-000000000001");
    assert_eq!(
        client.get(&format!("/v1/accounts/{noted}/events")).with(200)["events"][0]["content"],
        "a note"
    );
    // A column that the caller may not read is as one that is not there.
    owner.run("REVOKE SELECT ON public.posts FROM botdet_reviewer; GRANT SELECT (who, at) ON public.posts TO botdet_reviewer");
    assert_eq!(latest(1)[0]["content"], json!(null));
    client.get(&format!("/v1/accounts/{anna}/timeline")).with(200);
    client.get(&format!("/v1/accounts/{anna}/events?limit=0")).problem(422, "unprocessable");
    served
        .client("otto", "botdet_reader")
        .get(&format!("/v1/accounts/{anna}/events"))
        .problem(403, "forbidden");
}

#[test]
fn what_is_called_a_bot_comes_page_by_page() {
    let served = Served::populated("flagged");
    let client = served.client("otto", "botdet_reader");
    let mut owner = served.database.connect();
    let wanted: Vec<i64> = owner.column(
        "SELECT account_id FROM botdet.score WHERE is_bot ORDER BY bot_probability DESC, account_id DESC",
        &[],
    );
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/flagged?limit=7{after}")).with(200);
        found.extend(
            page["flagged"].as_array().into_iter().flatten().filter_map(|one| one["account_id"].as_i64()),
        );
        match page["next_after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert!(found.len() > 14 && found == wanted, "{found:?} {wanted:?}");
    let nothing = client.get("/v1/flagged?action=automatic&detector=spammer").with(200);
    assert_eq!(nothing["flagged"], json!([]));
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
