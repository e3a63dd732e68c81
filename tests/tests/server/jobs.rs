//! Jobs: one at a time, taken up again when their runner is gone, cancelled, and never ended by somebody else. Trials, by what labels say.

use std::thread;
use std::time::Duration;

use botdet_loader::jobs::{Runner, RunnerParams};
use botdet_loader::signals::Stop;
use botdet_tests::programs::{botdet, output};
use botdet_tests::{OwnServer, Sql, TestDatabase};
use postgres::Client;

use crate::support::wait_until;

const PROMPT: Duration = Duration::from_secs(60);
const TAKE: &str = "SELECT job_id FROM botdet.take_job()";

fn state(client: &mut Client) -> (String, i32, Option<String>) {
    let row =
        client.query_one("SELECT state, attempts, error FROM botdet.job ORDER BY job_id DESC LIMIT 1", &[]);
    let row = row.expect("there is a job");
    (row.get(0), row.get(1), row.get(2))
}

fn request(client: &mut Client, kind: &str, parameters: &str) -> i64 {
    client.value(&format!("SELECT botdet_request_job('{kind}', parameters => '{parameters}')"), &[])
}

/// A quarter of the labels are told anew, so that the champion has not learned from them.
fn tell_anew(client: &mut Client) {
    client.run("UPDATE botdet.label SET labelled_at = clock_timestamp(), labelled_by = 'anna' WHERE account_id % 4 = 0");
}

#[test]
fn a_job_is_run_by_one_and_taken_up_by_another_when_that_one_is_gone() {
    let database = TestDatabase::new("take");
    let mut client = database.connect();
    let job = request(&mut client, "retrain", "{}");
    assert_eq!(client.refused("SELECT botdet_request_job()").code, "55000", "a detector has one at a time");
    request_of_spammers(&mut client);
    let (mut first, mut second) = (database.connect(), database.connect());
    assert_eq!(first.column::<i64>(TAKE, &[]), [job]);
    assert_eq!(second.column::<i64>(TAKE, &[]), Vec::<i64>::new(), "one job runs at a time");
    assert!(first.value::<bool>("SELECT botdet.note_job($1, 1, 'training', 0.5)", &[&job]));
    drop(first);
    let mut taken = Vec::new();
    wait_until("the lock goes with the session", PROMPT, || {
        taken = second.column::<i64>(TAKE, &[]);
        !taken.is_empty()
    });
    assert_eq!(taken, [job], "before those that wait");
    assert_eq!(state_of(&mut client, job), ("running".to_owned(), 2));
    // Whoever was believed dead has no say any more.
    assert!(!client.value::<bool>("SELECT botdet.note_job($1, 1, 'training', 0.9)", &[&job]));
    assert_eq!(client.refused_with("SELECT botdet.end_job($1, 1, 'done')", &[&job]).code, "55000");
    assert_eq!(second.value::<String>("SELECT botdet_cancel_job($1)", &[&job]), "running");
    assert!(!second.value::<bool>("SELECT botdet.note_job($1, 2, 'training', 0.9)", &[&job]));
    second.change("SELECT botdet.end_job($1, 2, 'cancelled')", &[&job]);
    assert_eq!(client.refused_with("SELECT botdet_cancel_job($1)", &[&job]).code, "55000");
    // What loses its runner over and over is no good.
    second.run("SELECT botdet.drop_jobs(); UPDATE botdet.job SET attempts = 5, state = 'running' WHERE finished_at IS NULL");
    assert_eq!(second.column::<i64>(TAKE, &[]), Vec::<i64>::new());
    let (last, _, error) = state(&mut client);
    assert!(last == "failed" && error.is_some_and(|error| error.contains("5 times")));
}

fn request_of_spammers(client: &mut Client) {
    client.run("SELECT botdet_request_job('retrain', 'spammer')");
}

fn state_of(client: &mut Client, job: i64) -> (String, i32) {
    let row = client.query_one("SELECT state, attempts FROM botdet.job WHERE job_id = $1", &[&job]);
    let row = row.expect("there is a job");
    (row.get(0), row.get(1))
}

#[test]
fn the_filter_goes_on_learning_and_what_cannot_be_learned_fails() {
    let database = TestDatabase::populated("update_filter");
    let mut client = database.connect();
    let champion: String = client.value("SELECT version FROM botdet.model_versions WHERE is_champion", &[]);
    let jobs = || output(botdet(&database.config()).args(["jobs", "--json"]));
    request(&mut client, "update", "{}");
    jobs();
    let (failed, _, error) = state(&mut client);
    assert!(failed == "failed" && error.is_some_and(|error| error.contains("no label was told since")));
    tell_anew(&mut client);
    for (parameters, expected) in
        [("{\"learning_rate\": 99}", "learning_rate is 99"), ("{\"steps\": 0}", "steps is 0")]
    {
        request(&mut client, "update", parameters);
        jobs();
        let (failed, _, error) = state(&mut client);
        assert!(
            failed == "failed" && error.as_ref().is_some_and(|error| error.contains(expected)),
            "{error:?}"
        );
    }
    request(&mut client, "update", "{\"steps\": 50}");
    assert!(jobs().contains("\"jobs\": 1"));
    assert_eq!(state(&mut client).0, "done");
    let result: serde_json::Value =
        client.value("SELECT result FROM botdet.job ORDER BY job_id DESC LIMIT 1", &[]);
    assert_eq!(result["champion"], champion.as_str(), "{result}");
    assert!(result["learned_from"].as_i64() > Some(50), "{result}");
    // Small steps change little, and an update is no training.
    assert!(
        result["before"]["difference"].as_f64().is_some_and(|difference| difference.abs() < 0.05),
        "{result}"
    );
    let trained: bool = client.value(
        "SELECT last_trained_at > (SELECT max(started_at) FROM botdet.job) FROM botdet.retraining_due WHERE detector = 'account'",
        &[],
    );
    assert!(!trained);
}

