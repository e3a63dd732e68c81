//! Drift: distances as scipy has them, no alarm without a shift, shifts found, and alerts that do not waver.

use std::time::Duration;

use botdet_loader::commands::train_table::train_on_table;
use botdet_loader::commands::training_options::ModelOptions;
use botdet_loader::output::Output;
use botdet_loader::tables::TableSource;
use botdet_loader::training::fit::TreeKind;
use botdet_tests::model::activate;
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;
use postgres::fallible_iterator::FallibleIterator;
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    kolmogorov: Vec<(f64, f64)>,
    normal: Vec<(f64, f64)>,
    discoveries: Vec<(f64, f64)>,
}

#[derive(Deserialize)]
struct Case {
    edges: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    missing: (i64, i64),
    psi: f64,
    ks: f64,
    ks_of_values: f64,
    p_value: f64,
}

fn golden() -> Golden {
    let path = format!("{}/golden/drift.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| unreachable!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{path}: {error}"))
}

fn assert_close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs(),
        "{what}: {found} where scipy has {expected}"
    );
}

/// A feature's line of a day in `botdet.feature_drift`: q-value, and what is said of it.
fn drifting(client: &mut Client) -> Vec<String> {
    client.column(
        "SELECT concat(feature, ' ', drift) FROM botdet.feature_drift
         WHERE day = (SELECT max(day) FROM botdet.feature_drift) AND slice_by = 'all' AND drift <> 'none' ORDER BY feature",
        &[],
    )
}

/// What was counted so far is of yesterday, and accounts can be counted again.
fn pass_a_day(client: &mut Client) {
    client.run(
        "UPDATE botdet.drift_count SET day = day - 1; UPDATE botdet.drift_score SET day = day - 1; DELETE FROM botdet.drift_account",
    );
}

#[test]
fn distances_and_their_chances_equal_scipy() {
    let database = TestDatabase::new("distances");
    let mut client = database.connect();
    let golden = golden();
    for (number, case) in golden.cases.iter().enumerate() {
        let row = client
            .query_one(
                "WITH counted AS (
                     SELECT s.n, array_agg(c.count ORDER BY c.bin) AS counts
                     FROM (VALUES (1, $1::float8[]), (2, $2)) AS s (n, sample)
                     CROSS JOIN LATERAL (
                         SELECT i AS bin, count(v) AS count
                         FROM generate_series(1, cardinality($3::float8[]) + 1) AS i
                         LEFT JOIN unnest(s.sample) AS v ON botdet.bin_of(v, $3) = i GROUP BY i
                     ) AS c GROUP BY s.n
                 )
                 SELECT k.psi, k.ks, k.p_value
                 FROM counted a JOIN counted b ON a.n = 1 AND b.n = 2
                 CROSS JOIN LATERAL (SELECT cardinality($1) + $4::bigint, cardinality($2) + $5::bigint) AS r (first, second)
                 CROSS JOIN LATERAL botdet.compare_counts(
                     ARRAY(SELECT c::float8 / r.first FROM unnest(a.counts) AS c), $4::float8 / r.first, r.first, b.counts, $5, r.second
                 ) AS k",
                &[&case.first, &case.second, &case.edges, &case.missing.0, &case.missing.1],
            )
            .expect("they can be compared");
        let [psi, ks, p_value] = [0, 1, 2].map(|column| row.get::<_, f64>(column));
        println!(
            "case {number}: psi {psi:.6}, ks {ks:.6} (of values {:.6}), p {p_value:.3e}",
            case.ks_of_values
        );
        assert_close("psi", psi, case.psi, 1e-9);
        assert_close("ks", ks, case.ks, 1e-9);
        assert_close("p", p_value, case.p_value, 1e-6);
        assert!(ks <= case.ks_of_values + 1e-12, "bins see no more than values");
    }
    for (x, tail) in golden.kolmogorov {
        assert_close("Kolmogorov", client.value("SELECT botdet.kolmogorov_tail($1)", &[&x]), tail, 1e-9);
    }
    for (z, tail) in golden.normal {
        assert_close("normal", client.value("SELECT botdet.normal_tails($1)", &[&z]), tail, 2e-7);
    }
    let (p, q): (Vec<f64>, Vec<f64>) = golden.discoveries.into_iter().unzip();
    for (found, expected) in corrected(&p).into_iter().zip(q) {
        assert_close("q", found, expected, 1e-12);
    }
    assert_eq!(client.refused("SELECT botdet.compare_shares('{1,0}', '{1,0,0}', 9, 9)").code, "2202E");
}

