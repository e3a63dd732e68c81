//! A small but real model, trained by the loader on the simulated accounts.

use std::sync::OnceLock;

use botdet_loader::commands::publish::publish;
use botdet_loader::commands::train::train;
use botdet_loader::commands::training_options::{ModelOptions, SequenceOptions, TrainingOptions};
use botdet_loader::output::Output;
use botdet_loader::training::fit::TreeKind;
use postgres::Client;

use crate::database::TestDatabase;
use crate::population::SOURCE;
use crate::sql::Sql;

/// The artifact with all stages.
#[must_use]
pub fn model() -> &'static [u8] {
    &models()[0]
}

/// The artifact that was trained on the same accounts without trees and sequence model.
#[must_use]
pub fn filter_model() -> &'static [u8] {
    &models()[1]
}

/// Registers an artifact and activates it; returns the version's name.
///
/// # Panics
/// When the server refuses.
pub fn activate(client: &mut Client, artifact: &[u8]) -> String {
    publish(client, artifact, None, true)
        .unwrap_or_else(|error| unreachable!("cannot publish the model: {error}"))
}

/// The artifacts of the populated template, in the order in which they were registered.
fn models() -> &'static [Vec<u8>] {
    static MODELS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let database = TestDatabase::populated("models");
        database.connect().column("SELECT artifact FROM botdet.model_version ORDER BY model_version_id", &[])
    })
}

/// Trains both models on what is loaded, and registers them; the one with all stages becomes active.
///
/// # Panics
/// When training fails.
pub(crate) fn train_and_publish(client: &mut Client) {
    let full = trained(client, Size { epochs: 20, hidden: 16, layers: 1, trees: TreeKind::Boosting });
    let filter = trained(client, Size { epochs: 0, hidden: 16, layers: 1, trees: TreeKind::None });
    for (artifact, comment, activate) in [(&full, "all stages", true), (&filter, "filter only", false)] {
        if let Err(error) = publish(client, artifact, Some(comment), activate) {
            unreachable!("cannot publish the model: {error}");
        }
    }
}

/// How large a model is, and how long it is trained.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Passes over the accounts; 0 trains no sequence model.
    pub epochs: usize,
    /// Width of the sequence model.
    pub hidden: usize,
    /// Its layers.
    pub layers: usize,
    /// Trees beside it.
    pub trees: TreeKind,
}

/// Trains a model on the loaded accounts; returns the artifact.
///
/// # Panics
/// When training fails.
pub fn trained(client: &mut Client, size: Size) -> Vec<u8> {
    let options = TrainingOptions {
        model: ModelOptions { seed: 7, l2: Some(1.0), trees: size.trees, ..ModelOptions::default() },
        sequence: SequenceOptions {
            epochs: size.epochs,
            patience: 8,
            hidden: size.hidden,
            layers: size.layers,
            dropout: 0.0,
            learning_rate: 1e-2,
            sequence_accounts: 0,
            ..SequenceOptions::default()
        },
    };
    match train(client, SOURCE, &options, None, Output::new(true)) {
        Ok(trained) => trained.artifact.to_bytes(),
        Err(error) => unreachable!("cannot train a model: {error}"),
    }
}
