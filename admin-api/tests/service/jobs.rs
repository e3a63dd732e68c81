//! Jobs over HTTP: asked for, followed, cancelled. Settings, and webhooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use botdet_tests::{Sql, TestDatabase};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Client, Served, url};

#[test]
fn jobs_are_asked_for_and_cancelled_by_whoever_may() {
    let served = Served::empty("jobs");
    let (reader, admin) = (served.client("rita", "botdet_reader"), served.client("anna", "botdet_admin"));
    let wanted = json!({"kind": "retrain", "parameters": {"trees": "forest"}, "reason": "a new campaign"});
    reader.post("/v1/jobs", &wanted).problem(403, "forbidden");
    let key = [("idempotency-key", "once")];
    let created = admin.json("POST", "/v1/jobs", &key, &wanted);
    let job = created.with(201);
    assert_eq!((&job["state"], &job["asked_by"]), (&"waiting".into(), &"anna".into()));
    let address = created.header("location").expect("it has an address").to_owned();
    assert_eq!(admin.json("POST", "/v1/jobs", &key, &wanted).with(201), job, "sent again, it is done once");
    admin.post("/v1/jobs", &wanted).problem(409, "conflict");
    let found = reader.get(&address);
    assert_eq!((found.header("etag"), found.with(200)), (created.header("etag"), job));
    admin.post("/v1/jobs", &json!({"kind": "dance"})).problem(422, "unprocessable");
    let strange = admin.post("/v1/jobs", &json!({"kind": "update", "parameters": {"depth": 3}}));
    assert!(strange.problem(422, "unprocessable").contains("'depth'"));
    reader.get("/v1/jobs/4711").problem(404, "not_found");

    let cancel = format!("{address}/cancellation");
    reader.send("POST", &cancel, &[], b"").problem(403, "forbidden");
    let cancelled = admin.send("POST", &cancel, &[], b"").with(202);
    assert_eq!((&cancelled["state"], &cancelled["cancelled_by"]), (&"cancelled".into(), &"anna".into()));
    admin.send("POST", &cancel, &[], b"").problem(409, "conflict");
    let update = admin.post("/v1/jobs", &json!({"kind": "update", "detector": "spammer"}));
    assert!(update.problem(422, "unprocessable").contains("filter of detector spammer"));
    served.database.connect().run("SELECT botdet_create_detector('weather', 'clouds')");
    let untold = admin.post("/v1/jobs", &json!({"kind": "retrain", "detector": "weather"}));
    assert!(untold.problem(409, "conflict").contains("detector weather has no champion"));
    admin.post("/v1/jobs", &json!({"kind": "retrain", "detector": "spammer"})).with(201);
    let page = reader.get("/v1/jobs?limit=1").with(200);
    assert_eq!(page["jobs"][0]["detector"], "spammer");
    let before = page["next_before"].as_i64().expect("there is more");
    let rest = reader.get(&format!("/v1/jobs?before={before}&state=cancelled")).with(200);
    assert_eq!((rest["jobs"].as_array().map(Vec::len), &rest["next_before"]), (Some(1), &Value::Null));
    assert_eq!(reader.get("/v1/trials").with(200)["trials"], json!([]));
}

