//! Tables of one's own as sources.

use botdet_tests::activity::events;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::support::{assert_states_follow_rows, stale_accounts};

/// A table with other names and types, whose accounts are called by `key`, an expression over `account_id`.
fn shop(client: &mut Client, key_type: &str, options: &str) {
    client.run(&format!(
        "CREATE SCHEMA shop;
         CREATE TABLE shop.events (n bigint GENERATED ALWAYS AS IDENTITY, who {key_type} NOT NULL, at timestamp NOT NULL,
                                   kind varchar(20), body text, gadget integer, address text, item bigint) {options};
         CREATE INDEX ON shop.events (who, at);"
    ));
}

fn fill(client: &mut Client, key: &str, first: u32, last: u32) {
    client.run(&format!(
        "INSERT INTO shop.events (who, at, kind, body, gadget, address, item)
         SELECT {key}, occurred_at AT TIME ZONE 'UTC', CASE action WHEN 'post' THEN 'tweet' ELSE action END, content,
                length(device), '192.0.2.' || account_id, length(target)
         FROM ({}) AS e (account_id, occurred_at, action, content, device, target)",
        events("ARRAY[1, 2, 3]", first, last)
    ));
}

const BIND: &str =
    "SELECT botdet_bind_source('shop.events', account => 'who', occurred_at => 'at', action => 'kind',
    content => 'body', device => 'gadget', ip => 'address', target => 'item', \"position\" => 'n',
    actions => '{\"tweet\": \"post\"}')";

fn features(client: &mut Client, key: &str) -> String {
    client.value(&format!("SELECT botdet_features({key})::text"), &[])
}

/// The same events under every kind of key give the same features as under any other.
#[test]
fn any_kind_of_key_will_do() {
    let kinds = [
        ("bigint", "account_id", "2"),
        ("integer", "account_id::integer", "2"),
        ("text", "'user-' || account_id", "'user-2'"),
        ("varchar(40)", "'user-' || account_id", "'user-2'::text"),
        ("uuid", "lpad(account_id::text, 32, '0')::uuid", "'00000000-0000-0000-0000-000000000002'::uuid"),
    ];
    let mut expected = None;
    for (number, (key_type, key, asked)) in kinds.into_iter().enumerate() {
        let database = TestDatabase::new(&format!("keys_{number}"));
        let mut client = database.connect();
        shop(&mut client, key_type, "");
        fill(&mut client, key, 1, 60);
        assert_eq!(client.value::<i64>(BIND, &[]), 3, "{key_type}");
        fill(&mut client, key, 61, 90);
        let found = features(&mut client, asked);
        assert_eq!(&found, expected.get_or_insert(found.clone()), "{key_type}");
        let stage: String = client.value(&format!("SELECT (botdet_score({asked})).stage"), &[]);
        assert_eq!(stage, "rules", "{key_type}");
        client.run("UPDATE botdet.account_state SET stale = true");
        assert_eq!(features(&mut client, asked), found, "{key_type}: the rows say the same");
    }
}

#[test]
fn a_partitioned_table_is_a_source_and_a_partition_is_not() {
    let database = TestDatabase::new("partitioned");
    let mut client = database.connect();
    shop(&mut client, "bigint", "PARTITION BY RANGE (at)");
    client.run(
        "CREATE TABLE shop.early PARTITION OF shop.events FOR VALUES FROM (MINVALUE) TO ('2025-03-01 03:00');
         CREATE TABLE shop.late PARTITION OF shop.events FOR VALUES FROM ('2025-03-01 03:00') TO (MAXVALUE)",
    );
    let refusal = client.refused(&BIND.replace("shop.events", "shop.late"));
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        ("42809", "shop.late is a partition of shop.events")
    );
    client.run(BIND);
    fill(&mut client, "account_id", 1, 90);
    let before = features(&mut client, "1");
    // A row that moves to another partition.
    client.run("UPDATE shop.events SET at = at + interval '2 hours' WHERE who = 1 AND at > '2025-03-01 02:30' AND at < '2025-03-01 03:00'");
    assert_ne!(features(&mut client, "1"), before);
    let kept = features(&mut client, "1");
    client.run("SELECT botdet_rebuild_state(1)");
    assert_eq!(features(&mut client, "1"), kept);
}

