//! Cancels, dying sessions, failing scores, wrong triggers, missing privileges.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use botdet_tests::activity::insert;
use botdet_tests::sql::{canceller, process};
use botdet_tests::{Refusal, Sql, TestDatabase};
use postgres::Client;

use crate::support::{assert_states_follow_rows, is_running, stage, stored_states, wait_until};
use crate::versions::corrupt_active_version;

/// Time within which a cancel must have had its effect.
const PROMPT: Duration = Duration::from_secs(2);
/// Scores every account five hundred times over: minutes, if nobody stops it.
const LONG_BATCH: &str = "SELECT count(*) FROM botdet_score_batch(ARRAY(
    SELECT account_id FROM botdet.account, generate_series(1, 500) ORDER BY md5(account_id::text)))";
const CANCELLED: &str = "57014";

#[test]
fn a_timeout_stops_a_batch_and_the_session_scores_again() {
    let database = TestDatabase::populated("timeout");
    let (mut client, mut observer) = (database.connect(), database.connect());
    let before = stage(&mut client, 1);
    client.run("SET statement_timeout = '300ms'");
    let started = Instant::now();
    assert_eq!(client.refused(LONG_BATCH).code, CANCELLED);
    assert!(started.elapsed() < Duration::from_millis(300) + PROMPT, "{:?}", started.elapsed());
    client.run("RESET statement_timeout");
    assert_eq!(stage(&mut client, 1), before);
    let backend = process(&mut client);
    drop(client);
    wait_until("the backend ends", PROMPT, || !is_running(&mut observer, backend));
}

#[test]
fn a_cancel_stops_a_batch_of_either_runtime_again_and_again() {
    let database = TestDatabase::populated("cancel");
    for provider in ["embedded", "onnxruntime"] {
        let mut client = database.connect();
        let library = botdet_tests::server::onnxruntime_library();
        client.run(&format!(
            "SET botdet.onnxruntime_library = '{library}'; SET botdet.execution_provider = {provider}"
        ));
        let before = stage(&mut client, 2);
        for _ in 0..3 {
            let took = cancel_while(&mut client, Duration::from_millis(150), LONG_BATCH);
            assert!(took < PROMPT, "{provider}: {took:?} from cancel to answer");
            assert_eq!(stage(&mut client, 2), before);
        }
    }
}

/// Runs a statement, cancels it after a while, and returns how long it went on after that.
fn cancel_while(client: &mut Client, after: Duration, sql: &str) -> Duration {
    let cancel = canceller(client);
    let cancelled = thread::spawn(move || {
        thread::sleep(after);
        let at = Instant::now();
        cancel();
        at
    });
    assert_eq!(client.refused(sql).code, CANCELLED);
    cancelled.join().expect("the cancel was sent").elapsed()
}

#[test]
fn a_cancelled_insert_leaves_nothing() {
    let database = TestDatabase::populated("cancel_insert");
    let mut client = database.connect();
    let (activity, states) = (count(&mut client, "activity"), stored_states(&mut client));
    client.run("SET statement_timeout = '400ms'");
    let many = insert("ARRAY(SELECT account_id FROM botdet.account)", 1, 2_000);
    assert_eq!(client.refused(&many).code, CANCELLED, "480,000 rows in 0.4 s are too many");
    client.run("RESET statement_timeout");
    assert_eq!(activity, count(&mut client, "activity"));
    assert_eq!(states, stored_states(&mut client));
}

