//! The real service over real sockets: the router against a database per test, and the program from start to stop.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Database, Service, get, request};

/// Stands in for the extension's view, so that pages can be tested without training models.
const SEVEN_VERSIONS: &str = include_str!("sql/seven_model_versions.sql");
const SLOW_VIEW: &str = include_str!("sql/slow_model_versions.sql");

#[test]
fn health_needs_the_database_only_for_readiness() {
    let service = Service::start("postgresql:///nowhere?host=/nonexistent&user=nobody");
    let live = get(service.address, "/livez");
    assert_eq!((live.status, live.json()["status"].as_str()), (200, Some("live")));

    let ready = get(service.address, "/readyz");
    assert_eq!(ready.status, 503);
    ready.assert_problem("database_unreachable", "/readyz");
}

#[test]
fn readiness_needs_the_extension() {
    let database = Database::create("SELECT");
    let ready = get(Service::start(&database.url).address, "/readyz");
    assert_eq!(ready.status, 503);
    ready.assert_problem("extension_missing", "/readyz");

    let list = get(Service::start(&database.url).address, "/v1/model-versions");
    assert_eq!(list.status, 503);
    list.assert_problem("extension_missing", "/v1/model-versions");
}

#[test]
fn the_real_extension_is_ready_and_lists_its_versions() {
    let database = Database::create("CREATE EXTENSION botdet");
    let service = Service::start(&database.url);
    let ready = get(service.address, "/readyz");
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(ready.json()["extension_version"].as_str(), Some(env!("CARGO_PKG_VERSION")));

    let list = get(service.address, "/v1/model-versions");
    assert_eq!(list.status, 200, "{}", list.body);
    assert!(list.json()["model_versions"].is_array());
}

#[test]
fn model_versions_come_in_pages_newest_first() {
    let database = Database::create(SEVEN_VERSIONS);
    let service = Service::start(&database.url);
    let page = |query: &str| {
        let answer = get(service.address, &format!("/v1/model-versions{query}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let page = answer.json();
        let ids: Vec<i64> = page["model_versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|version| version["model_version_id"].as_i64())
            .collect();
        (ids, page["next_before"].as_i64())
    };

    assert_eq!(page(""), (vec![70, 60, 50, 40, 30, 20, 10], None));
    assert_eq!(page("?limit=3"), (vec![70, 60, 50], Some(50)));
    assert_eq!(page("?limit=3&before=50"), (vec![40, 30, 20], Some(20)));
    assert_eq!(page("?limit=3&before=20"), (vec![10], None));
    assert_eq!(page("?limit=7"), (vec![70, 60, 50, 40, 30, 20, 10], None));
    assert_eq!(page("?before=10"), (vec![], None));

    let newest = get(service.address, "/v1/model-versions?limit=1").json()["model_versions"][0].clone();
    let expected = serde_json::json!({
        "model_version_id": 70, "detector": "account", "version": "v7", "is_champion": true,
        "sha256": "00ff", "size_bytes": 7000, "created_at": "2026-01-07T00:00:00Z", "created_by": "trainer",
        "comment": null, "activated_at": "2026-01-07T00:00:00Z",
    });
    assert_eq!(newest, expected);
}

#[test]
fn parameters_that_cannot_be_used_are_named() {
    let database = Database::create(SEVEN_VERSIONS);
    let service = Service::start(&database.url);
    for (query, named) in [
        ("limit=0", "limit must be 1 to 200, not 0"),
        ("limit=201", "limit must be 1 to 200, not 201"),
        ("limit=many", "limit"),
        ("before=-1", "before must be a model version's id, not -1"),
        ("before=99999999999999999999", "before"),
        ("offset=3", "offset"),
    ] {
        let answer = get(service.address, &format!("/v1/model-versions?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let problem = answer.assert_problem("invalid_parameter", "/v1/model-versions");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(named), "{query}: {detail}");
    }
}

#[test]
fn the_routers_own_errors_are_problem_documents() {
    let service = Service::start("postgresql:///nowhere?host=/nonexistent&user=nobody");
    let missing = get(service.address, "/v2/nothing?token=secret");
    assert_eq!(missing.status, 404);
    missing.assert_problem("not_found", "/v2/nothing");

    let method = request(service.address, "DELETE", "/livez", "");
    assert_eq!(method.status, 405);
    method.assert_problem("method_not_allowed", "/livez");
    assert_eq!(method.header("allow"), Some("GET,HEAD"));
}

#[test]
fn a_slow_database_is_given_up() {
    let database = Database::create(SLOW_VIEW);
    let service = Service::start(&database.url);
    let begin = Instant::now();
    let answer = get(service.address, "/v1/model-versions");
    assert_eq!(answer.status, 504, "{}", answer.body);
    assert!(begin.elapsed() < Duration::from_secs(20), "took {:?}", begin.elapsed());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
}

#[test]
fn request_ids_are_kept_when_fit_and_made_otherwise() {
    let service = Service::start("postgresql:///nowhere?host=/nonexistent&user=nobody");
    let id = |header: &str| {
        let answer = request(service.address, "GET", "/livez", header);
        answer.header("x-request-id").unwrap_or_default().to_owned()
    };
    assert_eq!(id("x-request-id: ticket-42.b_1\r\n"), "ticket-42.b_1");
    assert_eq!(id("").len(), 36);
    assert_eq!(id("x-request-id: <script>\r\n").len(), 36);
    assert_eq!(id(&format!("x-request-id: {}\r\n", "a".repeat(65))).len(), 36);
}

#[test]
fn the_program_serves_and_stops_on_sigterm() {
    let database = Database::create("SELECT");
    let mut program = Command::new(env!("CARGO_BIN_EXE_botdet-admin-api"))
        .env("DATABASE_URL", &database.url)
        .env("BOTDET_LISTEN", "127.0.0.1:0")
        .env("BOTDET_LOG_FORMAT", "json")
        .env("BOTDET_LOG", "info")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(program.stderr.take().expect("standard error is a pipe")).lines();
    let mut next_line = || -> serde_json::Value {
        let line = lines.next().expect("the log goes on").expect("the log can be read");
        serde_json::from_str(&line).unwrap_or_else(|_| serde_json::json!({ "line": line }))
    };

    let listening = next_line();
    let address = listening["fields"]["address"].as_str().unwrap_or_default();
    let address = address.parse().unwrap_or_else(|_| unreachable!("no address in {listening}"));
    assert_eq!(get(address, "/livez").status, 200);
    // A client that keeps its connection open must not keep the program alive.
    let _idle = std::net::TcpStream::connect(address).expect("the service accepts connections");

    let request_line = next_line();
    assert_eq!(request_line["span"]["path"], "/livez", "{request_line}");
    let begin = Instant::now();
    let signal = Command::new("kill").args(["-TERM", &program.id().to_string()]).status();
    assert!(signal.is_ok_and(|status| status.success()));
    let status = program.wait().expect("the program ends");
    assert!(status.success(), "{status}");
    assert!(begin.elapsed() < Duration::from_secs(15), "took {:?}", begin.elapsed());
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
