//! Objects that others have put in the way: first on the search path, beside the extension, into bound tables.

use std::collections::BTreeSet;

use botdet_tests::activity::insert;
use botdet_tests::{Sql, TestDatabase, filter_model};
use postgres::Client;

/// Every function and procedure that is called by name, and every view. Names are written in full, as somebody does who knows of the
/// danger: whatever is caught then is caught inside.
const CALLS: &[&str] = &[
    "SELECT * FROM public.botdet_engagement_feature_catalog()",
    "SELECT public.botdet_engagement_features(public.botdet_engagement_series(hour, views, likes, comments, shares)) FROM botdet.engagement_hourly GROUP BY account_id",
    "SELECT public.botdet_engagement_features(1::pg_catalog.int8)",
    "SELECT public.botdet_engagement_anomaly(1::pg_catalog.int8)",
    "SELECT public.botdet_score('engagement'::pg_catalog.text, 1::pg_catalog.int8)",
    "SELECT public.botdet_version()",
    "SELECT * FROM public.botdet_feature_catalog()",
    "SELECT public.botdet_features(1::pg_catalog.int8)",
    "SELECT public.botdet_features(1::pg_catalog.int8, '2025-03-01 12:00+00')",
    "SELECT public.botdet_features('anna'::pg_catalog.text)",
    "SELECT public.botdet_score(public.botdet_state(occurred_at, action)) FROM botdet.activity GROUP BY account_id",
    "SELECT public.botdet_features(public.botdet_account_state(1))",
    "SELECT public.botdet_score(public.botdet_features(1::pg_catalog.int8))",
    "SELECT public.botdet_score(1::pg_catalog.int8)",
    "SELECT public.botdet_score('anna'::pg_catalog.text)",
    "SELECT public.botdet_score('account'::pg_catalog.text, '{\"event_count\": 3}'::pg_catalog.jsonb)",
    "SELECT * FROM public.botdet_score_batch(ARRAY[1, 2, 3]::pg_catalog.int8[])",
    "SELECT public.botdet_store_scores(ARRAY[1, 2, 3]::pg_catalog.int8[])",
    "SELECT * FROM public.botdet_prewarm()",
    "SELECT public.botdet_anomaly(1::pg_catalog.int8)",
    "SELECT * FROM public.botdet_explain(1::pg_catalog.int8)",
    "SELECT * FROM public.botdet_lockstep()",
    "SELECT * FROM public.botdet_duplicates()",
    "SELECT public.botdet_compare_accounts()",
    "SELECT * FROM public.botdet_training_set()",
    "SELECT public.botdet_rebuild_state(1)",
    "SELECT public.botdet_create_detector('reviews')",
    "SELECT public.botdet_bind_source('public.logins', 'who', 'at', shared => true)",
    "INSERT INTO public.logins VALUES ('anna', '2025-03-02'), ('berta', '2025-03-02'), ('anna', '2025-03-01')",
    "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, '2025-02-01', 'post'), (4, '2025-02-01', 'post')",
    "UPDATE botdet.activity SET content = 'changed'",
    "INSERT INTO botdet.label (account_id, is_bot) VALUES (1, true)",
    "UPDATE botdet.label SET is_bot = false",
    "UPDATE botdet.detector SET insert_mode = 'queue'",
    "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (2, '2025-04-01', 'post')",
    "SELECT public.botdet_score_pending()",
    "CALL public.botdet_refresh_features(everything => true)",
    "CALL public.botdet_refresh_scores()",
    "CALL public.botdet_archive('botdet.activity', '2025-02-15')",
    "SELECT * FROM public.botdet_create_partitions('public.logins', '1 month', since => '2025-02-01', ahead => '-1 year')",
    "CALL public.botdet_drop_partitions('public.logins', before => '2025-05-01')",
    "SELECT public.botdet_unbind_source('public.logins')",
    "SELECT public.botdet_bind_engagement('public.likes', 'post', 'at', metric => 'what')",
    "INSERT INTO public.likes VALUES (1, '2025-03-02', 'like'), (1, '2025-03-04', 'share'), (2, '2025-03-02', 'view')",
    "UPDATE public.likes SET what = 'view' WHERE post OPERATOR(pg_catalog.=) 1",
    "DELETE FROM public.likes",
    "SELECT public.botdet_unbind_engagement('public.likes')",
    "DELETE FROM botdet.archived_state",
    "TRUNCATE botdet.archived_state",
    "DELETE FROM botdet.activity",
    "SELECT public.botdet_roll_up_scores()",
    "SELECT public.botdet_deactivate()",
    "SELECT public.botdet_validate_model(version) FROM botdet.model_versions",
    "SELECT public.botdet_shadow(version) FROM botdet.model_versions",
    "SELECT public.botdet_store_scores(ARRAY[1, 2, 3]::pg_catalog.int8[])",
    "SELECT public.botdet_split('challenger', 0.5)",
    "SELECT public.botdet_serving_version(1)",
    "SELECT public.botdet_withdraw()",
    "SELECT public.botdet_activate(version) FROM botdet.model_versions",
    "SELECT public.botdet_watch('precision', 0.9, 1)",
    "SELECT public.botdet_check_watches()",
    "SELECT public.botdet_unwatch()",
    "SELECT public.botdet_reset_statistics()",
    "DELETE FROM botdet.label",
    "INSERT INTO botdet.feedback_setting (detector, second_review_share) VALUES ('account', 1)",
    "INSERT INTO botdet.golden_item (account_id, is_bot) VALUES (3, true)",
    "SELECT * FROM public.botdet_fill_review_queue()",
    "SELECT public.botdet_appeal(1, 'not me')",
    "SELECT public.botdet_skip_review(review_id) FROM public.botdet_claim_review(1)",
    "SELECT public.botdet_escalate_review(review_id, 'hard') FROM public.botdet_claim_review(1)",
    "UPDATE botdet.review SET not_by = '{}'",
    "SELECT public.botdet_decide_review(review_id, true, 'timing') FROM public.botdet_claim_review(10)",
    "UPDATE botdet.review SET not_by = '{}'",
    "SELECT public.botdet_decide_review(review_id, false, 'timing') FROM public.botdet_claim_review(10)",
    "UPDATE botdet.review SET not_by = '{}'",
    "SELECT public.botdet_decide_review(review_id, true, 'timing') FROM public.botdet_claim_review(10)",
    "SELECT public.botdet_request_retraining()",
    "INSERT INTO botdet.learning_setting (detector, shadow_interval) VALUES ('account', '0')",
    "SELECT public.botdet_plan_jobs()",
    "SELECT * FROM botdet.take_job()",
    "SELECT botdet.note_job(job_id, attempts, 'training', 0.5), public.botdet_cancel_job(job_id) FROM botdet.job",
    "SELECT botdet.end_job(job_id, attempts, 'cancelled'), botdet.drop_jobs() FROM botdet.job",
    "SELECT public.botdet_request_job('update', parameters => '{\"steps\": 3}')",
    "INSERT INTO botdet.trial (detector, version, champion, reason) SELECT detector, version, 'x', 'y' FROM botdet.model_versions",
    "SELECT botdet.compare_trial(t), botdet.judge_trial(t) FROM botdet.trial t",
    "SELECT * FROM public.botdet_judge_trials()",
    "SELECT public.botdet_store_scores(ARRAY[1, 2, 3]::pg_catalog.int8[])",
    "INSERT INTO botdet.drift_setting (detector, least_rows) VALUES ('account', 1)",
    "SELECT public.botdet_freeze_reference()",
    "SELECT public.botdet_watch_drift('feature_psi', 0.25, 0.1, 1)",
    "SELECT * FROM public.botdet_check_drift()",
    "SELECT public.botdet_sample_features()",
    "SELECT public.botdet_sample_rows('account', ARRAY['{\"event_count\": 3}'::pg_catalog.jsonb])",
    "SELECT * FROM public.botdet_drift('account', 'today', 'today', 'today', 'today')",
    "SELECT public.botdet_unwatch_drift('feature_psi')",
    "SELECT webhook_id FROM public.botdet_create_webhook('https://example.org', ARRAY['job.ended', 'trial.changed'])",
    "SELECT public.botdet_cancel_job(job_id) FROM botdet.job WHERE finished_at IS NULL",
    "SELECT botdet.end_delivery(delivery_id, attempt, 200, NULL) FROM botdet.take_deliveries(9)",
    "SELECT public.botdet_delete_webhook(webhook_id) FROM botdet.webhook",
    "SELECT token_id FROM public.botdet_create_token('anna')",
    "SELECT public.botdet_revoke_token(token_id) FROM botdet.api_token",
    "SELECT public.botdet_lock_deployment('account')",
    "SELECT botdet.keep_answer(token_id, 'key', '\\x00', 200, '{}', '\\x'), botdet.find_answer(token_id, 'key', '\\x01') FROM botdet.api_token",
    "SELECT botdet.actor(), botdet.check_token('\\x00')",
    "SELECT botdet.check_session('\\x00'), botdet.end_session('\\x00'), botdet.begin_session(sha256) FROM botdet.api_token",
    "SELECT * FROM public.botdet_timeline(1)",
    "SELECT * FROM public.botdet_latest_events(1)",
    "SELECT * FROM public.botdet_unusual_hours(1)",
    "SELECT * FROM public.botdet_label_history(1)",
    "SELECT public.botdet_score('spammer', '{\"link_count\": 3}')",
    "SELECT public.botdet_test_condition('account', 'followers > 10', '{\"followers\": 11}')",
    "SELECT public.botdet_try_condition('account', 'followers > 10')",
    "INSERT INTO botdet.rule (detector, name, condition, effect, reason) VALUES ('account', 'ours', 'account_id = 1', 'allow', 'ours')",
    "UPDATE botdet.rule SET enabled = false WHERE name OPERATOR(pg_catalog.=) 'ours'",
    "DELETE FROM botdet.rule WHERE name OPERATOR(pg_catalog.=) 'ours'",
    "INSERT INTO botdet.backlink (source_domain, target, first_seen, page_text) VALUES ('a.example', 'b.example', '2025-02-01', 'a page')",
    "SELECT public.botdet_compare_pages()",
    "SELECT * FROM public.botdet_backlink_features('b.example')",
    "SELECT * FROM public.botdet_backlink_scores(), public.botdet_backlink_score(1)",
    "SELECT public.botdet_score('backlink'::pg_catalog.text, 1::pg_catalog.int8)",
    "SELECT public.botdet_store_backlink_scores()",
];

