//! Accounts that are scored after the transaction that touched them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use botdet_tests::activity::insert;
use botdet_tests::model::activate;
use botdet_tests::sql::{canceller, process};
use botdet_tests::{Sql, TestDatabase, filter_model};
use postgres::Client;

use crate::support::{score, wait_until};
use crate::versions::corrupt_active_version;

const PROMPT: Duration = Duration::from_secs(20);
/// Scores that are not what a reader would be told now. Rows of a batch may differ in the last digits.
const WRONG_SCORES: &str =
    "SELECT format('%s: %s by %s, not %s by %s', s.account_id, s.bot_probability, s.stage, b.bot_probability, b.stage)
    FROM botdet.score s, LATERAL botdet_score(s.account_id) AS b
    WHERE s.stage <> b.stage OR s.model_version IS DISTINCT FROM b.model_version
       OR abs(s.bot_probability - b.bot_probability) > 1e-6 OR s.bot_probability IS NULL";

#[test]
fn in_mode_queue_an_insert_queues_and_a_call_scores() {
    let database = TestDatabase::populated("queue_mode");
    let mut client = in_mode(&database, "queue");
    client.run("DELETE FROM botdet.score");
    client.run(&insert("ARRAY[9001, 9002, 1]", 1, 20));
    assert_eq!(queued(&mut client), [1, 9001, 9002], "one row an account and transaction");
    assert_eq!(scored(&mut client), Vec::<i64>::new());
    assert_eq!(pending(&mut client, 2), 2);
    assert_eq!(pending(&mut client, 1000), 1);
    assert_eq!(pending(&mut client, 1000), 0);
    assert_eq!(scored(&mut client), [1, 9001, 9002]);
    assert_settled(&mut client);
}

#[test]
fn in_mode_filter_exactly_those_are_queued_that_the_next_stage_would_look_at() {
    let database = TestDatabase::populated("filter_mode");
    let mut client = in_mode(&database, "filter");
    client.run("DELETE FROM botdet.score");
    touch_all(&mut client);
    let deep: Vec<i64> = client.column(
        "SELECT account_id FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account)) WHERE stage = 'sequence' ORDER BY 1",
        &[],
    );
    assert!(!deep.is_empty() && deep.len() < 240, "{} of 240 are uncertain", deep.len());
    assert_eq!(queued(&mut client), deep);
    let stages: Vec<String> = client.column("SELECT DISTINCT stage FROM botdet.score", &[]);
    assert_eq!(stages, ["filter"]);
    assert_eq!(pending(&mut client, 1000), deep.len() as i64);
    assert_settled(&mut client);

    // Nothing is queued for a stage that is not there.
    activate(&mut client, filter_model());
    touch_all(&mut client);
    client.run("SELECT botdet_deactivate()");
    touch_all(&mut client);
    assert_eq!(queued(&mut client), Vec::<i64>::new());
    assert_settled(&mut client);
}

#[test]
fn modes_inline_and_off_queue_nothing() {
    let database = TestDatabase::populated("other_modes");
    for mode in ["inline", "off"] {
        let mut client = in_mode(&database, mode);
        client.run(&insert("ARRAY[1, 9001]", 1, 5));
        assert_eq!(queued(&mut client), Vec::<i64>::new(), "{mode}");
    }
}

#[test]
fn what_is_rolled_back_is_not_queued() {
    let database = TestDatabase::new("queue_rollback");
    let mut client = in_mode(&database, "queue");
    client.run(&format!("BEGIN; {}; ROLLBACK", insert("ARRAY[1]", 1, 5)));
    client.run(&format!(
        "BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO s; SAVEPOINT t; {}; RELEASE t; COMMIT",
        insert("ARRAY[2]", 1, 5),
        insert("ARRAY[3]", 1, 5),
        insert("ARRAY[4]", 1, 5)
    ));
    client.run(&format!("BEGIN; {}; PREPARE TRANSACTION '{}'", insert("ARRAY[5]", 1, 5), database.name()));
    assert_eq!(queued(&mut client), [2, 4]);
    client.run(&format!("COMMIT PREPARED '{}'", database.name()));
    assert_eq!(queued(&mut client), [2, 4, 5]);
}

#[test]
fn all_rows_of_an_account_go_at_once() {
    let database = TestDatabase::new("all_rows");
    let mut client = in_mode(&database, "queue");
    for n in 1..=3 {
        client.run(&insert("ARRAY[1, 2]", n, n));
    }
    let status = "SELECT format('%s %s %s', rows_waiting, accounts_waiting, oldest_age > '0' AND oldest_age < '1 minute')
                  FROM botdet.queue_status WHERE detector = 'account'";
    assert_eq!(client.value::<String>(status, &[]), "6 2 t");
    assert_eq!(pending(&mut client, 1), 1);
    assert_eq!(queued(&mut client), [2, 2, 2]);
    assert_eq!(pending(&mut client, 1), 1);
    assert_eq!(client.value::<String>(status, &[]), "0 0 ");
    assert_settled(&mut client);
}

