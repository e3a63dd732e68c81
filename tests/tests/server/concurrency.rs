//! Sessions that insert for the same accounts at once.

use std::sync::Barrier;
use std::thread;

use botdet_loader::commands::simulate::activity_record;
use botdet_loader::simulate::SimulatedEvent;
use botdet_tests::activity::insert;
use botdet_tests::population::simulation;
use botdet_tests::{Refusal, Sql, TestDatabase};
use postgres::Client;

use crate::support::{assert_nothing_is_stale, assert_states_follow_rows, stored_states};

#[test]
fn two_sessions_lose_nothing() {
    lose_nothing(2);
}

#[test]
fn four_sessions_lose_nothing() {
    lose_nothing(4);
}

/// Each session inserts its share of the same accounts' events, in the same order of statements.
fn lose_nothing(sessions: u32) {
    const ROUNDS: u32 = 40;
    let database = TestDatabase::new("lose_nothing");
    at_once(&database, sessions, |client, session| {
        for round in 0..ROUNDS {
            let n = round * sessions + session + 1;
            client.run(&insert("ARRAY[1, 2, 3, 4, 5]", n, n));
        }
    });
    let mut client = database.connect();
    let rows: i64 = client.value("SELECT count(*) FROM botdet.activity", &[]);
    assert_eq!(rows, i64::from(ROUNDS * sessions) * 5);
    assert_states_follow_rows(&mut client);
}

