//! Old activity is archived and dropped, and states stay what they were.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use botdet_loader::training::dataset::{Moment, labelled_accounts, read_examples};
use botdet_tests::activity::{events, insert};
use botdet_tests::population::SOURCE;
use botdet_tests::programs::{output, program};
use botdet_tests::sql::canceller;
use botdet_tests::{Sql, TestDatabase};
use postgres::{Client, NoTls};

use crate::support::{answers, assert_states_follow_rows, stored_states, wait_until};

const ACCOUNTS: &str = "ARRAY[1, 2, 3]";
/// Amid the events of [`events`].
const BOUNDARY: &str = "2025-03-02 00:00+00";
const REBUILD: &str = "UPDATE botdet.account_state SET stale = true; SELECT botdet_rebuild_state(account_id) FROM botdet.account_state";

/// A table in partitions of a day, bound as a source; accounts are called by `key`, an expression over `account_id`.
struct Shop {
    key: &'static str,
    moment: &'static str,
}

impl Shop {
    const NUMBERED: Self = Self { key: "account_id", moment: "occurred_at" };

    fn create(&self, client: &mut Client, key_type: &str, time_type: &str) {
        client.run(&format!(
            "CREATE SCHEMA shop;
             CREATE TABLE shop.events (n bigint GENERATED ALWAYS AS IDENTITY, who {key_type} NOT NULL, at {time_type} NOT NULL,
                 kind text DEFAULT 'like', body text, size integer GENERATED ALWAYS AS (length(body)) STORED)
                 PARTITION BY RANGE (at);
             CREATE INDEX ON shop.events (who, at);
             CREATE TABLE shop.others PARTITION OF shop.events DEFAULT;
             SELECT botdet_bind_source('shop.events', 'who', 'at', action => 'kind', content => 'body', \"position\" => 'n')"
        ));
    }

    fn fill(&self, client: &mut Client, accounts: &str, first: u32, last: u32) {
        client.run(&format!(
            "INSERT INTO shop.events (who, at, kind, body) SELECT {}, {}, action, content
             FROM ({}) AS e (account_id, occurred_at, action, content, device, target)",
            self.key,
            self.moment,
            events(accounts, first, last)
        ));
    }
}

/// Partitions of a day for the days of [`events`].
fn create_partitions(client: &mut Client) -> i64 {
    client.value(
        "SELECT count(*) FROM botdet_create_partitions('shop.events', '1 day', ahead => timestamptz '2025-03-05 00:00+00' - now(),
                                                       since => '2025-03-01 00:00+00')",
        &[],
    )
}

/// Partitions that are left, without the schema.
fn partitions(client: &mut Client) -> Vec<String> {
    client.column(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'shop.events'::regclass ORDER BY 1",
        &[],
    )
}

/// What readers are told of every account that has a state.
fn told(client: &mut Client) -> Vec<String> {
    client.column(
        "SELECT concat_ws(' ', account_id, md5(botdet_account_state(account_id)), botdet_features(account_id))
         FROM botdet.account_state ORDER BY account_id",
        &[],
    )
}

/// A client, and the messages that the server sends it.
fn listening(database: &TestDatabase) -> (Client, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let messages = Arc::clone(&heard);
    let mut config = database.config();
    config.notice_callback(move |notice| {
        messages.lock().expect("nobody panics here").push(format!(
            "{} {}",
            notice.severity(),
            notice.message()
        ));
    });
    (config.connect(NoTls).expect("the server can be reached"), heard)
}

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
    client.run(&format!("CALL botdet_archive('botdet.activity', '{BOUNDARY}')"));
    assert_eq!(
        heard.lock().unwrap().drain(..).collect::<Vec<_>>(),
        ["NOTICE archived 3 accounts of botdet.activity until 2025-03-02 00:00:00+00"]
    );
    let before = (answers(&mut client), stored_states(&mut client));
    let late = "INSERT INTO botdet.activity (account_id, occurred_at, action)
                SELECT k, '2025-03-01 12:34:56+00', 'post' FROM generate_series(2, 3) AS k, generate_series(1, 2)";
    client.run(&format!("BEGIN; {late}"));
    assert_eq!(answers(&mut client), before.0, "in the transaction");
    client.run("COMMIT");
    assert_eq!(
        heard.lock().unwrap().drain(..).collect::<Vec<_>>(),
        [
            "WARNING 4 events of 2 accounts are ignored: they are older than what botdet_archive() has archived; \
         the first of these accounts is 2"
        ]
    );
    assert_eq!((answers(&mut client), stored_states(&mut client)), before);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.activity", &[]), 1204, "the rows are kept");
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

