//! Creating, dropping and dumping the extension, and what it declares.

use botdet_tests::programs::{output, program};
use botdet_tests::{Sql, TestDatabase};

/// Volatility (i, s, v), whether it is parallel safe, strict, and runs with its owner's rights.
const DECLARED: &[(&str, &str)] = &[
    ("botdet.actor()", "s s - -"),
    ("botdet.check_token(bytea)", "s s strict definer"),
    ("botdet.begin_session(bytea,interval)", "v u strict definer"),
    ("botdet.check_session(bytea)", "s s strict definer"),
    ("botdet.end_session(bytea)", "v u strict definer"),
    ("botdet_label_history(bigint)", "s r strict definer"),
    ("botdet_latest_events(bigint,integer)", "s s strict -"),
    ("botdet.account_events_query(bigint)", "s s strict -"),
    ("botdet.column_as_text(regclass,text)", "s s - -"),
    ("botdet_timeline(bigint,timestamp with time zone,timestamp with time zone)", "s s strict -"),
    ("botdet_unusual_hours(bigint,timestamp with time zone,timestamp with time zone)", "s s strict -"),
    ("botdet.deployment_tag(text)", "s s strict -"),
    ("botdet.find_answer(bigint,text,bytea)", "v u strict definer"),
    ("botdet.keep_answer(bigint,text,bytea,integer,jsonb,bytea,interval)", "v u strict definer"),
    ("botdet_create_token(text,text,interval,text)", "v u - definer"),
    ("botdet_lock_deployment(text)", "v u strict definer"),
    ("botdet_revoke_token(bigint)", "v u strict definer"),
    ("botdet.archive_accounts(bigint[],timestamp with time zone)", "v u strict -"),
    ("botdet.engagement_add(internal,timestamp with time zone,bigint,bigint,bigint,bigint)", "i s - -"),
    ("botdet.engagement_finish(internal)", "i s strict -"),
    ("botdet.engagement_join(internal,internal)", "i s - -"),
    ("botdet.add_engagement(botdet.engagement_hourly[],boolean)", "v u strict -"),
    ("botdet.take_off_engagement(botdet.engagement_hourly[])", "v u strict -"),
    ("botdet.check_engagement_column(regclass,text,text)", "s s strict -"),
    ("botdet.engagement_query(regclass,text)", "s s strict -"),
    ("botdet.follow_engagement()", "v u - definer"),
    ("botdet_bind_engagement(regclass,text,text,text,text,text,text,text)", "v u - -"),
    ("botdet_unbind_engagement(regclass)", "v u strict -"),
    ("botdet.engagement_receive(bytea,internal)", "i s strict -"),
    ("botdet.engagement_send(internal)", "i s strict -"),
    ("botdet.engagement_series_of(bigint)", "s s strict -"),
    ("botdet.flag_engagement()", "v u - definer"),
    ("botdet.score_pending_engagement(integer)", "v u - definer"),
    ("botdet.store_engagement_scores(bigint[])", "v u - definer"),
    ("botdet_engagement_anomaly(bigint)", "s s strict -"),
    ("botdet_engagement_anomaly(bytea)", "i s strict -"),
    ("botdet_engagement_feature_catalog()", "s s strict -"),
    ("botdet_engagement_features(bigint)", "s s strict -"),
    ("botdet_engagement_features(bytea)", "i s strict -"),
    ("botdet_engagement_series(timestamp with time zone,bigint,bigint,bigint,bigint)", "i s - -"),
    ("botdet.drop_partition(regclass,regclass,boolean)", "v u strict -"),
    ("botdet.follow_archive()", "v u - -"),
    ("botdet.guard_partition(regclass,boolean)", "v u strict -"),
    ("botdet.guard_partitions()", "v u - -"),
    ("botdet.in_transaction_block()", "v u strict -"),
    ("botdet.partitions_by_time(regclass)", "s s strict -"),
    ("botdet.unarchived_accounts(regclass,timestamp with time zone)", "v u strict -"),
    ("botdet_archive(regclass,timestamp with time zone,integer)", "v u - -"),
    ("botdet_create_partitions(regclass,interval,interval,timestamp with time zone)", "v u - -"),
    ("botdet_drop_partitions(regclass,interval,timestamp with time zone,boolean,integer)", "v u - -"),
    ("botdet.deployment_changed()", "v u - -"),
    ("botdet.check_column(regclass,text,text)", "v u strict -"),
    ("botdet.create_source_triggers(regclass)", "v u strict -"),
    ("botdet.number_names(text[])", "v u strict -"),
    ("botdet.sources_changed()", "v u - -"),
    ("botdet.refuse_change()", "v u - -"),
    ("botdet.take_settings()", "v u - definer"),
    ("botdet.sign_label()", "v u - -"),
    ("botdet.read_keys(regclass,text)", "v u strict -"),
    ("botdet.count_scores(timestamp with time zone,timestamp with time zone)", "s s strict -"),
    ("botdet_roll_up_scores(interval)", "v u strict definer"),
    ("botdet_account_state(bigint,timestamp with time zone)", "s s strict -"),
    ("botdet_activate(text,text)", "v u strict definer"),
    ("botdet_approve(text,text)", "v u strict definer"),
    ("botdet.check_watches()", "v u - definer"),
    ("botdet_check_watches()", "v u - definer"),
    ("botdet_rollback(text,text)", "v u strict definer"),
    ("botdet_serving_version(bigint,text)", "s s strict -"),
    ("botdet_shadow(text,text)", "v u strict -"),
    ("botdet_split(text,double precision,text)", "v u strict -"),
    ("botdet_unwatch(text)", "v u strict definer"),
    ("botdet_validate_model(text,text)", "v u strict definer"),
    ("botdet_watch(text,double precision,integer,text)", "v u strict definer"),
    ("botdet_withdraw(text)", "v u strict definer"),
    ("botdet.challenge(text,double precision,text)", "v u strict definer"),
    ("botdet.check_deployable(botdet.model_version,boolean)", "v u strict -"),
    ("botdet.check_version(bigint)", "v u strict -"),
    ("botdet.find_version(text,text)", "s s strict -"),
    ("botdet.performance(text,text,timestamp with time zone)", "s s strict -"),
    ("botdet.lock_detector(text)", "v u strict -"),
    ("botdet.model_latencies()", "v r strict -"),
    ("botdet.model_statistics()", "v r strict -"),
    ("botdet_reset_statistics()", "v u - -"),
    ("botdet.note_deployment()", "v u - definer"),
    ("botdet.check_settings()", "v u - -"),
    ("botdet.check_detector()", "v u - -"),
    ("botdet.note_settings()", "v u - definer"),
    ("botdet.note_version()", "v u - definer"),
    ("botdet.refuse_forgetting()", "v u - -"),
    ("botdet.is_restoring()", "s r - -"),
    ("botdet.keep_audit_as_dumped()", "v u - definer"),
    ("botdet.refuse_unknown_accounts()", "v u - definer"),
    ("botdet.keep_answers()", "v u - definer"),
    ("botdet.keep_last_answers()", "v u - definer"),
    ("botdet.forget_answers()", "v u - definer"),
    ("botdet_anomaly(bigint)", "s s strict -"),
    ("botdet_anomaly(text)", "s s strict -"),
    ("botdet_anomaly(text,jsonb)", "s s strict -"),
    ("botdet_explain(text,jsonb)", "s s strict -"),
    ("botdet_score(text,jsonb)", "s s strict -"),
    ("botdet_score(text,text)", "s s strict -"),
    ("botdet_create_detector(text,text)", "v u strict -"),
    ("botdet_anomaly(uuid)", "s s strict -"),
    ("botdet_explain(text)", "s s strict -"),
    ("botdet_explain(uuid)", "s s strict -"),
    ("botdet_deactivate(text)", "v u strict definer"),
    ("botdet_explain(bigint)", "s s strict -"),
    ("botdet_feature_catalog()", "s s strict -"),
    ("botdet_features(bigint,timestamp with time zone)", "s s strict -"),
    ("botdet_features(text,timestamp with time zone)", "s s strict -"),
    ("botdet_features(uuid,timestamp with time zone)", "s s strict -"),
    (
        "botdet_bind_source(regclass,text,text,text,text,text,text,text,text,text,text,jsonb,boolean,boolean)",
        "v u - -",
    ),
    ("botdet_unbind_source(regclass)", "v u strict -"),
    ("botdet.state_add(internal,timestamp with time zone,text)", "i s - -"),
    ("botdet.state_add(internal,timestamp with time zone,text,text)", "i s - -"),
    ("botdet.state_add(internal,timestamp with time zone,text,text,text,inet,text,text,bigint)", "i s - -"),
    ("botdet.state_join(internal,internal)", "i s - -"),
    ("botdet.state_send(internal)", "i s strict -"),
    ("botdet.state_receive(bytea,internal)", "i s strict -"),
    ("botdet.state_finish(internal)", "i s strict -"),
    ("botdet_state(timestamp with time zone,text)", "i s - -"),
    ("botdet_state(timestamp with time zone,text,text)", "i s - -"),
    ("botdet_state(timestamp with time zone,text,text,text,inet,text,text,bigint)", "i s - -"),
    ("botdet_features(bytea)", "i s strict -"),
    ("botdet_score(bytea)", "s s strict -"),
    ("botdet_score(text)", "s s strict -"),
    ("botdet_score(uuid)", "s s strict -"),
    (
        "botdet_duplicates(timestamp with time zone,timestamp with time zone,double precision,integer,integer,integer)",
        "s s - -",
    ),
    (
        "botdet_lockstep(timestamp with time zone,timestamp with time zone,integer,integer,integer,integer,double precision,integer,integer)",
        "s s - -",
    ),
    ("botdet_compare_accounts(timestamp with time zone,timestamp with time zone)", "v u - -"),
    ("botdet_flag()", "v u - -"),
    ("botdet_rebuild_state(bigint)", "v u strict -"),
    ("botdet_refresh_features(boolean,integer,boolean)", "v u - -"),
    ("botdet_refresh_scores(boolean,integer,boolean)", "v u - -"),
    ("botdet.analyze_refresh()", "v u - definer"),
    ("botdet.run_refresh(text,boolean,integer,boolean)", "v u - -"),
    ("botdet.begin_refresh(text,boolean,integer,boolean)", "v u - -"),
    ("botdet.end_refresh(bigint)", "v u strict -"),
    ("botdet.is_refreshing(bigint)", "s r strict -"),
    ("botdet.list_accounts(bigint,regclass)", "v u strict -"),
    ("botdet.list_refresh(bigint,boolean)", "v u strict -"),
    ("botdet.judged_anew_since(text)", "s s strict definer"),
    ("botdet.note_refresh(bigint,bigint)", "v u strict -"),
    ("botdet.refresh_scores(bigint,bigint,integer)", "v u - -"),
    ("botdet.refresh_states(bigint,bigint,integer)", "v u - -"),
    ("botdet.scores_of_chunk(bigint,bigint,bigint,bigint)", "s s strict -"),
    ("botdet.states_from_rows(bigint,bigint,bigint,bigint)", "s s strict -"),
    ("botdet_prewarm(text)", "v u - -"),
    ("botdet_store_scores(bigint[])", "v u strict -"),
    ("botdet_register_model(bytea,text)", "v u - definer"),
    ("botdet_register_onnx(bytea,text,text)", "v u - definer"),
    ("botdet_score_pending(integer)", "v u - -"),
    ("botdet_score(bigint)", "s s strict -"),
    ("botdet_score(botdet.account_features)", "s s strict -"),
    ("botdet_score_batch(bigint[])", "s s strict -"),
    ("botdet_training_set(text,timestamp with time zone)", "s s - -"),
    ("botdet.domain_of(text)", "i s strict -"),
    ("botdet_backlink_features(text,timestamp with time zone)", "s s - -"),
    ("botdet_backlink_score(bigint)", "s s strict -"),
    ("botdet_backlink_scores(text,timestamp with time zone)", "s s - -"),
    ("botdet_compare_pages(timestamp with time zone)", "v u strict -"),
    ("botdet_score(text,bigint)", "s s strict -"),
    ("botdet_store_backlink_scores(text)", "v u - definer"),
    ("botdet.built_in_rules()", "s s strict -"),
    ("botdet.check_condition(text,text)", "s s strict -"),
    ("botdet.keep_first_version()", "v u - definer"),
    ("botdet.keep_shipped_rule()", "v u - -"),
    ("botdet.note_rule()", "v u - definer"),
    ("botdet.prepare_rule()", "v u - definer"),
    ("botdet_test_condition(text,text,jsonb)", "s s strict -"),
    ("botdet_try_condition(text,text,integer)", "v r strict -"),
    ("botdet_version()", "i s strict -"),
    ("botdet.acts_as_administrator()", "s r strict -"),
    ("botdet.bin_of(double precision,double precision[])", "i s - -"),
    ("botdet.check_drift()", "v u - definer"),
    (
        "botdet.compare_counts(double precision[],double precision,bigint,bigint[],bigint,bigint)",
        "i s strict -",
    ),
    (
        "botdet.compare_shares(double precision[],double precision[],double precision,double precision)",
        "i s strict -",
    ),
    ("botdet.compared_versions(text)", "s s strict -"),
    ("botdet.count_sample(botdet.model_version,jsonb[])", "v u strict -"),
    ("botdet.counts_between(bigint,date,date,text,text)", "s s strict -"),
    ("botdet.freeze_missing_reference()", "v u - -"),
    ("botdet.judge_drift(bigint,bigint,integer,double precision,double precision)", "i s - -"),
    ("botdet.kolmogorov_tail(double precision)", "i s strict -"),
    ("botdet.measure_drift(date,date)", "s s - -"),
    ("botdet.normal_tails(double precision)", "i s strict -"),
    ("botdet.reference_in(jsonb)", "i s strict -"),
    ("botdet.shares_of(bigint[],bigint,bigint)", "i s strict -"),
    ("botdet.slices_of(text,text,timestamp with time zone,timestamp with time zone)", "i s - -"),
    ("botdet_check_drift()", "v u - definer"),
    ("botdet_drift(text,date,date,date,date,text,text)", "s s strict -"),
    ("botdet_freeze_reference(text,text,integer,integer)", "v u strict definer"),
    ("botdet_sample_features(text,interval)", "v u strict definer"),
    ("botdet_sample_rows(text,jsonb[])", "v u strict definer"),
    ("botdet_unwatch_drift(text,text,text)", "v u strict definer"),
    ("botdet_watch_drift(text,double precision,double precision,integer,text,text)", "v u strict definer"),
    ("botdet.begin_trial(text,text,bigint,text)", "v u strict definer"),
    ("botdet.compare_trial(botdet.trial)", "s s strict -"),
    ("botdet.drop_jobs()", "v u strict -"),
    ("botdet.end_job(bigint,integer,text,text,text,jsonb)", "v u - definer"),
    ("botdet.evidence_against(bigint,bigint)", "i s strict -"),
    ("botdet.judge_trial(botdet.trial)", "s s - -"),
    ("botdet.learns(text,text)", "s s strict -"),
    ("botdet.note_job(bigint,integer,text,double precision)", "v u strict definer"),
    ("botdet.note_job_change()", "v u - definer"),
    ("botdet.note_trial()", "v u - definer"),
    ("botdet.take_job()", "v u - definer"),
    ("botdet_cancel_job(bigint)", "v u strict definer"),
    ("botdet_judge_trials()", "v u - definer"),
    ("botdet_plan_jobs()", "v u - definer"),
    ("botdet_request_job(text,text,jsonb,text)", "v u strict definer"),
    ("botdet.end_delivery(bigint,integer,integer,text)", "v u - definer"),
    ("botdet.take_deliveries(integer)", "v u strict definer"),
    ("botdet.tell(text,text,jsonb)", "v u strict -"),
    ("botdet.tell_webhooks()", "v u - definer"),
    ("botdet_create_webhook(text,text[],text)", "v u strict definer"),
    ("botdet_delete_webhook(bigint)", "v u strict definer"),
    ("botdet.check_reviewer(text)", "v u - -"),
    ("botdet.count_decisions()", "s s - definer"),
    ("botdet.decisions_before(bigint)", "s s strict -"),
    ("botdet.draw(bigint,text)", "i s strict -"),
    ("botdet.follow_decision(botdet.review_decision,botdet.review,boolean)", "v u - -"),
    ("botdet.lock_claim(bigint,text)", "v u - -"),
    ("botdet.mix_in_golden(text,integer)", "v u strict -"),
    ("botdet.trust_in(text,text)", "s s strict -"),
    ("botdet_appeal(bigint,text,text)", "v u - definer"),
    ("botdet_claim_review(integer,interval,text,text)", "v u - definer"),
    ("botdet_decide_review(bigint,boolean,text,text,text,text)", "v u - definer"),
    ("botdet_escalate_review(bigint,text,text)", "v u - definer"),
    ("botdet_fill_review_queue(text,integer)", "v u strict definer"),
    ("botdet_request_retraining(text,text)", "v u strict definer"),
    ("botdet_skip_review(bigint,text,text)", "v u - definer"),
];

