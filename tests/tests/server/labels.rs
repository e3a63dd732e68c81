//! What may be labelled, and what labels are good for.

use botdet_tests::activity::insert;
use botdet_tests::programs::{output, program};
use botdet_tests::{Sql, TestDatabase};

#[test]
fn a_label_of_an_account_is_about_one_that_there_is() {
    let database = TestDatabase::new("labels_known");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1, 2]", 1, 20));
    client.run("INSERT INTO botdet.account (account_id) VALUES (3)");
    client.run("INSERT INTO botdet.label (account_id, is_bot) VALUES (1, true), (2, false), (3, false)");
    for labels in ["(99, true)", "(1, true), (98, true), (99, true)"] {
        let refusal = client.refused(&format!(
            "INSERT INTO botdet.label (account_id, is_bot) VALUES {labels}
             ON CONFLICT (account_id, detector) DO UPDATE SET is_bot = excluded.is_bot"
        ));
        assert_eq!(refusal.code, "23503", "{labels}");
        assert!(refusal.message.contains("is unknown"), "{}", refusal.message);
    }
    assert!(
        client
            .refused("INSERT INTO botdet.label (account_id, is_bot) VALUES (99, true)")
            .message
            .contains("account 99")
    );
    // Known by what this very transaction has inserted, also into a bound table.
    client.run("CREATE TABLE post (author bigint, at timestamptz); CREATE INDEX ON post (author); SELECT botdet_bind_source('post', 'author', 'at', shared => true)");
    client.run(
        "BEGIN; INSERT INTO post VALUES (50, '2025-03-01'); INSERT INTO botdet.label (account_id, is_bot) VALUES (50, true);
         INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (51, '2025-03-01', 'post');
         INSERT INTO botdet.label (account_id, is_bot) VALUES (51, true); COMMIT",
    );
    // Links and rows of tables have keys of their own.
    client.run(
        "SELECT botdet_create_detector('orders');
         INSERT INTO botdet.label (account_id, detector, is_bot) VALUES (99, 'backlink', true), (99, 'orders', true), (99, 'engagement', true)",
    );
}

#[test]
fn a_label_whose_account_is_gone_is_no_example() {
    let database = TestDatabase::new("labels_gone");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1, 2, 3]", 1, 20));
    client.run(
        "INSERT INTO botdet.account (account_id, followers) VALUES (4, 7), (5, 7);
         INSERT INTO botdet.label (account_id, is_bot) SELECT k, true FROM generate_series(1, 5) AS k;
         DELETE FROM botdet.activity WHERE account_id = 2; DELETE FROM botdet.account WHERE account_id = 5",
    );
    let examples: Vec<i64> =
        client.column("SELECT account_id FROM botdet_training_set() ORDER BY account_id", &[]);
    assert_eq!(examples, [1, 3, 4]);
}

/// Scores are not carried, so that nothing but a label may be left of an account; and labels may come before what they are about.
#[test]
fn a_dump_brings_labels_back_whatever_they_are_about() {
    let source = TestDatabase::new("labels_dump");
    let target = TestDatabase::bare("labels_restore", "TEMPLATE template0");
    let mut client = source.connect();
    client.run(&insert("ARRAY[1, 2]", 1, 20));
    client.run(
        "INSERT INTO botdet.label (account_id, is_bot) VALUES (1, true), (2, false);
         DELETE FROM botdet.activity WHERE account_id = 2; DELETE FROM botdet.account_state WHERE account_id = 2;
         DELETE FROM botdet.score WHERE account_id = 2",
    );
    assert_eq!(
        client
            .refused("INSERT INTO botdet.label (account_id, detector, is_bot) VALUES (7, 'account', true)")
            .code,
        "23503"
    );
    let file = std::env::temp_dir().join(format!("{}.sql", source.name()));
    output(program("pg_dump", &source).arg("--file").arg(&file));
    output(
        program("psql", &target)
            .args(["--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", target.name(), "--file"])
            .arg(&file),
    );
    std::fs::remove_file(&file).expect("the dump can be removed");
    let labels: Vec<i64> = target.connect().column("SELECT account_id FROM botdet.label ORDER BY 1", &[]);
    assert_eq!(labels, [1, 2]);
}
