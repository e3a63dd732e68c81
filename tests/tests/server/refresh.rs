//! Making states and scores again, for many accounts at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use botdet_tests::activity::insert;
use botdet_tests::model::{activate, filter_model, model};
use botdet_tests::sql::{canceller, process};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::support::{
    assert_nothing_is_stale, assert_states_follow_rows, is_running, stale_accounts, stored_states, wait_until,
};

const MANY: &str = "ARRAY(SELECT k FROM generate_series(1, 300) AS k)";

#[test]
fn stale_states_are_built_again() {
    let database = TestDatabase::new("refresh_stale");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1, 2, 3, 4]", 1, 50));
    let kept = stored_states(&mut client);
    client.run("UPDATE botdet.account_state SET stale = true WHERE account_id IN (2, 4)");
    client.run("UPDATE botdet.account_state SET state = (SELECT state FROM botdet.account_state WHERE account_id = 1) WHERE account_id = 4");
    client.run("CALL botdet_refresh_features()");
    assert_eq!(stored_states(&mut client), kept);
    let done: i64 = client.value("SELECT accounts_done FROM botdet.refresh WHERE phase = 'done'", &[]);
    assert_eq!(done, 2);
}

#[test]
fn everything_is_built_again_and_what_is_missing_is_added() {
    let database = TestDatabase::new("refresh_all");
    let mut client = database.connect();
    client.run(&insert(MANY, 1, 30));
    let kept = stored_states(&mut client);
    for (workers, batch) in [(2, 8192), (0, 8192), (2, 7), (0, 1)] {
        client.run(&format!("SET max_parallel_workers_per_gather = {workers}"));
        client.run("DELETE FROM botdet.account_state WHERE account_id % 3 = 0");
        client.run("UPDATE botdet.account_state SET state = (SELECT state FROM botdet.account_state WHERE account_id = 1) WHERE account_id % 3 = 1");
        client.run(&format!("CALL botdet_refresh_features(everything => true, batch => {batch})"));
        assert_eq!(stored_states(&mut client), kept, "{workers} workers, batches of {batch}");
    }
    let listed: i64 = client.value("SELECT count(*) FROM botdet.refresh_account", &[]);
    assert_eq!(listed, 0, "accounts of runs that are done");
}

/// All of the reading and computing lies below the plan's `Gather`, where workers take part in it.
#[test]
fn parallel_workers_compute_states_and_scores() {
    let database = TestDatabase::new("refresh_workers");
    let mut client = database.connect();
    client.run("INSERT INTO botdet.refresh_account SELECT 1, k FROM generate_series(1, 3000) AS k");
    client.run("ANALYZE botdet.refresh_account");
    client.run(
        "SET min_parallel_table_scan_size = 0; SET min_parallel_index_scan_size = 0; SET parallel_setup_cost = 0;
         SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 2",
    );
    for sql in [
        include_str!("../../../extension/src/sql/refreshed_states.sql"),
        include_str!("../../../extension/src/sql/refreshed_scores.sql"),
    ] {
        client.run(&format!("DEALLOCATE ALL; PREPARE refresh (bigint, bigint[], bigint, bigint) AS {sql}"));
        let plan: Vec<String> =
            client.column("EXPLAIN (COSTS off) EXECUTE refresh (1, '{1, 1001, 2001}', 3000, 1000)", &[]);
        assert!(plan[..2].iter().any(|node| node.contains("Gather")), "{}", plan.join("\n"));
        assert!(plan.contains(&"        Workers Planned: 2".to_owned()), "{}", plan.join("\n"));
    }
}

#[test]
fn accounts_known_by_name_are_built_again() {
    let database = TestDatabase::new("refresh_names");
    let mut client = database.connect();
    client.run(
        "CREATE TABLE visit (who text, at timestamptz); CREATE INDEX ON visit (who, at);
         INSERT INTO visit SELECT 'user ' || k % 7, timestamptz '2026-01-01' + k * interval '1 minute' FROM generate_series(1, 700) AS k",
    );
    let bound: i64 = client.value("SELECT botdet_bind_source('visit', 'who', 'at')", &[]);
    assert_eq!(bound, 7);
    let kept = stored_states(&mut client);
    assert_eq!(kept.len(), 7);
    client.run("DELETE FROM botdet.account_state");
    client.run("CALL botdet_refresh_features(everything => true)");
    assert_eq!(stored_states(&mut client), kept);
}

