//! Whatever several sessions do in whatever order, states are what the rows make, bit for bit.

use std::io::Write;
use std::thread;
use std::time::Duration;

use botdet_models::hash::mix64;
use botdet_tests::activity;
use botdet_tests::sql::process;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

use crate::support::{answers, assert_states_follow_rows, wait_until};

const CASES: u64 = 200;
const STEPS: u64 = 40;
const SESSIONS: usize = 3;
/// Cases whose states are looked at together.
const CASES_A_CHECK: u64 = 20;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix64(self.0) % end
    }
}

/// One session with its open savepoints; 0 of them in an open transaction is `Some(0)`.
struct Session {
    client: Client,
    name: usize,
    savepoints: Option<u32>,
    /// Whether its statements see what others have committed meanwhile.
    reads_committed: bool,
}

#[test]
fn any_interleaving_leaves_the_states_that_the_rows_make() {
    let database = TestDatabase::new("interleavings");
    let mut watcher = database.connect();
    watcher.run("UPDATE botdet.detector SET insert_mode = 'off'");
    let mut sessions: Vec<Session> = (0..SESSIONS)
        .map(|name| Session { client: database.connect(), name, savepoints: None, reads_committed: true })
        .collect();
    for case in 0..CASES {
        let mut dice = Dice(case);
        for _ in 0..STEPS {
            let session = dice.below(SESSIONS as u64) as usize;
            step(&mut sessions[session], &mut dice, case);
        }
        for session in &mut sessions {
            let ends = if dice.below(4) == 0 { "ROLLBACK" } else { "COMMIT" };
            session.client.run(ends);
            session.savepoints = None;
        }
        if case % CASES_A_CHECK == CASES_A_CHECK - 1 {
            assert_states_follow_rows(&mut watcher);
            watcher.run("DELETE FROM botdet.activity WHERE account_id % 7 = 0");
        }
    }
    let kept: i64 = watcher.value("SELECT count(*) FROM botdet.activity", &[]);
    assert!(kept > CASES as i64 * 20, "only {kept} rows came out of it");
}

fn step(session: &mut Session, dice: &mut Dice, case: u64) {
    let account = case * 4 + dice.below(4);
    let name = session.name;
    let client = &mut session.client;
    match (dice.below(16), session.savepoints) {
        (0..=6, _) => client.run(&insert(dice, case, name)),
        (7, _) => copy(client, dice, case, name),
        // Only rows of one's own: another session's would be waited for.
        (8, _) => client.run(&format!(
            "UPDATE botdet.activity SET content = 'changed ' || activity_id, occurred_at = occurred_at + interval '{} s'
             WHERE account_id = {account} AND device = 's{name}' AND activity_id % 3 = {}",
            dice.below(3),
            dice.below(3)
        )),
        (9, _) => client.run(&format!(
            "DELETE FROM botdet.activity WHERE account_id = {account} AND device = 's{name}' AND activity_id % 5 = {}",
            dice.below(5)
        )),
        (10 | 11, None) => {
            session.reads_committed = dice.below(2) == 0;
            let isolation = if session.reads_committed { "READ COMMITTED" } else { "REPEATABLE READ" };
            client.run(&format!("BEGIN ISOLATION LEVEL {isolation}"));
            session.savepoints = Some(0);
        }
        (10, Some(depth)) => {
            client.run(&format!("SAVEPOINT s{depth}"));
            session.savepoints = Some(depth + 1);
        }
        (11 | 12, Some(depth)) if depth > 0 => {
            let ends = if dice.below(2) == 0 { "ROLLBACK TO" } else { "RELEASE" };
            client.run(&format!("{ends} s{}", depth - 1));
            session.savepoints = Some(depth - u32::from(ends == "RELEASE"));
        }
        (13, Some(_)) => {
            client.run(if dice.below(4) == 0 { "ROLLBACK" } else { "COMMIT" });
            session.savepoints = None;
        }
        (14, Some(_)) if session.reads_committed => assert_readers_see_their_own_rows(client, account),
        _ => {}
    }
}

/// One to five rows of some accounts: most newer than those before, some late, some of the same instant.
fn rows(dice: &mut Dice, case: u64, session: usize) -> Vec<String> {
    let count = 1 + dice.below(5);
    (0..count)
        .map(|_| {
            let account = case * 4 + dice.below(4);
            let second = case * 1_000 + dice.below(60) * if dice.below(6) == 0 { 1 } else { 15 };
            let action = ["post", "like", "comment", "view"][dice.below(4) as usize];
            let text = ["hello to you all", "win now at www.example.org", "hello to you, all"]
                [dice.below(3) as usize];
            format!(
                "{account}\t2025-01-01 00:00:00+00\t{second}\t{action}\t{text}\ts{session}\t192.0.2.{}",
                dice.below(4)
            )
        })
        .collect()
}

