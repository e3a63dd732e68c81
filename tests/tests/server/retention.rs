//! Old activity is archived and goes, and states stay what they were.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use botdet_loader::training::dataset::{Moment, labelled_accounts, read_examples};
use botdet_tests::activity::insert;
use botdet_tests::population::SOURCE;
use botdet_tests::sql::canceller;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::shop::{ACCOUNTS, BOUNDARY, REBUILD, Shop, create_partitions, listening, partitions, told};
use crate::support::{answers, assert_states_follow_rows, stored_states, wait_until};

/// The same events in two databases: one archives and drops, the other keeps all. Whatever comes later, they say the same.
#[test]
fn what_is_dropped_is_not_missed() {
    let numbered = ("account_id", "bigint", "occurred_at", "timestamptz");
    let named = ("'user-' || account_id", "text", "occurred_at AT TIME ZONE 'UTC'", "timestamp");
    for (number, (key, key_type, moment, time_type)) in [numbered, named].into_iter().enumerate() {
        let shop = Shop { key, moment };
        let (dropping, keeping) = (
            TestDatabase::new(&format!("dropping_{number}")),
            TestDatabase::new(&format!("keeping_{number}")),
        );
        let (mut dropping, mut keeping) = (dropping.connect(), keeping.connect());
        for client in [&mut dropping, &mut keeping] {
            shop.create(client, key_type, time_type);
            shop.fill(client, ACCOUNTS, 1, 500);
        }
        create_partitions(&mut dropping);
        assert_eq!(told(&mut dropping), told(&mut keeping), "{key_type}");
        for before in ["2025-03-02 07:00+00", "2025-03-03 00:00+00"] {
            dropping.run(&format!("CALL botdet_drop_partitions('shop.events', before => '{before}')"));
            assert_eq!(told(&mut dropping), told(&mut keeping), "{key_type}: dropped before {before}");
            dropping.run(REBUILD);
            assert_eq!(
                told(&mut dropping),
                told(&mut keeping),
                "{key_type}: rebuilt, without what was before {before}"
            );
        }
        assert_eq!(partitions(&mut dropping), ["events_p20250303", "events_p20250304", "others"]);
        assert!(dropping.value::<i64>("SELECT count(*) FROM shop.events", &[]) < 400);
        for client in [&mut dropping, &mut keeping] {
            // Some in order, some late, some changed.
            shop.fill(client, ACCOUNTS, 520, 530);
            shop.fill(client, "ARRAY[1, 4]", 505, 510);
            client.run("UPDATE shop.events SET kind = 'share' WHERE at > '2025-03-03 04:00' AND at < '2025-03-03 05:00'");
            client.run(
                "BEGIN; SAVEPOINT a; DELETE FROM shop.events WHERE at > '2025-03-03 12:00'; ROLLBACK TO a",
            );
        }
        assert_eq!(told(&mut dropping), told(&mut keeping), "{key_type}: in the transaction");
        for client in [&mut dropping, &mut keeping] {
            client.run("COMMIT");
        }
        assert_eq!(told(&mut dropping), told(&mut keeping), "{key_type}: after more");
        dropping.run(REBUILD);
        assert_eq!(told(&mut dropping), told(&mut keeping), "{key_type}: rebuilt after more");
        assert_eq!(dropping.value::<i64>("SELECT count(*) FROM botdet.account_state", &[]), 4);
    }
}

#[test]
fn rows_of_all_sources_are_archived_and_may_be_deleted() {
    let database = TestDatabase::new("archive_two");
    let mut client = database.connect();
    client.run(&insert(ACCOUNTS, 1, 400));
    client.run(
        "CREATE TABLE logins (who bigint, at timestamptz); CREATE INDEX ON logins (who);
         INSERT INTO logins SELECT 1, timestamptz '2025-03-01' + k * interval '5 hours' FROM generate_series(1, 9) AS k;
         SELECT botdet_bind_source('logins', 'who', 'at', default_action => 'login', shared => true)",
    );
    let before = answers(&mut client);
    let archived: i64 = client.value(
        &format!(
            "SELECT (SELECT count(*) FROM botdet.activity WHERE occurred_at < '{BOUNDARY}')
                  + (SELECT count(*) FROM logins WHERE at < '{BOUNDARY}')"
        ),
        &[],
    );
    client.run(&format!(
        "CALL botdet_archive('botdet.activity', '{BOUNDARY}'); DELETE FROM logins WHERE at < '{BOUNDARY}'"
    ));
    client.run(&format!("DELETE FROM botdet.activity WHERE occurred_at < '{BOUNDARY}'"));
    assert_eq!(answers(&mut client), before);
    assert_states_follow_rows(&mut client);
    assert_eq!(answers(&mut client), before);
    // What is left goes, the archive stays.
    client.run("TRUNCATE botdet.activity, logins");
    let left: f64 =
        client.value("SELECT sum(event_count) FROM botdet.account_state, botdet_features(account_id)", &[]);
    assert_eq!(left, archived as f64);
}

