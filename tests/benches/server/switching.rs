//! What it takes until every session answers by a version that was just activated.

use std::time::Instant;

use botdet_tests::Sql;
use botdet_tests::model::activate;
use postgres::Client;

use crate::measure::{Measurement, median};
use crate::models::Models;

const SESSIONS: usize = 20;
const ROUNDS: usize = 5;
const ANSWERING: &str = "SELECT (botdet_score(1::bigint)).model_version";

/// Warm sessions asked in turn right after an activation has committed, against the same round without one.
pub fn switching(models: &Models) -> Vec<Measurement> {
    let mut owner = models.database.connect();
    let versions = [activate(&mut owner, &models.boosting), activate(&mut owner, &models.filter)];
    let mut sessions: Vec<Client> = (0..SESSIONS).map(|_| models.database.connect()).collect();
    let mut round = |version: &String| {
        let started = Instant::now();
        for session in &mut sessions {
            assert_eq!(&session.value::<String>(ANSWERING, &[]), version);
        }
        started.elapsed().as_secs_f64() * 1e3
    };
    round(&versions[1]);
    let mut switch = |version: &String| {
        owner.change("SELECT botdet_activate($1)", &[version]);
        (round(version), round(version))
    };
    let loading = switch(&versions[0]);
    let (warm, without): (Vec<f64>, Vec<f64>) =
        (0..ROUNDS).map(|index| switch(&versions[(index + 1) % 2])).unzip();
    vec![
        Measurement::new("20 sessions after a switch to a new version, without", "ms", loading.0, loading.1),
        Measurement::new(
            "20 sessions after a switch to a known one, without",
            "ms",
            median(warm),
            median(without),
        ),
    ]
}
