//! The loop, end to end: a new kind of bot appears, drift is noticed, reviewers look, a version learns from them, is tried and promoted,
//! and finds that kind. Then labels that are meant to mislead.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use botdet_loader::commands::publish::publish;
use botdet_loader::commands::simulate::{account_record, activity_record};
use botdet_loader::commands::train::train;
use botdet_loader::commands::training_options::{ModelOptions, SequenceOptions, TrainingOptions};
use botdet_loader::jobs::{Runner, RunnerParams};
use botdet_loader::load::Load;
use botdet_loader::output::Output;
use botdet_loader::signals::Stop;
use botdet_loader::simulate::{SimulatedAccount, Simulation, SimulationParams, Strategy};
use botdet_loader::training::fit::TreeKind;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;
use serde_json::Value;

/// Accounts that humans run until a bot takes over: known bots teach little about them.
const NEW_KIND: Strategy = Strategy::Hijacked;

/// The truth about accounts, by number.
type Truth = HashMap<i64, SimulatedAccount>;

fn simulation(accounts: u32, bot_share: f64, seed: u64) -> Simulation {
    let params = SimulationParams { accounts, bot_share, days: 10, seed, ..SimulationParams::default() };
    Simulation::new(params.check().expect("the parameters are possible"))
}

/// Loads some accounts of a simulation as a source, with labels or without.
fn load(
    client: &mut Client,
    simulation: &Simulation,
    source: &str,
    is_labelled: bool,
    chosen: impl Fn(&SimulatedAccount) -> bool,
) -> Truth {
    let accounts: Vec<SimulatedAccount> = simulation.accounts().filter(chosen).collect();
    let mut loading = Load::begin(client, source, false).expect("the source is new");
    let named = |key: &str| format!("{source} {key}");
    let records = accounts.iter().cloned().map(|account| {
        let mut record = account_record(account);
        record.key = named(&record.key);
        record.label = record.label.filter(|_| is_labelled);
        Ok::<_, Infallible>(record)
    });
    let ids = loading.accounts(records).expect("accounts can be loaded");
    let events = accounts.iter().flat_map(|account| simulation.events_of(account.account_id)).map(|event| {
        let mut record = activity_record(event);
        record.account_key = named(&record.account_key);
        Ok::<_, Infallible>(record)
    });
    loading.activity(&ids, events, &mut || {}).expect("activity can be loaded");
    loading.commit().expect("the load can be committed");
    let key = |account: &SimulatedAccount| named(&account_record(account.clone()).key);
    accounts.into_iter().map(|account| (ids[&key(&account)], account)).collect()
}

fn score_everybody(client: &mut Client) {
    client.run("SELECT botdet_compare_accounts()");
    client.run("SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account");
}

/// What changes when all that is scored was scored yesterday.
fn drift_of_a_day(client: &mut Client) -> Vec<String> {
    client.run(
        "DELETE FROM botdet.drift_count; DELETE FROM botdet.drift_score; DELETE FROM botdet.drift_account;
         SELECT botdet_sample_features(); UPDATE botdet.drift_count SET day = day - 1; UPDATE botdet.drift_score SET day = day - 1",
    );
    client.column(
        "SELECT concat(change, ' ', feature, ' ', round(value::numeric, 2)) FROM botdet_check_drift()",
        &[],
    )
}

/// Shares of the accounts of the new kind, and of the humans, that are called bots, among those without a label.
fn called(client: &mut Client, truth: &Truth) -> (f64, f64) {
    let rows = client.query(
        "SELECT s.account_id, s.is_bot FROM botdet.score s
         WHERE NOT EXISTS (SELECT FROM botdet.label l WHERE l.account_id = s.account_id)",
        &[],
    );
    let rows = rows.expect("scores can be read");
    let share = |is_bot: bool| {
        let of_class =
            rows.iter().filter(|row| truth.get(&row.get(0)).is_some_and(|account| account.label == is_bot));
        let called: Vec<bool> = of_class.map(|row| row.get(1)).collect();
        called.iter().filter(|called| **called).count() as f64 / called.len() as f64
    };
    (share(true), share(false))
}

