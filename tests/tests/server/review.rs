//! The review queue: who gets what to look at, and what comes of their decisions.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread::{self, sleep};
use std::time::Duration;

use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

const NOT_CLAIMED: &str = "55P03";
const DECIDED: &str = "55000";
const NOT_ALLOWED: &str = "42501";

/// Scores of the accounts 1 to `accounts`: a third asks for review, the others are spread over 0 to 1.
fn scored(hint: &str, accounts: i64) -> TestDatabase {
    let database = TestDatabase::new(hint);
    database.connect().change(
        "INSERT INTO botdet.score (account_id, detector, bot_probability, is_bot, action, probability_low, probability_high,
                                   stage, reasons, scored_at)
         SELECT k, 'account', p, p >= 0.5, CASE WHEN k % 3 = 0 THEN 'review' ELSE 'none' END, p * 0.9, p, 'rules', '{}', now()
         FROM generate_series(1, $1::bigint) AS k CROSS JOIN LATERAL (SELECT (k % 101) / 101.0) AS q (p)",
        &[&accounts],
    );
    database
}

/// A review of an account, with nothing that has to do with others.
fn queue(client: &mut Client, account_id: i64) -> i64 {
    client.value(
        "INSERT INTO botdet.review (account_id, detector, why, priority) VALUES ($1, 'account', 'action', 1) RETURNING review_id",
        &[&account_id],
    )
}

/// The owner claims and decides in somebody's name, as the service does.
fn decide(client: &mut Client, reviewer: &str, is_bot: bool) -> Option<i64> {
    let claimed: Vec<i64> =
        client.column("SELECT review_id FROM botdet_claim_review(1, reviewer => $1)", &[&reviewer]);
    let review = *claimed.first()?;
    client.change(
        "SELECT botdet_decide_review($1, $2, 'timing', reviewer => $3)",
        &[&review, &is_bot, &reviewer],
    );
    Some(review)
}

fn label(client: &mut Client, account_id: i64) -> Option<(bool, f64, String)> {
    let row = client.query_opt(
        "SELECT is_bot, trust, labelled_by FROM botdet.label WHERE account_id = $1",
        &[&account_id],
    );
    row.expect("labels can be read").map(|row| (row.get(0), row.get(1), row.get(2)))
}

fn trust(client: &mut Client, reviewer: &str) -> f64 {
    client.value("SELECT botdet.trust_in($1, 'account')", &[&reviewer])
}

