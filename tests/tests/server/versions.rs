//! Model versions: registered, activated, rolled back, damaged.

use botdet_tests::activity::insert;
use botdet_tests::model::activate;
use botdet_tests::{Sql, TestDatabase, filter_model, model};
use postgres::Client;

use crate::support::{answering, stage};

#[test]
fn a_version_is_registered_activated_and_deactivated() {
    let database = TestDatabase::new("activate");
    let mut client = database.connect();
    let version: String = client.value("SELECT botdet_register_model($1, 'first')", &[&model()]);
    assert!(version.starts_with("account-") && version.len() == 16, "{version}");
    assert_eq!(answering(&mut client), None, "registering does not activate");
    client.change("SELECT botdet_activate($1)", &[&version]);
    client.run(&insert("ARRAY[1]", 1, 60));
    assert_eq!(answering(&mut client), Some(version.clone()));
    let listed: bool = client.value(
        "SELECT is_champion AND comment = 'first' AND size_bytes = octet_length($2::bytea) AND activated_at = activated_at
                AND sha256 = encode(sha256($2), 'hex') AND manifest ->> 'detector' = 'account'
         FROM botdet.model_versions WHERE version = $1",
        &[&version, &model()],
    );
    assert!(listed);
    assert!(client.value::<bool>("SELECT botdet_deactivate()", &[]));
    assert_eq!(answering(&mut client), None);
    assert!(!client.value::<bool>("SELECT botdet_deactivate()", &[]), "nothing was active any more");
}

#[test]
fn the_same_artifact_is_the_same_version() {
    let database = TestDatabase::new("same_artifact");
    let mut client = database.connect();
    let first: String = client.value("SELECT botdet_register_model($1)", &[&model()]);
    let second: String = client.value("SELECT botdet_register_model($1, 'again')", &[&model()]);
    assert_eq!(first, second);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.model_version", &[]), 1);
}

#[test]
fn an_unknown_version_cannot_be_activated() {
    let database = TestDatabase::new("unknown_version");
    let mut client = database.connect();
    let refusal = client.refused("SELECT botdet_activate('account-00000000')");
    assert_eq!(refusal.code, "42704");
    assert!(refusal.message.contains("account-00000000"), "{}", refusal.message);
    assert_eq!(client.refused("SELECT botdet_activate('account-00000000', 'weather')").code, "42704");
}

#[test]
fn a_registered_version_never_changes() {
    let database = TestDatabase::populated("immutable");
    let mut client = database.connect();
    for change in ["version = 'other'", "manifest = '{}'", "artifact = '\\x00'", "sha256 = 'x'"] {
        let refusal = client.refused(&format!("UPDATE botdet.model_version SET {change}"));
        assert_eq!(refusal.code, "55000", "{change}");
    }
    client.run("UPDATE botdet.model_version SET comment = 'remarks may change'");
}

#[test]
fn an_active_version_cannot_be_deleted() {
    let database = TestDatabase::populated("delete");
    let mut client = database.connect();
    assert_eq!(client.refused("DELETE FROM botdet.model_version").code, "23503");
    client.run(
        "DELETE FROM botdet.model_version v USING botdet.model_versions l
                WHERE l.version = v.version AND NOT l.is_champion",
    );
}

#[test]
fn truncated_artifacts_are_refused_while_the_active_version_answers() {
    let database = TestDatabase::populated("truncated_artifact");
    let mut client = database.connect();
    let champion = answering(&mut client);
    for length in [0, 1, 11, 12, 40, model().len() / 2, model().len() - 33, model().len() - 1] {
        let refusal = client.refused_with("SELECT botdet_register_model($1)", &[&&model()[..length]]);
        assert_eq!(refusal.code, "22P03", "{length} bytes: {}", refusal.message);
    }
    assert_eq!(answering(&mut client), champion);
}

#[test]
fn artifacts_with_a_flipped_bit_are_refused_while_the_active_version_answers() {
    let database = TestDatabase::populated("flipped");
    let mut client = database.connect();
    let champion = answering(&mut client);
    let positions = (0..40).chain((40..model().len()).step_by(model().len() / 40));
    for position in positions {
        let mut damaged = model().to_vec();
        damaged[position] ^= 1 << (position % 8);
        let refusal = client.refused_with("SELECT botdet_register_model($1)", &[&damaged]);
        assert_eq!(refusal.code, "22P03", "byte {position}: {}", refusal.message);
    }
    assert_eq!(answering(&mut client), champion);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.model_version", &[]), 2);
}

