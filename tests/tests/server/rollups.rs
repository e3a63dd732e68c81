//! Scores over time: what is counted, when, and what dashboards show of it.

use std::thread::sleep;
use std::time::Duration;

use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

fn shown(client: &mut Client) -> i64 {
    client.value("SELECT sum(scores)::bigint FROM botdet.score_hourly_v1", &[])
}

fn counted(client: &mut Client) -> i64 {
    client.value("SELECT coalesce(sum(scores), 0)::bigint FROM botdet.score_rollup", &[])
}

/// Younger scores than this are left for the next time.
fn let_scores_age() {
    sleep(Duration::from_millis(1_100));
}

#[test]
fn dashboards_show_the_same_before_and_after_scores_are_rolled_up() {
    let database = TestDatabase::populated("rollups");
    let mut client = database.connect();
    let accounts: i64 = client.value("SELECT count(*) FROM botdet.score", &[]);
    let figures = "SELECT string_agg(concat_ws(' ', time, detector, stage, model_version, scores, bots, anomalies,
                       round(bot_share::numeric, 9), round(mean_probability::numeric, 9), from_0_0, from_0_1, from_0_9), E'\\n'
                       ORDER BY stage)
                   FROM botdet.score_daily_v1";
    let before: String = client.value(figures, &[]);
    assert_eq!(shown(&mut client), accounts);
    let_scores_age();
    assert!(client.value::<i64>("SELECT botdet_roll_up_scores()", &[]) > 0);
    assert_eq!((counted(&mut client), shown(&mut client)), (accounts, accounts));
    assert_eq!(client.value::<String>(figures, &[]), before);
    assert_eq!(client.value::<i64>("SELECT botdet_roll_up_scores()", &[]), 0, "nothing is new");
    assert_eq!(counted(&mut client), accounts);
    let agrees: bool = client.value(
        "SELECT abs((SELECT avg(bot_probability) FROM botdet.score) - sum(mean_probability * scores) / sum(scores)) < 1e-9
             AND sum(from_0_0 + from_0_1 + from_0_2 + from_0_3 + from_0_4 + from_0_5 + from_0_6 + from_0_7 + from_0_8 + from_0_9)
                 = sum(scores)
             AND sum(bots) = (SELECT count(*) FROM botdet.score WHERE is_bot)
         FROM botdet.score_daily_v1",
        &[],
    );
    assert!(agrees, "{before}");
    client.run("SELECT botdet_store_scores(ARRAY[1])");
    assert_eq!((counted(&mut client), shown(&mut client)), (accounts, accounts + 1));
}

/// A score carries the time its transaction began. One that commits after a roll-up must not be older than what is counted.
#[test]
fn a_transaction_that_commits_late_is_not_missed() {
    let database = TestDatabase::populated("late_commit");
    let (mut client, mut writer) = (database.connect(), database.connect());
    let accounts: i64 = client.value("SELECT count(*) FROM botdet.score", &[]);
    let_scores_age();
    client.run("SELECT botdet_roll_up_scores()");
    writer.run("BEGIN; SELECT botdet_store_scores(ARRAY[2])");
    let_scores_age();
    client.run("SELECT botdet_roll_up_scores()");
    writer.run("COMMIT");
    assert_eq!((counted(&mut client), shown(&mut client)), (accounts, accounts + 1));
    client.run("SELECT botdet_roll_up_scores()");
    let_scores_age();
    client.run("SELECT botdet_roll_up_scores()");
    assert_eq!((counted(&mut client), shown(&mut client)), (accounts + 1, accounts + 1));
}

#[test]
fn old_hours_are_forgotten_and_nonsense_is_refused() {
    let database = TestDatabase::populated("forgotten");
    let mut client = database.connect();
    let_scores_age();
    client.run(
        "SELECT botdet_roll_up_scores(); UPDATE botdet.score_rollup SET hour = hour - interval '30 days'",
    );
    client.run("SELECT botdet_roll_up_scores('31 days')");
    assert!(counted(&mut client) > 0);
    client.run("SELECT botdet_roll_up_scores('29 days')");
    assert_eq!(counted(&mut client), 0);
    assert_eq!(client.refused("SELECT botdet_roll_up_scores('-1 day')").code, "22023");
    client.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert_eq!(client.refused("SELECT botdet_roll_up_scores()").code, "55000");
}

#[test]
fn views_for_dashboards_have_a_time_and_plain_types() {
    let database = TestDatabase::new("dashboards");
    let mut client = database.connect();
    let wrong: Vec<String> = client.column(
        "SELECT concat(c.relname, '.', a.attname, ' ', format_type(a.atttypid, a.atttypmod))
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
         WHERE c.relnamespace = 'botdet'::regnamespace AND c.relname ~ '_v[0-9]+$'
             AND a.atttypid NOT IN ('timestamptz'::regtype, 'text'::regtype, 'boolean'::regtype, 'bigint'::regtype, 'float8'::regtype)",
        &[],
    );
    assert_eq!(wrong, Vec::<String>::new());
    let first: Vec<String> = client.column(
        "SELECT concat(c.relname, ' ', a.attname, ' ', format_type(a.atttypid, a.atttypmod))
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1
         WHERE c.relnamespace = 'botdet'::regnamespace AND c.relname ~ '_v[0-9]+$' ORDER BY 1",
        &[],
    );
    assert_eq!(
        first,
        [
            "account_score_v1",
            "activity_daily_v1",
            "activity_hourly_v1",
            "feedback_daily_v1",
            "flagged_v1",
            "label_daily_v1",
            "label_v1",
            "model_version_v1",
            "queue_v1",
            "score_daily_v1",
            "score_hourly_v1",
        ]
        .map(|view| format!("{view} time timestamp with time zone"))
    );
}

#[test]
fn labels_are_compared_with_scores() {
    let database = TestDatabase::populated("agreement");
    let mut client = database.connect();
    let agrees: bool = client.value(
        "SELECT sum(labels) = (SELECT count(*) FROM botdet.label)
             AND sum(true_positives + false_positives + true_negatives + false_negatives) = sum(scored)
             AND sum(scored) > 200 AND sum(agreement * scored) / sum(scored) BETWEEN 0.8 AND 1
             AND sum(true_positives) = (SELECT count(*) FROM botdet.label_v1 WHERE is_bot AND agrees)
         FROM botdet.label_daily_v1",
        &[],
    );
    assert!(agrees);
}
