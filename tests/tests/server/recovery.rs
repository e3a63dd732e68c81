//! Other copies of a database answer alike: a hot standby, the server after a crash, a fresh cluster from a dump.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use botdet_tests::activity::insert;
use botdet_tests::model::activate;
use botdet_tests::population::{load, simulate};
use botdet_tests::programs::output;
use botdet_tests::sql::process;
use botdet_tests::{OwnServer, Refusal, Sql, filter_model, model};
use postgres::{Client, NoTls};

use crate::support::{answering, assert_states_follow_rows, wait_until};

/// Tables whose rows a dump carries as they are.
const STORED: &[&str] =
    &["account", "activity", "label", "detector", "account_network", "deployment", "watch"];
/// Others with rows.
const MADE: &[&str] = &["source", "audit", "account_state", "score", "shadow_score", "score_queue"];
/// What is told, by every function that tells.
const TOLD: &[&str] = &[
    "SELECT account_id, botdet_features(account_id) FROM botdet.account",
    "SELECT account_id, botdet_features(account_id, timestamptz '2025-01-04') FROM botdet.account",
    "SELECT account_id, botdet_account_state(account_id) FROM botdet.account",
    "SELECT to_jsonb(s) - 'scored_at' FROM botdet.account a, botdet_score(a.account_id) AS s",
    "SELECT to_jsonb(s) - 'scored_at' FROM botdet.account a, botdet_score(a.account_key) AS s",
    "SELECT to_jsonb(s) - 'scored_at' FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account)) AS s",
    "SELECT to_jsonb(s) - 'scored_at' FROM botdet.account a, botdet_score(botdet_features(a.account_id)) AS s",
    "SELECT to_jsonb(s) - 'scored_at' FROM botdet.account a, botdet_score('account', to_jsonb(botdet_features(a.account_id))) AS s",
    "SELECT to_jsonb(s) - 'scored_at' FROM botdet.account a, botdet_score(botdet_account_state(a.account_id)) AS s",
    "SELECT to_jsonb(s) - 'scored_at'
     FROM (SELECT botdet_state(occurred_at, action, content, device, ip, target, country, activity_id) AS state
           FROM botdet.activity GROUP BY account_id) AS a, botdet_score(a.state) AS s",
    "SELECT botdet_anomaly(account_id) FROM botdet.account",
    "SELECT account_id, e FROM botdet.account a, botdet_explain(a.account_id) AS e",
    "SELECT d FROM botdet_duplicates() AS d",
    "SELECT l FROM botdet_lockstep() AS l",
    "SELECT version, alias, share, v.sha256, md5(v.artifact) FROM botdet.model_versions JOIN botdet.model_version v USING (version)",
];

fn checksum(client: &mut Client, query: &str) -> String {
    client.value(&format!("SELECT concat(count(*), ' ', md5(string_agg(q::text, E'\\n' ORDER BY q::text))) FROM ({query}) AS q"), &[])
}

fn told(client: &mut Client) -> Vec<String> {
    TOLD.iter().map(|query| format!("{query}: {}", checksum(client, query))).collect()
}

fn rows(client: &mut Client, tables: &[&str]) -> Vec<String> {
    tables
        .iter()
        .map(|table| format!("{table}: {}", checksum(client, &format!("SELECT * FROM botdet.{table}"))))
        .collect()
}

fn everything(client: &mut Client) -> Vec<String> {
    [rows(client, STORED), rows(client, MADE), told(client)].concat()
}

/// A database with something of all that there is: both models, a split, stale states, a queue, accounts without a score.
fn populated(server: &OwnServer) -> Client {
    server.connect("postgres").run("CREATE DATABASE shop");
    let mut client = server.connect("shop");
    client.run("CREATE EXTENSION botdet");
    load(&mut client, &simulate(60, 8));
    activate(&mut client, filter_model());
    activate(&mut client, model());
    client.run("SELECT botdet_split(version, 0.4) FROM botdet.model_versions WHERE alias IS NULL");
    client.run("SELECT botdet_watch('f1', 0.1); SELECT botdet_compare_accounts()");
    client.run("CALL botdet_refresh_scores(everything => true)");
    client.run(
        "UPDATE botdet.activity SET action = 'like' WHERE account_id = 3;
         DELETE FROM botdet.activity WHERE account_id = 4 AND activity_id % 2 = 0;
         UPDATE botdet.detector SET insert_mode = 'queue', threshold = 0.4 WHERE detector = 'account'",
    );
    client.run(&insert("ARRAY[5, 6, 9001]", 1, 30));
    client
}

