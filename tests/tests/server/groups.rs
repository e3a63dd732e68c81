//! Accounts that act together.

use botdet_tests::{Sql, TestDatabase};
use postgres::Client;

/// Accounts 1 to 4 like the same posts within seconds on four evenings; accounts 11 to 40 like whatever they like.
fn ring(client: &mut Client) {
    client.run(
        "UPDATE botdet.detector SET insert_mode = 'off';
         INSERT INTO botdet.activity (account_id, occurred_at, action, target)
         SELECT a, timestamptz '2025-03-01 20:00+00' + d * interval '1 day' + p * interval '10 minutes' + a * interval '5 s',
                'like', 'promoted-' || d || '-' || p
         FROM generate_series(1, 4) AS a, generate_series(1, 4) AS d, generate_series(1, 3) AS p;
         INSERT INTO botdet.activity (account_id, occurred_at, action, target)
         SELECT a, timestamptz '2025-03-01 08:00+00' + (a * 7919 + n * 104729) % 400000 * interval '1 s',
                'like', 'post-' || (a * 31 + n * 17) % 200
         FROM generate_series(1, 40) AS a, generate_series(1, 40) AS n WHERE a < 5 OR a > 10",
    );
}

#[test]
fn a_ring_is_found_with_the_rows_that_show_it() {
    let database = TestDatabase::new("ring");
    let mut client = database.connect();
    ring(&mut client);
    let members: Vec<i64> =
        client.column("SELECT DISTINCT account_id FROM botdet_lockstep() ORDER BY account_id", &[]);
    assert_eq!(members, [1, 2, 3, 4]);
    let wrong: i64 = client.value(
        "SELECT count(*) FROM botdet_lockstep() g LEFT JOIN botdet.activity a USING (account_id, occurred_at, target)
         WHERE a.account_id IS NULL OR g.target NOT LIKE 'promoted-%'",
        &[],
    );
    assert_eq!(wrong, 0, "evidence is rows of the members");
    let rows: i64 = client.value("SELECT count(*) FROM botdet_lockstep(evidence => 2)", &[]);
    assert_eq!(rows, 8);
    let none: i64 = client.value("SELECT count(*) FROM botdet_lockstep(window_seconds => 1)", &[]);
    assert_eq!(none, 0, "they are five seconds apart");
    let none: i64 = client.value("SELECT count(*) FROM botdet_lockstep(until => '2025-03-03')", &[]);
    assert_eq!(none, 0, "one evening is not enough");
    for function in ["botdet_lockstep", "botdet_duplicates"] {
        let refusal = client.refused(&format!("SELECT * FROM {function}('2025-02-01', '2025-01-01')"));
        assert_eq!(refusal.code, "22023", "{function}: {}", refusal.message);
        assert_eq!(client.refused(&format!("SELECT * FROM {function}(since => NULL)")).code, "22004");
        let refusal = client.refused(&format!("SELECT * FROM {function}(evidence => -5)"));
        assert_eq!(refusal.message, "evidence is -5, and must be at least 1");
    }
    assert_eq!(client.refused("SELECT botdet_compare_accounts('2025-02-01', '2025-01-01')").code, "22023");
    let refusal = client.refused("SELECT * FROM botdet_lockstep(min_similarity => 2)");
    assert_eq!((refusal.code.as_str(), refusal.message.contains("min_similarity is 2")), ("22023", true));
}

#[test]
fn copied_texts_are_found_with_their_first_author() {
    let database = TestDatabase::new("copies");
    let mut client = database.connect();
    client.run(
        "INSERT INTO botdet.activity (account_id, occurred_at, action, content) VALUES
         (1, '2025-03-01', 'post', 'the council has decided to close the old bridge over the river next spring'),
         (2, '2025-03-02', 'post', 'the council has decided to close the old bridge over the river next spring'),
         (3, '2025-03-03', 'post', 'The council has decided to close the old bridge over the river next spring!'),
         (4, '2025-03-03', 'repost', 'the council has decided to close the old bridge over the river next spring'),
         (5, '2025-03-04', 'post', 'nobody has ever said anything like this before in the whole long history of words')",
    );
    let found: Vec<String> = client.column(
        "SELECT account_id || CASE WHEN is_first THEN ' first' ELSE '' END FROM botdet_duplicates() ORDER BY account_id",
        &[],
    );
    assert_eq!(found, ["1 first", "2", "3"]);
}

#[test]
fn what_comparing_finds_is_a_feature_from_then_on() {
    let database = TestDatabase::new("compared");
    let mut client = database.connect();
    ring(&mut client);
    let lockstep = "SELECT lockstep_score > 0 FROM botdet_features($1::bigint, $2::text::timestamptz)";
    let asked = |client: &mut Client, account: i64, as_of: &str| -> Option<bool> {
        client.value(lockstep, &[&account, &as_of])
    };
    assert_eq!(asked(&mut client, 1, "infinity"), None);
    let compared: i64 = client.value("SELECT botdet_compare_accounts(until => '2025-03-10')", &[]);
    assert_eq!(compared, 34);
    assert_eq!(asked(&mut client, 1, "infinity"), Some(true));
    assert_eq!(asked(&mut client, 20, "infinity"), Some(false));
    assert_eq!(asked(&mut client, 1, "2025-03-09"), None, "nothing after as_of changes features");
    assert_eq!(
        client.value::<i64>("SELECT botdet_compare_accounts(until => '2025-03-10')", &[]),
        34,
        "again is no harm"
    );
}