/// What is refused here, once it has looked around.
const REFUSED: [&str; 3] = [
    "SELECT public.botdet_approve(version) FROM botdet.model_versions",
    "SELECT public.botdet_rollback()",
    "SELECT public.botdet_register_onnx('\\x00')",
];

/// Not called in [`CALLS`]: the trigger function, which fires; and what [`activate`] calls.
const CALLED_OTHERWISE: [&str; 2] = ["botdet_flag", "botdet_register_model"];

/// A login that may create objects in a schema of its own and in public, and the place where it notes whom it caught.
fn hostile_login(database: &mut TestDatabase) -> String {
    let login = database.role("mallory");
    database.connect().run(&format!(
        "GRANT CREATE ON SCHEMA public TO {login}; CREATE SCHEMA trap AUTHORIZATION {login}; GRANT USAGE ON SCHEMA trap TO PUBLIC;
         CREATE SCHEMA loot AUTHORIZATION {login}; GRANT USAGE ON SCHEMA loot TO PUBLIC"
    ));
    let mut client = database.connect_as(&login);
    client.run("CREATE TABLE loot.victim (who pg_catalog.name, what pg_catalog.text); GRANT ALL ON loot.victim TO PUBLIC");
    login
}

fn set_traps(database: &TestDatabase, login: &str, schema: &str) {
    let mut client = database.connect_as(login);
    for part in [include_str!("traps.sql"), include_str!("types.sql")] {
        client.run(&part.replace("{schema}", schema));
    }
}

