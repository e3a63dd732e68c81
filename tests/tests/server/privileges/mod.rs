//! What each role may do with every object of the extension, and the work of each end to end.

use std::collections::BTreeMap;

use botdet_tests::model::{activate, filter_model};
use botdet_tests::population::{load, simulate};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

/// One line an object; `#` begins a remark.
const MATRIX: &str = include_str!("matrix.txt");

/// Where a star stands in the matrix: who, what, table, and its columns.
const COLUMNS: [&str; 20] = [
    "botdet_admin INSERT botdet.detector: detector, description, threshold, automatic_threshold, base_rate, insert_mode",
    "botdet_admin INSERT botdet.golden_item: account_id, detector, is_bot",
    "botdet_admin INSERT botdet.rule: detector, name, condition, effect, weight, reason, enabled",
    "botdet_admin SELECT botdet.api_token: token_id, holder, role, note, created_at, created_by, expires_at, revoked_at, revoked_by",
    "botdet_admin SELECT botdet.webhook: webhook_id, detector, url, events, created_at, created_by",
    "botdet_admin UPDATE botdet.detector: description, threshold, automatic_threshold, base_rate, insert_mode",
    "botdet_admin UPDATE botdet.golden_item: is_bot",
    "botdet_admin UPDATE botdet.rule: condition, effect, weight, reason, enabled",
    "botdet_reader SELECT botdet.account: account_id, account_key, source, created_at, is_verified, language, region",
    "botdet_reader SELECT botdet.account_state: account_id, stale, archived_until",
    "botdet_reader SELECT botdet.activity: activity_id, account_id, occurred_at, action, country",
    "botdet_reader SELECT botdet.archived_state: account_id, archived_until",
    "botdet_reader SELECT botdet.label: label_id, account_id, detector, is_bot, strategy, labelled_by, labelled_at, trust",
    "botdet_reader SELECT botdet.model_version: model_version_id, detector, version, sha256, size_bytes, manifest, created_at, created_by, comment, validated_at, validated_by, probes, largest_difference, approved_at, approved_by",
    "botdet_reader SELECT botdet.review: review_id, account_id, detector, why, priority, propensity, state, follows, skips, bot_probability, scored_as_bot, model_version, queued_at, claimed_at, lease_until",
    "botdet_reviewer INSERT botdet.label: account_id, detector, is_bot, strategy, note",
    "botdet_reviewer UPDATE botdet.label: is_bot, strategy, note",
    "botdet_scorer INSERT botdet.account: account_id, account_key, source",
    "botdet_scorer SELECT botdet.label: label_id, account_id, detector, is_bot, strategy, labelled_by, labelled_at, trust",
    "botdet_scorer SELECT botdet.review: review_id, account_id, detector, why, priority, propensity, state, follows, skips, bot_probability, scored_as_bot, model_version, queued_at, claimed_at, lease_until",
];

const MISSING_PRIVILEGE: &str = "42501";

/// A database with a login of its own that is a member of one of the roles.
fn member(database: &mut TestDatabase, role: &str) -> (String, Client) {
    let login = database.role(role.trim_start_matches("botdet_"));
    database.connect().run(&format!("GRANT {role} TO {login}"));
    let client = database.connect_as(&login);
    (login, client)
}

fn assert_all_refused(client: &mut Client, statements: &[&str]) {
    for statement in statements {
        assert_eq!(client.refused(statement).code, MISSING_PRIVILEGE, "{statement}");
    }
}

#[test]
fn every_object_is_open_to_whom_it_should_be_and_to_nobody_else() {
    let database = TestDatabase::new("matrix");
    let rows =
        database.connect().query(include_str!("matrix.sql"), &[]).expect("privileges can be asked for");
    let found: BTreeMap<String, String> =
        rows.iter().map(|row| (row.get(0), row.get::<_, Vec<String>>(1).join(" "))).collect();
    let decided: BTreeMap<String, String> = MATRIX
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split_whitespace();
            let privileges: Vec<&str> = words.by_ref().take(5).collect();
            (words.collect::<Vec<_>>().join(" "), privileges.join(" "))
        })
        .collect();
    let undecided: Vec<_> = found.keys().filter(|object| !decided.contains_key(*object)).collect();
    assert_eq!(undecided, Vec::<&String>::new(), "these have no line in matrix.txt");
    let gone: Vec<_> = decided.keys().filter(|object| !found.contains_key(*object)).collect();
    assert_eq!(gone, Vec::<&String>::new(), "these lines of matrix.txt are about nothing");
    for (object, privileges) in &decided {
        assert_eq!(&found[object], privileges, "{object}: public, reader, scorer, reviewer, admin");
    }
}

