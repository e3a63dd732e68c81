//! The pages, as people use them: in a browser, against the real service and database.

use botdet_tests::Sql;
use botdet_tests::programs::{botdet, output};
use serde_json::Value;

use crate::browser::Browser;
use crate::support::Served;
use crate::visit::Visit;

/// A database with accounts that wait for review, and drift that was looked for.
fn served(hint: &str) -> Served {
    let served = Served::populated(hint);
    served.database.connect().run(
        "DELETE FROM botdet.label; SELECT botdet_fill_review_queue('account', 60);
         INSERT INTO botdet.drift_setting (detector, least_rows) VALUES ('account', 100); SELECT botdet_sample_features()",
    );
    served
}

/// Nothing can be typed into what is folded.
const UNFOLD: &str = "document.querySelectorAll('details').forEach(one => one.open = true)";

#[test]
fn a_token_opens_a_session_and_logging_out_ends_it() {
    let served = served("pages_login");
    let token = served.token("anna", "botdet_reviewer");
    let mut visit = Visit { browser: Browser::start(), served: &served };
    visit.open("/nowhere");
    visit.sees("Nothing is at this address.");
    visit.open("/reviews?done=skipped");
    assert!(visit.browser.place().starts_with("/login?next="));
    visit.browser.picture("login");
    visit.browser.fill("#token", &format!("botdet_{}", "0".repeat(64)));
    visit.browser.enter();
    visit.sees("This token does not hold");
    // The field has the focus: typing and Enter are enough.
    visit.browser.call("Input.insertText", serde_json::json!({"text": token}));
    visit.browser.enter();
    assert_eq!(visit.browser.place(), "/reviews?done=skipped");
    visit.sees("anna");
    assert_eq!(visit.browser.run("document.cookie"), "", "scripts cannot read the session");
    visit.browser.click(".leave button");
    assert_eq!(visit.browser.place(), "/login");
    visit.open("/reviews");
    assert!(visit.browser.place().starts_with("/login"), "the session has ended");
}

#[test]
fn a_reviewer_decides_skips_and_escalates() {
    let served = served("pages_reviews");
    let mut visit = Visit::new(&served, "anna", "botdet_reviewer");
    visit.open("/reviews");
    visit.browser.picture("reviews");
    // The button has the focus.
    visit.browser.enter();
    assert!(visit.browser.place().starts_with("/reviews/"), "{}", visit.browser.place());
    for part in ["When", "Why", "Against its peers", "With whom", "What has been said of it", "Is it a bot?"]
    {
        visit.sees(part);
    }
    visit.sees("speaks");
    assert!(visit.browser.run("document.querySelectorAll('.wide svg .line').length").as_u64() > Some(0));
    visit.browser.picture("review");
    let first = visit.browser.place();

    visit.browser.run("document.querySelector('[name=is_bot][value=true]').click()");
    visit.browser.run("document.querySelector('#reason').value = 'timing'");
    visit.browser.fill("#note", "every five minutes");
    visit.browser.click("button[value=next]");
    assert!(visit.browser.place().starts_with("/reviews/") && visit.browser.place() != first);
    let mut owner = served.database.connect();
    let label: String =
        owner.value("SELECT concat_ws(' ', labelled_by, is_bot, note) FROM botdet.label", &[]);
    assert_eq!(label, "anna t timing: every five minutes");

    visit.browser.run(UNFOLD);
    visit.browser.fill("#skip-note", "not sure");
    visit.browser.click("form[action$=skip] button");
    visit.sees("Somebody else gets it.");
    visit.browser.click(".take button");
    visit.browser.run(UNFOLD);
    visit.browser.fill("#escalation-note", "too hard");
    visit.browser.click("form[action$=escalation] button");
    visit.sees("The administrators get it.");
    let escalated: i64 =
        owner.value("SELECT count(*) FROM botdet.review WHERE why = 'escalated' AND note = 'too hard'", &[]);
    assert_eq!(escalated, 1);

    // What is decided cannot be decided again.
    visit.open(&first);
    visit.sees("It is decided.");
    visit.open("/feedback");
    visit.sees("1");
    visit.browser.picture("feedback");
}

