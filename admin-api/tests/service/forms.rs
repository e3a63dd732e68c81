//! Sessions and forms, without a browser: what a page of another site could try.

use botdet_tests::Sql;

use crate::support::{Answer, Client, Served};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn post(client: &Client, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    client.send("POST", target, &[headers, &[FORM]].concat(), body.as_bytes())
}

/// Logs in; returns the cookie.
fn log_in(client: &Client, token: &str) -> String {
    let answer = post(client, "/login", &[], &format!("token={token}"));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{}", answer.body);
    let cookie = answer.header("set-cookie").expect("a session is begun").to_owned();
    assert!(cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

/// The word that forms of a session say.
fn word(client: &Client, cookie: &str) -> String {
    let page = client.send("GET", "/reviews", &[("cookie", cookie)], b"");
    let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").expect("forms have a word");
    rest.chars().take_while(|letter| *letter != '"').collect()
}

#[test]
fn forms_are_taken_from_pages_of_the_session_alone() {
    let served = Served::populated("forms");
    served.database.connect().run("DELETE FROM botdet.label; SELECT botdet_fill_review_queue('account', 60)");
    let stranger = served.service.stranger();
    let cookie = log_in(&stranger, &served.token("anna", "botdet_reviewer"));
    let with = |extra: &[(&str, &str)], body: &str| {
        post(&stranger, "/reviews/claim", &[&[("cookie", cookie.as_str())], extra].concat(), body)
    };
    let word = word(&stranger, &cookie);
    let refused = with(&[], "detector=");
    assert_eq!((refused.status, refused.header("content-type")), (403, Some("text/html; charset=utf-8")));
    assert!(refused.body.contains("not one of this session"), "{}", refused.body);
    assert_eq!(with(&[], "csrf=0").status, 403);
    let other = log_in(&stranger, &served.token("berta", "botdet_reviewer"));
    assert_eq!(post(&stranger, "/reviews/claim", &[("cookie", &other)], &format!("csrf={word}")).status, 403);
    assert_eq!(with(&[("sec-fetch-site", "cross-site")], &format!("csrf={word}")).status, 403);
    assert_eq!(with(&[("origin", "http://evil.example")], &format!("csrf={word}")).status, 403);
    let claimed = "SELECT count(*) FROM botdet.review WHERE claimed_by IS NOT NULL";
    assert_eq!(served.database.connect().value::<i64>(claimed, &[]), 0, "nothing was done");
    assert_eq!(with(&[("sec-fetch-site", "same-origin")], &format!("csrf={word}")).status, 303);
    assert_eq!(served.database.connect().value::<i64>(claimed, &[]), 1);
    // Nobody is logged in as somebody else.
    let token = served.token("mallory", "botdet_reader");
    let answer = post(&stranger, "/login", &[("sec-fetch-site", "cross-site")], &format!("token={token}"));
    assert_eq!((answer.status, answer.header("set-cookie")), (403, None));
}

#[test]
fn a_session_is_no_token_and_ends_with_its_token() {
    let served = Served::populated("session");
    let stranger = served.service.stranger();
    let token = served.token("anna", "botdet_admin");
    let cookie = log_in(&stranger, &token);
    let seen = |target: &str| stranger.send("GET", target, &[("cookie", cookie.as_str())], b"");
    assert_eq!(seen("/versions").status, 200);
    seen("/v1/detectors").problem(401, "unauthorized");
    let secret = cookie.split_once('=').map(|(_, secret)| secret.to_owned()).unwrap_or_default();
    served.service.client(&format!("botdet_{secret}")).get("/v1/detectors").problem(401, "unauthorized");
    let page = seen("/");
    let policy = page.header("content-security-policy").unwrap_or_default().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    served.database.connect().run("UPDATE botdet.api_token SET revoked_at = now()");
    let after = seen("/versions");
    assert_eq!(
        (after.status, after.header("location").is_some_and(|to| to.starts_with("/login"))),
        (303, true)
    );
    assert_eq!(post(&stranger, "/login", &[], &format!("token={token}")).status, 401);
}

#[test]
fn a_job_that_cannot_be_is_refused_at_its_form() {
    let served = Served::empty("job_form");
    let stranger = served.service.stranger();
    let ask = |role: &str, asked: &str| {
        let cookie = log_in(&stranger, &served.token(role, role));
        let body = format!("csrf={}&reason=a+campaign&{asked}", word(&stranger, &cookie));
        post(&stranger, "/jobs", &[("cookie", &cookie)], &body)
    };
    let refused = ask("botdet_admin", "kind=update&detector=backlink");
    assert_eq!(refused.status, 422, "{}", refused.body);
    for shown in [
        "The filter of detector backlink cannot go on learning",
        "<option value=\"backlink\" selected>",
        "<option value=\"update\" selected>",
        "value=\"a campaign\"",
        "Nothing was trained yet",
    ] {
        assert!(refused.body.contains(shown), "{shown}: {}", refused.body);
    }
    assert_eq!(ask("botdet_reader", "kind=retrain&detector=backlink").status, 403);
    let taken = ask("botdet_admin", "kind=retrain&detector=backlink");
    assert_eq!((taken.status, taken.header("location")), (303, Some("/jobs/1")), "{}", taken.body);
    assert_eq!(ask("botdet_admin", "kind=retrain&detector=backlink").status, 409, "it has one already");
}

#[test]
fn a_job_of_a_table_shows_its_rows_and_that_nothing_is_tried() {
    let served = Served::empty("job_of_table");
    served.database.connect().run(
        r#"INSERT INTO botdet.job (kind, detector, reason, state, finished_at, result)
           VALUES ('retrain', 'spammer', 'for a test', 'done', now(), '{
               "outcome": "better", "reason": "it is better", "no_trial": "nothing is tried beside it", "before": null,
               "notices": ["column x is left out"], "labels": 3000, "recent_labels": null, "learned_from": 2400,
               "rows": {"accounts": 600, "bots": 16, "champion": 0.47, "candidate": 0.25, "difference": -0.22, "low": -0.3, "high": -0.1}
           }')"#,
    );
    let stranger = served.service.stranger();
    let cookie = log_in(&stranger, &served.token("rita", "botdet_reader"));
    let page = stranger.send("GET", "/jobs/1", &[("cookie", &cookie)], b"");
    for shown in [
        "On rows held out",
        "600 in all, 16 of them bots",
        "Nothing is tried beside it",
        "Column x is left out",
    ] {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains("On accounts of before"), "{}", page.body);
}

#[test]
fn by_tls_cookies_are_for_tls() {
    let served = Served::new(botdet_tests::TestDatabase::populated("by_tls"), &["--behind-tls"]);
    let answer = post(
        &served.service.stranger(),
        "/login",
        &[],
        &format!("token={}", served.token("anna", "botdet_reader")),
    );
    let cookie = answer.header("set-cookie").unwrap_or_default();
    assert!(cookie.starts_with("__Host-botdet_session=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[test]
fn a_role_sees_and_does_at_pages_what_it_may_in_the_database() {
    let served = Served::populated("page_roles");
    let stranger = served.service.stranger();
    let cookie = log_in(&stranger, &served.token("rita", "botdet_reader"));
    let seen = |target: &str| stranger.send("GET", target, &[("cookie", cookie.as_str())], b"");
    for target in ["/", "/versions", "/drift", "/feedback", "/reviews", "/score"] {
        assert_eq!(seen(target).status, 200, "{target}: {}", seen(target).body);
    }
    let refused = seen("/accounts/3");
    assert!(refused.status == 403 && refused.body.contains("Permission denied"), "{}", refused.body);
    assert!(!seen("/versions").body.contains("Activate"), "nothing is offered that would be refused");
    let word = word(&stranger, &cookie);
    let body = format!("csrf={word}&reason=because&tag=0");
    let answer = post(&stranger, "/versions/account/rollback", &[("cookie", &cookie)], &body);
    assert_eq!(answer.status, 403, "{}", answer.body);
}
