//! Tokens, roles, and in whose name things are done.

use std::process::Command;

use botdet_tests::{Sql, TestDatabase};
use serde_json::json;

use crate::support::{Served, url};

#[test]
fn a_token_is_asked_for_and_must_hold() {
    let served = Served::empty("tokens");
    let missing = served.service.stranger().get("/v1/detectors");
    missing.problem(401, "unauthorized");
    assert_eq!(missing.header("www-authenticate"), Some("Bearer"));
    served.service.client("secret").get("/v1/detectors").problem(401, "unauthorized");
    served
        .service
        .client(&format!("botdet_{}", "0".repeat(64)))
        .get("/v1/detectors")
        .problem(401, "unauthorized");

    let token = served.token("anna", "botdet_reader");
    let anna = served.service.client(&token);
    anna.get("/v1/detectors").with(200);
    let mut owner = served.database.connect();
    owner.run("UPDATE botdet.api_token SET expires_at = now()");
    anna.get("/v1/detectors").problem(401, "unauthorized");

    let berta = served.client("berta", "botdet_reader");
    berta.get("/v1/detectors").with(200);
    assert!(owner.value::<bool>("SELECT botdet_revoke_token(max(token_id)) FROM botdet.api_token", &[]));
    berta.get("/v1/detectors").problem(401, "unauthorized");
}

#[test]
fn wrong_tokens_are_soon_not_looked_up_any_more() {
    let served = Served::empty("guesses");
    let stranger = served.service.client(&format!("botdet_{}", "1".repeat(64)));
    let refused = (0..60).map(|_| stranger.get("/v1/detectors")).find(|answer| answer.status != 401);
    let refused = refused.expect("there is an end to it");
    refused.problem(429, "too_many_requests");
    assert!(refused.header("retry-after").is_some());
}

#[test]
fn each_token_has_its_rate() {
    let served = Served::new(TestDatabase::new("rate"), &["--rate", "1", "--burst", "3"]);
    let (anna, berta) = (served.client("anna", "botdet_reader"), served.client("berta", "botdet_reader"));
    let statuses: Vec<u16> = (0..4).map(|_| anna.get("/v1/detectors").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let refused = anna.get("/v1/detectors");
    refused.problem(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), Some("1"));
    berta.get("/v1/detectors").with(200);
}

#[test]
fn a_role_may_do_through_the_service_what_it_may_in_the_database() {
    let served = Served::populated("api_roles");
    let clients = ["botdet_reader", "botdet_scorer", "botdet_reviewer", "botdet_admin"]
        .map(|role| served.client(role, role));
    let reads = [
        ("/v1/model-versions", [200, 200, 200, 200]),
        ("/v1/detectors/account/deployment", [200, 200, 200, 200]),
        ("/v1/reviews", [200, 200, 200, 200]),
        ("/v1/retraining", [200, 200, 200, 200]),
        ("/v1/alerts", [200, 200, 200, 200]),
        ("/v1/scores/1", [403, 200, 200, 200]),
        ("/v1/accounts/1/explanation", [403, 200, 200, 200]),
        ("/v1/reviewers", [403, 403, 403, 200]),
        ("/v1/audit", [403, 403, 403, 200]),
    ];
    for (target, expected) in reads {
        let found: Vec<u16> = clients.iter().map(|client| client.get(target).status).collect();
        assert_eq!(found, expected, "{target}");
    }
    let writes = [
        ("/v1/reviews/claims", json!({}), [403, 403, 200, 200]),
        ("/v1/labels", json!({"account_id": 1, "is_bot": true}), [403, 403, 200, 200]),
        ("/v1/appeals", json!({"account_id": 1, "note": "not me"}), [403, 201, 201, 201]),
        ("/v1/detectors/account/retraining", json!({"reason": "new bots"}), [403, 403, 403, 202]),
        ("/v1/model-versions/1/validation", json!({}), [403, 403, 403, 200]),
    ];
    for (target, body, expected) in writes {
        let found: Vec<u16> = clients.iter().map(|client| client.post(target, &body).status).collect();
        assert_eq!(found, expected, "{target}");
    }
    clients[0].get("/v1/audit").problem(403, "forbidden");
}

