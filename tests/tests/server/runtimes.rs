//! What runs the sequence model: the embedded runtime, or ONNX Runtime from a library that a superuser names.

use botdet_tests::server::onnxruntime_library;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::support::stage;

#[test]
fn both_runtimes_give_the_same_probabilities() {
    let database = TestDatabase::populated("both");
    let (mut embedded, mut onnxruntime) = (database.connect(), database.connect());
    embedded.run("SET botdet.execution_provider = embedded");
    use_library(&mut onnxruntime, &onnxruntime_library());
    onnxruntime.run("SET botdet.execution_provider = onnxruntime");
    let (embedded, onnxruntime) = (probabilities(&mut embedded), probabilities(&mut onnxruntime));
    assert!(
        embedded.iter().filter(|(stage, _)| stage == "sequence").count() > 20,
        "the sequence model had work to do"
    );
    for ((stage, a), (other_stage, b)) in embedded.iter().zip(&onnxruntime) {
        assert_eq!(stage, other_stage);
        assert!((a - b).abs() < 1e-5, "{a} by the embedded runtime, {b} by ONNX Runtime");
    }
    assert_ne!(embedded, onnxruntime, "they are two runtimes, so the last digits differ");
}

#[test]
fn with_a_library_auto_takes_onnxruntime() {
    let database = TestDatabase::populated("auto");
    let mut client = database.connect();
    use_library(&mut client, "/nowhere/libonnxruntime.so");
    let uncertain = uncertain(&mut client);
    assert_eq!(client.refused(&format!("SELECT botdet_score({uncertain}::bigint)")).code, "F0000");
}

#[test]
fn a_wrong_library_is_a_clear_error_and_the_session_lives_on() {
    let database = TestDatabase::populated("wrong_library");
    let mut client = database.connect();
    let uncertain = uncertain(&mut client);
    let libraries: String = client.value("SELECT setting FROM pg_config WHERE name = 'PKGLIBDIR'", &[]);
    let (no_library, another) =
        (env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml", libraries + "/plpgsql.so");
    for path in ["/nowhere/libonnxruntime.so", &no_library, &another] {
        use_library(&mut client, path);
        let refusal = client.refused(&format!("SELECT botdet_score({uncertain}::bigint)"));
        assert_eq!(refusal.code, "F0000", "{}", refusal.message);
        assert!(refusal.message.contains(path), "{}", refusal.message);
        assert!(refusal.hint.contains("botdet.onnxruntime_library"), "{}", refusal.hint);
    }
    client.run("SET botdet.execution_provider = embedded");
    assert_eq!(stage(&mut client, uncertain), "sequence");
}

#[test]
fn after_a_wrong_library_the_right_one_works_in_the_same_session() {
    let database = TestDatabase::populated("corrected");
    let mut client = database.connect();
    let uncertain = uncertain(&mut client);
    use_library(&mut client, "/nowhere/libonnxruntime.so");
    client.refused(&format!("SELECT botdet_score({uncertain}::bigint)"));
    use_library(&mut client, &onnxruntime_library());
    assert_eq!(stage(&mut client, uncertain), "sequence");
}

#[test]
fn onnxruntime_without_a_library_is_an_error_that_names_the_setting() {
    let database = TestDatabase::populated("no_library");
    let mut client = database.connect();
    let uncertain = uncertain(&mut client);
    client.run("SET botdet.execution_provider = onnxruntime");
    let refusal = client.refused(&format!("SELECT botdet_score({uncertain}::bigint)"));
    assert_eq!(refusal.code, "F0000");
    assert!(refusal.message.contains("botdet.onnxruntime_library: it is not set"), "{}", refusal.message);
}

#[test]
fn an_insert_survives_a_wrong_library() {
    let database = TestDatabase::populated("insert_library");
    let mut client = database.connect();
    let uncertain = uncertain(&mut client);
    use_library(&mut client, "/nowhere/libonnxruntime.so");
    client.run(&format!("INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES ({uncertain}, '2026-01-01', 'view')"));
    let stored: String = client.value("SELECT stage FROM botdet.score WHERE account_id = $1", &[&uncertain]);
    assert_eq!(stored, "failed");
}

#[test]
fn only_superusers_choose_the_library() {
    let mut database = TestDatabase::new("not_superuser");
    let role = database.role("plain");
    let mut plain = database.connect_as(&role);
    // Calling a function of ours loads the library, and with it the settings.
    assert!(!plain.value::<String>("SELECT botdet_version()", &[]).is_empty());
    for setting in
        ["onnxruntime_library = '/tmp/other.so'", "execution_provider = embedded", "fail_closed = on"]
    {
        assert_eq!(plain.refused(&format!("SET botdet.{setting}")).code, "42501", "{setting}");
    }
    assert_eq!(plain.refused("SHOW botdet.onnxruntime_library").code, "42501");
}

#[test]
fn a_library_path_set_before_the_extension_is_loaded_does_not_count() {
    let mut database = TestDatabase::populated("before_loading");
    let role = database.role("plain");
    let mut owner = database.connect();
    owner.run(&format!("GRANT botdet_scorer TO {role}"));
    let uncertain = uncertain(&mut owner);
    let mut plain = database.connect_as(&role);
    // A placeholder until the library defines the setting: then the server drops the value with a warning.
    plain.run("SET botdet.onnxruntime_library = '/tmp/other.so'");
    assert_eq!(stage(&mut plain, uncertain), "sequence");
}

fn use_library(client: &mut Client, path: &str) {
    client.run(&format!("SET botdet.onnxruntime_library = '{path}'"));
}

/// An account that the filter is not sure of.
fn uncertain(client: &mut Client) -> i64 {
    client.value("SELECT min(account_id) FROM botdet.score WHERE stage = 'sequence'", &[])
}

fn probabilities(client: &mut Client) -> Vec<(String, f64)> {
    let rows = client.query(
        "SELECT stage, bot_probability FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account ORDER BY 1))",
        &[],
    );
    rows.expect("accounts are scored").iter().map(|row| (row.get(0), row.get(1))).collect()
}