/// Benjamini and Hochberg's correction, by its definition: the least of p n / rank over all that are at least as large.
fn corrected(p: &[f64]) -> Vec<f64> {
    let rank = |value: f64| p.iter().filter(|other| **other <= value).count() as f64;
    let scaled = |value: f64| value * p.len() as f64 / rank(value);
    p.iter().map(|own| p.iter().filter(|p| *p >= own).map(|p| scaled(*p)).fold(1.0, f64::min)).collect()
}

#[test]
fn the_same_data_never_alarms() {
    const DRAWS: i64 = 200;
    const FEATURES: i64 = 20;
    let database = TestDatabase::populated("same_data");
    let mut client = database.connect();
    // Reference and draws of one normal distribution, 1,500 and 400 rows; a tenth of the values is missing.
    client.run("SELECT setseed(0.25)");
    let drawn = "CASE WHEN random() >= 0.1 THEN sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) END";
    let bins: Vec<String> = (1..=10).map(|bin| format!("count(*) FILTER (WHERE bin = {bin})")).collect();
    let bins = bins.join(", ");
    client.run(&format!(
        "CREATE TEMPORARY TABLE drawn AS
         SELECT f, {drawn} AS value FROM generate_series(1, {FEATURES}) AS f, generate_series(1, 1500);
         CREATE TEMPORARY TABLE edge AS
         SELECT f, percentile_cont('{{.1,.2,.3,.4,.5,.6,.7,.8,.9}}'::float8[]) WITHIN GROUP (ORDER BY value) AS edges
         FROM drawn GROUP BY f;
         INSERT INTO botdet.frozen_reference (model_version_id, feature, rows, edges, shares, missing)
         SELECT d.model_version_id, 'f' || b.f, 1500, b.edges, ARRAY(SELECT c / 1500.0 FROM unnest(ARRAY[{bins}]) AS c),
                count(*) FILTER (WHERE bin IS NULL) / 1500.0
         FROM (SELECT f, edges, botdet.bin_of(value, edges) AS bin FROM drawn JOIN edge USING (f)) AS b, botdet.deployment d
         GROUP BY d.model_version_id, b.f, b.edges;
         INSERT INTO botdet.drift_count (model_version_id, day, slice_by, slice, feature, counts, missing, unseen, rows)
         SELECT d.model_version_id, date '2026-01-01' + n, 'all', '', 'f' || f, ARRAY[{bins}],
                count(*) FILTER (WHERE bin IS NULL), 0, 400
         FROM (
             SELECT n, a.f, botdet.bin_of(value, edges) AS bin
             FROM (
                 SELECT n, f, {drawn} AS value
                 FROM generate_series(1, {DRAWS}) AS n, generate_series(1, {FEATURES}) AS f, generate_series(1, 400)
             ) AS a JOIN edge e ON e.f = a.f
         ) AS b, botdet.deployment d
         GROUP BY d.model_version_id, n, f",
    ));
    let row = client
        .query_one(
            "SELECT count(DISTINCT day), count(*), count(*) FILTER (WHERE p_value < 0.05),
                    count(DISTINCT day) FILTER (WHERE q_value < 0.05), count(*) FILTER (WHERE psi >= 0.1),
                    count(DISTINCT day) FILTER (WHERE drift <> 'none')
             FROM botdet.feature_drift",
            &[],
        )
        .expect("it can be compared");
    let [days, all, by_chance, discovered, moved, alarms] =
        [0, 1, 2, 3, 4, 5].map(|column| row.get::<_, i64>(column));
    println!(
        "{days} draws of {FEATURES} features: p < 0.05 for {:.3} of the features, a q < 0.05 in {:.3} of the draws, \
         psi >= 0.1 for {moved} features, false alarms in {alarms} draws",
        by_chance as f64 / all as f64,
        discovered as f64 / days as f64,
    );
    assert_eq!((days, all), (DRAWS, DRAWS * FEATURES));
    assert_eq!(alarms, 0);
    // 5 % of the features and of the draws at most, give or take four standard deviations of each.
    assert!(by_chance as f64 <= 0.05 * all as f64 + 4.0 * (0.0475 * all as f64).sqrt(), "{by_chance}");
    assert!(discovered as f64 <= 0.05 * days as f64 + 4.0 * (0.0475 * days as f64).sqrt(), "{discovered}");
    assert!(by_chance > 0, "chance does show");
    let alerts: i64 = client.value(
        "SELECT count(*) FROM botdet.measure_drift('-infinity', 'infinity')
         WHERE measure IN ('feature_psi', 'missing_change') AND is_certain AND value >= 0.1",
        &[],
    );
    assert_eq!(alerts, 0);
    // The correction is that of the definition, day by day.
    let day = client
        .query("SELECT p_value, q_value FROM botdet.feature_drift WHERE day = '2026-02-01'", &[])
        .expect("a day can be read");
    let p: Vec<f64> = day.iter().map(|row| row.get(0)).collect();
    for (row, expected) in day.iter().zip(corrected(&p)) {
        assert_close("q of the view", row.get(1), expected, 1e-9);
    }
}

