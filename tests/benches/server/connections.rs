//! What new connections wait for their first score, and what they take of memory.

use std::fs;

use botdet_models::artifact::Artifact;
use botdet_models::hash::mix64;
use botdet_models::pipeline::Pipeline;
use botdet_models::trees::{Combination, EnsembleBuilder, TreeNode};
use botdet_tests::model::activate;
use botdet_tests::own_server::OwnServer;
use botdet_tests::population::{load, simulate};
use botdet_tests::server::onnxruntime_library;
use botdet_tests::sql::{Sql, process};
use postgres::Client;

use crate::deep::asking_always;
use crate::measure::{Measurement, median, processor_seconds, seconds};
use crate::models::Models;

const ROUNDS: usize = 15;
const CONNECTIONS: usize = 50;
/// Of the server that has loaded the extension when it started.
const FEW_ACCOUNTS: u32 = 300;
const DAYS: u32 = 18;
const NOTHING: &str = "SELECT 1";
const SCORE: &str = "SELECT botdet_score(1::bigint)";
/// What a score reads, by plain queries: most of what a new connection waits for is PostgreSQL's look at those tables.
const READ: &str = "SELECT d.threshold, p.share, v.sha256 FROM botdet.detector d
        LEFT JOIN botdet.deployment p ON p.detector = d.detector
        LEFT JOIN botdet.model_version v ON v.model_version_id = p.model_version_id WHERE d.detector = 'account';
    SELECT s.state, a.followers, n.lockstep_score FROM (VALUES (1::bigint)) AS k (account_id)
        LEFT JOIN botdet.account_state s USING (account_id) LEFT JOIN botdet.account a USING (account_id)
        LEFT JOIN botdet.account_network n USING (account_id)";
/// Of the forest: 1.2 million nodes.
const TREES: u64 = 300;
const SPLITS: u64 = 2_047;

/// A version, and what runs its sequence model.
struct Case {
    name: &'static str,
    artifact: Vec<u8>,
    settings: String,
}

fn cases(models: &Models) -> Vec<Case> {
    let embedded = "SET botdet.execution_provider = embedded".to_owned();
    let onnxruntime = format!(
        "SET botdet.onnxruntime_library = '{}'; SET botdet.execution_provider = onnxruntime",
        onnxruntime_library()
    );
    let forest = |artifact: &[u8]| asking_always(&with_forest(artifact));
    let case = |name, artifact, settings: &String| Case { name, artifact, settings: settings.clone() };
    vec![
        case("filter", models.filter.clone(), &embedded),
        case("forest of 300 trees", forest(&models.boosting), &embedded),
        case("forest and GRU, embedded", forest(&models.full), &embedded),
        case("forest and GRU, onnxruntime", forest(&models.full), &onnxruntime),
    ]
}

/// The first statement of a connection: a score against reading the same rows. The files that sessions share are there, as they are after the first
/// score since the server's start. Then the same on a server that has loaded the extension when it started.
pub fn cold(models: &Models) -> Vec<Measurement> {
    let mut measurements = first_scores(models, "", &|| models.database.connect());
    let server = OwnServer::start("shared_preload_libraries = 'botdet'");
    let connect = || server.connect("postgres");
    connect().run("CREATE EXTENSION botdet; UPDATE botdet.detector SET insert_mode = 'off'");
    load(&mut connect(), &simulate(FEW_ACCOUNTS, DAYS));
    connect().run("VACUUM ANALYZE");
    measurements.extend(first_scores(models, ", preloaded", &connect));
    measurements
}

