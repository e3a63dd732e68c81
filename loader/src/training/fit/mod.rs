//! Training one model version.

mod account;
mod crossed;
mod decide;
mod judge;
mod params;
mod stages;
mod tune;

pub(crate) use account::inputs;
pub use account::{Progress, fit};
pub use crossed::{FEW_ROWS, Pool, fit_crossed};
pub use decide::{Scored, decide};
pub use judge::{Figures, judge, judge_candidates, open, probe_step, scores, with_probes, with_reference};
pub use params::{FitConfig, FitParams, ScheduleKind, ThresholdRule, TreeKind};
pub use stages::{Division, FeatureSets, FeatureStages, Inputs, balanced_weights};
pub use tune::TrialRecord;

/// Fewest rows of each class that a model is trained on.
pub const LEAST_OF_EACH: usize = 20;
