//! Stored features scored by a query over a whole table, against the library alone on the same rows.

use botdet_models::artifact::Artifact;
use botdet_models::features::{FeatureVector, account_schema};
use botdet_models::pipeline::{Candidate, Depth, Pipeline};
use botdet_tests::Sql;
use botdet_tests::model::activate;
use botdet_tests::sql::process;

use crate::deep::asking_always;
use crate::measure::{Measurement, median, processor_seconds_of_threads};
use crate::models::Models;

const ROUNDS: usize = 5;
/// Passes over the table in a round: it is small, and the processor's time is told in hundredths of a second.
const PASSES: i32 = 20;
const SCORE_ALL: &str = "SELECT count((botdet_score(features)).bot_probability)
    FROM pg_catalog.generate_series(1, $1::integer) AS pass, public.features";

/// Rows that a processor scores in a second, every stage that the version has asked for every row. The library gets them one at a
/// time, as the function does, and all at once.
pub fn sets(models: &Models) -> Vec<Measurement> {
    let mut client = models.database.connect();
    let rows: Vec<String> = client.column("SELECT to_jsonb(features)::text FROM public.features", &[]);
    let rows: Vec<FeatureVector> = rows.iter().map(|row| features(row)).collect();
    let candidates: Vec<Candidate<'_>> =
        rows.iter().map(|row| Candidate { values: row.values(), sequence: None }).collect();
    let versions = [
        ("filter only", models.filter.clone()),
        ("boosted trees", asking_always(&models.boosting)),
        ("forest of 300", asking_always(&models.forest)),
    ];
    let mut measurements = Vec::new();
    for (name, artifact) in versions {
        activate(&mut client, &artifact);
        let mut library = pipeline(&artifact);
        let mut alone = |at_once: usize| {
            rate(candidates.len(), std::process::id() as i32, || {
                for _ in 0..PASSES {
                    for chunk in candidates.chunks(at_once) {
                        let scores = library.score(chunk, Depth::Full, &mut || {});
                        assert_eq!(scores.map_or(0, |scores| scores.len()), chunk.len(), "rows are scored");
                    }
                }
            })
        };
        let backend = process(&mut client);
        let mut served = || {
            rate(candidates.len(), backend, || {
                let scored: i64 = client.value(SCORE_ALL, &[&PASSES]);
                assert_eq!(scored as usize, candidates.len() * PASSES as usize, "all rows have a score");
            })
        };
        let rounds: Vec<[f64; 3]> =
            (0..ROUNDS).map(|_| [served(), alone(1), alone(candidates.len())]).collect();
        let of = |column: usize| median(rounds.iter().map(|rates| rates[column]).collect());
        for (other, column) in [("one at a time", 1), ("all at once", 2)] {
            let name = format!("botdet_score(features) of a table by {name} : library, {other}");
            measurements.push(Measurement::new(name, "rows/s", of(0), of(column)));
        }
    }
    measurements
}

fn rate(rows: usize, process: i32, work: impl FnOnce()) -> f64 {
    f64::from(PASSES) * rows as f64 / processor_seconds_of_threads(process, work)
}

fn pipeline(artifact: &[u8]) -> Pipeline {
    Artifact::from_bytes(artifact)
        .map_err(|error| error.to_string())
        .and_then(|artifact| {
            let open = Box::new(|_: &[u8]| unreachable!("there is no sequence to ask for"));
            Pipeline::new(&artifact, open).map_err(|error| error.to_string())
        })
        .unwrap_or_else(|error| unreachable!("the version can be read: {error}"))
}

fn features(row: &str) -> FeatureVector {
    serde_json::from_str(row)
        .map_err(|error| error.to_string())
        .and_then(|row| account_schema().read_json(&row).map_err(|error| error.to_string()))
        .and_then(|values| FeatureVector::new(&values).map_err(|error| error.to_string()))
        .unwrap_or_else(|error| unreachable!("stored features can be read: {error}"))
}