#[test]
fn where_a_role_may_use_some_columns_only_they_are_these() {
    let database = TestDatabase::new("columns");
    let found: Vec<String> = database.connect().column(
        "SELECT concat(r.name, ' ', p.name, ' ', c.oid::regclass, ': ', string_agg(a.attname, ', ' ORDER BY a.attnum))
         FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         CROSS JOIN (VALUES ('public'), ('botdet_reader'), ('botdet_scorer'), ('botdet_reviewer'), ('botdet_admin')) AS r (name)
         CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) AS p (name)
         WHERE c.relnamespace = 'botdet'::regnamespace AND c.relkind IN ('r', 'v')
             AND has_column_privilege(r.name, c.oid, a.attnum, p.name) AND NOT has_table_privilege(r.name, c.oid, p.name)
         GROUP BY r.name, p.name, c.oid ORDER BY r.name, p.name, c.oid::regclass::text",
        &[],
    );
    assert_eq!(found, COLUMNS);
}

#[test]
fn the_service_has_tokens_and_may_become_any_of_the_four() {
    let mut database = TestDatabase::populated("service_rights");
    let (_, mut service) = member(&mut database, "botdet_service");
    let functions: Vec<String> = service.column(
        "SELECT p.oid::regprocedure::text FROM pg_proc p
         JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
         JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'botdet'
         WHERE has_function_privilege(p.oid, 'EXECUTE') AND NOT has_function_privilege('public', p.oid, 'EXECUTE') ORDER BY 1",
        &[],
    );
    let expected = [
        "botdet.begin_session(bytea,interval)",
        "botdet.check_session(bytea)",
        "botdet.check_token(bytea)",
        "botdet.end_delivery(bigint,integer,integer,text)",
        "botdet.end_session(bytea)",
        "botdet.find_answer(bigint,text,bytea)",
        "botdet.keep_answer(bigint,text,bytea,integer,jsonb,bytea,interval)",
        "botdet.take_deliveries(integer)",
        "botdet_create_token(text,text,interval,text)",
        "botdet_revoke_token(bigint)",
    ];
    assert_eq!(functions, expected);
    let tables: Vec<String> = service.column(
        "SELECT c.oid::regclass::text FROM pg_class c
         WHERE c.relnamespace = 'botdet'::regnamespace AND c.relkind IN ('r', 'v') AND has_any_column_privilege(c.oid, 'SELECT')",
        &[],
    );
    assert_eq!(tables, ["botdet.api_token"]);
    assert_all_refused(
        &mut service,
        &["SELECT sha256 FROM botdet.api_token", "SELECT botdet_score(1::bigint)"],
    );
    for role in ["botdet_reader", "botdet_scorer", "botdet_reviewer", "botdet_admin"] {
        service.run(&format!("BEGIN; SET LOCAL ROLE {role}; SELECT count(*) FROM botdet.score; COMMIT"));
    }
    assert_all_refused(&mut service, &["SELECT count(*) FROM botdet.score"]);
}

#[test]
fn a_stranger_may_ask_for_what_no_table_says() {
    let mut database = TestDatabase::populated("stranger");
    let login = database.role("stranger");
    let mut stranger = database.connect_as(&login);
    stranger.run(
        "SELECT botdet_version(); SELECT * FROM botdet_feature_catalog();
         SELECT botdet_features(botdet_state(now(), 'post'))",
    );
    assert_all_refused(
        &mut stranger,
        &[
            "SELECT botdet_score(botdet_state(now(), 'post'))",
            "SELECT botdet_score(1::bigint)",
            "SELECT * FROM botdet_lockstep()",
            "SELECT * FROM botdet.score_daily_v1",
            "SELECT botdet_roll_up_scores()",
            "SET ROLE botdet_reader",
        ],
    );
}