#[test]
fn shifts_of_features_are_found_and_nothing_else() {
    let database = TestDatabase::populated("shifts");
    let mut client = database.connect();
    client.run("INSERT INTO botdet.drift_setting (detector, least_rows) VALUES ('account', 100)");
    assert_eq!(client.value::<i64>("SELECT botdet_sample_features()", &[]), 240);
    assert_eq!(client.value::<i64>("SELECT botdet_sample_features()", &[]), 0, "each once a day");
    let origin: Vec<String> = client.column("SELECT DISTINCT origin FROM botdet.feature_reference", &[]);
    assert_eq!(origin, ["training"], "the version has brought it along");
    assert_eq!(drifting(&mut client), Vec::<String>::new());
    pass_a_day(&mut client);
    client.run(
        "UPDATE botdet.account SET followers = 1000000 + 50 * followers, is_verified = NULL;
         SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account",
    );
    assert_eq!(client.value::<i64>("SELECT botdet_sample_features()", &[]), 240);
    let shifted = ["follower_following_ratio large", "followers large", "is_verified large"];
    assert_eq!(drifting(&mut client), shifted);
    let row = client
        .query_one(
            "SELECT f.unseen, v.missing, v.reference_missing, f.q_value
             FROM botdet.feature_drift f JOIN botdet.feature_drift v USING (day, slice_by, slice, version)
             WHERE f.feature = 'followers' AND v.feature = 'is_verified' AND slice_by = 'all' ORDER BY day DESC LIMIT 1",
            &[],
        )
        .expect("both are there");
    let [unseen, missing, before, q] = [0, 1, 2, 3].map(|column| row.get::<_, f64>(column));
    println!(
        "followers: {unseen:.2} unseen, q {q:.1e}; is_verified: {missing:.2} missing where {before:.2} were"
    );
    assert!(unseen > 0.8 && missing > 0.99 && before < 0.3 && q < 1e-6);
    // Yesterday with today says the same; today with today, nothing.
    let between: Vec<String> = client.column(
        "SELECT feature FROM (SELECT max(day) FROM botdet.drift_count) AS m (d), botdet_drift('account', d - 1, d - 1, d, d)
         WHERE drift <> 'none' AND feature <> 'bot_probability' ORDER BY feature",
        &[],
    );
    assert_eq!(between, ["follower_following_ratio", "followers", "is_verified"]);
    let same: i64 = client.value(
        "SELECT count(*) FROM (SELECT max(day) FROM botdet.drift_count) AS m (d), botdet_drift('account', d, d, d, d)
         WHERE psi <> 0 OR ks <> 0 OR p_value <> 1 OR drift <> 'none'",
        &[],
    );
    assert_eq!(same, 0);
    let slices: Vec<String> = client.column(
        "SELECT slice_by FROM botdet.prediction_drift GROUP BY slice_by HAVING sum(rows) >= 480 ORDER BY slice_by",
        &[],
    );
    assert_eq!(slices, ["age", "all", "language", "region"], "every account is in a slice of each");
}