#[test]
fn every_account_is_scored_as_it_is_alone() {
    let database = TestDatabase::new("refresh_scores");
    let mut client = database.connect();
    client.run(&insert(MANY, 1, 45));
    client.run(
        "INSERT INTO botdet.account (account_id, account_key) VALUES (1000, 'silent'); TRUNCATE botdet.score",
    );
    activate(&mut client, model());
    for batch in [4096, 50] {
        client.run(&format!("CALL botdet_refresh_scores(batch => {batch})"));
        assert_scores_are_current(&mut client, 301);
    }
    client.run("DELETE FROM botdet.score WHERE account_id % 2 = 0");
    client.run("CALL botdet_refresh_scores(everything => false)");
    let done: i64 =
        client.value("SELECT accounts_done FROM botdet.refresh ORDER BY refresh_id DESC LIMIT 1", &[]);
    assert_eq!(done, 151);
    activate(&mut client, filter_model());
    client.run("CALL botdet_refresh_scores(everything => false)");
    let done: i64 =
        client.value("SELECT accounts_done FROM botdet.refresh ORDER BY refresh_id DESC LIMIT 1", &[]);
    assert_eq!(done, 301);
    assert_scores_are_current(&mut client, 301);
}

fn assert_scores_are_current(client: &mut Client, accounts: i64) {
    let (scored, current): (i64, i64) = (
        client.value("SELECT count(*) FROM botdet.score", &[]),
        client.value(
            "SELECT count(*) FROM botdet.score s CROSS JOIN LATERAL botdet_score(s.account_id) AS r
             WHERE to_jsonb(s) - 'scored_at' - 'detector' = to_jsonb(r) - 'scored_at'",
            &[],
        ),
    );
    assert_eq!((scored, current), (accounts, accounts));
}

/// Sessions insert all the while; afterwards every state is that of its rows, and every score that of its state.
#[test]
fn inserts_go_on_while_everything_is_refreshed() {
    let database = TestDatabase::new("refresh_beside");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'filter'");
    client.run(&insert("ARRAY(SELECT k FROM generate_series(1, 40) AS k)", 1, 30));
    activate(&mut client, filter_model());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for session in 0..3u32 {
            let (database, done) = (&database, &done);
            scope.spawn(move || {
                let mut client = database.connect();
                let mut n = 31 + session;
                while !done.load(Ordering::Relaxed) {
                    client.run(&insert(&format!("ARRAY[{}, {}, 40]", 1 + n % 39, 1 + (n * 7) % 39), n, n));
                    n += 3;
                }
            });
        }
        for round in 0..12 {
            let batch = 1 + round * 5;
            client.run(&format!("CALL botdet_refresh_features(everything => true, batch => {batch})"));
            client.run(&format!("CALL botdet_refresh_scores(batch => {batch})"));
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_scores_are_current(&mut client, 40);
    assert_states_follow_rows(&mut client);
}

/// A refresh that is cancelled keeps what it has committed, and the next goes on from there.
#[test]
fn a_stopped_refresh_is_taken_up_where_it_stopped() {
    let database = TestDatabase::new("refresh_resumed");
    let mut client = database.connect();
    client.run(&insert("ARRAY(SELECT k FROM generate_series(1, 2000) AS k)", 1, 12));
    let kept = stored_states(&mut client);
    client.run("UPDATE botdet.account_state SET stale = true");
    let pid = process(&mut client);
    let cancel = canceller(&client);
    let mut watcher = database.connect();
    let stopped = thread::spawn(move || {
        client.batch_execute("CALL botdet_refresh_features(batch => 10)").map(|()| client)
    });
    let sight = "SELECT (SELECT accounts_done FROM botdet.stat_progress_refresh WHERE phase = 'refreshing' AND pid = $1) > 0";
    wait_until("progress is seen", Duration::from_secs(20), || {
        watcher.value::<Option<bool>>(sight, &[&pid]).unwrap_or(false)
    });
    let total: i64 = watcher.value("SELECT accounts_total FROM botdet.stat_progress_refresh", &[]);
    assert_eq!(total, 2000);
    cancel();
    let error = stopped.join().expect("no panic").err().expect("the refresh is cancelled");
    assert_eq!(error.code().map(postgres::error::SqlState::code), Some("57014"));
    wait_until("the session ends", Duration::from_secs(10), || !is_running(&mut watcher, pid));
    let running: i64 = watcher.value("SELECT count(*) FROM botdet.stat_progress_refresh", &[]);
    assert_eq!(running, 0);
    let done: i64 = watcher.value("SELECT accounts_done FROM botdet.refresh", &[]);
    assert_eq!(stale_accounts(&mut watcher).len() as i64, 2000 - done);
    watcher.run("CALL botdet_refresh_features(resume => true)");
    assert_eq!(stored_states(&mut watcher), kept);
    let runs: Vec<String> = watcher
        .column("SELECT concat(phase, ' ', accounts_done, ' ', accounts_total) FROM botdet.refresh", &[]);
    assert_eq!(runs, ["done 2000 2000"]);
}

/// States are everybody's: they are not made of the rows that somebody may see.
#[test]
fn who_sees_some_rows_only_makes_no_states_of_them() {
    let mut database = TestDatabase::new("refresh_policy");
    let role = database.role("operator");
    let mut owner = database.connect();
    owner.run(&insert("ARRAY[1, 2, 3]", 1, 50));
    owner.run(&format!(
        "ALTER TABLE botdet.activity ENABLE ROW LEVEL SECURITY;
         CREATE POLICY few ON botdet.activity USING (account_id = 1);
         GRANT USAGE ON SCHEMA botdet TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA botdet TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA botdet TO {role};
         GRANT EXECUTE ON ALL ROUTINES IN SCHEMA botdet, public TO {role};
         UPDATE botdet.account_state SET stale = true"
    ));
    let mut operator = database.connect_as(&role);
    for command in [
        "SELECT botdet_rebuild_state(2)",
        "SELECT botdet_store_scores(ARRAY[2])",
        "CALL botdet_refresh_features()",
        "CALL botdet_refresh_features(everything => true)",
        "CALL botdet_refresh_scores()",
        "CALL botdet_archive('botdet.activity', '2025-03-01 12:00+00')",
    ] {
        let refusal = operator.refused(command);
        assert_eq!(refusal.code, "42501", "{command}");
        assert!(refusal.message.contains("row-level security"), "{command}: {}", refusal.message);
    }
    assert_eq!(stale_accounts(&mut owner), [1, 2, 3]);
    owner.run(&format!("ALTER ROLE {role} BYPASSRLS"));
    operator.run("CALL botdet_refresh_features()");
    operator.run("CALL botdet_refresh_scores()");
    assert_nothing_is_stale(&mut owner);
    assert_states_follow_rows(&mut owner);
}

#[test]
fn what_cannot_be_refreshed_is_said() {
    let database = TestDatabase::new("refresh_refused");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1, 2]", 1, 20));
    client.run("UPDATE botdet.account_state SET stale = true");
    let refusal = client.refused("CALL botdet_refresh_features(resume => true)");
    assert_eq!(refusal.code, "55000");
    let refusal = client.refused("CALL botdet_refresh_features(batch => 0)");
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        ("22023", "batch is 0, and must be at least 1")
    );
    for argument in ["everything", "batch", "resume"] {
        for command in ["features", "scores"] {
            let refusal = client.refused(&format!("CALL botdet_refresh_{command}({argument} => NULL)"));
            assert_eq!(refusal.code, "22004", "{argument}");
        }
    }
    for procedure in ["botdet_refresh_scores()", "botdet_refresh_features()"] {
        client.run("BEGIN");
        let refusal = client.refused(&format!("CALL {procedure}"));
        client.run("ROLLBACK");
        assert_eq!(refusal.code, "2D000");
        assert!(refusal.message.starts_with(procedure) && !refusal.hint.is_empty(), "{}", refusal.message);
    }
    assert_eq!(stale_accounts(&mut client), [1, 2]);
    client.run("CALL botdet_refresh_features()");
    assert_nothing_is_stale(&mut client);
    let runs: Vec<String> = client.column("SELECT phase FROM botdet.refresh ORDER BY refresh_id", &[]);
    assert_eq!(runs, ["done"], "what was refused has begun nothing");
}

