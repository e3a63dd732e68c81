//! Training sets, and that they know nothing of what came later.

use botdet_loader::training::dataset::{Moment, labelled_accounts, read_examples};
use botdet_models::features::FeatureVector;
use botdet_models::sequence::Sequence;
use botdet_tests::activity::insert;
use botdet_tests::population::SOURCE;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

/// A moment in the middle of what [`labelled`] inserts.
const MOMENT: &str = "2025-03-01 12:00+00";

/// Accounts 1 to 20 with activity before and after [`MOMENT`], compared and labelled before it; and two of a table of their own.
fn labelled(client: &mut Client) {
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    client.run(&insert("ARRAY(SELECT generate_series(1, 20))", 1, 200));
    client.run(
        "CREATE TABLE post (author text, at timestamptz, body text); CREATE INDEX ON post (author, at);
         INSERT INTO post SELECT 'author-' || a, timestamptz '2025-03-01 00:00+00' + n * interval '11 minutes', 'number ' || n
         FROM generate_series(1, 2) AS a, generate_series(1, 150) AS n",
    );
    client.run("SELECT botdet_bind_source('post', account => 'author', occurred_at => 'at', content => 'body', default_action => 'post')");
    client.run(&format!(
        "INSERT INTO botdet.account (account_id, created_at, followers, following)
         SELECT n, '2024-01-01', n, n FROM generate_series(1, 20) AS n;
         SELECT botdet_compare_accounts(until => '2025-03-01 11:00+00');
         INSERT INTO botdet.label (account_id, is_bot, strategy, labelled_at)
         SELECT account_id, account_id % 2 = 0, CASE WHEN account_id % 2 = 0 THEN 'made up' END,
                timestamptz '{MOMENT}' + account_id * interval '1 minute'
         FROM botdet.account"
    ));
}

/// Every digit of the examples as of a time; of each label's own where there is none.
fn examples(client: &mut Client, as_of: Option<&str>) -> Vec<String> {
    client.column(
        "SELECT t::text FROM botdet_training_set(as_of => $1::text::timestamptz) AS t ORDER BY account_id",
        &[&as_of],
    )
}

#[test]
fn an_example_is_a_label_with_the_features_of_its_time() {
    let database = TestDatabase::new("training_set");
    let mut client = database.connect();
    labelled(&mut client);
    let wrong: i64 = client.value(
        "SELECT count(*) FROM botdet_training_set() AS t JOIN botdet.label l USING (account_id)
         WHERE (t.as_of, t.is_bot, t.strategy) IS DISTINCT FROM (l.labelled_at, l.is_bot, l.strategy)
            OR to_jsonb(t) - '{account_id,as_of,is_bot,strategy}'::text[] <> to_jsonb(botdet_features(account_id, labelled_at))
            OR t.event_count NOT BETWEEN 50 AND 110",
        &[],
    );
    assert_eq!(wrong, 0);
    assert_eq!(examples(&mut client, None).len(), 22);
    assert_eq!(examples(&mut client, Some(MOMENT)).len(), 22);
    let columns: bool = client.value(
        "SELECT (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute
                 WHERE attrelid = 'botdet.training_example'::regclass AND attnum > 4)
              = (SELECT array_agg(feature::name ORDER BY position) FROM botdet.feature_catalog)",
        &[],
    );
    assert!(columns, "the features are those of the catalogue, in its order");
    let other: i64 = client.value("SELECT count(*) FROM botdet_training_set('no such detector')", &[]);
    assert_eq!(other, 0);
    let mut csv = String::new();
    let copied = client.copy_out("COPY (SELECT * FROM botdet_training_set()) TO STDOUT (FORMAT csv, HEADER)");
    std::io::Read::read_to_string(&mut copied.expect("it can be copied out"), &mut csv)
        .expect("it can be read");
    assert!(csv.starts_with("account_id,as_of,is_bot,strategy,posting_cadence,"), "{csv}");
    assert_eq!(csv.lines().count(), 23);
}

