//! States that the trigger keeps are those that the rows make, whatever is done to the rows.

use std::io::Write;

use botdet_tests::activity::{events, insert};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::support::{
    answers, assert_nothing_is_stale, assert_states_follow_rows, stale_accounts, stored_states,
};

const THREE: &str = "ARRAY[1, 2, 3]";

#[test]
fn rows_inserted_one_by_one() {
    let database = TestDatabase::new("one_by_one");
    let mut client = database.connect();
    for n in 1..=60 {
        client.run(&insert("ARRAY[1]", n, n));
    }
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn rows_inserted_by_one_statement() {
    let database = TestDatabase::new("one_statement");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 400));
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn rows_from_before_the_first_state_are_not_forgotten() {
    let database = TestDatabase::new("before");
    let mut client = database.connect();
    client.run("ALTER TABLE botdet.activity DISABLE TRIGGER botdet_insert");
    client.run(&insert("ARRAY[1]", 1, 20));
    client.run("ALTER TABLE botdet.activity ENABLE TRIGGER botdet_insert");
    client.run(&insert("ARRAY[1, 2]", 21, 30));
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn rows_from_after_the_first_new_one_are_not_forgotten_either() {
    let database = TestDatabase::new("after");
    let mut client = database.connect();
    client.run("ALTER TABLE botdet.activity DISABLE TRIGGER botdet_insert");
    client.run(&insert("ARRAY[1]", 21, 40));
    client.run("ALTER TABLE botdet.activity ENABLE TRIGGER botdet_insert");
    client.run(&insert("ARRAY[1, 2]", 1, 2));
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_large_unordered_statement() {
    let database = TestDatabase::new("unordered");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action)
         SELECT 1 + n % 40, '2025-01-01'::timestamptz + n * interval '1 s', 'like'
         FROM generate_series(1, 270000) AS n ORDER BY hashint4(n)",
    );
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn an_update_of_what_states_do_not_hold_leaves_them_alone() {
    let database = TestDatabase::new("harmless_update");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 30));
    client.run("ALTER TABLE botdet.activity ADD COLUMN note text");
    client.run("UPDATE botdet.activity SET note = 'seen', action = upper(action)");
    assert_nothing_is_stale(&mut client);
}

#[test]
fn however_rows_are_inserted_the_state_is_the_same() {
    let [one_by_one, statements, copied] = ["piecewise", "at_once", "copied"].map(TestDatabase::new);
    let [mut one_by_one, mut statements, mut copied] =
        [one_by_one.connect(), statements.connect(), copied.connect()];
    for n in 1..=150 {
        one_by_one.run(&insert(THREE, n, n));
    }
    statements.run(&insert(THREE, 1, 150));
    copy(&mut copied, &events(THREE, 1, 150));
    let states = stored_states(&mut one_by_one);
    assert_eq!(states.len(), 3);
    assert_eq!(states, stored_states(&mut statements));
    assert_eq!(states, stored_states(&mut copied));
}

#[test]
fn rows_in_any_order_within_a_statement() {
    let database = TestDatabase::new("any_order");
    let mut client = database.connect();
    client.run(&format!(
        "INSERT INTO botdet.activity (account_id, occurred_at, action, content, device, target)
         SELECT * FROM ({}) AS e (a, t, action, content, device, target) ORDER BY md5(t::text)",
        events(THREE, 1, 200)
    ));
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn events_of_the_same_instant() {
    let database = TestDatabase::new("same_instant");
    let mut client = database.connect();
    for _ in 0..3 {
        client.run(
            "INSERT INTO botdet.activity (account_id, occurred_at, action, content, target)
             SELECT 1, '2025-01-01 00:00+00', (ARRAY['post', 'like'])[1 + n % 2], 'text ' || n, 'post:' || n / 2
             FROM generate_series(1, 20) AS n",
        );
    }
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn several_statements_of_one_transaction() {
    let database = TestDatabase::new("transaction");
    let mut client = database.connect();
    let mut transaction = client.transaction().expect("it begins");
    for n in 0..10 {
        transaction.run(&insert(THREE, n * 10 + 1, n * 10 + 10));
        let seen: i64 = transaction.value(
            "SELECT count(*) FROM unnest(ARRAY[1, 2, 3]::bigint[]) AS a WHERE (botdet_features(a)).active_hours > 0",
            &[],
        );
        assert_eq!(seen, 3, "a transaction sees its own rows");
    }
    transaction.commit().expect("it commits");
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_rolled_back_savepoint_leaves_nothing() {
    let database = TestDatabase::new("savepoint");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 50));
    let before = stored_states(&mut client);
    client.run(&format!(
        "BEGIN; SAVEPOINT s; {}; ROLLBACK TO s; {}; SAVEPOINT s; {}; ROLLBACK TO s; COMMIT",
        insert("ARRAY[1, 2, 9]", 51, 70),
        insert("ARRAY[3]", 51, 60),
        insert("ARRAY[1, 3]", 61, 70),
    ));
    let after = stored_states(&mut client);
    assert_eq!(before[..2], after[..2]);
    assert_ne!(before[2], after[2]);
    assert_eq!(after.len(), 3, "account 9 never was");
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_rolled_back_transaction_leaves_nothing() {
    let database = TestDatabase::new("rollback");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 50));
    let before = stored_states(&mut client);
    client.run(&format!("BEGIN; {}; ROLLBACK", insert("ARRAY[1, 2, 9]", 51, 70)));
    assert_eq!(before, stored_states(&mut client));
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_statement_that_fails_leaves_nothing() {
    let database = TestDatabase::new("failing");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 50));
    let before = stored_states(&mut client);
    let refusal = client.refused("INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, now(), 'post'), (2, NULL, 'post')");
    assert_eq!(refusal.code, "23502");
    assert_eq!(before, stored_states(&mut client));
}