#[test]
fn a_job_is_followed_until_it_ends() {
    let served = Served::empty("follow");
    let admin = served.client("anna", "botdet_admin");
    admin.post("/v1/jobs", &json!({"kind": "retrain"})).with(201);
    admin.get("/v1/jobs/4711/events").problem(404, "not_found");
    served.service.stranger().get("/v1/jobs/1/events").problem(401, "unauthorized");
    let reader = served.client("rita", "botdet_reader");
    let heard = std::thread::scope(|scope| {
        let follower = scope.spawn(|| reader.get("/v1/jobs/1/events"));
        let mut runner = served.database.connect();
        std::thread::sleep(Duration::from_millis(700));
        runner.run("SELECT botdet.take_job()");
        for phase in ["reading", "training"] {
            runner.run(&format!("SELECT botdet.note_job(1, 1, '{phase}', 0.5)"));
            std::thread::sleep(Duration::from_millis(1200));
        }
        runner.run("SELECT botdet.end_job(1, 1, 'failed', 'no labels')");
        follower.join().expect("the stream ends")
    });
    assert_eq!((heard.status, heard.header("content-type")), (200, Some("text/event-stream")));
    let told: Vec<Value> = heard
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).expect("each event is a job"))
        .collect();
    assert_eq!(told.first().map(|job| &job["state"]), Some(&"waiting".into()));
    assert!(
        told.iter().any(|job| job["phase"] == "reading") && told.iter().any(|job| job["phase"] == "training")
    );
    assert_eq!(told.last().map(|job| &job["error"]), Some(&"no labels".into()));
    assert!(heard.body.contains("event: job") && heard.body.contains("id: 1-"));
}

#[test]
fn settings_are_changed_by_whoever_has_seen_them() {
    let served = Served::empty("settings");
    let (reader, admin) = (served.client("rita", "botdet_reader"), served.client("anna", "botdet_admin"));
    let address = "/v1/detectors/account/settings";
    let tag = || reader.get(address).header("etag").expect("it has a tag").to_owned();
    let first = reader.get(address).with(200);
    assert_eq!(
        (&first["learning"]["margin"], &first["feedback"]["retrain_labels"]),
        (&0.02.into(), &1000.into())
    );
    assert_eq!((&first["watch"], &first["alert_rules"]), (&Value::Null, &json!([])));
    let learning = format!("{address}/learning");
    let wanted = json!({"margin": 0.01, "shadow_interval": "2 days", "parameters": {"trees": "forest"}});
    admin.json("PUT", &learning, &[], &wanted).problem(428, "precondition_required");
    let seen = tag();
    reader.json("PUT", &learning, &[("if-match", &seen)], &wanted).problem(403, "forbidden");
    let changed = admin.json("PUT", &learning, &[("if-match", &seen)], &wanted);
    let now = changed.with(200);
    assert_eq!(
        (&now["learning"]["margin"], &now["learning"]["shadow_interval"]),
        (&0.01.into(), &"2 days".into())
    );
    assert_eq!(now["learning"]["retrains"], true, "what is left out takes the default");
    assert_eq!(changed.header("etag"), Some(tag().as_str()));
    let stale = admin.json("PUT", &learning, &[("if-match", &seen)], &wanted);
    stale.problem(412, "precondition_failed");
    let change = |method: &str, target: &str, body: &Value| {
        admin.json(method, &format!("/v1/detectors/account/{target}"), &[("if-match", &tag())], body)
    };
    let problem = change("PUT", "settings/learning", &json!({"margin": 7})).problem(422, "unprocessable");
    assert_eq!(problem, "margin must be at least 0 and at most 1, not 7");
    change("PUT", "settings/learning", &json!({"shadow_interval": "soon"})).problem(422, "unprocessable");
    change("PUT", "settings/learning", &json!({"margins": 0.1})).problem(422, "unprocessable");
    let scoring = json!({"threshold": 0.8, "automatic_threshold": 0.99, "insert_mode": "filter"});
    let set = change("PUT", "settings/scoring", &scoring).with(200);
    assert_eq!((&set["scoring"]["threshold"], &set["scoring"]["base_rate"]), (&0.8.into(), &Value::Null));
    let detectors = reader.get("/v1/detectors").with(200);
    let mut all = detectors["detectors"].as_array().into_iter().flatten();
    assert!(all.any(|one| one["detector"] == "account" && one["insert_mode"] == "filter"));
    for (wrong, message) in [
        (json!({"threshold": 2}), "threshold must be at least 0 and at most 1, not 2"),
        (json!({"threshold": 0.9, "automatic_threshold": 0.5}), "must not be below threshold, 0.9"),
        (json!({"insert_mode": "often"}), "insert_mode must be inline, filter, queue or off, not often"),
    ] {
        let problem = change("PUT", "settings/scoring", &wrong).problem(422, "unprocessable");
        assert!(problem.contains(message), "{problem}");
    }
    let reset = change("PUT", "settings/scoring", &json!({})).with(200);
    assert_eq!(
        (&reset["scoring"]["threshold"], &reset["scoring"]["insert_mode"]),
        (&Value::Null, &"inline".into())
    );
    let set = change("PUT", "settings/feedback", &json!({"retrain_labels": 50})).with(200);
    assert_eq!(set["feedback"]["retrain_labels"], 50);
    assert_eq!(
        change("PUT", "settings/drift", &json!({"least_rows": 7})).with(200)["drift"]["least_rows"],
        7
    );
    let watch = json!({"metric": "recall", "lowest": 0.7, "labels": 50});
    assert_eq!(change("PUT", "watch", &watch).with(200)["watch"], watch);
    change("PUT", "watch", &json!({"metric": "charm", "lowest": 0.7, "labels": 50}))
        .problem(422, "unprocessable");
    assert_eq!(change("DELETE", "watch", &Value::Null).with(200)["watch"], Value::Null);
    let bounds = json!({"raise_from": 0.25, "clear_below": 0.1});
    let ruled = change("PUT", "alert-rules/feature_psi?slice_by=region", &bounds).with(200);
    assert_eq!(ruled["alert_rules"][0]["slice_by"], "region");
    change("PUT", "alert-rules/charm", &bounds).problem(422, "unprocessable");
    let gone = change("DELETE", "alert-rules/feature_psi?slice_by=region", &Value::Null).with(200);
    assert_eq!(gone["alert_rules"], json!([]));
    reader.get("/v1/detectors/weather/settings").problem(404, "not_found");
}

