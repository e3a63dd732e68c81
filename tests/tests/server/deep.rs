//! The deep stage: how long it may run, what answers where CUDA is missing, and sequence models from elsewhere.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use botdet_loader::gru::{GruConfig, GruNetwork};
use botdet_loader::onnx::gru_model;
use botdet_models::artifact::Artifact;
use botdet_models::pipeline::Pipeline;
use botdet_models::sequence::CHANNELS;
use botdet_tests::activity::insert;
use botdet_tests::server::onnxruntime_library;
use botdet_tests::sql::process;
use botdet_tests::{Sql, TestDatabase, model};
use postgres::{Client, NoTls};

use crate::support::{answering, stage};

/// Files that PyTorch wrote; see `tests/reference/onnx_stage.py`.
const RECURRENT: &[u8] = include_bytes!("../../golden/onnx/recurrent.onnx");
const ATTENTION: &[u8] = include_bytes!("../../golden/onnx/attention.onnx");

const EVERYBODY: &str =
    "ARRAY(SELECT account_id FROM botdet.account, generate_series(1, 2) AS n ORDER BY n, account_id)";
const LIMIT_EXCEEDED: &str = "54000";
const NOT_SUPPORTED: &str = "0A000";
const NO_MODEL: &str = "22P03";

#[test]
fn settings_are_described_and_for_superusers() {
    let mut database = TestDatabase::new("deep_settings");
    let mut client = database.connect();
    client.run("SELECT botdet_version()");
    let silent: Vec<String> = client.column(
        "SELECT name FROM pg_settings WHERE starts_with(name, 'botdet.') AND (short_desc = '' OR coalesce(extra_desc, '') = '')",
        &[],
    );
    assert_eq!(silent, Vec::<String>::new());
    assert_eq!(client.value::<String>("SHOW botdet.inference_timeout", &[]), "0");
    assert_eq!(client.value::<String>("SHOW botdet.device_id", &[]), "0");
    client.run("SET botdet.inference_timeout = '1500ms'; SET botdet.execution_provider = cuda");
    assert_eq!(client.value::<String>("SHOW botdet.inference_timeout", &[]), "1500ms");
    assert_eq!(client.value::<String>("SHOW botdet.execution_provider", &[]), "cuda");
    for setting in ["device_id = -1", "inference_timeout = -1", "execution_provider = tpu"] {
        assert_eq!(client.refused(&format!("SET botdet.{setting}")).code, "22023", "{setting}");
    }
    let role = database.role("plain");
    let mut plain = database.connect_as(&role);
    plain.run("SELECT botdet_version()");
    for setting in ["device_id = 1", "inference_timeout = 1", "execution_provider = cuda"] {
        assert_eq!(plain.refused(&format!("SET botdet.{setting}")).code, "42501", "{setting}");
    }
}

#[test]
fn a_batch_stops_when_the_sequence_model_has_had_its_time() {
    let database = slow("stops");
    for provider in ["embedded", "onnxruntime"] {
        let mut client = with_provider(&database, provider);
        client.run("SET botdet.inference_timeout = '40ms'");
        let started = Instant::now();
        let refusal = client.refused(&format!("SELECT count(*) FROM botdet_score_batch({EVERYBODY})"));
        assert_eq!(refusal.code, LIMIT_EXCEEDED, "{provider}: {}", refusal.message);
        let stopped = "sequence model stopped after 40 ms, with ";
        assert!(refusal.message.starts_with(stopped), "{provider}: {}", refusal.message);
        assert!(refusal.hint.contains("botdet.inference_timeout"), "{}", refusal.hint);
        assert!(started.elapsed() < Duration::from_secs(5), "{provider}: {:?}", started.elapsed());
        client.run("SET botdet.inference_timeout = 0");
        let uncertain = uncertain(&mut client);
        assert_eq!(stage(&mut client, uncertain), "sequence", "{provider}: the session scores again");
    }
}

#[test]
fn each_call_has_its_own_time() {
    let database = TestDatabase::populated("own_time");
    let mut client = database.connect();
    let uncertain = uncertain(&mut client);
    client.run("SET botdet.inference_timeout = '250ms'");
    // All together take longer than one may.
    let calls = "SELECT count((botdet_score(a)).stage) FROM (SELECT $1::bigint + 0 * n AS a FROM generate_series(1, 4000) AS n) AS c";
    assert_eq!(client.value::<i64>(calls, &[&uncertain]), 4000);
}

