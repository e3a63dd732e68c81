//! A Prometheus of a test's own, which scrapes the service under test each second.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::root;

/// A program of Prometheus.
///
/// # Panics
/// Where there is none: what it checks is never skipped.
pub fn program(name: &str) -> Command {
    let directory = std::env::var("PROMETHEUS_DIRECTORY").expect(
        "PROMETHEUS_DIRECTORY must name the folder of prometheus and promtool: `make setup` fetches them, `make test` sets it",
    );
    Command::new(Path::new(&directory).join(name))
}

/// The server; it ends with the value, and its data with it.
pub struct Prometheus {
    address: SocketAddr,
    directory: PathBuf,
    process: Child,
}

impl Prometheus {
    /// Starts one that scrapes `target` as the job of the compose file, and evaluates its rules.
    pub fn scraping(target: SocketAddr) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a loopback port is free");
        let directory =
            std::env::temp_dir().join(format!("botdet-prometheus-{}-{}", std::process::id(), address.port()));
        fs::create_dir_all(&directory).expect("there is room for temporary files");
        let configuration = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [{}]\n\
             scrape_configs: [{{job_name: botdet, static_configs: [{{targets: ['{target}']}}]}}]\n",
            root().join("docker/prometheus/alerts.yml").display()
        );
        let file = directory.join("prometheus.yml");
        fs::write(&file, configuration).expect("temporary files can be written");
        let process = program("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| unreachable!("prometheus does not start: {error}"));
        let server = Self { address, directory, process };
        let begin = Instant::now();
        while server.ask("/-/ready").is_none() {
            assert!(begin.elapsed() < Duration::from_secs(60), "Prometheus is not ready");
            std::thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// The series of an instant query, each with its last value.
    pub fn query(&self, expression: &str) -> Vec<f64> {
        let series = self.data(&format!("/api/v1/query?query={}", encoded(expression)));
        values(&series, |one| one["value"][1].as_str())
    }

    /// The series of a query over the last ten seconds, each with its last value.
    pub fn query_range(&self, expression: &str) -> Vec<f64> {
        let now = chrono::Utc::now().timestamp();
        let target =
            format!("/api/v1/query_range?query={}&start={}&end={now}&step=1", encoded(expression), now - 10);
        values(&self.data(&target), |one| one["values"].as_array()?.last()?[1].as_str())
    }

    /// Name, health and last error of every rule.
    pub fn rules(&self) -> Vec<[String; 3]> {
        let data = self.data("/api/v1/rules");
        let groups = data["groups"].as_array().into_iter().flatten();
        let rules = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
        rules
            .map(|rule| {
                ["name", "health", "lastError"].map(|key| rule[key].as_str().unwrap_or_default().to_owned())
            })
            .collect()
    }

    #[track_caller]
    fn data(&self, target: &str) -> Value {
        let body = self.ask(target).unwrap_or_else(|| unreachable!("no answer to {target}"));
        let answer: Value =
            serde_json::from_str(&body).unwrap_or_else(|error| unreachable!("{error}: {body}"));
        assert_eq!(answer["status"], "success", "{target}: {body}");
        answer["data"].clone()
    }

    /// The body of a successful answer. Asked in HTTP/1.0, so that it comes in one piece.
    fn ask(&self, target: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        write!(stream, "GET {target} HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?;
        // What it says of a query it refuses is worth reading.
        (status == "200" || body.starts_with('{')).then(|| body.to_owned())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn values<'a>(data: &'a Value, value: impl Fn(&'a Value) -> Option<&'a str>) -> Vec<f64> {
    let series = data["result"].as_array().into_iter().flatten();
    series.filter_map(|one| value(one)?.parse().ok()).collect()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
