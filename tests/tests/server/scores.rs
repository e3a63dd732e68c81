//! `botdet_score` and its kin.

use botdet_loader::training::dataset::{Example, Moment, labelled_accounts, read_examples};
use botdet_loader::training::fit::scores;
use botdet_models::artifact::Artifact;
use botdet_models::pipeline::Depth;
use botdet_tests::activity::insert;
use botdet_tests::population::{ACCOUNTS, SOURCE};
use botdet_tests::{Sql, TestDatabase, model};
use postgres::Client;

use crate::support::{score, stage};

const ALL: &str = "botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account ORDER BY account_id))";

#[test]
fn without_a_model_rules_answer_and_say_so() {
    let database = TestDatabase::new("rules");
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action, content)
         SELECT 1, timestamptz '2025-01-01 00:00+00' + n * interval '1 minute', 'post', 'buy now' FROM generate_series(1, 1500) AS n",
    );
    let row = client.query_one("SELECT * FROM botdet_score(1::bigint)", &[]).expect("it is scored");
    assert_eq!(row.get::<_, String>("stage"), "rules");
    assert_eq!(row.get::<_, Option<String>>("model_version"), None);
    assert_eq!(row.get::<_, Option<f64>>("probability_low"), None);
    assert_eq!(row.get::<_, Option<f64>>("anomaly_score"), None);
    assert!(row.get::<_, bool>("is_bot"), "{:?}", row.get::<_, f64>("bot_probability"));
    assert!(row.get::<_, Vec<String>>("reasons")[0].contains("duplicate_rate"));
    assert_eq!(client.value::<String>("SELECT stage FROM botdet.score WHERE account_id = 1", &[]), "rules");
}

#[test]
fn an_unknown_account_is_not_scored() {
    let database = TestDatabase::populated("unknown_score");
    let mut client = database.connect();
    let row = client.query_one("SELECT * FROM botdet_score(-5::bigint)", &[]).expect("it answers");
    assert_eq!(row.get::<_, Option<f64>>("bot_probability"), None);
    assert_eq!(row.get::<_, String>("stage"), "none");
    assert_eq!(row.get::<_, i64>("account_id"), -5);
    assert!(row.get::<_, Vec<String>>("reasons")[0].contains("the account is unknown"));
    assert_eq!(client.value::<i64>("SELECT botdet_store_scores(ARRAY[-5, 1, 1]::bigint[])", &[]), 1);
}

#[test]
fn with_a_model_every_score_is_whole() {
    let database = TestDatabase::populated("whole");
    let mut client = database.connect();
    let wrong: Vec<String> = client.column(
        &format!(
            "SELECT s::text FROM {ALL} AS s
             WHERE (bot_probability BETWEEN 0 AND 1 AND probability_low BETWEEN 0 AND bot_probability
                    AND probability_high BETWEEN bot_probability AND 1 AND anomaly_score BETWEEN 0 AND 1
                    AND is_anomaly IS NOT NULL AND stage IN ('filter', 'sequence') AND cardinality(reasons) > 0
                    AND is_bot = (bot_probability >= 0.5) AND scored_at = now()
                    AND confidence = CASE WHEN is_bot THEN bot_probability ELSE 1 - bot_probability END
                    AND model_version = (SELECT version FROM botdet.model_versions WHERE is_champion)) IS NOT TRUE"
        ),
        &[],
    );
    assert_eq!(wrong, Vec::<String>::new());
    let stages: Vec<String> = client.column(&format!("SELECT DISTINCT stage FROM {ALL} ORDER BY 1"), &[]);
    assert_eq!(stages, ["filter", "sequence"], "both stages decide some accounts");
}

#[test]
fn the_model_tells_bots_from_humans() {
    let database = TestDatabase::populated("better");
    let correct: f64 = database.connect().value(
        "SELECT avg((s.is_bot = l.is_bot)::int)::float8 FROM botdet.score s JOIN botdet.label l USING (account_id)",
        &[],
    );
    assert!(correct > 0.75, "{correct} of the accounts it was trained on are called right");
}