/// Transactions of several statements, each over accounts in an order of its own. `BOTDET_STRESS_SECONDS` makes it last.
#[test]
fn eight_sessions_over_the_same_accounts_neither_deadlock_nor_lose_an_event() {
    let seconds = std::env::var("BOTDET_STRESS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    let database = TestDatabase::new("eight_sessions");
    database.connect().run("UPDATE botdet.detector SET insert_mode = 'filter'");
    let committed = std::sync::atomic::AtomicI64::new(0);
    at_once(&database, 8, |client, session| {
        let mut dice = u64::from(session);
        while std::time::Instant::now() < until {
            let isolation = if dice.is_multiple_of(2) { "READ COMMITTED" } else { "REPEATABLE READ" };
            client.run(&format!("BEGIN ISOLATION LEVEL {isolation}"));
            for _ in 0..3 {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let first = dice >> 60;
                client.run(&format!(
                    "INSERT INTO botdet.activity (account_id, occurred_at, action)
                     SELECT (k * 7 + {first}) % 20, clock_timestamp(), 'like' FROM generate_series(1, 10) AS k"
                ));
            }
            client.run("COMMIT");
            committed.fetch_add(30, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let mut client = database.connect();
    let rows: i64 = client.value("SELECT count(*) FROM botdet.activity", &[]);
    assert_eq!(rows, committed.into_inner());
    assert_states_follow_rows(&mut client);
    let scored: i64 = client.value("SELECT count(*) FROM botdet.score WHERE stage <> 'failed'", &[]);
    assert_eq!(scored, 20);
}

#[test]
fn sessions_that_take_turns_lose_nothing_and_nothing_gets_stale() {
    let database = TestDatabase::new("turns");
    let (mut first, mut second) = (database.connect(), database.connect());
    for n in 0..30 {
        first.run(&insert("ARRAY[1, 2, 3]", 2 * n + 1, 2 * n + 1));
        second.run(&insert("ARRAY[3, 2, 1]", 2 * n + 2, 2 * n + 2));
    }
    assert_nothing_is_stale(&mut first);
    assert_states_follow_rows(&mut first);
}

/// States are locked when a transaction commits, so no statement waits, in whatever order accounts come.
#[test]
fn open_transactions_over_the_same_accounts_do_not_wait_for_each_other() {
    let database = TestDatabase::new("no_waits");
    let (mut first, mut second) = (database.connect(), database.connect());
    for (round, ends) in ["COMMIT", "ROLLBACK", "COMMIT"].into_iter().enumerate() {
        let n = 20 * round as u32;
        first.run(&format!("BEGIN; {}", insert("ARRAY[1, 2]", n + 1, n + 5)));
        second.run(&format!("BEGIN; {}", insert("ARRAY[2, 3]", n + 6, n + 10)));
        first.run(&insert("ARRAY[3, 4]", n + 11, n + 15));
        second.run(&insert("ARRAY[1, 4]", n + 16, n + 20));
        second.run("COMMIT");
        first.run(ends);
    }
    assert_states_follow_rows(&mut first);
}

#[test]
fn first_inserts_of_the_same_new_accounts_race_without_harm() {
    let database = TestDatabase::new("races");
    for round in 0..15u32 {
        let accounts = format!(
            "ARRAY[{}]",
            (0..8).map(|k| (100 * round + k).to_string()).collect::<Vec<_>>().join(", ")
        );
        at_once(&database, 4, |client, session| client.run(&insert(&accounts, session + 1, session + 1)));
    }
    let mut client = database.connect();
    assert_eq!(stored_states(&mut client).len(), 15 * 8);
    assert_states_follow_rows(&mut client);
}

#[test]
fn events_of_one_instant_by_two_sessions_are_counted_as_their_rows_are_ordered() {
    let database = TestDatabase::new("one_instant");
    let (mut first, mut second) = (database.connect(), database.connect());
    let at = |action: &str, target: &str| {
        format!(
            "INSERT INTO botdet.activity (account_id, occurred_at, action, content, target)
                 VALUES (1, '2025-01-01 00:00+00', '{action}', 'text of {target}', '{target}')"
        )
    };
    first.run(&at("post", "a"));
    // The first session draws the lower number, dawdles, and so folds its event in last.
    first.run(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN IF NEW.action = 'like' THEN PERFORM pg_sleep(0.4); END IF; RETURN NEW; END$$;
         CREATE TRIGGER dawdle BEFORE INSERT ON botdet.activity FOR EACH ROW EXECUTE FUNCTION dawdle()",
    );
    let (one, two) = (at("like", "b"), at("comment", "c"));
    thread::scope(|scope| {
        scope.spawn(|| first.run(&one));
        thread::sleep(std::time::Duration::from_millis(150));
        second.run(&two);
    });
    let order: Vec<String> = second.column("SELECT action FROM botdet.activity ORDER BY activity_id", &[]);
    assert_eq!(order, ["post", "like", "comment"]);
    assert_states_follow_rows(&mut second);
}

#[test]
fn two_loaders_copy_at_once() {
    let database = TestDatabase::new("two_loaders");
    let mut events: Vec<SimulatedEvent> = simulation().events().take(60).flatten().collect();
    events.sort_by_key(|event| event.occurred_at);
    let halves: Vec<Vec<SimulatedEvent>> =
        events.chunks(events.len().div_ceil(2)).map(<[SimulatedEvent]>::to_vec).collect();
    at_once(&database, 2, |client, session| copy(client, &halves[session as usize]));
    let mut client = database.connect();
    let rows: i64 = client.value("SELECT count(*) FROM botdet.activity", &[]);
    assert_eq!(rows, events.len() as i64);
    assert_states_follow_rows(&mut client);
}

#[test]
fn sessions_with_accounts_in_opposite_order_do_not_deadlock_within_a_statement() {
    let database = TestDatabase::new("opposite");
    let orders = ["ARRAY(SELECT generate_series(1, 40))", "ARRAY(SELECT generate_series(40, 1, -1))"];
    at_once(&database, 2, |client, session| {
        for n in 1..=25 {
            client.run(&insert(orders[session as usize], 2 * n + session, 2 * n + session));
        }
    });
    assert_states_follow_rows(&mut database.connect());
}

#[test]
fn inserting_deleting_and_rebuilding_at_once_ends_right() {
    let database = TestDatabase::new("mixed");
    database.connect().run(&insert("ARRAY[1, 2, 3]", 1, 40));
    at_once(&database, 3, |client, session| {
        for n in 0..25 {
            match session {
                0 => client.run(&insert("ARRAY[1, 2, 3]", 100 + n, 100 + n)),
                1 => client.run(&format!(
                    "DELETE FROM botdet.activity WHERE activity_id % 40 = {n} AND occurred_at < '2025-03-01 05:00+00'"
                )),
                _ => client.run("SELECT botdet_rebuild_state(a) FROM unnest(ARRAY[1, 2, 3]::bigint[]) AS a"),
            }
        }
    });
    assert_states_follow_rows(&mut database.connect());
}

/// Runs sessions at once, each with its number, and ends when all have.
fn at_once(database: &TestDatabase, sessions: u32, work: impl Fn(&mut Client, u32) + Sync) {
    let barrier = Barrier::new(sessions as usize);
    thread::scope(|scope| {
        for session in 0..sessions {
            let (work, barrier) = (&work, &barrier);
            scope.spawn(move || {
                let mut client = database.connect();
                barrier.wait();
                work(&mut client, session);
            });
        }
    });
}

fn copy(client: &mut Client, events: &[SimulatedEvent]) {
    use std::io::Write;
    let mut writer = client
        .copy_in(
            "COPY botdet.activity (account_id, occurred_at, action, content, device) FROM STDIN (FORMAT csv)",
        )
        .expect("the copy begins");
    for event in events {
        let record = activity_record(event.clone());
        let quoted = |text: Option<String>| {
            text.map_or(String::new(), |text| format!("\"{}\"", text.replace('"', "\"\"")))
        };
        writeln!(
            writer,
            "{},{},{},{},{}",
            event.account_id,
            time(record.occurred_at),
            record.action,
            quoted(record.content),
            quoted(record.device)
        )
        .expect("rows can be written");
    }
    if let Err(error) = writer.finish() {
        unreachable!("{:?}", Refusal::of(&error));
    }
}

fn time(microseconds: i64) -> String {
    botdet_loader::database::timestamp(microseconds).expect("the time is possible").to_rfc3339()
}
