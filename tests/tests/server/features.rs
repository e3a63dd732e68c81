//! `botdet_features` and what may be in a row.

use botdet_tests::activity::{events, insert};
use botdet_tests::{Sql, TestDatabase};

use crate::support::{assert_states_follow_rows, features};

/// An account's features when nothing is known of it.
const NOTHING: &str = "(,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,)";

#[test]
fn an_unknown_account_has_no_feature() {
    let database = TestDatabase::new("unknown");
    let mut client = database.connect();
    assert_eq!(features(&mut client, 404, "infinity"), NOTHING);
    let state: Option<Vec<u8>> = client.value("SELECT botdet_account_state(404)", &[]);
    assert_eq!(state, None);
}

#[test]
fn a_null_account_or_time_gives_null() {
    let database = TestDatabase::new("null");
    let mut client = database.connect();
    for call in ["botdet_features(NULL)", "botdet_features(1, NULL)"] {
        assert!(client.value::<bool>(&format!("SELECT {call} IS NOT DISTINCT FROM NULL"), &[]), "{call}");
    }
}

#[test]
fn features_are_what_their_definitions_say() {
    let database = TestDatabase::new("by_hand");
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.account (account_id, created_at, followers, following, is_verified, display_name, description, has_avatar)
         VALUES (1, '2025-01-01 00:00+00', 30, 60, true, 'Ann', ' ', true);
         INSERT INTO botdet.activity (account_id, occurred_at, action, content, device) VALUES
             (1, '2025-01-02 00:00:00+00', 'post', 'hello world', 'a'),
             (1, '2025-01-02 00:10:00+00', 'comment', 'hello world', 'b'),
             (1, '2025-01-02 00:30:00+00', 'like', NULL, NULL),
             (1, '2025-01-03 00:00:00+00', 'repost', 'sooo definately', '')",
    );
    let expect = [
        ("posting_cadence", (600.0 + 85_800.0) / 2.0),
        ("posting_cadence_std", (85_800.0 - 600.0) / 2.0),
        ("burst_score", 1.0 - (4.0 / 2.0) / 3.0),
        ("circadian_entropy", 0.0),
        ("active_hours", 1.0),
        ("action_diversity", 4f64.ln()),
        ("typo_rate", 1.0 / 3.0),
        ("session_duration_mean", 900.0),
        ("session_duration_std", 900.0),
        ("device_diversity", 2.0),
        ("content_length_mean", 37.0 / 3.0),
        ("content_length_variance", (11.0 * 11.0 * 2.0 + 15.0 * 15.0) / 3.0 - (37.0f64 / 3.0).powi(2)),
        ("content_length_std", ((11.0 * 11.0 * 2.0 + 15.0 * 15.0) / 3.0 - (37.0f64 / 3.0).powi(2)).sqrt()),
        ("duplicate_rate", 1.0 / 3.0),
        ("follower_following_ratio", 0.5),
        ("account_age_days", 2.0),
        ("is_verified", 1.0),
        ("profile_completeness", 2.0 / 3.0),
        ("followers", 30.0),
        ("following", 60.0),
    ];
    for (feature, value) in expect {
        let found: f64 = client.value(&format!("SELECT (botdet_features(1)).{feature}"), &[]);
        assert!(
            (found - value).abs() <= 1e-9 * value.abs().max(1.0),
            "{feature} is {found}, by hand {value}"
        );
    }
}

#[test]
fn as_of_shows_nothing_of_the_future() {
    let database = TestDatabase::new("as_of");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1, 2]", 1, 200));
    let moment: String = client.value("SELECT max(occurred_at)::text FROM botdet.activity", &[]);
    let earlier: String =
        client.value("SELECT (min(occurred_at) + interval '9 hours')::text FROM botdet.activity", &[]);
    let before = [features(&mut client, 1, &moment), features(&mut client, 1, &earlier)];
    assert_ne!(before[0], before[1]);
    client.run(&insert("ARRAY[1, 2]", 201, 400));
    assert_eq!(before, [features(&mut client, 1, &moment), features(&mut client, 1, &earlier)]);
    assert_ne!(before[0], features(&mut client, 1, "infinity"));
}

#[test]
fn as_of_includes_its_own_instant() {
    let database = TestDatabase::new("instant");
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action)
                VALUES (1, '2025-01-01 12:00+00', 'post'), (1, '2025-01-01 13:00+00', 'post')",
    );
    let hours = |client: &mut postgres::Client, at: &str| -> Option<f64> {
        client.value(&format!("SELECT (botdet_features(1, '{at}')).active_hours"), &[])
    };
    assert_eq!(hours(&mut client, "2025-01-01 11:59:59.999999+00"), None);
    assert_eq!(hours(&mut client, "2025-01-01 12:00+00"), Some(1.0));
    assert_eq!(hours(&mut client, "2025-01-01 13:00+00"), Some(2.0));
    assert_eq!(hours(&mut client, "-infinity"), None);
}

