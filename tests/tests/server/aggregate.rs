//! `botdet_state`, the aggregate, with the features and scores of what it makes.

use std::thread;
use std::time::Duration;

use botdet_tests::activity::{events, insert};
use botdet_tests::sql::{canceller, process};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

/// The aggregate over all columns of `botdet.activity`.
const STATE: &str = "botdet_state(occurred_at, action, content, device, ip, target, country, activity_id)";
/// Settings under which even a small table is read by three processes.
const IN_PARALLEL: &str = "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0;
    SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0";
const ALONE: &str = "SET max_parallel_workers_per_gather = 0";

fn plan(client: &mut Client, query: &str) -> String {
    client.column::<String>(&format!("EXPLAIN (COSTS off) {query}"), &[]).join("\n")
}

/// Accounts whose state by a query of accounts and states is not the one that is kept; and how many are.
fn compared(client: &mut Client, query: &str) -> (i64, i64) {
    let row = client.query_one(
        &format!(
            "SELECT count(*) FILTER (WHERE state IS DISTINCT FROM botdet_account_state(account_id)),
                    count(*) FILTER (WHERE state = botdet_account_state(account_id))
             FROM ({query}) AS made (account_id, state)"
        ),
        &[],
    );
    let row = row.expect("states can be compared");
    (row.get(0), row.get(1))
}

#[test]
fn every_plan_makes_the_states_that_are_kept() {
    let database = TestDatabase::populated("aggregate_plans");
    let mut client = database.connect();
    let accounts: i64 = client.value("SELECT count(DISTINCT account_id) FROM botdet.activity", &[]);
    client.run("INSERT INTO botdet.account (account_id) VALUES (9001)");
    let grouped = format!("SELECT account_id, {STATE} FROM botdet.activity GROUP BY account_id");
    let distinct = grouped.replace("(occurred_at", "(DISTINCT occurred_at");
    let ordered = grouped.replace("activity_id)", "activity_id ORDER BY content, ip DESC)");
    let plans = [
        ("SET enable_sort = off; SET enable_indexscan = off", ALONE, "HashAggregate", &grouped),
        ("SET enable_hashagg = off", ALONE, "GroupAggregate", &grouped),
        ("SET enable_sort = off; SET enable_indexscan = off", IN_PARALLEL, "Partial HashAggregate", &grouped),
        ("SET enable_hashagg = off", IN_PARALLEL, "Partial GroupAggregate", &grouped),
        ("SET enable_hashagg = off", IN_PARALLEL, "Finalize GroupAggregate", &grouped),
        ("", ALONE, "Aggregate", &distinct),
        ("", IN_PARALLEL, "Aggregate", &ordered),
    ];
    for (settings, workers, expected, query) in plans {
        client.run(&format!("RESET ALL; SET work_mem = '256MB'; {workers}; {settings}"));
        let plan = plan(&mut client, query);
        assert!(plan.contains(expected), "{expected} in\n{plan}");
        assert_eq!(compared(&mut client, query), (0, accounts), "{settings}\n{plan}");
    }
    client.run("RESET ALL");
    let differing: i64 = client.value(
        &format!(
            "SELECT count(*) FROM (
                 SELECT account_id, {STATE} FILTER (WHERE occurred_at <= middle) AS state, middle FROM botdet.activity,
                 (SELECT percentile_disc(0.3) WITHIN GROUP (ORDER BY occurred_at) AS middle FROM botdet.activity) AS m
                 GROUP BY account_id, middle) AS made
             WHERE state IS DISTINCT FROM nullif(botdet_account_state(account_id, middle), botdet_account_state(9001))"
        ),
        &[],
    );
    assert_eq!(differing, 0, "a filter on the time is as_of");
    let none: Option<Vec<u8>> =
        client.value(&format!("SELECT {STATE} FILTER (WHERE action = 'no such') FROM botdet.activity"), &[]);
    assert_eq!(none, None);
}

