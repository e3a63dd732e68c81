//! Which version answers: validated, approved, in shadow, split, rolled back, watched, and who did it.

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::Pipeline;
use botdet_tests::activity::insert;
use botdet_tests::{Sql, TestDatabase, model};
use postgres::Client;

use crate::support::answering;
use crate::versions::two_versions;

#[test]
fn a_version_answers_its_probes_as_where_it_was_made() {
    let (database, full, filter) = two_versions("probes");
    let mut client = database.connect();
    for version in [&full, &filter] {
        let row = client
            .query_one(
                "SELECT passed, probes, largest_difference <= 1e-6, tolerance FROM botdet_validate_model($1)",
                &[version],
            )
            .expect("it is sound");
        assert_eq!((row.get(0), row.get(1), row.get(2), row.get(3)), (true, 16, true, 1e-4), "{version}");
    }
    let noted: i64 = client.value(
        "SELECT count(*) FROM botdet.model_version WHERE validated_at IS NOT NULL AND validated_by = session_user AND probes = 16",
        &[],
    );
    assert_eq!(noted, 2);
}

#[test]
fn what_is_set_for_a_detector_does_not_move_probes() {
    let (database, full, _) = two_versions("probes_set");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET base_rate = 0.001, threshold = 0.9 WHERE detector = 'account'");
    client.run("SELECT botdet_score(account_id) FROM botdet.account LIMIT 3");
    assert!(client.value::<bool>("SELECT passed FROM botdet_validate_model($1)", &[&full]));
}

#[test]
fn a_version_that_answers_otherwise_than_where_it_was_made_is_not_deployed() {
    let (database, full, _) = two_versions("probes_differ");
    let mut client = database.connect();
    let odd = register_with_moved_probes(&mut client, 0.01);
    let row = client
        .query_one("SELECT passed, largest_difference FROM botdet_validate_model($1)", &[&odd])
        .expect("it can be opened");
    assert!(!row.get::<_, bool>(0) && (row.get::<_, f64>(1) - 0.01).abs() < 1e-4);
    for deploy in ["botdet_activate($1)", "botdet_shadow($1)", "botdet_split($1, 0.5)"] {
        let refusal = client.refused_with(&format!("SELECT {deploy}"), &[&odd]);
        assert_eq!(refusal.code, "22000", "{deploy}: {}", refusal.message);
        assert!(refusal.message.contains(&odd), "{}", refusal.message);
    }
    assert_eq!(answering(&mut client), Some(full));
}

#[test]
fn probes_outside_the_range_of_their_feature_are_refused() {
    let (database, ..) = two_versions("probe_range");
    let mut client = database.connect();
    let version =
        register_with_probes(&mut client, |probes| probes[0]["values"][2] = serde_json::json!(-5.0));
    let refusal = client.refused_with("SELECT botdet_validate_model($1)", &[&version]);
    assert_eq!(refusal.code, "22P03", "{}", refusal.message);
    assert!(refusal.message.contains("burst_score is -5"), "{}", refusal.message);
}

