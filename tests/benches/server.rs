//! What the extension costs, each figure beside the same work without it, measured in one run on the same rows.
//!
//! Repetitions of the two sides alternate, and medians are compared. The table goes to standard output (`--json` prints
//! JSON instead), the figures also to `target/bench/results.json`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use botdet_tests::model::{Size, activate, trained};
use botdet_tests::population::{load, simulate};
use botdet_tests::programs::{output, program};
use botdet_tests::server::onnxruntime_library;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;
use serde::Serialize;

const ACCOUNTS: u32 = 1_000;
const DAYS: u32 = 18;
/// As `botdet train` trains by default, but for the number of epochs, which changes no figure here.
const MODEL: Size = Size { epochs: 1, hidden: 64, layers: 2 };
const COPIES: usize = 5;
const ROUNDS: usize = 3;
const ROUND_SECONDS: u32 = 2;
const ALL: &str = "SELECT count(*) FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account))";

/// One figure, and what it is compared with.
#[derive(Serialize)]
struct Measurement {
    name: String,
    value: f64,
    unit: &'static str,
    baseline: f64,
    ratio: f64,
}

impl Measurement {
    fn new(name: impl Into<String>, unit: &'static str, value: f64, baseline: f64) -> Self {
        Self { name: name.into(), value, unit, baseline, ratio: value / baseline }
    }
}

fn main() -> ExitCode {
    // Cargo passes --bench; without it this is `cargo test --benches`, which is no time to measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let setup = Setup::new();
    let mut measurements = setup.copies();
    measurements.extend(setup.calls());
    measurements.extend(setup.batches());
    let json = match serde_json::to_string_pretty(&measurements) {
        Ok(json) => json,
        Err(error) => return failed(&error),
    };
    if let Err(error) = store(&json) {
        return failed(&error);
    }
    if std::env::args().any(|argument| argument == "--json") {
        println!("{json}");
    } else {
        print_table(&setup.machine(), &measurements);
    }
    ExitCode::SUCCESS
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

fn store(json: &str) -> std::io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&directory)?;
    std::fs::write(directory.join("results.json"), format!("{json}\n"))
}

fn print_table(machine: &str, measurements: &[Measurement]) {
    println!("{machine}\n");
    println!("{:<42}{:>12}{:>12}{:>9}  unit", "", "botdet", "baseline", "ratio");
    for Measurement { name, value, unit, baseline, ratio } in measurements {
        println!("{name:<42}{value:>12.2}{baseline:>12.2}{ratio:>9.2}  {unit}");
    }
}

/// A database with simulated accounts, and both models registered.
struct Setup {
    database: TestDatabase,
    rows: u64,
    /// All activity in order of time, as COPY writes it.
    copied: Vec<u8>,
    full: Vec<u8>,
    filter: Vec<u8>,
}

impl Setup {
    fn new() -> Self {
        let database = TestDatabase::new("bench");
        let mut client = database.connect();
        client.run("UPDATE botdet.detector SET insert_mode = 'off'");
        let rows = load(&mut client, &simulate(ACCOUNTS, DAYS));
        let full = trained(&mut client, MODEL);
        let filter = trained(&mut client, Size { epochs: 0, ..MODEL });
        let mut copied = Vec::new();
        let rows_by_time = format!(
            "COPY (SELECT {COLUMNS} FROM botdet.activity ORDER BY occurred_at) TO STDOUT (FORMAT binary)"
        );
        let read = client.copy_out(&rows_by_time).map(|mut reader| std::io::copy(&mut reader, &mut copied));
        assert!(matches!(read, Ok(Ok(_))), "activity can be copied out: {:?}", read.err());
        client.run("VACUUM ANALYZE");
        Self { database, rows, copied, full, filter }
    }