#[test]
fn queueing_the_same_accounts_waits_for_nobody() {
    let database = TestDatabase::new("queue_waits");
    let (mut first, mut second) = (in_mode(&database, "queue"), database.connect());
    first.run(&insert("ARRAY[1]", 1, 2));
    first.run("BEGIN; SELECT botdet_score_pending()");
    second.run("SET lock_timeout = '1s'");
    second.run(&insert("ARRAY[1]", 3, 4));
    assert_eq!(queued(&mut second), [1, 1], "the one being scored, and the new one");
    first.run("COMMIT");
    assert_eq!(pending(&mut second, 1000), 1);
    assert_settled(&mut second);
}

#[test]
fn an_impossible_limit_is_refused() {
    let database = TestDatabase::new("limit");
    let mut client = database.connect();
    for (limit, code, message) in [
        ("0", "22023", "limit is 0, and must be at least 1"),
        ("-7", "22023", "limit is -7, and must be at least 1"),
        ("NULL", "22004", "limit is NULL"),
    ] {
        let refusal = client.refused(&format!("SELECT botdet_score_pending({limit})"));
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), (code, message));
    }
}

#[test]
fn consumers_share_the_queue_and_a_rollback_gives_back() {
    let database = TestDatabase::new("share");
    let (mut first, mut second) = (in_mode(&database, "queue"), database.connect());
    first.run(&insert("ARRAY(SELECT generate_series(1, 50))", 1, 3));
    first.run("BEGIN");
    assert_eq!(pending(&mut first, 20), 20);
    second.run("SET lock_timeout = '1s'");
    assert_eq!(pending(&mut second, 1000), 30);
    assert_eq!(pending(&mut second, 1000), 0);
    first.run("ROLLBACK");
    assert_eq!(queued(&mut second), (1..=20).collect::<Vec<i64>>());
    assert_eq!(pending(&mut second, 1000), 20);
    assert_settled(&mut second);
}

#[test]
fn a_cancelled_consumer_loses_nothing() {
    let database = TestDatabase::populated("cancel_consumer");
    let (mut observer, mut consumer) = (in_mode(&database, "queue"), database.connect());
    // Accounts this young are all looked at by the sequence model: about a second's work.
    observer.run(&insert("ARRAY(SELECT generate_series(9001, 11500))", 1, 12));
    observer.run("SELECT botdet_store_scores(ARRAY[9100])");
    let before = queued(&mut observer);
    assert_eq!(before.len(), 2500);
    // In the midst of scoring, and then in the midst of writing, where it waits for a lock.
    for blocked in [false, true] {
        if blocked {
            observer.run("BEGIN; SELECT FROM botdet.score WHERE account_id = 9100 FOR UPDATE");
        }
        let (backend, cancel) = (process(&mut consumer), canceller(&consumer));
        thread::scope(|scope| {
            let consuming = scope.spawn(|| consumer.refused("SELECT botdet_score_pending(10000)").code);
            if blocked {
                wait_until("the consumer waits", PROMPT, || waits(&mut observer, backend));
            } else {
                wait_until("the consumer has begun", PROMPT, || {
                    observer
                        .value("SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1", &[&backend])
                });
            }
            cancel();
            assert_eq!(consuming.join().expect("the consumer ends"), "57014");
        });
        if blocked {
            observer.run("ROLLBACK");
        }
        assert_eq!(queued(&mut observer), before);
    }
    assert_eq!(pending(&mut consumer, 10_000), 2500);
    assert_settled(&mut consumer);
}