/// What was run by others than whoever set it up.
fn caught(client: &mut Client, login: &str) -> Vec<String> {
    client.column(
        "SELECT DISTINCT pg_catalog.concat(who, ': ', what) FROM loot.victim WHERE who OPERATOR(pg_catalog.<>) $1::pg_catalog.text",
        &[&login],
    )
}

fn prepare(client: &mut Client) {
    client.run(
        "SET search_path = pg_catalog;
         CREATE TABLE public.likes (post bigint, at timestamptz, what text);
         CREATE TABLE public.logins (who text, at timestamptz) PARTITION BY RANGE (at); CREATE INDEX ON public.logins (who);
         CREATE TABLE public.logins_default PARTITION OF public.logins DEFAULT",
    );
    client.run(&insert("ARRAY[1, 2, 3]", 1, 30));
    let version: String =
        client.value("SELECT public.botdet_register_model($1, 'filter')", &[&filter_model()]);
    client.execute("SELECT public.botdet_activate($1)", &[&version]).expect("it can be activated");
}

/// Runs every call, and says what each has set off.
fn run_all(client: &mut Client, login: &str, search_path: &str) {
    client.run(&format!("SET search_path = {search_path}"));
    client.run(
        "CREATE TEMPORARY TABLE score (); CREATE TEMPORARY TABLE account (); CREATE TEMPORARY TABLE activity ();
         CREATE TEMPORARY TABLE detector (); CREATE TEMPORARY TABLE source (); CREATE TEMPORARY TABLE refresh_account ();
         CREATE TEMPORARY TABLE pg_class (); CREATE TEMPORARY TABLE pg_attribute (); CREATE TEMPORARY TABLE pg_inherits ();
         CREATE TEMPORARY TABLE pg_index ()",
    );
    let views: Vec<String> = client.column(
        "SELECT pg_catalog.concat('SELECT * FROM botdet.', c.relname) FROM pg_catalog.pg_class c
         WHERE c.relnamespace OPERATOR(pg_catalog.=) 'botdet'::pg_catalog.regnamespace AND c.relkind OPERATOR(pg_catalog.=) 'v'",
        &[],
    );
    for call in CALLS.iter().copied().chain(views.iter().map(String::as_str)) {
        client.run(call);
        assert_eq!(caught(client, login), Vec::<String>::new(), "{search_path}: {call}");
    }
    for call in REFUSED {
        client.refused(call);
        assert_eq!(caught(client, login), Vec::<String>::new(), "{search_path}: {call}");
    }
    let names: BTreeSet<String> = client
        .column::<String>(
            "SELECT p.proname::pg_catalog.text FROM pg_catalog.pg_proc p
             WHERE p.pronamespace OPERATOR(pg_catalog.=) 'public'::pg_catalog.regnamespace
                 AND pg_catalog.starts_with(p.proname::pg_catalog.text, 'botdet_')",
            &[],
        )
        .into_iter()
        .collect();
    let left_out: Vec<&String> = names
        .iter()
        .filter(|name| !CALLED_OTHERWISE.contains(&name.as_str()))
        .filter(|name| !CALLS.iter().chain(&REFUSED).any(|call| call.contains(&format!("public.{name}("))))
        .collect();
    assert_eq!(left_out, Vec::<&String>::new(), "no call runs these");
}

