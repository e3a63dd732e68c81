//! Loaded versions: how many a session keeps, and what the sessions of a server share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread::scope;

use botdet_tests::activity::insert;
use botdet_tests::model::activate;
use botdet_tests::sql::process;
use botdet_tests::{OwnServer, Sql, TestDatabase, filter_model, model};
use postgres::Client;

use crate::support::{score, wait_until};

/// Accounts with so few events that a version with trees asks them.
const ACCOUNTS: i64 = 8;

/// A server with a database that has those accounts, and the model with all stages active.
fn served(settings: &str) -> OwnServer {
    let server = OwnServer::start(settings);
    add_database(&server, "first");
    server
}

fn add_database(server: &OwnServer, name: &str) -> Client {
    server.connect("postgres").run(&format!("CREATE DATABASE {name}"));
    let mut client = server.connect(name);
    client.run("CREATE EXTENSION botdet");
    client.run("UPDATE botdet.detector SET insert_mode = 'off'");
    client.run(&insert(&format!("ARRAY(SELECT generate_series(1, {ACCOUNTS}))"), 1, 20));
    activate(&mut client, model());
    client
}

fn scores(client: &mut Client) -> Vec<String> {
    (1..=ACCOUNTS).map(|account_id| score(client, account_id)).collect()
}

/// Where a server keeps what its sessions share.
fn directory(client: &mut Client) -> PathBuf {
    let data: String = client.value("SELECT current_setting('data_directory')", &[]);
    Path::new(&data).join("base/pgsql_tmp/pgsql_tmp_botdet")
}

fn files(client: &mut Client) -> Vec<String> {
    let entries = fs::read_dir(directory(client)).into_iter().flatten();
    entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect()
}

/// The file of the model with all stages.
fn file(client: &mut Client) -> PathBuf {
    let version: String = client.value("SELECT encode(sha256($1), 'hex')", &[&model()]);
    let name = files(client).into_iter().find(|name| name.starts_with(&version));
    directory(client).join(name.expect("there is one"))
}

/// Files that a session has mapped.
fn mapped(client: &mut Client) -> usize {
    let maps = fs::read_to_string(format!("/proc/{}/maps", process(client)));
    maps.expect("the server runs on this machine")
        .lines()
        .filter(|line| line.contains("base/pgsql_tmp/pgsql_tmp_botdet"))
        .count()
}

#[test]
fn sessions_share_one_file_and_score_as_from_the_artifact() {
    let server = served("");
    let mut first = server.connect("first");
    let shared = scores(&mut first);
    assert!(shared.iter().any(|score| !score.contains("\"filter\"")), "trees are asked: {shared:?}");
    assert_eq!((mapped(&mut first), files(&mut first).len()), (1, 1));
    let file = file(&mut first);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).expect("it is there").permissions());
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(&file).expect("it can be read");
    let mut second = server.connect("first");
    assert_eq!((scores(&mut second), mapped(&mut second)), (shared.clone(), 1));
    assert_eq!(fs::read(&file).ok(), Some(before), "nobody writes it twice");
    // A file lies where the directory would: nothing can be shared.
    fs::remove_dir_all(directory(&mut first)).expect("it can be removed");
    fs::write(directory(&mut first), "").expect("it can be written");
    assert_eq!(scores(&mut second), shared, "who has mapped the file keeps it");
    let mut alone = server.connect("first");
    assert_eq!((scores(&mut alone), mapped(&mut alone)), (shared, 0));
    alone.run("SELECT * FROM botdet_prewarm()");
    let told = server.log().matches("models are kept in this session's own memory").count();
    assert_eq!(told, 1, "{}", server.log());
}

#[test]
fn damage_is_noticed_and_mended() {
    let server = served("");
    let mut first = server.connect("first");
    let expected = scores(&mut first);
    let file = file(&mut first);
    let sound = fs::read(&file).expect("it can be read");
    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 4;
        bytes
    };
    let damages = [
        (Vec::new(), ""),
        (sound[..40].to_vec(), "it ends early"),
        (sound[..sound.len() - 8].to_vec(), "its checksum does not match"),
        ([&sound[..], &[0; 8]].concat(), "its checksum does not match"),
        (flipped(0), "it is of another form"),
        (flipped(20), "it is of another version"),
        (flipped(sound.len() / 2), "its checksum does not match"),
        (flipped(sound.len() - 1), "its checksum does not match"),
        (vec![7; sound.len()], "it is of another form"),
    ];
    for (round, (bytes, reason)) in damages.into_iter().enumerate() {
        // Not in place: others have it mapped.
        fs::remove_file(&file).expect("it can be removed");
        fs::write(&file, &bytes).expect("it can be written");
        let mut client = server.connect("first");
        assert_eq!(scores(&mut client), expected, "{reason}");
        assert_eq!(mapped(&mut client), 1, "damage {round}, {reason}");
        assert_eq!(fs::read(&file).ok().as_ref(), Some(&sound), "damage {round}, {reason}");
        assert!(server.log().contains(reason), "{reason}\n{}", server.log());
    }
    assert_eq!(scores(&mut first), expected);
}