#[test]
fn a_training_set_is_read_in_parallel() {
    let database = TestDatabase::new("training_parallel");
    let mut client = database.connect();
    labelled(&mut client);
    let alone = examples(&mut client, None);
    client.run(
        "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
         SET min_parallel_table_scan_size = 0; ANALYZE botdet.label",
    );
    let plan: Vec<String> = client.column("EXPLAIN SELECT * FROM botdet_training_set()", &[]);
    assert!(plan.iter().any(|line| line.contains("Parallel Seq Scan on label")), "{plan:?}");
    assert_eq!(alone, examples(&mut client, None));
}

#[test]
fn nothing_that_happens_later_changes_a_training_set() {
    let database = TestDatabase::new("leak");
    let mut client = database.connect();
    labelled(&mut client);
    let before = [examples(&mut client, Some(MOMENT)), examples(&mut client, None)];
    assert!(before[0].iter().any(|example| !example.ends_with(",,,,,)")), "an earlier comparison is known");
    assert_ne!(before[0], examples(&mut client, Some("infinity")));
    // In order, out of order, in both tables, changed and removed: all of it after the last label.
    for later in [
        insert("ARRAY(SELECT generate_series(1, 25))", 300, 400),
        insert("ARRAY(SELECT generate_series(1, 25))", 201, 260),
        "INSERT INTO post SELECT 'author-1', timestamptz '2025-03-04' - n * interval '1 minute', 'later' FROM generate_series(1, 90) AS n".to_owned(),
        "UPDATE botdet.activity SET content = 'changed', device = 'another' WHERE occurred_at > '2025-03-01 13:00+00'".to_owned(),
        "DELETE FROM botdet.activity WHERE occurred_at > '2025-03-01 13:00+00' AND activity_id % 3 = 0".to_owned(),
        "SELECT botdet_compare_accounts()".to_owned(),
        "SELECT botdet_compare_accounts(until => '2025-03-02')".to_owned(),
        "SELECT botdet_compare_accounts(until => '2025-03-01 11:00+00')".to_owned(),
        "SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account".to_owned(),
        "SELECT botdet_rebuild_state(account_id) FROM botdet.account_state".to_owned(),
    ] {
        client.run(&later);
        assert_eq!(before, [examples(&mut client, Some(MOMENT)), examples(&mut client, None)], "{later}");
    }
    // The control: these do change it, and are documented to. Rows say when something happened, not when they came, and a
    // profile has no history.
    client.run(&format!(
        "BEGIN; INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, '{MOMENT}', 'post')"
    ));
    assert_ne!(before[0], examples(&mut client, Some(MOMENT)));
    client.run("ROLLBACK; BEGIN; UPDATE botdet.account SET followers = 1000000 WHERE account_id = 1");
    let after = examples(&mut client, Some(MOMENT));
    assert_eq!(before[0].iter().zip(&after).filter(|(before, after)| before != after).count(), 1);
    client.run("ROLLBACK");
}

#[test]
fn what_the_loader_trains_on_is_of_its_time() {
    let database = TestDatabase::populated("loader_leak");
    let mut client = database.connect();
    let accounts = labelled_accounts(&mut client, SOURCE).expect("accounts are loaded");
    let accounts: Vec<_> = accounts.iter().collect();
    let read = |client: &mut Client, moment: Moment| -> Vec<(FeatureVector, Option<Sequence>)> {
        let examples = read_examples(client, &accounts, moment).expect("accounts can be read");
        examples.into_iter().map(|example| (example.features, example.sequence)).collect()
    };
    let (now, younger) = (read(&mut client, Moment::Now), read(&mut client, Moment::Earlier(7)));
    let compared = |examples: &[(FeatureVector, Option<Sequence>)]| {
        examples.iter().filter(|(features, _)| features.get("lockstep_score").is_some()).count()
    };
    assert_eq!(compared(&now), accounts.len(), "what comparing accounts found is trained on");
    assert_eq!(compared(&younger), 0, "the comparison was later");
    client.run(
        "UPDATE botdet.detector SET insert_mode = 'off';
         INSERT INTO botdet.activity (account_id, occurred_at, action, content)
         SELECT account_id, max(occurred_at) + n * interval '1 minute', 'post', 'later ' || n
         FROM botdet.activity, generate_series(1, 30) AS n GROUP BY account_id, n;
         SELECT botdet_compare_accounts()",
    );
    assert_eq!(younger, read(&mut client, Moment::Earlier(7)));
    assert_ne!(now, read(&mut client, Moment::Now));
}
