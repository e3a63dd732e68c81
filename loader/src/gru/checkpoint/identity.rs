//! What tells one training run from another.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::DIGEST_LENGTH;
use super::codec::Reader;
use super::error::CheckpointError;
use crate::gru::batch::Sequence;
use crate::gru::config::GruConfig;
use crate::gru::settings::{TrainConfig, TrainParams};

/// Everything that a run's result depends on, but for the instruction set of the processor.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gru) struct Identity {
    /// Names and values.
    pub settings: Vec<(String, String)>,
    /// SHA-256 of the training sequences.
    pub training: [u8; DIGEST_LENGTH],
    /// SHA-256 of the validation sequences.
    pub validation: [u8; DIGEST_LENGTH],
}

impl Identity {
    pub fn new(
        config: &GruConfig,
        settings: &TrainConfig,
        training: &[Sequence<'_>],
        validation: &[Sequence<'_>],
    ) -> Self {
        Self {
            settings: describe(config, settings.params()),
            training: digest(training),
            validation: digest(validation),
        }
    }

    /// Accepts what was saved by the same run.
    pub fn check(&self, path: &Path, saved: &Self) -> Result<(), CheckpointError> {
        let path = || path.to_owned();
        for ((setting, given), (saved_setting, saved)) in self.settings.iter().zip(&saved.settings) {
            if setting != saved_setting {
                return Err(CheckpointError::Foreign { path: path() });
            }
            if given != saved {
                return Err(CheckpointError::OtherSetting {
                    path: path(),
                    setting: setting.clone(),
                    saved: saved.clone(),
                    given: given.clone(),
                });
            }
        }
        if self.settings.len() != saved.settings.len() {
            return Err(CheckpointError::Foreign { path: path() });
        }
        if self.training != saved.training {
            return Err(CheckpointError::OtherData { path: path(), set: "training" });
        }
        if self.validation != saved.validation {
            return Err(CheckpointError::OtherData { path: path(), set: "validation" });
        }
        Ok(())
    }
}

/// The identity in a file; `None` where the file ends early.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Identity> {
    let count = reader.integer()?;
    let mut settings = Vec::new();
    for _ in 0..count {
        settings.push((reader.text()?, reader.text()?));
    }
    Some(Identity { settings, training: reader.array()?, validation: reader.array()? })
}

/// Taken apart without `..`, so that no new setting is forgotten here.
fn describe(config: &GruConfig, params: &TrainParams) -> Vec<(String, String)> {
    let TrainParams {
        epochs,
        batch_size,
        learning_rate,
        schedule,
        patience,
        clip_norm,
        weight_decay,
        label_smoothing,
        class_weights,
        input_dropout,
        recurrent_dropout,
        augmentation,
        threads: _,
        seed,
    } = params;
    let settings = [
        ("inputs", config.inputs().to_string()),
        ("hidden", config.hidden().to_string()),
        ("layers", config.layers().to_string()),
        ("dropout", config.dropout().to_string()),
        ("epochs", epochs.to_string()),
        ("batch_size", batch_size.to_string()),
        ("learning_rate", learning_rate.to_string()),
        ("schedule", format!("{schedule:?}")),
        ("patience", patience.to_string()),
        ("clip_norm", clip_norm.to_string()),
        ("weight_decay", weight_decay.to_string()),
        ("label_smoothing", label_smoothing.to_string()),
        ("class_weights", format!("{class_weights:?}")),
        ("input_dropout", input_dropout.to_string()),
        ("recurrent_dropout", recurrent_dropout.to_string()),
        ("augmentation", format!("{augmentation:?}")),
        ("seed", seed.to_string()),
    ];
    settings.map(|(name, value)| (name.to_owned(), value)).into()
}

fn digest(sequences: &[Sequence<'_>]) -> [u8; DIGEST_LENGTH] {
    let mut digest = Sha256::new();
    let mut bytes = Vec::new();
    for Sequence { steps, label, weight } in sequences {
        bytes.clear();
        bytes.extend((steps.len() as u64).to_le_bytes());
        bytes.extend([*label, *weight].iter().chain(*steps).flat_map(|value| value.to_le_bytes()));
        digest.update(&bytes);
    }
    digest.finalize().into()
}
