//! A login of the service's own, the service on a free port, and an HTTP client of the smallest kind.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use botdet_admin_api::app::App;
use botdet_admin_api::config::Config;
use botdet_admin_api::{database, router};
use botdet_tests::{Sql, TestDatabase};
use clap::Parser;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A database that is not there.
pub const NOWHERE: &str = "postgresql:///nowhere?host=/nonexistent&user=nobody";

/// The state of a service that reaches no database.
pub fn unreachable_app() -> App {
    let config = config(NOWHERE, &[]);
    App::new(
        database::pool(&config.database, Duration::from_secs(1)).expect("it is a connection string"),
        &config,
    )
}

fn config(url: &str, options: &[&str]) -> Config {
    let defaults =
        [["--request-timeout", "5"], ["--connect-timeout", "2"], ["--rate", "10000"], ["--burst", "10000"]];
    let others = defaults.iter().filter(|[name, _]| !options.contains(name)).flatten();
    Config::parse_from(["botdet-admin-api", "--database-url", url].iter().chain(others).chain(options))
}

/// The connection string of a login to a database.
pub fn url(config: &postgres::Config, login: &str) -> String {
    let host = config.get_hosts().first().map(|host| match host {
        postgres::config::Host::Unix(path) => path.display().to_string(),
        postgres::config::Host::Tcp(name) => name.clone(),
    });
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!(
        "postgresql:///{}?host={}&port={port}&user={login}",
        config.get_dbname().unwrap_or_default(),
        host.unwrap_or_default()
    )
}

/// The real router on a free loopback port, ended with the test.
pub struct Service {
    pub address: SocketAddr,
    _runtime: Runtime,
}

impl Service {
    /// Starts it against `url`, with short limits of time, and with these options.
    pub fn start(url: &str, options: &[&str]) -> Self {
        let config = config(url, options);
        let runtime = Runtime::new().expect("a runtime can be made");
        let address = runtime.block_on(async {
            let pool = database::pool(&config.database, config.service.request_timeout());
            let app = App::new(pool.expect("the URL is a connection string"), &config);
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
            let address = listener.local_addr().expect("the listener has an address");
            let routes = router::router(app).into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async move { axum::serve(listener, routes).await });
            address
        });
        Self { address, _runtime: runtime }
    }

    /// A client without a token.
    pub fn stranger(&self) -> Client {
        Client { address: self.address, token: None }
    }

    /// A client with this token.
    pub fn client(&self, token: &str) -> Client {
        Client { address: self.address, token: Some(token.to_owned()) }
    }
}

/// A database with a service before it.
pub struct Served {
    pub database: TestDatabase,
    pub service: Service,
    pub login: String,
}

impl Served {
    /// Serves it by a login that has no other rights than the service needs.
    pub fn new(mut database: TestDatabase, options: &[&str]) -> Self {
        let login = database.role("service");
        database.connect().run(&format!("GRANT botdet_service TO {login}"));
        let service = Service::start(&url(&database.config(), &login), options);
        Self { database, service, login }
    }

    /// The simulated accounts, and two versions.
    pub fn populated(hint: &str) -> Self {
        Self::new(TestDatabase::populated(hint), &[])
    }

    /// The extension and nothing else.
    pub fn empty(hint: &str) -> Self {
        Self::new(TestDatabase::new(hint), &[])
    }

    /// A client with a new token of this holder and role.
    pub fn client(&self, holder: &str, role: &str) -> Client {
        self.service.client(&self.token(holder, role))
    }

    /// A new token.
    pub fn token(&self, holder: &str, role: &str) -> String {
        let mut service = self.database.connect_as(&self.login);
        service.value("SELECT token FROM botdet_create_token($1, $2)", &[&holder, &role])
    }
}

/// Asks with a token, or without.
pub struct Client {
    pub address: SocketAddr,
    pub token: Option<String>,
}

impl Client {
    pub fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], b"")
    }

    pub fn post(&self, target: &str, body: &Value) -> Answer {
        self.json("POST", target, &[], body)
    }

    pub fn json(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        self.send(method, target, &headers, body.to_string().as_bytes())
    }

    /// One request on a connection of its own.
    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the service accepts connections");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket has time limits");
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(token) = &self.token {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).expect("the request can be sent");
        // A body that is refused need not be taken.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Answer { status, body: body.to_owned(), head: head.to_owned() }
    }
}

/// An answer, taken apart.
pub struct Answer {
    pub status: u16,
    pub body: String,
    head: String,
}

impl Answer {
    /// The value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// The body as JSON.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| unreachable!("{error}: {}", self.body))
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn with(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() { Value::Null } else { self.value() }
    }

    /// Checks the form that every error has, and returns what it says.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.value();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        assert!(!self.body.contains("/nonexistent"), "the cause is for the log: {}", self.body);
        problem["detail"].as_str().unwrap_or_default().to_owned()
    }
}

/// The program itself, as a process of its own, ended with the test.
pub struct Program {
    pub address: SocketAddr,
    process: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Program {
    /// Starts it on a free port with these variables, and reads its log until it listens.
    pub fn start(url: &str, variables: &[(&'static str, String)]) -> Self {
        let mut process = command(url, variables).stderr(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(process.stderr.take().expect("standard error is a pipe")).lines();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut program = Self { address: nowhere, process, lines };
        let listening = program.wait_for("listening");
        let address = listening["fields"]["address"].as_str().unwrap_or_default();
        program.address = address.parse().unwrap_or_else(|_| unreachable!("no address in {listening}"));
        program
    }

    /// The next line of its log with this text.
    pub fn wait_for(&mut self, text: &str) -> Value {
        for line in &mut self.lines {
            let line = line.expect("the log can be read");
            if line.contains(text) {
                return serde_json::from_str(&line).unwrap_or_else(|_| unreachable!("{line} is not JSON"));
            }
        }
        unreachable!("it ended without a word of `{text}`")
    }

    /// A client with this token; with an empty one, without.
    pub fn client(&self, token: &str) -> Client {
        Client { address: self.address, token: (!token.is_empty()).then(|| token.to_owned()) }
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot send {name}");
    }

    /// Has it end, and says how long that took.
    pub fn stop(mut self) -> Duration {
        let begin = Instant::now();
        self.signal("TERM");
        let status = self.process.wait().expect("the program ends");
        assert!(status.success(), "{status}");
        begin.elapsed()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a program says that must not start with these variables.
pub fn failing_program(variables: &[(&'static str, String)]) -> String {
    let output = command(NOWHERE, variables).output().expect("the program starts");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn command(url: &str, variables: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_botdet-admin-api"));
    command
        .env("DATABASE_URL", url)
        .env("BOTDET_LISTEN", "127.0.0.1:0")
        .env("BOTDET_LOG_FORMAT", "json")
        .env("BOTDET_LOG", "info")
        .envs(variables.iter().map(|(name, value)| (name, value)));
    command
}
