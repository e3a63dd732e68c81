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

/// Processor seconds that `work` costs a process with all of its threads, to a hundredth.
pub fn processor_seconds_of_threads(process: i32, work: impl FnOnce()) -> f64 {
    let before = ticks(process);
    work();
    (ticks(process) - before) as f64 / TICKS_A_SECOND
}

/// Ticks of the kernel's clock, which programs are always told are a hundredth of a second.
const TICKS_A_SECOND: f64 = 100.0;

/// Time in user and kernel mode of all threads there were.
fn ticks(process: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is a name, which may hold anything; what comes behind its bracket begins with the third.
    let fields = text.rsplit_once(')').map(|(_, fields)| fields.split_whitespace()).into_iter().flatten();
    fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// Memory of a process that it shares with none.
pub fn private_megabytes(process: i32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
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