#[test]
fn three_thousand_groups_of_a_table_that_is_not_bound() {
    let database = TestDatabase::new("aggregate_groups");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    let accounts = "ARRAY(SELECT generate_series(1, 3000))";
    client.run(&insert(accounts, 1, 12));
    client.run(&format!(
        "CREATE TABLE post (author varchar(20), at timestamptz, kind varchar, body text, client text, target text);
         INSERT INTO post {} ; ANALYZE post",
        events(accounts, 1, 12)
    ));
    // A state holds the number of its newest row.
    let query = "SELECT author::bigint, botdet_state(at, kind, body, client, NULL, p.target, NULL, activity_id)
                 FROM post p JOIN botdet.activity a ON a.account_id = p.author::bigint AND a.occurred_at = p.at
                 GROUP BY author";
    for workers in [ALONE, IN_PARALLEL] {
        client.run(workers);
        assert_eq!(compared(&mut client, query), (0, 3000), "{workers}");
    }
}

#[test]
fn hash_aggregation_keeps_to_its_memory() {
    let database = TestDatabase::new("aggregate_memory");
    let mut client = database.connect();
    client.run(
        "CREATE TABLE likes AS SELECT n % 40000 AS who, timestamptz '2025-01-01' + n * interval '1 second' AS at
         FROM generate_series(1, 200000) AS n;
         ANALYZE likes; SET work_mem = '1MB'; SET enable_sort = off; SET max_parallel_workers_per_gather = 0",
    );
    let query = "SELECT who, botdet_state(at, 'like') AS state FROM likes GROUP BY who";
    let explained: Vec<String> =
        client.column(&format!("EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) {query}"), &[]);
    let explained = explained.join("\n");
    assert!(explained.contains("HashAggregate") && explained.contains("Disk Usage"), "{explained}");
    let checksum = format!("SELECT md5(string_agg(md5(state), '' ORDER BY who)) FROM ({query}) AS made");
    let spilled: String = client.value(&checksum, &[]);
    client.run("SET work_mem = '1GB'");
    assert_eq!(spilled, client.value::<String>(&checksum, &[]));
    client.run("RESET ALL; SET enable_hashagg = off");
    assert_eq!(spilled, client.value::<String>(&checksum, &[]));
}

#[test]
fn events_of_one_instant_make_one_state_in_whatever_order_they_come() {
    let database = TestDatabase::new("aggregate_ties");
    let mut client = database.connect();
    client.run(
        "CREATE TABLE tie AS
         SELECT timestamptz '2025-01-01' + n % 7 * interval '1 second' AS at,
                (ARRAY['post', 'like', 'comment'])[1 + n % 3] AS action,
                CASE WHEN n % 4 > 0 THEN (ARRAY['Buy now 1', 'buy NOW 1', 'soooo good', 'see https://example.org'])[1 + n % 4] END AS body,
                n % 2 AS place
         FROM generate_series(1, 400) AS n",
    );
    for (position, what) in [("NULL", "no position"), ("place", "positions that are not unique")] {
        let state = format!("botdet_state(at, action, body, NULL, NULL, NULL, NULL, {position}");
        let orders = [
            "",
            " ORDER BY at",
            " ORDER BY at DESC, body",
            " ORDER BY random()",
            " ORDER BY md5(body || at)",
        ];
        let mut states: Vec<Vec<u8>> = orders
            .iter()
            .map(|order| client.value(&format!("SELECT {state}{order}) FROM tie"), &[]))
            .collect();
        states.dedup();
        assert_eq!(states.len(), 1, "{what}");
    }
}

