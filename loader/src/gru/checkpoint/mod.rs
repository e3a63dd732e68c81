//! Saving a training run, and going on from where it was saved.
//!
//! A checkpoint is one file. Numbers are little-endian, texts and lists have their length (64 bits) before them:
//!
//! | part | what |
//! | --- | --- |
//! | magic | `botdet gru 1\n` |
//! | settings | pairs of texts: every setting that has an influence on the result, and its value |
//! | data | SHA-256 of the training sequences, then of the validation sequences |
//! | schedule | share of the learning rate, lowest loss (64-bit floats), epochs waited (64 bits) |
//! | optimiser | steps (64 bits) |
//! | best | epoch (64 bits) |
//! | epochs | training loss, validation loss, seconds (64-bit floats) of each; its list |
//! | numbers | network, best network, first and second moments: four lists of 32-bit floats |
//! | digest | SHA-256 of all before |
//!
//! Nothing random is saved: what a run draws in an epoch follows from its seed and the epoch alone.

mod codec;
mod error;
mod file;
mod identity;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};

use self::codec::{Reader, Writer};
pub use self::error::CheckpointError;
pub(super) use self::identity::Identity;
use super::adam::Adam;
use super::config::require;
use super::error::GruError;
use super::schedule::Plateau;
use super::train::EpochReport;

const MAGIC: &[u8] = b"botdet gru 1\n";
const DIGEST_LENGTH: usize = 32;

/// How often a run is saved: at the end of an epoch, if that much has passed since it last was. It also is saved when it
/// ends, however it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interval {
    /// After so many epochs. 1 or more.
    Epochs(usize),
    /// After so many seconds. 0 or more.
    Seconds(f64),
}

/// What becomes of a file that is there already when a run begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The run goes on from it; without a file it begins anew.
    Resume,
    /// It is written over when the run is first saved.
    Replace,
}

/// Where and how often a training run is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckpointFile {
    path: PathBuf,
    interval: Interval,
    existing: Existing,
}

impl CheckpointFile {
    /// Saves to `path`. The new file is written beside it, under the same name with `.partial` after it, and renamed, so that
    /// a run that is killed leaves the old file or the new one. Two runs must not share a path.
    ///
    /// # Errors
    /// [`GruError::Setting`] for an interval out of its range.
    pub fn new(path: impl Into<PathBuf>, interval: Interval, existing: Existing) -> Result<Self, GruError> {
        match interval {
            Interval::Epochs(epochs) => {
                require(epochs >= 1, "epochs between checkpoints", "at least 1", epochs as f64)?;
            }
            Interval::Seconds(seconds) => {
                let holds = seconds.is_finite() && seconds >= 0.0;
                require(holds, "seconds between checkpoints", "a finite number of at least 0", seconds)?;
            }
        }
        Ok(Self { path: path.into(), interval, existing })
    }

    /// Where the run is saved.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// A run at the end of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub parameters: Vec<f32>,
    pub best_parameters: Vec<f32>,
    pub optimiser: Adam,
    pub plateau: Plateau,
    /// From 1; 0 before the first.
    pub best_epoch: usize,
    pub epochs: Vec<EpochReport>,
}

/// The file of a run under way.
pub(super) struct Checkpoints<'a> {
    file: &'a CheckpointFile,
    identity: Identity,
    saved_at: Instant,
    saved_epochs: usize,
}

impl<'a> Checkpoints<'a> {
    /// Makes sure that the run can be saved, and reads what was saved of it. `parameters` is the size of its network.
    pub fn open(
        file: &'a CheckpointFile,
        identity: Identity,
        parameters: usize,
    ) -> Result<(Self, Option<Snapshot>), CheckpointError> {
        let saved = match file.existing {
            Existing::Resume => file::read(&file.path, MAGIC)?,
            Existing::Replace => None,
        };
        let snapshot = saved.map(|bytes| decode(&file.path, &bytes, &identity, parameters)).transpose()?;
        file::check_writable(&file.path)?;
        let saved_epochs = snapshot.as_ref().map_or(0, |snapshot| snapshot.epochs.len());
        Ok((Self { file, identity, saved_at: Instant::now(), saved_epochs }, snapshot))
    }

