//! Links: features, scores with their parts, fall-back, comparison of pages; the program's commands end to end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use botdet_tests::programs::{botdet, output, program};
use botdet_tests::{Sql, TestDatabase, server};
use postgres::Client;

/// Ten domains of a network and ten ordinary ones that link to one shop, and rows that are broken.
const LINKS: &str = "
    INSERT INTO botdet.domain
    SELECT 'net' || k || '.example', 60, '2025-08-01', ('10.0.0.' || (k % 3))::inet, 'cheap', 64500, 'bulletproof', false
    FROM generate_series(1, 10) k;
    INSERT INTO botdet.domain
    SELECT 'site' || k || '.example', 600, '2012-08-01', ('10.1.' || k || '.1')::inet, 'reg' || k, 100 + k, 'cloud', false
    FROM generate_series(1, 10) k;
    INSERT INTO botdet.backlink (source_domain, target, anchor, is_dofollow, first_seen, page_text)
    SELECT 'net' || k || '.example', 'https://www.Shop.example/x', 'buy cheap shoes online', true, '2025-10-01',
           repeat('w' || k || ' ', 3) || 'lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna aliqua ut enim ad minim veniam'
    FROM generate_series(1, 10) k;
    INSERT INTO botdet.backlink (source_domain, target, anchor, is_dofollow, first_seen, page_text)
    SELECT 'site' || k || '.example', 'shop.example', 'the shop', false, timestamptz '2025-10-01' - k * interval '40 d',
           (SELECT string_agg(md5((k * 100 + j)::text), ' ') FROM generate_series(1, 40) j)
    FROM generate_series(1, 10) k;
    INSERT INTO botdet.backlink (source_domain, target, first_seen) VALUES
        ('blog.shop.example', 'shop.example', '2025-10-01'), ('late.example', 'shop.example', now() + interval '1 day'),
        ('', 'shop.example', '2025-10-01'), ('unknown.example', 'shop.example', '2025-10-01'), ('z.example', 'nowhere', '2025-10-01');
    SELECT botdet_compare_pages()";

fn linked(hint: &str) -> TestDatabase {
    let database = TestDatabase::new(hint);
    database.connect().run(LINKS);
    database
}

/// A connection, and what the server warns it of.
fn attentive(database: &TestDatabase) -> (Client, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let mut config = database.config();
    config.notice_callback(move |notice| {
        listener.lock().expect("nobody panics with it").push(notice.message().to_owned());
    });
    (server::connect_with(&config), told)
}

/// Links simulated by the program, and loaded.
struct Simulated {
    database: TestDatabase,
    folder: PathBuf,
}

impl Simulated {
    fn new(hint: &str, links: &str) -> Self {
        let database = TestDatabase::new(hint);
        let folder = std::env::temp_dir().join(database.name());
        let made = Self { database, folder };
        made.output(&["simulate", "--detector", "backlink", "--seed", "3", "--links", links, "--out"]);
        made.output(&["load", "--detector", "backlink"]);
        made
    }