#[test]
fn events_outside_1970_to_2099_are_kept_and_not_counted() {
    let database = TestDatabase::new("out_of_range");
    let mut client = database.connect();
    client.run(&insert("ARRAY[1]", 1, 50));
    let before = features(&mut client, 1, "infinity");
    for time in [
        "9999-12-31 23:59:59+00",
        "294276-12-31+00",
        "infinity",
        "-infinity",
        "1969-12-31 23:59:59.999999+00",
        "4713-01-01 00:00:00+00 BC",
        "2100-01-01 00:00+00",
    ] {
        client.run(&format!(
            "INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, '{time}', 'post')"
        ));
    }
    assert_eq!(features(&mut client, 1, "infinity"), before);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.activity", &[]), 57);
    client.run("INSERT INTO botdet.activity (account_id, occurred_at, action) VALUES (1, '2099-12-31 23:59:59.999999+00', 'post')");
    assert_ne!(features(&mut client, 1, "infinity"), before);
    assert_states_follow_rows(&mut client);
}

#[test]
fn odd_texts_actions_and_devices_do_no_harm() {
    let database = TestDatabase::new("odd");
    let mut client = database.connect();
    let texts = [
        "",
        "   \n\t ",
        "\u{1}",
        "\u{7f}\u{80}\u{a0}",
        "\u{2400}\u{fffd}\u{feff}",
        "a\u{301}\u{200d}👩‍👩‍👧",
        "''",
        "@@@ ### ://",
    ];
    for (minute, text) in texts.iter().enumerate() {
        let sql = "INSERT INTO botdet.activity (account_id, occurred_at, action, content, device, target)
                   VALUES (1, timestamptz '2025-01-01 00:00+00' + $1 * interval '1 minute', 'teleport', $2, NULL, '')";
        client.change(sql, &[&(minute as f64), text]);
    }
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action, content, device)
                VALUES (1, '2025-01-02 00:00+00', '', repeat('ab ☕', 2500000), repeat('x', 100000)),
                       (1, '2025-01-02 00:01+00', 'POST', repeat('x', 10485760), NULL)",
    );
    let longest: f64 = client.value("SELECT (botdet_features(1)).content_length_mean", &[]);
    // Of eight texts two are empty; the ten megabytes count in full.
    assert!(longest > (10_000_000.0 + 10_485_760.0) / 8.0, "{longest}");
    assert_states_follow_rows(&mut client);
}

#[test]
fn accented_text_is_the_same_in_a_latin1_database() {
    let latin1 =
        TestDatabase::bare("latin1", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    let utf8 = TestDatabase::new("utf8");
    let [mut latin1, mut utf8] = [latin1.connect(), utf8.connect()];
    latin1.run("CREATE EXTENSION botdet");
    for client in [&mut latin1, &mut utf8] {
        client.run(
            "INSERT INTO botdet.account (account_id, display_name, description) VALUES (1, 'Zoë', 'Überall à la carte');
             INSERT INTO botdet.activity (account_id, occurred_at, action, content, device)
             SELECT 1, timestamptz '2025-01-01 00:00+00' + n * interval '1 hour', 'post',
                    'Ça va? Größe ' || n % 3 || ' über straße, déjà vu', 'téléphone ' || n % 2
             FROM generate_series(1, 40) AS n",
        );
        assert_states_follow_rows(client);
    }
    assert_eq!(features(&mut latin1, 1, "infinity"), features(&mut utf8, 1, "infinity"));
    let question = "SELECT (to_jsonb(s) - 'scored_at')::text FROM botdet_score(1::bigint) AS s";
    assert_eq!(latin1.value::<String>(question, &[]), utf8.value::<String>(question, &[]));
}

#[test]
fn the_catalogue_describes_the_columns_of_the_features_in_their_order() {
    let database = TestDatabase::new("catalogue");
    let mut client = database.connect();
    let names = |client: &mut postgres::Client, sql: &str| -> Vec<String> { client.column(sql, &[]) };
    assert_eq!(
        names(&mut client, "SELECT feature FROM botdet.feature_catalog ORDER BY position"),
        names(
            &mut client,
            "SELECT attname::text FROM pg_attribute WHERE attrelid = 'botdet.account_features'::regclass AND attnum > 0 ORDER BY attnum"
        ),
    );
    assert_eq!(
        names(&mut client, "SELECT DISTINCT schema_fingerprint FROM botdet.feature_catalog"),
        [botdet_models::features::schema_fingerprint()],
    );
}

#[test]
fn features_read_by_many_sessions_of_a_parallel_query_are_the_same() {
    let database = TestDatabase::new("parallel");
    let mut client = database.connect();
    client.run(&format!(
        "INSERT INTO botdet.activity (account_id, occurred_at, action, content, device, target) {}",
        events("ARRAY(SELECT generate_series(1, 60))", 1, 60)
    ));
    client
        .run("ANALYZE; CREATE TABLE subject AS SELECT account_id FROM botdet.account_state; ANALYZE subject");
    let question = "SELECT md5(string_agg(f, '' ORDER BY account_id))
                    FROM (SELECT account_id, botdet_features(account_id)::text AS f FROM subject) AS s";
    client.run("SET max_parallel_workers_per_gather = 0");
    let alone: String = client.value(question, &[]);
    client.run(
        "SET max_parallel_workers_per_gather = 2; SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0;
         SET parallel_tuple_cost = 0; ALTER TABLE subject SET (parallel_workers = 2)",
    );
    assert_eq!(alone, client.value::<String>(question, &[]));
}
