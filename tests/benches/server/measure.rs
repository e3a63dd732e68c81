//! What is measured, and how.

use std::fs;
use std::path::Path;
use std::time::Instant;

use botdet_tests::sql::process;
use postgres::Client;
use serde::Serialize;

/// One figure, and what it is compared with.
#[derive(Serialize)]
pub struct Measurement {
    pub name: String,
    pub value: f64,
    pub unit: &'static str,
    pub baseline: f64,
    pub ratio: f64,
}

impl Measurement {
    pub fn new(name: impl Into<String>, unit: &'static str, value: f64, baseline: f64) -> Self {
        Self { name: name.into(), value, unit, baseline, ratio: value / baseline }
    }
}

/// Processor seconds that `work` costs the server's process behind `client`. Where its scheduler's statistics cannot be
/// read, as on another machine, the seconds that pass.
pub fn processor_seconds(client: &mut Client, work: impl FnOnce(&mut Client)) -> f64 {
    let process = process(client);
    let (started, before) = (Instant::now(), running_time(process));
    work(client);
    match (before, running_time(process)) {
        (Some(before), Some(after)) => (after - before) as f64 / 1e9,
        _ => started.elapsed().as_secs_f64(),
    }
}

/// Nanoseconds a process has run so far.
fn running_time(process: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Seconds that `work` takes.
pub fn seconds(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

pub fn print_table(heading: &str, measurements: &[Measurement]) {
    println!("{heading}\n");
    println!("{:<52}{:>12}{:>12}{:>9}  unit", "", "botdet", "baseline", "ratio");
    for Measurement { name, value, unit, baseline, ratio } in measurements {
        println!("{name:<52}{value:>12.2}{baseline:>12.2}{ratio:>9.2}  {unit}");
    }
}

/// Keeps the figures in `target/bench/results.json`.
pub fn store(json: &str) -> std::io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("results.json"), format!("{json}\n"))
}