#[test]
fn one_account_a_batch_and_the_stored_score_agree() {
    let database = TestDatabase::populated("agree");
    let mut client = database.connect();
    let different: Vec<String> = client.column(
        &format!(
            "SELECT s.account_id || ': ' || (to_jsonb(s) - 'scored_at') || (to_jsonb(o) - 'scored_at')
             FROM {ALL} AS s
             CROSS JOIN LATERAL botdet_score(s.account_id) AS o
             JOIN botdet.score w ON w.account_id = s.account_id
             WHERE to_jsonb(s) - 'scored_at' <> to_jsonb(o) - 'scored_at' AND abs(s.bot_probability - o.bot_probability) > 1e-6
                OR abs(s.bot_probability - w.bot_probability) > 1e-12 OR s.stage <> w.stage"
        ),
        &[],
    );
    assert_eq!(different, Vec::<String>::new());
}

#[test]
fn a_batch_keeps_its_order_and_passes_over_nulls() {
    let database = TestDatabase::populated("order");
    let ids: Vec<i64> = database
        .connect()
        .column("SELECT account_id FROM botdet_score_batch(ARRAY[5, NULL, 3, 404, 5, 1]::bigint[])", &[]);
    assert_eq!(ids, [5, 3, 404, 5, 1]);
    let none: Vec<i64> = database.connect().column("SELECT account_id FROM botdet_score_batch('{}')", &[]);
    assert_eq!(none, Vec::<i64>::new());
}

#[test]
fn the_server_scores_as_the_loader_does() {
    let database = TestDatabase::populated("in_process");
    let mut client = database.connect();
    client.run("SET botdet.execution_provider = embedded");
    let accounts = labelled_accounts(&mut client, SOURCE).expect("accounts are loaded");
    let accounts: Vec<_> = accounts.iter().collect();
    assert_eq!(accounts.len(), ACCOUNTS as usize);
    let examples = read_examples(&mut client, &accounts, Moment::Now).expect("accounts can be read");
    let artifact = Artifact::from_bytes(model()).expect("the model is sound");
    let ids: Vec<i64> = accounts.iter().map(|account| account.account_id).collect();
    let in_server: Vec<f64> = client.column("SELECT bot_probability FROM botdet_score_batch($1)", &[&ids]);
    let probabilities = |depth| -> Vec<f64> {
        let scores = scores(&artifact, &examples, depth).expect("the model runs");
        scores.iter().map(|score| score.probability).collect()
    };
    let in_process = probabilities(Depth::Full);
    let difference = in_server.iter().zip(&in_process).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(difference <= 1e-12, "probabilities differ by up to {difference:e}");
    let by_features: Vec<f64> = client.column(
        "SELECT (botdet_score(botdet_features(id))).bot_probability FROM unnest($1::bigint[]) WITH ORDINALITY AS u (id, n) ORDER BY n",
        &[&ids],
    );
    let alone =
        examples.iter().map(|example| Example { sequence: None, ..example.clone() }).collect::<Vec<_>>();
    let in_process = scores(&artifact, &alone, Depth::Full).expect("the model runs");
    let in_process: Vec<f64> = in_process.iter().map(|score| score.probability).collect();
    assert_eq!(by_features, in_process, "filter and trees are the same arithmetic");
}

#[test]
fn a_score_says_on_how_many_events_it_rests() {
    let database = TestDatabase::populated("evidence");
    let mut client = database.connect();
    let wrong: i64 = client.value(
        "SELECT count(*) FROM botdet.score s
         JOIN (SELECT account_id, count(*) AS rows FROM botdet.activity GROUP BY 1) AS a USING (account_id)
         LEFT JOIN botdet.flagged_account f USING (account_id)
         WHERE s.events IS DISTINCT FROM a.rows OR (botdet_score(account_id)).events <> a.rows OR f.events <> a.rows",
        &[],
    );
    assert_eq!(wrong, 0);
    let asked = |client: &mut Client, call: &str| -> Option<i64> {
        client.value(&format!("SELECT ({call}).events"), &[])
    };
    let events = asked(&mut client, "botdet_score(1::bigint)");
    assert!(events > Some(0));
    assert_eq!(asked(&mut client, "botdet_score(botdet_features(1))"), events);
    assert_eq!(asked(&mut client, "botdet_score(botdet_account_state(1))"), events);
    let typo_rate = "jsonb_populate_record(NULL::botdet.account_features, '{\"typo_rate\": 0}')";
    assert_eq!(asked(&mut client, &format!("botdet_score({typo_rate})")), None);
    client.run("INSERT INTO botdet.account (account_id) VALUES (9001)");
    for nothing in ["9001::bigint", "404404::bigint", "'nobody'"] {
        assert_eq!(asked(&mut client, &format!("botdet_score({nothing})")), Some(0), "{nothing}");
    }
}