fn insert(dice: &mut Dice, case: u64, session: usize) -> String {
    let values = rows(dice, case, session).into_iter().map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        format!(
            "({}, timestamptz '{}' + {} * interval '1 s', '{}', '{}', '{}', '{}')",
            fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6]
        )
    });
    format!(
        "INSERT INTO botdet.activity (account_id, occurred_at, action, content, device, ip) VALUES {}",
        values.collect::<Vec<_>>().join(", ")
    )
}

fn copy(client: &mut Client, dice: &mut Dice, case: u64, session: usize) {
    let lines = rows(dice, case, session).into_iter().map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        let seconds: u64 = fields[2].parse().expect("a number of seconds");
        let at = format!(
            "2025-01-{:02} {:02}:{:02}:{:02}+00",
            1 + seconds / 86_400,
            seconds / 3_600 % 24,
            seconds / 60 % 60,
            seconds % 60
        );
        format!("{}\t{at}\t{}\t{}\t{}\t{}\n", fields[0], fields[3], fields[4], fields[5], fields[6])
    });
    let lines: String = lines.collect();
    let columns = "account_id, occurred_at, action, content, device, ip";
    let mut writer =
        client.copy_in(&format!("COPY botdet.activity ({columns}) FROM STDIN")).expect("rows can be copied");
    writer.write_all(lines.as_bytes()).expect("rows can be written");
    writer.finish().expect("the copy ends");
}

/// Within an open transaction, too: stored state and what is pending give what the rows give.
fn assert_readers_see_their_own_rows(client: &mut Client, account: u64) {
    let state = format!("SELECT md5(botdet_account_state({account}))");
    let kept: Option<String> = client.value(&state, &[]);
    // Without a stored state, readers go by the rows.
    client.run("SAVEPOINT look");
    client.run(&format!("DELETE FROM botdet.account_state WHERE account_id = {account}"));
    let by_rows: Option<String> = client.value(&state, &[]);
    client.run("ROLLBACK TO look; RELEASE look");
    assert_eq!(kept, by_rows, "account {account}");
}

/// The answers of readers do not depend on how much memory there is for what is pending.
#[test]
fn a_transaction_larger_than_its_memory_is_flushed_in_between() {
    let [small, large] = ["small_memory", "large_memory"].map(TestDatabase::new);
    let (mut small, mut large) = (small.connect(), large.connect());
    small.run("SET botdet.pending_memory = '64kB'");
    for client in [&mut small, &mut large] {
        client.run("BEGIN");
        for first in [1, 401, 801] {
            client.run(&activity::insert("ARRAY[1, 2, 3]", first, first + 399));
        }
        client.run("SAVEPOINT a");
        client.run(&activity::insert("ARRAY[1, 4]", 2_000, 3_000));
        client.run("ROLLBACK TO a; COMMIT");
        assert_states_follow_rows(client);
    }
    assert_eq!(answers(&mut small), answers(&mut large));
}

/// At any isolation level: the states are new in both transactions, and the later one waits for the other's.
#[test]
fn a_flush_in_between_goes_on_from_what_others_commit() {
    let database = TestDatabase::new("flush_meanwhile");
    let mut observer = database.connect();
    for (number, level) in ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"].into_iter().enumerate() {
        let accounts = format!("ARRAY[{}, {}]", 10 * number + 1, 10 * number + 2);
        let (mut first, mut second) = (database.connect(), database.connect());
        first.run("SET botdet.pending_memory = '64kB'; BEGIN");
        first.run(&activity::insert(&accounts, 1, 2_000));
        second.run(&format!("SET botdet.pending_memory = '64kB'; BEGIN ISOLATION LEVEL {level}"));
        let before: i64 = second.value("SELECT count(*) FROM botdet.activity", &[]);
        let process = process(&mut second);
        let rows = activity::insert(&accounts, 2_001, 4_000);
        let second = thread::spawn(move || {
            second.run(&rows);
            let seen: i64 = second.value("SELECT count(*) FROM botdet.activity", &[]);
            second.run("COMMIT");
            seen
        });
        wait_until("waits for the other", Duration::from_secs(20), || {
            observer.value(
                "SELECT wait_event_type IS NOT DISTINCT FROM 'Lock' FROM pg_stat_activity WHERE pid = $1",
                &[&process],
            )
        });
        first.run("COMMIT");
        let seen = second.join().expect("the insert goes on");
        let others = if level == "READ COMMITTED" { 4_000 } else { 0 };
        assert_eq!(seen, before + 4_000 + others, "{level}");
    }
    assert_states_follow_rows(&mut observer);
}