#[test]
fn an_event_older_than_the_archive_is_ignored_and_said() {
    let database = TestDatabase::new("ignored");
    let (mut client, heard) = listening(&database);
    client.run(&insert(ACCOUNTS, 1, 400));
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (9, '2025-02-01', 'post')",
    );
    client.run(&format!("CALL botdet_archive('botdet.activity', '{BOUNDARY}')"));
    assert_eq!(
        heard.lock().unwrap().drain(..).collect::<Vec<_>>(),
        ["NOTICE archived 4 accounts of botdet.activity until 2025-03-02 00:00:00+00"]
    );
    let before = (answers(&mut client), stored_states(&mut client));
    let late = "INSERT INTO botdet.activity (account_id, occurred_at, action)
                SELECT k, '2025-03-01 12:34:56+00', 'post' FROM unnest(ARRAY[2, 3, 9]) AS k, generate_series(1, 2)";
    client.run(&format!("BEGIN; {late}"));
    assert_eq!(answers(&mut client), before.0, "in the transaction");
    client.run("COMMIT");
    assert_eq!(
        heard.lock().unwrap().drain(..).collect::<Vec<_>>(),
        [
            "WARNING 6 events of 3 accounts are ignored: they are older than what botdet_archive() has archived; \
         the first of these accounts is 2"
        ]
    );
    assert_eq!((answers(&mut client), stored_states(&mut client)), before);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.activity", &[]), 1207, "the rows are kept");
    assert_states_follow_rows(&mut client);
    assert_eq!(answers(&mut client), before.0);
    // Late, and not that late.
    client.run("INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (2, '2025-03-02 00:00+00', 'post')");
    assert_ne!(answers(&mut client), before.0);
    assert_states_follow_rows(&mut client);
    assert!(heard.lock().unwrap().is_empty());
    // Giving the archive up counts all rows there are.
    client.run("DELETE FROM botdet.archived_state WHERE account_id = 2");
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(2)", &[]), 403.0);
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(3)", &[]), 400.0);
    assert_states_follow_rows(&mut client);
}

#[test]
fn a_moment_within_the_archive_cannot_be_told() {
    let database = TestDatabase::new("archived_moment");
    let mut client = database.connect();
    client.run(&insert(ACCOUNTS, 1, 400));
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (8, '2025-02-01', 'post'), (8, '2025-02-02', 'post')",
    );
    let asked = |as_of: &str| {
        format!("SELECT botdet_features(account_id, '{as_of}')::text FROM botdet.account_state")
    };
    let later: Vec<String> = client.column(&asked("2025-03-02 03:00+00"), &[]);
    let at_once: Vec<String> = client.column(&asked(BOUNDARY), &[]);
    client.run(&format!("CALL botdet_archive('botdet.activity', '{BOUNDARY}')"));
    client.run(&format!("DELETE FROM botdet.activity WHERE occurred_at < '{BOUNDARY}'"));
    assert_eq!(client.column::<String>(&asked("2025-03-02 03:00+00"), &[]), later);
    assert_eq!(client.column::<String>(&asked(BOUNDARY), &[]), at_once);
    for function in ["botdet_features", "botdet_account_state"] {
        let refusal = client.refused(&format!("SELECT {function}(1::bigint, '2025-03-01 12:00:00+00')"));
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            (
                "55000",
                "account 1 is archived until 2025-03-02 00:00:00+00, and cannot be told as of 2025-03-01 12:00:00+00"
            )
        );
        assert!(refusal.hint.contains("botdet.archived_state"), "{}", refusal.hint);
    }
    // Before the first of its events, and after the last, there is nothing to be mistaken about.
    let count = |client: &mut Client, account: u32, as_of: &str| {
        client.value::<Option<f64>>(
            &format!("SELECT event_count FROM botdet_features({account}, '{as_of}')"),
            &[],
        )
    };
    assert_eq!(count(&mut client, 1, "2025-02-28"), None);
    assert_eq!(count(&mut client, 8, "2025-02-20"), Some(2.0));
    assert_eq!(count(&mut client, 8, "2025-02-02"), Some(2.0));
    assert_eq!(client.refused("SELECT botdet_features(8::bigint, '2025-02-01')").code, "55000");
}

