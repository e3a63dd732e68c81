//! Questions that several tests ask.

use std::thread::sleep;
use std::time::{Duration, Instant};

use botdet_tests::Sql;
use postgres::Client;

/// A state as it is stored: account, bytes, whether it is stale.
pub type StoredState = (i64, Vec<u8>, bool);

pub fn stored_states(client: &mut Client) -> Vec<StoredState> {
    let rows =
        client.query("SELECT account_id, state, stale FROM botdet.account_state ORDER BY account_id", &[]);
    let rows = rows.expect("states can be read");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// Features of an account up to a time, every digit of them.
pub fn features(client: &mut Client, account_id: i64, as_of: &str) -> String {
    client.value(&format!("SELECT botdet_features($1::bigint, '{as_of}')::text"), &[&account_id])
}

/// What readers are told of every account that has activity: features, and a checksum of the state's bytes.
pub fn answers(client: &mut Client) -> Vec<(i64, String, String)> {
    let rows = client.query(
        "SELECT account_id, botdet_features(account_id)::text, md5(botdet_account_state(account_id))
         FROM (SELECT DISTINCT account_id FROM botdet.activity) AS a ORDER BY account_id",
        &[],
    );
    let rows = rows.expect("states can be asked for");
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// Asserts that what readers are told from the kept states is what the rows say, bit for bit, and that states that are
/// not marked as stale are those a rebuild makes.
pub fn assert_states_follow_rows(client: &mut Client) {
    let answered = answers(client);
    let before = stored_states(client);
    client.run("UPDATE botdet.account_state SET stale = true");
    assert_eq!(answered, answers(client), "kept states and replayed rows");
    client.run("SELECT botdet_rebuild_state(account_id) FROM botdet.account_state");
    let rebuilt = stored_states(client);
    assert_eq!(before.len(), rebuilt.len());
    for ((account_id, state, stale), (_, again, stale_again)) in before.iter().zip(&rebuilt) {
        assert!(!stale_again, "account {account_id} is still stale");
        assert!(*stale || state == again, "the kept state of account {account_id} is not what its rows make");
    }
    assert_eq!(answered, answers(client), "rebuilt states");
}

pub fn stale_accounts(client: &mut Client) -> Vec<i64> {
    client.column("SELECT account_id FROM botdet.account_state WHERE stale ORDER BY account_id", &[])
}

/// Every column of an account's score that does not depend on when it was made.
pub fn score(client: &mut Client, account_id: i64) -> String {
    client
        .value("SELECT (to_jsonb(s) - 'scored_at')::text FROM botdet_score($1::bigint) AS s", &[&account_id])
}

pub fn stage(client: &mut Client, account_id: i64) -> String {
    client.value("SELECT (botdet_score($1::bigint)).stage", &[&account_id])
}

/// Version that answers in this session; `None` when rules do.
pub fn answering(client: &mut impl Sql) -> Option<String> {
    client.value("SELECT (botdet_score(1::bigint)).model_version", &[])
}

/// Waits until a condition holds, and returns how long that took.
pub fn wait_until(what: &str, at_most: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < at_most, "{what}: not within {at_most:?}");
        sleep(Duration::from_millis(5));
    }
    started.elapsed()
}

pub fn is_running(client: &mut Client, process: i32) -> bool {
    client.value("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", &[&process])
}

pub fn assert_nothing_is_stale(client: &mut Client) {
    assert_eq!(stale_accounts(client), Vec::<i64>::new());
}
