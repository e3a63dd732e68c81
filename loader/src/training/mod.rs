//! From labelled accounts to a model version.
//!
//! 1. [`dataset`] reads features and states through SQL, as they are now and as they were when accounts were younger.
//! 2. [`split`] sets accounts aside for validation and for judging.
//! 3. [`fit`] trains the filter, the isolation forest and the sequence model, and fits the calibration.
//! 4. [`evaluation`] judges the result on the accounts held out.

pub mod comparison;
pub mod dataset;
pub mod evaluation;
pub mod fit;
pub mod leave_one_out;
pub mod record;
pub mod reference;
pub mod split;
pub mod table;