#[test]
fn many_sessions_at_once_make_one_file() {
    let server = served("max_connections = 40");
    let mut first = server.connect("first");
    let expected = scores(&mut first);
    fs::remove_dir_all(directory(&mut first)).expect("it can be removed");
    let barrier = Barrier::new(20);
    let answers: Vec<Vec<String>> = scope(|scope| {
        let sessions: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = server.connect("first");
                    barrier.wait();
                    let answers = scores(&mut client);
                    assert_eq!(mapped(&mut client), 1);
                    answers
                })
            })
            .collect();
        sessions.into_iter().map(|session| session.join().expect("it scores")).collect()
    });
    assert!(answers.iter().all(|answer| *answer == expected));
    assert_eq!(files(&mut first).len(), 1, "{:?}", files(&mut first));
}

#[test]
fn a_file_outlives_versions_and_databases_without_harm() {
    let server = served("");
    let mut first = server.connect("first");
    let mut second = add_database(&server, "second");
    let expected = scores(&mut first);
    assert_eq!((scores(&mut second), files(&mut first).len()), (expected.clone(), 1), "databases share");
    second.run("SELECT botdet_deactivate(); DELETE FROM botdet.model_version");
    assert!(scores(&mut second).iter().all(|score| !expected.contains(score)), "rules answer");
    drop(second);
    let mut other = server.connect("postgres");
    wait_until("the session is gone", std::time::Duration::from_secs(20), || {
        other.batch_execute("DROP DATABASE second").is_ok()
    });
    assert_eq!(scores(&mut server.connect("first")), expected);
    // A row whose checksum is not its artifact's makes no file for others.
    let mut forged = add_database(&server, "third");
    let sha256 = "0".repeat(64);
    forged.run("SET session_replication_role = replica; ALTER TABLE botdet.model_version DROP CONSTRAINT model_version_check");
    forged.change("UPDATE botdet.model_version SET sha256 = $1", &[&sha256]);
    forged.run("RESET session_replication_role");
    assert_eq!(scores(&mut server.connect("third")).len(), expected.len());
    assert!(!files(&mut first).iter().any(|name| name.starts_with(&sha256)), "{:?}", files(&mut first));
}

#[test]
fn a_session_keeps_what_its_cache_may_hold() {
    let database = TestDatabase::populated("cache_size");
    let mut client = database.connect();
    let accounts: Vec<i64> =
        client.column("SELECT account_id FROM botdet.account ORDER BY account_id LIMIT 12", &[]);
    let filter: String = client.value(
        "SELECT version FROM botdet.model_versions WHERE sha256 = encode(sha256($1), 'hex')",
        &[&filter_model()],
    );
    client.change("SELECT botdet_split($1, 0.5)", &[&filter]);
    let all = |client: &mut Client| -> Vec<String> {
        accounts.iter().map(|account_id| score(client, *account_id)).collect()
    };
    let expected = all(&mut client);
    let versions: i64 = client
        .value("SELECT count(DISTINCT (botdet_score(account_id)).model_version) FROM botdet.account", &[]);
    assert_eq!((versions, mapped(&mut client)), (2, 1), "both versions answer, and both are kept");
    let mut small = database.connect();
    small.run("SET botdet.model_cache_size = '64kB'");
    for _ in 0..3 {
        assert_eq!(all(&mut small), expected);
    }
    let kept: Vec<(bool, usize)> = accounts
        .iter()
        .map(|account_id| {
            let serving: String = small.value("SELECT botdet_serving_version($1)", &[account_id]);
            score(&mut small, *account_id);
            (serving == filter, mapped(&mut small))
        })
        .collect();
    assert!(kept.iter().all(|(is_filter, mapped)| *mapped == usize::from(!is_filter)), "{kept:?}");
    assert_eq!(small.refused("SET botdet.model_cache_size = '1kB'").code, "22023");
}

#[test]
fn what_was_prewarmed_is_ready() {
    let database = TestDatabase::populated("prewarm");
    let mut client = database.connect();
    let filter: String = client.value(
        "SELECT version FROM botdet.model_versions WHERE sha256 = encode(sha256($1), 'hex')",
        &[&filter_model()],
    );
    client.change("SELECT botdet_shadow($1)", &[&filter]);
    let mut fresh = database.connect();
    assert_eq!(mapped(&mut fresh), 0);
    let rows = fresh.query(
        "SELECT detector, version = $1, bytes > 0 AND milliseconds > 0, mapped_bytes FROM botdet_prewarm('account')",
        &[&filter],
    );
    let rows = rows.expect("it can be prewarmed");
    let found: Vec<(String, bool, bool, bool)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get::<_, i64>(3) > 0)).collect();
    let account = || "account".to_owned();
    assert_eq!(
        found,
        [(account(), false, true, true), (account(), true, true, false)],
        "champion, challenger"
    );
    assert_eq!(mapped(&mut fresh), 1);
    assert_eq!(
        fresh.value::<i64>("SELECT count(*) FROM botdet_prewarm()", &[]),
        2,
        "no other detector has any"
    );
    let refusal = fresh.refused("SELECT * FROM botdet_prewarm('weather')");
    assert_eq!((refusal.code.as_str(), refusal.message.as_str()), ("42704", "there is no detector weather"));
}