#[test]
fn too_few_rows_say_nothing() {
    let database = TestDatabase::populated("too_few");
    let mut client = database.connect();
    client.run("SELECT botdet_sample_features()");
    for view in ["feature_drift", "prediction_drift"] {
        let said: Vec<String> = client.column(&format!("SELECT DISTINCT drift FROM botdet.{view}"), &[]);
        assert_eq!(said, ["insufficient data"], "{view}: 240 rows are below 300");
    }
    let is_said: bool =
        client.value("SELECT bool_and(is_insufficient) FROM botdet.estimated_performance", &[]);
    assert!(is_said);
    client.run("SELECT botdet_watch_drift('feature_psi', 0, 0, 1)");
    pass_a_day(&mut client);
    assert_eq!(client.column::<i64>("SELECT alert_id FROM botdet_check_drift()", &[]), Vec::<i64>::new());
    let said: Vec<String> = client.column(
        "SELECT DISTINCT concat(rows1, ' ', drift) FROM botdet_drift('account', '2020-01-01', '2020-01-02', '2020-02-01', '2020-02-02')",
        &[],
    );
    assert_eq!(said, ["0 insufficient data"]);
    let drift = |days: &str| format!("SELECT * FROM botdet_drift({days})");
    let refused = client.refused(&drift("'account', '2020-01-02', '2020-01-01', '2020-02-01', '2020-02-02'"));
    assert_eq!(refused.code, "22023");
    assert_eq!(client.refused(&drift("'spammer', 'today', 'today', 'today', 'today'")).code, "42704");
    assert_eq!(client.refused("SELECT botdet_sample_features('spammer')").code, "0A000");
    assert_eq!(client.refused("SELECT botdet_freeze_reference(bins => 1)").code, "22023");
}

#[test]
fn performance_is_estimated_as_probabilities_add_up() {
    let database = TestDatabase::populated("estimated");
    let mut client = database.connect();
    client.run("SELECT botdet_sample_features()");
    let row = client
        .query_one(
            "SELECT e.true_positives - s.tp, e.false_positives - s.fp, e.false_negatives - s.fn, e.true_negatives - s.tn,
                    e.accuracy, l.accuracy
             FROM botdet.estimated_performance e,
                  (SELECT coalesce(sum(bot_probability) FILTER (WHERE is_bot), 0) AS tp,
                          coalesce(sum(1 - bot_probability) FILTER (WHERE is_bot), 0) AS fp,
                          coalesce(sum(bot_probability) FILTER (WHERE NOT is_bot), 0) AS fn,
                          coalesce(sum(1 - bot_probability) FILTER (WHERE NOT is_bot), 0) AS tn FROM botdet.score) AS s,
                  (SELECT avg((s.is_bot = l.is_bot)::int)::float8 AS accuracy FROM botdet.score s JOIN botdet.label l USING (account_id)) AS l
             WHERE e.slice_by = 'all'",
            &[],
        )
        .expect("one day of one version");
    for column in 0..4 {
        assert!(row.get::<_, f64>(column).abs() < 1e-9, "column {column}");
    }
    let (estimated, true_one): (f64, f64) = (row.get(4), row.get(5));
    println!("accuracy: estimated {estimated:.3}, by labels {true_one:.3}");
    assert!(
        (estimated - true_one).abs() < 0.12,
        "it has learned from most of them, and so does better than it says"
    );
    let fair: bool = client.value(
        "SELECT bool_and(f.accounts = f.labels AND f.true_positives + f.false_positives + f.false_negatives + f.true_negatives = f.labels)
                AND count(*) > 8 FROM botdet.fairness f",
        &[],
    );
    assert!(fair);
}

