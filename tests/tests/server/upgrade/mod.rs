//! `ALTER EXTENSION botdet UPDATE` from every version that was installed somewhere, and what pg_upgrade carries.
//!
//! `tests/fixtures` holds what earlier versions installed; only the server for tests has these files.

use std::sync::{Arc, Mutex};

use botdet_models::artifact::{Artifact, Manifest};
use botdet_tests::activity::insert;
use botdet_tests::model::activate;
use botdet_tests::programs::{output, program};
use botdet_tests::{Sql, TestDatabase, model, server};
use postgres::Client;

use crate::support::{answering, answers, assert_states_follow_rows, stage};

const FIRST: &str = "0.1.0";
const UPDATE: &str = "ALTER EXTENSION botdet UPDATE";
const CATALOGUE: &str = include_str!("catalogue.sql");
const ACCOUNTS: &str = "ARRAY[1, 2, 3]";

/// A database of the first version.
fn outdated(hint: &str) -> TestDatabase {
    let database = TestDatabase::bare(hint, "");
    database.connect().run(&format!("CREATE EXTENSION botdet VERSION '{FIRST}'"));
    database
}

/// Rows in all of the tables that it had.
fn fill(client: &mut Client) -> String {
    client.run(&insert(ACCOUNTS, 1, 60));
    client.run(
        "INSERT INTO botdet.account (account_id, account_key, username, followers, following)
         SELECT k, 'key ' || k, 'user ' || k, k, 2 * k FROM generate_series(1, 3) AS k;
         INSERT INTO botdet.label (account_id, is_bot, strategy) VALUES (1, true, 'poster'), (2, false, NULL);
         INSERT INTO botdet.account_state (account_id, state) VALUES (1, '\\x0102');
         INSERT INTO botdet.score (account_id, detector, bot_probability, is_bot, stage, model_version, reasons, scored_at)
         VALUES (1, 'account', 0.9, true, 'filter', 'account-01234567', '{a, b}', '2025-01-01');
         UPDATE botdet.detector SET threshold = 0.625, insert_mode = 'filter', description = 'ours'",
    );
    let artifact =
        Artifact::new(Manifest::new("account", "21 features".to_owned(), 7), Vec::new()).to_bytes();
    let version = format!("account-{}", &Artifact::sha256(&artifact)[..8]);
    client.change(
        "INSERT INTO botdet.model_version (detector, version, artifact, sha256, manifest, comment)
         VALUES ('account', $1, $2, encode(sha256($2), 'hex'), '{\"seed\": 7}', 'of then')",
        &[&version, &artifact],
    );
    client.change("SELECT botdet_activate($1)", &[&version]);
    version
}

/// Tables with the user's rows, and the columns that they had not got.
const TABLES: &[(&str, &str)] = &[
    ("account", "{}"),
    ("activity", "{}"),
    ("label", "{trust}"),
    ("score", "{action, events}"),
    (
        "model_version",
        "{size_bytes, validated_at, validated_by, probes, largest_difference, approved_at, approved_by}",
    ),
    ("detector", "{automatic_threshold, base_rate, needs_approval}"),
];

/// The rows that are the user's, as the first version had them.
fn rows(client: &mut Client) -> Vec<String> {
    let mut rows = Vec::new();
    for (table, added) in TABLES {
        rows.extend(client.column::<String>(
            &format!(
                "SELECT concat('{table} ', to_jsonb(t) - '{added}'::text[]) FROM botdet.{table} t
                 WHERE to_jsonb(t) ->> 'detector' IS NULL OR to_jsonb(t) ->> 'detector' = 'account' ORDER BY 1"
            ),
            &[],
        ));
    }
    rows
}

fn catalogue(client: &mut Client) -> Vec<String> {
    client.column(CATALOGUE, &[])
}

fn version(client: &mut Client) -> String {
    client.value("SELECT extversion FROM pg_extension WHERE extname = 'botdet'", &[])
}

/// A connection, and what the server tells it.
fn attentive(database: &TestDatabase) -> (Client, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut config = database.config();
    let listener = Arc::clone(&told);
    config.notice_callback(move |notice| {
        let mut told = listener.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        told.push(format!(
            "{}: {}; {}",
            notice.severity(),
            notice.message(),
            notice.hint().unwrap_or_default()
        ));
    });
    (server::connect_with(&config), told)
}