#[test]
fn a_version_needs_another_person_where_that_is_asked_for() {
    let (mut database, full, filter) = two_versions("approval");
    let mut owner = database.connect();
    owner.run("SELECT botdet_activate(version) FROM botdet.model_versions WHERE NOT is_champion");
    owner.run("UPDATE botdet.detector SET needs_approval = true WHERE detector = 'account'");
    let refusal = owner.refused_with("SELECT botdet_activate($1)", &[&full]);
    assert_eq!(refusal.code, "55000");
    assert!(refusal.message.contains("is not approved") && refusal.hint.contains("botdet_approve"));
    assert_eq!(owner.refused_with("SELECT botdet_split($1, 0.5)", &[&full]).code, "55000");
    assert_eq!(owner.refused_with("SELECT botdet_approve($1)", &[&full]).code, "42501", "it is their own");
    owner.change("SELECT botdet_shadow($1)", &[&full]);
    let role = database.role("approver");
    owner.run(&format!(
        "GRANT USAGE ON SCHEMA botdet TO {role}; GRANT EXECUTE ON FUNCTION botdet_approve(text, text) TO {role}"
    ));
    owner.run(&format!("GRANT EXECUTE ON FUNCTION botdet.find_version(text, text) TO {role}"));
    let mut approver = database.connect_as(&role);
    assert_eq!(approver.refused("UPDATE botdet.model_version SET approved_by = 'me'").code, "42501");
    assert_eq!(
        approver.refused("SELECT botdet_approve('challenger')").code,
        "22023",
        "it may be another by then"
    );
    approver.change("SELECT botdet_approve($1)", &[&full]);
    owner.change("SELECT botdet_activate($1)", &[&full]);
    assert_eq!(answering(&mut owner).as_ref(), Some(&full));
    assert_ne!(full, filter);
    let login = database.role("admin");
    owner.run(&format!("GRANT botdet_admin TO {login}"));
    let mut admin = database.connect_as(&login);
    assert_eq!(admin.refused("UPDATE botdet.detector SET needs_approval = false").code, "42501", "not alone");
    let approved: String =
        owner.value("SELECT actor FROM botdet.audit WHERE action = 'approve' AND version = $1", &[&full]);
    assert_eq!(approved, role);
}

#[test]
fn a_shadow_is_stored_and_compared_and_never_answers() {
    let (database, full, filter) = two_versions("shadow");
    let mut client = database.connect();
    client.change("SELECT botdet_shadow($1)", &[&filter]);
    client.run("UPDATE botdet.label SET labelled_at = clock_timestamp() WHERE account_id % 3 = 0");
    client.run("CALL botdet_refresh_scores()");
    client.run(&insert("ARRAY[9001, 9002]", 1, 60));
    client.run("SELECT botdet_store_scores(ARRAY[9001, 5])");
    let answered: Vec<String> = client.column("SELECT DISTINCT model_version FROM botdet.score", &[]);
    assert_eq!(answered, std::slice::from_ref(&full));
    let (scores, shadows): (i64, i64) = (
        client.value("SELECT count(*) FROM botdet.score", &[]),
        client.value(
            "SELECT count(*) FROM botdet.shadow_score WHERE model_version = $1 AND failure IS NULL",
            &[&filter],
        ),
    );
    assert_eq!(scores, shadows, "one beside each");
    assert_eq!(answering(&mut client), Some(full.clone()));
    // Its scores are those it gives when it answers.
    let differing = "SELECT count(*) FROM botdet.shadow_score x, LATERAL botdet_score(x.account_id) AS s
                     WHERE s.bot_probability <> x.bot_probability OR s.is_bot <> x.is_bot OR s.stage <> x.stage";
    assert!(client.value::<i64>(differing, &[]) > 0, "the champion's are others");
    let compared: bool = client.value(
        "SELECT champion = $1 AND challenger = $2 AND accounts = $3 AND agreement BETWEEN 0.5 AND 1 AND failures = 0
                AND labels > 0 AND champion_right <= labels AND abs(correlation) <= 1 AND mean_absolute_difference > 0
         FROM botdet.shadow_comparison",
        &[&full, &filter, &scores],
    );
    assert!(compared);
    client.change("SELECT botdet_activate('challenger')", &[]);
    assert_eq!(client.value::<i64>(differing, &[]), 0);
    assert_eq!(answering(&mut client), Some(filter));
    let challengers: i64 =
        client.value("SELECT count(*) FROM botdet.deployment WHERE alias = 'challenger'", &[]);
    assert_eq!(challengers, 0, "it is the champion now");
}

#[test]
fn a_shadow_that_fails_harms_nobody() {
    let (database, full, filter) = two_versions("failing_shadow");
    let mut client = database.connect();
    client.change("SELECT botdet_shadow($1)", &[&filter]);
    break_version(&mut client, &filter);
    let mut client = database.connect();
    client.run(&insert("ARRAY[9001]", 1, 60));
    let answered: String =
        client.value("SELECT model_version FROM botdet.score WHERE account_id = 9001", &[]);
    assert_eq!(answered, full);
    let failure: String =
        client.value("SELECT failure FROM botdet.shadow_score WHERE account_id = 9001", &[]);
    assert!(failure.contains("cannot be used"), "{failure}");
}

