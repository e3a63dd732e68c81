//! Running it: health, limits, figures, a database that goes away, the program from start to stop.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use botdet_tests::{OwnServer, Sql, TestDatabase};
use serde_json::json;

use crate::support::{Client, NOWHERE, Served, Service, url};

#[test]
fn health_needs_the_database_only_for_readiness() {
    let service = Service::start(NOWHERE, &[]);
    let client = service.stranger();
    assert_eq!(client.get("/livez").with(200)["status"], "live");
    let ready = client.get("/readyz");
    ready.problem(503, "database_unreachable");
    assert_eq!(ready.header("retry-after"), Some("1"));
    let token = format!("botdet_{}", "0".repeat(64));
    service.client(&token).get("/v1/detectors").problem(503, "database_unreachable");
    let figures = client.get("/metrics");
    assert!(figures.status == 200 && figures.body.contains("botdet_database_up 0"), "{}", figures.body);
}

#[test]
fn readiness_needs_the_extension() {
    let database = TestDatabase::bare("bare", "");
    let service = Service::start(&url(&database.config(), "postgres"), &[]);
    service.stranger().get("/readyz").problem(503, "extension_missing");
    let token = format!("botdet_{}", "0".repeat(64));
    service.client(&token).get("/v1/detectors").problem(503, "extension_missing");
    let served = Served::empty("ready");
    assert_eq!(
        served.service.stranger().get("/readyz").with(200)["extension_version"],
        env!("CARGO_PKG_VERSION")
    );
}

#[test]
fn the_routers_own_errors_are_problem_documents() {
    let service = Service::start(NOWHERE, &[]);
    service.stranger().get("/v2/nothing?token=secret").problem(404, "not_found");
    let method = service.stranger().send("DELETE", "/livez", &[], b"");
    method.problem(405, "method_not_allowed");
    assert_eq!(method.header("allow"), Some("GET,HEAD"));
}

#[test]
fn bodies_have_a_limit() {
    let served = Served::new(TestDatabase::new("bodies"), &["--body-limit", "1", "--artifact-limit", "2"]);
    let admin = served.client("anna", "botdet_admin");
    let json = [("content-type", "application/json")];
    admin.send("POST", "/v1/labels", &json, &vec![b' '; (1 << 20) + 1]).problem(413, "body_too_large");
    let bytes = [("content-type", "application/octet-stream")];
    admin.send("POST", "/v1/model-versions", &bytes, &vec![0; (1 << 20) + 1]).problem(422, "unprocessable");
    admin.send("POST", "/v1/model-versions", &bytes, &vec![0; (2 << 20) + 1]).problem(413, "body_too_large");
}

#[test]
fn a_slow_database_is_given_up_and_used_again() {
    let served =
        Served::new(TestDatabase::populated("slow"), &["--request-timeout", "1", "--pool-size", "1"]);
    let admin = served.client("anna", "botdet_admin");
    let mut owner = served.database.connect();
    owner.run("BEGIN; LOCK TABLE botdet.label");
    let begin = Instant::now();
    assert_eq!(admin.post("/v1/labels", &json!({"account_id": 1, "is_bot": true})).status, 504);
    assert!(begin.elapsed() < Duration::from_secs(10), "took {:?}", begin.elapsed());
    owner.run("ROLLBACK");
    std::thread::sleep(Duration::from_millis(300));
    admin.post("/v1/labels", &json!({"account_id": 1, "is_bot": true})).with(200);
}

#[test]
fn request_ids_are_kept_when_fit_and_made_otherwise() {
    let service = Service::start(NOWHERE, &[]);
    let id = |value: &str| {
        let answer = service.stranger().send("GET", "/livez", &[("x-request-id", value)], b"");
        answer.header("x-request-id").unwrap_or_default().to_owned()
    };
    assert_eq!(id("ticket-42.b_1"), "ticket-42.b_1");
    assert_eq!(id("<script>").len(), 36);
    assert_eq!(id(&"a".repeat(65)).len(), 36);
    assert_eq!(service.stranger().get("/livez").header("x-request-id").map(str::len), Some(36));
}