#[test]
fn an_artifact_whose_parts_are_no_models_is_refused() {
    use botdet_models::artifact::{Artifact, Manifest};
    use botdet_models::features::schema_fingerprint;
    let database = TestDatabase::new("no_models");
    let mut client = database.connect();
    let real = Artifact::from_bytes(model()).expect("the model is sound");
    let part = |name: &'static str| real.required(name).expect("the model has the part").to_vec();
    let candidates = [
        vec![],
        vec![("decision", b"{}".to_vec())],
        vec![("decision", part("decision"))],
        vec![
            ("decision", part("decision")),
            ("isolation_forest", vec![0; 64]),
            ("sequence.onnx", part("sequence.onnx")),
        ],
        vec![
            ("decision", part("decision")),
            ("isolation_forest", part("isolation_forest")),
            ("sequence.onnx", vec![7; 5000]),
        ],
    ];
    for (index, parts) in candidates.into_iter().enumerate() {
        let artifact = Artifact::new(Manifest::new("account", schema_fingerprint(), 1), parts).to_bytes();
        let refusal = client.refused_with("SELECT botdet_register_model($1)", &[&artifact]);
        assert_eq!(refusal.code, "22P03", "candidate {index}: {}", refusal.message);
    }
    let other_schema = Manifest::new("account", "0123456789abcdef".to_owned(), 1);
    let refusal = client
        .refused_with("SELECT botdet_register_model($1)", &[&Artifact::new(other_schema, vec![]).to_bytes()]);
    assert_eq!(refusal.code, "22P03");
    assert!(refusal.message.contains("0123456789abcdef"), "{}", refusal.message);
    let weather = || Manifest::new("weather", schema_fingerprint(), 1);
    let no_columns = Artifact::new(weather(), parts_of(&real)).to_bytes();
    assert_eq!(client.refused_with("SELECT botdet_register_model($1)", &[&no_columns]).code, "22P03");
}

fn parts_of(artifact: &botdet_models::artifact::Artifact) -> Vec<(&'static str, Vec<u8>)> {
    let names = ["decision", "trees", "isolation_forest", "autoencoder", "sequence.onnx"];
    names.iter().filter_map(|name| Some((*name, artifact.part(name)?.to_vec()))).collect()
}

#[test]
fn an_activation_is_seen_by_warm_sessions_at_commit_and_not_before() {
    let (database, full, filter) = two_versions("commit");
    let (mut activator, mut warm) = (database.connect(), database.connect());
    assert_eq!(answering(&mut warm).as_ref(), Some(&full));
    let mut transaction = activator.transaction().expect("it begins");
    transaction.change("SELECT botdet_activate($1)", &[&filter]);
    assert_eq!(answering(&mut warm).as_ref(), Some(&full), "not committed yet");
    assert_eq!(answering(&mut transaction).as_ref(), Some(&filter), "its own transaction sees it");
    transaction.commit().expect("it commits");
    assert_eq!(answering(&mut warm).as_ref(), Some(&filter));
    assert_eq!(answering(&mut activator).as_ref(), Some(&filter));
}

#[test]
fn a_rollback_undoes_an_activation_in_its_own_session() {
    let (database, full, filter) = two_versions("undone");
    let mut client = database.connect();
    assert_eq!(answering(&mut client).as_ref(), Some(&full));
    let mut transaction = client.transaction().expect("it begins");
    transaction.change("SELECT botdet_activate($1)", &[&filter]);
    assert_eq!(answering(&mut transaction).as_ref(), Some(&filter));
    transaction.rollback().expect("it rolls back");
    assert_eq!(answering(&mut client).as_ref(), Some(&full));
}

#[test]
fn a_rolled_back_savepoint_undoes_an_activation() {
    let (database, full, filter) = two_versions("savepoint");
    let mut client = database.connect();
    let mut transaction = client.transaction().expect("it begins");
    assert_eq!(answering(&mut transaction).as_ref(), Some(&full));
    let mut savepoint = transaction.savepoint("s").expect("it is set");
    savepoint.change("SELECT botdet_activate($1)", &[&filter]);
    assert_eq!(answering(&mut savepoint).as_ref(), Some(&filter));
    savepoint.rollback().expect("it rolls back");
    assert_eq!(answering(&mut transaction).as_ref(), Some(&full));
    transaction.commit().expect("it commits");
    assert_eq!(answering(&mut client).as_ref(), Some(&full));
}

#[test]
fn a_repeatable_read_transaction_keeps_its_version() {
    let (database, full, filter) = two_versions("repeatable");
    let (mut activator, mut reader) = (database.connect(), database.connect());
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert_eq!(answering(&mut reader).as_ref(), Some(&full));
    activator.change("SELECT botdet_activate($1)", &[&filter]);
    for _ in 0..3 {
        assert_eq!(answering(&mut reader).as_ref(), Some(&full));
    }
    reader.run("COMMIT");
    assert_eq!(answering(&mut reader).as_ref(), Some(&filter));
}

#[test]
fn a_repeatable_read_transaction_that_first_scores_after_an_activation_keeps_its_version_too() {
    let (database, full, filter) = two_versions("repeatable_later");
    let (mut activator, mut reader) = (database.connect(), database.connect());
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM botdet.account");
    activator.change("SELECT botdet_activate($1)", &[&filter]);
    assert_eq!(answering(&mut reader).as_ref(), Some(&full), "its snapshot is older");
    reader.run("COMMIT");
    assert_eq!(answering(&mut reader).as_ref(), Some(&filter));
}