#[test]
fn the_first_events_of_an_account_are_scored_with_a_wide_interval() {
    let database = TestDatabase::populated("first_events");
    let mut client = database.connect();
    let first = |events: i64| {
        format!(
            "SELECT account_id, botdet_score(state) AS s FROM (
                 SELECT account_id, botdet_state(occurred_at, action, content, device, ip, target, country, activity_id) AS state
                 FROM (SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY occurred_at, activity_id) AS n
                       FROM botdet.activity) AS numbered
                 WHERE n <= {events} GROUP BY account_id) AS made OFFSET 0"
        )
    };
    for events in [1, 3, 10] {
        for by_rules in [false, true] {
            client.run(if by_rules { "BEGIN; SELECT botdet_deactivate()" } else { "BEGIN" });
            let wrong: Vec<String> = client.column(
                &format!(
                    "SELECT account_id || ' ' || s::text FROM ({}) AS scored
                     WHERE ((s).events BETWEEN 1 AND {events} AND (s).bot_probability BETWEEN 0.001 AND 0.999 AND (s).confidence <= 0.999
                            AND NOT (s).reasons::text ~* 'nan|inf' AND CASE WHEN {by_rules}
                                THEN (s).stage = 'rules' AND (s).probability_low IS NULL
                                ELSE (s).stage = 'sequence' AND cardinality((s).reasons) > 1
                                    AND (s).probability_low < (s).bot_probability AND (s).bot_probability < (s).probability_high
                            END) IS NOT TRUE",
                    first(events)
                ),
                &[],
            );
            assert_eq!(wrong, Vec::<String>::new(), "{events} events, by rules: {by_rules}");
            client.run("ROLLBACK");
        }
    }
    let width = |client: &mut Client, events: i64| -> f64 {
        client.value(
            &format!(
                "SELECT avg((s).probability_high - (s).probability_low) FROM ({}) AS scored",
                first(events)
            ),
            &[],
        )
    };
    let (few, all) = (width(&mut client, 10), width(&mut client, 1_000_000));
    assert!(few > 0.1 && all > 0.1, "intervals are {few} wide with ten events, {all} with all");
}

#[test]
fn features_alone_are_scored_without_a_sequence() {
    let database = TestDatabase::populated("by_features");
    let row = database
        .connect()
        .query_one("SELECT * FROM botdet_score(botdet_features(1))", &[])
        .expect("it is scored");
    assert_eq!(row.get::<_, String>("stage"), "trees");
    assert_eq!(row.get::<_, Option<i64>>("account_id"), None);
    assert!(row.get::<_, Option<String>>("model_version").is_some());
}

#[test]
fn impossible_features_are_refused_by_name() {
    let database = TestDatabase::populated("impossible");
    let mut client = database.connect();
    for value in ["NaN", "Infinity", "-Infinity", "1.5", "-0.1", "1e300"] {
        let refusal = client.refused(&format!(
            "SELECT botdet_score(jsonb_populate_record(NULL::botdet.account_features, '{{\"typo_rate\": \"{value}\"}}'))"
        ));
        assert_eq!(refusal.code, "22003", "{value}: {}", refusal.message);
        assert!(refusal.message.contains("feature typo_rate is"), "{}", refusal.message);
    }
    let nothing: String =
        client.value("SELECT (botdet_score(NULL::botdet.account_features)).stage IS NULL || ''", &[]);
    assert_eq!(nothing, "true");
    let all_missing: String = client.value("SELECT (botdet_score(jsonb_populate_record(NULL::botdet.account_features, '{\"typo_rate\": 0}'))).stage", &[]);
    assert_eq!(all_missing, "trees");
}

