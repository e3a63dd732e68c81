//! Fits the trees on one thread, and leaves the data and what was measured for `tests/reference/trees_compare.py`, which calls
//! this and does the same with scikit-learn and LightGBM.

use std::error::Error;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use botdet_loader::trees::{
    AdaBoostParams, BoostingParams, EarlyStopping, Fitted, ForestKind, ForestParams, Growth,
};
use botdet_loader::zoo::{Sample, Session, ZooError};
use botdet_models::metrics::{average_precision, roc_auc};
use botdet_models::rows::Rows;
use botdet_models::trees::Ensemble;
use clap::Parser;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use rand_distr::StandardNormal;
use serde_json::{Map, Value, json};

/// Every fifth row is held out.
const FOLDS: usize = 5;
/// Rows that are scored one by one.
const SINGLE: usize = 500;

#[derive(Parser)]
struct Arguments {
    /// Where data and figures go
    folder: PathBuf,
    /// A table to learn from, instead of a generated one; an empty field is missing, a text column is left out
    #[arg(long, requires = "label")]
    csv: Option<PathBuf>,
    /// The column that holds 1 or true for what is sought
    #[arg(long)]
    label: Option<String>,
    /// Rows to generate
    #[arg(long, default_value_t = 100_000)]
    rows: usize,
    /// Learners to measure, apart by commas
    #[arg(
        long,
        default_value = "random_forest,boosting_leaf_wise,boosting_depth_wise",
        value_delimiter = ','
    )]
    learners: Vec<String>,
    /// Threads to fit with. Processor time is measured on the calling thread alone; with more than one thread, it is told how
    /// much sooner by the clock they are done than one
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.folder)?;
    let (rows, labels) = match (&arguments.csv, &arguments.label) {
        (Some(path), Some(label)) => read_table(path, label)?,
        _ => generate(arguments.rows),
    };
    let (held, train): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|row| row % FOLDS == 0);
    let select = |indices: &[usize]| -> (Rows, Vec<bool>) {
        (rows.select(indices), indices.iter().map(|index| labels[*index]).collect())
    };
    let (train, held) = (select(&train), select(&held));
    write(&arguments.folder, "train", &train)?;
    write(&arguments.folder, "held", &held)?;
    let mut figures = Map::new();
    for learner in &arguments.learners {
        figures.insert(learner.clone(), measure(learner, &train, &held, &arguments)?);
    }
    figures.insert("width".to_owned(), json!(rows.width()));
    fs::write(arguments.folder.join("ours.json"), serde_json::to_string_pretty(&figures)?)?;
    Ok(())
}

fn measure(
    learner: &str,
    train: &(Rows, Vec<bool>),
    held: &(Rows, Vec<bool>),
    arguments: &Arguments,
) -> Result<Value, Box<dyn Error>> {
    let weights = vec![1.0; train.1.len()];
    let sample = Sample::new(&train.0, &train.1, &weights)?;
    let start = processor_seconds()?;
    let fitted = fit(learner, sample, arguments.threads)?;
    let fit = processor_seconds()? - start;
    if arguments.threads > 1 {
        tell_speed_up(learner, sample, arguments.threads)?;
    }
    let ensemble = &fitted.ensemble;
    let probabilities = ensemble.probabilities(&held.0);
    let batch = best_of_three(held.1.len(), || drop(ensemble.probabilities(&held.0)))?;
    let single = best_of_three(SINGLE, || {
        let rows = held.0.iter().cycle().take(SINGLE);
        std::hint::black_box(rows.map(|row| ensemble.probability(row)).sum::<f64>());
    })?;
    let explained = best_of_three(10, || {
        held.0.iter().take(10).for_each(|row| drop(std::hint::black_box(ensemble.contributions(row))));
    })?;
    let bytes = ensemble.to_bytes();
    fs::write(arguments.folder.join(format!("{learner}.trees")), &bytes)?;
    let read =
        best_of_three(1, || drop(std::hint::black_box(Ensemble::from_bytes(&bytes, ensemble.width()))))?;
    eprintln!(
        "{learner}: {} nodes, {:.1} bytes each, read in {:.1} ms, a row explained in {:.2} ms",
        ensemble.nodes(),
        bytes.len() as f64 / ensemble.nodes() as f64,
        read / 1e3,
        explained / 1e3
    );
    Ok(json!({
        "fit_seconds": fit,
        "roc_auc": roc_auc(&probabilities, &held.1),
        "pr_auc": average_precision(&probabilities, &held.1),
        "batch_us": batch,
        "single_us": single,
    }))
}

