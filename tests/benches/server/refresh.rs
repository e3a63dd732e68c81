//! Refreshing all states from their rows, against what computing a few of the features in SQL costs.

use botdet_tests::{Sql, TestDatabase};

use crate::inserts::{COLUMNS, rows};
use crate::measure::{Measurement, processor_seconds, seconds};

const EVENTS_AN_ACCOUNT: u32 = 100;

/// 10,000 accounts of a million events; `BOTDET_BENCH_SCALE=10` makes it ten times as many of both.
pub fn refresh() -> Vec<Measurement> {
    let scale = std::env::var("BOTDET_BENCH_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let accounts = 10_000 * scale;
    let events = accounts * EVENTS_AN_ACCOUNT;
    let database = TestDatabase::new("bench_refresh");
    let mut client = database.connect();
    client.run("ALTER TABLE botdet.activity DISABLE TRIGGER botdet_insert");
    client.run(&format!("INSERT INTO botdet.activity ({COLUMNS}) {}", rows(1, events, accounts)));
    client.run("VACUUM ANALYZE botdet.activity");
    // Both sides may use the same memory.
    client.run(
        "SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'; SET jit = off; SET max_parallel_workers_per_gather = 0",
    );
    let everything = "CALL botdet_refresh_features(everything => true)";
    client.run(everything);
    client.run("VACUUM botdet.account_state");
    let alone = processor_seconds(&mut client, |client| client.run(everything));
    let five = processor_seconds(&mut client, |client| client.run(FIVE_FEATURES));
    let bare = processor_seconds(&mut client, |client| client.run(COUNT_AND_AVERAGE));
    let by_one = seconds(|| client.run(everything));
    client.run("SET max_parallel_workers_per_gather = 2");
    let by_three = seconds(|| client.run(everything));
    let what = format!("refresh of {accounts} accounts, {events} events");
    vec![
        Measurement::new(format!("{what}, five features in SQL"), "processor s", alone, five),
        Measurement::new(format!("{what}, count and avg"), "processor s", alone, bare),
        Measurement::new(format!("{what}, 2 workers, none"), "s", by_three, by_one),
    ]
}

const COUNT_AND_AVERAGE: &str = "
SELECT count(*), avg(n) FROM (
    SELECT account_id, count(*) AS n, avg(extract(epoch FROM occurred_at)), avg(length(content))
    FROM botdet.activity GROUP BY account_id
) AS a";

/// Posting cadence and its deviation, circadian entropy, action diversity, and the share of texts that repeat one exactly.
const FIVE_FEATURES: &str = "
WITH gap AS (
    SELECT account_id, avg(seconds) AS cadence, stddev_pop(seconds) AS deviation
    FROM (
        SELECT account_id,
               extract(epoch FROM occurred_at - lag(occurred_at) OVER (PARTITION BY account_id ORDER BY occurred_at))::float8 AS seconds
        FROM botdet.activity WHERE action IN ('post', 'comment', 'repost', 'share')
    ) AS g
    GROUP BY account_id
), hours AS (
    SELECT account_id, -sum(share * ln(share)) / ln(24) AS entropy
    FROM (
        SELECT account_id, count(*)::float8 / sum(count(*)) OVER (PARTITION BY account_id) AS share
        FROM botdet.activity GROUP BY account_id, extract(hour FROM occurred_at AT TIME ZONE 'UTC')
    ) AS h
    GROUP BY account_id
), actions AS (
    SELECT account_id, -sum(share * ln(share)) AS entropy
    FROM (
        SELECT account_id, count(*)::float8 / sum(count(*)) OVER (PARTITION BY account_id) AS share
        FROM botdet.activity GROUP BY account_id, action
    ) AS h
    GROUP BY account_id
), texts AS (
    SELECT account_id, 1 - count(DISTINCT content)::float8 / count(content) AS duplicates
    FROM botdet.activity WHERE content <> '' GROUP BY account_id
)
SELECT count(*), avg(cadence), avg(deviation), avg(hours.entropy), avg(actions.entropy), avg(duplicates)
FROM hours
JOIN actions USING (account_id)
LEFT JOIN gap USING (account_id)
LEFT JOIN texts USING (account_id)";