/// Postgres shows NULL to triggers where a partition has its columns in other places.
#[test]
fn generated_columns_of_partitioned_tables_are_refused() {
    let database = TestDatabase::new("generated");
    let mut client = database.connect();
    for (options, is_refused) in [("PARTITION BY RANGE (at)", true), ("", false)] {
        client.run(&format!(
            "CREATE TABLE likes (who bigint, at timestamptz, body text, kind text GENERATED ALWAYS AS (lower(body)) STORED) {options};
             CREATE INDEX ON likes (who)"
        ));
        let bind = "SELECT botdet_bind_source('likes', 'who', 'at', action => 'kind', shared => true)";
        if is_refused {
            let refusal = client.refused(bind);
            assert_eq!(
                (refusal.code.as_str(), refusal.message.as_str()),
                ("0A000", "column kind of the partitioned table public.likes is generated")
            );
            client.run("DROP TABLE likes");
        } else {
            client.run(bind);
            client.run("INSERT INTO likes VALUES (1, '2025-03-01', 'LIKE'), (1, '2025-03-02', 'Post')");
            assert_states_follow_rows(&mut client);
        }
    }
}

#[test]
fn a_wrong_mapping_is_refused_before_anything_is_changed() {
    let database = TestDatabase::new("wrong_mapping");
    let mut client = database.connect();
    shop(&mut client, "bigint", "");
    let wrong = [
        (BIND.replace("'kind'", "'knid'"), "42703", "table shop.events has no column knid, given for action"),
        (
            BIND.replace("'at'", "'body'"),
            "42804",
            "column body of table shop.events is of type text, which does not do for occurred_at",
        ),
        (
            BIND.replace("'who'", "'at'"),
            "42804",
            "column at of table shop.events is of type timestamp without time zone, which does not do for account",
        ),
        (
            BIND.replace("account => 'who'", "account => NULL"),
            "22004",
            "relation, account and occurred_at must not be NULL",
        ),
        (BIND.replace("'{\"tweet\": \"post\"}'", "'[]'"), "22023", "actions is [], not an object"),
        (BIND.replace("'who'", "'item'"), "55000", "shop.events has no index that begins with column item"),
        (
            "SELECT botdet_bind_source('botdet.score', 'account_id', 'scored_at', action => 'no')".to_owned(),
            "42703",
            "table botdet.score has no column no, given for action",
        ),
        (
            "SELECT botdet_bind_source('botdet.flagged_account', 'account_id', 'scored_at')".to_owned(),
            "42809",
            "botdet.flagged_account is not a permanent table",
        ),
        ("SELECT botdet_unbind_source('shop.events')".to_owned(), "42704", "shop.events is not bound"),
    ];
    for (sql, code, message) in wrong {
        let refusal = client.refused(&sql);
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), (code, message));
    }
    let left: i64 = client.value(
        "SELECT (SELECT count(*) FROM botdet.source) - 1
              + (SELECT count(*) FROM pg_trigger WHERE tgrelid = 'shop.events'::regclass)",
        &[],
    );
    assert_eq!(left, 0);
    client.run(BIND);
    assert_eq!(client.refused(BIND).code, "42710");
}

#[test]
fn two_tables_of_the_same_accounts_make_one_state_of_both() {
    let database = TestDatabase::new("two_tables");
    let mut client = database.connect();
    shop(&mut client, "bigint", "");
    client.run(BIND);
    fill(&mut client, "account_id", 1, 40);
    client.run("CREATE TABLE shop.logins (who bigint, at timestamptz); CREATE INDEX ON shop.logins (who)");
    let second = "SELECT botdet_bind_source('shop.logins', 'who', 'at', default_action => 'login')";
    let refusal = client.refused(second);
    assert_eq!(refusal.code, "55000");
    assert!(refusal.hint.contains("shared => true"), "{}", refusal.hint);
    client.run(&second.replace("default_action", "shared => true, default_action"));
    client.run("INSERT INTO shop.logins SELECT 1, timestamptz '2025-03-02' + k * interval '1 hour' FROM generate_series(1, 5) AS k");
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(1)", &[]), 45.0);
    // Late for the account, though not for its table.
    client.run("INSERT INTO shop.logins VALUES (2, '2025-03-01 00:30')");
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(2)", &[]), 41.0);
    client.run("SELECT botdet_unbind_source('shop.logins')");
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(1)", &[]), 40.0);
}

/// What an account does under its number and under its name, in one transaction, belongs to one state.
#[test]
fn an_account_touched_by_its_number_and_its_name_at_once_has_one_state() {
    let database = TestDatabase::new("number_and_name");
    let mut client = database.connect();
    client.run(
        "CREATE TABLE numbered (who bigint, at timestamptz); CREATE INDEX ON numbered (who);
         CREATE TABLE named (who text, at timestamptz); CREATE INDEX ON named (who);
         SELECT botdet_bind_source('numbered', 'who', 'at', shared => true);
         SELECT botdet_bind_source('named', 'who', 'at', shared => true);
         INSERT INTO botdet.account (account_id, account_key) VALUES (5, '5')",
    );
    for mode in ["off", "inline"] {
        client.run(&format!("UPDATE botdet.detector SET insert_mode = '{mode}'"));
        for day in 1..=3 {
            client.run(&format!(
                "BEGIN;
                 INSERT INTO numbered VALUES (5, '2025-03-0{day} 12:00');
                 INSERT INTO named VALUES ('5', '2025-03-0{day} 11:00');
                 COMMIT"
            ));
            assert_states_follow_rows(&mut client);
        }
    }
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(5)", &[]), 12.0);
}