#[test]
fn an_insert_whose_scores_take_too_long_keeps_its_rows() {
    let database = slow("insert");
    let mut client = database.connect();
    client.run("UPDATE botdet.detector SET insert_mode = 'inline'");
    client.run("SET botdet.inference_timeout = '5ms'");
    let before: i64 = client.value("SELECT count(*) FROM botdet.activity", &[]);
    client.run(&insert("ARRAY(SELECT account_id FROM botdet.account)", 1, 1));
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.activity", &[]), before + 240);
    let (failed, reason): (i64, String) = {
        let row = client.query_one(
            "SELECT count(*), min(reasons[1]) FROM botdet.score WHERE stage = 'failed' AND bot_probability IS NULL",
            &[],
        );
        let row = row.expect("scores can be read");
        (row.get(0), row.get(1))
    };
    assert_eq!(failed, 240, "{reason}");
    assert!(reason.starts_with("sequence model stopped after 5 ms"), "{reason}");
    client.run("SET botdet.fail_closed = on");
    let refusal = client.refused(&insert("ARRAY(SELECT account_id FROM botdet.account)", 2, 2));
    assert_eq!(refusal.code, LIMIT_EXCEEDED);
}

#[test]
fn queued_accounts_that_take_too_long_are_passed_over() {
    let database = slow("queue");
    let mut client = with_provider(&database, "onnxruntime");
    client.run("UPDATE botdet.detector SET insert_mode = 'queue'");
    client.run(&insert("ARRAY(SELECT account_id FROM botdet.account ORDER BY 1 LIMIT 12)", 1, 1));
    client.run("SET botdet.inference_timeout = '1ms'");
    assert_eq!(client.value::<i64>("SELECT botdet_score_pending(100)", &[]), 12);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.score_queue", &[]), 0);
    let outcomes: Vec<String> = client.column(
        "SELECT DISTINCT stage FROM botdet.score WHERE account_id IN (SELECT account_id FROM botdet.account ORDER BY 1 LIMIT 12)
         ORDER BY 1",
        &[],
    );
    assert!(outcomes.contains(&"failed".to_owned()), "{outcomes:?}");
    client.run("SET botdet.inference_timeout = 0; SELECT botdet_store_scores(array_agg(account_id)) FROM botdet.score WHERE stage = 'failed'");
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.score WHERE stage = 'failed'", &[]), 0);
}

#[test]
fn without_cuda_the_embedded_runtime_answers_and_says_so_once() {
    let database = TestDatabase::populated("no_cuda");
    let expected = everybody(&mut with_provider(&database, "embedded"));
    let no_library = env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml";
    let cases = [
        ("", "botdet.onnxruntime_library: it is not set"),
        ("/nowhere/libonnxruntime.so", "/nowhere/libonnxruntime.so"),
        (no_library.as_str(), "Cargo.toml"),
        (&onnxruntime_library(), "it was built without the CUDA provider"),
    ];
    for (library, missing) in cases {
        let (mut client, warnings) = with_warnings(&database);
        client.run(&format!(
            "SET botdet.onnxruntime_library = '{library}'; SET botdet.execution_provider = cuda"
        ));
        // The first batch may have been loaded for a GPU, and run in other groups.
        for ((_, a), (_, b)) in everybody(&mut client).iter().zip(&expected) {
            assert!((a - b).abs() < 1e-6, "{library}: {a} and not {b}");
        }
        for _ in 0..2 {
            assert!(
                everybody(&mut client) == expected,
                "{library}: the embedded runtime's answers, to the last digit"
            );
        }
        let uncertain = uncertain(&mut client);
        assert_eq!(stage(&mut client, uncertain), "sequence", "{library}");
        let told: Vec<String> = warnings.try_iter().collect();
        assert_eq!(told.len(), 1, "{library}: {told:?}");
        assert!(told[0].starts_with("CUDA is not to be had, and the embedded runtime answers"), "{told:?}");
        assert!(told[0].contains(missing), "{told:?}");
    }
}

