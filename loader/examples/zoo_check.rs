//! Fits the zoo on a table and writes what each entry says of the held-out rows, for `tests/reference/zoo_compare.py`.
//!
//! ```text
//! BOTDET_SEED=1 cargo run --release -p botdet-loader --example zoo_check -- FOLDER [ENTRY...]
//! ```
//!
//! `FOLDER/table.csv` has a header, numbers or nothing in each column, and 0 or 1 in the last one. Where there is no such
//! file, one of 20,000 rows with 20 columns is made. `FOLDER/held_out.csv` gets row numbers, labels and probabilities.

use std::ops::ControlFlow;
use std::path::Path;

use botdet_loader::zoo::{
    BernoulliBayes, ExtendedIsolation, FollowTheLeader, GaussianBayes, Isolation, Learner,
    LogisticRegression, Neighbours, NeuralNetwork, Reconstruction, Ridge, Sample, Session, Stacking,
    StochasticGradient, Vote, Voting,
};
use botdet_models::hash::mix64;
use botdet_models::metrics::roc_auc;
use botdet_models::rows::Rows;
use botdet_models::sgd::SgdLoss;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: zoo_check FOLDER [ENTRY...]")?;
    let wanted: Vec<String> = arguments.collect();
    let table = Path::new(&folder).join("table.csv");
    if !table.exists() {
        write_table(&table)?;
    }
    let (rows, labels) = read_table(&table)?;
    let (training, held_out): (Vec<usize>, Vec<usize>) =
        (0..rows.len()).partition(|row| !mix64(*row as u64 + 1).is_multiple_of(4));
    let of = |chosen: &[usize]| chosen.iter().map(|row| labels[*row]).collect::<Vec<bool>>();
    let (train, test) = (rows.select(&training), rows.select(&held_out));
    let (train_labels, test_labels) = (of(&training), of(&held_out));
    let weights = vec![1.0; training.len()];
    let sample = Sample::new(&train, &train_labels, &weights)?;
    let seed = std::env::var("BOTDET_SEED").map_or(Ok(1), |seed| seed.parse())?;
    let mut columns = Vec::new();
    println!("{:<40} {:>8} {:>9} {:>9}", "entry", "ROC-AUC", "fit s", "µs a row");
    for learner in entries() {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == learner.name()) {
            continue;
        }
        let begun = processor_seconds();
        let mut progress = |_| ControlFlow::Continue(());
        let model = learner.fit(sample, &mut Session { seed, threads: 1, progress: &mut progress })?;
        let fitted = processor_seconds();
        let probabilities = model.probabilities(&test);
        let asked = (processor_seconds() - fitted) / test.len() as f64;
        let auc = roc_auc(&probabilities, &test_labels).ok_or("only one class is held out")?;
        println!("{:<40} {auc:>8.4} {:>9.2} {:>9.2}", learner.name(), fitted - begun, 1e6 * asked);
        columns.push((learner.name(), probabilities));
    }
    let mut file = csv::Writer::from_path(Path::new(&folder).join("held_out.csv"))?;
    file.write_record(["row", "label"].into_iter().chain(columns.iter().map(|(name, _)| *name)))?;
    for (index, row) in held_out.iter().enumerate() {
        let fixed = [row.to_string(), u8::from(labels[*row]).to_string()];
        let said = columns.iter().map(|(_, probabilities)| probabilities[index].to_string());
        file.write_record(fixed.into_iter().chain(said))?;
    }
    Ok(file.flush()?)
}

fn entries() -> Vec<Box<dyn Learner>> {
    vec![
        Box::new(LogisticRegression::default()),
        Box::new(StochasticGradient::new(SgdLoss::Logistic)),
        Box::new(StochasticGradient::new(SgdLoss::Hinge)),
        Box::new(FollowTheLeader::default()),
        Box::new(Ridge::default()),
        Box::new(BernoulliBayes::default()),
        Box::new(GaussianBayes::default()),
        Box::new(Neighbours::default()),
        Box::new(Neighbours { neighbours: 10, by_distance: true, ..Neighbours::default() }),
        Box::new(NeuralNetwork::default()),
        Box::new(Voting { learners: few(), vote: Vote::Soft }),
        Box::new(Voting { learners: few(), vote: Vote::Hard }),
        Box::new(Stacking::new(few())),
        Box::new(Isolation::default()),
        Box::new(ExtendedIsolation::default()),
        Box::new(Reconstruction::default()),
        Box::new(Reconstruction { negatives_only: true, ..Reconstruction::default() }),
    ]
}

fn few() -> Vec<Box<dyn Learner>> {
    vec![
        Box::new(LogisticRegression::default()),
        Box::new(GaussianBayes::default()),
        Box::new(Neighbours { neighbours: 10, by_distance: true, ..Neighbours::default() }),
    ]
}

/// Processor time of all threads so far, in hundredths of a second.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn read_table(path: &Path) -> Result<(Rows, Vec<bool>), Failure> {
    let mut reader = csv::Reader::from_path(path)?;
    let width = reader.headers()?.len().checked_sub(1).ok_or("the table has no columns")?;
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record?;
        for field in record.iter().take(width) {
            values.push(if field.is_empty() { f32::NAN } else { field.parse()? });
        }
        labels.push(record[width].parse::<f64>()? > 0.5);
    }
    Ok((Rows::new(values, width)?, labels))
}

/// Normal columns, counts and flags; a tenth of the rows is positive, by a signal with curves and products, and noise.
fn write_table(path: &Path) -> Result<(), Failure> {
    let mut file = csv::Writer::from_path(path)?;
    file.write_record((1..=20).map(|column| format!("x{column}")).chain(["label".to_owned()]))?;
    for row in 0..20_000 {
        let even = |k: u64| (mix64(mix64(row + 1) ^ (k + 1)) >> 11) as f64 / (1u64 << 53) as f64;
        // Box and Muller.
        let normal = |k: u64| {
            let length = (-2.0 * (1.0 - even(2 * k)).ln()).sqrt();
            length * (std::f64::consts::TAU * even(2 * k + 1)).cos()
        };
        let mut x: Vec<f64> = (0..12).map(normal).collect();
        x[1] = 0.8 * x[0] + 0.6 * x[1];
        x[2] = 50.0 + 20.0 * x[2];
        x[3] = x[3].exp();
        // Counts, then flags.
        x.extend((12..16).map(|k| (-(1.0 - even(2 * k)).ln() * (k - 10) as f64).floor()));
        x.extend((16..20).map(|k| f64::from(u8::from(even(2 * k) < 0.1 * (k - 14) as f64))));
        let signal = 1.1 * x[0] + 0.7 * x[4] * x[5] + 0.8 * (x[6] * x[6] - 1.0) - 0.6 * (x[7] * 2.0).sin()
            + 0.25 * x[12]
            - 0.2 * x[13]
            + 0.9 * x[16]
            - 0.7 * x[17] * x[19]
            + 0.4 * x[3].ln()
            - 3.6;
        let noise = (even(90) / (1.0 - even(90))).ln();
        let fields = x.iter().map(|value| format!("{value:.4}"));
        file.write_record(fields.chain([u8::from(signal + noise > 0.0).to_string()]))?;
    }
    Ok(file.flush()?)
}
