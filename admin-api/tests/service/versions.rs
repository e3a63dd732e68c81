//! Versions: registered, looked at, deployed by those who have seen what is there.

use botdet_tests::{Sql, filter_model};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Served};

const DEPLOYMENT: &str = "/v1/detectors/account/deployment";

fn tag(client: &Client) -> String {
    client.get(DEPLOYMENT).header("etag").expect("a deployment has a tag").to_owned()
}

fn change(client: &Client, method: &str, part: &str, tag: &str, body: &Value) -> Answer {
    client.json(method, &format!("{DEPLOYMENT}/{part}"), &[("if-match", tag)], body)
}

#[test]
fn versions_come_in_pages_newest_first() {
    let served = Served::populated("pages");
    let reader = served.client("reader", "botdet_reader");
    let page = |query: &str| {
        let page = reader.get(&format!("/v1/model-versions{query}")).with(200);
        let ids: Vec<i64> = page["model_versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["model_version_id"].as_i64())
            .collect();
        (ids, page["next_before"].as_i64())
    };
    let (all, none) = page("?detector=account");
    assert_eq!((all.len(), none), (2, None));
    assert!(all[0] > all[1]);
    assert_eq!(page("?limit=1"), (vec![all[0]], Some(all[0])));
    assert_eq!(page(&format!("?limit=1&before={}", all[0])), (vec![all[1]], None));
    assert_eq!(page("?detector=spammer"), (vec![], None));
    let one = reader.get(&format!("/v1/model-versions/{}", all[1])).with(200);
    assert!(one["manifest"].is_object() && one["is_champion"] == true, "{one}");
    reader.get("/v1/model-versions/999").problem(404, "not_found");
    for (query, named) in [
        ("limit=0", "limit must be 1 to 200, not 0"),
        ("limit=201", "limit must be 1 to 200, not 201"),
        ("limit=many", "limit"),
        ("before=-1", "before must be a row's number, not -1"),
        ("before=99999999999999999999", "before"),
        ("offset=3", "offset"),
    ] {
        let detail = reader.get(&format!("/v1/model-versions?{query}")).problem(400, "invalid_parameter");
        assert!(detail.contains(named), "{query}: {detail}");
    }
}

#[test]
fn an_artifact_is_registered_once_and_a_damaged_one_never() {
    let served = Served::empty("upload");
    let admin = served.client("anna", "botdet_admin");
    let upload = |body: &[u8]| {
        admin.send(
            "POST",
            "/v1/model-versions?comment=by%20hand",
            &[("content-type", "application/octet-stream")],
            body,
        )
    };
    let first = upload(filter_model());
    let version = first.with(201);
    assert_eq!(
        (version["created_by"].as_str(), version["comment"].as_str()),
        (Some("anna"), Some("by hand"))
    );
    let location = first.header("location").unwrap_or_default().to_owned();
    assert_eq!(admin.get(&location).with(200)["version"], version["version"]);
    assert_eq!(upload(filter_model()).with(200)["model_version_id"], version["model_version_id"]);
    assert_eq!(admin.post(&format!("{location}/validation"), &json!({})).with(200)["passed"], true);

    upload(b"nonsense").problem(422, "unprocessable");
    let mut damaged = filter_model().to_vec();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    assert_eq!(upload(&damaged).status, 422);
    upload(&filter_model()[..middle]).problem(422, "unprocessable");
    admin.post("/v1/model-versions", &json!({})).problem(415, "media_type");
}

#[test]
fn changes_say_what_they_have_seen() {
    let served = Served::populated("tags");
    let admin = served.client("anna", "botdet_admin");
    let versions = admin.get("/v1/model-versions").with(200)["model_versions"].clone();
    let (filter, full) = (versions[0]["version"].clone(), versions[1]["version"].clone());
    let before = tag(&admin);
    let activation = json!({"version": filter});

    admin
        .json("PUT", &format!("{DEPLOYMENT}/champion"), &[], &activation)
        .problem(428, "precondition_required");
    change(&admin, "PUT", "champion", "\"0000\"", &activation).problem(412, "precondition_failed");
    let changed = change(&admin, "PUT", "champion", &before, &activation);
    assert_eq!(changed.with(200)["champion"]["version"], filter);
    assert_eq!(changed.header("etag"), Some(tag(&admin).as_str()));
    change(&admin, "PUT", "champion", &before, &json!({"version": full})).problem(412, "precondition_failed");
    change(&admin, "PUT", "champion", "*", &json!({"version": "nothing"})).problem(404, "not_found");
    let back = change(&admin, "POST", "rollback", &tag(&admin), &json!({"reason": "worse"})).with(200);
    assert_eq!(back["champion"]["version"], full);

    let shadow = change(&admin, "PUT", "challenger", &tag(&admin), &json!({"version": filter})).with(200);
    assert_eq!(shadow["challenger"]["share"], 0.0);
    change(&admin, "PUT", "challenger", "*", &json!({"version": full})).problem(409, "conflict");
    change(&admin, "PUT", "challenger", "*", &json!({"version": filter, "share": 1.5}))
        .problem(422, "unprocessable");
    let split = change(&admin, "PUT", "challenger", "*", &json!({"version": filter, "share": 0.2})).with(200);
    assert_eq!(split["challenger"]["share"], 0.2);
    assert!(change(&admin, "DELETE", "challenger", "*", &json!({})).with(200)["challenger"].is_null());
    assert!(change(&admin, "DELETE", "champion", "*", &json!({})).with(200)["champion"].is_null());
    admin.get("/v1/detectors/nothing/deployment").problem(404, "not_found");

    let actions: Vec<String> = admin.get("/v1/audit?detector=account&limit=6").with(200)["entries"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|entry| entry["actor"] == "anna")
        .filter_map(|entry| entry["action"].as_str().map(str::to_owned))
        .filter(|action| action != "validate")
        .collect();
    assert_eq!(actions[..3], ["deactivate", "withdraw", "split"]);
}

#[test]
fn of_two_who_have_seen_the_same_one_deploys() {
    let served = Served::populated("race");
    let admin = served.client("anna", "botdet_admin");
    let version = admin.get("/v1/model-versions").with(200)["model_versions"][0]["version"].clone();
    let seen = tag(&admin);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| change(&admin, "PUT", "champion", &seen, &json!({"version": version})).status)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it answers")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 5, "{statuses:?}");
}