#[test]
fn a_split_follows_the_account_and_grows_without_moving_anybody_back() {
    let (database, full, filter) = two_versions("split");
    let mut client = database.connect();
    let challenged = |client: &mut Client, share: f64| -> Vec<i64> {
        client.change("SELECT botdet_split($1, $2)", &[&filter, &share]);
        client.column(
            "SELECT g FROM generate_series(1::bigint, 20000) AS g WHERE botdet_serving_version(g) = $1 ORDER BY g",
            &[&filter],
        )
    };
    let some = challenged(&mut client, 0.1);
    assert!((1_800..2_200).contains(&some.len()), "{}", some.len());
    let more = challenged(&mut client, 0.4);
    assert!((7_700..8_300).contains(&more.len()), "{}", more.len());
    assert!(some.iter().all(|account| more.binary_search(account).is_ok()));
    // Scores come from the version that answers for the account, wherever they are made.
    let wrong = "SELECT count(*) FROM botdet.account a, LATERAL botdet_score(a.account_id) AS s
                 WHERE s.model_version IS DISTINCT FROM botdet_serving_version(a.account_id)";
    assert_eq!(client.value::<i64>(wrong, &[]), 0);
    let batch = "SELECT array_agg(DISTINCT model_version ORDER BY model_version)
                 FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account))";
    let mut both = vec![full.clone(), filter.clone()];
    both.sort();
    assert_eq!(client.value::<Vec<String>>(batch, &[]), both);
    client.run("CALL botdet_refresh_scores()");
    let stored = "SELECT count(*) FROM botdet.score
                  WHERE model_version IS DISTINCT FROM botdet_serving_version(account_id) AND stage <> 'none'";
    assert_eq!(client.value::<i64>(stored, &[]), 0);
    let wrong = "SELECT count(*) FROM botdet.account AS k, LATERAL botdet_anomaly(k.account_id) AS a
                 WHERE a.model_version <> botdet_serving_version(k.account_id)";
    assert_eq!(client.value::<i64>(wrong, &[]), 0);
    // What has no account is the champion's.
    let of_features: String =
        client.value("SELECT (botdet_score(botdet_features(1::bigint))).model_version", &[]);
    assert_eq!(of_features, full);
    // Scores of accounts that have changed hands are those that a partial refresh makes.
    client.change("SELECT botdet_withdraw()", &[]);
    client.run("CALL botdet_refresh_scores(everything => false)");
    assert_eq!(client.column::<String>("SELECT DISTINCT model_version FROM botdet.score", &[]), [full]);
    assert_eq!(client.value::<i64>(stored, &[]), 0);
}

#[test]
fn shares_and_versions_that_make_no_sense_are_refused() {
    let (database, full, filter) = two_versions("split_refused");
    let mut client = database.connect();
    for share in [0.0, 1.0, -0.5, f64::NAN] {
        let refusal = client.refused_with("SELECT botdet_split($1, $2)", &[&filter, &share]);
        assert_eq!(refusal.code, "22023", "{share}: {}", refusal.message);
    }
    assert_eq!(client.refused_with("SELECT botdet_shadow($1)", &[&full]).code, "55000", "it is the champion");
    assert_eq!(client.refused("SELECT botdet_shadow('account-00000000')").code, "42704");
    assert_eq!(client.refused("SELECT botdet_serving_version(1, 'weather')").code, "42704");
    let second = client.refused(
        "INSERT INTO botdet.deployment (detector, model_version_id)
         SELECT detector, model_version_id FROM botdet.model_versions WHERE NOT is_champion",
    );
    assert_eq!(second.code, "23505", "one champion");
}