#[test]
fn a_session_terminated_during_a_copy_leaves_nothing() {
    let database = TestDatabase::new("terminate");
    let (mut loader, mut observer) = (database.connect(), database.connect());
    let since: String = observer.value("SELECT pg_postmaster_start_time()::text", &[]);
    let backend = process(&mut loader);
    let mut writer = loader
        .copy_in("COPY botdet.activity (account_id, occurred_at, action) FROM STDIN")
        .expect("the copy begins");
    for minute in 0..20_000 {
        writeln!(writer, "{}\t2025-01-01 00:{:02}:00+00\tpost", minute % 7, minute % 60)
            .expect("rows can be written");
    }
    writer.flush().expect("rows can be sent");
    observer.run(&format!("SELECT pg_terminate_backend({backend})"));
    assert!(writer.finish().is_err(), "the session is gone");
    wait_until("the backend ends", PROMPT, || !is_running(&mut observer, backend));
    assert_eq!(count(&mut observer, "activity"), 0);
    assert!(stored_states(&mut observer).is_empty());
    assert_eq!(count(&mut observer, "score"), 0);
    assert_eq!(since, observer.value::<String>("SELECT pg_postmaster_start_time()::text", &[]));
}

#[test]
fn a_session_terminated_inside_the_trigger_leaves_nothing() {
    let database = TestDatabase::populated("terminate_trigger");
    let mut observer = database.connect();
    let since: String = observer.value("SELECT pg_postmaster_start_time()::text", &[]);
    let (activity, states) = (count(&mut observer, "activity"), stored_states(&mut observer));
    for milliseconds in [100, 400, 800] {
        let mut loader = database.connect();
        let backend = process(&mut loader);
        let inserting = thread::spawn(move || {
            let many = insert("ARRAY(SELECT account_id FROM botdet.account)", 1, 1_000);
            loader.batch_execute(&many).map_err(|error| Refusal::of(&error).code)
        });
        thread::sleep(Duration::from_millis(milliseconds));
        observer.run(&format!("SELECT pg_terminate_backend({backend})"));
        let outcome = inserting.join().expect("the thread ends");
        // In the middle of a statement the server says why; while it commits, the connection just ends.
        let ended = matches!(outcome.as_ref().map_err(String::as_str), Err("57P01" | "connection"));
        assert!(ended, "after {milliseconds} ms: {outcome:?}");
        wait_until("the backend ends", PROMPT, || !is_running(&mut observer, backend));
        assert_eq!(activity, count(&mut observer, "activity"));
        assert_eq!(states, stored_states(&mut observer));
    }
    assert_eq!(since, observer.value::<String>("SELECT pg_postmaster_start_time()::text", &[]));
}

#[test]
fn an_insert_fails_with_its_score_only_when_failing_closed() {
    let database = TestDatabase::populated("fail_closed");
    corrupt_active_version(&mut database.connect());
    let mut client = database.connect();
    client.run(&insert("ARRAY[9001]", 1, 5));
    client.run("SET botdet.fail_closed = on");
    assert_eq!(client.refused(&insert("ARRAY[9002]", 1, 5)).code, "XX001");
    client.run("RESET botdet.fail_closed");
    let inserted: Vec<i64> =
        client.column("SELECT DISTINCT account_id FROM botdet.activity WHERE account_id > 9000", &[]);
    assert_eq!(inserted, [9001]);
    let kept: Vec<i64> =
        client.column("SELECT account_id FROM botdet.account_state WHERE account_id > 9000", &[]);
    assert_eq!(kept, [9001], "the state is kept though the score failed");
    assert_states_follow_rows(&mut client);
}

#[test]
fn an_insert_survives_a_detector_that_was_removed() {
    let database = TestDatabase::new("no_detector");
    let mut client = database.connect();
    client.run("DELETE FROM botdet.detector");
    client.run(&insert("ARRAY[1]", 1, 5));
    let refusal = client.refused("SELECT botdet_score(1::bigint)");
    assert_eq!(refusal.code, "42704");
    assert_states_follow_rows(&mut client);
}

#[test]
fn an_insert_survives_a_score_table_that_refuses() {
    let database = TestDatabase::new("score_refuses");
    let mut client = database.connect();
    client.run("ALTER TABLE botdet.score ADD CHECK (account_id <> 2)");
    client.run(&insert("ARRAY[1, 2, 3]", 1, 5));
    assert_eq!(count(&mut client, "activity"), 15);
    assert_eq!(stored_states(&mut client).len(), 3);
}