/// Has reviewers decide so many reviews, one after the other in turn; `says` makes decisions of the truth.
fn review(
    client: &mut Client,
    reviewers: &[&str],
    count: usize,
    truth: &Truth,
    says: fn(bool) -> bool,
) -> usize {
    client.run("SELECT botdet_fill_review_queue('account', 400)");
    (0..count)
        .filter(|round| {
            let reviewer = reviewers[round % reviewers.len()];
            let claimed = client.query_opt(
                "SELECT review_id, account_id FROM botdet_claim_review(1, reviewer => $1)",
                &[&reviewer],
            );
            let Some(claimed) = claimed.expect("reviews can be claimed") else { return false };
            let (review, account): (i64, i64) = (claimed.get(0), claimed.get(1));
            let is_bot = says(truth[&account].label);
            client.change(
                "SELECT botdet_decide_review($1, $2, 'looked at the timeline', reviewer => $3)",
                &[&review, &is_bot, &reviewer],
            );
            true
        })
        .count()
}

fn champion(client: &mut Client) -> String {
    client.value("SELECT version FROM botdet.model_versions WHERE is_champion", &[])
}

/// The newest job.
fn job(client: &mut Client) -> Value {
    client.value("SELECT to_jsonb(j) FROM botdet.job j ORDER BY job_id DESC LIMIT 1", &[])
}

fn actions(client: &mut Client, version: &str) -> Vec<String> {
    client.column("SELECT action FROM botdet.audit WHERE version = $1 ORDER BY occurred_at", &[&version])
}

/// The detector as a small one: filter and forest, trials that last as long as the test looks at them.
fn prepare(client: &mut Client) {
    client.run(
        r#"INSERT INTO botdet.learning_setting (detector, shadow_interval, shadow_accounts, probation_interval, parameters)
           VALUES ('account', '0', 200, '0', '{"trees": "forest", "epochs": 0, "threads": 2}');
           INSERT INTO botdet.feedback_setting (detector, exploration_share, retrain_labels) VALUES ('account', 0.5, 100)"#,
    );
}

