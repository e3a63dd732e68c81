//! The background workers, on servers that were started with them.

use std::time::Duration;

use botdet_tests::activity::insert;
use botdet_tests::model::activate;
use botdet_tests::{OwnServer, Sql, filter_model, model};
use postgres::Client;

use crate::support::{is_running, wait_until};
use crate::versions::corrupt_active_version;

const PROMPT: Duration = Duration::from_secs(20);
const QUICK: Duration = Duration::from_secs(2);
const QUEUE_MODE: &str = "CREATE EXTENSION botdet; UPDATE botdet.detector SET insert_mode = 'queue'";

#[test]
fn a_worker_scores_without_anybody_calling() {
    let server = server("shop, empty");
    let mut client = new_database(&server, "shop");
    client.run(QUEUE_MODE);
    renew(&mut client);
    client.run(&insert("ARRAY[1, 2, 3]", 1, 20));
    wait_until("the queue is drained", PROMPT, || is_drained(&mut client));
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.score WHERE stage = 'rules'", &[]), 3);
    let name: String = client.value(
        "SELECT format('%s in %s', application_name, datname) FROM pg_stat_activity WHERE backend_type = 'botdet worker'",
        &[],
    );
    assert_eq!(name, "botdet worker in shop");

    // A database that gets the extension later.
    let mut empty = new_database(&server, "empty");
    renew(&mut empty);
    wait_until("the worker is there", PROMPT, || worker(&mut empty, "empty").is_some());
    std::thread::sleep(Duration::from_secs(1));
    let complaints =
        |server: &OwnServer| server.log().lines().filter(|line| line.contains("botdet worker:")).count();
    let before = complaints(&server);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(complaints(&server), before, "{}", server.log());
    empty.run(QUEUE_MODE);
    empty.run(&insert("ARRAY[7]", 1, 5));
    wait_until("the queue is drained", PROMPT, || is_drained(&mut empty));
}

#[test]
fn a_worker_outlives_errors_and_backs_off() {
    let server = server("shop");
    let mut client = new_database(&server, "shop");
    client.run(QUEUE_MODE);
    renew(&mut client);
    activate(&mut client, model());
    wait_until("the worker is there", PROMPT, || worker(&mut client, "shop").is_some());
    let process = worker(&mut client, "shop");
    corrupt_active_version(&mut client);
    client.run(&insert("ARRAY[1, 2, 3]", 1, 20));
    let failures = |server: &OwnServer| {
        server
            .log()
            .lines()
            .filter(|line| line.contains("were not scored") && line.contains("cannot be used"))
            .count()
    };
    wait_until("a third attempt failed", PROMPT, || failures(&server) >= 3);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.score_queue", &[]), 3);
    std::thread::sleep(Duration::from_secs(1));
    assert!(failures(&server) < 8, "attempts come ever more rarely:\n{}", server.log());
    client.run("SELECT botdet_deactivate()");
    wait_until("the queue is drained", PROMPT, || is_drained(&mut client));
    assert_eq!(worker(&mut client, "shop"), process, "the worker is still the same");
    // A cancel ends the attempt, not the worker.
    client.run(&format!("SELECT pg_cancel_backend({})", process.unwrap_or(0)));
    client.run(&insert("ARRAY[4]", 1, 20));
    wait_until("the queue is drained", PROMPT, || is_drained(&mut client));
    assert_eq!(worker(&mut client, "shop"), process);
}

#[test]
fn a_worker_rolls_back_a_version_that_degrades() {
    let server = server("");
    let mut client = new_database(&server, "shop");
    client.run("CREATE EXTENSION botdet");
    renew(&mut client);
    let good = activate(&mut client, model());
    let bad = activate(&mut client, filter_model());
    client.change(
        "INSERT INTO botdet.score (account_id, detector, bot_probability, is_bot, stage, model_version, reasons, scored_at)
         SELECT g, 'account', 0.9, true, 'filter', $1, '{}', now() FROM generate_series(1, 20) AS g",
        &[&bad],
    );
    client.run(
        "INSERT INTO botdet.label (account_id, is_bot) SELECT g, g % 2 = 0 FROM generate_series(1, 20) AS g;
         SELECT botdet_watch('precision', 0.8, 20)",
    );
    set_databases(&mut client, "shop");
    let champion = "SELECT version FROM botdet.model_versions WHERE is_champion";
    wait_until("it was rolled back", PROMPT, || client.value::<String>(champion, &[]) == good);
    let reason: String = client.value("SELECT reason FROM botdet.audit WHERE action = 'roll back'", &[]);
    assert_eq!(reason, "precision 0.5000 is below 0.8 on 20 labels");
}