#[test]
fn a_training_ends_when_it_is_cancelled_and_is_put_back_when_its_runner_stops() {
    let database = TestDatabase::populated("cancel_job");
    let mut client = database.connect();
    let params = RunnerParams { poll: Duration::from_millis(50), ..RunnerParams::new(database.config()) };
    // Long enough to be met at work.
    let slow = "{\"epochs\": 5000, \"trees\": \"none\", \"threads\": 1}";
    client.run("INSERT INTO botdet.learning_setting (detector, retrains) VALUES ('account', false)");
    let job = request(&mut client, "retrain", slow);
    let (told, stop) = Stop::when_dropped();
    let runner = thread::spawn({
        let params = params.clone();
        move || Runner::follow(&params, &stop)
    });
    let is_running = |client: &mut Client| {
        client.value::<bool>(
            "SELECT EXISTS (SELECT FROM botdet.job WHERE progress > 0.3 AND state = 'running')",
            &[],
        )
    };
    wait_until("the job runs", PROMPT, || is_running(&mut client));
    drop(told);
    runner.join().expect("a runner ends when it is told to");
    assert_eq!(state_of(&mut client, job), ("waiting".to_owned(), 1));

    let (told, stop) = Stop::when_dropped();
    let runner = thread::spawn(move || Runner::follow(&params, &stop));
    wait_until("the job runs again", PROMPT, || is_running(&mut client));
    client.change("SELECT botdet_cancel_job($1)", &[&job]);
    wait_until("the job ends", PROMPT, || state_of(&mut client, job) == ("cancelled".to_owned(), 2));
    drop(told);
    runner.join().expect("a runner ends when it is told to");
}

#[test]
fn a_job_survives_the_database() {
    let mut server = OwnServer::start("");
    let mut client = server.connect("postgres");
    client.run("CREATE EXTENSION botdet");
    let params =
        RunnerParams { poll: Duration::from_millis(50), ..RunnerParams::new(server.config("postgres")) };
    let (told, stop) = Stop::when_dropped();
    let runner = thread::spawn(move || Runner::follow(&params, &stop));
    client.run("SELECT botdet_request_job()");
    // A job that was cut off: the runner fails it only once it can.
    wait_until("the job is taken", PROMPT, || state(&mut client).1 > 0);
    wait_until("it has failed", PROMPT, || state(&mut client).0 == "failed");
    drop(client);
    server.kill();
    server.start_again();
    let mut client = server.connect("postgres");
    client.run("SELECT botdet_request_job()");
    wait_until("the runner is back", PROMPT, || state(&mut client).0 == "failed");
    let (_, attempts, error) = state(&mut client);
    assert_eq!(attempts, 1);
    assert!(error.is_some_and(|error| error.contains("0 labelled bots")));
    drop(told);
    runner.join().expect("a runner ends when it is told to");
}

/// Evidence that a version is worse is wrong in no more than one trial of twenty, however often one looks.
#[test]
fn evidence_seldom_accuses_whoever_is_no_worse() {
    let database = TestDatabase::new("evidence");
    let mut client = database.connect();
    for (won, lost, expected) in
        [(0, 0, 1.0), (7, 0, 255.0 / 8.0), (1, 1, (1.0 + 3.0) / 6.0), (2, 1, (1.0 + 4.0 + 6.0) / 12.0)]
    {
        let found: f64 =
            client.value("SELECT botdet.evidence_against($1, $2)", &[&i64::from(won), &i64::from(lost)]);
        assert!((found - expected).abs() < 1e-9, "{won} to {lost}: {found} where the sum is {expected}");
    }
    client.run("SELECT setseed(0.5)");
    let accused: i64 = client.value(
        "WITH tossed AS (
             SELECT series, toss, sum((random() < 0.5)::integer) OVER (PARTITION BY series ORDER BY toss) AS won
             FROM generate_series(1, 400) AS series, generate_series(1, 150) AS toss
         )
         SELECT count(DISTINCT series) FROM tossed WHERE botdet.evidence_against(won, toss - won) >= 20",
        &[],
    );
    println!("accused though no worse: {accused} of 400, looked at 150 times each");
    // Twenty are to be expected at most; twice the deviation more.
    assert!((1..=29).contains(&accused), "{accused} of 400");
    let convicted: i64 = client.value(
        "WITH tossed AS (
             SELECT series, sum((random() < 0.8)::integer) AS won FROM generate_series(1, 200) AS series, generate_series(1, 60)
             GROUP BY series
         )
         SELECT count(*) FROM tossed WHERE botdet.evidence_against(won, 60 - won) >= 20",
        &[],
    );
    assert!(convicted >= 190, "{convicted} of 200");
}