/// Seconds by the clock on one thread and on several, in turn, the best of three each: what the clock says needs a quiet machine.
fn tell_speed_up(learner: &str, sample: Sample<'_>, threads: usize) -> Result<(), Box<dyn Error>> {
    let mut best = [f64::INFINITY; 2];
    for _ in 0..3 {
        for (best, threads) in best.iter_mut().zip([1, threads]) {
            let start = Instant::now();
            fit(learner, sample, threads)?;
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    let [one, several] = best;
    eprintln!("{learner}: {one:.2} s on one thread, {several:.2} s on {threads}: {:.2}×", one / several);
    Ok(())
}

fn fit(learner: &str, sample: Sample<'_>, threads: usize) -> Result<Fitted, Box<dyn Error>> {
    let mut progress = |_| ControlFlow::Continue(());
    let session = &mut Session { seed: 1, threads, progress: &mut progress };
    let forest = |kind| ForestParams::new(kind);
    let boosting = |growth| BoostingParams { growth, leaves: 63, depth: 64, ..BoostingParams::default() };
    let fitted: Result<Fitted, ZooError> = match learner {
        "random_forest" => forest(ForestKind::RandomForest).check()?.fit_ensemble(sample, session),
        "extra_trees" => forest(ForestKind::ExtraTrees).check()?.fit_ensemble(sample, session),
        "bagged_trees" => ForestParams { trees: 20, ..forest(ForestKind::BaggedTrees) }
            .check()?
            .fit_ensemble(sample, session),
        "decision_tree" => forest(ForestKind::DecisionTree).check()?.fit_ensemble(sample, session),
        "boosting_leaf_wise" => boosting(Growth::LeafWise).check()?.fit_ensemble(sample, None, session),
        "boosting_depth_wise" => BoostingParams { depth: 6, leaves: 64, ..boosting(Growth::DepthWise) }
            .check()?
            .fit_ensemble(sample, None, session),
        "boosting_early_stopped" => {
            let early_stopping = Some(EarlyStopping { patience: 20, validation_share: 0.1 });
            BoostingParams { early_stopping, ..boosting(Growth::LeafWise) }
                .check()?
                .fit_ensemble(sample, None, session)
        }
        "adaboost" => AdaBoostParams::default().check()?.fit_ensemble(sample, session),
        other => return Err(format!("there is no learner {other}").into()),
    };
    Ok(fitted?)
}

/// Microseconds of one of `count` things that `work` does.
fn best_of_three(count: usize, work: impl Fn()) -> Result<f64, Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = processor_seconds()?;
        work();
        best = best.min((processor_seconds()? - start) / count as f64 * 1e6);
    }
    Ok(best)
}

/// What this thread has used: what the wall clock says depends on who else is at work.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    // The kernel brings its account up to date when the thread yields.
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no processor time")?.parse::<f64>()? / 1e9)
}

fn write(folder: &Path, name: &str, (rows, labels): &(Rows, Vec<bool>)) -> Result<(), Box<dyn Error>> {
    let values: Vec<u8> = rows.values().iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(folder.join(format!("{name}.f32")), values)?;
    let labels: Vec<u8> = labels.iter().map(|label| u8::from(*label)).collect();
    fs::write(folder.join(format!("{name}.labels")), labels)?;
    Ok(())
}

fn read_table(path: &Path, label: &str) -> Result<(Rows, Vec<bool>), Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let label = reader.headers()?.iter().position(|name| name == label).ok_or("no such label")?;
    let records = reader.records().collect::<Result<Vec<_>, _>>()?;
    let number = |field: &str| match field {
        "" => Some(f32::NAN),
        "true" | "t" => Some(1.0),
        "false" | "f" => Some(0.0),
        other => other.parse::<f32>().ok(),
    };
    let width = records.first().ok_or("no rows")?.len();
    let is_number = |column: &usize| records.iter().all(|record| number(&record[*column]).is_some());
    let columns: Vec<usize> = (0..width).filter(|column| *column != label).filter(is_number).collect();
    let values =
        records.iter().flat_map(|record| columns.iter().filter_map(|column| number(&record[*column])));
    let labels = records.iter().map(|record| number(&record[label]) == Some(1.0)).collect();
    Ok((Rows::new(values.collect(), columns.len())?, labels))
}

/// Columns that hang together in families of three, some heavy-tailed, some counts, some with gaps; 2.7 % of the rows are what is
/// sought, by a few of the columns and what they are together, and by chance.
fn generate(count: usize) -> (Rows, Vec<bool>) {
    const WIDTH: usize = 51;
    let mut random = ChaCha12Rng::seed_from_u64(20);
    let (mut values, mut risks) = (Vec::with_capacity(count * WIDTH), Vec::with_capacity(count));
    for _ in 0..count {
        let hidden: [f32; WIDTH / 3] = std::array::from_fn(|_| random.sample(StandardNormal));
        let mut row: [f32; WIDTH] = std::array::from_fn(|column| {
            0.8 * hidden[column / 3] + 0.6 * random.sample::<f32, _>(StandardNormal)
        });
        let noise: f32 = random.sample(StandardNormal);
        risks.push(
            0.9 * row[0] - 0.7 * row[4]
                + row[7] * row[12]
                + if row[20] > 1.0 && row[33] < 0.0 { 1.8 } else { 0.0 }
                + (2.0 * row[40]).sin()
                + 1.3 * noise,
        );
        for (column, value) in row.iter_mut().enumerate() {
            match column % 5 {
                1 => *value = (2.0 * *value).exp(),
                2 => *value = (3.0 * *value).max(0.0).floor(),
                _ => {}
            }
            if column % 8 == 0 && random.random_bool(0.1) {
                *value = f32::NAN;
            }
        }
        values.extend(row);
    }
    let mut sorted = risks.clone();
    sorted.sort_by(f32::total_cmp);
    let bar = sorted[(count as f64 * 0.973) as usize];
    let labels = risks.into_iter().map(|risk| (risk > bar) ^ random.random_bool(0.003)).collect();
    (Rows::new(values, WIDTH).expect("whole rows of finite values"), labels)
}