#[test]
fn rolling_back_goes_back_step_by_step() {
    let (database, full, filter) = two_versions("rollback");
    let mut client = database.connect();
    let third = register_with_moved_probes(&mut client, 0.0);
    let refusal = client.refused("SELECT botdet_rollback()");
    assert_eq!(refusal.code, "55000");
    assert!(refusal.message.contains("no earlier champion"), "{}", refusal.message);
    for version in [&filter, &filter, &third] {
        client.change("SELECT botdet_activate($1)", &[version]);
    }
    client.change("SELECT botdet_shadow($1)", &[&filter]);
    let mut warm = database.connect();
    assert_eq!(answering(&mut warm).as_ref(), Some(&third));
    assert_eq!(client.value::<String>("SELECT botdet_rollback()", &[]), filter, "though it was in shadow");
    assert_eq!(answering(&mut warm).as_ref(), Some(&filter));
    assert_eq!(client.value::<String>("SELECT botdet_rollback(reason => 'still bad')", &[]), full);
    assert_eq!(answering(&mut warm).as_ref(), Some(&full));
    assert_eq!(client.refused("SELECT botdet_rollback()").code, "55000");
    client.change("SELECT botdet_activate($1)", &[&filter]);
    client.change("SELECT botdet_activate($1)", &[&third]);
    client.change("DELETE FROM botdet.model_version WHERE version = $1", &[&filter]);
    assert_eq!(client.value::<String>("SELECT botdet_rollback()", &[]), full, "one was deleted");
}

