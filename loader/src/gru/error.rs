//! What can be wrong with a network's configuration, its data or its training.

use super::checkpoint::CheckpointError;

/// Why a network could not be built, trained or applied.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GruError {
    /// A setting lies outside its range.
    #[error("{setting} must be {expected}, not {value}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// The range it has to lie in.
        expected: &'static str,
        /// What it was.
        value: f64,
    },
    /// A network was given the wrong number of parameters.
    #[error("the network has {expected} parameters, not {found}")]
    ParameterCount {
        /// What the configuration asks for.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A parameter is infinite or not a number.
    #[error("parameter {index} is {value}, which is not finite")]
    ParameterNotFinite {
        /// Position among the network's parameters.
        index: usize,
        /// What it was.
        value: f32,
    },
    /// There was nothing to train on, or nothing to validate with.
    #[error("there are no {set} sequences")]
    NoSequences {
        /// `training` or `validation`.
        set: &'static str,
    },
    /// A sequence has no step, so it has no mean over its steps.
    #[error("sequence {index} is empty")]
    EmptySequence {
        /// Position among the given sequences.
        index: usize,
    },
    /// A sequence does not consist of whole steps.
    #[error("sequence {index} has {values} values, which is not a multiple of {inputs} inputs")]
    PartialStep {
        /// Position among the given sequences.
        index: usize,
        /// How many values it has.
        values: usize,
        /// How many values make a step.
        inputs: usize,
    },
    /// A value of a sequence is infinite or not a number.
    #[error("sequence {index} holds {value} at step {step}, which is not finite")]
    ValueNotFinite {
        /// Position among the given sequences.
        index: usize,
        /// The step within the sequence, from 0.
        step: usize,
        /// What it was.
        value: f32,
    },
    /// A label is not a probability.
    #[error("sequence {index} has label {label}, which is not between 0 and 1")]
    Label {
        /// Position among the given sequences.
        index: usize,
        /// What it was.
        label: f32,
    },
    /// A weight is negative or not finite.
    #[error("sequence {index} has weight {weight}, which is not a finite number of at least 0")]
    Weight {
        /// Position among the given sequences.
        index: usize,
        /// What it was.
        weight: f32,
    },
    /// All weights are zero, so the mean loss is undefined.
    #[error("the weights of the {set} sequences sum to 0")]
    NoWeight {
        /// `training` or `validation`.
        set: &'static str,
    },
    /// The run cannot be saved, or cannot go on from what was saved.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The loss stopped being a number; a smaller learning rate usually helps.
    #[error(
        "training diverged in epoch {epoch}: training loss {training_loss}, validation loss {validation_loss}"
    )]
    Diverged {
        /// The epoch, from 1.
        epoch: usize,
        /// Mean weighted loss over the training sequences.
        training_loss: f64,
        /// Mean weighted loss over the validation sequences.
        validation_loss: f64,
    },
}