#[test]
fn what_is_done_is_signed_by_the_holder_of_the_token() {
    let served = Served::populated("actors");
    let label = served
        .client("anna", "botdet_reviewer")
        .post("/v1/labels", &json!({"account_id": 3, "is_bot": true}));
    assert_eq!(label.with(200)["labelled_by"], "anna");
    let admin = served.client("berta", "botdet_admin");
    admin.post("/v1/detectors/account/retraining", &json!({"reason": "asked for"})).with(202);
    let newest = &admin.get("/v1/audit?limit=1").with(200)["entries"][0];
    assert_eq!(
        (newest["actor"].as_str(), newest["action"].as_str()),
        (Some("berta"), Some("request retraining"))
    );
}

#[test]
fn nobody_but_the_service_is_believed_about_who_acts() {
    let mut served = Served::populated("names");
    let login = served.database.role("impostor");
    served.database.connect().run(&format!("GRANT botdet_admin TO {login}"));
    let mut impostor = served.database.connect_as(&login);
    impostor.run("SET botdet.actor = 'anna'");
    assert_eq!(impostor.value::<String>("SELECT botdet.actor()", &[]), login);
    impostor.run("DELETE FROM botdet.label WHERE account_id = 5");
    impostor.run("INSERT INTO botdet.label (account_id, is_bot) VALUES (5, true)");
    let signed: String = impostor.value("SELECT labelled_by FROM botdet.label WHERE account_id = 5", &[]);
    assert_eq!(signed, login);
    for statement in [
        "SELECT * FROM botdet_create_token('anna', 'botdet_admin')",
        "SELECT * FROM botdet.check_token('\\x00')",
        "SELECT sha256 FROM botdet.api_token",
        "SELECT * FROM botdet.kept_answer",
        "SET ROLE botdet_service",
    ] {
        assert_eq!(impostor.refused(statement).code, "42501", "{statement}");
    }

    // The service's login has rights only as somebody, and cannot review as somebody else than it says.
    let mut service = served.database.connect_as(&served.login);
    assert_eq!(service.refused("SELECT * FROM botdet.model_versions").code, "42501");
    service.run("BEGIN; SET LOCAL ROLE botdet_admin; SET LOCAL botdet.actor = 'anna'");
    assert_eq!(service.value::<String>("SELECT botdet.actor()", &[]), "anna");
    let refused = service.refused("SELECT * FROM botdet_claim_review(reviewer => 'berta')");
    assert_eq!(refused.code, "42501", "{}", refused.message);
    service.run("ROLLBACK");
    assert_eq!(service.value::<String>("SELECT botdet.actor()", &[]), served.login);
}

#[test]
fn four_eyes_are_those_of_two_holders() {
    let served = Served::populated("four_eyes");
    served.database.connect().run("UPDATE botdet.model_version SET created_by = 'anna'");
    let (anna, berta) = (served.client("anna", "botdet_admin"), served.client("berta", "botdet_admin"));
    let detail = anna.post("/v1/model-versions/1/approval", &json!({})).problem(403, "forbidden");
    assert!(detail.contains("anna"), "{detail}");
    assert_eq!(berta.post("/v1/model-versions/1/approval", &json!({})).with(200)["approved_by"], "berta");
}

#[test]
fn the_program_makes_lists_and_revokes_tokens() {
    let served = Served::empty("command");
    let program = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_botdet-admin-api"))
            .env("DATABASE_URL", url(&served.database.config(), &served.login))
            .arg("token")
            .args(arguments)
            .output()
            .expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (made, token, _) = program(&["create", "anna", "--role", "botdet_scorer", "--days", "7"]);
    assert!(made && token.starts_with("botdet_") && token.len() == 71, "{token}");
    served.service.client(&token).get("/v1/detectors").with(200);
    let (_, list, _) = program(&["list"]);
    assert!(list.contains("holds") && list.contains("anna") && !list.contains(&token), "{list}");
    let id = list.split_whitespace().next().unwrap_or_default().to_owned();
    assert!(program(&["revoke", &id]).0);
    served.service.client(&token).get("/v1/detectors").problem(401, "unauthorized");
    assert!(program(&["list"]).1.contains("revoked"));
    let (made, _, complaint) = program(&["create", ""]);
    assert!(!made && complaint.contains("holder"), "{complaint}");
}