#[test]
fn an_archive_is_refused_where_it_would_do_harm() {
    let database = TestDatabase::new("archive_refused");
    let mut client = database.connect();
    client.run("CREATE TABLE loose (who bigint, at timestamptz)");
    for (sql, code, message) in [
        ("CALL botdet_archive('loose', '2025-01-01')", "42704", "public.loose is not bound"),
        ("CALL botdet_archive(NULL, '2025-01-01')", "22004", "relation, until and batch must not be NULL"),
        ("CALL botdet_archive('botdet.activity', 'infinity')", "22023", "infinity is not a time in the past"),
        ("CALL botdet_archive('botdet.activity', '2025-01-01', 0)", "22023", "batch is 0, below 1"),
        (
            "CALL botdet_drop_partitions('botdet.activity')",
            "22023",
            "give relation, and either older_than or before",
        ),
        (
            "CALL botdet_drop_partitions('botdet.activity', '1 month', '2025-01-01')",
            "22023",
            "give relation, and either older_than or before",
        ),
        (
            "CALL botdet_drop_partitions('botdet.activity', '1 month')",
            "42809",
            "botdet.activity is not partitioned by range of occurred_at",
        ),
        (
            "SELECT botdet_create_partitions('botdet.activity', '1 month')",
            "42809",
            "botdet.activity is not partitioned by range of occurred_at",
        ),
        (
            "SELECT botdet_create_partitions('botdet.activity', '1 month 1 day')",
            "22023",
            "every is 1 mon 1 day, neither whole months nor an hour or more",
        ),
    ] {
        let refusal = client.refused(sql);
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), (code, message), "{sql}");
    }
}

/// Neither how a session writes times, where a zone's abbreviation may be another's, nor the size of batches matters.
#[test]
fn an_archive_ends_whatever_the_session_is_set_to() {
    let database = TestDatabase::new("archive_settings");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1, 2, 3]", 1, 200));
    client.run("SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kolkata'; SET statement_timeout = '20s'");
    for (day, batch) in [(2, 1), (3, i32::MAX)] {
        client.run(&format!("CALL botdet_archive('botdet.activity', '2025-03-0{day} 00:00+00', {batch})"));
        let archived: i64 = client.value(
            &format!(
                "SELECT count(*) FROM botdet.archived_state WHERE archived_until = '2025-03-0{day} 00:00+00'"
            ),
            &[],
        );
        assert_eq!(archived, 3);
    }
}

/// Every event is either in a state or was said to be ignored, and kept states are those that archive and rows make.
#[test]
fn inserts_during_an_archive_are_counted_or_said() {
    let database = TestDatabase::new("archive_concurrently");
    database.connect().run("UPDATE botdet.detector SET insert_mode = 'off'");
    database.connect().run(&insert("ARRAY(SELECT generate_series(1, 300))", 1, 20));
    let (rows, stop) = (AtomicI64::new(6_000), AtomicBool::new(false));
    let ignored: i64 = thread::scope(|scope| {
        let sessions: Vec<_> = (0..3u32)
            .map(|session| {
                let (database, rows, stop) = (&database, &rows, &stop);
                scope.spawn(move || {
                    let (mut client, heard) = listening(database);
                    let mut round = session;
                    while !stop.load(Ordering::Relaxed) {
                        round += 3;
                        let isolation = if round % 2 == 0 { "READ COMMITTED" } else { "REPEATABLE READ" };
                        // From before the boundary to after it, of accounts that are there and new ones.
                        client.run(&format!(
                            "BEGIN ISOLATION LEVEL {isolation};
                             INSERT INTO botdet.activity (account_id, occurred_at, action)
                             SELECT (k * 37 + {round}) % 400, timestamptz '2025-03-01' + (k * {round} % 40) * interval '1 hour', 'like'
                             FROM generate_series(1, 20) AS k; COMMIT"
                        ));
                        rows.fetch_add(20, Ordering::Relaxed);
                    }
                    let messages = heard.lock().unwrap();
                    messages.iter().map(|message| count_of(message)).sum::<i64>()
                })
            })
            .collect();
        let mut client = database.connect();
        for hour in [6, 12, 18, 24] {
            thread::sleep(Duration::from_millis(300));
            client.run(&format!(
                "CALL botdet_archive('botdet.activity', timestamptz '2025-03-01' + {hour} * interval '1 hour', batch => 20)"
            ));
        }
        stop.store(true, Ordering::Relaxed);
        sessions.into_iter().map(|session| session.join().expect("the session ends well")).sum()
    });
    let mut client = database.connect();
    // An account may have come after the last archive had looked for them.
    client.run("CALL botdet_archive('botdet.activity', '2025-03-02')");
    assert_states_follow_rows(&mut client);
    let counted: f64 =
        client.value("SELECT sum(event_count) FROM botdet.account_state, botdet_features(account_id)", &[]);
    assert!(ignored > 0, "nothing came too late: the test shows nothing");
    assert_eq!(counted as i64 + ignored, rows.into_inner());
    // None of that is needed any more.
    let told_before = told(&mut client);
    client.run("DELETE FROM botdet.activity WHERE occurred_at < '2025-03-02'");
    client.run(REBUILD);
    assert_eq!(told(&mut client), told_before);
}