/// The members of the extension.
const MEMBERS: &str = "SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'botdet'";

#[test]
fn the_extension_is_created_and_dropped_and_created_again() {
    let database = TestDatabase::new("create_drop");
    let mut client = database.connect();
    client.run("INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, now(), 'post')");
    client.run("DROP EXTENSION botdet CASCADE");
    let left: Option<String> = client.value("SELECT to_regnamespace('botdet')::text", &[]);
    assert_eq!(left, None);
    client.run("CREATE EXTENSION botdet");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.account_state", &[]), 0);
}

#[test]
fn the_extension_can_be_dropped_by_a_transaction_that_has_inserted() {
    // With the second setting, states are written before the transaction ends.
    for memory in ["4MB", "64kB"] {
        let database = TestDatabase::new("drop_after_insert");
        let mut client = database.connect();
        client.run(&format!(
            "BEGIN; SET LOCAL botdet.pending_memory = '{memory}';
             INSERT INTO botdet.activity (account_id, occurred_at, action)
             SELECT 1, now() - k * interval '1 minute', 'post' FROM generate_series(1, 5000) AS k;
             DROP EXTENSION botdet CASCADE; COMMIT"
        ));
        assert_eq!(client.value::<Option<String>>("SELECT to_regnamespace('botdet')::text", &[]), None);
    }
}

