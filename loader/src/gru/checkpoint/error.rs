//! What can be wrong with a checkpoint.

use std::path::PathBuf;

/// Why a run cannot be saved, or cannot go on from what was saved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read or written.
    #[error("cannot {action} checkpoint {path}: {reason}", path = path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is something else.
    #[error("{path} is not a checkpoint of this version", path = path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not what was once written.
    #[error("checkpoint {path} is damaged: {reason}", path = path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What shows it.
        reason: &'static str,
    },
    /// The file was saved by a run with another setting.
    #[error("checkpoint {path} was made with {setting} {saved}, not {given}", path = path.display())]
    OtherSetting {
        /// Which file.
        path: PathBuf,
        /// The first setting that differs.
        setting: String,
        /// Its value in the file.
        saved: String,
        /// Its value in the run that was to go on.
        given: String,
    },
    /// The file was saved by a run on other data.
    #[error("checkpoint {path} was made with other {set} sequences", path = path.display())]
    OtherData {
        /// Which file.
        path: PathBuf,
        /// `training` or `validation`.
        set: &'static str,
    },
}