#[test]
fn a_new_kind_of_bot_is_learned_and_a_flipped_set_of_labels_is_not() {
    let mut database = TestDatabase::new("learning_on");
    let service = database.role("service");
    let mut client = database.connect();
    client.run(&format!("GRANT botdet_service TO {service}"));
    prepare(&mut client);
    let mut config = database.config();
    config.user(&service);
    let params = RunnerParams { chores: Duration::ZERO, ..RunnerParams::new(config) };
    let mut runner = Runner::connect(params).expect("the service may run jobs");
    let (_told, stop) = Stop::when_dropped();

    // 1. A champion that has never seen the new kind.
    let mut truth = load(&mut client, &simulation(600, 1.0 / 3.0, 7), "first", true, |account| {
        account.strategy != Some(NEW_KIND)
    });
    let model = ModelOptions {
        trees: TreeKind::Forest,
        no_autoencoder: true,
        held_out_share: 0.3,
        ..ModelOptions::default()
    };
    let options =
        TrainingOptions { model, sequence: SequenceOptions { epochs: 0, ..SequenceOptions::default() } };
    let trained = train(&mut client, "first", &options, None, Output::new(true)).expect("it can be trained");
    let first = publish(&mut client, &trained.artifact.to_bytes(), None, true).expect("it can be published");
    score_everybody(&mut client);

    // 2. A day like those of before is no drift; a day of the new kind is.
    client.run("SELECT botdet_watch_drift('feature_psi', 0.2, 0.1, 1)");
    client.change("SELECT botdet_freeze_reference($1)", &[&first]);
    assert_eq!(drift_of_a_day(&mut client), Vec::<String>::new());
    let second = simulation(1_200, 0.8, 8);
    truth.extend(load(&mut client, &second, "second", false, |account| {
        !account.label || account.strategy == Some(NEW_KIND)
    }));
    score_everybody(&mut client);
    client.run("DELETE FROM botdet.score s USING botdet.account a WHERE a.account_id = s.account_id AND a.source = 'first'");
    let alerts = drift_of_a_day(&mut client);
    println!("drift: {alerts:?}");
    assert!(alerts.iter().any(|alert| alert.starts_with("raised device_diversity")), "{alerts:?}");

    // 3. Reviewers look at what is queued. Nothing is due before enough is told.
    score_everybody(&mut client);
    assert_eq!(review(&mut client, &["anna", "ben"], 60, &truth, |is_bot| is_bot), 60);
    let due = "SELECT due_by FROM botdet.retraining_due WHERE detector = 'account'";
    assert_eq!(client.value::<Option<String>>(due, &[]), None);
    assert_eq!(review(&mut client, &["anna", "ben"], 100, &truth, |is_bot| is_bot), 100);
    assert_eq!(client.value::<Option<String>>(due, &[]).as_deref(), Some("labels"));
    let before = called(&mut client, &truth);

    // 4. A version learns from them, and goes into shadow: it answers nobody.
    assert_eq!(runner.run_all(&stop).expect("jobs can be run"), 1);
    let found = job(&mut client);
    println!(
        "job: {}, learned from {}: {}",
        found["state"], found["result"]["learned_from"], found["result"]["reason"]
    );
    assert_eq!((&found["state"], &found["result"]["outcome"]), (&"done".into(), &"better".into()), "{found}");
    assert_eq!(found["result"]["left_out"], Value::Array(vec![]));
    assert_eq!(champion(&mut client), first);
    assert_eq!(client.value::<Option<String>>(due, &[]), None);

    // 5. On as many accounts as it takes, nothing speaks against it.
    score_everybody(&mut client);
    assert_eq!(runner.run_all(&stop).expect("trials can be judged"), 0);
    let second = found["version"].as_str().expect("it is registered").to_owned();
    assert_eq!(champion(&mut client), second);
    score_everybody(&mut client);
    let after = called(&mut client, &truth);
    println!(
        "recall on {}: {:.3} before, {:.3} after; humans called bots: {:.3}, {:.3}",
        NEW_KIND.name(),
        before.0,
        after.0,
        before.1,
        after.1
    );
    assert!(before.0 < 0.5 && after.0 > before.0 + 0.3, "recall {} before, {} after", before.0, after.0);
    assert!(after.1 < before.1 + 0.05, "false alarms {} before, {} after", before.1, after.1);
    assert_eq!(runner.run_all(&stop).expect("trials can be judged"), 0);
    let state: String = client.value("SELECT state FROM botdet.trial WHERE version = $1", &[&second]);
    assert_eq!(state, "kept");
    for expected in ["register", "shadow", "begin trial", "end job", "activate", "promote", "end trial"] {
        assert!(actions(&mut client, &second).iter().any(|action| action == expected), "{expected}");
    }

    // 6. Somebody says the opposite of everything, beside others who do not.
    let more = simulation(900, 0.5, 9);
    truth.extend(load(&mut client, &more, "third", false, |_| true));
    score_everybody(&mut client);
    review(&mut client, &["anna"], 40, &truth, |is_bot| is_bot);
    assert_eq!(review(&mut client, &["mallory"], 120, &truth, |is_bot| !is_bot), 120);
    assert_eq!(runner.run_all(&stop).expect("jobs can be run"), 1);
    let found = job(&mut client);
    println!(
        "one who flips everything: {}, left out {}",
        found["result"]["outcome"], found["result"]["left_out"]
    );
    assert_eq!(found["state"], "done", "{found}");
    assert_eq!(found["result"]["left_out"][0]["reviewer"], "mallory", "{found}");
    assert_eq!(found["result"]["left_out"].as_array().map(Vec::len), Some(1), "{found}");

    // 7. The same from so many names that each has said too little to be known by it: the labels of before tell.
    client.run("UPDATE botdet.trial SET state = 'overtaken', ended_at = now() WHERE ended_at IS NULL; SELECT botdet_withdraw()");
    let champion_before = champion(&mut client);
    let names: Vec<String> = (0..60).map(|number| format!("mallory {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    client.run("DELETE FROM botdet.label WHERE labelled_by IN ('mallory', 'anna', 'ben')");
    assert_eq!(review(&mut client, &names, 300, &truth, |is_bot| !is_bot), 300);
    client.run("SELECT botdet_request_retraining()");
    assert_eq!(runner.run_all(&stop).expect("jobs can be run"), 1);
    let found = job(&mut client);
    println!("sixty who do: {}: {}", found["result"]["outcome"], found["result"]["reason"]);
    println!("  {}", found["result"]["before"]);
    println!("  {}", found["result"]["recent"]);
    assert_eq!(
        (&found["state"], &found["result"]["outcome"]),
        (&"done".into(), &"not better".into()),
        "{found}"
    );
    assert_eq!(found["version"], Value::Null);
    assert_eq!(champion(&mut client), champion_before);
    let refused: i64 = client.value(
        "SELECT count(*) FROM botdet.audit WHERE action = 'end job' AND new ->> 'outcome' = 'not better' AND version IS NULL",
        &[],
    );
    assert!(refused >= 1);
}