#[test]
fn the_extension_can_live_in_a_schema_of_ones_choice() {
    let database = TestDatabase::bare("schema", "");
    let mut client = database.connect();
    client.run("CREATE SCHEMA detection; CREATE EXTENSION botdet SCHEMA detection");
    client.run("INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, now(), 'post')");
    assert_eq!(client.value::<String>("SELECT (detection.botdet_score(1::bigint)).stage", &[]), "rules");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.feature_catalog", &[]), 48);
}

#[test]
fn the_library_and_the_extension_have_the_same_version() {
    let database = TestDatabase::new("version");
    let same: bool = database
        .connect()
        .value("SELECT botdet_version() = extversion FROM pg_extension WHERE extname = 'botdet'", &[]);
    assert!(same);
}

#[test]
fn every_function_relation_type_and_column_has_a_comment() {
    let database = TestDatabase::new("comments");
    let silent: Vec<String> = database.connect().column(
        &format!(
            "WITH member AS ({MEMBERS}),
             relation AS (SELECT c.oid, c.relkind FROM pg_class c JOIN member m ON m.objid = c.oid
                          WHERE m.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'v'))
             SELECT pg_describe_object(classid, objid, 0) FROM member
             WHERE classid IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass)
               AND obj_description(objid, classid::regclass::name) IS NULL
               AND NOT (classid = 'pg_type'::regclass AND (
                   SELECT t.typelem <> 0 OR c.relkind IN ('r', 'v') FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
                   WHERE t.oid = objid))
             UNION ALL SELECT pg_describe_object('pg_class'::regclass, oid, 0) FROM relation
             WHERE obj_description(oid, 'pg_class') IS NULL
             UNION ALL SELECT pg_describe_object('pg_class'::regclass, oid, a.attnum) FROM relation
             JOIN pg_attribute a ON a.attrelid = oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE col_description(oid, a.attnum) IS NULL"
        ),
        &[],
    );
    assert_eq!(silent, Vec::<String>::new(), "these have no comment");
}