#[test]
fn a_cursor_keeps_the_version_of_its_snapshot() {
    let (database, full, filter) = two_versions("cursor");
    let (mut activator, mut reader) = (database.connect(), database.connect());
    reader.run("BEGIN; DECLARE c CURSOR FOR SELECT (botdet_score(account_id)).model_version FROM botdet.account ORDER BY account_id");
    let mut fetched: Vec<String> = reader.column("FETCH 3 FROM c", &[]);
    activator.change("SELECT botdet_activate($1)", &[&filter]);
    assert_eq!(answering(&mut reader).as_ref(), Some(&filter), "a new statement sees the new version");
    fetched.extend(reader.column::<String>("FETCH 3 FROM c", &[]));
    assert_eq!(fetched, vec![full; 6]);
}

#[test]
fn what_an_old_cursor_looks_up_does_not_outlive_it() {
    let (database, full, filter) = two_versions("old_cursor");
    let (mut activator, mut reader) = (database.connect(), database.connect());
    reader.run(
        "BEGIN; DECLARE c CURSOR FOR SELECT (botdet_score(account_id)).model_version FROM botdet.account",
    );
    activator.change("SELECT botdet_activate($1)", &[&filter]);
    // Hears of the activation, and asks for no score.
    reader.run("SELECT count(*) FROM botdet.deployment");
    assert_eq!(reader.column::<String>("FETCH 1 FROM c", &[]), [full]);
    assert_eq!(answering(&mut reader).as_ref(), Some(&filter), "a new statement has a new snapshot");
    reader.run("COMMIT");
    assert_eq!(answering(&mut reader).as_ref(), Some(&filter));
}

#[test]
fn versions_can_be_switched_back_and_forth() {
    let (database, full, filter) = two_versions("switched");
    let (mut activator, mut warm) = (database.connect(), database.connect());
    for version in [&filter, &full, &filter, &full, &filter] {
        activator.change("SELECT botdet_activate($1)", &[version]);
        assert_eq!(answering(&mut warm).as_ref(), Some(version));
        assert_eq!(answering(&mut activator).as_ref(), Some(version));
    }
}

#[test]
fn a_version_that_cannot_be_read_is_an_error_and_inserts_go_on() {
    let database = TestDatabase::populated("corrupt");
    corrupt_active_version(&mut database.connect());
    let mut client = database.connect();
    let refusal = client.refused("SELECT botdet_score(1::bigint)");
    assert_eq!(refusal.code, "XX001", "{}", refusal.message);
    assert!(refusal.hint.contains("botdet_deactivate()"), "{}", refusal.hint);
    client.run(&insert("ARRAY[9001]", 1, 20));
    let row = client
        .query_one("SELECT stage, bot_probability, reasons FROM botdet.score WHERE account_id = 9001", &[])
        .expect("the account has a row");
    assert_eq!(row.get::<_, String>(0), "failed");
    assert_eq!(row.get::<_, Option<f64>>(1), None);
    assert!(row.get::<_, Vec<String>>(2)[0].contains("cannot be used"), "{:?}", row.get::<_, Vec<String>>(2));
    client.run("SELECT botdet_deactivate()");
    assert_eq!(stage(&mut client, 9001), "rules");
}

#[test]
fn another_version_can_replace_one_that_cannot_be_read() {
    let database = TestDatabase::populated("replace");
    let mut client = database.connect();
    corrupt_active_version(&mut client);
    let mut client = database.connect();
    client.refused("SELECT botdet_score(1::bigint)");
    let filter = activate(&mut client, filter_model());
    assert_eq!(answering(&mut client), Some(filter));
}

/// A database with both models, the names of their versions; the full one is active.
pub fn two_versions(hint: &str) -> (TestDatabase, String, String) {
    let database = TestDatabase::populated(hint);
    let versions: Vec<String> =
        database.connect().column("SELECT version FROM botdet.model_versions ORDER BY is_champion DESC", &[]);
    let [full, filter] = versions.try_into().expect("there are two versions");
    (database, full, filter)
}

/// What a broken disk does: the bytes change under everybody's feet.
pub fn corrupt_active_version(client: &mut Client) {
    client.run(
        "ALTER TABLE botdet.model_version DISABLE TRIGGER USER;
         UPDATE botdet.model_version v
         SET artifact = c.artifact, sha256 = encode(sha256(c.artifact), 'hex')
         FROM (SELECT model_version_id, set_byte(artifact, 5000, get_byte(artifact, 5000) # 255) AS artifact
               FROM botdet.model_version JOIN botdet.deployment USING (model_version_id)) AS c
         WHERE c.model_version_id = v.model_version_id;
         ALTER TABLE botdet.model_version ENABLE TRIGGER USER",
    );
}