/// The last days in the only bin edge there is, most below it or fewer. 500: as the reference; 200: psi 0.42; 300: 0.17.
fn set_days(client: &mut Client, below: &[i64]) {
    client.run("DELETE FROM botdet.drift_count");
    for (ago, below) in (1..).zip(below.iter().rev()) {
        client.change(
            "INSERT INTO botdet.drift_count (model_version_id, day, slice_by, slice, feature, counts, missing, unseen, rows)
             SELECT d.model_version_id, (clock_timestamp() AT TIME ZONE 'UTC')::date - $1::integer, 'all', '', 'x',
                    ARRAY[$2, 1000 - $2::bigint], 0, 0, 1000
             FROM botdet.deployment d",
            &[&ago, below],
        );
    }
}

#[test]
fn alerts_last_until_drift_is_clearly_over() {
    let database = TestDatabase::populated("alerts");
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.frozen_reference (model_version_id, feature, rows, edges, shares, missing)
         SELECT model_version_id, 'x', 1000, '{0}', '{0.5,0.5}', 0 FROM botdet.deployment;
         SELECT botdet_watch_drift('feature_psi', 0.25, 0.1, 2); LISTEN botdet_alert",
    );
    let check = |client: &mut Client| -> Vec<String> {
        client.column(
            "SELECT concat(change, ' ', feature, ' ', round(value::numeric, 2)) FROM botdet_check_drift()",
            &[],
        )
    };
    let (reference, far, between) = (500, 200, 300);
    for (days, expected) in [
        (vec![far], None),
        (vec![reference, far], None),
        (vec![far, between], None),
        (vec![far, far], Some("raised x 0.42")),
        (vec![far, far], None),
        (vec![far, between], None),
        (vec![between, reference], None),
        (vec![reference], None),
        (vec![reference, reference], Some("cleared x 0.00")),
        (vec![reference, reference], None),
        (vec![far, far], Some("raised x 0.42")),
    ] {
        set_days(&mut client, &days);
        let changed = check(&mut client);
        assert_eq!(changed, expected.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{days:?}");
    }
    // Another champion has drift of its own.
    client.run("SELECT botdet_activate(version) FROM botdet.model_versions WHERE NOT is_champion");
    assert_eq!(check(&mut client), ["cleared x "]);
    let held: i64 = client.value("SELECT count(*) FROM botdet.alert WHERE cleared_at IS NULL", &[]);
    assert_eq!(held, 0);
    let told = client.notifications().timeout_iter(Duration::from_millis(200)).count();
    assert_eq!(told.expect("notifications come"), 4);
    assert!(client.value::<bool>("SELECT botdet_unwatch_drift('feature_psi')", &[]));
    assert!(!client.value::<bool>("SELECT botdet_unwatch_drift('feature_psi')", &[]));
    for bad in ["'weather', 1, 0", "'feature_psi', 0.1, 0.2", "'feature_psi', 0.2, 0.1, 0"] {
        assert_eq!(client.refused(&format!("SELECT botdet_watch_drift({bad})")).code, "22023", "{bad}");
    }
    let refused = client.refused("SELECT botdet_watch_drift('unseen', 0.2, 0.1, detector => 'weather')");
    assert_eq!(refused.code, "42704");
}

