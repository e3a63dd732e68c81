//! Everything in the zoo on the same rows: who is better at what, and at what price.

use std::ops::ControlFlow;
use std::time::Instant;

use botdet_models::metrics::{Bins, Ranked, brier_score, calibration_error, reliability};
use botdet_models::rows::Rows;
use botdet_models::sgd::SgdLoss;
use postgres::Client;

use crate::error::LoaderError;
use crate::report::data::{Zoo, ZooEntry};
use crate::trees::{AdaBoostParams, BoostingParams, EarlyStopping, ForestKind, ForestParams};
use crate::validation::{ClassWeight, Prepared, SmoteConfig};
use crate::zoo::{
    BernoulliBayes, Classifier, ExtendedIsolation, FollowTheLeader, GaussianBayes, Isolation, Learner,
    LogisticRegression, Neighbours, NeuralNetwork, Reconstruction, Ridge, Sample, Session, Stacking,
    StochasticGradient, Vote, Voting, ZooError,
};

/// Bins of the calibration error.
const BINS: usize = 15;
/// Probability from which on a row is called positive.
const THRESHOLD: f64 = 0.5;

/// How rows are prepared for everybody.
#[derive(Clone, Copy, Debug)]
pub struct Preparation {
    /// Add synthetic positives to the rows learned from.
    pub smote: Option<SmoteConfig>,
    /// Weigh both classes the same.
    pub balanced: bool,
}

/// Rows to learn from, and rows to judge on.
#[derive(Clone, Copy, Debug)]
pub struct Contest<'a> {
    /// Learned from.
    pub training: &'a Rows,
    /// Their classes.
    pub training_labels: &'a [bool],
    /// Judged on.
    pub held_out: &'a Rows,
    /// Their classes.
    pub held_out_labels: &'a [bool],
}

/// Names of all entries, in the order in which they are compared.
///
/// # Errors
/// [`ZooError`] when a default is out of bounds.
pub fn names() -> Result<Vec<&'static str>, ZooError> {
    Ok(entries()?.iter().map(|learner| learner.name()).collect())
}

/// Fits and judges entries, those that are named or all. `progress` hears the entry and the share that is done of it.
///
/// # Errors
/// [`LoaderError::UnknownLearner`] for a name that no entry has. An entry that fails is in the table with its reason.
pub fn compare(
    contest: Contest<'_>,
    preparation: Preparation,
    only: &[String],
    seed: u64,
    threads: usize,
    progress: &mut dyn FnMut(&str, f64),
) -> Result<Vec<ZooEntry>, LoaderError> {
    let names = names()?;
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(LoaderError::UnknownLearner { name: unknown.clone(), known: names.join(", ") });
    }
    let mut table = Vec::new();
    for learner in entries()? {
        let name = learner.name();
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let learner = Prepared {
            smote: preparation.smote,
            class_weight: if preparation.balanced { ClassWeight::Balanced } else { ClassWeight::Equal },
            ..Prepared::new(learner)
        };
        let figures = judge(contest, &learner, seed, threads, &mut |share| progress(name, share));
        table.push(figures.unwrap_or_else(|error| failed(name, &error)));
    }
    Ok(table)
}

fn judge(
    contest: Contest<'_>,
    learner: &dyn Learner,
    seed: u64,
    threads: usize,
    progress: &mut dyn FnMut(f64),
) -> Result<ZooEntry, ZooError> {
    let weights = vec![1.0; contest.training_labels.len()];
    let sample = Sample::new(contest.training, contest.training_labels, &weights)?;
    let mut session = Session {
        seed,
        threads,
        progress: &mut |share| {
            progress(share);
            ControlFlow::Continue(())
        },
    };
    let started = Instant::now();
    let classifier: Box<dyn Classifier> = learner.fit(sample, &mut session)?;
    let fit_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let probabilities = classifier.probabilities(contest.held_out);
    let microseconds = started.elapsed().as_secs_f64() * 1e6 / contest.held_out.len().max(1) as f64;
    let labels = contest.held_out_labels;
    let ranked = Ranked::of(&probabilities, labels);
    let counts = ranked.confusion(THRESHOLD);
    Ok(ZooEntry {
        name: learner.name().to_owned(),
        accuracy: counts.accuracy(),
        precision: counts.precision(),
        recall: counts.recall(),
        f1: counts.f1(),
        roc_auc: ranked.roc_auc(),
        pr_auc: ranked.average_precision(),
        brier: brier_score(&probabilities, labels),
        calibration_error: calibration_error(&reliability(&probabilities, labels, Bins::EqualMass(BINS))),
        fit_seconds: Some(fit_seconds),
        microseconds_per_row: Some(microseconds),
        failure: None,
    })
}