#[test]
fn an_account_is_found_and_shown_with_its_group_and_labels() {
    let served = served("pages_accounts");
    let mut owner = served.database.connect();
    let member: i64 = owner.value(
        "SELECT account_id FROM botdet.account_network ORDER BY lockstep_accounts DESC NULLS LAST, account_id LIMIT 1",
        &[],
    );
    owner.run(&format!(
        "INSERT INTO botdet.label (account_id, is_bot, strategy, note) VALUES ({member}, true, 'amplifier', 'told by hand');
         DELETE FROM botdet.review"
    ));
    let mut visit = Visit::new(&served, "anna", "botdet_reviewer");
    visit.open("/accounts");
    visit.sees("Called bots");
    visit.browser.picture("accounts");
    visit.browser.fill("#account", &member.to_string());
    visit.browser.enter();
    assert_eq!(visit.browser.place(), format!("/accounts/{member}"));
    visit.sees("told by hand");
    visit.sees("What it did last");
    visit.browser.picture("account");
    let busiest: i64 = owner.value(
        "SELECT account_id FROM botdet.activity GROUP BY 1 ORDER BY count(DISTINCT date_trunc('hour', occurred_at)) DESC LIMIT 1",
        &[],
    );
    owner.run(&format!(
        "INSERT INTO botdet.activity (account_id, occurred_at, action)
         SELECT {busiest}, timestamptz '2025-12-28 03:00+00' + n * interval '10 seconds', 'like' FROM generate_series(1, 300) AS n"
    ));
    visit.open(&format!("/accounts/{busiest}"));
    visit.sees("are usual for it");
    assert_eq!(visit.browser.run("document.querySelectorAll('.wide svg .found-span').length"), 1);
    visit.browser.picture("account_burst");
    visit.open("/accounts?account=nobody");
    visit.sees("There is no account nobody.");
    visit.open("/accounts/999999");
    visit.sees("There is no account 999999.");
}

#[test]
fn what_an_account_draws_is_shown_with_the_hours_that_stand_out() {
    let served = served("pages_engagement");
    served.database.connect().run(
        "INSERT INTO botdet.engagement_hourly (account_id, hour, views, likes, comments, shares)
         SELECT 3, timestamptz '2026-05-01' + n * interval '1 hour',
                (200 + 100 * sin(n * pi() / 12) + n % 7)::bigint * CASE WHEN n BETWEEN 200 AND 205 THEN 12 ELSE 1 END,
                (20 + 10 * sin(n * pi() / 12) + n % 5)::bigint, (5 + n % 3)::bigint, (3 + n % 2)::bigint
         FROM generate_series(0, 335) AS n",
    );
    let mut visit = Visit::new(&served, "anna", "botdet_reviewer");
    visit.open("/accounts/3?detector=engagement");
    visit.sees("views 2026-05-09");
    assert_eq!(visit.browser.run("document.querySelectorAll('.plots svg').length"), 4);
    assert!(
        visit.browser.run("document.querySelectorAll('.plots svg .found-span').length").as_u64() > Some(0)
    );
    visit.browser.picture("account_engagement");
}

#[test]
fn an_administrator_activates_and_rolls_back_what_was_seen() {
    let served = served("pages_versions");
    let mut visit = Visit::new(&served, "carla", "botdet_admin");
    let champion = |served: &Served| -> String {
        let sql = "SELECT version FROM botdet.model_versions WHERE detector = 'account' AND is_champion";
        served.database.connect().value(sql, &[])
    };
    let before = champion(&served);
    visit.open("/versions");
    visit.browser.picture("versions");
    visit.browser.click("table form button");
    visit.sees("Activate");
    visit.browser.picture("activation");
    visit.browser.click("form.confirm button");
    assert_eq!(visit.browser.place(), "/versions?detector=account&done=1");
    let after = champion(&served);
    assert_ne!(after, before);
    visit.sees(&format!("{after} answers"));

    visit.browser.click("a[href$=rollback]");
    visit.sees(&format!("{before} answers for detector account again, in the place of {after}"));
    visit.browser.fill("#reason", "it calls too many bots");
    visit.browser.picture("rollback");
    visit.browser.enter();
    assert_eq!(champion(&served), before);
    visit.sees(&format!("{before} answers"));

    // What somebody else has changed meanwhile is looked at again first.
    visit.browser.click("table form button");
    served.database.connect().run(&format!("SELECT botdet_activate('{after}')"));
    visit.browser.click("form.confirm button");
    visit.sees("It has changed");
    visit.open("/audit");
    visit.sees("it calls too many bots");
    visit.sees("carla");
    visit.browser.picture("audit");
    visit.open("/");
    visit.browser.picture("overview");
}