#[test]
fn a_worker_counts_what_was_scored() {
    let server = server("");
    let mut client = new_database(&server, "shop");
    client.run("CREATE EXTENSION botdet");
    activate(&mut client, model());
    client.run(&insert("ARRAY(SELECT generate_series(1, 40))", 1, 20));
    set_databases(&mut client, "shop");
    let counted = "SELECT coalesce(max(rows), 0)::bigint FROM botdet.feature_drift WHERE slice_by = 'all'";
    wait_until("accounts are counted", PROMPT, || client.value::<i64>(counted, &[]) == 40);
    assert!(!server.log().contains("was not compared"), "{}", server.log());
}

#[test]
fn a_worker_can_be_ended_at_any_moment_and_loses_nothing() {
    let mut server = server("shop");
    let mut client = new_database(&server, "shop");
    client.run(QUEUE_MODE);
    renew(&mut client);
    activate(&mut client, model());
    // Seconds of work, in batches: accounts this young are all looked at by the sequence model.
    client.run(&insert("ARRAY(SELECT generate_series(1, 12000))", 1, 8));
    wait_until("some are scored", PROMPT, || client.value("SELECT EXISTS (SELECT FROM botdet.score)", &[]));
    let process = worker(&mut client, "shop").expect("it works");
    assert!(client.value::<bool>(
        "SELECT state = 'active' AND query LIKE 'botdet: %' FROM pg_stat_activity WHERE pid = $1",
        &[&process]
    ));
    client.run(&format!("SELECT pg_terminate_backend({process})"));
    wait_until("the worker ends", QUICK, || !is_running(&mut client, process));
    let halfway: (i64, i64, i64) = counts(&mut client);
    assert!(halfway.0 > 0 && halfway.1 > 0 && halfway.2 == 12_000, "scored, queued, either: {halfway:?}");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(counts(&mut client), halfway, "nobody works for a while");

    // After a reload the database has its worker again; taken from the list, it loses it.
    renew(&mut client);
    wait_until("the worker is back", PROMPT, || worker(&mut client, "shop").is_some());
    wait_until("it goes on", PROMPT, || counts(&mut client).0 > halfway.0);
    set_databases(&mut client, "");
    wait_until("the worker ends", QUICK, || worker(&mut client, "shop").is_none());
    let rest = counts(&mut client);
    assert!(rest.2 == 12_000, "scored, queued, either: {rest:?}");
    assert!(server.log().lines().all(|line| !line.contains("PANIC")), "{}", server.log());

    // The database can be dropped while its worker is at it, and the server stopped.
    set_databases(&mut client, "shop, other");
    let mut other = new_database(&server, "other");
    other.run(QUEUE_MODE);
    renew(&mut other);
    wait_until("the workers are back", PROMPT, || worker(&mut other, "other").is_some());
    drop(client);
    other.run("DROP DATABASE shop WITH (FORCE)");
    activate(&mut other, model());
    other.run(&insert("ARRAY(SELECT generate_series(1, 6000))", 1, 8));
    wait_until("it works", PROMPT, || other.value("SELECT EXISTS (SELECT FROM botdet.score)", &[]));
    drop(other);
    let took = server.stop();
    assert!(took < Duration::from_secs(5), "the server took {took:?} to stop");
}

fn server(databases: &str) -> OwnServer {
    OwnServer::start(&format!(
        "shared_preload_libraries = 'botdet'\nbotdet.worker_databases = '{databases}'\nbotdet.worker_interval = 50ms"
    ))
}

fn new_database(server: &OwnServer, name: &str) -> Client {
    server.connect("postgres").run(&format!("CREATE DATABASE {name}"));
    server.connect(name)
}

/// A minute has to pass before a worker is started for a database that was not there, or whose last one ended; a reload has
/// that done at once.
fn renew(client: &mut Client) {
    client.run("SELECT pg_reload_conf()");
}

fn set_databases(client: &mut Client, databases: &str) {
    client.run(&format!("ALTER SYSTEM SET botdet.worker_databases = '{databases}'"));
    client.run("SELECT pg_reload_conf()");
}

/// Process of the worker of a database.
fn worker(client: &mut Client, database: &str) -> Option<i32> {
    let processes: Vec<i32> = client.column(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'botdet worker' AND datname = $1",
        &[&database],
    );
    assert!(processes.len() <= 1, "{processes:?}");
    processes.first().copied()
}

fn is_drained(client: &mut Client) -> bool {
    client.value(
        "SELECT NOT EXISTS (SELECT FROM botdet.score_queue) AND EXISTS (SELECT FROM botdet.score)",
        &[],
    )
}

/// Accounts that are scored, that are queued, and that are one of both but not both.
fn counts(client: &mut Client) -> (i64, i64, i64) {
    let row = client.query_one(
        "SELECT count(s.account_id), count(q.account_id), count(*) FILTER (WHERE (s.account_id IS NULL) <> (q.account_id IS NULL))
         FROM botdet.score s FULL JOIN botdet.score_queue q USING (account_id)",
        &[],
    );
    let row = row.expect("scores and queue can be read");
    (row.get(0), row.get(1), row.get(2))
}