    /// Whether a run with so many epochs is to be saved now.
    pub fn is_due(&self, epochs: usize) -> bool {
        match self.file.interval {
            Interval::Epochs(interval) => epochs - self.saved_epochs >= interval,
            Interval::Seconds(interval) => self.saved_at.elapsed().as_secs_f64() >= interval,
        }
    }

    pub fn save(&mut self, snapshot: &Snapshot) -> Result<(), CheckpointError> {
        file::replace(&self.file.path, &encode(snapshot, &self.identity))?;
        self.saved_at = Instant::now();
        self.saved_epochs = snapshot.epochs.len();
        Ok(())
    }
}

fn encode(snapshot: &Snapshot, identity: &Identity) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.bytes(MAGIC);
    writer.integer(identity.settings.len() as u64);
    for (name, value) in &identity.settings {
        writer.text(name);
        writer.text(value);
    }
    writer.bytes(&identity.training);
    writer.bytes(&identity.validation);
    writer.float(snapshot.plateau.share);
    writer.float(snapshot.plateau.lowest);
    writer.integer(snapshot.plateau.waited);
    writer.integer(snapshot.optimiser.steps);
    writer.integer(snapshot.best_epoch as u64);
    writer.integer(snapshot.epochs.len() as u64);
    for epoch in &snapshot.epochs {
        writer.float(epoch.training_loss);
        writer.float(epoch.validation_loss);
        writer.float(epoch.seconds);
    }
    writer.floats(&snapshot.parameters);
    writer.floats(&snapshot.best_parameters);
    writer.floats(&snapshot.optimiser.first_moment);
    writer.floats(&snapshot.optimiser.second_moment);
    let digest = Sha256::digest(&writer.written);
    writer.bytes(&digest);
    writer.written
}

/// Reads a run that has this identity and a network of so many parameters.
fn decode(
    path: &Path,
    bytes: &[u8],
    identity: &Identity,
    parameters: usize,
) -> Result<Snapshot, CheckpointError> {
    let damaged = |reason| CheckpointError::Damaged { path: path.to_owned(), reason };
    let content = bytes
        .split_last_chunk::<DIGEST_LENGTH>()
        .filter(|(content, digest)| Sha256::digest(content)[..] == digest[..])
        .map(|(content, _)| content)
        .ok_or_else(|| damaged("its digest does not match"))?;
    let mut reader = Reader::new(&content[MAGIC.len()..]);
    let short = || damaged("it ends early");
    let saved = identity::read(&mut reader).ok_or_else(short)?;
    identity.check(path, &saved)?;
    let snapshot = read_snapshot(&mut reader).ok_or_else(short)?;
    let Snapshot { parameters: network, best_parameters, optimiser, best_epoch, epochs, .. } = &snapshot;
    let lists = [network, best_parameters, &optimiser.first_moment, &optimiser.second_moment];
    if lists.iter().any(|list| list.len() != parameters) {
        return Err(damaged("its network has another size"));
    }
    if lists.iter().any(|list| list.iter().any(|value| !value.is_finite())) {
        return Err(damaged("it holds a value that is not finite"));
    }
    if !(1..=epochs.len()).contains(best_epoch) || !reader.is_at_end() {
        return Err(damaged("it has no best epoch or goes on after its end"));
    }
    Ok(snapshot)
}

fn read_snapshot(reader: &mut Reader<'_>) -> Option<Snapshot> {
    let plateau = Plateau { share: reader.float()?, lowest: reader.float()?, waited: reader.integer()? };
    let steps = reader.integer()?;
    let best_epoch = usize::try_from(reader.integer()?).ok()?;
    let mut epochs: Vec<EpochReport> = Vec::new();
    let mut lowest = f64::INFINITY;
    for epoch in 1..=usize::try_from(reader.integer()?).ok()? {
        let (training_loss, validation_loss, seconds) = (reader.float()?, reader.float()?, reader.float()?);
        let is_best = validation_loss < lowest;
        lowest = lowest.min(validation_loss);
        epochs.push(EpochReport { epoch, training_loss, validation_loss, seconds, is_best });
    }
    let (parameters, best_parameters) = (reader.floats()?, reader.floats()?);
    let optimiser = Adam { steps, first_moment: reader.floats()?, second_moment: reader.floats()? };
    Some(Snapshot { parameters, best_parameters, optimiser, plateau, best_epoch, epochs })
}
