//! What `botdet.stat_models` counts.

use botdet_tests::activity::insert;
use botdet_tests::{OwnServer, Sql, TestDatabase, model};
use postgres::Client;

use crate::support::answering;
use crate::versions::{corrupt_active_version, two_versions};

/// Calls, rows, errors, and rows by rules, filter, trees and sequence model, of a version, or of rules.
fn counted(client: &mut Client, version: Option<&str>) -> [i64; 7] {
    let row = client
        .query_opt(
            "SELECT calls, rows, errors, rules_rows, filter_rows, trees_rows, sequence_rows FROM botdet.stat_models
             WHERE version IS NOT DISTINCT FROM $1 AND detector = 'account'",
            &[&version],
        )
        .expect("statistics can be read");
    row.map_or([0; 7], |row| std::array::from_fn(|column| row.get(column)))
}

#[test]
fn every_session_counts_into_the_same_numbers() {
    let (database, full, _) = two_versions("statistics");
    let mut observer = database.connect();
    observer.run("SELECT botdet_reset_statistics()");
    let accounts: i64 = observer.value("SELECT count(*) FROM botdet.account", &[]);
    for _ in 0..3 {
        let mut client = database.connect();
        client.run("SELECT botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account))");
        client.run("SELECT botdet_score(1::bigint)");
    }
    let [calls, rows, errors, by_rules, by_filter, by_trees, by_sequence] =
        counted(&mut observer, Some(&full));
    assert_eq!((rows, errors, by_rules), (3 * (accounts + 1), 0, 0));
    assert_eq!(calls, 3 * ((accounts + 255) / 256 + 1));
    assert_eq!(by_filter + by_trees + by_sequence, rows);
    assert!(by_filter > 0 && by_sequence > 0);
    let times: bool = observer.value(
        "SELECT total_ms > 0 AND mean_ms = total_ms / calls AND p50_ms > 0 AND p50_ms <= p95_ms AND p95_ms <= p99_ms
                AND runtime = 'embedded' AND embedded_rows = sequence_rows AND loads = 3 AND mean_load_ms > 0
                AND abs(sequence_share - sequence_rows::float8 / rows) < 1e-12 AND alias = 'champion'
         FROM botdet.stat_models WHERE version = $1",
        &[&full],
    );
    assert!(times);
    let histogram: bool = observer.value(
        "SELECT bool_and(rises) AND max(calls) = $2 FROM (
             SELECT calls, calls >= lag(calls, 1, 0) OVER (ORDER BY up_to_ms) AS rises
             FROM botdet.stat_model_latency WHERE version = $1) AS h",
        &[&full, &calls],
    );
    assert!(histogram);
    observer.run("SELECT botdet_reset_statistics()");
    assert_eq!(counted(&mut observer, Some(&full)), [0; 7]);
    // A session that has counted before goes on.
    let mut client = database.connect();
    client.run("SELECT botdet_score(1::bigint)");
    observer.run("SELECT botdet_reset_statistics()");
    client.run("SELECT botdet_score(1::bigint)");
    assert_eq!(counted(&mut observer, Some(&full))[..2], [1, 1]);
}

#[test]
fn rules_rows_of_tables_inserts_and_shadows_count_too() {
    let (database, full, filter) = two_versions("statistics_all");
    let mut client = database.connect();
    client.run("SELECT botdet_reset_statistics()");
    client.change("SELECT botdet_shadow($1)", &[&filter]);
    client.run(&insert("ARRAY[9001, 9002]", 1, 20));
    assert_eq!(counted(&mut client, Some(&full))[..3], [1, 2, 0]);
    assert_eq!(counted(&mut client, Some(&filter))[..3], [1, 2, 0]);
    client.run("SELECT botdet_deactivate()");
    client.run("SELECT botdet_score(1::bigint)");
    assert_eq!(counted(&mut client, None)[..4], [1, 1, 0, 1]);
    client.run("SELECT botdet_score('spammer', '{\"link_count\": 3}')");
    let spammers: i64 = client.value(
        "SELECT rules_rows FROM botdet.stat_models WHERE version IS NULL AND detector = 'spammer'",
        &[],
    );
    assert_eq!(spammers, 1);
}

#[test]
fn what_fails_is_counted_as_an_error() {
    let (database, full, _) = two_versions("statistics_errors");
    let mut client = database.connect();
    client.run("SELECT botdet_reset_statistics()");
    corrupt_active_version(&mut client);
    let mut fresh = database.connect();
    fresh.refused("SELECT botdet_score(1::bigint)");
    assert_eq!(counted(&mut client, Some(&full))[..3], [1, 1, 1]);
}

#[test]
fn statistics_that_were_tampered_with_begin_anew() {
    let server = OwnServer::start("");
    let mut client = server.connect("postgres");
    client.run("CREATE EXTENSION botdet");
    let version: String = client.value("SELECT botdet_register_model($1)", &[&model()]);
    client.change("SELECT botdet_activate($1)", &[&version]);
    client.run(&insert("ARRAY[1]", 1, 30));
    assert_eq!(answering(&mut client), Some(version.clone()));
    let before = counted(&mut client, Some(&version));
    assert!(before[0] > 0);
    let directory: String = client.value("SHOW data_directory", &[]);
    let folder = std::path::Path::new(&directory).join("pgsql_tmp_botdet");
    for file in std::fs::read_dir(&folder).expect("it is there") {
        let path = file.expect("it can be read").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("statistics")) {
            std::fs::write(&path, b"short").expect("it can be written");
        }
    }
    let mut fresh = server.connect("postgres");
    fresh.run("SELECT botdet_score(1::bigint)");
    assert_eq!(counted(&mut fresh, Some(&version))[..3], [1, 1, 0]);
}

#[test]
fn a_call_in_progress_can_be_seen_to_wait_for_a_model() {
    let database = TestDatabase::populated("wait_event");
    let (mut observer, mut worker) = (database.connect(), database.connect());
    let process = botdet_tests::sql::process(&mut worker);
    let canceller = botdet_tests::sql::canceller(&worker);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            worker.refused(
                "SELECT (SELECT count(*) FROM botdet_score_batch(ARRAY(SELECT account_id + 0 * g FROM botdet.account)))
                 FROM generate_series(1, 1000000) AS g",
            )
        });
        crate::support::wait_until("the model was seen", std::time::Duration::from_secs(30), || {
            observer.value::<i64>(
                "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Extension'",
                &[&process],
            ) == 1
        });
        canceller();
    });
}