/// The first number of a warning.
fn count_of(message: &str) -> i64 {
    message.split(' ').nth(1).and_then(|count| count.parse().ok()).expect("the message begins with a number")
}

#[test]
fn a_cancelled_archive_goes_on_where_it_ended() {
    let database = TestDatabase::new("archive_cancelled");
    let (mut client, heard) = listening(&database);
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    client.run(&insert("ARRAY(SELECT generate_series(1, 2000))", 1, 30));
    client.run("UPDATE botdet.account_state SET stale = (account_id % 2 = 0)");
    let before = told(&mut client);
    let archive = format!("CALL botdet_archive('botdet.activity', '{BOUNDARY}', batch => 10)");
    let cancel = canceller(&client);
    let mut observer = database.connect();
    let archived = "SELECT count(*) FROM botdet.archived_state";
    let cancelling = thread::spawn(move || {
        wait_until("some are archived", Duration::from_secs(20), || {
            observer.value::<i64>(archived, &[]) > 50
        });
        cancel();
    });
    assert_eq!(client.refused(&archive).code, "57014");
    cancelling.join().expect("the cancel was sent");
    let done: i64 = client.value(archived, &[]);
    assert!((51..2000).contains(&done), "{done} of 2000 were archived");
    client.run(&archive);
    let said = heard.lock().unwrap().pop().expect("it says how many");
    assert_eq!(
        said,
        format!("NOTICE archived {} accounts of botdet.activity until 2025-03-02 00:00:00+00", 2000 - done)
    );
    assert_eq!(told(&mut client), before);
    client.run("TRUNCATE botdet.activity");
    assert_eq!(told(&mut client), before, "all was before the boundary");
    // In a transaction block it is all or nothing.
    client.run("BEGIN; CALL botdet_archive('botdet.activity', '2025-04-01'); ROLLBACK");
    client.run(&insert("ARRAY[1]", 600, 601));
    client.run("BEGIN; CALL botdet_archive('botdet.activity', '2025-04-01'); ROLLBACK");
    let later: i64 =
        client.value("SELECT count(*) FROM botdet.archived_state WHERE archived_until > '2025-03-03'", &[]);
    assert_eq!(later, 0);
}

/// The order in which tables are restored does not matter.
#[test]
fn archives_may_come_before_or_after_the_rows() {
    let database = TestDatabase::new("archive_order");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1, 2, 3, 4]", 1, 500));
    client.run(&format!("CALL botdet_archive('botdet.activity', '{BOUNDARY}')"));
    let expected = told(&mut client);
    client.run(&format!(
        "CREATE TABLE kept AS SELECT * FROM botdet.activity WHERE occurred_at >= '{BOUNDARY}';
         CREATE TABLE archive AS SELECT * FROM botdet.archived_state"
    ));
    let rows = "INSERT INTO botdet.activity OVERRIDING SYSTEM VALUE SELECT * FROM kept";
    let archive = "INSERT INTO botdet.archived_state SELECT * FROM archive";
    for (first, second) in [(rows, archive), (archive, rows)] {
        client.run("TRUNCATE botdet.archived_state; TRUNCATE botdet.activity; TRUNCATE botdet.account_state");
        client.run(first);
        client.run(second);
        assert_eq!(told(&mut client), expected, "{first}, then {second}");
        client.run(REBUILD);
        assert_eq!(told(&mut client), expected, "{first}, then {second}, rebuilt");
    }
    // An account's state may be lost; its archive is not.
    client.run("DELETE FROM botdet.account_state WHERE account_id = 1");
    client.run(&insert("ARRAY[1]", 501, 501));
    assert_states_follow_rows(&mut client);
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(1)", &[]), 501.0);
}