#[test]
fn figures_tell_of_requests_predictions_queues_and_versions() {
    let served = Served::populated("figures");
    served.database.connect().run(
        "DELETE FROM botdet.label;
         SELECT botdet_fill_review_queue('account', 60);
         INSERT INTO botdet.label (account_id, is_bot) SELECT account_id, is_bot FROM botdet.score WHERE is_bot IS NOT NULL",
    );
    let scorer = served.client("anna", "botdet_scorer");
    scorer.get("/v1/scores/1").with(200);
    let figures = served.service.stranger().get("/metrics");
    assert_eq!(figures.status, 200);
    for expected in [
        "botdet_http_requests_total{method=\"GET\",route=\"/v1/scores/{account_id}\",status=\"200\"}",
        "botdet_http_request_duration_seconds_bucket{method=\"GET\",route=\"/v1/scores/{account_id}\",le=",
        "botdet_predictions_total{detector=\"account\",status=",
        "botdet_pool_connections{state=\"limit\"} 8",
        "botdet_database_up 1",
        "botdet_serving_version_info{alias=\"champion\",detector=\"account\",version=\"account-",
        "botdet_serving_accuracy{alias=\"champion\",detector=\"account\"} ",
        "botdet_queue_length{detector=\"account\",queue=\"reviews\"} ",
        "botdet_retraining_due{detector=\"account\"} ",
        "botdet_scoring_rows_total{detector=\"account\",stage=\"filter\",version=\"account-",
        "botdet_scoring_duration_seconds_bucket{detector=\"account\",le=\"+Inf\",version=\"account-",
        "botdet_scoring_duration_seconds_count{detector=\"account\",version=\"account-",
        "# TYPE botdet_scoring_duration_seconds histogram",
        "botdet_queue_oldest_seconds{detector=\"account\",queue=\"scores\"} 0",
        "botdet_database_connections_limit{} ",
        "process_resident_memory_bytes ",
        "process_cpu_seconds_total ",
        "process_open_fds ",
    ] {
        assert!(figures.body.contains(expected), "{expected} is not in\n{}", figures.body);
    }
}

#[test]
fn a_database_that_comes_back_is_used_within_five_seconds() {
    let mut server = OwnServer::start("");
    let mut owner = server.connect("postgres");
    owner.run("CREATE EXTENSION botdet; CREATE ROLE service LOGIN; GRANT botdet_service TO service");
    let token: String = owner.value("SELECT token FROM botdet_create_token('anna', 'botdet_reader')", &[]);
    let service = Service::start(&url(&server.config("postgres"), "service"), &[]);
    let client: Client = service.client(&token);
    client.get("/v1/detectors").with(200);
    drop(owner);
    server.kill();
    let first = client.get("/v1/detectors");
    first.problem(503, "database_unreachable");
    assert_eq!(first.header("retry-after"), Some("1"));
    client.get("/v1/detectors").problem(503, "database_unreachable");
    client.get("/livez").with(200);
    server.start_again();
    let back = Instant::now();
    while client.get("/readyz").status != 200 || client.get("/v1/detectors").status != 200 {
        assert!(back.elapsed() < Duration::from_secs(5), "not ready after {:?}", back.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_program_serves_and_stops_on_sigterm() {
    let database = TestDatabase::new("program");
    let mut program = Command::new(env!("CARGO_BIN_EXE_botdet-admin-api"))
        .env("DATABASE_URL", url(&database.config(), "postgres"))
        .env("BOTDET_LISTEN", "127.0.0.1:0")
        .env("BOTDET_LOG_FORMAT", "json")
        .env("BOTDET_LOG", "info")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(program.stderr.take().expect("standard error is a pipe")).lines();
    let mut next_line = || -> serde_json::Value {
        let line = lines.next().expect("the log goes on").expect("the log can be read");
        serde_json::from_str(&line).unwrap_or_else(|_| json!({ "line": line }))
    };

    let listening = next_line();
    let address = listening["fields"]["address"].as_str().unwrap_or_default();
    let address = address.parse().unwrap_or_else(|_| unreachable!("no address in {listening}"));
    Client { address, token: None }.get("/livez").with(200);
    // A client that keeps its connection open must not keep the program alive.
    let _idle = std::net::TcpStream::connect(address).expect("the service accepts connections");

    let request_line = next_line();
    assert_eq!(request_line["span"]["path"], "/livez", "{request_line}");
    let begin = Instant::now();
    let signal = Command::new("kill").args(["-TERM", &program.id().to_string()]).status();
    assert!(signal.is_ok_and(|status| status.success()));
    let status = program.wait().expect("the program ends");
    assert!(status.success(), "{status}");
    assert!(begin.elapsed() < Duration::from_secs(10), "took {:?}", begin.elapsed());
}

#[test]
fn the_program_keeps_the_password_to_itself() {
    let output = Command::new(env!("CARGO_BIN_EXE_botdet-admin-api"))
        .env("DATABASE_URL", "postgresql://user:hunter2@host:notaport/db")
        .env("BOTDET_LISTEN", "127.0.0.1:0")
        .output()
        .expect("the program starts");
    let text =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("DATABASE_URL is not a connection string"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    let help = Command::new(env!("CARGO_BIN_EXE_botdet-admin-api"))
        .arg("--help")
        .env("DATABASE_URL", "postgresql://user:hunter2@host/db")
        .output()
        .expect("the program starts");
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(text.contains("BOTDET_LISTEN") && !text.contains("hunter2"), "{text}");
}