fn heard(told: &Mutex<Vec<String>>) -> Vec<String> {
    told.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

#[test]
fn an_updated_database_has_the_objects_of_a_fresh_one() {
    let (updated, fresh) = (outdated("objects"), TestDatabase::new("objects_fresh"));
    let mut client = updated.connect();
    let before = catalogue(&mut client);
    fill(&mut client);
    client.run(UPDATE);
    let (found, expected) = (catalogue(&mut client), catalogue(&mut fresh.connect()));
    assert_ne!(before, expected);
    let differing: Vec<&String> = found
        .iter()
        .filter(|line| !expected.contains(line))
        .chain(expected.iter().filter(|line| !found.contains(line)))
        .collect();
    assert_eq!(differing, Vec::<&String>::new());
}

#[test]
fn an_update_keeps_the_rows_and_makes_the_rest_of_them() {
    let (updated, fresh) = (outdated("rows"), TestDatabase::new("rows_fresh"));
    let (mut client, told) = attentive(&updated);
    let old_version = fill(&mut client);
    let before = rows(&mut client);
    client.run(UPDATE);
    assert_eq!(before, rows(&mut client));
    let warnings = heard(&told);
    assert!(
        warnings.iter().any(|told| told.contains(&old_version) && told.contains("botdet train")),
        "{warnings:?}"
    );
    // Rules answer, since the model knows other features; it stays on record.
    assert_eq!((stage(&mut client, 1), answering(&mut client)), ("rules".to_owned(), None));
    let refusal = client.refused_with("SELECT botdet_activate($1)", &[&old_version]);
    assert_eq!(refusal.code, "22P03", "{}", refusal.message);
    assert!(refusal.message.contains("feature schema 21 features"), "{}", refusal.message);
    // What is made of the rows is what a database makes that never was another version.
    let mut other = fresh.connect();
    other.run(
        "INSERT INTO botdet.account (account_id, account_key, username, followers, following)
               SELECT k, 'key ' || k, 'user ' || k, k, 2 * k FROM generate_series(1, 3) AS k",
    );
    other.run(&insert(ACCOUNTS, 1, 60));
    assert_eq!(answers(&mut client), answers(&mut other), "read from the rows");
    client.run("CALL botdet_refresh_features(everything => true)");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.account_state WHERE NOT stale", &[]), 3);
    assert_eq!(answers(&mut client), answers(&mut other), "read from states");
    for session in [&mut client, &mut other] {
        session.run(
            "UPDATE botdet.detector SET threshold = 0.625, insert_mode = 'filter' WHERE detector = 'account'",
        );
        activate(session, model());
        session.run(&insert("ARRAY[3, 4]", 61, 80));
        session.run("CALL botdet_refresh_scores()");
    }
    assert_states_follow_rows(&mut client);
    assert_eq!(scores(&mut client), scores(&mut other));
    // And it travels.
    let restored = TestDatabase::bare("rows_restored", "TEMPLATE template0");
    let file = std::env::temp_dir().join(format!("{}.dump", updated.name()));
    output(program("pg_dump", &updated).args(["--format=custom", "--file"]).arg(&file));
    output(
        program("pg_restore", &restored).args(["--exit-on-error", "--dbname", restored.name()]).arg(&file),
    );
    std::fs::remove_file(&file).expect("the dump can be removed");
    let mut restored = restored.connect();
    restored.run("CALL botdet_refresh_scores()");
    assert_eq!(answers(&mut client), answers(&mut restored));
    assert_eq!(scores(&mut client), scores(&mut restored));
}

fn scores(client: &mut Client) -> Vec<String> {
    client.column("SELECT (to_jsonb(s) - 'scored_at')::text FROM botdet.score s ORDER BY account_id", &[])
}

#[test]
fn functions_of_before_say_what_to_do_and_inserts_go_on() {
    let database = outdated("before");
    let (mut client, told) = attentive(&database);
    for call in [
        "botdet_features(1)",
        "botdet_account_state(1)",
        "botdet_rebuild_state(1)",
        "botdet_score(1)",
        "botdet_score(ROW(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21)::botdet.account_features)",
        "botdet_score_batch(ARRAY[1, 2])",
        "botdet_refresh_scores(ARRAY[1, 2])",
        "botdet_anomaly(1)",
        "botdet_explain(1)",
        "botdet_register_model('\\x00')",
    ] {
        let refusal = client.refused(&format!("SELECT {call}"));
        assert_eq!(refusal.code, "55000", "{call}: {}", refusal.message);
        assert!(refusal.hint.contains(UPDATE), "{call}: {}", refusal.hint);
    }
    assert_eq!(client.refused("SELECT botdet_flag()").code, "55000", "it is for triggers");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.feature_catalog", &[]), 48);
    client.run(&insert(ACCOUNTS, 1, 5));
    client.run(&insert(ACCOUNTS, 6, 10));
    client
        .run("UPDATE botdet.activity SET action = 'like'; DELETE FROM botdet.activity WHERE action = 'post'");
    let warnings = heard(&told);
    assert_eq!(warnings.len(), 1, "one a session: {warnings:?}");
    assert!(warnings[0].contains(UPDATE), "{warnings:?}");
    // The same session goes on after the update.
    client.run(UPDATE);
    assert_eq!(stage(&mut client, 1), "rules");
    client.run(&insert(ACCOUNTS, 11, 15));
    assert_states_follow_rows(&mut client);
}

#[test]
fn what_is_built_on_what_stays_goes_on() {
    let database = outdated("dependents");
    let mut client = database.connect();
    fill(&mut client);
    client.run(
        "CREATE VIEW posts AS SELECT account_id, count(*) FROM botdet.activity GROUP BY 1;
         CREATE VIEW scores AS SELECT s.account_id, s.is_bot, a.username FROM botdet.score s JOIN botdet.account a USING (account_id);
         CREATE VIEW features AS SELECT feature, unit FROM botdet.feature_catalog;
         CREATE VIEW explained AS SELECT a.account_id, e.feature FROM botdet.account a, botdet_explain(a.account_id) AS e;
         CREATE TABLE ours (account_id bigint REFERENCES botdet.account);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT ON botdet.score FOR EACH ROW EXECUTE FUNCTION note()",
    );
    client.run(UPDATE);
    for view in ["posts", "scores", "features", "explained"] {
        assert!(client.value::<i64>(&format!("SELECT count(*) FROM {view}"), &[]) > 0, "{view}");
    }
    assert_eq!(client.refused("INSERT INTO ours VALUES (999)").code, "23503");
    let has_trigger =
        "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'note' AND tgrelid = 'botdet.score'::regclass)";
    assert!(client.value::<bool>(has_trigger, &[]));
}

#[test]
fn what_is_in_the_way_is_named_and_all_stays_as_it_was() {
    let database = outdated("blocked");
    let mut client = database.connect();
    fill(&mut client);
    let (objects, kept) = (catalogue(&mut client), rows(&mut client));
    let champions = "SELECT count(*) FROM botdet.deployment";
    for (create, drop, code, names) in [
        (
            "CREATE VIEW mine AS SELECT (botdet_score(account_id)).is_bot FROM botdet.account",
            "DROP VIEW mine",
            "2BP01",
            "botdet_score(bigint)",
        ),
        ("CREATE VIEW mine AS SELECT * FROM botdet.flagged_account", "DROP VIEW mine", "2BP01", "flagged_account"),
        ("CREATE VIEW mine AS SELECT state FROM botdet.account_state", "DROP VIEW mine", "2BP01", "account_state"),
        ("CREATE TABLE mine (f botdet.account_features)", "DROP TABLE mine", "2BP01", "account_features"),
        (
            "CREATE TABLE mine (LIKE botdet.activity); CREATE TRIGGER t AFTER INSERT ON mine REFERENCING NEW TABLE AS new_rows
             FOR EACH STATEMENT EXECUTE FUNCTION botdet_flag()",
            "DROP TABLE mine",
            "2BP01",
            "trigger t of table mine",
        ),
        (
            "CREATE FUNCTION botdet_score(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "DROP FUNCTION botdet_score(integer)",
            "42723",
            "botdet_score(integer)",
        ),
        ("CREATE TABLE botdet.audit (a integer)", "DROP TABLE botdet.audit", "55000", "audit"),
    ] {
        client.run(create);
        let refusal = client.refused(UPDATE);
        assert_eq!(refusal.code, code, "{create}: {}", refusal.message);
        assert!(refusal.message.contains(names), "{create}: {}", refusal.message);
        client.run(drop);
        assert_eq!(version(&mut client), FIRST);
        assert!(catalogue(&mut client) == objects && rows(&mut client) == kept, "{create}: something has changed");
        assert_eq!(client.value::<i64>(champions, &[]), 1);
    }
    client.run(UPDATE);
    assert_ne!(version(&mut client), FIRST);
}

#[test]
fn the_extension_is_updated_in_whatever_schema_it_lies() {
    let database = TestDatabase::bare("elsewhere", "");
    let mut client = database.connect();
    client
        .run(&format!("CREATE SCHEMA detection; CREATE EXTENSION botdet VERSION '{FIRST}' SCHEMA detection"));
    client.run(UPDATE);
    client.run(&insert("ARRAY[1]", 1, 5));
    assert_eq!(client.value::<String>("SELECT (detection.botdet_score(1::bigint)).stage", &[]), "rules");
}

/// pg_upgrade keeps files as they are, so that stored values must mean the same on the other side: no composite types, whose
/// numbers are not kept, and of the types that hold an object's number only regclass, which is.
#[test]
fn stored_columns_have_types_that_pg_upgrade_carries() {
    let database = TestDatabase::new("pg_upgrade");
    let types: Vec<String> = database.connect().column(
        "SELECT DISTINCT format_type(a.atttypid, NULL) COLLATE \"C\"
         FROM pg_depend d
         JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'botdet'
         JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'm')
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
         ORDER BY 1",
        &[],
    );
    assert_eq!(
        types,
        [
            "bigint",
            "bigint[]",
            "boolean",
            "bytea",
            "date",
            "double precision",
            "double precision[]",
            "inet",
            "integer",
            "interval",
            "jsonb",
            "regclass",
            "smallint",
            "text",
            "text[]",
            "timestamp with time zone",
            "uuid"
        ]
    );
}
