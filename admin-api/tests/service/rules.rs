//! Rules by the API: written, changed by whoever has seen them, tried, and what they said before.

use botdet_tests::Sql;
use serde_json::{Value, json};

use crate::support::Served;

const RULES: &str = "/v1/detectors/account/rules";

#[test]
fn a_rule_is_written_changed_by_whoever_has_seen_it_and_deleted() {
    let served = Served::populated("rules_api");
    let (reader, admin) = (served.client("rita", "botdet_reader"), served.client("anna", "botdet_admin"));
    let first: i64 = served.database.connect().value("SELECT min(account_id) FROM botdet.account", &[]);
    let address = format!("{RULES}/known_offender");
    let text =
        json!({"condition": format!("account_id = {first}"), "effect": "block", "reason": "convicted"});
    reader.get(&address).problem(404, "not_found");
    reader.json("PUT", &address, &[], &text).problem(403, "forbidden");
    let written = admin.json("PUT", &address, &[], &text);
    let rule = written.with(201);
    assert_eq!(
        (&rule["version"], &rule["changed_by"], &rule["enabled"]),
        (&1.into(), &"anna".into(), &true.into())
    );
    let tag = written.header("etag").expect("it has a tag").to_owned();
    assert_eq!(reader.get(&address).header("etag"), Some(tag.as_str()));

    // Scores ask it at once.
    let score = admin.get(&format!("/v1/scores/{first}")).with(200);
    assert_eq!((&score["stage"], &score["is_bot"]), (&"rules".into(), &true.into()), "{score}");

    let off =
        json!({"condition": "account_id = 0", "effect": "block", "reason": "convicted", "enabled": false});
    admin.json("PUT", &address, &[], &off).problem(428, "precondition_required");
    let changed = admin.json("PUT", &address, &[("if-match", &tag)], &off);
    assert_eq!(changed.with(200)["version"], 2);
    admin.json("PUT", &address, &[("if-match", &tag)], &text).problem(412, "precondition_failed");
    admin.send("DELETE", &address, &[("if-match", &tag)], b"").problem(412, "precondition_failed");
    let now = changed.header("etag").expect("it has a tag");
    admin.send("DELETE", &address, &[("if-match", now)], b"").with(204);
    admin.send("DELETE", &address, &[("if-match", "*")], b"").problem(404, "not_found");
    admin.json("PUT", &address, &[("if-match", now)], &text).problem(404, "not_found");

    // What it said stays, and a new one of this name goes on counting.
    assert_eq!(admin.json("PUT", &address, &[], &text).with(201)["version"], 3);
    let versions = reader.get(&format!("{address}/versions?limit=2")).with(200);
    assert_eq!((&versions["versions"][0]["version"], &versions["next_before"]), (&3.into(), &2.into()));
    let before = reader.get(&format!("{address}/versions?before=2")).with(200);
    assert_eq!((&before["versions"][0]["version"], &before["next_before"]), (&1.into(), &Value::Null));
    reader.get(&format!("{RULES}/charm/versions")).problem(404, "not_found");
    let audit = admin.get("/v1/audit?limit=200").with(200).to_string();
    assert!(audit.contains("known_offender"), "{audit}");
}

#[test]
fn rules_that_come_along_are_switched_off_and_bad_ones_refused() {
    let served = Served::empty("rules_api_shipped");
    let admin = served.client("anna", "botdet_admin");
    let all = admin.get(RULES).with(200);
    let rules = all["rules"].as_array().expect("a list");
    assert!(rules.iter().any(|rule| rule["name"] == "is_new" && rule["shipped"] == true), "{all}");
    admin.get("/v1/detectors/weather/rules").problem(404, "not_found");
    let shipped = admin.send("DELETE", &format!("{RULES}/is_new"), &[("if-match", "*")], b"");
    assert!(shipped.problem(409, "conflict").contains("comes with botdet"));
    let refused = |name: &str, text: Value| {
        admin.json("PUT", &format!("{RULES}/{name}"), &[], &text).problem(422, "unprocessable")
    };
    let rule = |condition: &str| json!({"condition": condition, "reason": "r"});
    let place = refused("new", rule("folowers > 3"));
    assert!(
        place.contains("names folowers at character 1") && place.contains("Perhaps followers is meant"),
        "{place}"
    );
    assert!(refused("new", rule("followers >")).contains("the end at character 12"));
    assert!(refused("new", rule("followers > 'x'")).contains("a text at character 13"));
    assert!(refused("No%20Name", rule("true")).contains("not No Name"));
    let heavy = json!({"condition": "true", "reason": "r", "weight": 1});
    assert_eq!(refused("new", heavy), "weight must be above -1 and below 1, not 1");
    assert!(refused("new", json!({"condition": "true", "reason": "r", "wieght": 1})).contains("wieght"));
    admin.get(&format!("{RULES}/new")).problem(404, "not_found");
}

#[test]
fn a_condition_is_tried_before_it_is_written() {
    let served = Served::empty("rules_api_tried");
    let reader = served.client("rita", "botdet_reader");
    let tried = |condition: &str| {
        let test = json!({"condition": condition, "features": {"followers": 11}});
        reader.post("/v1/detectors/account/condition-tests", &test)
    };
    assert_eq!(tried("followers > 10").with(200)["holds"], true);
    assert_eq!(tried("followers > 11").with(200)["holds"], false);
    assert_eq!(tried("duplicate_rate > 0.5").with(200)["holds"], Value::Null);
    assert!(tried("folowers > 1").problem(422, "unprocessable").contains("folowers"));
}

#[test]
fn what_a_rule_would_catch_is_told() {
    let served = Served::populated("rules_api_catch");
    let (reader, reviewer) =
        (served.client("rita", "botdet_reader"), served.client("rosa", "botdet_reviewer"));
    let address = "/v1/detectors/account/condition-trials";
    let tried = reviewer.post(address, &json!({"condition": "copied_rate >= 0.5", "sample": 100})).with(200);
    let groups = tried["groups"].as_array().expect("a list");
    let among: Vec<&Value> = groups.iter().map(|group| &group["among"]).collect();
    assert_eq!(among, ["labelled bots", "labelled humans", "scored accounts"]);
    assert!(groups[0]["fires"].as_i64() > groups[1]["fires"].as_i64(), "{tried}");
    assert!(groups[0]["examples"].as_array().is_some_and(|some| !some.is_empty()), "{tried}");
    reader.post(address, &json!({"condition": "true"})).problem(403, "forbidden");
    reviewer.post(address, &json!({"condition": "true", "sample": 0})).problem(422, "unprocessable");
    reviewer
        .post("/v1/detectors/spammer/condition-trials", &json!({"condition": "true"}))
        .problem(422, "unprocessable");
    reviewer
        .post("/v1/detectors/weather/condition-trials", &json!({"condition": "true"}))
        .problem(404, "not_found");
}