#[test]
fn what_is_typed_is_scored_or_the_value_is_named() {
    let served = served("pages_score");
    let mut visit = Visit::new(&served, "otto", "botdet_scorer");
    visit.open("/score");
    visit.browser.fill("#burst_score", "much");
    visit.browser.click("form.sheet > button");
    visit.sees("burst_score must be a number, not much.");
    visit.browser.fill("#burst_score", "7");
    visit.browser.click("form.sheet > button");
    visit.sees("burst_score is 7, outside 0 to 1");
    assert_eq!(visit.browser.run("document.querySelector('[aria-invalid]').id"), "burst_score");
    visit.browser.picture("score_refused");
    visit.browser.fill("#burst_score", "0.9");
    visit.browser.fill("#followers", "3");
    visit.browser.click("form.sheet > button");
    visit.sees("by account-");
    assert_eq!(
        visit.browser.run("document.querySelector('#burst_score').value"),
        "0.9",
        "what was typed stays"
    );
    visit.browser.picture("score");
    for (detector, field, value, stage) in
        [("spammer", "urgent_message_count", "4", "rules"), ("backlink", "domain_rank", "50", "weights")]
    {
        visit.open(&format!("/score?detector={detector}"));
        visit.browser.fill(&format!("#{field}"), value);
        visit.browser.click("form.sheet > button");
        visit.sees(&format!("stage {stage}"));
        visit.browser.fill(&format!("#{field}"), "many");
        visit.browser.click("form.sheet > button");
        visit.sees(&format!("{field} must be a number, not many."));
    }
    visit.browser.picture("score_backlink");
}

#[test]
fn drift_is_seen_to_move() {
    let served = served("pages_drift");
    let mut visit = Visit::new(&served, "rita", "botdet_reader");
    visit.open("/drift");
    let index = |visit: &mut Visit| {
        let cell = "[...document.querySelectorAll('table')][1].querySelector('tbody td.number:nth-child(4)').innerText";
        visit.browser.run(cell).as_str().and_then(|text| text.parse::<f64>().ok())
    };
    let before = index(&mut visit);
    // That was yesterday; today everybody acts many times in one minute.
    served.database.connect().run(
        "UPDATE botdet.drift_count SET day = day - 1; UPDATE botdet.drift_score SET day = day - 1;
         DELETE FROM botdet.drift_account; DELETE FROM botdet.drift_progress;
         INSERT INTO botdet.activity (account_id, occurred_at, action, content)
         SELECT account_id, timestamptz '2026-01-01' + n * interval '1 second', 'post', 'the same again and again'
         FROM botdet.account, generate_series(1, 30) AS n;
         SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.account; SELECT botdet_sample_features()",
    );
    visit.open("/drift");
    let after = index(&mut visit);
    assert!(after > before && after > Some(0.25), "{before:?} then {after:?}");
    let large = "document.querySelectorAll('.level-large').length";
    assert!(visit.browser.run(large).as_u64() > Some(5), "what has moved is called so");
    visit.browser.picture("drift");
    visit.open("/drift?slice_by=region");
    visit.sees("africa 23 accounts, too few");
    visit.browser.run("document.querySelectorAll('details')[2].open = true");
    visit.browser.picture("drift_region");
}