#[test]
fn a_reader_reads_dashboards_and_neither_texts_nor_names() {
    let mut database = TestDatabase::populated("reader");
    let (_, mut reader) = member(&mut database, "botdet_reader");
    let views: Vec<String> = reader.column(
        "SELECT c.oid::regclass::text FROM pg_class c
         WHERE c.relnamespace = 'botdet'::regnamespace AND c.relkind = 'v'
             AND c.relname NOT IN ('flagged_account', 'reviewer_trust', 'backlink_training', 'engagement_features_of_accounts')",
        &[],
    );
    assert!(views.len() >= 14, "{views:?}");
    for view in views {
        reader.run(&format!("SELECT * FROM {view}"));
    }
    assert!(reader.value::<i64>("SELECT count(*) FROM botdet.account_score_v1", &[]) > 200);
    assert_all_refused(
        &mut reader,
        &[
            "SELECT content FROM botdet.activity",
            "SELECT ip FROM botdet.activity",
            "SELECT username FROM botdet.account",
            "SELECT artifact FROM botdet.model_version",
            "SELECT note FROM botdet.label",
            "SELECT * FROM botdet.flagged_account",
            "SELECT * FROM botdet.reviewer_trust",
            "SELECT claimed_by FROM botdet.review",
            "SELECT note FROM botdet.review",
            "SELECT * FROM botdet.review_decision",
            "SELECT * FROM botdet_claim_review()",
            "SELECT botdet_appeal(1, 'not me')",
            "SELECT state FROM botdet.account_state",
            "SELECT botdet_score(1::bigint)",
            "SELECT * FROM botdet_explain(1::bigint)",
            "SELECT botdet_score_pending()",
            "SELECT botdet_roll_up_scores()",
            "DELETE FROM botdet.score",
            "INSERT INTO botdet.label (account_id, is_bot) VALUES (1, true)",
            "SELECT botdet_deactivate()",
            "CREATE TABLE botdet.own ()",
        ],
    );
}

#[test]
fn a_scorer_asks_refreshes_drains_the_queue_and_compares() {
    let mut database = TestDatabase::populated("scorer");
    database.connect().run(
        "CREATE TABLE logins (who text, at timestamptz); CREATE INDEX ON logins (who);
         INSERT INTO logins VALUES ('anna', '2025-01-01'), ('berta', '2025-01-01');
         SELECT botdet_bind_source('logins', 'who', 'at', shared => true);
         INSERT INTO logins VALUES ('anna', '2025-01-01');
         GRANT SELECT ON logins TO botdet_scorer;
         UPDATE botdet.account_state SET stale = true WHERE account_id % 2 = 0;
         INSERT INTO botdet.score_queue (account_id) SELECT account_id FROM botdet.account",
    );
    let (_, mut scorer) = member(&mut database, "botdet_scorer");
    scorer.run(
        "SELECT botdet_score(1::bigint), botdet_anomaly(1::bigint), botdet_features(1::bigint), botdet_score('anna');
         SELECT * FROM botdet_explain(2::bigint);
         SELECT * FROM botdet_score_batch(ARRAY[1, 2, 3]);
         SELECT * FROM botdet_lockstep();
         SELECT * FROM botdet_duplicates()",
    );
    assert!(scorer.value::<i64>("SELECT botdet_score_pending(100000)", &[]) > 200);
    for call in [
        "SELECT botdet_store_scores(ARRAY[1, 2])",
        "SELECT botdet_rebuild_state(2)",
        "SELECT botdet_compare_accounts()",
        "SELECT botdet_roll_up_scores()",
        "CALL botdet_refresh_features(everything => true)",
        "CALL botdet_refresh_scores(batch => 64)",
        "SELECT botdet_compare_pages()",
        "SELECT botdet_store_backlink_scores()",
        "SELECT botdet.store_engagement_scores(ARRAY[1])",
    ] {
        scorer.run(call);
    }
    let left: i64 = scorer.value("SELECT count(*) FROM botdet.account_state WHERE stale", &[]);
    assert_eq!(left, 0);
    assert_all_refused(
        &mut scorer,
        &[
            "UPDATE botdet.score SET is_bot = false",
            "INSERT INTO botdet.score (account_id, detector, stage, reasons, scored_at) VALUES (1, 'account', 'rules', '{}', now())",
            "UPDATE botdet.shadow_score SET is_bot = false",
            "UPDATE botdet.account_state SET stale = false",
            "INSERT INTO botdet.account_network (account_id, compared_at) VALUES (1, now())",
            "DELETE FROM botdet.score_queue",
            "DELETE FROM botdet.page_similarity",
            "SELECT botdet_activate('none')",
            "SELECT botdet_deactivate()",
            "SELECT botdet_unbind_source('logins')",
            "CALL botdet_archive('botdet.activity', '2025-01-01')",
            "DELETE FROM botdet.activity",
            "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, now(), 'post')",
            "UPDATE botdet.account SET username = 'x'",
            "INSERT INTO botdet.account (account_id, username) VALUES (9, 'x')",
            "INSERT INTO botdet.label (account_id, is_bot) VALUES (1, true)",
            "UPDATE botdet.detector SET threshold = 0",
            "UPDATE botdet.model_version SET comment = 'x'",
            "UPDATE botdet.score_rollup SET bots = 0",
            "SELECT * FROM botdet_training_set()",
            "SELECT * FROM botdet_claim_review()",
            "SELECT * FROM botdet_fill_review_queue()",
            "INSERT INTO botdet.review (account_id, detector, why, priority) VALUES (1, 'account', 'appeal', 3)",
        ],
    );
}