#[test]
fn functions_are_declared_as_decided() {
    let database = TestDatabase::new("declared");
    let found: Vec<String> = database.connect().column(
        &format!(
            "SELECT concat_ws(' ', p.oid::regprocedure || ':', p.provolatile, p.proparallel,
                              CASE WHEN p.proisstrict THEN 'strict' ELSE '-' END,
                              CASE WHEN p.prosecdef THEN 'definer' ELSE '-' END)
             FROM ({MEMBERS}) AS m JOIN pg_proc p ON p.oid = m.objid WHERE m.classid = 'pg_proc'::regclass"
        ),
        &[],
    );
    let declared = DECLARED.iter().map(|(name, properties)| format!("{name}: {properties}"));
    assert_eq!(sorted(found), sorted(declared.collect()));
}

#[test]
fn functions_that_run_with_their_owners_rights_fix_their_search_path() {
    let database = TestDatabase::new("search_path");
    let open: Vec<String> = database.connect().column(
        &format!(
            "SELECT p.oid::regprocedure::text FROM ({MEMBERS}) AS m JOIN pg_proc p ON p.oid = m.objid
             WHERE m.classid = 'pg_proc'::regclass AND p.prosecdef
               AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)"
        ),
        &[],
    );
    assert_eq!(open, Vec::<String>::new());
}