#[test]
fn a_standby_answers_as_its_primary_bit_for_bit() {
    let primary = OwnServer::start("");
    let mut client = populated(&primary);
    let standby = primary.standby();
    let mut follower = standby.connect("shop");
    wait_for(&mut client, &mut follower);
    assert_eq!(everything(&mut client), everything(&mut follower));
    // Warm sessions over there see what is deployed, as soon as it is replayed.
    client.run("SELECT botdet_withdraw()");
    for _ in 0..3 {
        for artifact in [filter_model(), model()] {
            let version = activate(&mut client, artifact);
            let took = wait_until("the standby answers by the version", Duration::from_secs(20), || {
                answering(&mut follower).as_ref() == Some(&version)
            });
            println!("activation to visible on the standby: {took:?}");
        }
    }
    // Rules are kept with what is deployed, and heard of alike.
    client.run(
        "INSERT INTO botdet.rule (detector, name, condition, effect, reason)
         VALUES ('account', 'ours', 'account_id = 5', 'allow', 'ours')",
    );
    wait_until("the standby knows the rule", Duration::from_secs(20), || {
        follower.value::<String>("SELECT stage FROM botdet_score(5)", &[]) == "rules"
    });
    client.run("DELETE FROM botdet.rule WHERE name = 'ours'");
    // A transaction keeps its version, there as here.
    follower.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    let before = answering(&mut follower);
    activate(&mut client, filter_model());
    wait_for(&mut client, &mut follower);
    assert_eq!(answering(&mut follower), before);
    follower.run("COMMIT");
    assert_ne!(answering(&mut follower), before);
    client.run("SELECT botdet_deactivate()");
    client.run(&insert("ARRAY[7, 9002]", 1, 30));
    wait_for(&mut client, &mut follower);
    assert_eq!(answering(&mut follower), None);
    let stored = rows(&mut client, MADE);
    assert_eq!(stored, rows(&mut follower, MADE));
}

#[test]
fn what_writes_is_refused_on_a_standby_and_by_one_error() {
    let primary = OwnServer::start("");
    let mut client = populated(&primary);
    client.run(
        "CREATE TABLE likes (who bigint, at timestamptz); CREATE INDEX ON likes (who, at);
         CREATE TABLE parts (who bigint, at timestamptz) PARTITION BY RANGE (at); CREATE INDEX ON parts (who, at);
         SELECT botdet_bind_source('parts', 'who', 'at', shared => true)",
    );
    let standby = primary.standby();
    let mut follower = standby.connect("shop");
    wait_for(&mut client, &mut follower);
    let statements = [
        "SELECT botdet_rebuild_state(1)",
        "SELECT botdet_store_scores(ARRAY[1, 2])",
        "SELECT botdet_score_pending(10)",
        "SELECT botdet_compare_accounts()",
        "SELECT botdet_bind_source('likes', 'who', 'at', shared => true)",
        "SELECT botdet_unbind_source('parts')",
        "SELECT botdet_create_partitions('parts', '1 day')",
        "CALL botdet_archive('botdet.activity', '2026-01-01')",
        "SELECT botdet_create_detector('other')",
        "SELECT botdet_activate(version) FROM botdet.model_versions LIMIT 1",
        "SELECT botdet_rollback()",
        "SELECT botdet_shadow('challenger')",
        "SELECT botdet_split('challenger', 0.5)",
        "SELECT botdet_withdraw()",
        "SELECT botdet_deactivate()",
        "SELECT botdet_validate_model('champion')",
        "SELECT botdet_watch('f1', 0.2)",
        "SELECT botdet_unwatch()",
        "SELECT botdet_roll_up_scores()",
        "CALL botdet_refresh_features()",
        "CALL botdet_refresh_scores()",
        "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, now(), 'like')",
        "UPDATE botdet.detector SET threshold = 0.5",
        "ALTER EXTENSION botdet UPDATE TO '0.0.0'",
    ];
    let otherwise: Vec<(&str, Refusal)> = statements
        .into_iter()
        .map(|statement| (statement, follower.refused(statement)))
        .filter(|(_, refusal)| refusal.code != "25006")
        .collect();
    assert_eq!(otherwise, []);
    let refusal = follower.refused_with("SELECT botdet_register_model($1)", &[&model()]);
    assert_eq!(refusal.code, "25006", "{}", refusal.message);
    // And the session goes on.
    assert_eq!(told(&mut client), told(&mut follower));
}