#[test]
fn null_arguments_give_null() {
    let database = TestDatabase::populated("nulls");
    let mut client = database.connect();
    for call in [
        "botdet_score(NULL::bigint)",
        "botdet_anomaly(NULL)",
        "botdet_rebuild_state(NULL)",
        "botdet_store_scores(NULL)",
        "botdet_activate(NULL)",
        "botdet_deactivate(NULL)",
    ] {
        assert!(client.value::<bool>(&format!("SELECT ({call})::text IS NULL"), &[]), "{call}");
    }
    for call in ["botdet_score_batch(NULL)", "botdet_explain(NULL)"] {
        assert_eq!(client.value::<i64>(&format!("SELECT count(*) FROM {call}"), &[]), 0, "{call}");
    }
    assert_eq!(client.refused("SELECT botdet_register_model(NULL)").code, "22004");
}

#[test]
fn the_threshold_of_the_detector_decides() {
    let database = TestDatabase::populated("threshold");
    let mut client = database.connect();
    let bots = |client: &mut Client| -> i64 {
        client.value(&format!("SELECT count(*) FROM {ALL} WHERE is_bot"), &[])
    };
    let before = bots(&mut client);
    client.run("UPDATE botdet.detector SET threshold = 0");
    assert_eq!(bots(&mut client), i64::from(ACCOUNTS));
    client.run("UPDATE botdet.detector SET threshold = 1");
    assert_eq!(bots(&mut client), 0);
    client.run("UPDATE botdet.detector SET threshold = NULL");
    assert_eq!(bots(&mut client), before);
}

#[test]
fn settings_out_of_their_range_are_refused_by_name_and_value() {
    let database = TestDatabase::new("settings_refused");
    let mut client = database.connect();
    for (table, settings, message) in [
        ("detector", "threshold = 1.1", "threshold must be at least 0 and at most 1, not 1.1"),
        ("detector", "threshold = 'NaN'", "threshold must be at least 0 and at most 1, not NaN"),
        ("detector", "base_rate = 0", "base_rate must be above 0 and below 1, not 0"),
        (
            "detector",
            "automatic_threshold = 0.5, threshold = 0.9",
            "automatic_threshold is 0.5, and must not be below threshold, 0.9",
        ),
        (
            "detector",
            "insert_mode = 'sometimes'",
            "insert_mode must be inline, filter, queue or off, not sometimes",
        ),
        ("feedback_setting", "golden_share = -1", "golden_share must be at least 0 and at most 1, not -1"),
        ("feedback_setting", "retrain_interval = '0'", "retrain_interval must be above 0, not 00:00:00"),
        ("learning_setting", "most_flagged_ratio = 0.5", "most_flagged_ratio must be at least 1, not 0.5"),
        (
            "learning_setting",
            "probation_interval = '-1 day'",
            "probation_interval must be at least 0, not -1 days",
        ),
        ("drift_setting", "least_rows = 0", "least_rows must be at least 1, not 0"),
    ] {
        if table != "detector" {
            client.run(&format!(
                "INSERT INTO botdet.{table} (detector) VALUES ('account') ON CONFLICT DO NOTHING"
            ));
        }
        let refusal =
            client.refused(&format!("UPDATE botdet.{table} SET {settings} WHERE detector = 'account'"));
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("23514", message));
    }
    client.run(
        "UPDATE botdet.learning_setting SET margin = 0, shadow_interval = '0', probation_interval = NULL, most_flagged_ratio = 1;
         UPDATE botdet.detector SET threshold = 1, automatic_threshold = 1, base_rate = 1e-300",
    );
}