#[test]
fn who_did_what_is_kept() {
    let (database, full, filter) = two_versions("audit");
    let mut client = database.connect();
    client.run(&format!(
        "SELECT botdet_shadow('{filter}'); SELECT botdet_split('challenger', 0.25); SELECT botdet_withdraw();
         SELECT botdet_activate('{filter}'); SELECT botdet_rollback(reason => 'too slow');
         UPDATE botdet.detector SET threshold = 0.7 WHERE detector = 'account';
         UPDATE botdet.detector SET threshold = 0.7 WHERE detector = 'account';
         SELECT botdet_watch('precision', 0.9); SELECT botdet_deactivate()"
    ));
    let actions: Vec<String> = client.column(
        "SELECT concat_ws(' ', action, version, reason) FROM botdet.audit
         WHERE action NOT IN ('register', 'validate', 'create') AND actor = session_user ORDER BY occurred_at",
        &[],
    );
    let expected = [
        format!("activate {full} activated"),
        format!("shadow {filter} in shadow"),
        format!("split {filter} split"),
        format!("withdraw {filter}"),
        format!("activate {filter} activated"),
        format!("roll back {full} too slow"),
        "set".to_owned(),
        "watch".to_owned(),
        format!("deactivate {full}"),
    ];
    assert_eq!(actions, expected);
    let change: String = client.value("SELECT concat(old, new) FROM botdet.audit WHERE action = 'set'", &[]);
    assert_eq!(change, r#"{"threshold": null}{"threshold": 0.7}"#);
    let change: bool = client.value(
        "SELECT old ->> 'version' = $1 AND old ->> 'activated_by' = session_user AND new ->> 'version' = $2
         FROM botdet.audit WHERE action = 'activate' AND version = $2",
        &[&full, &filter],
    );
    assert!(change, "old and new");
    for change in
        ["UPDATE botdet.audit SET actor = 'nobody'", "DELETE FROM botdet.audit", "TRUNCATE botdet.audit"]
    {
        assert_eq!(client.refused(change).code, "55000", "{change}");
    }
}

#[test]
fn a_champion_that_degrades_is_rolled_back() {
    let (database, full, filter) = two_versions("watch");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET threshold = 0.5 WHERE detector = 'account'");
    client.change("SELECT botdet_activate($1)", &[&filter]);
    client.run("CALL botdet_refresh_scores()");
    client.run("SELECT botdet_watch('precision', 0.8, 20)");
    let check = "SELECT count(*) FILTER (WHERE rolled_back_to IS NULL) - count(rolled_back_to)
                 FROM botdet_check_watches()";
    assert_eq!(client.value::<i64>(check, &[]), 0, "labels of the training do not count");
    // Reviewers find that half of those it calls bots are not.
    let review = "UPDATE botdet.label l SET is_bot = l.account_id % 2 = 0, labelled_at = clock_timestamp()
                  FROM (SELECT account_id FROM botdet.score WHERE is_bot ORDER BY account_id OFFSET $1 LIMIT $2) AS s
                  WHERE s.account_id = l.account_id";
    client.change(review, &[&0i64, &10i64]);
    assert_eq!(client.value::<i64>(check, &[]), 1, "too few to say");
    assert_eq!(answering(&mut client).as_ref(), Some(&filter));
    client.change(review, &[&10i64, &40i64]);
    let row = client
        .query_one("SELECT version, value, labels, rolled_back_to FROM botdet_check_watches()", &[])
        .expect("it is watched");
    assert_eq!(row.get::<_, String>(0), filter);
    assert!((0.2..0.8).contains(&row.get::<_, f64>(1)) && row.get::<_, i64>(2) >= 20);
    assert_eq!(row.get::<_, String>(3), full);
    assert_eq!(answering(&mut client), Some(full));
    let reason: String = client.value("SELECT reason FROM botdet.audit WHERE action = 'roll back'", &[]);
    assert!(reason.starts_with("precision 0.") && reason.contains("is below 0.8"), "{reason}");
}

#[test]
fn watches_that_make_no_sense_are_refused() {
    let database = TestDatabase::new("watch_refused");
    let mut client = database.connect();
    for watch in ["'beauty', 0.5", "'recall', 0", "'recall', 1.5", "'recall', 0.5, 0"] {
        assert_eq!(client.refused(&format!("SELECT botdet_watch({watch})")).code, "22023", "{watch}");
    }
    let refusal = client.refused("SELECT botdet_watch('recall', 0.5, 0)");
    assert_eq!(refusal.message, "labels is 0, and must be at least 1");
    assert_eq!(client.refused("SELECT botdet_watch('recall', 0.5, 10, 'weather')").code, "42704");
    assert!(!client.value::<bool>("SELECT botdet_unwatch()", &[]));
}

#[test]
fn thresholds_say_what_is_to_be_done() {
    let (database, ..) = two_versions("action");
    let mut client = database.connect();
    client.run(
        "UPDATE botdet.detector SET threshold = 0.4, automatic_threshold = 0.9 WHERE detector = 'account'",
    );
    client.run("CALL botdet_refresh_scores()");
    let wrong = "SELECT count(*) FROM botdet.score
                 WHERE action IS DISTINCT FROM
                       CASE WHEN bot_probability >= 0.9 THEN 'automatic' WHEN bot_probability >= 0.4 THEN 'review' ELSE 'none' END";
    assert_eq!(client.value::<i64>(wrong, &[]), 0);
    let kinds: i64 = client.value("SELECT count(DISTINCT action) FROM botdet.score", &[]);
    assert_eq!(kinds, 3);
    assert_eq!(
        client.value::<String>(
            "SELECT DISTINCT action FROM botdet.flagged_account WHERE action <> 'review'",
            &[]
        ),
        "automatic"
    );
    // Rules are no ground to act upon without a look, unless somebody says so.
    client.run(
        "UPDATE botdet.detector SET automatic_threshold = NULL, threshold = 0.01; SELECT botdet_deactivate()",
    );
    let by_rules =
        "SELECT array_agg(DISTINCT s.action) FROM botdet.account, LATERAL botdet_score(account_id) AS s";
    assert_eq!(client.value::<Vec<String>>(by_rules, &[]), ["review"]);
    client.run("UPDATE botdet.detector SET automatic_threshold = 0.01");
    assert_eq!(client.value::<Vec<String>>(by_rules, &[]), ["automatic"]);
    assert_eq!(client.refused("UPDATE botdet.detector SET automatic_threshold = 1.5").code, "23514");
}

#[test]
fn a_base_rate_moves_probabilities_and_what_explains_them() {
    let (database, ..) = two_versions("base_rate");
    let mut client = database.connect();
    let log_odds = "SELECT sum(ln(s.bot_probability / (1 - s.bot_probability)))
                    FROM (SELECT account_id FROM botdet.account ORDER BY account_id LIMIT 50) AS a,
                         LATERAL botdet_score(account_id) AS s";
    let plain: f64 = client.value(log_odds, &[]);
    client.run("UPDATE botdet.detector SET base_rate = 0.05 WHERE detector = 'account'");
    let rare: f64 = client.value(log_odds, &[]);
    client.run("UPDATE botdet.detector SET base_rate = 0.01 WHERE detector = 'account'");
    let rarer: f64 = client.value(log_odds, &[]);
    let expected = 50.0 * ((0.01f64 / 0.99).ln() - (0.05f64 / 0.95).ln());
    assert!(plain > rare && (rarer - rare - expected).abs() < 0.01, "{plain} {rare} {rarer}");
    let off: f64 = client.value(
        "SELECT max(abs(e.sum - ln(s.bot_probability / (1 - s.bot_probability))))
         FROM (SELECT account_id FROM botdet.account ORDER BY account_id LIMIT 20) AS a,
              LATERAL botdet_score(a.account_id) AS s,
              LATERAL (SELECT sum(contribution) FROM botdet_explain(a.account_id)) AS e",
        &[],
    );
    assert!(off < 1e-4, "{off}");
    for share in ["0", "1", "-0.1"] {
        assert_eq!(client.refused(&format!("UPDATE botdet.detector SET base_rate = {share}")).code, "23514");
    }
}

/// Registers the full model with probabilities of its probes that are off by so much.
pub fn register_with_moved_probes(client: &mut Client, by: f64) -> String {
    register_with_probes(client, |probes| {
        for probe in probes.as_array_mut().expect("they are a list") {
            let probability = probe["probability"].as_f64().expect("it is a number");
            let moved = if probability > 0.5 { probability - by } else { probability + by };
            probe["probability"] = serde_json::json!(moved);
            probe["anomaly"] = probe["anomaly"].take();
        }
        // Another artifact even where nothing has moved.
        probes.as_array_mut().expect("they are a list").truncate(15);
    })
}

fn register_with_probes(client: &mut Client, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let real = Artifact::from_bytes(model()).expect("the model is sound");
    let mut probes =
        serde_json::from_slice(real.required(Pipeline::PROBES).expect("it has probes")).expect("JSON");
    change(&mut probes);
    let names = ["decision", "trees", "isolation_forest", "autoencoder", "sequence.onnx"];
    let mut parts: Vec<(&str, Vec<u8>)> =
        names.iter().filter_map(|name| Some((*name, real.part(name)?.to_vec()))).collect();
    parts.push((Pipeline::PROBES, serde_json::to_vec(&probes).expect("JSON")));
    let artifact = Artifact::new(real.manifest().clone(), parts).to_bytes();
    client.value("SELECT botdet_register_model($1)", &[&artifact])
}

/// What a broken disk does to one version.
pub fn break_version(client: &mut Client, version: &str) {
    client.run(&format!(
        "ALTER TABLE botdet.model_version DISABLE TRIGGER USER;
         UPDATE botdet.model_version v
         SET artifact = c.artifact, sha256 = encode(sha256(c.artifact), 'hex')
         FROM (SELECT model_version_id, set_byte(artifact, 2000, get_byte(artifact, 2000) # 255) AS artifact
               FROM botdet.model_version WHERE version = '{version}') AS c
         WHERE c.model_version_id = v.model_version_id;
         ALTER TABLE botdet.model_version ENABLE TRIGGER USER"
    ));
}

#[test]
fn a_deactivation_leaves_a_way_back() {
    let (database, full, filter) = two_versions("way_back");
    let mut client = database.connect();
    client.change("SELECT botdet_activate($1)", &[&filter]);
    client.run("SELECT botdet_deactivate()");
    assert_eq!(answering(&mut client), None);
    assert_eq!(client.value::<String>("SELECT botdet_rollback(reason => 'too early')", &[]), filter);
    assert_eq!(answering(&mut client), Some(filter.clone()));
    assert_eq!(client.value::<String>("SELECT botdet_rollback()", &[]), full, "and those before it");
    assert_eq!(client.refused("SELECT botdet_rollback()").code, "55000");
    // Whatever is activated in its place has the same ones before it.
    client.change("SELECT botdet_activate($1)", &[&filter]);
    client.run("SELECT botdet_deactivate(); SELECT botdet_deactivate()");
    client.change("SELECT botdet_activate($1)", &[&filter]);
    assert_eq!(client.value::<String>("SELECT botdet_rollback()", &[]), full);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.deactivated_champion", &[]), 0);
    let told: Vec<String> = client.column(
        "SELECT concat_ws(' ', action, reason) FROM botdet.audit
         WHERE action IN ('activate', 'roll back', 'deactivate') AND actor = session_user ORDER BY occurred_at",
        &[],
    );
    let expected = [
        "activate activated",
        "activate activated",
        "deactivate",
        "roll back too early",
        "roll back rolled back",
        "activate activated",
        "deactivate",
        "activate activated",
        "roll back rolled back",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_version_keeps_what_it_was_seen_to_do() {
    let (database, full, filter) = two_versions("kept_answers");
    let mut client = database.connect();
    client.run("CALL botdet_refresh_scores()");
    client.run(
        "DELETE FROM botdet.label WHERE account_id <= 60;
         INSERT INTO botdet.label (account_id, is_bot) SELECT account_id, account_id % 2 = 0 FROM botdet.account WHERE account_id <= 40",
    );
    let figures = "SELECT to_jsonb(p)::text FROM botdet.performance('account', $1, '-infinity') AS p";
    let labels: i64 =
        client.value("SELECT labels FROM botdet.version_performance WHERE version = $1", &[&full]);
    assert!(labels >= 40, "{labels}");
    client.change("SELECT botdet_activate($1)", &[&filter]);
    // One more is told when the next version answers, about an answer of this one.
    client.run("INSERT INTO botdet.label (account_id, is_bot) SELECT min(account_id), true FROM botdet.account WHERE account_id > 40");
    client.run("CALL botdet_refresh_scores()");
    let kept: i64 =
        client.value("SELECT labels FROM botdet.version_performance WHERE version = $1", &[&full]);
    assert_eq!(kept, labels + 1);
    let of_next: i64 =
        client.value("SELECT labels FROM botdet.version_performance WHERE version = $1", &[&filter]);
    assert_eq!(of_next, labels + 1, "each is judged by its own answers");
    client.run("DELETE FROM botdet.label WHERE account_id = (SELECT min(account_id) FROM botdet.account WHERE account_id > 40)");
    // Labels of before the version are counted by its latest scores alone, which the next one's have taken the place of.
    let told_since: String = client.value(
        "SELECT to_jsonb(p)::text FROM botdet.performance('account', $1,
             (SELECT created_at FROM botdet.model_version WHERE version = $1)) AS p",
        &[&full],
    );
    assert_eq!(client.value::<String>(figures, &[&full]), told_since);
    // A changed mind counts for all of them; what is forgotten, for none.
    client.run("UPDATE botdet.label SET is_bot = NOT is_bot WHERE account_id <= 40");
    let turned: bool = client.value(
        "SELECT abs(1 - ($1::jsonb ->> 'accuracy')::float8 - accuracy) < 1e-12
         FROM botdet.version_performance WHERE version = $2",
        &[&serde_json::from_str::<serde_json::Value>(&told_since).expect("it is JSON"), &full],
    );
    assert!(turned);
    client.run("DELETE FROM botdet.label");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.labelled_answer", &[]), 0);
}

#[test]
fn what_is_done_at_once_is_not_less_sure_than_what_is_a_bot() {
    let database = TestDatabase::new("thresholds_in_order");
    let mut client = database.connect();
    let set =
        "UPDATE botdet.detector SET threshold = 0.9, automatic_threshold = 0.5 WHERE detector = 'account'";
    assert_eq!(client.refused(set).code, "23514");
    client.run(&set.replace("0.5", "0.9"));
}