/// The consumer has scored both accounts and waits for the lock of the first; meanwhile the second gets new events, and
/// their score. What the consumer knows is older by then.
#[test]
fn a_score_that_was_overtaken_is_not_written() {
    for has_score in [true, false] {
        let database = TestDatabase::populated("overtaken");
        let (mut writer, mut blocker, mut consumer) =
            (in_mode(&database, "queue"), database.connect(), database.connect());
        writer.run(&insert("ARRAY[9001, 9002]", 1, 40));
        writer.run("SELECT botdet_store_scores(ARRAY[9001, 9002])");
        if !has_score {
            writer.run("DELETE FROM botdet.score WHERE account_id = 9002");
        }
        let before = score(&mut writer, 9002);
        blocker.run("BEGIN; SELECT FROM botdet.score WHERE account_id = 9001 FOR UPDATE");
        let backend = process(&mut consumer);
        thread::scope(|scope| {
            let consuming = scope.spawn(|| pending(&mut consumer, 1000));
            wait_until("the consumer waits", PROMPT, || waits(&mut writer, backend));
            writer.run("UPDATE botdet.detector SET insert_mode = 'inline'");
            writer.run(&insert("ARRAY[9002]", 41, 300));
            blocker.run("ROLLBACK");
            assert_eq!(consuming.join().expect("the consumer ends"), 2);
        });
        assert_ne!(before, score(&mut writer, 9002));
        assert_settled(&mut writer);
    }
}

#[test]
fn a_consumer_with_an_old_snapshot_scores_what_is_there_now() {
    let database = TestDatabase::populated("old_snapshot");
    let (mut writer, mut consumer) = (in_mode(&database, "queue"), database.connect());
    consumer.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM botdet.score");
    writer.run(&insert("ARRAY[9001]", 1, 40));
    assert_eq!(pending(&mut consumer, 1000), 1);
    consumer.run("COMMIT");
    assert_settled(&mut consumer);
}

#[test]
fn one_account_that_cannot_be_scored_holds_up_no_other() {
    let database = TestDatabase::populated("poison");
    let mut client = in_mode(&database, "queue");
    client.run("ALTER TABLE botdet.score ADD CONSTRAINT no_17 CHECK (account_id <> 17 OR stage = 'failed') NOT VALID");
    touch_all(&mut client);
    assert_eq!(pending(&mut client, 1000), 240);
    assert_eq!(queued(&mut client), Vec::<i64>::new());
    let failed: Vec<String> = client.column(
        "SELECT account_id || ': ' || array_to_string(reasons, '; ') FROM botdet.score WHERE stage = 'failed'",
        &[],
    );
    assert_eq!(failed.len(), 1);
    assert!(failed[0].starts_with("17: ") && failed[0].contains("no_17"), "{failed:?}");
    // Not even the failure can be noted: a warning, and the others are scored.
    client.run("ALTER TABLE botdet.score DROP CONSTRAINT no_17; DELETE FROM botdet.score");
    client.run("ALTER TABLE botdet.score ADD CONSTRAINT never_17 CHECK (account_id <> 17)");
    touch_all(&mut client);
    assert_eq!(pending(&mut client, 1000), 240);
    assert_eq!(scored(&mut client).len(), 239);
    assert_settled(&mut client);
}

#[test]
fn where_nothing_can_be_scored_the_queue_stays() {
    let mut database = TestDatabase::populated("queue_stays");
    let role = database.role("consumer");
    let mut client = in_mode(&database, "queue");
    touch_all(&mut client);
    let before = queued(&mut client);

    corrupt_active_version(&mut client);
    let refusal = database.connect().refused("SELECT botdet_score_pending()");
    assert_eq!(refusal.code, "XX001", "{}", refusal.message);
    assert_eq!(queued(&mut client), before);
    client.run("SELECT botdet_deactivate()");

    // Whoever may call the function has scores made, and makes none up.
    client.run(&format!(
        "GRANT USAGE ON SCHEMA botdet TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA botdet TO {role}"
    ));
    let mut consumer = database.connect_as(&role);
    assert_eq!(consumer.refused("SELECT botdet_score_pending()").code, "42501");
    assert_eq!(queued(&mut client), before);
    client.run(&format!("GRANT EXECUTE ON FUNCTION botdet_score_pending(integer) TO {role}"));
    assert_eq!(pending(&mut consumer, 1000), 240);
    for statement in ["UPDATE botdet.score SET is_bot = false", "DELETE FROM botdet.score_queue"] {
        assert_eq!(consumer.refused(statement).code, "42501", "{statement}");
    }
    assert_settled(&mut client);
}

#[test]
fn without_its_detector_the_queue_stays() {
    let database = TestDatabase::new("no_detector");
    let mut client = in_mode(&database, "queue");
    client.run(&insert("ARRAY[1]", 1, 5));
    client.run("DELETE FROM botdet.detector");
    assert_eq!(client.refused("SELECT botdet_score_pending()").code, "42704");
    assert_eq!(queued(&mut client), [1]);
}

