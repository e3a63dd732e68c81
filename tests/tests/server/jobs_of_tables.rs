//! Jobs of detectors that learn from tables: trained again, compared with the champion, and refused where nothing can be trained.

use botdet_loader::commands::publish::publish;
use botdet_loader::commands::train_table::train_on_table;
use botdet_loader::commands::training_options::ModelOptions;
use botdet_loader::error::LoaderError;
use botdet_loader::learning::{Parameters, Watch, champion, retrain_table};
use botdet_loader::output::Output;
use botdet_loader::tables::TableSource;
use botdet_loader::training::fit::TreeKind;
use botdet_tests::programs::{botdet, output};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;
use serde_json::Value;

/// Simulates rows of a detector, and loads them.
fn simulated(database: &TestDatabase, detector: &str, options: &[&str]) {
    let folder = std::env::temp_dir().join(format!("{}_{detector}", database.name()));
    let program = |arguments: &[&str], path: &str| {
        output(botdet(&database.config()).args(arguments).arg(folder.join(path)));
    };
    program(&[&["simulate", "--detector", detector, "--seed", "5"], options, &["--out"]].concat(), "");
    let files: &[(&str, &str)] = match detector {
        "spammer" => &[("spammer", "spammer.csv")],
        "engagement" => &[("engagement", "engagement.csv"), ("engagement-windows", "windows.csv")],
        _ => &[("backlink", "")],
    };
    files.iter().for_each(|(what, file)| program(&["load", "--detector", what], file));
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

fn spammers(database: &TestDatabase) {
    simulated(database, "spammer", &["--accounts", "3000"]);
}

fn run_jobs(database: &TestDatabase) {
    output(botdet(&database.config()).arg("jobs"));
}

/// The newest job of a detector, once it has been run.
fn retrained(database: &TestDatabase, client: &mut Client, detector: &str) -> Value {
    client.change("SELECT botdet_request_job('retrain', $1)", &[&detector]);
    run_jobs(database);
    client.value(
        "SELECT to_jsonb(j) FROM botdet.job j WHERE detector = $1 ORDER BY job_id DESC LIMIT 1",
        &[&detector],
    )
}

fn activate(client: &mut Client, job: &Value) -> String {
    let version =
        job["version"].as_str().unwrap_or_else(|| unreachable!("it registered a version: {job}")).to_owned();
    client.change("SELECT botdet_activate($1, $2)", &[&version, &job["detector"].as_str()]);
    version
}

fn figure(job: &Value, name: &str) -> f64 {
    job["result"]["rows"][name].as_f64().unwrap_or_else(|| unreachable!("{name} of the rows held out: {job}"))
}

#[test]
fn every_detector_with_a_table_of_its_own_is_trained_again() {
    let database = TestDatabase::new("retrain_tables");
    let mut client = database.connect();
    for (detector, options) in [
        ("spammer", ["--accounts", "3000"]),
        ("engagement", ["--accounts", "200"]),
        ("backlink", ["--links", "2000"]),
    ] {
        simulated(&database, detector, &options);
        let first = retrained(&database, &mut client, detector);
        assert_eq!(
            (&first["state"], &first["result"]["outcome"]),
            (&"done".into(), &"no champion".into()),
            "{first}"
        );
        let version = activate(&mut client, &first);
        // Nothing has changed since, so nothing is better.
        let again = retrained(&database, &mut client, detector);
        assert_eq!(
            (&again["state"], &again["result"]["outcome"]),
            (&"done".into(), &"not better".into()),
            "{again}"
        );
        assert_eq!((&again["version"], &again["result"]["champion"]), (&Value::Null, &version.into()));
        assert_eq!(
            (figure(&again, "low"), figure(&again, "high")),
            (0.0, 0.0),
            "the same rows make the same version"
        );
        let judged = figure(&again, "accounts");
        let learned = again["result"]["learned_from"].as_f64().unwrap_or_default();
        assert_eq!(Some(learned + judged), again["result"]["labels"].as_f64(), "{again}");
    }
}

#[test]
fn a_better_version_of_a_table_waits_for_somebody_to_activate_it() {
    let database = TestDatabase::new("better_table");
    let mut client = database.connect();
    spammers(&database);
    // A champion that has learned from labels that say nothing.
    client.run(
        "CREATE TABLE truth AS SELECT account_id, is_spammer FROM botdet.spammer;
         UPDATE botdet.spammer SET is_spammer = account_id % 20 = 0",
    );
    let first = retrained(&database, &mut client, "spammer");
    let champion = activate(&mut client, &first);
    client.run("UPDATE botdet.spammer s SET is_spammer = t.is_spammer FROM truth t WHERE t.account_id = s.account_id");
    let better = retrained(&database, &mut client, "spammer");
    assert_eq!(
        (&better["state"], &better["result"]["outcome"]),
        (&"done".into(), &"better".into()),
        "{better}"
    );
    println!("{}", better["result"]["reason"]);
    assert!(
        figure(&better, "high") < 0.0 && figure(&better, "candidate") < figure(&better, "champion"),
        "{better}"
    );
    let version = better["version"].as_str().expect("it is registered").to_owned();
    let why = better["result"]["no_trial"].as_str().unwrap_or_default();
    assert!(why.starts_with("detector spammer judges rows"), "{better}");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.trial", &[]), 0);
    let answers = "SELECT version FROM botdet.model_versions WHERE detector = 'spammer' AND is_champion";
    assert_eq!(client.value::<String>(answers, &[]), champion);
    client.change("SELECT botdet_activate($1, 'spammer')", &[&version]);
    assert_eq!(client.value::<String>(answers, &[]), version);
}

/// 600 purchases: those on plan free are fraud, but for some.
const PURCHASES: &str = "
CREATE SCHEMA shop;
CREATE TABLE shop.purchase (number integer PRIMARY KEY, plan text, items integer, is_fraud boolean);
INSERT INTO shop.purchase
SELECT n, CASE WHEN n % 3 = 0 THEN 'free' WHEN n % 2 = 0 THEN 'basic' ELSE 'gold' END, n * 7919 % 13, (n % 3 = 0) <> (n % 50 = 1)
FROM generate_series(1, 600) AS n";

fn purchases(hint: &str) -> (TestDatabase, Client) {
    let database = TestDatabase::new(hint);
    let mut client = database.connect();
    client.run(PURCHASES);
    // As whoever trains it names the table: runners have another search path.
    client.run("SET search_path TO shop, public");
    let source = TableSource {
        relation: "purchase".to_owned(),
        key: "number".to_owned(),
        label: "is_fraud".to_owned(),
        ..TableSource::default()
    };
    let options = ModelOptions { trees: TreeKind::Forest, ..ModelOptions::default() };
    let trained = train_on_table(&mut client, "fraud", &source, &options, Output::new(true));
    let (artifact, _) = trained.expect("it can be trained");
    publish(&mut client, &artifact.to_bytes(), None, true).expect("it can be published");
    client.run("RESET search_path");
    (database, client)
}

#[test]
fn a_table_of_ones_own_is_read_again_as_it_is_now() {
    let (database, mut client) = purchases("own_table");
    let refused = retrained(&database, &mut client, "fraud");
    let error = refused["error"].as_str().unwrap_or_default();
    assert!(refused["state"] == "failed" && error.contains("permission denied"), "{refused}");
    // Free is the rarest plan now, there is another one, and the table has grown a column.
    client.run(
        "GRANT USAGE ON SCHEMA shop TO botdet_admin; GRANT SELECT ON shop.purchase TO botdet_admin;
         INSERT INTO shop.purchase
         SELECT n, CASE WHEN n % 2 = 0 THEN 'silver' ELSE 'gold' END, n * 7919 % 13, false FROM generate_series(601, 1200) AS n;
         ALTER TABLE shop.purchase ADD COLUMN weekday integer; UPDATE shop.purchase SET weekday = number % 7",
    );
    let grown = retrained(&database, &mut client, "fraud");
    assert_eq!(grown["state"], "done", "{grown}");
    assert!(
        figure(&grown, "champion_recall") > 0.9,
        "the champion's plans are still those it knows: {grown}"
    );
    assert_eq!(grown["result"]["labels"], 1200);
    // Without the champion's columns there is nothing to compare with, and somebody has to say.
    client.run("ALTER TABLE shop.purchase DROP COLUMN items");
    let changed = retrained(&database, &mut client, "fraud");
    assert_eq!(
        (&changed["state"], &changed["result"]["outcome"]),
        (&"done".into(), &"insufficient data".into()),
        "{changed}"
    );
    let reason = changed["result"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("no column is named weekday, and absent are items"), "{reason}");
    activate(&mut client, &changed);
}

#[test]
fn what_no_job_can_train_is_refused_when_it_is_asked_for() {
    let (_database, mut client) = purchases("refused_jobs");
    client.run("SELECT botdet_create_detector('weather', 'clouds')");
    for (asked, code, named) in [
        ("'update', 'spammer'", "0A000", "the filter of detector spammer cannot go on learning"),
        ("'update', 'engagement'", "0A000", "detector engagement"),
        ("'update', 'backlink'", "0A000", "detector backlink"),
        ("'update', 'fraud'", "0A000", "detector fraud"),
        ("'retrain', 'weather'", "55000", "detector weather has no champion that was trained on a table"),
        ("'retrain', 'climate'", "42704", "there is no detector climate"),
        (
            "'retrain', 'spammer', '{\"epochs\": 3}'",
            "22023",
            "a job for detector spammer has no parameter 'epochs'",
        ),
    ] {
        let refused = client.refused(&format!("SELECT botdet_request_job({asked})"));
        assert!(refused.code == code && refused.message.contains(named), "{asked}: {refused:?}");
    }
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.job", &[]), 0);
    client.run(
        "SELECT botdet_request_job('retrain', 'fraud'); SELECT botdet_cancel_job(job_id) FROM botdet.job",
    );
}

#[test]
fn what_is_due_becomes_a_job_only_where_one_can_do_it() {
    let (_database, mut client) = purchases("due_tables");
    let planned = |client: &mut Client| {
        client.run("DELETE FROM botdet.job; SELECT count(*) FROM botdet_plan_jobs()");
        client.column::<String>("SELECT concat(kind, ' ', detector) FROM botdet.job ORDER BY detector", &[])
    };
    client.run("SELECT botdet_create_detector('weather', 'clouds')");
    client.run(
        "INSERT INTO botdet.account (account_id) SELECT generate_series(1, 200);
         INSERT INTO botdet.label (account_id, detector, is_bot)
         SELECT n, detector, n % 2 = 0 FROM botdet.detector, generate_series(1, 200) AS n",
    );
    // Labels are what accounts and links learn from. What no version was ever trained for is due by the first of them.
    assert_eq!(planned(&mut client), ["retrain account", "retrain backlink"]);
    client.run("INSERT INTO botdet.learning_setting (detector, retrains) SELECT detector, false FROM botdet.detector");
    assert_eq!(planned(&mut client), Vec::<String>::new());
    client.run("SELECT botdet_request_retraining(detector) FROM botdet.detector");
    assert_eq!(
        planned(&mut client),
        ["retrain account", "retrain backlink", "retrain engagement", "retrain fraud", "retrain spammer"]
    );
}

/// Ends a job as soon as this phase has begun.
struct Until(&'static str, f64);

impl Watch for Until {
    fn note(&mut self, phase: &'static str, progress: f64) -> Result<(), LoaderError> {
        if phase == self.0 && progress > self.1 { Err(LoaderError::Cancelled) } else { Ok(()) }
    }
}

#[test]
fn a_training_on_a_table_ends_when_it_is_cancelled() {
    let database = TestDatabase::new("cancel_table");
    let mut client = database.connect();
    spammers(&database);
    let champion = champion(&mut client, "spammer").expect("the database can be asked");
    for mut until in
        [Until("reading rows", 0.0), Until("training", 0.25), Until("comparing with the champion", 0.0)]
    {
        let parameters = Parameters::default();
        let ended = retrain_table(&mut client, "spammer", champion.as_ref(), &parameters, 0.02, &mut until);
        assert!(matches!(ended, Err(LoaderError::Cancelled)), "{}: {:?}", until.0, ended.err());
        assert_eq!(
            client.value::<i64>("SELECT count(*) FROM botdet.spammer", &[]),
            3000,
            "the session is of use"
        );
    }
}
