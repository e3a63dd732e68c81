//! Any table as a detector: trained, published and asked by the same commands and functions that users have.

use std::path::PathBuf;

use botdet_tests::population::SOURCE;
use botdet_tests::programs::{botdet, output};
use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

/// 1,200 orders. Fraud comes with many items, an unverified card and plan free, and with none of these now and then.
const ORDERS: &str = r#"
CREATE TABLE "order" (
    order_no text PRIMARY KEY, is_fraud boolean, items integer, "card verified" boolean, plan text, amount numeric(12, 2),
    noise double precision, placed_at timestamptz, note text
);
SELECT setseed(0.5);
INSERT INTO "order"
SELECT 'order-' || n, (risk + random() * 4) > 5, items, verified, plan, (exp(random() * 5))::numeric(12, 2),
       CASE WHEN n % 10 <> 0 THEN random() END, timestamptz '2026-01-01' + n * interval '1 hour', 'note ' || n
FROM (
    SELECT n, items, verified, plan, items / 4.0 + CASE WHEN verified THEN 0 ELSE 1.5 END + CASE plan WHEN 'free' THEN 1 ELSE 0 END AS risk
    FROM (
        SELECT n, (random() * 12)::int AS items, random() < 0.6 AS verified,
               (ARRAY['free', 'basic', 'gold'])[1 + (random() * 2.99)::int] AS plan
        FROM generate_series(1, 1200) AS n OFFSET 0
    ) AS drawn
) AS risky
"#;

/// What is written is removed again with it.
struct Folder(PathBuf);