    fn machine(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor =
            processor.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let version: String = self.database.connect().value("SHOW server_version", &[]);
        format!(
            "{cores} cores, {}; PostgreSQL {version}\n{} rows of {ACCOUNTS} accounts; sequence model {} wide, {} layers, {} kB",
            processor.unwrap_or("processor unknown"),
            self.rows,
            MODEL.hidden,
            MODEL.layers,
            self.full.len() / 1024
        )
    }

    /// COPY with the trigger against COPY without, a row, by insert mode.
    fn copies(&self) -> Vec<Measurement> {
        let mut client = self.database.connect();
        activate(&mut client, &self.full);
        self.copy_seconds(&mut client);
        let modes = ["off", "filter", "inline"].map(|mode| {
            client.run(&format!("UPDATE botdet.detector SET insert_mode = '{mode}'"));
            let (with, without) = (0..COPIES)
                .map(|_| {
                    client.run("ALTER TABLE botdet.activity DISABLE TRIGGER botdet_insert");
                    let without = self.copy_seconds(&mut client);
                    client.run("ALTER TABLE botdet.activity ENABLE TRIGGER botdet_insert");
                    (self.copy_seconds(&mut client), without)
                })
                .unzip();
            let a_row = |seconds: Vec<f64>| median(seconds) * 1e6 / self.rows as f64;
            Measurement::new(
                format!("COPY with trigger, insert_mode {mode}"),
                "µs/row",
                a_row(with),
                a_row(without),
            )
        });
        client.run("VACUUM ANALYZE");
        modes.into()
    }

    fn copy_seconds(&self, client: &mut Client) -> f64 {
        client.run("TRUNCATE botdet.activity, botdet.account_state, botdet.score; CHECKPOINT");
        let started = Instant::now();
        let copied = client
            .copy_in(&format!("COPY botdet.activity ({COLUMNS}) FROM STDIN (FORMAT binary)"))
            .map(|mut writer| {
                let written = writer.write_all(&self.copied);
                written.map(|()| writer.finish())
            });
        assert!(matches!(copied, Ok(Ok(Ok(count))) if count == self.rows), "all rows are copied in");
        started.elapsed().as_secs_f64()
    }

    /// Single calls by one client with prepared statements, against a function that does nothing, and features against
    /// an aggregate in plain SQL.
    fn calls(&self) -> Vec<Measurement> {
        let mut client = self.database.connect();
        let features: String = client.value("SELECT botdet_features(1)::text", &[]);
        let calls = [
            ("botdet_features(id), plain SQL", "SELECT botdet_features(:id)", PLAIN_AGGREGATE, None),
            ("botdet_features(id), no-op", "SELECT botdet_features(:id)", NOTHING, None),
            ("botdet_score(id) by rules, no-op", "SELECT botdet_score(:id::bigint)", NOTHING, None),
            (
                "botdet_score(id) by filter only, no-op",
                "SELECT botdet_score(:id::bigint)",
                NOTHING,
                Some(&self.filter),
            ),
            (
                "botdet_score(id) by all stages, no-op",
                "SELECT botdet_score(:id::bigint)",
                NOTHING,
                Some(&self.full),
            ),
            ("botdet_score(features), no-op", SCORE_FEATURES, NOTHING, Some(&self.full)),
        ];
        calls
            .map(|(name, sql, baseline, version)| {
                match version {
                    Some(artifact) => drop(activate(&mut client, artifact)),
                    None => client.run("SELECT botdet_deactivate()"),
                }
                let (values, baselines) = (0..ROUNDS)
                    .map(|_| (self.latency(sql, &features), self.latency(baseline, &features)))
                    .unzip();
                Measurement::new(name, "µs/call", median(values), median(baselines))
            })
            .into()
    }

