//! The sequence stage inside the server against the same runtime outside, on the same sequences; and what a backend's memory grows to.

use botdet_models::artifact::Artifact;
use botdet_models::pipeline::Pipeline;
use botdet_models::sequence::{CHUNK, EmbeddedRuntime, OnnxRuntime, Sequence, SequenceModel};
use botdet_models::state::AccountState;
use botdet_tests::Sql;
use botdet_tests::model::activate;
use botdet_tests::server::onnxruntime_library;
use botdet_tests::sql::process;
use postgres::Client;

use crate::measure::{Measurement, median, private_megabytes, processor_seconds_of_threads};
use crate::models::Models;

const ROUNDS: usize = 5;
/// Batches of all accounts in a round.
const TIMES: usize = 3;
const MANY: &str =
    "SELECT count(*) FILTER (WHERE stage = 'sequence') FROM generate_series(1, {batches}) AS n,
    botdet_score_batch(ARRAY(SELECT account_id + 0 * n FROM botdet.account ORDER BY account_id)) AS s";

/// Accounts that a processor scores in a second by a version that asks the sequence model for every account, reading states and
/// everything else included, against the runtime alone.
pub fn deep(models: &Models) -> Vec<Measurement> {
    let mut client = models.database.connect();
    activate(&mut client, &asking_always(&models.full));
    let states: Vec<Option<Vec<u8>>> =
        client.column("SELECT botdet_account_state(account_id) FROM botdet.account", &[]);
    let states = states.iter().flatten().filter_map(|state| AccountState::from_bytes(state).ok());
    let mut sequences: Vec<Sequence> = states.filter_map(|state| Sequence::of(&state)).collect();
    sequences.sort_by_key(Sequence::len);
    let (library, file) = (onnxruntime_library(), sequence_model(&models.full));
    let embedded = EmbeddedRuntime::load(&file).map(|model| Box::new(model) as Box<dyn SequenceModel>);
    let onnxruntime =
        OnnxRuntime::load(&library, &file, None).map(|model| Box::new(model) as Box<dyn SequenceModel>);
    let mut measurements = Vec::new();
    for (provider, model) in [("embedded", embedded), ("onnxruntime", onnxruntime)] {
        let mut model = model.unwrap_or_else(|error| unreachable!("the model can be opened: {error}"));
        let mut client = models.database.connect();
        client.run(&format!(
            "SET botdet.onnxruntime_library = '{library}'; SET botdet.execution_provider = {provider}"
        ));
        let before = score(&mut client, 1).1;
        let rounds = (0..ROUNDS).map(|_| {
            let (asked, _) = score(&mut client, 1);
            assert_eq!(asked, sequences.len() as i64, "every account has a sequence, and is asked for it");
            let served = {
                let backend = process(&mut client);
                processor_seconds_of_threads(backend, || {
                    score(&mut client, TIMES);
                })
            };
            let raw = processor_seconds_of_threads(std::process::id() as i32, || {
                (0..TIMES).for_each(|_| run(model.as_mut(), &sequences));
            });
            let rows = (TIMES * sequences.len()) as f64;
            (rows / served, rows / raw)
        });
        let (served, raw) = rounds.unzip();
        let name = format!("GRU in botdet_score_batch : runtime alone, {provider}");
        measurements.push(Measurement::new(name, "accounts/s", median(served), median(raw)));
        let after = score(&mut client, 10).1;
        let name = format!("memory of a backend, 10 batches : first, {provider}");
        measurements.push(Measurement::new(name, "MB", after, before));
    }
    measurements
}

/// How many were asked for their sequence, and the backend's memory after that.
fn score(client: &mut Client, batches: usize) -> (i64, f64) {
    let asked: i64 = client.value(&MANY.replace("{batches}", &batches.to_string()), &[]);
    (asked, private_megabytes(process(client)))
}

fn run(model: &mut dyn SequenceModel, sequences: &[Sequence]) {
    for chunk in sequences.chunks(CHUNK) {
        let logits = model.logits(&chunk.iter().collect::<Vec<_>>());
        assert!(logits.is_ok(), "the model runs: {:?}", logits.err());
    }
}

fn sequence_model(artifact: &[u8]) -> Vec<u8> {
    let artifact = Artifact::from_bytes(artifact).ok();
    artifact.and_then(|artifact| Some(artifact.part(Pipeline::SEQUENCE)?.to_vec())).unwrap_or_default()
}

/// The artifact with a filter that is never sure.
pub fn asking_always(artifact: &[u8]) -> Vec<u8> {
    let changed = || -> Result<Artifact, Box<dyn std::error::Error>> {
        let artifact = Artifact::from_bytes(artifact)?;
        let mut decision: serde_json::Value = serde_json::from_slice(artifact.required(Pipeline::DECISION)?)?;
        decision["confident_human"] = 0.0.into();
        decision["confident_bot"] = 1.0.into();
        // Whose answers were those of another filter.
        let artifact = artifact.without_part(Pipeline::PROBES);
        Ok(artifact.with_replaced(Pipeline::DECISION, serde_json::to_vec(&decision)?)?)
    };
    changed().unwrap_or_else(|error| unreachable!("the model can be changed: {error}")).to_bytes()
}
