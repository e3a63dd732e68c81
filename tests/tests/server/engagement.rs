//! Hourly engagement: series of any rows, windows and scores by account, flagging at insert, training.

use botdet_loader::simulate::engagement::{EngagementParams, SimulatedSeries, engagement_series};
use botdet_models::engagement::{Analysis, ENGAGEMENT_FEATURES, HOUR, Series, engagement_features};
use botdet_tests::programs::{botdet, output};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

fn simulated(accounts: u32) -> Vec<SimulatedSeries> {
    let params = EngagementParams { accounts, seed: 4, ..EngagementParams::default() };
    engagement_series(&params.check().expect("the parameters are sound")).collect()
}

/// Inserts series, every eleventh hour of each left out; and returns what is left.
fn insert(client: &mut Client, all: &[SimulatedSeries]) -> Vec<Series> {
    let mut series = Vec::new();
    for simulated in all {
        let mut kept = Series::default();
        let mut rows = Vec::new();
        for (hour, counts) in (simulated.first..).zip(&simulated.counts).filter(|(hour, _)| hour % 11 != 0) {
            kept.add(hour, counts.map(Some));
            let [views, likes, comments, shares] = counts;
            let seconds = hour * HOUR / 1_000_000;
            rows.push(format!(
                "({}, to_timestamp({seconds}), {views}, {likes}, {comments}, {shares})",
                simulated.account_id
            ));
        }
        client.run(&format!(
            "INSERT INTO botdet.engagement_hourly (account_id, hour, views, likes, comments, shares) VALUES {}",
            rows.join(", ")
        ));
        series.push(kept);
    }
    series
}

#[test]
fn windows_and_features_are_those_of_the_pure_core() {
    let database = TestDatabase::new("engagement_core");
    let mut client = database.connect();
    let all = simulated(20);
    for (simulated, series) in all.iter().zip(insert(&mut client, &all)) {
        let id = simulated.account_id;
        let bytes: Vec<u8> = client.value("SELECT botdet.engagement_series_of($1)", &[&id]);
        assert_eq!(Series::from_bytes(&bytes), Ok(series.clone()));
        let features: serde_json::Value =
            client.value("SELECT to_jsonb(botdet_engagement_features($1::bigint))", &[&id]);
        for (definition, value) in ENGAGEMENT_FEATURES.iter().zip(engagement_features(&series)) {
            assert_eq!(features[definition.name].as_f64(), value, "{}", definition.name);
        }
        let found = client.query(
            "SELECT metric, strength, likely_attack FROM botdet_engagement_anomaly($1::bigint)",
            &[&id],
        );
        let found: Vec<(String, f64, Option<String>)> =
            found.expect("it answers").iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        let windows = Analysis::of(&series).expect("it is long enough").windows().into_iter();
        let expected: Vec<(String, f64, Option<String>)> = windows
            .map(|window| {
                let attack = window.attack.map(|attack| attack.name().to_owned());
                (window.metric.name().to_owned(), window.strength, attack)
            })
            .collect();
        assert_eq!(found, expected);
    }
    let parallel: i64 = client.value(
        "SELECT count(*) FROM (
             SELECT botdet_engagement_series(hour + interval '59 minutes', views, likes, comments, shares) AS series, account_id
             FROM botdet.engagement_hourly GROUP BY account_id
         ) s WHERE s.series = botdet.engagement_series_of(s.account_id)",
        &[],
    );
    assert_eq!(parallel, 20, "a time within the hour is that hour");
}

#[test]
fn rows_that_are_inserted_are_scored_and_never_lost() {
    let database = TestDatabase::new("engagement_flag");
    let mut client = database.connect();
    insert(&mut client, &simulated(20));
    let scored = "SELECT count(*) FROM botdet.score WHERE detector = 'engagement' AND stage = 'rules'";
    assert_eq!(client.value::<i64>(scored, &[]), 20);
    let equal =
        "SELECT bool_and(s.bot_probability = (botdet_score('engagement', s.account_id)).bot_probability)
                 FROM botdet.score s WHERE s.detector = 'engagement'";
    assert!(client.value::<bool>(equal, &[]));
    // Scoring fails; the row stays, and the reason is told.
    client.run(
        "CREATE OR REPLACE FUNCTION botdet.engagement_series_of(account_id bigint) RETURNS bytea STRICT STABLE PARALLEL SAFE
         LANGUAGE sql AS $$ SELECT '\\xff'::bytea $$;
         INSERT INTO botdet.engagement_hourly VALUES (77, '2025-06-01 10:00+00', 5, 1, 0, 0)",
    );
    assert_eq!(
        client.value::<i64>("SELECT views FROM botdet.engagement_hourly WHERE account_id = 77", &[]),
        5
    );
    let why: String = client.value(
        "SELECT reasons[1] FROM botdet.score WHERE account_id = 77 AND detector = 'engagement' AND stage = 'failed'",
        &[],
    );
    assert_eq!(why, "engagement series has format version 255 where 1 is expected");
}