fn first_scores(models: &Models, place: &str, connect: &dyn Fn() -> Client) -> Vec<Measurement> {
    let mut measurements = Vec::new();
    for case in cases(models) {
        let first_statement = |sql| first_statement(connect(), &case, sql);
        activate(&mut connect(), &case.artifact);
        first_statement(SCORE);
        let rounds = (0..ROUNDS).map(|_| (first_statement(SCORE), first_statement(READ)));
        let (scores, reads): (Vec<_>, Vec<_>) = rounds.unzip();
        let of =
            |times: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| median(times.iter().map(pick).collect());
        let measurement = |what: &str, pick| {
            let name = format!("first score of a connection{place}, {} : its rows by SQL{what}", case.name);
            Measurement::new(name, "ms", of(&scores, pick), of(&reads, pick))
        };
        measurements.push(measurement("", |(passed, _)| *passed));
        measurements.push(measurement(", processor", |(_, processor)| *processor));
    }
    measurements
}

/// Milliseconds that pass, and that the backend's processor works, for the first statement of a connection.
fn first_statement(mut client: Client, case: &Case, sql: &str) -> (f64, f64) {
    client.run(&case.settings);
    let mut passed = 0.0;
    let processor = processor_seconds(&mut client, |client| passed = seconds(|| client.run(sql)));
    (1e3 * passed, 1e3 * processor)
}

/// Memory that connections add by their first score, each: with its part of what they share, and what is its own alone.
pub fn memory(models: &Models) -> Vec<Measurement> {
    let mut measurements = Vec::new();
    for case in cases(models) {
        activate(&mut models.database.connect(), &case.artifact);
        first_statement(models.database.connect(), &case, SCORE);
        let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| models.database.connect()).collect();
        let mut measured = |sql: &str| {
            clients.iter_mut().for_each(|client| client.run(sql));
            let sums = ["Pss:", "Private_Clean:", "Private_Dirty:"]
                .map(|field| clients.iter_mut().map(|client| kilobytes(process(client), field)).sum::<f64>());
            let [pss, clean, dirty] = sums.map(|sum| sum / 1024.0 / CONNECTIONS as f64);
            [pss, clean + dirty]
        };
        let before = measured(NOTHING);
        let after = measured(&format!("{}; {SCORE}", case.settings));
        for (kind, before, after) in
            [("with its part of shared", before[0], after[0]), ("its own", before[1], after[1])]
        {
            let name = format!("memory of one of {CONNECTIONS}, {kind}, {} : SELECT 1", case.name);
            measurements.push(Measurement::new(name, "MB", after, before));
        }
    }
    measurements
}

/// A line of what the kernel says of a process's memory, which it tells none but its owner.
fn kilobytes(process: i32, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// The artifact with other trees: as many and as large ones as a million accounts would make.
fn with_forest(artifact: &[u8]) -> Vec<u8> {
    let changed = || -> Result<Artifact, Box<dyn std::error::Error>> {
        let artifact = Artifact::from_bytes(artifact)?;
        let pipeline = Pipeline::new(&artifact, Box::new(|_| unreachable!("no row is scored")))?;
        let width = pipeline.trees().map_or(0, |trees| trees.width());
        let mut builder = EnsembleBuilder::new(width, Combination::Mean)?;
        for tree in 0..TREES {
            builder.add(&tree_of(tree, width as u64))?;
        }
        // Whose answers were those of the other trees.
        let artifact = artifact.without_part(Pipeline::PROBES);
        Ok(artifact.with_replaced(Pipeline::TREES, builder.finish()?.to_bytes())?)
    };
    changed().unwrap_or_else(|error| unreachable!("the model can be changed: {error}")).to_bytes()
}

/// A tree of questions drawn by chance: the children of node `n` are `2n + 1` and `2n + 2`.
fn tree_of(tree: u64, width: u64) -> Vec<TreeNode> {
    let node = |index: u64| {
        let draw = mix64(tree << 32 | index);
        if index < SPLITS {
            let (left, right) = (2 * index as u32 + 1, 2 * index as u32 + 2);
            let threshold = (draw >> 40 & 127) as f32;
            TreeNode::Split {
                feature: (draw % width) as u32,
                threshold,
                missing_left: draw >> 63 == 0,
                left,
                right,
            }
        } else {
            TreeNode::Leaf { value: (draw >> 40 & 1023) as f32 / 1023.0, cover: 16.0 }
        }
    };
    (0..2 * SPLITS + 1).map(node).collect()
}
