//! Single calls, and accounts scored in one batch.

use std::time::{Duration, Instant};

use botdet_tests::Sql;
use botdet_tests::model::activate;
use botdet_tests::programs::{output, program};
use botdet_tests::server::onnxruntime_library;
use postgres::Client;

use crate::measure::{Measurement, median};
use crate::models::{ACCOUNTS, Models};

const ROUNDS: usize = 3;
const ROUND_SECONDS: u32 = 2;
const ALL: &str = "SELECT count(*) FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account))";
const NOTHING: &str = "SELECT pg_catalog.int8abs(:id)";
const SCORE_STORED: &str =
    "SELECT (botdet_score(features)).bot_probability FROM public.features WHERE account_id = :id";
const READ_STORED: &str = "SELECT (features).event_count FROM public.features WHERE account_id = :id";
const SCORE_FEATURES: &str = "SELECT botdet_score(:features::botdet.account_features)";

/// Single calls by one client with prepared statements, against a function that does nothing, and features against
/// an aggregate in plain SQL.
pub fn calls(models: &Models) -> Vec<Measurement> {
    let mut client = models.database.connect();
    let features: String = client.value("SELECT botdet_features(1)::text", &[]);
    let calls = [
        ("botdet_features(id), plain SQL", "SELECT botdet_features(:id)", PLAIN_AGGREGATE, None),
        ("botdet_features(id), no-op", "SELECT botdet_features(:id)", NOTHING, None),
        ("botdet_score(id) by rules, no-op", "SELECT botdet_score(:id::bigint)", NOTHING, None),
        (
            "botdet_score(id) by filter only, no-op",
            "SELECT botdet_score(:id::bigint)",
            NOTHING,
            Some(&models.filter),
        ),
        (
            "botdet_score(id) by all stages, no-op",
            "SELECT botdet_score(:id::bigint)",
            NOTHING,
            Some(&models.full),
        ),
        ("botdet_score(features), no-op", SCORE_FEATURES, NOTHING, Some(&models.full)),
    ];
    calls
        .map(|(name, sql, baseline, version)| {
            match version {
                Some(artifact) => drop(activate(&mut client, artifact)),
                None => client.run("SELECT botdet_deactivate()"),
            }
            let (values, baselines) = (0..ROUNDS)
                .map(|_| (latency(models, sql, &features), latency(models, baseline, &features)))
                .unzip();
            Measurement::new(name, "µs/call", median(values), median(baselines))
        })
        .into()
}

/// Features of a random account scored, and only looked at.
pub fn features(models: &Models) -> Vec<Measurement> {
    let mut client = models.database.connect();
    let versions = [
        ("filter only", &models.filter),
        ("boosted trees", &models.boosting),
        ("forest of 300", &models.forest),
    ];
    versions
        .map(|(name, artifact)| {
            activate(&mut client, artifact);
            let pairs =
                (0..ROUNDS).map(|_| (latency(models, SCORE_STORED, "-"), latency(models, READ_STORED, "-")));
            let (values, baselines) = pairs.unzip();
            Measurement::new(
                format!("botdet_score(features) by {name}, no-op"),
                "µs/call",
                median(values),
                median(baselines),
            )
        })
        .into()
}

/// Microseconds a transaction takes, with :id a random account.
fn latency(models: &Models, sql: &str, features: &str) -> f64 {
    let script = std::env::temp_dir().join(format!("{}.sql", models.database.name()));
    let text = format!("\\set id random(1, {ACCOUNTS})\n{};\n", sql.replace('\n', " "));
    let written = std::fs::write(&script, text);
    assert!(written.is_ok(), "the script can be written: {written:?}");
    let printed = output(
        program("pgbench", &models.database)
            .args(["--no-vacuum", "--protocol=prepared", "--client=1", "--time", &ROUND_SECONDS.to_string()])
            .args(["--define", &format!("features={features}"), "--file"])
            .arg(&script),
    );
    let _ = std::fs::remove_file(&script);
    let rate =
        printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
    1e6 / rate.unwrap_or(f64::NAN)
}

/// Accounts a second in one batch, by runtime.
pub fn batches(models: &Models) -> Vec<Measurement> {
    let mut embedded = models.database.connect();
    activate(&mut embedded, &models.full);
    embedded.run("SET botdet.execution_provider = embedded");
    let mut onnxruntime = models.database.connect();
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

fn batch_rate(client: &mut Client) -> f64 {
    let started = Instant::now();
    let accounts: i64 = client.value(ALL, &[]);
    accounts as f64 / started.elapsed().max(Duration::from_nanos(1)).as_secs_f64()
}

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