/// The program on a database, with the address that it listens on.
fn program(database: &TestDatabase, options: &[&str]) -> (Child, Client) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_botdet-admin-api"))
        .env("DATABASE_URL", url(&database.config(), "postgres"))
        .env("BOTDET_LISTEN", "127.0.0.1:0")
        .env("BOTDET_LOG_FORMAT", "json")
        .args(options)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(program.stderr.take().expect("standard error is a pipe")).lines();
    let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let line: Value = serde_json::from_str(&line).ok()?;
        line["fields"]["address"].as_str()?.parse().ok()
    });
    // A pipe that nobody reads fills up.
    std::thread::spawn(move || lines.for_each(drop));
    let token =
        database.connect().value("SELECT token FROM botdet_create_token('anna', 'botdet_admin')", &[]);
    (program, Client { address: address.expect("it listens"), token: Some(token) })
}

fn terminate(program: &mut Child) -> Duration {
    let begin = Instant::now();
    let signal = Command::new("kill").args(["-TERM", &program.id().to_string()]).status();
    assert!(signal.is_ok_and(|status| status.success()));
    let status = program.wait().expect("the program ends");
    assert!(status.success(), "{status}");
    begin.elapsed()
}

#[test]
fn the_program_ends_while_others_follow() {
    let database = TestDatabase::new("end_follow");
    let (mut program, admin) = program(&database, &["--no-jobs"]);
    admin.post("/v1/jobs", &json!({"kind": "retrain"})).with(201);
    let followers: Vec<_> = (0..5)
        .map(|_| {
            let client = Client { address: admin.address, token: admin.token.clone() };
            std::thread::spawn(move || client.get("/v1/jobs/1/events"))
        })
        .collect();
    std::thread::sleep(Duration::from_secs(1));
    let took = terminate(&mut program);
    println!("ended after {took:?} with 5 followers");
    assert!(took < Duration::from_secs(5), "took {took:?}");
    for follower in followers {
        let heard = follower.join().expect("the stream ends");
        assert!(heard.status == 200 && heard.body.contains("\"state\":\"waiting\""), "{}", heard.body);
    }
}