/// An entry without figures.
fn failed(name: &str, error: &ZooError) -> ZooEntry {
    ZooEntry {
        name: name.to_owned(),
        accuracy: None,
        precision: None,
        recall: None,
        f1: None,
        roc_auc: None,
        pr_auc: None,
        brier: None,
        calibration_error: None,
        fit_seconds: None,
        microseconds_per_row: None,
        failure: Some(error.to_string()),
    }
}

/// All entries with the settings that the comparison states.
fn entries() -> Result<Vec<Box<dyn Learner>>, ZooError> {
    let forest = |kind| ForestParams::new(kind).check().map(|config| Box::new(config) as Box<dyn Learner>);
    Ok(vec![
        forest(ForestKind::RandomForest)?,
        forest(ForestKind::ExtraTrees)?,
        forest(ForestKind::BaggedTrees)?,
        forest(ForestKind::DecisionTree)?,
        boosting()?,
        Box::new(AdaBoostParams::default().check()?),
        Box::new(Stacking::new(several()?)),
        Box::new(Voting { learners: several()?, vote: Vote::Soft }),
        Box::new(Voting { learners: several()?, vote: Vote::Hard }),
        Box::new(NeuralNetwork::default()),
        Box::new(Neighbours::default()),
        Box::new(Neighbours { neighbours: 10, ..Neighbours::default() }),
        Box::new(LogisticRegression::default()),
        Box::new(StochasticGradient::new(SgdLoss::Logistic)),
        Box::new(StochasticGradient::new(SgdLoss::Hinge)),
        Box::new(FollowTheLeader::default()),
        Box::new(Ridge::default()),
        Box::new(BernoulliBayes::default()),
        Box::new(GaussianBayes::default()),
        Box::new(Isolation::default()),
        Box::new(ExtendedIsolation::default()),
        Box::new(Reconstruction { negatives_only: true, ..Reconstruction::default() }),
    ])
}

fn boosting() -> Result<Box<dyn Learner>, ZooError> {
    let early_stopping = Some(EarlyStopping { patience: 30, validation_share: 0.1 });
    Ok(Box::new(BoostingParams { rounds: 400, early_stopping, ..BoostingParams::default() }.check()?))
}

/// Those that vote, and are stacked: each of another kind.
fn several() -> Result<Vec<Box<dyn Learner>>, ZooError> {
    let forest = ForestParams { trees: 100, ..ForestParams::new(ForestKind::RandomForest) };
    Ok(vec![
        Box::new(forest.check()?),
        boosting()?,
        Box::new(LogisticRegression::default()),
        Box::new(NeuralNetwork::default()),
    ])
}

/// Stores a comparison, in the place of the detector's earlier one.
///
/// # Errors
/// [`LoaderError::Database`].
pub fn store(client: &mut Client, detector: &str, data: &str, table: &[ZooEntry]) -> Result<(), LoaderError> {
    let mut transaction = client.transaction()?;
    transaction.execute(include_str!("../sql/delete_comparison.sql"), &[&detector])?;
    let insert = transaction.prepare(include_str!("../sql/insert_comparison.sql"))?;
    for entry in table {
        transaction.execute(
            &insert,
            &[
                &detector,
                &entry.name,
                &data,
                &entry.accuracy,
                &entry.precision,
                &entry.recall,
                &entry.f1,
                &entry.roc_auc,
                &entry.pr_auc,
                &entry.brier,
                &entry.calibration_error,
                &entry.fit_seconds,
                &entry.microseconds_per_row,
                &entry.failure,
            ],
        )?;
    }
    Ok(transaction.commit()?)
}

/// The comparison that was stored for a detector.
///
/// # Errors
/// [`LoaderError::Database`].
pub fn latest(client: &mut Client, detector: &str) -> Result<Option<Zoo>, LoaderError> {
    let rows = client.query(include_str!("../sql/comparison.sql"), &[&detector])?;
    let entries: Vec<ZooEntry> = rows
        .iter()
        .map(|row| ZooEntry {
            name: row.get(0),
            accuracy: row.get(2),
            precision: row.get(3),
            recall: row.get(4),
            f1: row.get(5),
            roc_auc: row.get(6),
            pr_auc: row.get(7),
            brier: row.get(8),
            calibration_error: row.get(9),
            fit_seconds: row.get(10),
            microseconds_per_row: row.get(11),
            failure: row.get(12),
        })
        .collect();
    let data = rows.first().map(|row| row.get(1));
    Ok((!entries.is_empty()).then_some(Zoo { data, entries, chosen: None }))
}