#[test]
fn single_accounts_never_ask_for_cuda() {
    let database = TestDatabase::populated("single");
    let (mut client, warnings) = with_warnings(&database);
    let library = onnxruntime_library();
    client
        .run(&format!("SET botdet.onnxruntime_library = '{library}'; SET botdet.execution_provider = cuda"));
    let mut on_cpu = with_provider(&database, "onnxruntime");
    let few = "ARRAY(SELECT account_id FROM botdet.account ORDER BY 1 LIMIT 200)";
    assert_eq!(probabilities(&mut client, few), probabilities(&mut on_cpu, few));
    client.run(&insert("ARRAY(SELECT account_id FROM botdet.account)", 1, 1));
    assert_eq!(warnings.try_iter().collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn what_scores_many_goes_on_without_cuda() {
    let database = TestDatabase::populated("many_without");
    let (mut client, warnings) = with_warnings(&database);
    let library = onnxruntime_library();
    client
        .run(&format!("SET botdet.onnxruntime_library = '{library}'; SET botdet.execution_provider = cuda"));
    client.run("INSERT INTO botdet.account (username) SELECT 'more-' || n FROM generate_series(1, 100) AS n");
    client.run("CALL botdet_refresh_scores(everything => true)");
    client.run("UPDATE botdet.detector SET insert_mode = 'queue'");
    client.run(&insert("ARRAY(SELECT account_id FROM botdet.account)", 1, 1));
    assert_eq!(client.value::<i64>("SELECT botdet_score_pending(1000)", &[]), 340);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.score WHERE stage = 'failed'", &[]), 0);
    let told: Vec<String> = warnings.try_iter().collect();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn one_session_of_onnxruntime_runs_several_versions() {
    let database = TestDatabase::populated("several");
    let mut client = with_provider(&database, "onnxruntime");
    let uncertain = uncertain(&mut client);
    assert_eq!(stage(&mut client, uncertain), "sequence");
    register_and_activate(&mut client, ATTENTION);
    assert_eq!(stage(&mut client, uncertain), "sequence");
    client.run("SET botdet.onnxruntime_library = '/nowhere/libonnxruntime.so'");
    register_and_activate(&mut with_provider(&database, "embedded"), RECURRENT);
    let refusal = client.refused(&format!("SELECT botdet_score({uncertain}::bigint)"));
    assert_eq!(refusal.code, "F0000");
    assert!(refusal.message.contains("this session has loaded"), "{}", refusal.message);
}

#[test]
fn models_of_pytorch_answer_alike_in_both_runtimes() {
    let database = TestDatabase::populated("pytorch");
    let mut client = database.connect();
    let ours = everybody(&mut client);
    for file in [RECURRENT, ATTENTION] {
        let version = register_and_activate(&mut client, file);
        assert_eq!(answering(&mut client), Some(version));
        let embedded = everybody(&mut with_provider(&database, "embedded"));
        let onnxruntime = everybody(&mut with_provider(&database, "onnxruntime"));
        assert_ne!(embedded, ours, "another model answers otherwise");
        let by_sequence = embedded.iter().filter(|(stage, _)| stage == "sequence").count();
        assert!(by_sequence > 20, "it is asked for {by_sequence}");
        for ((_, a), (_, b)) in embedded.iter().zip(&onnxruntime) {
            assert!((a - b).abs() < 1e-5, "{a} by the embedded runtime, {b} by ONNX Runtime");
        }
    }
}

#[test]
fn a_version_with_another_stage_says_where_it_comes_from() {
    let database = TestDatabase::populated("lineage");
    let mut client = database.connect();
    let base = answering(&mut client).expect("a version is active");
    let version: String =
        client.value("SELECT botdet_register_onnx($1, comment => 'from elsewhere')", &[&ATTENTION]);
    assert_eq!(answering(&mut client).as_ref(), Some(&base), "registering does not activate");
    let same: String = client.value("SELECT botdet_register_onnx($1, $2)", &[&ATTENTION, &base]);
    assert_eq!(same, version);
    let (description, metrics, comment): (String, Option<String>, String) = {
        let row = client.query_one(
            "SELECT manifest ->> 'description', manifest ->> 'metrics', comment FROM botdet.model_versions WHERE version = $1",
            &[&version],
        );
        let row = row.expect("the version is listed");
        (row.get(0), row.get(1), row.get(2))
    };
    assert!(
        description.contains(&base) && description.contains(&Artifact::sha256(ATTENTION)),
        "{description}"
    );
    assert_eq!(
        (metrics, comment.as_str()),
        (None, "from elsewhere"),
        "what was measured was measured on the base"
    );
}

#[test]
fn a_stage_needs_a_version_that_weighs_one() {
    let database = TestDatabase::populated("bases");
    let mut client = database.connect();
    let filter: String = client.value("SELECT version FROM botdet.model_versions WHERE NOT is_champion", &[]);
    let register = "SELECT botdet_register_onnx($1, $2)";
    let refusal = client.refused_with(register, &[&ATTENTION, &filter]);
    assert_eq!(refusal.code, "55000");
    assert!(refusal.message.contains(&filter), "{}", refusal.message);
    let refusal = client.refused_with(register, &[&ATTENTION, &"account-00000000"]);
    assert_eq!(refusal.code, "42704");
    assert_eq!(client.refused("SELECT botdet_register_onnx(NULL)").code, "22004");
    client.run("SELECT botdet_deactivate()");
    assert_eq!(client.refused_with("SELECT botdet_register_onnx($1)", &[&ATTENTION]).code, "55000");
}

#[test]
fn hostile_files_are_refused_alone_and_inside_of_artifacts() {
    let database = TestDatabase::populated("hostile");
    let mut client = database.connect();
    let champion = answering(&mut client);
    let cases = [
        (ATTENTION[..ATTENTION.len() / 2].to_vec(), NO_MODEL, "cut off"),
        (edited(RECURRENT, b"Gemm", b"Loop"), NOT_SUPPORTED, "uses operator Loop in node"),
        (edited(ATTENTION, b"Einsum", b"NonZer"), NOT_SUPPORTED, "uses operator NonZer in node"),
        (edited(RECURRENT, b"sequences", b"seguences"), NO_MODEL, "seguences float32 [?, ?, 16]"),
        // The logarithm of a number below 0 is none.
        (edited(ATTENTION, b"Erf", b"Log"), "38000", "finite logits"),
        (b"<html>".to_vec(), NO_MODEL, "ONNX file is not valid"),
        (Vec::new(), NO_MODEL, "it has no version"),
    ];
    for (file, code, message) in cases {
        let alone = client.refused_with("SELECT botdet_register_onnx($1)", &[&file]);
        let artifact = Artifact::from_bytes(model())
            .and_then(|artifact| artifact.with_replaced(Pipeline::SEQUENCE, file));
        let artifact = artifact.expect("the model has the part").to_bytes();
        let inside = client.refused_with("SELECT botdet_register_model($1)", &[&artifact]);
        for refusal in [alone, inside] {
            assert_eq!(refusal.code, code, "{}", refusal.message);
            assert!(refusal.message.contains(message), "{}", refusal.message);
        }
    }
    assert_eq!(answering(&mut client), champion);
    assert_eq!(client.value::<i64>("SELECT count(*) FROM botdet.model_version", &[]), 2);
}

#[test]
fn memory_does_not_grow_with_what_was_scored() {
    let database = TestDatabase::populated("memory");
    for provider in ["embedded", "onnxruntime"] {
        let mut client = with_provider(&database, provider);
        let mut score = |batches: u32| {
            client.run(&format!(
                "SELECT count(*) FROM generate_series(1, {batches}) AS n,
                     botdet_score_batch(ARRAY(SELECT account_id + 0 * n FROM botdet.account)) AS s"
            ));
            private_kilobytes(process(&mut client))
        };
        let before = score(2);
        let after = score(42);
        assert!(
            after < before + 8 * 1024,
            "{provider}: {before} kB after 480 accounts, {after} kB after 10,080 more"
        );
    }
}

/// Memory of a process that it shares with none.
fn private_kilobytes(process: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.unwrap_or_else(|| unreachable!("the server runs on this machine, and this is Linux: {status}"))
}

/// A populated database whose active sequence model takes some milliseconds for each account.
fn slow(hint: &str) -> TestDatabase {
    let database = TestDatabase::populated(hint);
    let config = GruConfig::new(CHANNELS, 160, 3, 0.0).expect("the shape is possible");
    let parameters =
        (0..GruNetwork::parameter_count(&config)).map(|n| (n % 13) as f32 / 100.0 - 0.06).collect();
    let network = GruNetwork::from_parameters(config, parameters).expect("the numbers are finite");
    register_and_activate(&mut database.connect(), &gru_model(&network, &[]));
    database
}

fn register_and_activate(client: &mut Client, file: &[u8]) -> String {
    let version: String = client.value("SELECT botdet_register_onnx($1)", &[&file]);
    client.change("SELECT botdet_activate($1)", &[&version]);
    version
}

/// A file with some bytes replaced by as many others, wherever they are.
fn edited(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut edited = file.to_vec();
    for position in 0..=file.len() - from.len() {
        if file[position..].starts_with(from) {
            edited[position..][..to.len()].copy_from_slice(to);
        }
    }
    assert_ne!(edited, file);
    edited
}

fn with_provider(database: &TestDatabase, provider: &str) -> Client {
    let mut client = database.connect();
    let library = onnxruntime_library();
    client.run(&format!(
        "SET botdet.onnxruntime_library = '{library}'; SET botdet.execution_provider = {provider}"
    ));
    client
}

/// A session, and the warnings that it is sent.
fn with_warnings(database: &TestDatabase) -> (Client, Receiver<String>) {
    let (sender, receiver) = channel();
    let sender = std::sync::Mutex::new(sender);
    let mut config = database.config();
    config.notice_callback(move |notice| {
        let sender = sender.lock().ok().filter(|_| notice.severity() == "WARNING");
        if let Some(sender) = sender {
            // Nobody listens any more.
            let _ = sender.send(notice.message().to_owned());
        }
    });
    (config.connect(NoTls).expect("the server can be reached"), receiver)
}

/// An account that the filter is not sure of.
fn uncertain(client: &mut Client) -> i64 {
    client.value("SELECT min(account_id) FROM botdet.score WHERE stage = 'sequence'", &[])
}

fn everybody(client: &mut Client) -> Vec<(String, f64)> {
    probabilities(client, EVERYBODY)
}

fn probabilities(client: &mut Client, accounts: &str) -> Vec<(String, f64)> {
    let rows = client
        .query(&format!("SELECT stage, bot_probability FROM botdet_score_batch({accounts})"), &[])
        .expect("accounts are scored");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
