//! Who did what: what is noted, how it is called, and that a dump brings it back as it was.

use botdet_tests::programs::{output, program};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::versions::two_versions;

fn noted(client: &mut Client) -> Vec<String> {
    client.column(
        "SELECT concat_ws(' ', action, nullif(detector, 'account')) FROM botdet.audit
         WHERE action NOT IN ('register', 'validate', 'activate', 'create') ORDER BY occurred_at",
        &[],
    )
}

#[test]
fn tokens_are_noted_without_what_is_secret() {
    let database = TestDatabase::new("audit_tokens");
    let mut client = database.connect();
    let token: String =
        client.value("SELECT token FROM botdet_create_token('anna', 'botdet_scorer', '1 day')", &[]);
    let revoke = "SELECT botdet_revoke_token(max(token_id)) FROM botdet.api_token";
    assert!(client.value::<bool>(revoke, &[]));
    assert!(!client.value::<bool>(revoke, &[]), "once");
    let rows: Vec<String> = client.column(
        "SELECT concat(action, ' ', actor = session_user, ' ', coalesce(new, old) - 'expires_at',
                       ' ', (coalesce(new, old) ->> 'expires_at')::timestamptz = (SELECT expires_at FROM botdet.api_token))
         FROM botdet.audit ORDER BY occurred_at",
        &[],
    );
    let id: i64 = client.value("SELECT token_id FROM botdet.api_token", &[]);
    let told = format!(r#"t {{"role": "botdet_scorer", "holder": "anna", "token_id": {id}}} t"#);
    assert_eq!(rows, [format!("create token {told}"), format!("revoke token {told}")]);
    let secret: i64 = client.value(
        "SELECT count(*) FROM botdet.audit WHERE concat(old, new) LIKE '%' || $1 || '%'
            OR concat(old, new) LIKE '%' || (SELECT encode(sha256, 'hex') FROM botdet.api_token) || '%'",
        &[&token.trim_start_matches("botdet_")],
    );
    assert_eq!(secret, 0);
    for (call, message) in [
        ("botdet_create_token('')", "holder is ''"),
        ("botdet_create_token('anna', 'postgres')", "role is 'postgres'"),
        ("botdet_create_webhook('ftp://x')", "url is 'ftp://x'"),
        ("botdet_create_webhook('http://x', '{no}')", "events are {no}"),
    ] {
        let refusal = client.refused(&format!("SELECT {call}"));
        assert_eq!(refusal.code, "22023");
        assert!(refusal.message.starts_with(message), "{}", refusal.message);
    }
}

#[test]
fn an_end_is_no_beginning_and_settings_say_whose_they_are() {
    let database = TestDatabase::new("audit_names");
    let mut client = database.connect();
    client.run(
        "SELECT botdet_watch('f1', 0.5); SELECT botdet_unwatch();
         SELECT botdet_watch_drift('unseen', 0.1, 0.05); SELECT botdet_unwatch_drift('unseen');
         UPDATE botdet.detector SET threshold = 0.4 WHERE detector = 'account';
         INSERT INTO botdet.feedback_setting (detector, retrain_labels) VALUES ('account', 5);
         INSERT INTO botdet.drift_setting (detector, least_rows) VALUES ('account', 50);
         INSERT INTO botdet.learning_setting (detector, retrains) VALUES ('account', false)",
    );
    let expected = [
        "watch",
        "unwatch",
        "watch drift",
        "unwatch drift",
        "set",
        "set review",
        "set drift",
        "set learning",
    ];
    assert_eq!(noted(&mut client), expected);
    for (rule, message) in [
        ("'feature_psi', 0.1, 0.2", "clear_below is 0.2, and must be at most raise_from, 0.1"),
        ("'feature_psi', 0.1, 0.05, 61", "days is 61, and must be from 1 to 60"),
        (
            "'feature_psi', 0.1, 0.05, slice_by => 'moon'",
            "slice_by is 'moon', and must be all, region, language or age",
        ),
    ] {
        let refusal = client.refused(&format!("SELECT botdet_watch_drift({rule})"));
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("22023", message));
    }
}

#[test]
fn a_dump_brings_the_audit_back_as_it_was() {
    let (source, full, filter) = two_versions("audit_dump");
    let mut client = source.connect();
    client.run(&format!(
        "SELECT botdet_activate('{filter}'); SELECT botdet_rollback(); SELECT botdet_shadow('{filter}');
         UPDATE botdet.detector SET threshold = 0.6, insert_mode = 'queue' WHERE detector = 'account';
         SELECT botdet_create_detector('orders'); SELECT botdet_watch('f1', 0.1); SELECT botdet_watch_drift('unseen', 0.1, 0.05);
         INSERT INTO botdet.rule (detector, name, condition, reason) VALUES ('account', 'mine', 'followers > 3', 'r');
         UPDATE botdet.rule SET enabled = false WHERE name = 'is_new';
         INSERT INTO botdet.feedback_setting (detector, retrain_labels) VALUES ('account', 5);
         INSERT INTO botdet.golden_item (account_id, is_bot) VALUES (2, true); SELECT botdet_request_retraining();
         INSERT INTO botdet.alert (detector, version, measure, slice_by, slice, feature, raised_value)
         VALUES ('account', '{full}', 'unseen', 'all', '', 'followers', 1);
         SELECT botdet_create_token('anna'); SELECT botdet_create_webhook('https://example.org/hook'); SELECT botdet_request_job();
         UPDATE botdet.label SET is_bot = NOT is_bot, labelled_at = now() WHERE account_id <= 9"
    ));
    let questions = [
        "SELECT md5(string_agg(to_jsonb(a)::text, '' ORDER BY audit_id)) FROM botdet.audit a",
        "SELECT md5(string_agg(to_jsonb(a)::text, '' ORDER BY account_id, model_version)) FROM botdet.labelled_answer a",
        "SELECT count(*)::text FROM botdet.webhook_delivery",
    ];
    let before = questions.map(|question| client.value::<Option<String>>(question, &[]));
    assert!(before[1].is_some(), "there are answers");
    for format in ["plain", "custom"] {
        let target = TestDatabase::bare(&format!("audit_restore_{format}"), "TEMPLATE template0");
        let file = std::env::temp_dir().join(format!("{}.{format}", source.name()));
        output(program("pg_dump", &source).args(["--format", format, "--file"]).arg(&file));
        if format == "plain" {
            let psql = ["--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", target.name(), "--file"];
            output(program("psql", &target).args(psql).arg(&file));
        } else {
            output(
                program("pg_restore", &target)
                    .args(["--exit-on-error", "--dbname", target.name()])
                    .arg(&file),
            );
        }
        std::fs::remove_file(&file).expect("the dump can be removed");
        let mut restored = target.connect();
        for (question, before) in questions.iter().zip(&before) {
            assert_eq!(&restored.value::<Option<String>>(question, &[]), before, "{format}: {question}");
        }
        // From now on everything is noted, by whom it may concern.
        restored.run("SELECT botdet_unwatch()");
        assert_eq!(noted(&mut restored).last().map(String::as_str), Some("unwatch"));
    }
    // The settings of a dump are nobody's way around it.
    let mut database = source;
    let login = database.role("sly");
    database.connect().run(&format!("GRANT botdet_admin TO {login}"));
    let mut sly = database.connect_as(&login);
    sly.run("SET check_function_bodies = off; SET row_security = off; SELECT botdet_unwatch()");
    assert_eq!(noted(&mut sly).last().map(String::as_str), Some("unwatch"));
}