#[test]
fn broken_rows_are_refused_and_passed_over() {
    let database = TestDatabase::new("engagement_broken");
    let mut client = database.connect();
    let refused = |client: &mut Client, values: &str| {
        client.refused(&format!("INSERT INTO botdet.engagement_hourly VALUES {values}")).code
    };
    assert_eq!(refused(&mut client, "(1, '2025-06-01 10:00+00', -1, 0, 0, 0)"), "23514");
    assert_eq!(refused(&mut client, "(1, '2025-06-01 10:30+00', 1, 0, 0, 0)"), "23514");
    assert_eq!(refused(&mut client, "(1, 'infinity', 1, 0, 0, 0)"), "23514");
    let twice = "(1, '2025-06-01 10:00+00', 1, 0, 0, 0), (1, '2025-06-01 10:00+00', 1, 0, 0, 0)";
    assert_eq!(refused(&mut client, twice), "23505");
    let series: Vec<u8> = client.value(
        "SELECT botdet_engagement_series(h::timestamptz, v, NULL, 1, NULL)
         FROM (VALUES ('2025-06-01 10:20+00', 3), ('2025-06-01 10:50+00', 4), ('2025-06-01 12:00+00', -9), (NULL, 5),
                      ('infinity', 6)) AS r (h, v)",
        &[],
    );
    let series = Series::from_bytes(&series).expect("it is one");
    let counts: Vec<_> = series.iter().map(|(_, counts)| *counts).collect();
    assert_eq!(counts, [[Some(7), None, Some(2), None], [None, None, Some(1), None]]);
    assert_eq!(series.missing(), 1);
    assert_eq!(client.refused("SELECT botdet_engagement_features('\\x07'::bytea)").code, "22P03");
    let stage: String = client.value("SELECT (botdet_score('engagement', 99::bigint)).stage", &[]);
    assert_eq!(stage, "none");
    assert_eq!(client.refused("SELECT botdet_score('spammer', 99::bigint)").code, "42704");
    let short: i64 = client.value(
        "SELECT count(*) FROM botdet_engagement_anomaly((
             SELECT botdet_engagement_series(now() + n * interval '1 hour', n, n, n, n) FROM generate_series(1, 30) n
         ))",
        &[],
    );
    assert_eq!(short, 0, "too little to say what is usual");
}