#[test]
fn the_program_runs_jobs() {
    let database = TestDatabase::new("run_jobs");
    let (mut program, admin) = program(&database, &[]);
    admin.post("/v1/jobs", &json!({"kind": "retrain"})).with(201);
    // Nothing is there to learn from, and it says so.
    let heard = admin.get("/v1/jobs/1/events");
    assert!(
        heard.body.contains("\"state\":\"failed\"") && heard.body.contains("0 labelled bots"),
        "{}",
        heard.body
    );
    assert!(terminate(&mut program) < Duration::from_secs(10));
}

/// Takes one request, and answers with this status; returns its headers and its body.
fn take(listener: &TcpListener, status: &str) -> (Vec<(String, String)>, String) {
    let (mut stream, _): (TcpStream, _) = listener.accept().expect("somebody posts");
    let mut reader = BufReader::new(stream.try_clone().expect("a socket can be shared"));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("the head can be read");
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let length = header(&headers, "content-length").parse().expect("the body has a length");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the body can be read");
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .expect("it can be answered");
    (headers, String::from_utf8(body).expect("the body is text"))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
}

#[test]
fn alerts_are_posted_signed_until_they_are_taken() {
    let database = TestDatabase::new("webhook");
    let mut client = database.connect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    let address = format!("http://{}/hook", listener.local_addr().expect("it has an address"));
    let (mut program, admin) = program(&database, &[]);
    // Of an alert for a version that answers nothing it would also be told when the service's hourly check clears it.
    let wanted = json!({"url": address, "events": ["alert.raised"]});
    let created = admin.post("/v1/webhooks", &wanted).with(201);
    let secret = created["secret"].as_str().expect("it is shown once").to_owned();
    admin.post("/v1/webhooks", &json!({"url": "ftp://example.org"})).problem(422, "unprocessable");
    assert!(!admin.get("/v1/webhooks").with(200).to_string().contains(&secret));
    client.run(
        "INSERT INTO botdet.alert (detector, version, measure, slice_by, slice, feature, raised_value)
         VALUES ('account', 'account-00000000', 'feature_psi', 'all', '', 'followers', 0.42)",
    );
    let (first, body) = take(&listener, "503 Service Unavailable");
    let sent: Value = serde_json::from_str(&body).expect("the body is JSON");
    assert_eq!((&sent["type"], &sent["data"]["feature"]), (&"alert.raised".into(), &"followers".into()));
    let deliveries = "/v1/webhooks/1/deliveries";
    let wait = |state: &str, attempts: i64| {
        let begin = Instant::now();
        loop {
            let found = admin.get(deliveries).with(200)["deliveries"][0].clone();
            if found["state"] == state && found["attempts"] == attempts && found["status"] != Value::Null {
                return found;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{found}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    assert_eq!(wait("waiting", 1)["status"], 503);
    let seconds: f64 = client.value(
        "SELECT extract(epoch FROM next_attempt_at - clock_timestamp())::float8 FROM botdet.webhook_delivery",
        &[],
    );
    assert!((5.0..=12.0).contains(&seconds), "{seconds}");
    client.run("UPDATE botdet.webhook_delivery SET next_attempt_at = clock_timestamp()");
    let (second, again) = take(&listener, "204 No Content");
    assert_eq!(again, body);
    assert_eq!(wait("delivered", 2)["status"], 204);
    // The receiver tells one that comes twice by its id, and checks each.
    assert_eq!(header(&first, "webhook-id"), header(&second, "webhook-id"));
    let signed = format!("{}.{}.{body}", header(&second, "webhook-id"), header(&second, "webhook-timestamp"));
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("the secret is base64");
    let mut hmac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(&key).expect("any key is taken");
    hmac.update(signed.as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(hmac.finalize().into_bytes()));
    assert_eq!(header(&second, "webhook-signature"), expected);
    admin.send("DELETE", "/v1/webhooks/1", &[], b"").with(204);
    admin.send("DELETE", "/v1/webhooks/1", &[], b"").problem(404, "not_found");
    terminate(&mut program);
}