#[test]
fn a_reviewer_labels_in_no_name_but_their_own() {
    let mut database = TestDatabase::populated("reviewer");
    database.connect().run("DELETE FROM botdet.label WHERE account_id IN (1, 2, 3)");
    let (first, mut reviewer) = member(&mut database, "botdet_reviewer");
    let other = database.role("other");
    database.connect().run(&format!("GRANT botdet_reviewer TO {other}"));
    reviewer.run(
        "SELECT * FROM botdet.flagged_account; SELECT content FROM botdet.activity LIMIT 1;
         SELECT * FROM botdet_explain(1::bigint);
         INSERT INTO botdet.label (account_id, is_bot, note) VALUES (1, true, 'obvious'), (2, false, 'looks human')",
    );
    let mut second = database.connect_as(&other);
    // Through the group's name, as a connection pool does: who is behind it counts.
    second.run(
        "SET ROLE botdet_reviewer;
         INSERT INTO botdet.label (account_id, is_bot) VALUES (2, true)
         ON CONFLICT (account_id, detector) DO UPDATE SET is_bot = excluded.is_bot",
    );
    let signed: Vec<String> = second.column(
        "SELECT concat(account_id, ' ', is_bot, ' ', labelled_by) FROM botdet.label WHERE account_id IN (1, 2) ORDER BY 1",
        &[],
    );
    assert_eq!(signed, [format!("1 t {first}"), format!("2 t {other}")]);
    assert_all_refused(
        &mut reviewer,
        &[
            "INSERT INTO botdet.label (account_id, is_bot, labelled_by) VALUES (3, true, 'boss')",
            "INSERT INTO botdet.label (account_id, is_bot, labelled_at) VALUES (3, true, '2020-01-01')",
            "UPDATE botdet.label SET labelled_by = 'boss'",
            "UPDATE botdet.label SET account_id = 3 WHERE account_id = 1",
            "DELETE FROM botdet.label",
            "UPDATE botdet.score SET is_bot = false",
            "SELECT botdet_store_scores(ARRAY[1])",
            "SELECT botdet_score_pending()",
            "CALL botdet_refresh_scores()",
            "SELECT botdet_deactivate()",
            "SELECT * FROM botdet_training_set()",
            "SET ROLE botdet_scorer",
        ],
    );
}