#[test]
fn performance_is_told_by_labels_by_chance_and_by_group() {
    let served = served("pages_performance");
    let mut visit = Visit::new(&served, "rita", "botdet_reader");
    visit.open("/performance?detector=spammer");
    visit.sees("No scores of the champion were counted");
    let mut client = served.database.connect();
    client.run(
        "DELETE FROM botdet.review;
         INSERT INTO botdet.feedback_setting (detector, exploration_share, golden_share) VALUES ('account', 1, 0)
         ON CONFLICT (detector) DO UPDATE SET exploration_share = 1, golden_share = 0;
         SELECT botdet_fill_review_queue('account', 300)",
    );
    client.run("INSERT INTO botdet.label (account_id, is_bot) SELECT account_id, is_bot <> (account_id % 9 = 0) FROM botdet.score");
    visit.open("/performance?slice_by=language");
    visit.sees("blind to changes in what bots do");
    visit.browser.picture("performance");
    let cell = |visit: &mut Visit, table: &str, column: usize| {
        let text = visit.browser.run(&format!(
            "document.querySelector('[aria-label=\"{table}\"] tbody tr').children[{column}].firstChild.textContent.trim()"
        ));
        text.as_str().map(|text| text.trim_end_matches(['%', '\u{a0}']).parse::<f64>().ok())
    };
    let mut value = |what: &str| {
        Some(Some(client.value::<f64>(&format!("SELECT round({what}::numeric, 1)::float8"), &[])))
    };
    let wanted = [
        (
            "On labels",
            3,
            "100 * (SELECT \"precision\" FROM botdet.version_performance WHERE alias = 'champion')",
        ),
        ("On accounts drawn at random", 3, "100 * (SELECT bot_share FROM botdet.explored_performance)"),
        (
            "Expected, without labels",
            2,
            "(SELECT true_positives FROM botdet.estimated_performance WHERE slice_by = 'all')",
        ),
        (
            "Errors by group",
            6,
            "100 * (SELECT false_positive_rate FROM botdet.fairness WHERE slice_by = 'all')",
        ),
    ];
    for (table, column, what) in wanted {
        assert_eq!(cell(&mut visit, table, column), value(what), "{table}");
    }
}

#[test]
fn a_job_is_begun_followed_and_its_outcome_shown() {
    let served = Served::populated("pages_jobs");
    let mut visit = Visit::new(&served, "carla", "botdet_admin");
    visit.open("/jobs");
    visit.sees("Nothing was trained yet.");
    visit.browser.fill("input[name=reason]", "a new campaign");
    visit.browser.click("main form button");
    assert_eq!(visit.browser.place(), "/jobs/1");
    visit.sees("waiting");
    // While nothing is loaded again, what the runner notes is shown.
    let mut runner = served.database.connect();
    runner.run("SELECT botdet.take_job(); SELECT botdet.note_job(1, 1, 'reading accounts', 0.25)");
    visit.wait_until("document.querySelector('progress')?.value === 0.25");
    visit.sees("running, reading accounts");
    visit.browser.picture("job_running");
    // A runner takes up what was left, and does it.
    drop(runner);
    output(botdet(&served.database.config()).arg("jobs"));
    visit.wait_until("document.body.innerText.includes('learned from')");
    visit.sees("balanced Brier score");
    visit.browser.picture("job_done");
    visit.open("/jobs");
    visit.sees("a new campaign");
    visit.browser.picture("jobs");
}