#[test]
fn rows_are_kept_when_they_cannot_be_queued() {
    let database = TestDatabase::new("queue_refuses");
    let mut client = in_mode(&database, "queue");
    client.run("ALTER TABLE botdet.score_queue ADD CHECK (account_id <> 2)");
    client.run(&insert("ARRAY[1, 2]", 1, 5));
    let failed: Vec<i64> =
        client.column("SELECT account_id FROM botdet.score WHERE stage = 'failed' ORDER BY 1", &[]);
    assert_eq!(failed, [1, 2]);
    client.run("SET botdet.fail_closed = on");
    assert_eq!(client.refused(&insert("ARRAY[2]", 6, 9)).code, "23514");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.activity", &[]), 10);
}

#[test]
fn an_account_without_rows_is_scored_as_unknown() {
    let database = TestDatabase::new("queue_unknown");
    let mut client = in_mode(&database, "queue");
    client.run(&insert("ARRAY[1]", 1, 5));
    assert_eq!(pending(&mut client, 1000), 1);
    client.run(&insert("ARRAY[1, 2]", 6, 9));
    client.run("DELETE FROM botdet.activity; DELETE FROM botdet.account_state");
    assert_eq!(pending(&mut client, 1000), 2);
    // Account 2 has never had a score that would have to be taken back.
    let stages: Vec<String> = client.column("SELECT account_id || ' ' || stage FROM botdet.score", &[]);
    assert_eq!(stages, ["1 none"]);
}

/// Writers insert single events and whole batches over the same accounts as the consumers score, in an order of their own.
/// `BOTDET_STRESS_SECONDS` makes it last.
#[test]
fn consumers_beside_writers_end_with_every_score_right() {
    let seconds = std::env::var("BOTDET_STRESS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    for mode in ["queue", "filter"] {
        let database = TestDatabase::populated("consumers");
        let mut observer = in_mode(&database, mode);
        let (until, is_over) = (Instant::now() + Duration::from_secs(seconds), AtomicBool::new(false));
        let taken: i64 = thread::scope(|scope| {
            let consumers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let (mut client, mut taken) = (database.connect(), 0);
                        loop {
                            let was_over = is_over.load(Ordering::SeqCst);
                            match pending(&mut client, 50) {
                                0 if was_over => break taken,
                                count => taken += count,
                            }
                        }
                    })
                })
                .collect();
            let writers: Vec<_> = (0..3u64)
                .map(|writer| {
                    let database = &database;
                    scope.spawn(move || {
                        let (mut client, mut dice) = (database.connect(), writer);
                        while Instant::now() < until {
                            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                            let (first, count) = ((dice >> 33) % 260, 1 + (dice >> 50) % 12);
                            client.run(&format!(
                                "INSERT INTO botdet.activity (account_id, occurred_at, action, content)
                                 SELECT 1 + (k * 7 + {first}) % 260, clock_timestamp(), 'post', 'offer ' || {dice} % 9
                                 FROM generate_series(1, {count}) AS k"
                            ));
                        }
                    })
                })
                .collect();
            writers.into_iter().for_each(|writer| writer.join().expect("nobody is refused"));
            is_over.store(true, Ordering::SeqCst);
            consumers.into_iter().map(|consumer| consumer.join().expect("nobody is refused")).sum()
        });
        assert!(taken > 100, "only {taken} accounts were scored in mode {mode}");
        assert_eq!(observer.value::<i64>("SELECT count(*) FROM botdet.score", &[]), 260);
        assert_settled(&mut observer);
    }
}

fn in_mode(database: &TestDatabase, mode: &str) -> Client {
    let mut client = database.connect();
    client.run(&format!("UPDATE botdet.detector SET insert_mode = '{mode}'"));
    client
}

/// A new event for every account of the population.
fn touch_all(client: &mut Client) {
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action)
         SELECT account_id, max(occurred_at), 'view' FROM botdet.activity GROUP BY account_id",
    );
}

fn pending(client: &mut Client, limit: i32) -> i64 {
    client.value("SELECT botdet_score_pending($1)", &[&limit])
}

fn queued(client: &mut Client) -> Vec<i64> {
    client.column("SELECT account_id FROM botdet.score_queue ORDER BY account_id", &[])
}

fn scored(client: &mut Client) -> Vec<i64> {
    client.column("SELECT account_id FROM botdet.score WHERE stage <> 'failed' ORDER BY account_id", &[])
}

/// Asserts that nothing waits, and that every score is what a reader would be told now.
fn assert_settled(client: &mut Client) {
    assert_eq!(queued(client), Vec::<i64>::new());
    assert_eq!(client.column::<String>(WRONG_SCORES, &[]), Vec::<String>::new());
}

fn waits(observer: &mut Client, backend: i32) -> bool {
    observer.value(
        "SELECT coalesce(wait_event_type = 'Lock', false) FROM pg_stat_activity WHERE pid = $1",
        &[&backend],
    )
}