#[test]
fn performance_comparison_drift_and_audit_can_be_read() {
    let served = Served::populated("reads");
    let admin = served.client("anna", "botdet_admin");
    served.database.connect().run("INSERT INTO botdet.label (account_id, is_bot) SELECT account_id, is_bot FROM botdet.score LIMIT 40 ON CONFLICT DO NOTHING");
    for target in [
        "/v1/detectors",
        "/v1/detectors/account/performance",
        "/v1/detectors/account/performance/estimated",
        "/v1/detectors/account/performance/explored",
        "/v1/detectors/account/fairness?slice_by=age",
        "/v1/detectors/account/comparison",
        "/v1/detectors/account/drift/features?slice_by=region",
        "/v1/detectors/account/drift/predictions?since=2026-01-01&until=2026-01-31",
        "/v1/alerts?open=true",
        "/v1/retraining",
        "/v1/audit?limit=2",
    ] {
        admin.get(target).with(200);
    }
    let first = admin.get("/v1/audit?limit=1").with(200);
    let next = first["next_before"].as_str().expect("there is more");
    let second = admin.get(&format!("/v1/audit?limit=1&before={next}")).with(200);
    assert_ne!(first["entries"][0]["audit_id"], second["entries"][0]["audit_id"]);
    admin.get("/v1/audit?before=nothing").problem(422, "unprocessable");
    admin
        .get("/v1/detectors/account/drift/features?since=2026-01-02&until=2026-01-01")
        .problem(400, "invalid_parameter");
    for target in [
        "/v1/detectors/nobody/performance",
        "/v1/detectors/nobody/comparison",
        "/v1/detectors/nobody/daily",
        "/v1/detectors/nobody/fairness",
        "/v1/detectors/nobody/drift/features",
        "/v1/model-versions?detector=nobody",
        "/v1/reviews?detector=nobody",
        "/v1/jobs?detector=nobody",
        "/v1/alerts?detector=nobody",
        "/v1/flagged?detector=nobody",
    ] {
        let detail = admin.get(target).problem(404, "not_found");
        assert_eq!(detail, "there is no detector nobody", "{target}");
    }
    for (target, wanted) in [
        (
            "/v1/detectors/account/fairness?slice_by=shoe",
            "slice_by must be one of all, region, language, age, not shoe",
        ),
        ("/v1/reviews?state=lost", "state must be one of open, decided, not lost"),
        ("/v1/reviews?limit=many", "limit must be a number, not many"),
        (
            "/v1/detectors/account/drift/features?since=lately",
            "since must be a day such as 2026-01-31, not lately",
        ),
        ("/v1/alerts?open=perhaps", "open must be true or false, not perhaps"),
        ("/v1/accounts/abc/timeline", "the address has abc where a number must be"),
        ("/v1/flagged?after=here", "after must be the next_after of a page, not here"),
    ] {
        assert_eq!(admin.get(target).problem(400, "invalid_parameter"), wanted, "{target}");
    }
}