/// Until it has replayed all that there is.
fn wait_for(primary: &mut Client, standby: &mut Client) {
    let position: String = primary.value("SELECT pg_current_wal_insert_lsn()::text", &[]);
    let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
    wait_until("the standby has replayed all", Duration::from_secs(30), || standby.value(&replayed, &[]));
}

#[test]
fn a_killed_server_comes_back_with_what_was_committed() {
    let mut server = OwnServer::start("");
    let mut client = populated(&server);
    let before = everything(&mut client);
    // Written, and not committed: rows, states that were flushed for want of memory, a deployment.
    client.run("BEGIN; SET LOCAL botdet.pending_memory = '64kB'; SELECT botdet_rollback()");
    client.run(&insert("ARRAY(SELECT generate_series(1, 40))", 1, 40));
    server.kill();
    server.start_again();
    let mut client = server.connect("shop");
    assert_eq!(everything(&mut client), before);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_server_killed_under_load_loses_nothing_that_was_acknowledged() {
    let mut server = OwnServer::start("");
    let mut client = populated(&server);
    client.run("SELECT botdet_withdraw(); UPDATE botdet.detector SET insert_mode = 'inline'");
    let count = "SELECT count(*) FROM botdet.activity";
    let before: i64 = client.value(count, &[]);
    let (acknowledged, over) = (AtomicI64::new(0), AtomicBool::new(false));
    let config = server.config("shop");
    thread::scope(|scope| {
        for session in 0..3_u32 {
            let (config, acknowledged, over) = (&config, &acknowledged, &over);
            scope.spawn(move || {
                let mut client = config.connect(NoTls).expect("the server is there");
                let mut round = 100 * session;
                while !over.load(Ordering::Relaxed) {
                    round += 1;
                    if client.batch_execute(&insert("ARRAY[1, 2, 30, 9003]", round, round)).is_err() {
                        break;
                    }
                    acknowledged.fetch_add(4, Ordering::SeqCst);
                }
            });
        }
        scope.spawn(|| {
            let mut client = config.connect(NoTls).expect("the server is there");
            while client.batch_execute("SELECT botdet_rollback(); SELECT botdet_activate(version) FROM botdet.model_versions WHERE NOT is_champion").is_ok() {}
        });
        thread::sleep(Duration::from_millis(1500));
        server.kill();
        over.store(true, Ordering::Relaxed);
    });
    server.start_again();
    let mut client = server.connect("shop");
    let (rows, acknowledged): (i64, i64) = (client.value(count, &[]), acknowledged.into_inner());
    println!("{acknowledged} rows acknowledged before the kill, {} found", rows - before);
    // Each session may have had a commit that was not acknowledged any more.
    assert!(
        acknowledged > 0 && (acknowledged..=acknowledged + 12).contains(&(rows - before)),
        "{}",
        rows - before
    );
    assert_states_follow_rows(&mut client);
    assert_scores_are_of_versions(&mut client);
    let answers = told(&mut client);
    client.run("CALL botdet_refresh_features(everything => true)");
    assert_eq!(answers, told(&mut client), "answers from what is kept are those from the rows");
}

fn assert_scores_are_of_versions(client: &mut Client) {
    let odd: i64 = client.value(
        "SELECT count(*) FROM botdet.score s LEFT JOIN botdet.model_version v ON v.version = s.model_version
         WHERE v.version IS NULL AND s.stage <> 'rules'",
        &[],
    );
    assert_eq!(odd, 0);
    let champions: i64 = client.value("SELECT count(*) FROM botdet.deployment WHERE alias = 'champion'", &[]);
    assert_eq!(champions, 1);
}

#[test]
fn a_backend_killed_while_it_inserts_leaves_nothing() {
    let server = OwnServer::start("");
    let mut client = populated(&server);
    let before = everything(&mut client);
    let mut victim = server.connect("shop");
    let backend = process(&mut victim);
    // At the commit it waits for this row, with half of its states written.
    client.run("BEGIN; SELECT FROM botdet.account_state WHERE account_id = 20 FOR UPDATE");
    let mut watcher = server.connect("postgres");
    let lost = thread::scope(|scope| {
        let inserting = scope.spawn(|| {
            let result = victim.batch_execute(&insert("ARRAY(SELECT generate_series(1, 40))", 500, 510));
            result.err().map(|error| Refusal::of(&error).code)
        });
        let waits = format!(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {backend} AND wait_event_type = 'Lock')"
        );
        wait_until("the insert waits", Duration::from_secs(20), || watcher.value(&waits, &[]));
        output(std::process::Command::new("kill").args(["-KILL", &backend.to_string()]));
        inserting.join().expect("it ends")
    });
    assert_eq!(lost.as_deref(), Some("connection"));
    // The server ends all sessions and recovers.
    wait_until("the server notices", Duration::from_secs(30), || server.log().contains("reinitializing"));
    wait_until("the server is back", Duration::from_secs(30), || {
        server.config("shop").connect(NoTls).is_ok()
    });
    let mut client = server.connect("shop");
    assert_eq!(everything(&mut client), before);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_dump_restores_into_a_fresh_cluster() {
    let source = OwnServer::start("");
    let mut client = populated(&source);
    client.run("TRUNCATE botdet.score_queue; UPDATE botdet.detector SET insert_mode = 'inline'; CREATE ROLE analyst LOGIN IN ROLE botdet_reader");
    client.run("CALL botdet_refresh_features()");
    client.run("CALL botdet_refresh_scores(everything => true)");
    let audit: Vec<String> = client.column("SELECT audit_id::text FROM botdet.audit", &[]);
    let (stored, made, answers) = (rows(&mut client, STORED), rows_but_times(&mut client), told(&mut client));
    let file = std::env::temp_dir().join(format!("botdet-fresh-{}.dump", std::process::id()));
    output(source.program("pg_dump", "shop").args(["--format=custom", "--file"]).arg(&file));
    let roles = output(source.program("pg_dumpall", "postgres").arg("--roles-only"));
    for with_roles in [false, true] {
        let target = OwnServer::start("");
        let mut owner = target.connect("postgres");
        if with_roles {
            // The superuser is there already.
            let others = roles.lines().filter(|line| !line.ends_with("CREATE ROLE postgres;"));
            owner.run(&others.filter(|line| !line.starts_with('\\')).collect::<Vec<_>>().join("\n"));
        }
        owner.run("CREATE DATABASE shop TEMPLATE template0");
        output(target.program("pg_restore", "shop").args(["--exit-on-error", "--dbname=shop"]).arg(&file));
        let mut restored = target.connect("shop");
        restored.run("CALL botdet_refresh_scores(everything => true)");
        assert_eq!(rows(&mut restored, STORED), stored);
        assert_eq!(told(&mut restored), answers);
        assert_eq!(rows_but_times(&mut restored), made);
        let lost = format!(
            "SELECT count(*) FROM unnest('{{{}}}'::uuid[]) AS a WHERE a NOT IN (SELECT audit_id FROM botdet.audit)",
            audit.join(",")
        );
        assert_eq!(restored.value::<i64>(&lost, &[]), 0, "rows of the audit");
        let kept: i64 = restored.value("SELECT count(*) FROM botdet.audit", &[]);
        assert_eq!(kept, audit.len() as i64, "restoring adds none");
        if with_roles {
            let mut analyst =
                target.config("shop").user("analyst").connect(NoTls).expect("the role is there");
            let scores: i64 = analyst.value("SELECT count(*) FROM botdet.account_score_v1", &[]);
            assert!(scores > 0);
        }
    }
    std::fs::remove_file(&file).expect("the dump can be removed");
}

/// States, and scores but for when they were made.
fn rows_but_times(client: &mut Client) -> Vec<String> {
    ["account_state", "score"]
        .into_iter()
        .map(|table| checksum(client, &format!("SELECT to_jsonb(t) - 'scored_at' FROM botdet.{table} t")))
        .collect()
}