#[test]
fn an_administrator_who_is_no_superuser_loads_publishes_binds_and_archives() {
    let mut database = TestDatabase::new("admin");
    database.connect().run("GRANT CREATE ON SCHEMA public TO botdet_admin");
    let (_, mut admin) = member(&mut database, "botdet_admin");
    assert!(!admin.value::<bool>("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", &[]));
    let events = load(&mut admin, &simulate(40, 4));
    assert_eq!(admin.value::<i64>("SELECT count(*) FROM botdet.activity", &[]), events as i64);
    let version = activate(&mut admin, filter_model());
    assert_eq!(admin.value::<String>("SELECT (botdet_score(1::bigint)).model_version", &[]), version);
    for call in [
        "SELECT botdet_create_detector('reviews')",
        "UPDATE botdet.detector SET threshold = 0.7 WHERE detector = 'account'",
        "INSERT INTO botdet.label (account_id, is_bot, labelled_by) VALUES (1, true, 'import')
         ON CONFLICT (account_id, detector) DO UPDATE SET labelled_by = 'import'",
        "SELECT count(*) FROM botdet_training_set()",
        "CREATE TABLE logins (who text, at timestamptz) PARTITION BY RANGE (at)",
        "CREATE INDEX ON logins (who)",
        "CREATE TABLE logins_default PARTITION OF logins DEFAULT",
        "SELECT botdet_bind_source('logins', 'who', 'at')",
        "SELECT * FROM botdet_create_partitions('logins', '1 month', since => '2025-01-01', ahead => '-1 year')",
        "INSERT INTO logins SELECT 'anna', timestamptz '2025-01-03' + n * interval '1 hour' FROM generate_series(1, 30) AS n",
        "CALL botdet_drop_partitions('logins', before => '2025-02-01')",
        "CALL botdet_archive('botdet.activity', '2024-01-01')",
        "SELECT botdet_unbind_source('logins')",
        "CALL botdet_refresh_features(everything => true)",
        "CALL botdet_refresh_scores()",
        "SELECT botdet_score_pending()",
        "SELECT botdet_roll_up_scores()",
        "SELECT botdet_deactivate()",
    ] {
        admin.run(call);
    }
    assert_all_refused(
        &mut admin,
        &[
            "UPDATE botdet.model_version SET comment = 'x'",
            "DELETE FROM botdet.model_version",
            "TRUNCATE botdet.activity",
            "ALTER TABLE botdet.activity DISABLE TRIGGER ALL",
            "DROP TABLE botdet.score",
            "CREATE FUNCTION botdet.own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "SET botdet.onnxruntime_library = '/tmp/own.so'",
            "ALTER ROLE botdet_reader SUPERUSER",
            "DROP EXTENSION botdet",
        ],
    );
}

/// Views run with the rights of whoever reads them: a policy on rows holds in them, too.
#[test]
fn policies_on_rows_hold_in_every_view() {
    let mut database = TestDatabase::populated("view_policies");
    let (_, mut reader) = member(&mut database, "botdet_reader");
    database.connect().run(
        "ALTER TABLE botdet.score ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON botdet.score USING (account_id <= 3);
         ALTER TABLE botdet.label ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON botdet.label USING (account_id <= 3);
         ALTER TABLE botdet.activity ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON botdet.activity USING (account_id <= 3)",
    );
    for (view, count) in [
        ("account_score_v1", "count(*)"),
        ("score_daily_v1", "sum(scores)"),
        ("label_v1", "count(*)"),
        ("label_daily_v1", "sum(labels)"),
        ("activity_daily_v1", "max(accounts)"),
    ] {
        let seen: i64 = reader.value(&format!("SELECT {count}::bigint FROM botdet.{view}"), &[]);
        assert!((1..=3).contains(&seen), "{view}: {seen}");
    }
    let invoking: bool = reader.value(
        "SELECT bool_and('security_invoker=true' = ANY (c.reloptions)) FROM pg_class c
         WHERE c.relnamespace = 'botdet'::regnamespace AND c.relkind = 'v'",
        &[],
    );
    assert!(invoking, "a view without security_invoker");
}