#[test]
fn rows_without_a_time_and_values_that_are_missing() {
    let database = TestDatabase::new("aggregate_nulls");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1]", 1, 50));
    let with_null = format!(
        "SELECT account_id, {STATE} FROM
         (TABLE botdet.activity UNION ALL SELECT (json_populate_record(NULL::botdet.activity, '{{\"account_id\": 1, \"action\": \"post\"}}')).*) AS a
         GROUP BY account_id"
    );
    assert_eq!(compared(&mut client, &with_null), (0, 1));
    for nothing in [
        "botdet_state(NULL, 'post')",
        "botdet_state('infinity', 'post')",
        "botdet_state('1960-01-01', 'post')",
        "botdet_state('2025-01-01', 'post') FILTER (WHERE false)",
    ] {
        let state: Option<Vec<u8>> = client.value(&format!("SELECT {nothing}"), &[]);
        assert_eq!(state, None, "{nothing}");
    }
    let alike: bool = client.value(
        "SELECT botdet_state(t, NULL) = botdet_state(t, 'other') AND botdet_state(t, 'post') = botdet_state(t, 'POST', NULL)
                AND botdet_state(t, 'post', 'hi') = botdet_state(t, 'post', 'hi', '', NULL, '', NULL, 0)
                AND botdet_state(t, 'teleport') = botdet_state(t, 'other')
         FROM (VALUES (timestamptz '2025-01-01'), ('2025-01-02')) AS v (t)",
        &[],
    );
    assert!(alike);
    let window: bool = client.value(
        "SELECT bool_and(state = (SELECT botdet_state(occurred_at, action) FROM botdet.activity b WHERE b.activity_id <= w.activity_id))
         FROM (SELECT activity_id, botdet_state(occurred_at, action) OVER (ORDER BY activity_id) AS state FROM botdet.activity) AS w",
        &[],
    );
    assert!(window, "a growing window");
}

#[test]
fn features_and_scores_of_a_state_are_those_of_its_account() {
    let database = TestDatabase::populated("aggregate_scores");
    let mut client = database.connect();
    // With neither profile nor comparison, the state is all there is.
    client.run("TRUNCATE botdet.account_network; DELETE FROM botdet.account");
    let made = format!("SELECT account_id, {STATE} AS state FROM botdet.activity GROUP BY account_id");
    let differing: i64 = client.value(
        &format!(
            "SELECT count(*) FROM ({made}) AS made
             WHERE botdet_features(state) IS DISTINCT FROM botdet_features(account_id)
                OR to_jsonb(botdet_score(state)) - '{{account_id,scored_at}}'::text[]
                   IS DISTINCT FROM to_jsonb(botdet_score(account_id)) - '{{account_id,scored_at}}'::text[]"
        ),
        &[],
    );
    assert_eq!(differing, 0);
    let stages: Vec<String> = client.column(
        &format!("SELECT DISTINCT (botdet_score(state)).stage FROM ({made}) AS made ORDER BY 1"),
        &[],
    );
    assert_eq!(stages, ["filter", "sequence"]);
    client.run(IN_PARALLEL);
    let question = format!("SELECT sum((botdet_score(state)).bot_probability) FROM ({made}) AS made");
    let (parallel, alone): (f64, f64) = (client.value(&question, &[]), {
        client.run(ALONE);
        client.value(&question, &[])
    });
    assert!((parallel - alone).abs() < 1e-9, "{parallel} {alone}");
}

#[test]
fn a_state_knows_neither_profile_nor_network() {
    let database = TestDatabase::populated("aggregate_profile");
    let differing: Vec<String> = database.connect().column(
        "SELECT DISTINCT b.key FROM botdet.account a, LATERAL jsonb_each(to_jsonb(botdet_features(account_id))) AS f
         JOIN LATERAL jsonb_each(to_jsonb(botdet_features(botdet_account_state(account_id)))) AS b ON b.key = f.key
         WHERE b.value <> f.value ORDER BY 1",
        &[],
    );
    let of_profile = [
        "account_age_days",
        "followers",
        "following",
        "follower_following_ratio",
        "is_verified",
        "profile_completeness",
    ];
    let of_network = [
        "copied_rate",
        "copy_accounts",
        "shared_device_degree",
        "shared_ip_degree",
        "lockstep_score",
        "lockstep_accounts",
    ];
    assert!(
        differing
            .iter()
            .all(|name| of_profile.contains(&name.as_str()) || of_network.contains(&name.as_str())),
        "{differing:?}"
    );
    assert!(differing.iter().any(|name| name == "followers"));
}