#[test]
fn late_events_are_built_in_from_the_rows_at_once() {
    let database = TestDatabase::new("late");
    let mut client = database.connect();
    client.run(&insert(THREE, 50, 100));
    client.run(&insert("ARRAY[1, 2]", 1, 20));
    assert_nothing_is_stale(&mut client);
    client.run(&insert(THREE, 101, 120));
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn updated_rows() {
    let database = TestDatabase::new("updated");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 100));
    client.run("UPDATE botdet.activity SET content = 'rewritten' WHERE account_id = 2 AND action = 'post'");
    assert_eq!(stale_accounts(&mut client), [2]);
    assert_states_follow_rows(&mut client);
}

#[test]
fn rows_moved_to_another_account() {
    let database = TestDatabase::new("moved");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 100));
    client.run("UPDATE botdet.activity SET account_id = 2 WHERE account_id = 1 AND action = 'post'");
    assert_eq!(stale_accounts(&mut client), [1, 2]);
    assert_states_follow_rows(&mut client);
}

#[test]
fn rows_moved_to_an_account_that_had_none() {
    let database = TestDatabase::new("moved_to_new");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 100));
    client.run("UPDATE botdet.activity SET account_id = 77 WHERE account_id = 1 AND action = 'post'");
    client.run(&insert("ARRAY[77]", 101, 110));
    assert_states_follow_rows(&mut client);
}

#[test]
fn deleted_rows() {
    let database = TestDatabase::new("deleted");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 100));
    client.run("DELETE FROM botdet.activity WHERE account_id = 3 AND action = 'like'");
    client.run("DELETE FROM botdet.activity WHERE account_id = 1");
    assert_eq!(stale_accounts(&mut client), [1, 3]);
    let nothing: Option<Vec<u8>> = client.value("SELECT botdet_account_state(1)", &[]);
    assert_eq!(nothing, None, "an account without rows and profile is unknown");
    assert_states_follow_rows(&mut client);
    client.run(&insert("ARRAY[1]", 1, 10));
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_truncated_table() {
    let database = TestDatabase::new("truncated");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 100));
    client.run("TRUNCATE botdet.activity");
    assert_eq!(stale_accounts(&mut client), [1, 2, 3]);
    assert_states_follow_rows(&mut client);
    client.run(&insert(THREE, 1, 10));
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_table_truncated_by_the_transaction_that_filled_it() {
    let database = TestDatabase::new("truncated_at_once");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1]", 1, 10));
    client.run(&format!(
        "BEGIN; {}; TRUNCATE botdet.activity; {}; COMMIT",
        insert("ARRAY[1, 2]", 11, 20),
        insert("ARRAY[3]", 11, 20)
    ));
    assert_states_follow_rows(&mut client);
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(3)", &[]), 10.0);
}

#[test]
fn statements_that_touch_no_row() {
    let database = TestDatabase::new("no_row");
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action) SELECT 1, now(), 'post' WHERE false",
    );
    client.run(
        "UPDATE botdet.activity SET action = 'post'; DELETE FROM botdet.activity; TRUNCATE botdet.activity",
    );
    assert!(stored_states(&mut client).is_empty());
}

#[test]
fn a_state_that_cannot_be_read_is_replaced_by_the_rows() {
    let database = TestDatabase::new("unreadable");
    let mut client = database.connect();
    client.run(&insert(THREE, 1, 100));
    let answered = answers(&mut client);
    client.run(
        "UPDATE botdet.account_state SET state = '\\x00ff' WHERE account_id = 1;
                UPDATE botdet.account_state SET state = set_byte(state, 0, 99) WHERE account_id = 2",
    );
    assert_eq!(answered, answers(&mut client));
    client.run(&insert(THREE, 101, 120));
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_rebuild_says_whether_there_are_rows() {
    let database = TestDatabase::new("rebuild");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1]", 1, 5));
    assert!(client.value::<bool>("SELECT botdet_rebuild_state(1)", &[]));
    assert!(!client.value::<bool>("SELECT botdet_rebuild_state(2)", &[]));
}

#[test]
fn more_accounts_than_are_worked_off_at_once() {
    let database = TestDatabase::new("many");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    client.run(&insert("ARRAY(SELECT generate_series(1, 2600))", 1, 3));
    assert_eq!(stored_states(&mut client).len(), 2600);
    assert_nothing_is_stale(&mut client);
    assert_states_follow_rows(&mut client);
}

/// Copies the rows of a query into the activity table.
fn copy(client: &mut Client, query: &str) {
    let mut rows = Vec::new();
    let reader = client.copy_out(&format!("COPY ({query}) TO STDOUT"));
    std::io::copy(&mut reader.expect("rows can be copied out"), &mut rows).expect("rows can be read");
    let columns = "account_id, occurred_at, action, content, device, target";
    let writer = client.copy_in(&format!("COPY botdet.activity ({columns}) FROM STDIN"));
    let mut writer = writer.expect("rows can be copied in");
    writer.write_all(&rows).expect("rows can be written");
    writer.finish().expect("the copy ends");
}
