//! What a pipeline takes of memory. Estimates: what stages lie in is known, what is made of JSON and what a runtime allocates is
//! guessed from measurements.

use super::{Pipeline, Stages};
use crate::artifact::Artifact;
use crate::sequence::SequenceError;

/// What runtimes take for a file that is open, in times of its length: weights are packed for the processor beside those that were read.
const TIMES_FILE: usize = 6;
/// And beside that, for values between layers.
const OPEN_BYTES: usize = 2 << 20;
/// What JSON becomes, in times of its length.
const TIMES_JSON: usize = 2;

/// Bytes that a pipeline takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    /// Of the process that has loaded it, roughly.
    pub own: usize,
    /// Of the image that processes share, where its trees lie in one.
    pub shared: usize,
}

impl Pipeline {
    /// What it takes now: opening the sequence model adds to it.
    #[must_use]
    pub fn memory_use(&self) -> MemoryUse {
        let stages = &self.stages;
        let trees = stages.trees.as_ref();
        let sequence = stages.sequence.as_ref().map_or(0, |stage| match stage.size() {
            (length, false) => length,
            (length, true) => length * (1 + TIMES_FILE) + OPEN_BYTES,
        });
        MemoryUse {
            own: self.small_bytes + trees.map_or(0, |trees| trees.owned_bytes()) + sequence,
            shared: self.image_bytes,
        }
    }

    /// Opens the sequence model now, if there is one, rather than when the first row needs it.
    ///
    /// # Errors
    /// [`SequenceError`] when it cannot be opened.
    pub fn open_sequence_model(&mut self) -> Result<(), SequenceError> {
        match &mut self.stages.sequence {
            Some(stage) => stage.model().map(drop),
            None => Ok(()),
        }
    }
}

/// What becomes of the parts that are not counted where they lie.
pub(super) fn small_bytes(artifact: &Artifact) -> usize {
    let part = |name| artifact.part(name).map_or(0, <[u8]>::len);
    // The anomaly models take in memory what they take in the artifact.
    TIMES_JSON * (artifact.manifest_bytes() + part(Pipeline::DECISION))
        + part(Stages::FOREST)
        + part(Stages::AUTOENCODER)
}