#[test]
fn the_threshold_decides_for_rules_too() {
    let database = TestDatabase::new("rules_threshold");
    let mut client = database.connect();
    client.run("INSERT INTO botdet.account (account_id) VALUES (1)");
    let is_bot =
        |client: &mut Client| -> bool { client.value("SELECT (botdet_score(1::bigint)).is_bot", &[]) };
    assert!(!is_bot(&mut client));
    client.run("UPDATE botdet.detector SET threshold = 0.01");
    assert!(is_bot(&mut client));
}

#[test]
fn the_insert_mode_decides_what_the_trigger_does() {
    let database = TestDatabase::populated("insert_mode");
    let mut client = database.connect();
    let uncertain: i64 =
        client.value("SELECT min(account_id) FROM botdet.score WHERE stage = 'sequence'", &[]);
    let mut stored = |mode: &str| -> Option<String> {
        client.run(&format!(
            "UPDATE botdet.detector SET insert_mode = '{mode}'; DELETE FROM botdet.score;
             INSERT INTO botdet.activity (account_id, occurred_at, action)
             SELECT {uncertain}, max(occurred_at), 'view' FROM botdet.activity WHERE account_id = {uncertain}"
        ));
        let stages: Vec<String> = client.column("SELECT stage FROM botdet.score", &[]);
        stages.into_iter().next()
    };
    assert_eq!(stored("inline").as_deref(), Some("sequence"));
    assert_eq!(stored("filter").as_deref(), Some("filter"));
    assert_eq!(stored("off"), None);
}

#[test]
fn an_insert_scores_what_it_has_just_inserted() {
    let database = TestDatabase::populated("fresh");
    let mut client = database.connect();
    for account in [9001i64, 9002] {
        client.run(&insert(&format!("ARRAY[{account}]"), 1, 60));
        let stored: String = client.value(
            "SELECT (to_jsonb(s) - 'scored_at' - 'detector')::text FROM botdet.score s WHERE account_id = $1",
            &[&account],
        );
        assert_eq!(stored, score(&mut client, account));
    }
}

#[test]
fn an_account_with_a_profile_only_is_scored_without_a_sequence() {
    let database = TestDatabase::populated("profile_only");
    let mut client = database.connect();
    client.run("INSERT INTO botdet.account (account_id, followers, following) VALUES (9001, 1, 5000)");
    assert_eq!(stage(&mut client, 9001), "trees");
}

#[test]
fn features_of_absurd_profiles_can_be_scored() {
    let database = TestDatabase::populated("absurd");
    let mut client = database.connect();
    client
        .run("UPDATE botdet.account SET followers = 9223372036854775807, following = 0 WHERE account_id = 1");
    let probability: f64 = client.value("SELECT (botdet_score(botdet_features(1))).bot_probability", &[]);
    assert!((0.0..=1.0).contains(&probability));
}

#[test]
fn an_explanation_adds_up_to_the_score() {
    let database = TestDatabase::populated("explanation");
    let mut client = database.connect();
    let differences: Vec<f64> = client.column(
        "SELECT abs((SELECT sum(contribution) FROM botdet_explain(account_id)) - ln(bot_probability / (1 - bot_probability)))
         FROM botdet.score",
        &[],
    );
    assert_eq!(differences.len(), ACCOUNTS as usize);
    assert!(differences.iter().all(|difference| *difference < 1e-6), "{differences:?}");
}

#[test]
fn an_explanation_lists_every_feature_strongest_first() {
    let database = TestDatabase::populated("explain");
    let mut client = database.connect();
    let features: i64 = client.value(
        "SELECT count(DISTINCT feature) FROM botdet_explain(1) JOIN botdet.feature_catalog USING (feature)",
        &[],
    );
    assert_eq!(features, 48);
    let contributions: Vec<f64> = client.column("SELECT abs(contribution) FROM botdet_explain(1)", &[]);
    assert!(contributions.is_sorted_by(|a, b| a >= b), "{contributions:?}");
    let same_value: bool = client.value(
        "SELECT bool_and(e.value IS NOT DISTINCT FROM f.value::float8 AND coalesce(e.percentile BETWEEN 0 AND 1, true))
                AND count(e.percentile) >= 21
         FROM botdet_explain(1) AS e JOIN jsonb_each_text(to_jsonb(botdet_features(1))) AS f (feature, value) USING (feature)",
        &[],
    );
    assert!(same_value);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet_explain(404404)", &[]), 0);
    client.run("SELECT botdet_deactivate()");
    let by_rules: Vec<Option<f64>> = client.column("SELECT percentile FROM botdet_explain(1)", &[]);
    assert!(by_rules.iter().all(Option::is_none), "rules know no peers");
}

