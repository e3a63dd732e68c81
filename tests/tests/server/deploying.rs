//! Deploying beside others who do so, and with versions that have gone bad.

use botdet_tests::activity::insert;
use botdet_tests::{Sql, TestDatabase};

use crate::serving::{break_version, register_with_moved_probes};
use crate::versions::two_versions;

#[test]
fn a_challenger_that_cannot_be_used_leaves_nobody_without_an_answer() {
    let (database, full, filter) = two_versions("broken_challenger");
    let mut client = database.connect();
    client.change("SELECT botdet_split($1, 0.5)", &[&filter]);
    break_version(&mut client, &filter);
    let mut client = database.connect();
    client.run(&insert("ARRAY(SELECT generate_series(9001, 9040))", 1, 20));
    let challenged: i64 = client.value(
        "SELECT count(*) FROM generate_series(9001::bigint, 9040) AS g WHERE botdet_serving_version(g) = $1",
        &[&filter],
    );
    assert!((5..35).contains(&challenged));
    let answered: i64 = client
        .value("SELECT count(*) FROM botdet.score WHERE account_id > 9000 AND model_version = $1", &[&full]);
    assert_eq!(answered, 40);
    client.run("CALL botdet_refresh_scores()");
}

#[test]
fn a_slow_shadow_does_not_use_up_the_time_of_the_champion() {
    let (database, full, filter) = two_versions("slow_shadow");
    let mut client = database.connect();
    client.change("SELECT botdet_activate($1)", &[&filter]);
    client.change("SELECT botdet_shadow($1)", &[&full]);
    client.run("SET botdet.inference_timeout = 1; SELECT botdet_store_scores(ARRAY(SELECT account_id FROM botdet.account))");
    let scored: i64 = client.value(
        "SELECT count(*) FROM botdet.account a JOIN botdet.score s USING (account_id) WHERE s.model_version = $1",
        &[&filter],
    );
    assert_eq!(scored, client.value::<i64>("SELECT count(*) FROM botdet.account", &[]));
    let failures: i64 =
        client.value("SELECT count(*) FROM botdet.shadow_score WHERE failure LIKE '%ms%'", &[]);
    assert!(failures > 0);
}

#[test]
fn deploying_sessions_wait_for_each_other_and_never_deadlock() {
    let (database, full, filter) = two_versions("deploying");
    database.connect().change("SELECT botdet_activate($1)", &[&filter]);
    std::thread::scope(|scope| {
        let deploy = |sql: String, may_fail: bool| {
            let mut client = database.connect();
            scope.spawn(move || {
                for _ in 0..40 {
                    if let Err(error) = client.batch_execute(&sql) {
                        let code = error.code().map(|code| code.code().to_owned()).unwrap_or_default();
                        assert!(may_fail && code == "55000", "{sql}: {error:?}");
                    }
                }
            });
        };
        deploy(format!("SELECT botdet_activate('{full}'); SELECT botdet_activate('{filter}')"), false);
        deploy("SELECT botdet_rollback()".to_owned(), true);
        deploy(
            "SELECT botdet_shadow((SELECT version FROM botdet.model_versions WHERE NOT is_champion))"
                .to_owned(),
            true,
        );
        deploy("SELECT botdet_withdraw()".to_owned(), false);
    });
}

#[test]
fn a_version_that_is_not_sound_any_more_is_passed_over_when_rolling_back() {
    let (database, full, filter) = two_versions("pass_over");
    let mut client = database.connect();
    let third = register_with_moved_probes(&mut client, 0.0);
    client.change("SELECT botdet_activate($1)", &[&filter]);
    client.change("SELECT botdet_activate($1)", &[&third]);
    break_version(&mut client, &filter);
    let mut client = database.connect();
    assert_eq!(client.value::<String>("SELECT botdet_rollback()", &[]), full);
}

#[test]
fn what_is_there_already_keeps_its_settings() {
    let database = TestDatabase::new("keeps_settings");
    let mut client = database.connect();
    client
        .run("UPDATE botdet.detector SET threshold = 0.7, needs_approval = true WHERE detector = 'account'");
    assert!(!client.value::<bool>("SELECT botdet_create_detector('account')", &[]));
    client.run(
        "INSERT INTO botdet.detector (detector, description) VALUES ('account', 'x')
         ON CONFLICT (detector) DO UPDATE SET base_rate = 0.1",
    );
    let kept: bool = client.value(
        "SELECT threshold = 0.7 AND needs_approval AND insert_mode = 'inline' AND base_rate = 0.1
         FROM botdet.detector WHERE detector = 'account'",
        &[],
    );
    assert!(kept);
    client.run("SELECT botdet_create_detector('mine')");
    for deploy in ["botdet_shadow('x', 'mine')", "botdet_split('x', 0.5, 'mine')"] {
        assert_eq!(client.refused(&format!("SELECT {deploy}")).code, "0A000");
    }
    for unknown in
        ["botdet_withdraw('weather')", "botdet_deactivate('weather')", "botdet_rollback('weather')"]
    {
        assert_eq!(client.refused(&format!("SELECT {unknown}")).code, "42704");
    }
    client.run(
        "INSERT INTO botdet.account (account_id) VALUES (1);
         INSERT INTO botdet.label (account_id, is_bot, labelled_at) VALUES (1, true, '2025-01-01');
         UPDATE botdet.label SET note = 'checked'",
    );
    assert!(
        client.value::<bool>("SELECT labelled_at = '2025-01-01' FROM botdet.label", &[]),
        "a remark is no new label"
    );
}