    /// Microseconds a transaction takes, with :id a random account.
    fn latency(&self, sql: &str, features: &str) -> f64 {
        let script = std::env::temp_dir().join(format!("{}.sql", self.database.name()));
        let text = format!("\\set id random(1, {ACCOUNTS})\n{};\n", sql.replace('\n', " "));
        let written = std::fs::write(&script, text);
        assert!(written.is_ok(), "the script can be written: {written:?}");
        let printed = output(
            program("pgbench", &self.database)
                .args([
                    "--no-vacuum",
                    "--protocol=prepared",
                    "--client=1",
                    "--time",
                    &ROUND_SECONDS.to_string(),
                ])
                .args(["--define", &format!("features={features}"), "--file"])
                .arg(&script),
        );
        let _ = std::fs::remove_file(&script);
        let rate = printed
            .lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
        1e6 / rate.unwrap_or(f64::NAN)
    }

    /// Accounts a second in one batch, by runtime.
    fn batches(&self) -> Vec<Measurement> {
        let mut embedded = self.database.connect();
        activate(&mut embedded, &self.full);
        embedded.run("SET botdet.execution_provider = embedded");
        let mut onnxruntime = self.database.connect();
        let library = onnxruntime_library();
        onnxruntime.run(&format!(
            "SET botdet.onnxruntime_library = '{library}'; SET botdet.execution_provider = onnxruntime"
        ));
        for client in [&mut embedded, &mut onnxruntime] {
            batch_rate(client);
        }
        let (embedded, onnxruntime) =
            (0..ROUNDS).map(|_| (batch_rate(&mut embedded), batch_rate(&mut onnxruntime))).unzip();
        let (embedded, onnxruntime) = (median(embedded), median(onnxruntime));
        let batch = |name: &str, rate: f64| Measurement::new(name, "accounts/s", rate, embedded);
        vec![
            batch("botdet_score_batch, embedded", embedded),
            batch("botdet_score_batch, ONNX Runtime", onnxruntime),
        ]
    }
}

fn batch_rate(client: &mut Client) -> f64 {
    let started = Instant::now();
    let accounts: i64 = client.value(ALL, &[]);
    accounts as f64 / started.elapsed().max(Duration::from_nanos(1)).as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

const NOTHING: &str = "SELECT pg_catalog.int8abs(:id)";
const SCORE_FEATURES: &str = "SELECT botdet_score(:features::botdet.account_features)";
const COLUMNS: &str = "account_id, occurred_at, action, content, device, ip, target, country";

/// Those of the features that one would compute in SQL: counts, gaps, entropies, sessions, lengths, devices.
const PLAIN_AGGREGATE: &str = "
WITH e AS MATERIALIZED (
    SELECT occurred_at, action, device, length(content) AS length,
           action IN ('post', 'comment', 'repost', 'share') AS published,
           extract(hour FROM occurred_at AT TIME ZONE 'UTC') AS hour,
           occurred_at - lag(occurred_at) OVER (ORDER BY occurred_at, activity_id) > interval '30 minutes' AS begins
    FROM botdet.activity WHERE account_id = :id
), gap AS (
    SELECT extract(epoch FROM occurred_at - lag(occurred_at) OVER (ORDER BY occurred_at))::float8 AS seconds
    FROM e WHERE published
), session AS (
    SELECT extract(epoch FROM max(occurred_at) - min(occurred_at))::float8 AS seconds
    FROM (SELECT occurred_at, count(*) FILTER (WHERE begins) OVER (ORDER BY occurred_at) AS number FROM e) AS numbered
    GROUP BY number
), hours AS (
    SELECT hour, count(*)::float8 / sum(count(*)) OVER () AS share FROM e GROUP BY hour
), actions AS (
    SELECT action, count(*)::float8 / sum(count(*)) OVER () AS share FROM e GROUP BY action
)
SELECT count(*), count(DISTINCT nullif(device, '')), avg(length), stddev_pop(length),
       (SELECT avg(seconds) FROM gap), (SELECT stddev_pop(seconds) FROM gap),
       (SELECT avg(seconds) FROM session), (SELECT stddev_pop(seconds) FROM session),
       (SELECT -sum(share * ln(share)) / ln(24) FROM hours), (SELECT count(*) FROM hours),
       (SELECT -sum(share * ln(share)) FROM actions)
FROM e";