/// A transaction whose snapshot is older than the binding inserts into the table all the same.
#[test]
fn rows_of_a_transaction_from_before_the_binding_count() {
    let database = TestDatabase::new("bound_meanwhile");
    let mut admin = database.connect();
    let mut old = database.connect();
    shop(&mut admin, "bigint", "");
    old.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    admin.run(BIND);
    assert!(old.value::<bool>("SELECT botdet_features(1) IS NULL", &[]));
    fill(&mut old, "account_id", 1, 20);
    old.run("COMMIT");
    assert_eq!(admin.value::<f64>("SELECT event_count FROM botdet_features(1)", &[]), 20.0);
    fill(&mut old, "account_id", 21, 40);
    assert_eq!(admin.value::<f64>("SELECT event_count FROM botdet_features(1)", &[]), 40.0);
    let stale: i64 = admin.value("SELECT count(*) FROM botdet.account_state WHERE stale", &[]);
    assert_eq!(stale, 0);
}

#[test]
fn names_that_two_sessions_bring_at_once_get_one_number_each() {
    let database = TestDatabase::new("new_names");
    let mut client = database.connect();
    shop(&mut client, "text", "");
    client.run(BIND);
    std::thread::scope(|scope| {
        for session in 0..4u32 {
            let database = &database;
            scope.spawn(move || {
                let mut client = database.connect();
                for round in 0..20u32 {
                    let order = if session % 2 == 0 { "" } else { "DESC" };
                    client.run(&format!(
                        "INSERT INTO shop.events (who, at, kind) SELECT 'n' || k, now()::timestamp, 'like'
                         FROM generate_series({round} * 3, {round} * 3 + 9) AS k ORDER BY k {order}"
                    ));
                }
            });
        }
    });
    let (names, events): (i64, f64) = {
        let row = client
            .query_one(
                "SELECT count(*), sum(event_count) FROM botdet.account a, botdet_features(a.account_id)",
                &[],
            )
            .expect("it answers");
        (row.get(0), row.get(1))
    };
    assert_eq!((names, events), (67, 800.0));
    let rows: i64 = client.value("SELECT count(*) FROM shop.events", &[]);
    assert_eq!(rows, 800);
}

#[test]
fn a_name_is_known_to_its_own_transaction_before_it_has_a_number() {
    let database = TestDatabase::new("own_name");
    let mut client = database.connect();
    shop(&mut client, "text", "");
    client.run(BIND);
    client.run("BEGIN; INSERT INTO shop.events (who, at, kind) VALUES ('anna', '2025-01-01', 'tweet'), ('anna', '2025-01-02', 'like')");
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features('anna'::text)", &[]), 2.0);
    client.run("SAVEPOINT a; DELETE FROM shop.events WHERE kind = 'like'");
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features('anna'::text)", &[]), 1.0);
    client.run("ROLLBACK TO a; COMMIT");
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features('anna'::text)", &[]), 2.0);
    assert_states_follow_rows(&mut client);
}

/// A table that was dropped while it was bound is in nobody's way, and can be unbound by its number.
#[test]
fn a_dropped_table_can_be_unbound() {
    let database = TestDatabase::new("dropped_source");
    let mut client = database.connect();
    shop(&mut client, "bigint", "");
    client.run(BIND);
    fill(&mut client, "account_id", 1, 20);
    let number: u32 =
        client.value("SELECT relation::oid FROM botdet.source WHERE relation = 'shop.events'::regclass", &[]);
    client.run("DROP SCHEMA shop CASCADE");
    client.run("CALL botdet_refresh_features(everything => true)");
    assert!(client.value::<bool>("SELECT botdet_features(1) IS NULL", &[]));
    client.run(&format!("SELECT botdet_unbind_source({number})"));
    let left: i64 = client.value("SELECT count(*) FROM botdet.source", &[]);
    assert_eq!(left, 1);
}

/// Unbinding a table leaves the states of everybody else alone.
#[test]
fn unbinding_marks_the_accounts_of_the_table_only() {
    let database = TestDatabase::new("unbound");
    let mut client = database.connect();
    client.run(&botdet_tests::activity::insert("ARRAY[7, 8]", 1, 10));
    shop(&mut client, "bigint", "");
    client.run(&BIND.replace("'shop.events',", "'shop.events', shared => true,"));
    fill(&mut client, "account_id", 1, 20);
    assert_eq!(client.value::<i64>("SELECT botdet_unbind_source('shop.events')", &[]), 3);
    assert_eq!(stale_accounts(&mut client), [1, 2, 3]);
}