#[test]
fn traps_do_catch_whoever_steps_into_them() {
    let mut database = TestDatabase::new("traps");
    let login = hostile_login(&mut database);
    set_traps(&database, &login, "trap");
    let mut owner = database.connect();
    owner.run(
        "SET search_path = trap, pg_catalog; SELECT 1::bigint = 1::bigint; SELECT now(); SELECT 'x'::text",
    );
    assert_eq!(caught(&mut owner, &login).len(), 3);
}

#[test]
fn nothing_on_the_search_path_of_a_superuser_is_called() {
    let mut database = TestDatabase::new("hostile_path");
    let login = hostile_login(&mut database);
    prepare(&mut database.connect());
    set_traps(&database, &login, "trap");
    run_all(&mut database.connect(), &login, "trap, pg_catalog, public");
}

/// What is there before the extension fits its own calls better than pg_catalog's does, wherever types differ.
#[test]
fn nothing_that_lay_in_its_schema_before_is_called_or_referred_to() {
    let mut database = TestDatabase::bare("hostile_schema", "");
    let login = hostile_login(&mut database);
    set_traps(&database, &login, "public");
    let mut owner = database.connect();
    owner.run("CREATE EXTENSION botdet");
    assert_eq!(caught(&mut owner, &login), Vec::<String>::new(), "while it was created");
    owner.run("SET search_path = pg_catalog");
    let referred: Vec<String> = owner.column(
        "SELECT DISTINCT concat(pg_describe_object(d.classid, d.objid, d.objsubid), ' refers to ',
                                pg_describe_object(d.refclassid, d.refobjid, 0))
         FROM pg_depend d
         LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
         LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
         LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid
         WHERE pg_get_userbyid(coalesce(p.proowner, o.oprowner)) = $1::text
             -- Of the traps, operators and domains refer to functions.
             AND d.classid <> 'pg_operator'::regclass AND coalesce(c.conrelid, 1) <> 0
         UNION ALL SELECT 'nothing is looked at' WHERE NOT EXISTS (SELECT FROM pg_operator WHERE pg_get_userbyid(oprowner) = $1::text)",
        &[&login],
    );
    assert_eq!(referred, Vec::<String>::new());
    prepare(&mut owner);
    run_all(&mut owner, &login, "public");
}