/// They come when the transaction is about to commit, after the states of all others are written.
#[test]
fn rows_that_a_trigger_on_scores_inserts_are_in_states() {
    let database = TestDatabase::new("score_trigger");
    let mut client = database.connect();
    client.run(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (NEW.account_id, now(), 'login');
             RETURN NULL;
         END $$",
    );
    for (kind, account) in [("TRIGGER", 1), ("CONSTRAINT TRIGGER", 2)] {
        let timing = if kind == "TRIGGER" { "" } else { "DEFERRABLE INITIALLY DEFERRED" };
        client.run(&format!(
            "CREATE {kind} note AFTER INSERT OR UPDATE ON botdet.score {timing} FOR EACH ROW EXECUTE FUNCTION note()"
        ));
        client.run(&insert(&format!("ARRAY[{account}]"), 1, 5));
        client.run("DROP TRIGGER note ON botdet.score");
        assert_eq!(count(&mut client, "activity"), 6 * account);
        assert_states_follow_rows(&mut client);
    }
}

#[test]
fn the_trigger_function_is_refused_where_it_cannot_work() {
    let database = TestDatabase::new("wrong_trigger");
    let mut client = database.connect();
    client.run("CREATE TABLE likes (account_id bigint, occurred_at timestamptz, action text, content text)");
    let wrong = [
        ("AFTER INSERT ON likes FOR EACH ROW", "for each row"),
        ("BEFORE INSERT ON likes FOR EACH STATEMENT", "before the statement"),
        ("AFTER INSERT ON likes FOR EACH STATEMENT", "without a transition table"),
        (
            "AFTER INSERT ON likes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT",
            "for table likes, which is not bound",
        ),
    ];
    for (kind, why) in wrong {
        client.run(&format!("CREATE TRIGGER t {kind} EXECUTE FUNCTION botdet_flag()"));
        let refusal = client.refused("INSERT INTO likes VALUES (1, now(), 'like')");
        assert_eq!(refusal.code, "39P01", "{kind}: {}", refusal.message);
        assert!(refusal.message.contains(why), "{kind}: {}", refusal.message);
        assert!(refusal.hint.contains("botdet_bind_source()"), "{}", refusal.hint);
        client.run("DROP TRIGGER t ON likes");
    }
    let refusal = client.refused("SELECT botdet_flag()");
    assert_eq!((refusal.code.as_str(), refusal.message.contains("not by a trigger")), ("39P01", true));
}

/// States and scores are written as the extension's owner. A cancel must not leave that user behind, nor lose the session.
#[test]
fn a_cancelled_commit_does_not_leave_the_owner_behind() {
    let mut database = TestDatabase::populated("cancelled_commit");
    let role = database.role("inserter");
    let mut owner = database.connect();
    owner.run(&format!("GRANT USAGE ON SCHEMA botdet TO {role}; GRANT INSERT ON botdet.activity TO {role}"));
    // Whoever scores waits for this lock, inside the subtransaction.
    let mut blocker = database.connect();
    blocker.run("BEGIN; SELECT FROM botdet.score WHERE account_id = 1 FOR UPDATE");
    let mut client = database.connect_as(&role);
    let backend = process(&mut client);
    let cancel = canceller(&client);
    let refusal = std::thread::scope(|scope| {
        let inserting = scope.spawn(|| {
            client.refused(
                "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, now(), 'like')",
            )
        });
        wait_until("the commit waits for the lock", Duration::from_secs(20), || {
            owner.value(
                "SELECT coalesce(wait_event_type = 'Lock', false) FROM pg_stat_activity WHERE pid = $1",
                &[&backend],
            )
        });
        cancel();
        inserting.join().expect("the insert ends")
    });
    assert_eq!(refusal.code, "57014");
    assert!(client.value::<bool>("SELECT current_user = session_user", &[]), "the session is its own again");
    client.run("BEGIN");
    client.run("ROLLBACK");
    blocker.run("ROLLBACK");
}