#[test]
fn a_reference_can_be_frozen_and_a_champion_without_one_gets_it() {
    let database = TestDatabase::populated("frozen");
    let mut client = database.connect();
    client.run("SELECT botdet_sample_features()");
    assert_eq!(client.value::<i64>("SELECT botdet_freeze_reference()", &[]), 240);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.drift_count", &[]), 0, "other bins");
    let frozen: bool = client.value(
        "SELECT count(*) = 49 AND bool_and(origin = 'frozen' AND abs((SELECT sum(s) FROM unnest(shares) AS s) + missing - 1) < 1e-9)
         FROM botdet.feature_reference WHERE version = (SELECT version FROM botdet.model_versions WHERE is_champion)",
        &[],
    );
    assert!(frozen);
    client.run("INSERT INTO botdet.drift_setting (detector, least_rows) VALUES ('account', 100); DELETE FROM botdet.drift_account");
    client.run("SELECT botdet_sample_features()");
    let moved: i64 = client.value(
        "SELECT count(*) FROM botdet.feature_drift WHERE slice_by = 'all' AND (psi > 1e-9 OR ks > 1e-9)",
        &[],
    );
    assert_eq!(moved, 0, "the same accounts");
    // A version of before has nothing in its manifest that a reference could be read from.
    client.run(
        "ALTER TABLE botdet.model_version DISABLE TRIGGER refuse_change;
         UPDATE botdet.model_version SET manifest = manifest #- '{training,reference}';
         ALTER TABLE botdet.model_version ENABLE TRIGGER refuse_change;
         DELETE FROM botdet.frozen_reference; SELECT * FROM botdet_check_drift()",
    );
    let noted: i64 = client.value("SELECT count(*) FROM botdet.audit WHERE action = 'freeze reference'", &[]);
    assert_eq!(noted, 2);
    // What somebody else has written there is no reference, and no error.
    for odd in [
        "{\"columns\": 7}",
        "[]",
        "{\"columns\": [{\"name\": \"x\", \"rows\": 3, \"edges\": [\"a\"], \"shares\": [1, 0], \"missing\": 0, \"low\": null, \"high\": null}]}",
    ] {
        let read: i64 = client.value(
            "SELECT count(*) FROM botdet.reference_in(jsonb_build_object('training', jsonb_build_object('reference', $1::text::jsonb)))",
            &[&odd],
        );
        assert_eq!(read, 0, "{odd}");
    }
}

#[test]
fn rows_of_tables_are_counted_with_levels_and_unseen_ones() {
    let database = TestDatabase::new("drift_rows");
    let mut client = database.connect();
    client.run(
        "CREATE TABLE orders (id bigint PRIMARY KEY, amount numeric, country text, express boolean, is_fraud boolean);
         INSERT INTO orders SELECT n, CASE WHEN n % 9 <> 0 THEN (n % 50) / 10.0 END, (ARRAY['de', 'fr', 'it'])[n % 3 + 1], n % 2 = 0, n % 5 = 0
         FROM generate_series(1, 1500) AS n;
         SELECT botdet_create_detector('orders');
         INSERT INTO botdet.drift_setting (detector, least_rows) VALUES ('orders', 200)",
    );
    let source = TableSource {
        relation: "orders".to_owned(),
        key: "id".to_owned(),
        label: "is_fraud".to_owned(),
        ..TableSource::default()
    };
    let options = ModelOptions { l2: Some(1.0), trees: TreeKind::None, ..ModelOptions::default() };
    let (artifact, _) = train_on_table(&mut client, "orders", &source, &options, Output::new(true))
        .unwrap_or_else(|error| unreachable!("cannot train: {error}"));
    activate(&mut client, &artifact.to_bytes());
    let levels: Vec<String> = client.column(
        "SELECT l FROM botdet.feature_reference, unnest(levels) AS l WHERE feature = 'country' ORDER BY l",
        &[],
    );
    assert_eq!(levels, ["de", "fr", "it"]);
    let count = "SELECT botdet_sample_rows('orders', array_agg(to_jsonb(o))) FROM orders o WHERE id <= 900";
    assert_eq!(client.value::<i64>(count, &[]), 900);
    assert_eq!(drifting(&mut client), Vec::<String>::new());
    pass_a_day(&mut client);
    client.run("UPDATE orders SET country = 'xx' WHERE id % 3 = 1; UPDATE orders SET amount = amount + 3");
    assert_eq!(client.value::<i64>(count, &[]), 900);
    assert_eq!(drifting(&mut client), ["amount large", "country large"]);
    let unseen: f64 = client.value(
        "SELECT unseen FROM botdet.feature_drift WHERE feature = 'country' ORDER BY day DESC LIMIT 1",
        &[],
    );
    assert!((unseen - 1.0 / 3.0).abs() < 1e-9, "{unseen}");
}