#[test]
fn fifty_claimants_decide_every_review_once() {
    const CLAIMANTS: usize = 50;
    let mut database = scored("claimants", 10_000);
    let mut owner = database.connect();
    owner.run(
        "INSERT INTO botdet.feedback_setting (detector, exploration_share, uncertain_share) VALUES ('account', 1, 0.5);
         SELECT * FROM botdet_fill_review_queue(\"limit\" => 10000)",
    );
    let reviews: i64 = owner.value("SELECT count(*) FROM botdet.review", &[]);
    assert_eq!(reviews, 10_000);
    let logins: Vec<String> = (0..CLAIMANTS).map(|n| database.role(&format!("reviewer{n}"))).collect();
    owner.run(&format!("GRANT botdet_reviewer TO {}", logins.join(", ")));
    let barrier = Barrier::new(CLAIMANTS);
    let decided: Vec<i64> = thread::scope(|scope| {
        let work = |login: &str| {
            let mut client = database.connect_as(login);
            barrier.wait();
            let mut mine = Vec::new();
            loop {
                let claimed: Vec<i64> =
                    client.column("SELECT review_id FROM botdet_claim_review(7, detector => 'account')", &[]);
                if claimed.is_empty() {
                    return mine;
                }
                client.change(
                    "SELECT botdet_decide_review(review_id, review_id % 2 = 0, 'timing') FROM unnest($1::bigint[]) AS c (review_id)",
                    &[&claimed],
                );
                mine.extend(claimed);
            }
        };
        let sessions: Vec<_> = logins.iter().map(|login| scope.spawn(move || work(login))).collect();
        sessions.into_iter().flat_map(|session| session.join().expect("a claimant ends")).collect()
    });
    let different: BTreeSet<i64> = decided.iter().copied().collect();
    assert_eq!((decided.len() as i64, different.len() as i64), (reviews, reviews));
    let (decisions, labels, reviewers): (i64, i64, i64) = (
        owner.value("SELECT count(DISTINCT review_id) FROM botdet.review_decision", &[]),
        owner.value("SELECT count(*) FROM botdet.label", &[]),
        owner.value("SELECT count(DISTINCT reviewer) FROM botdet.review_decision", &[]),
    );
    println!(
        "{CLAIMANTS} claimants, {reviews} reviews: {decisions} decisions by {reviewers}, {labels} labels"
    );
    assert_eq!((decisions, labels), (reviews, reviews));
    assert!(reviewers > 25, "{reviewers} had some");
}

#[test]
fn two_who_decide_the_same_claim_at_once_decide_it_once() {
    let mut database = scored("one_claim", 3);
    let login = database.role("reviewer");
    let mut owner = database.connect();
    owner.run(&format!("GRANT botdet_reviewer TO {login}"));
    for account in 1..=20 {
        queue(&mut owner, account);
        let review: i64 =
            database.connect_as(&login).value("SELECT review_id FROM botdet_claim_review()", &[]);
        let barrier = Barrier::new(2);
        let outcomes: Vec<String> = thread::scope(|scope| {
            let decide = |is_bot: bool| {
                let mut client = database.connect_as(&login);
                barrier.wait();
                let sql = format!("SELECT botdet_decide_review({review}, {is_bot}, 'twice')");
                client
                    .batch_execute(&sql)
                    .err()
                    .and_then(|error| error.code().map(|code| code.code().to_owned()))
                    .unwrap_or_default()
            };
            let sessions = [true, false].map(|is_bot| scope.spawn(move || decide(is_bot)));
            sessions.into_iter().map(|session| session.join().expect("it ends")).collect()
        });
        assert!(outcomes.contains(&String::new()) && outcomes.contains(&DECIDED.to_owned()), "{outcomes:?}");
    }
    assert_eq!(owner.value::<i64>("SELECT count(*) FROM botdet.review_decision", &[]), 20);
}

#[test]
fn a_lease_runs_out() {
    let mut database = scored("lease", 3);
    let mut owner = database.connect();
    let review = queue(&mut owner, 1);
    let claim = "SELECT review_id FROM botdet_claim_review(lease => '200 ms', reviewer => $1)";
    assert_eq!(owner.column::<i64>(claim, &[&"anna"]), [review]);
    assert_eq!(owner.column::<i64>(claim, &[&"berta"]), Vec::<i64>::new(), "it is anna's");
    let decide = "SELECT botdet_decide_review($1, true, 'timing', reviewer => $2)";
    assert_eq!(owner.refused_with(decide, &[&review, &"berta"]).code, NOT_CLAIMED);
    sleep(Duration::from_millis(250));
    let refusal = owner.refused_with(decide, &[&review, &"anna"]);
    assert_eq!(refusal.code, NOT_CLAIMED);
    assert!(refusal.message.contains("ran out"), "{}", refusal.message);
    assert_eq!(
        owner.column::<i64>("SELECT review_id FROM botdet_claim_review(reviewer => 'berta')", &[]),
        [review]
    );
    for call in ["botdet_skip_review", "botdet_escalate_review"] {
        let refusal = owner.refused_with(&format!("SELECT {call}($1, 'x', $2)"), &[&review, &"anna"]);
        assert_eq!(refusal.code, NOT_CLAIMED, "{call}");
    }
    owner.change(decide, &[&review, &"berta"]);
    let refusal = owner.refused_with(decide, &[&review, &"berta"]);
    assert_eq!(refusal.code, DECIDED, "{}", refusal.message);
    assert_eq!(label(&mut owner, 1), Some((true, 0.8, "berta".to_owned())));
    assert_eq!(owner.refused_with(decide, &[&999_i64, &"berta"]).code, "42704");
    for bad in ["0", "1001", "NULL"] {
        assert_eq!(owner.refused(&format!("SELECT * FROM botdet_claim_review({bad})")).code, "22023");
    }
    for bad in ["'0 s'", "'2 days'", "NULL"] {
        assert_eq!(owner.refused(&format!("SELECT * FROM botdet_claim_review(1, {bad})")).code, "22023");
    }
    for table in ["review_decision", "reviewer_evidence"] {
        assert_eq!(owner.refused(&format!("DELETE FROM botdet.{table}")).code, DECIDED);
        assert_eq!(owner.refused(&format!("UPDATE botdet.{table} SET detector = 'x'")).code, DECIDED);
    }
    let role = database.role("stranger");
    owner.run(&format!("GRANT botdet_reviewer TO {role}"));
    let mut reviewer = database.connect_as(&role);
    assert_eq!(
        reviewer.refused("SELECT * FROM botdet_claim_review(reviewer => 'anna')").code,
        NOT_ALLOWED,
        "in nobody else's name"
    );
}

#[test]
fn a_label_counts_once_two_agree() {
    let database = scored("second", 9);
    let mut client = database.connect();
    client.run("INSERT INTO botdet.feedback_setting (detector, second_review_share) VALUES ('account', 1)");
    queue(&mut client, 1);
    assert!(decide(&mut client, "anna", true).is_some());
    assert_eq!(label(&mut client, 1), None);
    assert_eq!(decide(&mut client, "anna", true), None, "not a second time by the same");
    assert!(decide(&mut client, "berta", true).is_some());
    // Odds of 4 each: 16 to 1 together.
    let (is_bot, trusted, by) = label(&mut client, 1).expect("both agree");
    assert!(is_bot && by == "berta" && (trusted - 16.0 / 17.0).abs() < 1e-12, "{trusted}");
    // Each has agreed once: (4 + 0.5) / (5 + 0.5).
    for reviewer in ["anna", "berta"] {
        assert!((trust(&mut client, reviewer) - 4.5 / 5.5).abs() < 1e-12);
    }
    // They differ: an administrator has the last word, and neither of them.
    queue(&mut client, 2);
    let first = decide(&mut client, "anna", true);
    let second = decide(&mut client, "berta", false);
    assert!(first.is_some() && second.is_some() && label(&mut client, 2).is_none());
    assert_eq!(decide(&mut client, "anna", true), None);
    client.run("SET ROLE botdet_reviewer");
    assert_eq!(
        client.column::<i64>("SELECT review_id FROM botdet_claim_review()", &[]),
        Vec::<i64>::new(),
        "not for reviewers"
    );
    client.run("RESET ROLE");
    let third = decide(&mut client, "chief", false);
    assert!(third > second);
    let (is_bot, trusted, by) = label(&mut client, 2).expect("the last word");
    // 4.5 to 1 for a bot, as much against it, and the chief's 4 to 1 against.
    assert!(!is_bot && by == "chief" && (trusted - 0.8).abs() < 1e-12, "{trusted}");
    assert!((trust(&mut client, "anna") - 4.5 / 6.5).abs() < 1e-12, "she was wrong");
    assert!((trust(&mut client, "berta") - 5.5 / 6.5).abs() < 1e-12, "she was right");
    assert!((trust(&mut client, "chief") - 0.8).abs() < 1e-12, "nobody judges the last word");
    let outcomes: Vec<String> =
        client.column("SELECT outcome FROM botdet.review_decision ORDER BY decision_id", &[]);
    assert_eq!(outcomes, ["second review", "labelled", "second review", "escalated", "labelled"]);
    let counted: bool = client.value(
        "SELECT decisions = 5 AND second_reviews = 2 AND second_agreed = 1 FROM botdet.feedback_daily_v1",
        &[],
    );
    assert!(counted);
}

#[test]
fn golden_items_measure_and_make_no_labels() {
    let database = scored("golden", 30);
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.golden_item (account_id, is_bot) SELECT k, true FROM generate_series(101, 104) AS k;
         INSERT INTO botdet.feedback_setting (detector, golden_share, exploration_share) VALUES ('account', 1, 0);
         SELECT * FROM botdet_fill_review_queue(\"limit\" => 10)",
    );
    let golden: Vec<i64> = client.column("SELECT review_id FROM botdet.golden_review ORDER BY 1", &[]);
    assert_eq!(golden.len(), 4);
    let hidden: bool = client.value(
        "SELECT bool_and(r.why IN ('action', 'uncertain') AND r.propensity IS NULL
                         AND EXISTS (SELECT FROM botdet.review o WHERE o.priority = r.priority AND o.account_id <= 30))
         FROM botdet.review r JOIN botdet.golden_review USING (review_id)",
        &[],
    );
    assert!(hidden, "they pass for others");
    client.run("DELETE FROM botdet.review WHERE account_id <= 30");
    // Three right, one wrong: (4 + 3) / (5 + 4).
    for is_bot in [true, true, true, false] {
        assert!(decide(&mut client, "anna", is_bot).is_some());
    }
    assert!((trust(&mut client, "anna") - 7.0 / 9.0).abs() < 1e-12);
    let row = client
        .query_one("SELECT golden, golden_right, agreed, disputed FROM botdet.reviewer_trust", &[])
        .expect("it is known");
    assert_eq!([0, 1, 2, 3].map(|column| row.get::<_, i64>(column)), [4, 3, 0, 0]);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.label", &[]), 0);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.feedback_daily_v1", &[]), 0);
    // Whoever has seen an item does not get it again; others do.
    client.run("SELECT botdet.mix_in_golden('account', 4)");
    assert_eq!(decide(&mut client, "anna", true), None);
    // Somebody who turns everything round: (4 + 0) / (5 + 4), too little to be believed alone.
    for _ in 0..4 {
        assert!(decide(&mut client, "mallory", false).is_some());
    }
    assert!((trust(&mut client, "mallory") - 4.0 / 9.0).abs() < 1e-12);
    queue(&mut client, 1);
    assert!(decide(&mut client, "mallory", false).is_some());
    assert_eq!(label(&mut client, 1), None);
    assert!(decide(&mut client, "anna", true).is_some(), "somebody else is asked");
    assert!(decide(&mut client, "chief", true).is_some());
    assert!(label(&mut client, 1).is_some_and(|(is_bot, ..)| is_bot));
    let noted: i64 = client.value("SELECT count(*) FROM botdet.audit WHERE action = 'golden item'", &[]);
    assert_eq!(noted, 4);
}