#[test]
fn a_source_that_lost_a_column_keeps_its_rows() {
    let database = TestDatabase::new("lost_column");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1]", 1, 5));
    client.run("ALTER TABLE botdet.activity RENAME occurred_at TO at");
    client.run("INSERT INTO botdet.activity (account_id, at, action) VALUES (1, now(), 'like')");
    assert_eq!(count(&mut client, "activity"), 6);
    let insert_closed = "SET botdet.fail_closed = on; INSERT INTO botdet.activity (account_id, at, action) VALUES (1, now(), 'like')";
    assert_eq!(client.refused(insert_closed).code, "39P01");
    client.run("ALTER TABLE botdet.activity RENAME at TO occurred_at");
    client.run("SELECT botdet_rebuild_state(1)");
    assert_states_follow_rows(&mut client);
}

#[test]
fn dropped_and_reordered_columns_do_not_confuse_the_trigger() {
    let [plain, changed] = ["plain", "reordered"].map(TestDatabase::new);
    let (mut plain, mut changed) = (plain.connect(), changed.connect());
    changed.run(
        "ALTER TABLE botdet.activity DROP COLUMN target, DROP COLUMN country, ADD COLUMN note text;
         ALTER TABLE botdet.activity ADD COLUMN target text",
    );
    plain.run(&insert("ARRAY[1, 2]", 1, 50));
    changed.run(&insert("ARRAY[1, 2]", 1, 50));
    assert!(stored_states(&mut plain) == stored_states(&mut changed));
}

#[test]
fn a_role_that_may_only_insert_keeps_states_and_scores_it_cannot_read() {
    let mut database = TestDatabase::populated("insert_only");
    let role = database.role("writer");
    let mut owner = database.connect();
    owner.run(&format!("GRANT USAGE ON SCHEMA botdet TO {role}; GRANT INSERT ON botdet.activity TO {role}"));
    let mut writer = database.connect_as(&role);
    writer.run(&insert("ARRAY[9001]", 1, 60));
    for table in
        ["activity", "account", "account_state", "score", "model_version", "deployment", "detector", "label"]
    {
        assert_eq!(writer.refused(&format!("SELECT FROM botdet.{table}")).code, "42501", "{table}");
    }
    for call in ["botdet_score(9001::bigint)", "botdet_features(9001)", "botdet_rebuild_state(9001)"] {
        assert_eq!(writer.refused(&format!("SELECT {call}")).code, "42501", "{call}");
    }
    let scored: i64 =
        owner.value("SELECT count(*) FROM botdet.score WHERE account_id = 9001 AND stage <> 'failed'", &[]);
    assert_eq!(scored, 1);
    assert_states_follow_rows(&mut owner);
}

#[test]
fn what_a_session_puts_into_its_search_path_does_not_reach_the_trigger() {
    let mut database = TestDatabase::new("hijack");
    let role = database.role("writer");
    let mut owner = database.connect();
    owner.run(&format!(
        "GRANT USAGE ON SCHEMA botdet TO {role}; GRANT INSERT ON botdet.activity TO {role}; CREATE SCHEMA trap AUTHORIZATION {role}"
    ));
    let mut writer = database.connect_as(&role);
    writer.run(
        "CREATE FUNCTION trap.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS 'SELECT 666::bigint';
         CREATE FUNCTION trap.now() RETURNS timestamptz LANGUAGE sql AS $$SELECT timestamptz '1999-01-01'$$;
         SET search_path = trap, pg_catalog",
    );
    writer.run(&insert("ARRAY[1]", 1, 5).replace("FROM unnest(", "FROM pg_catalog.unnest("));
    let scored: Vec<i64> =
        owner.column("SELECT account_id FROM botdet.score WHERE scored_at > '2000-01-01'", &[]);
    assert_eq!(scored, [1]);
}

fn count(client: &mut Client, table: &str) -> i64 {
    client.value(&format!("SELECT count(*) FROM botdet.{table}"), &[])
}