#[test]
fn partitions_are_made_and_rows_move_into_them() {
    let database = TestDatabase::new("create_partitions");
    let mut client = database.connect();
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    client.run(
        "CREATE TABLE fired (operation text);
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO fired VALUES (TG_OP); RETURN NULL; END $$;
         CREATE TRIGGER note AFTER INSERT OR DELETE ON shop.events FOR EACH ROW EXECUTE FUNCTION note();
         SET TimeZone = 'Asia/Tokyo'",
    );
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    let rows = "SELECT md5(string_agg(e::text, ' ' ORDER BY n)) FROM shop.events e";
    let before: (String, _) = (client.value(rows, &[]), stored_states(&mut client));
    assert_eq!(create_partitions(&mut client), 4);
    assert_eq!(create_partitions(&mut client), 0, "they are there already");
    let after: (String, _) = (client.value(rows, &[]), stored_states(&mut client));
    assert_eq!(before, after);
    assert_eq!(
        client.value::<i64>("SELECT count(*) FROM fired", &[]),
        1500,
        "moving is neither inserting nor deleting"
    );
    assert_eq!(client.value::<i64>("SELECT count(*) FROM shop.others", &[]), 0);
    let misplaced: i64 = client.value(
        "SELECT count(*) FROM shop.events WHERE tableoid::regclass::text <> to_char(at AT TIME ZONE 'UTC', '\"shop.events_p\"YYYYMMDD')",
        &[],
    );
    assert_eq!(misplaced, 0);
    assert_states_follow_rows(&mut client);
    // From now on by default, in months, under the owner of the table.
    let made: Vec<String> = client.column(
        "SELECT partition_name FROM botdet_create_partitions('shop.events', '1 month', ahead => '40 days') ORDER BY 1",
        &[],
    );
    let expected: Vec<String> = client.column(
        "SELECT to_char(m, '\"shop.events_p\"YYYYMMDD')
         FROM generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'), now() AT TIME ZONE 'UTC' + interval '40 days', '1 month') AS m",
        &[],
    );
    assert_eq!(made, expected);
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 501, 510);
    assert_states_follow_rows(&mut client);
    let hours: Vec<String> = client.column(
        "SELECT partition_name FROM botdet_create_partitions('shop.events', '6 hours', since => '2025-03-06 07:00+00',
             ahead => timestamptz '2025-03-06 13:00+00' - now())",
        &[],
    );
    assert_eq!(hours, ["shop.events_p20250306_060000", "shop.events_p20250306_120000"]);
}

#[test]
fn a_partition_that_is_not_archived_can_neither_be_dropped_nor_detached() {
    let mut database = TestDatabase::new("guard");
    let role = database.role("keeper");
    let mut client = database.connect();
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    create_partitions(&mut client);
    client.run(&format!(
        "GRANT ALL ON SCHEMA shop TO {role}; ALTER TABLE shop.events OWNER TO {role};
         ALTER TABLE shop.events_p20250301 OWNER TO {role}; ALTER TABLE shop.events_p20250303 OWNER TO {role}"
    ));
    // Whoever owns the partition needs no right to anything of ours.
    let mut keeper = database.connect_as(&role);
    let drop = "DROP TABLE shop.events_p20250301";
    for sql in [
        drop,
        "DROP TABLE IF EXISTS shop.no_such_table, shop.events_p20250301 CASCADE",
        "ALTER TABLE shop.events DETACH PARTITION shop.events_p20250301",
        "SET search_path = shop; DROP TABLE events_p20250301",
        "DO $$ BEGIN EXECUTE 'DROP TABLE shop.events_p20250301'; END $$",
    ] {
        let refusal = keeper.refused(sql);
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("55000", "shop.events_p20250301 has rows of account 1 that are not archived"),
            "{sql}"
        );
    }
    assert_eq!(keeper.refused("DROP TABLE shop.events_p20250302").code, "42501", "it is not theirs");
    assert_eq!(keeper.refused("DROP TABLE shop.nothing").code, "42P01");
    keeper.run("CREATE TABLE shop.mine (); ALTER TABLE shop.mine ADD a integer; DROP TABLE shop.mine");
    keeper.run("CREATE TABLE shop.parted (a integer) PARTITION BY LIST (a); CREATE TABLE shop.part PARTITION OF shop.parted DEFAULT;
                ALTER TABLE shop.parted DETACH PARTITION shop.part; DROP TABLE shop.part, shop.parted");
    // Archived, as before the maintenance of pg_partman, it goes as any other table; one row more, and it does not.
    client.run("CALL botdet_archive('shop.events', '2025-03-02')");
    let before = told(&mut client);
    client.run("INSERT INTO shop.events (who, at) VALUES (77, '2025-03-01 10:00+00')");
    assert_eq!(
        keeper.refused(drop).message,
        "shop.events_p20250301 has rows of account 77 that are not archived"
    );
    client.run("CALL botdet_archive('shop.events', '2025-03-02')");
    keeper.run(drop);
    client.run(REBUILD);
    assert_eq!(told(&mut client)[..3], before);
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(77)", &[]), 1.0);
    // Concurrently is no way round it, where there is no default partition.
    client.run("DROP TABLE shop.others");
    let concurrently = "ALTER TABLE shop.events DETACH PARTITION shop.events_p20250302 CONCURRENTLY";
    assert_eq!(
        client.refused(concurrently).message,
        "shop.events_p20250302 has rows of account 1 that are not archived"
    );
    client.run("CALL botdet_archive('shop.events', '2025-03-03')");
    client.run(concurrently);
    client.run(REBUILD);
    assert_eq!(told(&mut client)[..3], before);
    // Whoever insists gets what is left.
    keeper.run("SET botdet.guard_partitions = off; DROP TABLE shop.events_p20250303");
    client.run(REBUILD);
    assert_ne!(told(&mut client)[..3], before);
}

