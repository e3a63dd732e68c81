//! The program `botdet score`, with what is queued.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use botdet_tests::activity::insert;
use botdet_tests::programs::{botdet, output};
use botdet_tests::{OwnServer, Sql, TestDatabase};
use postgres::Client;

use crate::support::wait_until;

const PROMPT: Duration = Duration::from_secs(20);

#[test]
fn it_scores_what_is_queued_and_ends() {
    let database = TestDatabase::new("queued");
    let mut client = database.connect();
    assert!(output(botdet(&database.config()).args(["score", "--queued"])).contains("0 accounts scored"));
    queue(&mut client, 1, 25);
    let text = output(botdet(&database.config()).args(["score", "--queued", "--limit", "10"]));
    assert!(text.starts_with("10 accounts scored") && text.contains("\n25 accounts scored"), "{text}");
    queue(&mut client, 1, 25);
    let text = output(botdet(&database.config()).args(["score", "--queued", "--json"]));
    assert!(text.starts_with('{') && text.contains("\"accounts\": 25"), "{text}");
    assert!(is_drained(&mut client));
}

#[test]
fn it_follows_the_queue_until_it_is_told_to_end() {
    for signal in ["INT", "TERM"] {
        let database = TestDatabase::new("follow");
        let mut client = database.connect();
        let mut program = follow(&mut botdet(&database.config()));
        for round in 1..=3 {
            queue(&mut client, round * 10 + 1, round * 10 + 5);
            wait_until("the queue is drained", PROMPT, || is_drained(&mut client));
        }
        let (status, took) = end(&mut program, signal);
        assert!(status.success() && took < Duration::from_secs(2), "{status} after {took:?}");
        let mut text = String::new();
        program.stdout.take().expect("it is piped").read_to_string(&mut text).expect("it speaks UTF-8");
        assert!(text.trim_end().lines().last().is_some_and(|line| line.starts_with("15 accounts")), "{text}");
    }
}

#[test]
fn told_to_end_in_the_midst_of_it_it_gives_back() {
    let database = TestDatabase::new("follow_blocked");
    let (mut client, mut blocker) = (database.connect(), database.connect());
    queue(&mut client, 1, 5);
    client.run("SELECT botdet_score_pending()");
    blocker.run("BEGIN; SELECT FROM botdet.score WHERE account_id = 3 FOR UPDATE");
    queue(&mut client, 1, 5);
    let mut program = follow(&mut botdet(&database.config()));
    wait_until("it waits for the lock", PROMPT, || {
        client.value(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'botdet'
                            AND datname = current_database() AND wait_event_type = 'Lock')",
            &[],
        )
    });
    let (status, took) = end(&mut program, "TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} after {took:?}");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.score_queue", &[]), 5);
}

#[test]
fn it_says_so_when_the_server_goes_away() {
    let mut server = OwnServer::start("");
    let mut client = server.connect("postgres");
    client.run("CREATE EXTENSION botdet");
    queue(&mut client, 1, 3);
    let mut program = follow(&mut botdet(&server.config("postgres")));
    let mut first = String::new();
    let mut lines = BufReader::new(program.stdout.take().expect("it is piped"));
    lines.read_line(&mut first).expect("it speaks");
    assert!(first.starts_with("3 accounts scored"), "{first}");
    drop(client);
    server.stop();
    let status = program.wait().expect("it ends");
    let mut text = String::new();
    program.stderr.take().expect("it is piped").read_to_string(&mut text).expect("it speaks UTF-8");
    assert_eq!(status.code(), Some(1));
    assert!(text.starts_with("error: the queue is no longer scored, after 3 accounts: "), "{text}");
}

#[test]
fn impossible_options_are_refused() {
    let database = TestDatabase::new("follow_options");
    for wrong in [
        ["--follow", "--interval", "0"],
        ["--follow", "--limit", "0"],
        ["--queued", "--interval", "1"],
        ["--queued", "--source", "mine"],
    ] {
        let ended = botdet(&database.config()).arg("score").args(wrong).output().expect("it can be run");
        assert!(!ended.status.success(), "{wrong:?}");
    }
}

/// Has accounts touched in mode queue.
fn queue(client: &mut Client, first: i64, last: i64) {
    client.run("UPDATE botdet.detector SET insert_mode = 'queue' WHERE insert_mode <> 'queue'");
    client.run(&insert(&format!("ARRAY(SELECT generate_series({first}, {last}))"), 1, 3));
}

fn is_drained(client: &mut Client) -> bool {
    client.value("SELECT NOT EXISTS (SELECT FROM botdet.score_queue)", &[])
}

fn follow(command: &mut Command) -> Child {
    command.args(["score", "--follow", "--interval", "0.05"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be run")
}

/// Sends a signal; returns how the program ended, and how long it took.
fn end(program: &mut Child, signal: &str) -> (ExitStatus, Duration) {
    let started = Instant::now();
    let sent = Command::new("kill").args([&format!("-{signal}"), &program.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    (program.wait().expect("it ends"), started.elapsed())
}