#[test]
fn bytes_that_are_no_state_are_refused() {
    let database = TestDatabase::new("aggregate_bytes");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1]", 1, 200));
    for function in ["botdet_features", "botdet_score"] {
        let refusal = client.refused(&format!("SELECT {function}('\\x01'::bytea)"));
        assert_eq!(refusal.code, "22P03");
        assert!(refusal.message.contains("version 1"), "{}", refusal.message);
        assert!(refusal.hint.contains("botdet_state()"), "{}", refusal.hint);
        for bytes in ["''::bytea", "'\\x03ff'::bytea", "substr(botdet_account_state(1), 1, 1900)"] {
            let refusal = client.refused(&format!("SELECT {function}({bytes})"));
            assert_eq!(refusal.code, "22P03", "{bytes}");
            assert!(refusal.message.contains("bytes where 1901 are expected"), "{}", refusal.message);
            assert!(!refusal.hint.is_empty());
        }
        // Whatever single byte is wrong: an error, or an answer.
        client.run(&format!(
            "DO $$ BEGIN FOR n IN 0..1900 LOOP
                 BEGIN PERFORM {function}(set_byte(botdet_account_state(1), n, 255)); EXCEPTION WHEN sqlstate '22P03' THEN NULL; END;
             END LOOP; END $$"
        ));
        let null: bool = client.value(&format!("SELECT {function}(NULL::bytea) IS NULL"), &[]);
        assert!(null);
    }
}

#[test]
fn keys_and_numbers_are_still_told_from_states() {
    let database = TestDatabase::new("aggregate_overloads");
    let mut client = database.connect();
    client.run(&insert("ARRAY[7]", 1, 20));
    let stage = |client: &mut Client, argument: &str| -> String {
        client.value(&format!("SELECT (botdet_score({argument})).stage"), &[])
    };
    assert_eq!(stage(&mut client, "'some key'"), "none");
    for seven in ["'7'", "7", "7::bigint", "botdet_account_state(7)"] {
        assert_eq!(stage(&mut client, seven), "rules", "{seven}");
        let known: bool = client.value(&format!("SELECT (botdet_features({seven})).active_hours > 0"), &[]);
        assert!(known, "{seven}");
    }
    let unknown_type: String = client.value("SELECT (botdet_score($1)).stage", &[&"7"]);
    assert_eq!(unknown_type, "rules", "a parameter without a type is a key");
}

#[test]
fn queries_that_fail_or_are_cancelled_give_their_memory_back() {
    let database = TestDatabase::new("aggregate_release");
    let mut client = database.connect();
    client.run(
        "SET max_parallel_workers_per_gather = 0; SET enable_sort = off; SET work_mem = '1GB';
         CREATE TABLE likes AS SELECT n, n % 20000 AS who, timestamptz '2025-01-01' + n * interval '1 second' AS at
         FROM generate_series(1, 400000) AS n; ANALYZE likes",
    );
    // The last row divides by zero, after some 25 MB were gathered.
    let failing = "SELECT who, botdet_state(at, (1 / (400000 - n))::text) FROM likes GROUP BY who";
    let (backend, pages) = (process(&mut client), "SELECT split_part(pg_read_file($1), ' ', 2)::bigint");
    let statm = format!("/proc/{backend}/statm");
    let mut resident = Vec::new();
    for round in 0..24 {
        if round % 2 == 0 {
            assert_eq!(client.refused(failing).code, "22012");
        } else {
            let cancel = canceller(&client);
            let cancelling = thread::spawn(move || {
                thread::sleep(Duration::from_millis(60));
                cancel();
            });
            let slow =
                "SELECT who, botdet_state(at, 'like'), max(pg_sleep(0.3 * (n % 400000 = 399999)::int)::text)
                        FROM likes GROUP BY who";
            assert_eq!(client.refused(slow).code, "57014");
            cancelling.join().expect("the cancel was sent");
        }
        resident.push(client.value::<i64>(pages, &[&statm]) * 4096);
    }
    let growth = resident[23] - resident[3];
    assert!(growth < 20_000_000, "{growth} bytes more after twenty queries: {resident:?}");
}