#[test]
fn rows_that_come_while_partitions_are_dropped_are_not_lost() {
    let database = TestDatabase::new("drop_concurrently");
    let (mut client, mut other) = (database.connect(), database.connect());
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    create_partitions(&mut client);
    // An account that the archive cannot know of yet.
    other.run("BEGIN; INSERT INTO shop.events (who, at) VALUES (77, '2025-03-01 10:00+00')");
    let dropping = thread::spawn(move || {
        client.run("CALL botdet_drop_partitions('shop.events', before => '2025-03-03')");
        client
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'shop.events'::regclass";
    let mut observer = database.connect();
    wait_until("the drop waits", Duration::from_secs(20), || observer.value::<i64>(waits, &[]) > 0);
    other.run("COMMIT");
    let mut client = dropping.join().expect("it drops them");
    assert_eq!(partitions(&mut client), ["events_p20250303", "events_p20250304", "others"]);
    client.run(REBUILD);
    assert_eq!(client.value::<f64>("SELECT event_count FROM botdet_features(77)", &[]), 1.0);
    // Detached, a partition is a table of its own; in a transaction block all happens at once.
    client.run("BEGIN; CALL botdet_drop_partitions('shop.events', before => '2025-03-04', detach => true)");
    client.run("ROLLBACK");
    assert_eq!(partitions(&mut client).len(), 3);
    client.run("CALL botdet_drop_partitions('shop.events', older_than => now() - timestamptz '2025-03-04', detach => true)");
    assert_eq!(partitions(&mut client), ["events_p20250304", "others"]);
    assert!(client.value::<i64>("SELECT count(*) FROM shop.events_p20250303", &[]) > 0);
    let refusal = client.refused(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; CALL botdet_drop_partitions('shop.events', '1 day')",
    );
    assert_eq!(refusal.code, "55000");
}

#[test]
fn a_dump_carries_archives_and_partitions() {
    let source = TestDatabase::new("dump_archive");
    let mut client = source.connect();
    Shop::NUMBERED.create(&mut client, "bigint", "timestamptz");
    Shop::NUMBERED.fill(&mut client, ACCOUNTS, 1, 500);
    client.run(&insert("ARRAY[5, 6]", 1, 300));
    create_partitions(&mut client);
    client.run("CALL botdet_archive('botdet.activity', '2025-03-02 07:00')");
    client.run("CALL botdet_drop_partitions('shop.events', before => '2025-03-02')");
    client.run("DELETE FROM botdet.activity WHERE occurred_at < '2025-03-02 07:00'");
    let expected = told(&mut client);
    let archives = "SELECT md5(string_agg(a::text, '' ORDER BY account_id)) FROM botdet.archived_state a";
    let file = std::env::temp_dir().join(format!("{}.dump", source.name()));
    output(program("pg_dump", &source).args(["--format=custom", "--file"]).arg(&file));
    for jobs in ["1", "3"] {
        let target = TestDatabase::bare("restore_archive", "TEMPLATE template0");
        let mut restore = program("pg_restore", &target);
        restore.args(["--exit-on-error", "--jobs", jobs, "--dbname", target.name()]).arg(&file);
        output(&mut restore);
        let mut restored = target.connect();
        assert_eq!(restored.value::<String>(archives, &[]), client.value::<String>(archives, &[]));
        assert_eq!(told(&mut restored), expected, "{jobs} jobs");
        restored.run(REBUILD);
        assert_eq!(told(&mut restored), expected, "{jobs} jobs, rebuilt");
        Shop::NUMBERED.fill(&mut restored, ACCOUNTS, 501, 510);
        assert_states_follow_rows(&mut restored);
    }
    std::fs::remove_file(&file).expect("the dump can be removed");
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