#[test]
fn the_queue_holds_what_scores_ask_for_what_teaches_most_and_a_random_sample() {
    let database = scored("fill", 3_000);
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.label (account_id, is_bot) SELECT k, true FROM generate_series(1, 3000, 10) AS k",
    );
    let added = |client: &mut Client| -> Vec<String> {
        client.column("SELECT concat(why, ' ', added) FROM botdet_fill_review_queue(\"limit\" => 500)", &[])
    };
    let first = added(&mut client);
    assert_eq!((first[0].as_str(), first[2].as_str()), ("action 400", "uncertain 100"));
    let labelled: i64 = client
        .value("SELECT count(*) FROM botdet.review r JOIN botdet.label l USING (account_id, detector)", &[]);
    assert_eq!(labelled, 0, "what is known is not asked");
    let surest: bool = client.value(
        "SELECT (SELECT min(bot_probability) FROM botdet.review WHERE why = 'action')
                >= (SELECT max(s.bot_probability) FROM botdet.score s WHERE s.action = 'review'
                    AND NOT EXISTS (SELECT FROM botdet.review r WHERE r.account_id = s.account_id)
                    AND NOT EXISTS (SELECT FROM botdet.label l WHERE l.account_id = s.account_id))",
        &[],
    );
    assert!(surest);
    let mean_uncertain: f64 = client
        .value("SELECT avg(abs(bot_probability - 0.5)) FROM botdet.review WHERE why = 'uncertain'", &[]);
    assert!(mean_uncertain < 0.1, "{mean_uncertain}");
    // 1.5 % of the 2,700 without a label; five standard deviations are 32.
    let drawn: i64 = client.value("SELECT count(*) FROM botdet.review WHERE propensity = 0.015", &[]);
    println!("drawn at random: {drawn} of 2700, 40.5 expected");
    assert!((9..=72).contains(&drawn), "{drawn}");
    let lowest: f64 =
        client.value("SELECT min(priority) FROM botdet.review WHERE propensity IS NOT NULL", &[]);
    assert!(lowest >= 2.0, "all of a sample is looked at");
    let second = added(&mut client);
    assert!(
        second.iter().all(|line| !line.starts_with("exploration")),
        "{second:?}: no call adds to the chance"
    );
    let refused = client.refused("SELECT * FROM botdet_fill_review_queue('weather')");
    assert_eq!(refused.code, "42704");
    assert_eq!(client.refused("SELECT * FROM botdet_fill_review_queue('account', 0)").code, "22023");
}