    fn output(&self, arguments: &[&str]) -> String {
        output(botdet(&self.database.config()).args(arguments).arg(&self.folder))
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn links_are_judged_without_training_and_say_of_what() {
    let database = linked("links_parts");
    let mut client = database.connect();
    let judged: bool = client.value(
        "SELECT bool_and(s.stage = 'weights' AND s.model_version IS NULL AND s.is_bot = (b.source_domain LIKE 'net%')
                AND s.bot_probability <= 1
                AND abs(s.bot_probability - (0.55 * s.model_probability + 0.30 * s.rules_probability + 0.15 * s.similarity)) < 1e-9)
         FROM botdet_backlink_scores() AS s JOIN botdet.backlink b USING (backlink_id) WHERE b.page_text IS NOT NULL",
        &[],
    );
    assert!(judged);
    // 9 of 25 years' worth of points: rank 1, age 1, three others on the address 3/5, registrar 9 of 20 others (0.45 of 0.3 to
    // 0.7), nine others in the week and an unknown domain (8 of 18), anchor 1 and all alike (9 of 19), follow, safe.
    let row = client
        .query_one("SELECT * FROM botdet_backlink_features('https://shop.example/') WHERE source_domain = 'net1.example'", &[])
        .expect("there is one");
    let number = |name: &str| row.get::<_, Option<f64>>(name).expect("it is known");
    assert_eq!(
        ["ip_reuse", "subnet_reuse", "registrar_reuse", "linking_domains", "anchor_repeats", "anchor_risk"]
            .map(number),
        [3.0, 9.0, 9.0, 21.0, 9.0, 1.0]
    );
    let between = |value: f64, none: f64, full: f64| ((value - none) / (full - none)).clamp(0.0, 1.0);
    let by_hand = 0.15
        + 0.15
        + 0.20 * between(3.0, 0.0, 5.0)
        + 0.15 * between(9.0 / 20.0, 0.3, 0.7)
        + 0.15 * between(number("link_velocity"), 2.0, 20.0)
        + 0.10 * (1.0 + between(9.0 / 20.0, 0.0, 0.5)) / 2.0
        + 0.05;
    let parts = client
        .query_one("SELECT * FROM botdet_backlink_score(1)", &[])
        .expect("the first link is of the network");
    assert!((parts.get::<_, f64>("model_probability") - by_hand).abs() < 1e-9, "{by_hand}");
    let reasons: Vec<String> = parts.get("reasons");
    assert!(reasons[0].starts_with("signals 0.") && reasons[1].starts_with("rules 0."), "{reasons:?}");
    assert!(
        reasons.iter().any(|reason| reason.starts_with("rule shared_network (version 1): ")),
        "{reasons:?}"
    );
    // The same by number, from features as JSON, and stored.
    let probability: f64 = parts.get("bot_probability");
    client.run("SELECT botdet_store_backlink_scores('shop.example')");
    for question in [
        "SELECT (botdet_score('backlink', 1::bigint)).bot_probability",
        "SELECT (botdet_score('backlink', to_jsonb(f))).bot_probability FROM botdet_backlink_features() AS f WHERE backlink_id = 1",
        "SELECT (botdet_score('backlink', to_jsonb(f))).bot_probability FROM botdet_backlink_features('shop.example') AS f
         WHERE backlink_id = 1",
        "SELECT bot_probability FROM botdet.score WHERE detector = 'backlink' AND account_id = 1",
    ] {
        assert_eq!(client.value::<f64>(question, &[]), probability, "{question}");
    }
}

#[test]
fn broken_links_are_told_apart_and_unknown_domains_are_judged_by_the_rest() {
    let database = linked("links_broken");
    let mut client = database.connect();
    let told: Vec<String> = client.column(
        "SELECT concat(b.source_domain, ': ', s.stage, ', ', s.reasons[1]) FROM botdet_backlink_scores() AS s
         JOIN botdet.backlink b USING (backlink_id) WHERE b.page_text IS NULL AND s.stage = 'none' ORDER BY backlink_id",
        &[],
    );
    assert_eq!(
        told,
        [
            "blog.shop.example: none, the link leads from a site to itself, which is no backlink",
            "late.example: none, the link was first seen in the future",
            ": none, the source or the target is no name of a domain",
            "z.example: none, the source or the target is no name of a domain"
        ]
    );
    let unknown = client
        .query_one(
            "SELECT s.* FROM botdet_backlink_scores() AS s JOIN botdet.backlink b USING (backlink_id)
             WHERE b.source_domain = 'unknown.example'",
            &[],
        )
        .expect("it is judged");
    assert_eq!(unknown.get::<_, Option<f64>>("similarity"), None, "there is no text");
    assert!(unknown.get::<_, f64>("bot_probability") < 0.5);
    assert_eq!(client.value::<i64>("SELECT botdet_store_backlink_scores()", &[]), 21);
    assert_eq!(
        client.value::<i64>(
            "SELECT count(*) FROM botdet.score WHERE detector = 'backlink' AND stage = 'none'",
            &[]
        ),
        4
    );
    assert_eq!(client.value::<String>("SELECT (botdet_score('backlink', 404::bigint)).stage", &[]), "none");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet_backlink_scores('no domain')", &[]), 0);
    assert_eq!(client.refused("SELECT botdet_compare_pages(now() + interval '1 day')").code, "22023");
    assert_eq!(client.refused("SELECT botdet_score('spammer', 1::bigint)").code, "42704");
    // A text that is gone is compared no more.
    client.run(
        "UPDATE botdet.backlink SET page_text = NULL WHERE backlink_id = 1; SELECT botdet_compare_pages()",
    );
    assert_eq!(
        client.value::<i64>("SELECT count(*) FROM botdet.page_similarity WHERE backlink_id = 1", &[]),
        0
    );
}

#[test]
fn features_know_nothing_of_what_comes_later() {
    let database = linked("links_as_of");
    let mut client = database.connect();
    let features = "SELECT md5(string_agg(f::text, '' ORDER BY backlink_id)) FROM botdet_backlink_features(NULL, '2025-09-01') AS f";
    let before: String = client.value(features, &[]);
    client.run(
        "INSERT INTO botdet.backlink (source_domain, target, first_seen)
         SELECT 'net' || k || '.example', 'shop.example', '2025-09-02' FROM generate_series(1, 10) k",
    );
    assert_eq!(client.value::<String>(features, &[]), before);
}

#[test]
fn rules_of_links_decide_and_name_texts() {
    let database = linked("links_rules");
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.rule (detector, name, condition, effect, reason) VALUES
            ('backlink', 'partners', 'source_domain in (''net1.example'') or backlink_id = 2', 'allow', 'they are ours'),
            ('backlink', 'cheap', 'registrar = ''cheap'' and anchor ilike ''%CHEAP%''', 'block', 'known seller')",
    );
    let scores: Vec<String> = client.column(
        "SELECT concat_ws(' ', bot_probability, stage, (model_probability IS NULL)) FROM botdet_backlink_scores()
         WHERE backlink_id <= 3 ORDER BY backlink_id",
        &[],
    );
    assert_eq!(scores, ["0 rules t", "0 rules t", "1 rules t"]);
    let refusal = client.refused(
        "INSERT INTO botdet.rule (detector, name, condition, reason) VALUES ('backlink', 'new', 'ip_reus > 3', 'r')",
    );
    assert_eq!((refusal.code.as_str(), refusal.hint.as_str()), ("42703", "Perhaps ip_reuse is meant."));
}