/// Whoever began to read before the drop has the snapshot of then, and no rows to go with it.
#[test]
fn a_snapshot_from_before_the_drop_is_told_the_same() {
    let database = TestDatabase::new("old_snapshot");
    let (mut client, mut reader) = (database.connect(), database.connect());
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    create_partitions(&mut client);
    let as_of = "SELECT md5(botdet_account_state(2, '2025-03-03 09:00+00'))";
    let before: (Vec<String>, String) = (told(&mut client), client.value(as_of, &[]));
    client.run("UPDATE botdet.account_state SET stale = true");
    reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM botdet.archived_state");
    client.run("CALL botdet_drop_partitions('shop.events', before => '2025-03-03 00:00+00')");
    let after: (Vec<String>, String) = (told(&mut reader), reader.value(as_of, &[]));
    assert_eq!(after, before);
    // Having read, it keeps what is there from going.
    let mut dropping = database.connect();
    dropping.run("SET lock_timeout = '200ms'");
    let refusal =
        dropping.refused("CALL botdet_drop_partitions('shop.events', before => '2025-03-04 00:00+00')");
    assert_eq!(refusal.code, "55P03");
    assert_eq!(told(&mut reader), before.0);
}

#[test]
fn training_reads_archived_accounts_as_they_were() {
    let database = TestDatabase::populated("training_archived");
    let mut client = database.connect();
    let read = |client: &mut Client, moment| {
        let accounts = labelled_accounts(client, SOURCE).expect("there are accounts");
        let accounts: Vec<_> = accounts.iter().collect();
        let examples = read_examples(client, &accounts, moment).expect("they can be read");
        examples.into_iter().map(|example| (example.account_id, example.features)).collect::<Vec<_>>()
    };
    let before = read(&mut client, Moment::Now);
    let half: String = client.value(
        "SELECT (min(occurred_at) + (max(occurred_at) - min(occurred_at)) / 2)::text FROM botdet.activity",
        &[],
    );
    client.run(&format!(
        "CALL botdet_archive('botdet.activity', '{half}'); DELETE FROM botdet.activity WHERE occurred_at < '{half}'"
    ));
    assert_eq!(read(&mut client, Moment::Now), before);
    assert_eq!(read(&mut client, Moment::Earlier(1)).len(), before.len());
    // With nothing but the archive left, that is what there is.
    let last: String =
        client.value("SELECT (max(occurred_at) + interval '1 s')::text FROM botdet.activity", &[]);
    client.run(&format!("CALL botdet_archive('botdet.activity', '{last}')"));
    client.run("TRUNCATE botdet.activity");
    assert_eq!(read(&mut client, Moment::Now), before);
    assert_eq!(read(&mut client, Moment::Earlier(1)), before);
}

/// Above 2,032 bytes a row would be moved out of its page.
#[test]
fn a_state_with_an_archive_stays_in_its_page() {
    let database = TestDatabase::new("archived_width");
    let mut client = database.connect();
    client.run(&insert(ACCOUNTS, 1, 300));
    client.run(&format!("CALL botdet_archive('botdet.activity', '{BOUNDARY}')"));
    let widest: i32 = client.value("SELECT max(pg_column_size(s.*)) FROM botdet.account_state s", &[]);
    assert!(widest < 2032, "{widest} bytes");
    let toasted: i64 = client.value(
        "SELECT count(*) FROM pg_class WHERE oid IN ('botdet.account_state'::regclass, 'botdet.archived_state'::regclass)
         AND reltoastrelid <> 0 AND pg_relation_size(reltoastrelid) > 0",
        &[],
    );
    assert_eq!(toasted, 0);
}