#[test]
fn exploration_tells_what_other_labels_hide() {
    let database = scored("explored", 2_000);
    let mut client = database.connect();
    // Half of those that are not called bots are, far from what the scores doubt.
    client.run(
        "INSERT INTO botdet.feedback_setting (detector, exploration_share, golden_share) VALUES ('account', 0.5, 0);
         SELECT * FROM botdet_fill_review_queue(\"limit\" => 2000);
         DELETE FROM botdet.review WHERE propensity IS NULL;
         SELECT botdet_decide_review(review_id, coalesce(scored_as_bot, false) OR account_id % 2 = 0, 'looked')
         FROM botdet_claim_review(1000);
         SELECT botdet_decide_review(review_id, coalesce(scored_as_bot, false) OR account_id % 2 = 0, 'looked')
         FROM botdet_claim_review(1000)",
    );
    let row = client
        .query_one("SELECT labels = drawn, bot_share, accuracy, \"precision\", recall FROM botdet.explored_performance", &[])
        .expect("one version");
    let figures = [1, 2, 3, 4].map(|column| row.get::<_, f64>(column));
    println!(
        "explored: bot share, accuracy, precision, recall {figures:?}; the truth is 0.75, 0.75, 1, 0.67"
    );
    assert!(row.get::<_, bool>(0));
    for (figure, truth) in figures.into_iter().zip([0.75, 0.75, 1.0, 2.0 / 3.0]) {
        assert!((figure - truth).abs() < 0.06, "{figure} where {truth} is right");
    }
}

#[test]
fn what_is_skipped_thrice_or_escalated_goes_to_administrators() {
    let mut database = scored("skip", 3);
    let login = database.role("reviewer");
    let mut owner = database.connect();
    owner.run(&format!("GRANT botdet_reviewer TO {login}"));
    let (skipped, escalated) = (queue(&mut owner, 1), queue(&mut owner, 2));
    for reviewer in ["anna", "berta", "carla"] {
        let given: i64 =
            owner.value("SELECT review_id FROM botdet_claim_review(reviewer => $1)", &[&reviewer]);
        assert_eq!(given, skipped);
        owner.change("SELECT botdet_skip_review($1, 'too few events', $2)", &[&given, &reviewer]);
    }
    let mut reviewer = database.connect_as(&login);
    let given: i64 = reviewer.value("SELECT review_id FROM botdet_claim_review(5)", &[]);
    assert_eq!(given, escalated, "the other is for administrators by now");
    reviewer.change("SELECT botdet_escalate_review($1, 'a celebrity')", &[&given]);
    assert_eq!(
        reviewer.column::<i64>("SELECT review_id FROM botdet_claim_review(5)", &[]),
        Vec::<i64>::new()
    );
    let all: Vec<String> =
        owner.column("SELECT concat(why, ', ', note) FROM botdet_claim_review(5) ORDER BY review_id", &[]);
    assert_eq!(all, ["escalated, too few events", "escalated, a celebrity"]);
    assert_eq!(owner.refused_with("SELECT botdet_escalate_review($1, 'x')", &[&skipped]).code, DECIDED);
    owner.change("SELECT botdet_decide_review($1, true, 'one network')", &[&skipped]);
    assert!(label(&mut owner, 1).is_some());
    for reason in ["NULL", "''"] {
        let refusal = owner.refused(&format!("SELECT botdet_decide_review({escalated}, true, {reason})"));
        assert_eq!(refusal.code, "22004");
    }
}

#[test]
fn an_appeal_is_judged_by_somebody_else_and_may_change_the_label() {
    let mut database = scored("appeal", 10);
    let mut client = database.connect();
    queue(&mut client, 1);
    assert!(decide(&mut client, "anna", true).is_some());
    let login = database.role("application");
    client.run(&format!("GRANT botdet_scorer TO {login}"));
    let mut application = database.connect_as(&login);
    let appealed: i64 = application.value("SELECT botdet_appeal(1, 'that is me on holiday')", &[]);
    let again: i64 = application.value("SELECT botdet_appeal(1, 'really')", &[]);
    assert_eq!(appealed, again, "one at a time");
    queue(&mut client, 2);
    assert_eq!(
        client.column::<i64>("SELECT account_id FROM botdet_claim_review(reviewer => 'anna')", &[]),
        [2]
    );
    assert_eq!(decide(&mut client, "berta", false), Some(appealed));
    assert!(label(&mut client, 1).is_some_and(|(is_bot, _, by)| !is_bot && by == "berta"));
    let counted: (i64, i64) = (
        client.value("SELECT appeals FROM botdet.feedback_daily_v1", &[]),
        client.value("SELECT appeals_upheld FROM botdet.feedback_daily_v1", &[]),
    );
    assert_eq!(counted, (1, 1));
    // What is in the queue already moves to the front, and is no golden item any more.
    client.run("INSERT INTO botdet.golden_item VALUES (3, 'account', true); SELECT botdet.mix_in_golden('account', 1)");
    application.run("SELECT botdet_appeal(3, 'me neither')");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.golden_review", &[]), 0);
    assert!(client.value::<bool>(
        "SELECT why = 'appeal' AND priority = 3 FROM botdet.review WHERE account_id = 3",
        &[]
    ));
    assert_eq!(application.refused("SELECT botdet_appeal(77, 'who?')").code, "42704");
    assert_eq!(application.refused("SELECT botdet_appeal(1, NULL)").code, "22004");
}

#[test]
fn retraining_is_due_by_labels_by_time_or_by_hand() {
    let database = TestDatabase::populated("retraining");
    let mut client = database.connect();
    let due = |client: &mut Client| -> Option<String> {
        client.value("SELECT due_by FROM botdet.retraining_due WHERE detector = 'account'", &[])
    };
    // The accounts' labels are older than the versions.
    assert_eq!(due(&mut client), None);
    client.run("UPDATE botdet.label SET is_bot = NOT is_bot WHERE account_id <= 5");
    let new: i64 =
        client.value("SELECT new_labels FROM botdet.retraining_due WHERE detector = 'account'", &[]);
    assert_eq!(new, 5);
    assert_eq!(due(&mut client), None, "neither many nor late");
    client.run("INSERT INTO botdet.feedback_setting (detector, retrain_labels) VALUES ('account', 5)");
    assert_eq!(due(&mut client).as_deref(), Some("labels"));
    client
        .run("UPDATE botdet.feedback_setting SET retrain_labels = NULL, retrain_interval = '1 microsecond'");
    assert_eq!(due(&mut client).as_deref(), Some("interval"));
    client.run("UPDATE botdet.feedback_setting SET least_retrain_labels = 6");
    assert_eq!(due(&mut client), None);
    client.run("SELECT botdet_request_retraining(reason => 'a new campaign')");
    assert_eq!(due(&mut client).as_deref(), Some("request"));
    client.run("UPDATE botdet.model_version SET created_at = clock_timestamp() WHERE detector = 'account'");
    assert_eq!(due(&mut client), None, "a version has come since");
    assert_eq!(client.refused("SELECT botdet_request_retraining('weather')").code, "42704");
    let noted: Vec<String> = client.column(
        "SELECT action FROM botdet.audit WHERE action LIKE 'set%' OR action = 'request retraining' ORDER BY occurred_at",
        &[],
    );
    assert_eq!(noted, ["set review", "set review", "set review", "request retraining"]);
}

#[test]
fn who_is_drawn_is_explored_and_who_is_sure_is_not_uncertain() {
    let database = TestDatabase::new("fill_sure");
    let mut client = database.connect();
    // 1 to 400 are certain bots, 401 to 600 certain humans, 601 to 700 near the threshold.
    client.run(
        "UPDATE botdet.detector SET threshold = 0.8, automatic_threshold = 0.95 WHERE detector = 'account';
         INSERT INTO botdet.score (account_id, detector, bot_probability, is_bot, action, stage, reasons, scored_at)
         SELECT k, 'account', p, p >= 0.8, CASE WHEN p >= 0.95 THEN 'automatic' WHEN p >= 0.8 THEN 'review' ELSE 'none' END,
                'rules', '{}', now()
         FROM generate_series(1, 700) AS k
         CROSS JOIN LATERAL (
             SELECT CASE WHEN k <= 400 THEN 0.99 WHEN k <= 600 THEN 0.01 ELSE 0.7 + (k - 600) / 1000.0 END
         ) AS q (p);
         INSERT INTO botdet.feedback_setting (detector, exploration_share, uncertain_share, golden_share)
         VALUES ('account', 0.2, 0.5, 0);
         SELECT * FROM botdet_fill_review_queue(\"limit\" => 160)",
    );
    let odd: i64 = client.value(
        "SELECT count(*) FROM botdet.review WHERE (propensity IS NOT NULL) <> (why = 'exploration')",
        &[],
    );
    assert_eq!(odd, 0, "who is drawn is explored, and nobody else");
    let explored: Vec<i64> = client.column(
        "SELECT count(*) FILTER (WHERE account_id <= 400) FROM botdet.review WHERE why = 'exploration'
         UNION ALL SELECT count(*) FROM botdet.review WHERE why = 'exploration'",
        &[],
    );
    assert!((30..=130).contains(&explored[0]) && (80..=200).contains(&explored[1]), "{explored:?}");
    let others: bool = client.value(
        "SELECT bool_and(account_id > 600 AND (why = 'action') = (bot_probability >= 0.8)) AND count(*) > 60
         FROM botdet.review WHERE why <> 'exploration'",
        &[],
    );
    assert!(others, "those near the threshold have all places");
    let missed: i64 = client.value(
        "SELECT count(*) FROM botdet.score s WHERE s.account_id > 600
            AND NOT EXISTS (SELECT FROM botdet.review r WHERE r.account_id = s.account_id)",
        &[],
    );
    assert_eq!(missed, 0, "nobody who is sure has taken one");
}