#[test]
fn a_trained_model_answers_and_signals_do_in_its_place() {
    let simulated = Simulated::new("links_model", "4000");
    let mut client = simulated.database.connect();
    let model = simulated.folder.join("links.botdet");
    let model = model.to_str().expect("the path is text");
    let config = simulated.database.config();
    let train = ["train", "--detector", "backlink", "--no-autoencoder", "--threads", "1", "--out", model];
    output(botdet(&config).args(train));
    output(botdet(&config).args(["publish", model]));
    let by_model: i64 = client.value(
        "SELECT count(*) FROM botdet_backlink_scores() WHERE model_version LIKE 'backlink-%' AND stage IN ('filter', 'trees')
            AND model_probability IS NOT NULL",
        &[],
    );
    let links: i64 = client.value("SELECT count(*) FROM botdet_backlink_features()", &[]);
    assert_eq!(by_model, links);
    let right: f64 = client.value(
        "SELECT avg((s.is_bot = l.is_bot)::integer)::float8 FROM botdet_backlink_scores() AS s
         JOIN botdet.label l ON l.account_id = s.backlink_id",
        &[],
    );
    assert!(right > 0.9, "{right}");
    // Broken: the row says what it likes, the artifact does not.
    client.run(
        "ALTER TABLE botdet.model_version DISABLE TRIGGER refuse_change;
         UPDATE botdet.model_version SET artifact = '\\x00', sha256 = encode(sha256('\\x00'), 'hex')",
    );
    let (mut other, told) = attentive(&simulated.database);
    for _ in 0..2 {
        let by_signals: i64 = other.value(
            "SELECT count(*) FROM botdet_backlink_scores() WHERE model_version IS NULL AND stage = 'weights'",
            &[],
        );
        assert_eq!(by_signals, links);
    }
    let told = told.lock().expect("nobody panics with it").clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("weighted signals answer in the place of the model: "), "{told:?}");
}

#[test]
fn figures_on_networks_held_out_are_printed() {
    let simulated = Simulated::new("links_figures", "12000");
    let config = simulated.database.config();
    let text = output(botdet(&config).args([
        "evaluate",
        "--detector",
        "backlink",
        "--no-autoencoder",
        "--threads",
        "1",
        "--json",
    ]));
    let figures: serde_json::Value = serde_json::from_str(&text).expect("figures are JSON");
    let area = |name: &str| figures[name].as_f64().unwrap_or_else(|| panic!("{name} in {text}"));
    assert!(figures["networks"].as_u64() > Some(3), "{text}");
    assert!(area("signals") > 0.7 && area("signals_joined") > area("signals"), "{text}");
    assert!(area("trained") > 0.93 && area("trained_without_pages") > 0.88, "{text}");
}

#[test]
fn a_dump_carries_links_and_goes_on_numbering() {
    let source = linked("links_dump");
    let target = TestDatabase::bare("links_restore", "TEMPLATE template0");
    let file = std::env::temp_dir().join(format!("{}.dump", source.name()));
    output(program("pg_dump", &source).args(["--format=custom", "--file"]).arg(&file));
    let mut restore = program("pg_restore", &target);
    let restored = restore.args(["--exit-on-error", "--dbname", target.name()]).arg(&file).output();
    let restored = restored.expect("pg_restore can be run");
    std::fs::remove_file(&file).expect("the dump can be removed");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let question = "SELECT md5(string_agg((to_jsonb(s) - 'scored_at')::text, '' ORDER BY backlink_id)) FROM botdet_backlink_scores() AS s
                    WHERE backlink_id <= 20";
    let (before, after): (String, String) =
        (source.connect().value(question, &[]), target.connect().value(question, &[]));
    assert_eq!(before, after);
    target.connect().run(
        "INSERT INTO botdet.backlink (source_domain, target, first_seen) VALUES ('new.example', 'shop.example', now())",
    );
}
