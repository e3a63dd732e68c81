//! The service under sustained load: requests of many kinds at once, while the champion is switched.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use botdet_tests::Sql;
use botdet_tests::load::Load;
use botdet_tests::model::activate;
use botdet_tests::programs::admin_api;
use serde_json::Value;

use crate::measure::{Measurement, median};
use crate::models::{ACCOUNTS, Models};

const CLIENTS: usize = 8;
const BETWEEN_SWITCHES: Duration = Duration::from_secs(10);
const DEFAULT_SECONDS: u64 = 30;

/// One score and all requests of the mix, against the same score asked for in SQL on a connection that is kept. Fails at the
/// first server error.
pub fn service(models: &Models) -> Vec<Measurement> {
    let mut owner = models.database.connect();
    let versions = [activate(&mut owner, &models.filter), activate(&mut owner, &models.boosting)];
    let token = owner.value("SELECT token FROM botdet_create_token('bench', 'botdet_admin')", &[]);
    let in_sql: Vec<f64> = (1..=500i64)
        .map(|account| {
            let begin = Instant::now();
            owner.change("SELECT botdet_score($1::bigint)", &[&account]);
            begin.elapsed().as_secs_f64() * 1e3
        })
        .collect();

    let mut program = Program::start(models);
    let load = Load {
        address: program.address,
        token,
        accounts: ACCOUNTS.into(),
        clients: CLIENTS,
        duration: Duration::from_secs(seconds()),
        between_switches: BETWEEN_SWITCHES,
        versions,
    };
    let outcome = load.run();
    let stopped = program.stop();
    eprintln!(
        "{} s, {CLIENTS} clients, {} switches, {:.0} answers a second, {} server errors, {} refusals, stopped in {stopped:.1?}\n{}",
        load.duration.as_secs(),
        outcome.switches,
        outcome.count() as f64 / load.duration.as_secs_f64(),
        outcome.failures(),
        outcome.refusals(),
        outcome.table()
    );
    assert_eq!(outcome.failures(), 0, "server errors");
    assert_eq!(outcome.refusals(), 0, "refusals");
    let baseline = median(in_sql);
    let measured =
        |name: &str, kind, share| Measurement::new(name, "ms", outcome.quantile(kind, share), baseline);
    vec![
        measured("one score by HTTP under load, median; in SQL alone", Some("one score"), 0.5),
        measured("the same, 99 %", Some("one score"), 0.99),
        measured("any request under load, median", None, 0.5),
        measured("any request under load, 99 %", None, 0.99),
    ]
}

/// `--seconds=N` on the command line.
fn seconds() -> u64 {
    std::env::args()
        .find_map(|argument| argument.strip_prefix("--seconds=")?.parse().ok())
        .unwrap_or(DEFAULT_SECONDS)
}

/// The program as it is built, on a free port.
struct Program {
    process: Child,
    address: SocketAddr,
}

impl Program {
    fn start(models: &Models) -> Self {
        let mut process = admin_api(&models.database.config())
            .env("BOTDET_LISTEN", "127.0.0.1:0")
            .env("BOTDET_LOG", "warn,botdet_admin_api::server=info")
            .env("BOTDET_LOG_FORMAT", "json")
            .env("BOTDET_RATE", "100000")
            .env("BOTDET_BURST", "100000")
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let mut lines = BufReader::new(process.stderr.take().expect("standard error is a pipe")).lines();
        let listening = lines.next().and_then(Result::ok).unwrap_or_default();
        let line: Value = serde_json::from_str(&listening).unwrap_or_default();
        let address = line["fields"]["address"].as_str().and_then(|address| address.parse().ok());
        // Warnings are passed on, so that the pipe never fills.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
        Self { process, address: address.unwrap_or_else(|| unreachable!("no address in {listening}")) }
    }

    /// Ends it as an orchestrator does.
    fn stop(&mut self) -> Duration {
        let begin = Instant::now();
        let sent =
            std::process::Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        assert!(self.process.wait().is_ok_and(|status| status.success()), "the service ends with an error");
        begin.elapsed()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