#[test]
fn a_stranger_cannot_hang_the_trigger_functions_on_a_table_of_their_own() {
    let mut database = TestDatabase::new("stranger");
    let role = database.role("stranger");
    let mut owner = database.connect();
    owner.run(&format!(
        "GRANT USAGE, CREATE ON SCHEMA public TO {role}; GRANT USAGE ON SCHEMA botdet TO {role}"
    ));
    let mut stranger = database.connect_as(&role);
    stranger.run("CREATE TABLE forged (account_id bigint, occurred_at timestamptz, action text)");
    let flag = "CREATE TRIGGER forge AFTER INSERT ON forged REFERENCING NEW TABLE AS new_rows
                FOR EACH STATEMENT EXECUTE FUNCTION botdet_flag()";
    assert_eq!(stranger.refused(flag).code, "42501");
}

#[test]
fn a_dump_restores_rows_models_states_and_scores() {
    // Restoring activity fires the trigger, which makes the states; scores wait for the model, which comes later.
    let source = TestDatabase::populated("dump");
    let target = TestDatabase::bare("restore", "TEMPLATE template0");
    let refresh = "SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account";
    source.connect().run(&format!("UPDATE botdet.detector SET threshold = 0.625; {refresh}"));
    source
        .connect()
        .run("INSERT INTO botdet.spammer (account_id, link_count, is_spammer) VALUES (7, 3, true)");
    source.connect().run(
        "INSERT INTO botdet.golden_item (account_id, is_bot) VALUES (2, true); SELECT botdet.mix_in_golden('account', 1);
         INSERT INTO botdet.feedback_setting (detector, second_review_share) VALUES ('account', 1);
         SELECT botdet_appeal(1, 'not me'); UPDATE botdet.review SET not_by = '{}';
         SELECT botdet_decide_review(review_id, true, 'timing') FROM botdet_claim_review(5);
         SELECT botdet_sample_features(); SELECT botdet_watch_drift('feature_psi', 0.25, 0.1);
         INSERT INTO botdet.alert (detector, version, measure, slice_by, slice, feature, raised_value)
         VALUES ('account', 'x', 'feature_psi', 'all', '', 'followers', 1);
         SELECT botdet_create_webhook('https://example.org/hook');
         INSERT INTO botdet.learning_setting (detector, retrains) VALUES ('account', false); SELECT botdet_request_job();
         SELECT botdet.begin_trial(version, detector, 1, 'better') FROM botdet.model_versions WHERE alias IS NULL",
    );
    let file = std::env::temp_dir().join(format!("{}.dump", source.name()));
    output(program("pg_dump", &source).args(["--format=custom", "--file"]).arg(&file));
    let restored = program("pg_restore", &target)
        .args(["--exit-on-error", "--dbname", target.name()])
        .arg(&file)
        .output()
        .expect("pg_restore can be run");
    std::fs::remove_file(&file).expect("the dump can be removed");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    target.connect().run(refresh);
    for question in [
        "SELECT md5(string_agg(to_jsonb(a)::text, '' ORDER BY activity_id)) FROM botdet.activity a",
        "SELECT md5(string_agg(to_jsonb(a)::text, '' ORDER BY account_id)) FROM botdet.account a",
        "SELECT md5(string_agg(sha256 || version, '' ORDER BY version)) FROM botdet.model_versions",
        "SELECT version FROM botdet.model_versions WHERE is_champion",
        "SELECT md5(string_agg(botdet_features(account_id)::text, '' ORDER BY account_id)) FROM botdet.account",
        "SELECT md5(string_agg((to_jsonb(s) - 'scored_at')::text, '' ORDER BY s.account_id))
         FROM botdet_score_batch(ARRAY(SELECT account_id FROM botdet.account)) AS s",
        "SELECT md5(string_agg((to_jsonb(s) - 'scored_at')::text, '' ORDER BY account_id)) FROM botdet.score s",
        "SELECT md5(string_agg(to_jsonb(s)::text, '' ORDER BY account_id)) FROM botdet.account_state s",
        "SELECT md5(string_agg(to_jsonb(s)::text, '' ORDER BY account_id)) FROM botdet.spammer s",
    ] {
        let (before, after): (String, String) =
            (source.connect().value(question, &[]), target.connect().value(question, &[]));
        assert_eq!(before, after, "{question}");
    }
    for table in [
        "label",
        "feedback_setting",
        "review",
        "review_decision",
        "golden_item",
        "golden_review",
        "reviewer_evidence",
        "drift_count",
        "drift_score",
        "drift_progress",
        "drift_account",
        "drift_alert_rule",
        "alert",
        "learning_setting",
        "job",
        "trial",
        "webhook",
    ] {
        let rows =
            format!("SELECT array_agg(to_jsonb(t)::text ORDER BY to_jsonb(t)::text) FROM botdet.{table} t");
        let (before, after): (Vec<String>, Vec<String>) =
            (source.connect().value(&rows, &[]), target.connect().value(&rows, &[]));
        assert!(!before.is_empty() && before == after, "{table}");
    }
    assert_eq!(
        target
            .connect()
            .value::<f64>("SELECT threshold FROM botdet.detector WHERE detector = 'account'", &[]),
        0.625
    );
    // The numbers of new rows go on where the dumped ones ended.
    target
        .connect()
        .run("INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, now(), 'post')");
    target.connect().run("INSERT INTO botdet.account (username) VALUES ('new')");
    target.connect().run("SELECT botdet_appeal(5, 'not me either')");
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}
