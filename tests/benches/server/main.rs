//! What the extension costs, each figure beside the same work without it, measured in one run on the same rows.
//!
//! Repetitions of the two sides alternate, and medians are compared. The table goes to standard output (`--json` prints
//! JSON instead), the figures also to `target/bench/results.json`. Words on the command line choose parts: copies, statements,
//! rows, calls, features, sets, batches, deep, switching, refresh, backlinks, engagement, cold, memory, service (for `--seconds=N`, 30 by default).

mod backlinks;
mod calls;
mod connections;
mod deep;
mod engagement;
mod inserts;
mod measure;
mod models;
mod refresh;
mod service;
mod sets;
mod switching;

use std::process::ExitCode;

use measure::{Measurement, print_table, store};
use models::Models;

type Part = (&'static str, fn(&Models) -> Vec<Measurement>);

const PARTS: [Part; 15] = [
    ("copies", inserts::copies),
    ("statements", |_| inserts::statements()),
    ("rows", inserts::single_rows),
    ("calls", calls::calls),
    ("features", calls::features),
    ("sets", sets::sets),
    ("batches", calls::batches),
    ("deep", deep::deep),
    ("switching", switching::switching),
    ("refresh", |_| refresh::refresh()),
    ("backlinks", |_| backlinks::backlinks()),
    ("engagement", |_| engagement::engagement()),
    ("cold", connections::cold),
    ("memory", connections::memory),
    ("service", service::service),
];

fn main() -> ExitCode {
    // Cargo passes --bench; without it this is `cargo test --benches`, which is no time to measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let Some(unknown) = chosen.iter().find(|name| PARTS.iter().all(|(known, _)| known != name)) {
        return failed(&format!("there is no part {unknown}"));
    }
    let models = Models::trained();
    let mut measurements = Vec::new();
    for (name, part) in PARTS {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            eprintln!("measuring: {name}");
            measurements.extend(part(&models));
        }
    }
    let json = match serde_json::to_string_pretty(&measurements) {
        Ok(json) => json,
        Err(error) => return failed(&error),
    };
    if let Err(error) = store(&json) {
        return failed(&error);
    }
    if std::env::args().any(|argument| argument == "--json") {
        println!("{json}");
    } else {
        print_table(&models.heading(), &measurements);
    }
    ExitCode::SUCCESS
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