#[test]
fn a_version_learns_from_simulated_files() {
    let database = TestDatabase::new("engagement_training");
    let folder = std::env::temp_dir().join(database.name());
    let program = |arguments: &[&str]| output(botdet(&database.config()).args(arguments));
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let simulate = ["simulate", "--detector", "engagement", "--accounts", "400", "--out"];
    output(botdet(&database.config()).args(simulate).arg(&folder));
    program(&["load", "--detector", "engagement", &path("engagement.csv")]);
    program(&["load", "--detector", "engagement-windows", &path("windows.csv")]);
    let mut client = database.connect();
    assert_eq!(
        client.value::<i64>("SELECT count(*) FROM botdet.score WHERE detector = 'engagement'", &[]),
        400
    );
    let artifact = path("engagement.botdet");
    program(&["train", "--detector", "engagement", "--out", &artifact]);
    program(&["publish", &artifact]);
    let right: f64 = client.value(
        "SELECT avg(((botdet_score('engagement', f.account_id)).is_bot = f.is_attacked)::int)::float8
         FROM botdet.engagement_features_of_accounts f",
        &[],
    );
    assert!(right > 0.85, "{right}");
    let stage: String = client.value("SELECT (botdet_score('engagement', 1::bigint)).stage", &[]);
    assert!(stage == "trees" || stage == "filter", "{stage}");
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
fn tables_of_counts_and_of_events_are_followed() {
    let database = TestDatabase::new("engagement_sources");
    let mut client = database.connect();
    client.run(
        "CREATE TABLE counts (post integer, taken timestamp, seen integer, liked bigint);
         INSERT INTO counts VALUES (1, '2025-06-01 10:20', 5, 1), (1, '2025-06-01 10:50', 4, NULL), (2, '2025-06-01 11:00', -3, 2),
             (NULL, '2025-06-01 11:00', 1, 1), (3, 'infinity', 1, 1);
         CREATE TABLE event (post bigint, at timestamptz, what text)",
    );
    let bound: i64 = client.value(
        "SELECT botdet_bind_engagement('counts', account_id => 'post', at => 'taken', views => 'seen', likes => 'liked')",
        &[],
    );
    assert_eq!(bound, 2);
    let hours = "SELECT string_agg(concat_ws(' ', account_id, to_char(hour AT TIME ZONE 'UTC', 'HH24'), coalesce(views::text, '-'),
                            coalesce(likes::text, '-'), coalesce(shares::text, '-')), ', ' ORDER BY account_id, hour)
                 FROM botdet.engagement_hourly";
    let found = |client: &mut Client| client.value::<String>(hours, &[]);
    assert_eq!(found(&mut client), "1 10 9 1 -, 2 11 - 2 -");
    client.run("INSERT INTO counts VALUES (1, '2025-06-01 10:59', 1, 7), (1, '2025-06-01 11:00', 2, 2)");
    client.run("UPDATE counts SET seen = 1, liked = 9 WHERE seen = 5");
    client.run("DELETE FROM counts WHERE post = 2");
    assert_eq!(found(&mut client), "1 10 6 16 -, 1 11 2 2 -, 2 11 - 0 -");
    assert_eq!(client.refused("TRUNCATE counts").code, "0A000");
    client.run("DELETE FROM botdet.engagement_hourly");
    client.run("SELECT botdet_bind_engagement('event', 'post', 'at', metric => 'what')");
    client.run(
        "INSERT INTO event VALUES (7, '2025-06-01 03:10+00', 'Views'), (7, '2025-06-01 03:30+00', 'like'), (7, '2025-06-01 06:00+00', 'share'),
             (7, '2025-06-01 06:00+00', 'unheard of')",
    );
    let quiet = "7 03 1 1 0, 7 04 0 0 0, 7 05 0 0 0, 7 06 0 0 1";
    assert_eq!(found(&mut client), quiet, "hours between are quiet");
    client.run("INSERT INTO event VALUES (7, '2025-06-01 08:00+00', 'view')");
    assert_eq!(found(&mut client), format!("{quiet}, 7 07 0 0 0, 7 08 1 0 0"));
    assert_eq!(
        client.value::<i64>(
            "SELECT count(*) FROM botdet.score WHERE detector = 'engagement' AND account_id = 7",
            &[]
        ),
        1,
        "what is bound is judged"
    );
    let bind = |client: &mut Client, arguments: &str| {
        let refused = client.refused(&format!("SELECT botdet_bind_engagement({arguments})"));
        (refused.code, refused.message)
    };
    let (code, message) =
        bind(&mut client, "'botdet.spammer', 'account_id', 'nothing', views => 'link_count'");
    assert_eq!((code.as_str(), message.as_str()), ("42703", "table botdet.spammer has no column nothing"));
    client.run("CREATE TABLE other (post text, at timestamptz, seen integer)");
    assert_eq!(bind(&mut client, "'other', 'post', 'at', views => 'seen'").0, "42804");
    assert_eq!(bind(&mut client, "'other', 'post', 'at'").0, "22023");
    assert_eq!(bind(&mut client, "'event', 'post', 'at', metric => 'what'").0, "42710");
    client.run("SELECT botdet_unbind_engagement('event')");
    client.run("INSERT INTO event VALUES (8, now(), 'view'); TRUNCATE event");
    assert_eq!(
        client.value::<i64>("SELECT count(*) FROM botdet.engagement_hourly WHERE account_id = 8", &[]),
        0
    );
    assert_eq!(client.refused("SELECT botdet_unbind_engagement('event')").code, "42704");
    // A column that changes is no reason to lose rows.
    client.run("ALTER TABLE counts ALTER COLUMN seen TYPE text; INSERT INTO counts VALUES (4, '2025-06-01 10:59', 'x', 1)");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM counts WHERE post = 4", &[]), 1);
}