#[test]
fn an_anomaly_names_the_features_that_stand_out() {
    let database = TestDatabase::populated("anomaly");
    let mut client = database.connect();
    let row = client.query_one("SELECT * FROM botdet_anomaly(1)", &[]).expect("it answers");
    assert!((0.0..=1.0).contains(&row.get::<_, f64>("anomaly_score")));
    assert_eq!(row.get::<_, Vec<String>>("outstanding").len(), 3);
    let same: bool = client.value(
        "SELECT bool_and(s.anomaly_score = a.anomaly_score AND s.is_anomaly = a.is_anomaly)
         FROM botdet.score s, LATERAL botdet_anomaly(s.account_id) AS a",
        &[],
    );
    assert!(same, "score and anomaly agree");
    let row = client.query_one("SELECT * FROM botdet_anomaly(404404)", &[]).expect("it answers");
    assert_eq!(row.get::<_, Option<f64>>("anomaly_score"), None);
}

#[test]
fn anomalies_and_explanations_by_key_are_those_by_number() {
    let database = TestDatabase::populated("by_key");
    let mut client = database.connect();
    let uuid = "6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b";
    client.run(&format!("UPDATE botdet.account SET account_key = '{uuid}' WHERE account_id = 2"));
    let key: String = client.value("SELECT account_key FROM botdet.account WHERE account_id = 1", &[]);
    let keys = [
        (1, format!("'{key}'")),
        (1, "'1'".to_owned()),
        (2, format!("'{uuid}'")),
        (2, format!("'{uuid}'::uuid")),
    ];
    for (number, key) in keys {
        let same: bool = client.value(
            &format!(
                "SELECT botdet_anomaly({key}) = botdet_anomaly({number}::bigint)
                    AND ARRAY(SELECT e FROM botdet_explain({key}) AS e) = ARRAY(SELECT e FROM botdet_explain({number}::bigint) AS e)"
            ),
            &[],
        );
        assert!(same, "{key}");
    }
    for nobody in ["'nobody'", "gen_random_uuid()"] {
        let row =
            client.query_one(&format!("SELECT * FROM botdet_anomaly({nobody})"), &[]).expect("it answers");
        assert_eq!(row.get::<_, Option<i64>>("account_id"), None, "{nobody}");
        assert_eq!(row.get::<_, Option<f64>>("anomaly_score"), None, "{nobody}");
        assert_eq!(row.get::<_, Vec<String>>("outstanding"), Vec::<String>::new(), "{nobody}");
        let id: Option<i64> = client.value(&format!("SELECT (botdet_score({nobody})).account_id"), &[]);
        assert_eq!(id, None, "{nobody}");
        assert_eq!(client.value::<i64>(&format!("SELECT count(*) FROM botdet_explain({nobody})"), &[]), 0);
    }
    let id: i64 = client.value("SELECT (botdet_anomaly(404404)).account_id", &[]);
    assert_eq!(id, 404_404, "a number is nobody's, and yet a number");
}

#[test]
fn without_a_model_there_is_no_anomaly() {
    let database = TestDatabase::new("no_anomaly");
    let refusal = database.connect().refused("SELECT botdet_anomaly(1)");
    assert_eq!(refusal.code, "55000");
    assert!(refusal.hint.contains("botdet_activate()"), "{}", refusal.hint);
}

#[test]
fn flagged_accounts_are_those_called_bots() {
    let database = TestDatabase::populated("flagged");
    let same: bool = database.connect().value(
        "SELECT (SELECT array_agg(account_id ORDER BY 1) FROM botdet.flagged_account)
              = (SELECT array_agg(account_id ORDER BY 1) FROM botdet.score WHERE is_bot)",
        &[],
    );
    assert!(same);
}
