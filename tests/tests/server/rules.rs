//! Rules: written, checked, versioned, noted, and asked in every way of scoring.

use botdet_tests::activity::insert;
use botdet_tests::programs::{output, program};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

/// Blocks an account, whatever a model says of it.
const BLOCK: &str = "INSERT INTO botdet.rule (detector, name, condition, effect, reason)
    VALUES ('account', 'known_offender', 'account_id in (1, 9007199254740993)', 'block', 'it was caught before')";

fn scored(client: &mut Client, call: &str) -> (Option<f64>, String, Option<String>, String) {
    let question = format!("SELECT bot_probability, stage, model_version, reasons[1] FROM {call} AS s");
    let row = client.query_one(&question, &[]).expect("it answers");
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

#[test]
fn a_rule_that_decides_does_so_in_every_way_of_scoring() {
    let database = TestDatabase::populated("rules_decide");
    let (mut client, mut other) = (database.connect(), database.connect());
    let before = scored(&mut other, "botdet_score(1)");
    assert!(before.2.is_some(), "the model answers: {before:?}");
    client.run(BLOCK);
    // Sessions that have the model loaded hear of it.
    let decided = (
        Some(1.0),
        "rules".to_owned(),
        None,
        "rule known_offender (version 1): it was caught before; account_id 1 (+13.8)".to_owned(),
    );
    let key: String = client.value("SELECT account_key FROM botdet.account WHERE account_id = 1", &[]);
    for call in ["botdet_score(1)", "botdet_score_batch(ARRAY[1])", &format!("botdet_score('{key}'::text)")] {
        assert_eq!(scored(&mut other, call), decided, "{call}");
    }
    let others: bool = other
        .value("SELECT bool_and(model_version IS NOT NULL) FROM botdet_score_batch(ARRAY[2, 3, 4])", &[]);
    assert!(others, "the model answers for everybody else");
    let explained: Vec<String> = other.column("SELECT feature FROM botdet_explain(1)", &[]);
    assert_eq!(explained, ["rule known_offender"]);
    other.run("SELECT botdet_store_scores(ARRAY[1, 2])");
    let stored: Vec<bool> = other
        .column("SELECT stage = 'rules' FROM botdet.score WHERE account_id <= 2 ORDER BY account_id", &[]);
    assert_eq!(stored, [true, false]);
    // Insert time, and the queue.
    for mode in ["inline", "filter", "queue"] {
        client.run(&format!("DELETE FROM botdet.score; UPDATE botdet.detector SET insert_mode = '{mode}' WHERE detector = 'account'"));
        other.run(&insert("ARRAY[1, 2]", 400, 402));
        other.run("SELECT botdet_score_pending(10)");
        let stages: Vec<bool> =
            other.column("SELECT stage = 'rules' FROM botdet.score ORDER BY account_id", &[]);
        assert_eq!(stages, [true, false], "{mode}");
    }
    client.run("CALL botdet_refresh_scores(everything => true)");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.score WHERE stage = 'rules'", &[]), 1);
    // Features and states are nobody's.
    for call in ["botdet_score(botdet_features(1))", "botdet_score(botdet_account_state(1))"] {
        assert!(scored(&mut other, call).2.is_some(), "{call}");
    }
    client.run("UPDATE botdet.rule SET condition = 'event_count > 0' WHERE name = 'known_offender'");
    for call in [
        "botdet_score(botdet_features(1))",
        "botdet_score(botdet_account_state(1))",
        "botdet_score('account', to_jsonb(botdet_features(1)))",
    ] {
        let (probability, stage, version, reason) = scored(&mut other, call);
        assert_eq!((probability, stage.as_str(), version), (Some(1.0), "rules", None), "{call}");
        assert!(reason.starts_with("rule known_offender (version 2)"), "{reason}");
    }
    // Whoever is allowed is not blocked.
    client.run(
        "INSERT INTO botdet.rule (detector, name, condition, effect, reason)
         VALUES ('account', 'staff', 'account_id = 2', 'allow', 'ours')",
    );
    assert_eq!(scored(&mut other, "botdet_score(2)").0, Some(0.0));
    client.run("UPDATE botdet.rule SET enabled = false WHERE effect <> 'evidence'");
    assert!(scored(&mut other, "botdet_score(botdet_features(1))").2.is_some(), "the model answers again");
}

#[test]
fn a_statement_sees_the_rules_of_its_snapshot() {
    let database = TestDatabase::populated("rules_snapshot");
    let (mut client, mut other) = (database.connect(), database.connect());
    other.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT botdet_score(1)");
    client.run(BLOCK);
    assert_ne!(scored(&mut other, "botdet_score(1)").1, "rules");
    other.run("COMMIT");
    assert_eq!(scored(&mut other, "botdet_score(1)").1, "rules");
    client.run("BEGIN; DELETE FROM botdet.rule WHERE name = 'known_offender'");
    assert_ne!(scored(&mut client, "botdet_score(1)").1, "rules");
    client.run("ROLLBACK");
    assert_eq!(scored(&mut client, "botdet_score(1)").1, "rules");
}

#[test]
fn evidence_answers_where_no_model_does() {
    let database = TestDatabase::new("rules_evidence");
    let mut client = database.connect();
    client.run("UPDATE botdet.rule SET enabled = false WHERE detector = 'account'");
    client.run(
        "INSERT INTO botdet.rule (detector, name, condition, weight, reason) VALUES
            ('account', 'one', 'followers > 10 and not is_verified = 1', 0.5, 'first'),
            ('account', 'two', 'following between 5 and 6', 0.2, 'second'),
            ('account', 'missing', 'duplicate_rate < 2', 0.9, 'not known'),
            ('account', 'trusted', 'account_age_days >= 100', -0.5, 'old')",
    );
    let of = |client: &mut Client, features: &str| -> f64 {
        client
            .value(&format!("SELECT bot_probability FROM botdet_score('account', '{features}'::jsonb)"), &[])
    };
    let empty: String =
        client.value("SELECT jsonb_object_agg(feature, NULL)::text FROM botdet.feature_catalog", &[]);
    let with = |client: &mut Client, some: &str| -> f64 {
        let all: String = client.value(&format!("SELECT ('{empty}'::jsonb || '{some}')::text"), &[]);
        of(client, &all)
    };
    for (features, expected) in [
        ("{}", 0.05),
        (r#"{"followers": 11, "is_verified": 0}"#, 1.0 - 0.95 * 0.5),
        (r#"{"followers": 11}"#, 0.05),
        (r#"{"followers": 11, "is_verified": 0, "following": 5}"#, 1.0 - 0.95 * 0.5 * 0.8),
        (r#"{"followers": 11, "is_verified": 0, "account_age_days": 100}"#, (1.0 - 0.95 * 0.5) * 0.5),
    ] {
        let found = with(&mut client, features);
        assert!((found - expected).abs() < 1e-12, "{features}: {found} instead of {expected}");
    }
    client.run("UPDATE botdet.detector SET base_rate = 0.2 WHERE detector = 'account'");
    assert!((with(&mut client, "{}") - 0.2).abs() < 1e-12);
}

#[test]
fn conditions_are_checked_when_they_are_written() {
    let database = TestDatabase::new("rules_checked");
    let mut client = database.connect();
    let insert = |condition: &str| {
        format!(
            "INSERT INTO botdet.rule (detector, name, condition, reason) VALUES ('account', 'new', $c${condition}$c$, 'r')"
        )
    };
    for (condition, code, message) in [
        ("folowers > 3", "42703", "names folowers at character 1"),
        ("followers >", "42601", "has the end at character 12"),
        ("followers > 'x'", "42804", "a text at character 13"),
        ("followers", "42804", "followers, a number at character 1"),
        ("followers > 1; DROP TABLE botdet.rule", "42601", "';' at character 14"),
        ("pg_sleep(10) > 1", "42703", "names pg_sleep"),
        ("followers > 1e999", "22003", "too large"),
        ("", "42601", "the end at character 1"),
    ] {
        let refusal = client.refused(&insert(condition));
        assert_eq!(refusal.code, code, "{condition}");
        assert!(refusal.message.contains(message), "{condition}: {}", refusal.message);
    }
    let refusal = client.refused(&insert("folowers > 3"));
    assert_eq!(refusal.hint, "Perhaps followers is meant.");
    assert_eq!(client.refused(&insert(&format!("not {}true", "not ".repeat(100)))).code, "54000");
    for (written, wrong, message) in [
        ("'new'", "'No Name'", "and _, a letter first, not No Name"),
        ("'r'", "''", "reason must have 1 to 300 characters, not 0"),
    ] {
        let refusal = client.refused(&insert("true").replace(written, wrong));
        assert_eq!(refusal.code, "23514");
        assert!(refusal.message.contains(message), "{}", refusal.message);
    }
    assert_eq!(client.refused(&insert("true").replace("'account'", "'nobody'")).code, "42704");
    assert_eq!(
        client.refused("UPDATE botdet.rule SET condition = 'nothing > 1' WHERE name = 'is_new'").code,
        "42703"
    );
    let refusal = client.refused("UPDATE botdet.rule SET weight = 1 WHERE name = 'is_new'");
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        ("23514", "weight must be above -1 and below 1, not 1")
    );
    let refusal = client.refused("UPDATE botdet.rule SET effect = 'praise' WHERE name = 'is_new'");
    assert_eq!(refusal.message, "effect must be evidence, allow or block, not praise");
    assert_eq!(client.refused("DELETE FROM botdet.rule WHERE name = 'is_new'").code, "55000");
    let tried: Option<bool> = client
        .value("SELECT botdet_test_condition('spammer', 'link_count > 3 and not asked_credentials', '{\"link_count\": 4}')", &[]);
    assert_eq!(tried, None);
}

#[test]
fn what_a_rule_would_catch_is_told_before_it_is_written() {
    let database = TestDatabase::populated("rules_tried");
    let mut client = database.connect();
    // One label told again, and as many accounts without a value as with one.
    client.run(
        "UPDATE botdet.label SET is_bot = NOT is_bot WHERE account_id = 1;
         UPDATE botdet.account SET created_at = NULL WHERE account_id % 2 = 0;
         DELETE FROM botdet.label WHERE account_id % 3 = 0",
    );
    let condition = "account_age_days > 400 and account_id <> 7";
    let told: Vec<String> = client.column(
        &format!("SELECT concat_ws(' ', among, accounts, fires, unknown, examples) FROM botdet_try_condition('account', '{condition}')"),
        &[],
    );
    let counted: Vec<String> = client.column(
        "WITH judged AS (
             SELECT a.account_id, l.is_bot, f.account_age_days > 400 AND a.account_id <> 7 AS fires
             FROM botdet.account a
             CROSS JOIN LATERAL botdet_features(a.account_id) AS f
             LEFT JOIN botdet.label l ON l.account_id = a.account_id AND l.detector = 'account'
         )
         SELECT concat_ws(' ', g.name, count(j.*), count(*) FILTER (WHERE j.fires), count(j.*) FILTER (WHERE j.fires IS NULL),
                          coalesce((array_agg(j.account_id ORDER BY j.account_id) FILTER (WHERE j.fires))[:5], '{}'))
         FROM (VALUES (1, 'labelled bots', true), (2, 'labelled humans', false), (3, 'scored accounts', NULL)) AS g (place, name, is_bot)
         LEFT JOIN judged j ON j.is_bot = g.is_bot OR g.is_bot IS NULL
         GROUP BY g.place, g.name ORDER BY g.place",
        &[],
    );
    assert_eq!(told, counted);
    assert!(told.iter().all(|line| !line.contains(" 0 ")), "each group has some of each: {told:?}");
    let few: Vec<i64> = client.column("SELECT accounts FROM botdet_try_condition('account', 'true', 7)", &[]);
    assert_eq!(few, [7, 7, 7]);
    for (call, code) in [
        ("'account', 'folowers > 1'", "42703"),
        ("'account', 'true', 0", "22023"),
        ("'spammer', 'true'", "0A000"),
        ("'weather', 'true'", "0A000"),
    ] {
        let refusal = client.refused(&format!("SELECT botdet_try_condition({call})"));
        assert_eq!(refusal.code, code, "{call}: {}", refusal.message);
    }
    // What is refused is so without accounts, too; and nothing is told of nobody.
    client.run("DELETE FROM botdet.label; DELETE FROM botdet.score");
    assert_eq!(client.refused("SELECT botdet_try_condition('account', 'folowers > 1')").code, "42703");
    let nobody: Vec<i64> =
        client.column("SELECT accounts + fires + unknown FROM botdet_try_condition('account', 'true')", &[]);
    assert_eq!(nobody, [0, 0, 0]);
}

#[test]
fn every_version_of_a_rule_stays_readable_and_says_who_made_it() {
    let mut database = TestDatabase::new("rules_versions");
    let login = database.role("keeper");
    let mut owner = database.connect();
    owner.run(&format!("GRANT botdet_admin TO {login}"));
    let mut client = database.connect_as(&login);
    client.run(BLOCK);
    client.run("UPDATE botdet.rule SET condition = 'account_id = 2' WHERE name = 'known_offender'");
    client.run("UPDATE botdet.rule SET condition = 'account_id = 2' WHERE name = 'known_offender'");
    client.run("UPDATE botdet.rule SET enabled = false WHERE name = 'known_offender'");
    client.run("DELETE FROM botdet.rule WHERE name = 'known_offender'");
    client.run(BLOCK);
    let versions: Vec<String> = client.column(
        "SELECT concat_ws(' ', version, condition, enabled) FROM botdet.rule_version WHERE name = 'known_offender' ORDER BY version",
        &[],
    );
    assert_eq!(
        versions,
        [
            "1 account_id in (1, 9007199254740993) t",
            "2 account_id = 2 t",
            "3 account_id = 2 f",
            "4 account_id in (1, 9007199254740993) t"
        ]
    );
    let noted: Vec<String> = client.column(
        "SELECT concat_ws(' ', reason, old ->> 'version', new ->> 'version') FROM botdet.audit
         WHERE action = 'rule' AND actor = $1::text ORDER BY occurred_at",
        &[&login],
    );
    assert_eq!(noted, ["added 1", "changed 1 2", "changed 2 3", "deleted 3", "added 4"]);
    for statement in [
        "UPDATE botdet.rule SET version = 9",
        "UPDATE botdet.rule SET changed_by = 'somebody'",
        "UPDATE botdet.rule SET shipped = true",
        "DELETE FROM botdet.rule_version",
        "INSERT INTO botdet.rule_version SELECT * FROM botdet.rule_version",
    ] {
        assert_eq!(client.refused(statement).code, "42501", "{statement}");
    }
}

#[test]
fn a_dump_keeps_rules_and_changes_of_those_that_came_along() {
    let source = TestDatabase::new("rules_dump");
    let target = TestDatabase::bare("rules_restore", "TEMPLATE template0");
    let mut client = source.connect();
    client.run(BLOCK);
    client.run("UPDATE botdet.rule SET enabled = false WHERE name = 'is_new'");
    client.run("UPDATE botdet.rule SET weight = 0.45 WHERE name = 'repeats_itself'");
    client.run("UPDATE botdet.rule SET weight = 0.46 WHERE name = 'repeats_itself'");
    let file = std::env::temp_dir().join(format!("{}.dump", source.name()));
    output(program("pg_dump", &source).args(["--format=custom", "--file"]).arg(&file));
    let restored = program("pg_restore", &target)
        .args(["--exit-on-error", "--dbname", target.name()])
        .arg(&file)
        .output()
        .expect("pg_restore can be run");
    std::fs::remove_file(&file).expect("the dump can be removed");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let since_then = "- '{changed_at}'::text[]";
    for question in [
        format!("SELECT md5(string_agg((to_jsonb(r) {since_then})::text, '' ORDER BY detector, name)) FROM botdet.rule r"),
        "SELECT md5(string_agg(concat_ws(' ', detector, name, version, condition, weight, enabled), '' ORDER BY detector, name, version))
         FROM botdet.rule_version".to_owned(),
        "SELECT md5(string_agg(changed_at::text, '' ORDER BY name)) FROM botdet.rule WHERE version > 1 OR NOT shipped".to_owned(),
    ] {
        let (before, after): (String, String) =
            (source.connect().value(&question, &[]), target.connect().value(&question, &[]));
        assert_eq!(before, after, "{question}");
    }
}
