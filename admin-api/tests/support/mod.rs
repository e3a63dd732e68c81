//! A database per test, the service on a free port, and an HTTP client of the smallest kind.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use botdet_admin_api::config::Config;
use botdet_admin_api::{database, router};
use clap::Parser;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

/// A database of a test's own, dropped with it.
pub struct Database {
    pub url: String,
    name: String,
}

impl Database {
    /// Creates the database and runs `sql` in it.
    pub fn create(sql: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("botdet_admin_api_{}_{count}", std::process::id());
        execute(&server_url(), &format!("CREATE DATABASE {name}"));
        let database = Self { url: with_database(&server_url(), &name), name };
        execute(&database.url, sql);
        database
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        execute(&server_url(), &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn server_url() -> String {
    std::env::var("DATABASE_URL").expect("DATABASE_URL must name a server to test against: make up prints it")
}

/// The same server, another database: the path of the URL is replaced.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = base.split_once("://").expect("DATABASE_URL is a postgresql:// URL");
    let authority = rest.split('/').next().unwrap_or_default();
    format!("{scheme}://{authority}/{name}?{query}")
}

fn execute(url: &str, sql: &str) {
    runtime().block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .expect("the server that DATABASE_URL names can be reached");
        let connection = tokio::spawn(connection);
        if let Err(error) = client.batch_execute(sql).await {
            unreachable!("{sql}: {error:?}");
        }
        drop(client);
        let _ = connection.await;
    });
}

fn runtime() -> Runtime {
    Runtime::new().expect("a runtime can be made")
}

/// The real router on a free loopback port, ended with the test.
pub struct Service {
    pub address: SocketAddr,
    _runtime: Runtime,
}

impl Service {
    /// Starts it against `url`, with short limits.
    pub fn start(url: &str) -> Self {
        let config = Config::parse_from([
            "botdet-admin-api",
            "--database-url",
            url,
            "--request-timeout",
            "2",
            "--connect-timeout",
            "1",
        ]);
        let runtime = runtime();
        let address = runtime.block_on(async {
            let limit = config.service.request_timeout();
            let pool = database::pool(&config.database, limit).expect("the URL is a connection string");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
            let address = listener.local_addr().expect("the listener has an address");
            tokio::spawn(async move { axum::serve(listener, router::router(pool, limit)).await });
            address
        });
        Self { address, _runtime: runtime }
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
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| unreachable!("{error}: {}", self.body))
    }

    /// Checks the form that every error has, and returns the document.
    pub fn assert_problem(&self, code: &str, instance: &str) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["instance"], instance);
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        assert!(!self.body.contains("/nonexistent"), "the cause is for the log: {}", self.body);
        problem
    }
}

/// One GET request on a connection of its own.
pub fn get(address: SocketAddr, target: &str) -> Answer {
    request(address, "GET", target, "")
}

/// One request on a connection of its own; `headers` end with a line break each.
pub fn request(address: SocketAddr, method: &str, target: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the service accepts connections");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket has time limits");
    write!(stream, "{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
        .expect("the request can be sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the answer can be read");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, body: body.to_owned(), head: head.to_owned() }
}