#[test]
fn scores_of_earlier_rules_are_made_again_and_those_of_now_are_left() {
    let database = TestDatabase::new("refresh_rules");
    let mut client = database.connect();
    client.run(&insert(MANY, 1, 30));
    activate(&mut client, filter_model());
    let refreshed = |client: &mut Client| -> i64 {
        client.run("CALL botdet_refresh_scores(everything => false)");
        client.value("SELECT accounts_done FROM botdet.refresh ORDER BY refresh_id DESC LIMIT 1", &[])
    };
    assert_eq!(refreshed(&mut client), 300, "a version has come");
    assert_eq!(refreshed(&mut client), 0);
    client.run(
        "INSERT INTO botdet.rule (detector, name, condition, effect, reason)
         VALUES ('account', 'known', 'account_id in (1, 2, 3)', 'block', 'known')",
    );
    assert_eq!(refreshed(&mut client), 300, "a rule has come");
    let blocked = "SELECT count(*) FROM botdet.score WHERE stage = 'rules' AND bot_probability = 1";
    assert_eq!(client.value::<i64>(blocked, &[]), 3);
    assert_eq!(refreshed(&mut client), 0, "what rules decided is not the version's to answer");
    client.run("DELETE FROM botdet.rule WHERE name = 'known'");
    assert_eq!(refreshed(&mut client), 300, "it is gone");
    client.run("UPDATE botdet.detector SET threshold = 0.3 WHERE detector = 'account'");
    assert_eq!(refreshed(&mut client), 300);
    client.run("UPDATE botdet.detector SET insert_mode = 'queue' WHERE detector = 'account'");
    assert_eq!(refreshed(&mut client), 0, "that changes no score");
}
