//! How good a learner will be on rows that it has not seen, honestly.
//!
//! [`folds`] divides rows into those learned from and those judged; [`cross_validate`] learns and judges on each
//! division; [`Prepared`] learns imputation, scaling, class weights and synthetic bots from the rows learned from
//! alone; [`search`] looks for settings.

pub mod folds;

mod class_weight;
mod cross;
mod error;
mod prepared;
mod search;
mod smote;
mod space;
#[cfg(test)]
mod tests;

pub use class_weight::ClassWeight;
pub use cross::{CrossValidation, FoldFigures, cross_validate};
pub use error::ValidationError;
pub use folds::Fold;
pub use prepared::Prepared;
pub use search::{Budget, Build, Objective, Search, SearchConfig, SearchParams, Trial, search};
pub use smote::{Enlarged, SmoteConfig, SmoteParams};
pub use space::{Dimension, Scale, Space};