/// A database with a trial in shadow: the version without trees, beside the one with all stages.
fn tried(hint: &str) -> (TestDatabase, Client) {
    let database = TestDatabase::populated(hint);
    let mut client = database.connect();
    client.run(
        "DELETE FROM botdet.label;
         INSERT INTO botdet.learning_setting (detector, shadow_interval, shadow_accounts) VALUES ('account', '0', 200);
         SELECT botdet.begin_trial(version, 'account', job_id, 'for a test')
         FROM botdet.model_versions, botdet_request_job('update') AS job_id WHERE alias IS NULL",
    );
    // Scores from before the trial do not count, so these are made by a transaction of their own.
    client.run("SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account");
    (database, client)
}

/// Has the version in shadow judge `count` accounts otherwise than the one that answers, and says who is right.
fn disagree(client: &mut Client, count: i64, shadow_is_right: bool) {
    client.change(
        "WITH other AS (
             UPDATE botdet.shadow_score x SET is_bot = NOT s.is_bot
             FROM botdet.score s
             WHERE s.account_id = x.account_id AND s.detector = x.detector
                 AND s.account_id IN (SELECT account_id FROM botdet.score WHERE detector = 'account' ORDER BY account_id LIMIT $1)
             RETURNING s.account_id, s.is_bot
         )
         INSERT INTO botdet.label (account_id, is_bot) SELECT account_id, is_bot <> $2 FROM other",
        &[&count, &shadow_is_right],
    );
}

fn judged(client: &mut Client) -> String {
    client.value("SELECT state FROM botdet_judge_trials()", &[])
}

fn deployed(client: &mut Client) -> (String, Option<String>) {
    let of = |alias: &str| format!("SELECT max(version) FROM botdet.model_versions WHERE alias = '{alias}'");
    (client.value(&of("champion"), &[]), client.value(&of("challenger"), &[]))
}

#[test]
fn a_candidate_that_labels_speak_against_is_withdrawn() {
    let (_database, mut client) = tried("withdrawn");
    let (champion, _) = deployed(&mut client);
    disagree(&mut client, 10, false);
    assert_eq!(judged(&mut client), "withdrawn");
    assert_eq!(deployed(&mut client), (champion, None));
    assert_eq!(client.column::<String>("SELECT state FROM botdet_judge_trials()", &[]), Vec::<String>::new());
}

#[test]
fn a_champion_on_probation_is_rolled_back_when_the_one_before_was_better() {
    let (_database, mut client) = tried("rolled_back");
    let (first, second) = deployed(&mut client);
    let second = second.expect("it is in shadow");
    // Six are no proof yet, of whatever.
    disagree(&mut client, 6, true);
    assert_eq!(judged(&mut client), "probation");
    assert_eq!(deployed(&mut client), (second.clone(), Some(first.clone())));
    client.run(
        "DELETE FROM botdet.label; SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account",
    );
    assert_eq!(judged(&mut client), "probation");
    disagree(&mut client, 10, true);
    assert_eq!(judged(&mut client), "rolled back");
    assert_eq!(deployed(&mut client), (first, None));
    let audited: Vec<String> = client.column(
        "SELECT action FROM botdet.audit WHERE version = $1 AND action LIKE '%tri%' OR action = 'promote' ORDER BY occurred_at",
        &[&second],
    );
    assert_eq!(audited, ["begin trial", "promote", "end trial"]);
}

#[test]
fn a_trial_waits_for_accounts_and_approval_and_gives_way_to_people() {
    let (database, mut client) = tried("waits");
    let (first, second) = deployed(&mut client);
    client.run("UPDATE botdet.learning_setting SET shadow_accounts = 100000");
    assert_eq!(judged(&mut client), "shadow");
    client.run("UPDATE botdet.learning_setting SET shadow_accounts = 1; UPDATE botdet.detector SET needs_approval = true");
    assert_eq!(judged(&mut client), "shadow");
    let reason: String = client.value("SELECT reason FROM botdet.trial", &[]);
    assert!(reason.contains("is not approved"), "{reason}");
    // What calls far more accounts bots than the champion floods whoever reviews.
    client.run(
        "UPDATE botdet.shadow_score SET is_bot = true; UPDATE botdet.score SET is_bot = account_id < 20",
    );
    assert_eq!(judged(&mut client), "withdrawn");
    assert_eq!(deployed(&mut client), (first, None));
    drop(database);
    let (_database, mut client) = tried("gives_way");
    client.run(&format!("SELECT botdet_activate('{}')", second.expect("it was in shadow")));
    assert_eq!(judged(&mut client), "overtaken");
}