#[test]
fn settings_and_rules_are_changed_by_administrators_and_seen_by_all() {
    let served = Served::populated("pages_settings");
    let mut owner = served.database.connect();
    let mut visit = Visit::new(&served, "carla", "botdet_admin");
    visit.open("/settings");
    visit.sees("duplicate_rate >= 0.5");
    visit.browser.fill("#scoring-threshold", "1,5");
    visit.browser.enter();
    visit.sees("Threshold must be at least 0 and at most 1, not 1.5.");
    assert_eq!(visit.browser.run("document.querySelector('#scoring-threshold').value"), "1,5", "it stays");
    visit.browser.picture("settings_refused");
    visit.browser.fill("#scoring-threshold", "0,8");
    visit.browser.enter();
    visit.sees("The settings are kept.");
    assert_eq!(visit.browser.run("document.querySelector('#scoring-threshold').value"), "0.8");
    visit.browser.picture("settings");
    visit.browser.fill("#feedback-retrain_labels", "1.5");
    visit.browser.enter();
    visit.sees("retrain_labels must be a whole number, not 1.5.");
    // What somebody else has changed meanwhile is looked at again first.
    visit.open("/settings");
    owner.run("UPDATE botdet.detector SET base_rate = 0.05 WHERE detector = 'account'");
    visit.browser.fill("#scoring-threshold", "0.7");
    visit.browser.enter();
    visit.sees("Somebody has changed it since this page was loaded");
    let there = visit
        .browser
        .run("['threshold', 'base_rate'].map(name => document.querySelector(`#scoring-${name}`).value)");
    assert_eq!(there, serde_json::json!(["0.8", "0.05"]));
    let threshold: f64 = owner.value("SELECT threshold FROM botdet.detector WHERE detector = 'account'", &[]);
    assert_eq!(threshold, 0.8);

    visit.open("/settings");
    visit.browser.click("a[href$=rules]");
    visit.browser.fill("#name", "copies_much");
    visit.browser.fill("#condition", "copied_rat >= 0.9");
    visit.browser.fill("#reason", "copies what others write");
    visit.browser.enter();
    visit.sees("names copied_rat at character 1");
    visit.sees("Perhaps copied_rate is meant");
    visit.browser.picture("rule_refused");
    visit.browser.fill("#condition", "copied_rate >= 0.9");
    visit.browser.click("button[value=try]");
    visit.sees("What it would catch");
    let caught = "[...document.querySelectorAll('[aria-label=\"What it would catch\"] tbody tr')].map(row => row.children.length)";
    assert_eq!(visit.browser.run(caught), serde_json::json!([6, 6, 6]));
    assert_eq!(
        visit.browser.run("document.querySelector('#name').value"),
        "copies_much",
        "what was typed stays"
    );
    visit.browser.picture("rule_tried");
    visit.browser.click("form.rule button");
    visit.sees("copies_much");
    visit.browser.click("a[href$=copies_much]");
    visit.browser.fill("#weight", "0.6");
    visit.browser.enter();
    visit.browser.click("a[href$=copies_much]");
    assert_eq!(
        visit.browser.run("document.querySelectorAll('[aria-label=\"What it has said\"] tbody tr').length"),
        2
    );
    visit.browser.picture("rule");
    owner.run("UPDATE botdet.rule SET weight = 0.7 WHERE name = 'copies_much'");
    visit.browser.fill("#weight", "0.5");
    visit.browser.enter();
    visit.sees("Somebody has changed it since this page was loaded");
    assert_eq!(visit.browser.run("document.querySelector('#weight').value"), "0.7");
    let signed: String = owner.value(
        "SELECT string_agg(changed_by, ' ' ORDER BY version) FROM botdet.rule_version WHERE name = 'copies_much'",
        &[],
    );
    assert_eq!(signed, "carla carla postgres");
    visit.browser.click("form[action$=deletion] button");
    let left: i64 = owner.value("SELECT count(*) FROM botdet.rule WHERE name = 'copies_much'", &[]);
    assert_eq!(left, 0);

    let mut visit = Visit::new(&served, "rita", "botdet_reader");
    visit.open("/settings");
    visit.sees("repeats_itself");
    assert_eq!(visit.browser.run("document.querySelectorAll('main form[method=post]').length"), 0);
    visit.browser.picture("settings_read");
}

#[test]
fn every_page_fits_a_telephone_in_light_and_dark_and_has_names_for_its_fields() {
    let served = served("pages_narrow");
    let mut visit = Visit::new(&served, "carla", "botdet_admin");
    visit.open("/reviews");
    visit.browser.click(".take button");
    let review = visit.browser.place();
    let pages = [
        "/",
        "/reviews",
        review.as_str(),
        "/accounts",
        "/accounts/3",
        "/score",
        "/score?detector=spammer",
        "/versions",
        "/versions/account/rollback",
        "/performance",
        "/drift",
        "/feedback",
        "/jobs",
        "/settings",
        "/settings/account/rules",
        "/settings/account/rules/is_new",
        "/audit",
    ];
    for page in pages {
        visit.browser.look(360, 740, "dark");
        visit.open(page);
        let wide = visit.browser.run("document.documentElement.scrollWidth");
        assert!(wide.as_u64() <= Some(360), "{page} is {wide} wide");
        let name = page.trim_start_matches('/').replace(['/', '?', '='], "_");
        visit.browser.picture(&format!("narrow_{}", if name.is_empty() { "overview" } else { &name }));
        let nameless = "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
            .filter(field => field.labels.length === 0).map(field => field.outerHTML)";
        assert_eq!(visit.browser.run(nameless), Value::Array(Vec::new()), "{page}");
        let contrast = visit.browser.run("getComputedStyle(document.body).backgroundColor");
        assert_eq!(contrast, "rgb(20, 24, 28)", "{page} is dark");
        assert_eq!(visit.browser.run("document.querySelectorAll('h1').length"), 1, "{page}");
    }
    // The first thing the keyboard meets leads past the menu.
    visit.browser.press("Tab", 9);
    assert_eq!(visit.browser.run("document.activeElement.className"), "skip");
}