impl Folder {
    fn new(database: &TestDatabase) -> Self {
        let path = std::env::temp_dir().join(format!("{}_files", database.name()));
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn orders(database: &TestDatabase) -> Client {
    let mut client = database.connect();
    client.run(ORDERS);
    client
}

/// Trains a version on a table of the database, as the options say; what the program prints.
fn train(database: &TestDatabase, out: &str, options: &[&str]) -> String {
    output(botdet(&database.config()).args(["train", "--out", out]).args(options))
}

fn refused(database: &TestDatabase, options: &[&str]) -> String {
    let run = botdet(&database.config()).args(options).output().expect("the program starts");
    assert!(!run.status.success(), "{options:?} should have been refused");
    String::from_utf8_lossy(&run.stderr).into_owned()
}

const FRAUD: [&str; 8] =
    ["--detector", "fraud", "--table", "order", "--key", "order_no", "--label", "is_fraud"];

fn publish(database: &TestDatabase, file: &str) {
    output(botdet(&database.config()).args(["publish", file]));
}

#[test]
fn a_table_becomes_a_detector() {
    let database = TestDatabase::new("orders");
    let folder = Folder::new(&database);
    let mut client = orders(&database);
    let file = folder.file("fraud.botdet");
    let text = train(&database, &file, &FRAUD);
    assert!(text.contains("1200 rows") && text.contains("ROC-AUC"), "{text}");
    publish(&database, &file);
    // All rows: the version learned from most of them, so that this is no figure of merit.
    let rows: i64 = client.value(
        r#"SELECT count(*) FROM (SELECT o.is_fraud, s.* FROM "order" AS o, botdet_score('fraud', to_jsonb(o)) AS s OFFSET 0) AS scored
           WHERE bot_probability BETWEEN probability_low AND probability_high AND stage IN ('filter', 'trees')
             AND model_version LIKE 'fraud-%' AND cardinality(reasons) > 0 AND events IS NULL AND account_id IS NULL
             AND anomaly_score BETWEEN 0 AND 1"#,
        &[],
    );
    assert_eq!(rows, 1200);
    let apart: f64 = client.value(
        r#"SELECT avg(s.bot_probability) FILTER (WHERE o.is_fraud) - avg(s.bot_probability) FILTER (WHERE NOT o.is_fraud)
           FROM "order" AS o, botdet_score('fraud', to_jsonb(o)) AS s"#,
        &[],
    );
    assert!(apart > 0.3, "mean probabilities of the classes are {apart} apart");
    // What explains a row adds up to its log-odds; a category is one column, told by name in the score's reasons.
    let wrong: i64 = client.value(
        r#"SELECT count(*) FROM "order" AS o, botdet_score('fraud', to_jsonb(o)) AS s,
                  LATERAL (SELECT sum(contribution) AS sum, count(*) FILTER (WHERE feature = 'plan') AS plans
                           FROM botdet_explain('fraud', to_jsonb(o))) AS e
           WHERE order_no < 'order-2' AND (abs(ln(s.bot_probability / (1 - s.bot_probability)) - e.sum) > 1e-6 OR plans <> 1)"#,
        &[],
    );
    assert_eq!(wrong, 0);
    let reasons: String = client.value(
        r#"SELECT string_agg(r, E'\n') FROM "order" AS o, botdet_score('fraud', to_jsonb(o)) AS s, unnest(s.reasons) AS r"#,
        &[],
    );
    assert!(reasons.contains("plan free (+"), "{reasons}");
    let anomaly: String = client.value(
        "SELECT a.outstanding[1] FROM botdet_anomaly('fraud', '{\"items\": 1000000, \"card verified\": true, \"plan\": \"gold\", \"amount\": 5, \"noise\": 0.5}') AS a",
        &[],
    );
    assert!(anomaly.starts_with("items 1000000"), "{anomaly}");
}

#[test]
fn rows_that_are_not_the_tables_are_refused_by_name() {
    let database = TestDatabase::new("odd_rows");
    let folder = Folder::new(&database);
    let mut client = orders(&database);
    let file = folder.file("fraud.botdet");
    train(&database, &file, &FRAUD);
    let nobody = client.refused("SELECT botdet_score('fraud', '{}')");
    assert_eq!((nobody.code.as_str(), nobody.message.as_str()), ("42704", "there is no detector fraud"));
    output(botdet(&database.config()).args(["publish", "--no-activate", &file]));
    let inactive = client.refused("SELECT botdet_score('fraud', '{}')");
    assert_eq!(inactive.message, "no model version is active for detector fraud");
    publish(&database, &file);
    for (row, code, what) in [
        (r#"{"itms": 3}"#, "42703", "itms"),
        (r#"{"items": "three"}"#, "42804", "items is \"three\""),
        (r#"{"items": true}"#, "42804", "items is true"),
        (r#"{"card verified": 1}"#, "42804", "card verified is 1"),
        (r#"{"plan": 7}"#, "42804", "plan is 7"),
        (r#"{"amount": 1e300}"#, "22003", "amount is"),
        ("[1, 2]", "42804", "not a JSON object"),
        ("null", "42804", "not a JSON object"),
    ] {
        let refusal = client.refused_with("SELECT botdet_score('fraud', $1::text::jsonb)", &[&row]);
        assert_eq!(refusal.code, code, "{row}: {}", refusal.message);
        assert!(refusal.message.contains(what), "{row}: {}", refusal.message);
    }
    // Nothing known, a level never seen, and a column that the table has got since: all have an answer.
    for row in [
        "{}",
        r#"{"items": null, "plan": null}"#,
        r#"{"plan": "platinum"}"#,
        r#"{"order_no": "x", "note": "y", "items": 1}"#,
        r#"{"items": 1, "card verified": true, "plan": "free", "amount": 1, "noise": 1, "new": [1]}"#,
    ] {
        let probability: f64 =
            client.value("SELECT (botdet_score('fraud', $1::text::jsonb)).bot_probability", &[&row]);
        assert!(probability > 0.0 && probability < 1.0, "{row}: {probability}");
    }
    let null: bool = client.value("SELECT botdet_score('fraud', NULL) IS NULL", &[]);
    assert!(null);
}

#[test]
fn accounts_can_be_scored_from_json_too() {
    let database = TestDatabase::populated("account_json");
    let mut client = database.connect();
    let differs: i64 = client.value(
        "SELECT count(*) FROM (SELECT f FROM generate_series(1, 40) AS id, botdet_features(id) AS f OFFSET 0) AS features,
                botdet_score('account', to_jsonb(f)) AS by_json, botdet_score(f) AS by_row
         WHERE by_json IS DISTINCT FROM by_row",
        &[],
    );
    assert_eq!(differs, 0);
    let refusal = client.refused(r#"SELECT botdet_score('account', '{"typo_rte": 0.1}')"#);
    assert_eq!(refusal.code, "42703");
    let refusal = client.refused(r#"SELECT botdet_score('account', '{"typo_rate": 1.5}')"#);
    assert_eq!(refusal.message, "feature typo_rate is 1.5, outside 0 to 1");
}

#[test]
fn rules_answer_for_spammers_until_a_version_does() {
    let database = TestDatabase::new("spammer_rules");
    let mut client = database.connect();
    let score = r#"SELECT stage || ' ' || is_bot || ' ' || (bot_probability > 0.5)
                   FROM botdet_score('spammer', '{"urgent_message_count": 9, "asked_credentials": true, "link_count": 20}')"#;
    assert_eq!(client.value::<String>(score, &[]), "rules true true");
    let refusal = client.refused("SELECT botdet_anomaly('spammer', '{}')");
    assert_eq!(refusal.code, "55000");
}

#[test]
fn what_teaches_nothing_is_refused_before_anything_is_written() {
    let database = TestDatabase::new("taught_nothing");
    let folder = Folder::new(&database);
    let mut client = orders(&database);
    client.run(
        "CREATE TABLE tiny AS SELECT * FROM \"order\" ORDER BY order_no LIMIT 10;
         CREATE TABLE one_class AS SELECT order_no, true AS is_fraud, items FROM \"order\";
         CREATE TABLE twice AS SELECT 'x' AS order_no, is_fraud, items FROM \"order\";
         CREATE TABLE as_text AS SELECT order_no, is_fraud, items::text AS items FROM \"order\"",
    );
    let out = folder.file("fraud.botdet");
    for (table, what) in [
        ("tiny", "tiny"),
        ("one_class", "is_fraud"),
        ("twice", "order_no"),
        ("as_text", "items"),
        ("nowhere", "nowhere"),
    ] {
        let message = refused(
            &database,
            &[
                "train",
                "--out",
                &out,
                "--detector",
                "fraud",
                "--table",
                table,
                "--key",
                "order_no",
                "--label",
                "is_fraud",
            ],
        );
        assert!(message.contains(what), "{table}: {message}");
    }
    let message = refused(&database, &["train", "--out", &out, "--detector", "fraud"]);
    assert!(message.contains("--table"), "{message}");
    let message = refused(
        &database,
        &["train", "--out", &out, "--table", "order", "--key", "order_no", "--label", "is_fraud"],
    );
    assert!(message.contains("--detector"), "{message}");
    assert!(!PathBuf::from(&out).exists());
    let refusal = client.refused("SELECT botdet_create_detector('No Name')");
    assert_eq!(refusal.message, "'No Name' is no name of a detector");
}

#[test]
fn what_would_be_passed_over_or_fail_at_the_end_is_refused_at_once() {
    let database = TestDatabase::new("refused_at_once");
    let folder = Folder::new(&database);
    orders(&database);
    let of = |command: &'static str, detector: &'static str, options: &[&'static str]| {
        let table = ["--table", "order", "--key", "order_no", "--label", "is_fraud"];
        refused(&database, &[&[command, "--detector", detector], &table[..], options].concat())
    };
    let name = "\"../fraud\" is no name of a detector; a name has up to 40 small letters";
    assert!(of("train", "../fraud", &[]).contains(name));
    assert!(of("zoo", "../fraud", &[]).contains(name));
    let nowhere = of("train", "fraud", &["--out", "/nowhere/fraud.botdet"]);
    assert!(nowhere.contains("/nowhere: No such file or directory"), "{nowhere}");
    let taken = folder.0.display().to_string();
    let taken = refused(&database, &[&["train", "--out", &taken], &FRAUD[..]].concat());
    assert!(taken.contains("directory"), "{taken}");
    let search = of("train", "fraud", &["--trees", "forest", "--search", "5"]);
    assert!(search.contains("--search means nothing for trees other than boosted ones"), "{search}");
    assert!(of("zoo", "account", &[]).contains("another --detector learns from --table order"));
    assert!(of("zoo", "fraud", &["--rows", "3"]).contains("--rows is 3, outside 20 to"));
    for (options, option) in [
        (&["train", "--detector", "spammer", "--source", "mine"][..], "--source"),
        (&["train", "--detector", "spammer", "--checkpoint", "file"], "--checkpoint"),
        (&["zoo", "--detector", "spammer", "--source", "mine"], "--source"),
    ] {
        let message = refused(&database, options);
        assert!(message.contains(&format!("{option} means nothing for detector spammer")), "{message}");
    }
    let message = refused(&database, &["zoo", "--rows", "100"]);
    assert!(message.contains("--rows means nothing for detector account"), "{message}");
}

#[test]
fn as_many_rows_are_compared_on_as_were_asked_for() {
    let database = TestDatabase::new("zoo_rows");
    orders(&database);
    let options = [&["zoo", "--only", "ridge", "--no-store", "--rows", "1000"], &FRAUD[..]].concat();
    let text = output(botdet(&database.config()).args(options));
    assert!(text.contains("\n801 rows learned from, 200 held out"), "rounded in each class: {text}");
}

#[test]
fn a_comparison_that_cannot_be_stored_is_printed_all_the_same() {
    let database = TestDatabase::new("zoo_not_stored");
    orders(&database).run("ALTER TABLE botdet.model_comparison ADD CHECK (learner <> 'ridge')");
    let options = [&["zoo", "--only", "ridge"], &FRAUD[..]].concat();
    let run = botdet(&database.config()).args(options).output().expect("the program starts");
    assert!(!run.status.success() && String::from_utf8_lossy(&run.stderr).contains("SQLSTATE 23514"));
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(text.contains("960 rows learned from") && text.contains("\nridge "), "{text}");
}

#[test]
fn constant_and_empty_columns_make_a_sound_model() {
    let database = TestDatabase::new("dull_columns");
    let folder = Folder::new(&database);
    let mut client = orders(&database);
    client.run(
        "CREATE TABLE dull AS
         SELECT order_no, is_fraud, 7 AS constant, NULL::integer AS never, items,
                CASE WHEN order_no = 'order-1' THEN 1e30 ELSE 0 END AS huge FROM \"order\"",
    );
    let file = folder.file("dull.botdet");
    train(
        &database,
        &file,
        &["--detector", "dull", "--table", "dull", "--key", "order_no", "--label", "is_fraud"],
    );
    publish(&database, &file);
    let unsound: i64 = client.value(
        "SELECT count(*) FROM dull AS d, botdet_score('dull', to_jsonb(d)) AS s
         WHERE (s.bot_probability > 0 AND s.bot_probability < 1) IS NOT TRUE",
        &[],
    );
    assert_eq!(unsound, 0);
}

#[test]
fn the_same_training_makes_the_same_version_on_any_number_of_threads() {
    let database = TestDatabase::new("same_version");
    let folder = Folder::new(&database);
    let _client = orders(&database);
    let versions: Vec<Vec<u8>> = ["1", "2", "3"]
        .iter()
        .map(|threads| {
            let file = folder.file(threads);
            train(&database, &file, &[&FRAUD[..], &["--threads", threads]].concat());
            std::fs::read(file).expect("it was written")
        })
        .collect();
    assert!(versions.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn thresholds_follow_what_they_are_chosen_for() {
    let database = TestDatabase::new("chosen_thresholds");
    let folder = Folder::new(&database);
    let mut client = orders(&database);
    let mut flagged = |name: &str, options: &[&str]| -> f64 {
        let file = folder.file(name);
        train(&database, &file, &[&FRAUD[..], options].concat());
        publish(&database, &file);
        client.value(
            r#"SELECT avg(s.is_bot::int)::float8 FROM "order" AS o, botdet_score('fraud', to_jsonb(o)) AS s"#,
            &[],
        )
    };
    let by_capacity = flagged("capacity", &["--review-capacity", "100", "--per", "1000"]);
    assert!((0.03..0.17).contains(&by_capacity), "{by_capacity} of the rows are flagged, 0.1 should be");
    let by_rate = flagged("rate", &["--review-false-positives", "0.05"]);
    let fixed = flagged("fixed", &["--threshold", "0.01"]);
    assert!(fixed > by_rate, "{fixed} at 0.01, {by_rate} at 5 % false positives");
    let message = refused(
        &database,
        &[&["train"], &FRAUD[..], &["--threshold", "0.5", "--review-precision", "0.9"]].concat(),
    );
    assert!(message.contains("cannot be used with"), "{message}");
}

#[test]
fn the_zoo_is_compared_and_stored_and_shown_in_the_report() {
    let database = TestDatabase::new("zoo");
    let folder = Folder::new(&database);
    let mut client = orders(&database);
    let few = "random_forest,gradient_boosting,logistic_regression,ridge,k_nearest_neighbours_5,extended_isolation_forest";
    let options = [&["zoo", "--only", few, "--balanced", "--smote"], &FRAUD[..]].concat();
    let text = output(botdet(&database.config()).args(options));
    assert!(text.contains("random_forest") && text.contains("ROC-AUC"), "{text}");
    let good: i64 = client.value(
        "SELECT count(*) FROM botdet.model_comparison
         WHERE detector = 'fraud' AND failure IS NULL AND roc_auc > 0.4 AND fit_seconds > 0 AND brier BETWEEN 0 AND 1",
        &[],
    );
    assert_eq!(good, 6);
    let message = refused(&database, &[&["zoo", "--only", "oracle"], &FRAUD[..]].concat());
    assert!(message.contains("there is no learner oracle; there are random_forest"), "{message}");

    let file = folder.file("fraud.botdet");
    train(&database, &file, &[&FRAUD[..], &["--trees", "boosting", "--search", "5"]].concat());
    let page = folder.file("report.html");
    output(botdet(&database.config()).args(["report", &file, "--out", &page]));
    let html = std::fs::read_to_string(&page).expect("it was written");
    for section in [
        "Importances",
        "random_forest",
        "card verified",
        "Robustness",
        "plan",
        "Shortcuts",
        "least weight of a leaf",
    ] {
        assert!(html.to_lowercase().contains(&section.to_lowercase()), "{section} is not in the report");
    }
    assert!(!html.contains("NaN") && !html.contains("http://") && !html.contains("<link"), "it stands alone");
    // The active version needs no file; another table is not what the version learned from.
    publish(&database, &file);
    output(botdet(&database.config()).args(["report", "--detector", "fraud", "--out", &page]));
    client.run("ALTER TABLE \"order\" DROP COLUMN noise");
    let message = refused(&database, &["report", &file, "--out", &page]);
    assert!(message.contains("table public.\"order\" has columns of fingerprint"), "{message}");
    let message = refused(&database, &["report", "--detector", "spammer", "--out", &page]);
    assert!(message.contains("detector spammer has no active version"), "{message}");
}

#[test]
fn a_training_that_was_killed_goes_on_and_publishes_nothing_half_done() {
    let database = TestDatabase::populated("killed_training");
    let folder = Folder::new(&database);
    let options = |out: &str| {
        [
            "train",
            "--source",
            SOURCE,
            "--epochs",
            "6",
            "--hidden",
            "16",
            "--layers",
            "1",
            "--sequence-accounts",
            "0",
            "--out",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([folder.file(out)])
        .collect::<Vec<String>>()
    };
    output(botdet(&database.config()).args(options("whole.botdet")));
    let checkpoint = folder.file("run.checkpoint");
    let mut killed = botdet(&database.config())
        .args(options("killed.botdet"))
        .args(["--checkpoint", &checkpoint])
        .spawn()
        .expect("the program starts");
    let started = std::time::Instant::now();
    while !PathBuf::from(&checkpoint).exists() && started.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    assert!(!PathBuf::from(folder.file("killed.botdet")).exists(), "nothing half done is written");
    output(botdet(&database.config()).args(options("killed.botdet")).args(["--checkpoint", &checkpoint]));
    let read = |name: &str| std::fs::read(folder.file(name)).expect("it was written");
    assert_eq!(
        read("killed.botdet"),
        read("whole.botdet"),
        "the version is that of a run without interruption"
    );
    let message = {
        let mut other = botdet(&database.config());
        other.args(options("other.botdet")).args(["--checkpoint", &checkpoint, "--dropout", "0.5"]);
        let run = other.output().expect("the program starts");
        assert!(!run.status.success());
        String::from_utf8_lossy(&run.stderr).into_owned()
    };
    assert!(message.contains("dropout"), "{message}");
}

#[test]
fn rows_that_rules_answer_for_are_checked_as_by_a_version() {
    let database = TestDatabase::new("rows_by_rules");
    let mut client = database.connect();
    for (detector, row, known) in [
        ("spammer", r#"{"lnk_count": 1}"#, r#"{"link_count": 1, "account_id": 7, "is_spammer": true}"#),
        ("engagement", r#"{"vews_dispersion": 1}"#, r#"{"views_dispersion": 1}"#),
        ("backlink", r#"{"domain_rnk": 1}"#, r#"{"domain_rank": 1, "anchor": "shoes", "is_dofollow": true}"#),
    ] {
        let refusal = client.refused(&format!("SELECT botdet_score('{detector}', '{row}'::jsonb)"));
        assert_eq!(refusal.code, "42703", "{detector}: {}", refusal.message);
        assert!(refusal.message.starts_with("no column is named "), "{}", refusal.message);
        let stage: String =
            client.value(&format!("SELECT stage FROM botdet_score('{detector}', '{known}'::jsonb)"), &[]);
        assert!(["rules", "weights"].contains(&stage.as_str()), "{detector}: {stage}");
    }
    for (detector, row, message) in [
        ("spammer", r#"{"link_count": "abc"}"#, r#"column link_count is "abc", not a number"#),
        (
            "spammer",
            r#"{"asked_credentials": "yes"}"#,
            r#"column asked_credentials is "yes", not true or false"#,
        ),
        (
            "engagement",
            r#"{"views_dispersion": "much"}"#,
            r#"column views_dispersion is "much", not a number"#,
        ),
        ("backlink", r#"{"domain_rank": [1]}"#, "column domain_rank is [1], not a number"),
    ] {
        let refusal = client.refused(&format!("SELECT botdet_score('{detector}', '{row}'::jsonb)"));
        assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("42804", message));
    }
    client.run(
        "INSERT INTO botdet.rule (detector, name, condition, effect, reason)
         VALUES ('spammer', 'many_links', 'link_count > 5', 'block', 'too many')",
    );
    let refused = client.refused(r#"SELECT botdet_score('spammer', '{"link_count": 9, "lnk": 1}'::jsonb)"#);
    assert_eq!(refused.code, "42703", "a rule that decides makes no difference");
}