#[test]
fn what_is_named_like_ours_keeps_the_extension_from_being_created() {
    for (prepared, code) in [
        ("CREATE SCHEMA botdet", "42P06"),
        ("CREATE FUNCTION public.botdet_score(bigint) RETURNS int LANGUAGE sql AS 'SELECT 1'", "42723"),
        ("CREATE FUNCTION public.botdet_score(integer) RETURNS int LANGUAGE sql AS 'SELECT 1'", "42723"),
        (
            "CREATE AGGREGATE public.botdet_state(timestamptz) (SFUNC = pg_catalog.timestamptz_larger, STYPE = timestamptz)",
            "42723",
        ),
        ("CREATE PROCEDURE public.botdet_refresh_scores() LANGUAGE sql AS ''", "42723"),
    ] {
        let mut database = TestDatabase::bare("prepared", "");
        let login = hostile_login(&mut database);
        database.connect().run(&format!("GRANT CREATE ON DATABASE {} TO {login}", database.name()));
        database.connect_as(&login).run(prepared);
        let mut owner = database.connect();
        let refusal = owner.refused("CREATE EXTENSION botdet");
        assert_eq!(refusal.code, code, "{prepared}: {}", refusal.message);
        let installed: i64 = owner.value("SELECT count(*) FROM pg_extension WHERE extname = 'botdet'", &[]);
        assert_eq!(installed, 0);
    }
}

/// States and scores are written as the extension's owner, a superuser. What the owner of a bound table has put into it must not
/// run as one: planning a query is enough to run the expressions of indexes and constraints.
#[test]
fn the_owner_of_a_bound_table_does_not_become_a_superuser() {
    let mut database = TestDatabase::new("trojan");
    let login = hostile_login(&mut database);
    let mut owner = database.connect();
    owner.run(&format!("GRANT botdet_admin TO {login}"));
    let mut mallory = database.connect_as(&login);
    mallory.run(
        "CREATE FUNCTION trap.note(what text) RETURNS int LANGUAGE plpgsql AS
         'BEGIN INSERT INTO loot.victim VALUES (current_user, what); RETURN 1; END';
         CREATE FUNCTION trap.harmless(what text) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN trap.note(what); END';
         CREATE TABLE trap.t (a bigint, b text, at timestamptz) PARTITION BY RANGE (at);
         CREATE TABLE trap.january PARTITION OF trap.t FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
         CREATE INDEX ON trap.t (a);
         CREATE INDEX ON trap.t ((trap.harmless('an index')));
         CREATE INDEX ON trap.t (a) WHERE trap.harmless('a predicate') > 0;
         ALTER TABLE trap.january ADD CHECK (trap.harmless('a constraint') > 0);
         SELECT botdet_bind_source('trap.t', 'a', 'at', 'b')",
    );
    // The last one comes late: its state is built again from the rows when the transaction commits, by the extension's owner.
    mallory.run("INSERT INTO trap.t SELECT n % 20, 'post', timestamptz '2025-01-05' + n * interval '1 hour' FROM generate_series(1, 200) AS n");
    mallory.run("INSERT INTO trap.t VALUES (1, 'post', '2025-01-04')");
    // As whoever works off the queue, and as somebody who looks after it.
    owner.run("SET max_parallel_workers_per_gather = 0");
    for call in [
        "SELECT botdet_score(1::bigint)",
        "SELECT botdet_features(1, '2025-01-04 12:00+00')",
        "SELECT botdet_rebuild_state(1)",
        "SELECT botdet_store_scores(ARRAY[1, 2])",
        "SELECT * FROM botdet_lockstep()",
        "SELECT botdet_compare_accounts()",
        "CALL botdet_refresh_features(everything => true)",
        "CALL botdet_refresh_scores()",
        "CALL botdet_archive('trap.t', '2025-01-06')",
    ] {
        owner.run(call);
        assert_eq!(caught(&mut owner, &login), Vec::<String>::new(), "{call}");
    }
    // The guard of partitions looks into the table on behalf of whoever drops one.
    assert_eq!(mallory.refused("DROP TABLE trap.january").code, "55000");
    mallory.run("CALL botdet_drop_partitions('trap.t', before => '2025-03-01')");
    assert_eq!(caught(&mut owner, &login), Vec::<String>::new(), "guarding partitions");
    let own: i64 = owner.value("SELECT count(*) FROM loot.victim", &[]);
    assert!(own > 0, "the traps are none");
}
