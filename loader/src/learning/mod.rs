//! Learning on: a candidate that learns from what people said since the champion was trained, and whether it is better.
//!
//! ```text
//! labels ─► reviewers ─► split ─► fit ─► candidate ─┐
//!           (who is left out)                       ├─► compare ─► verdict
//!                          champion ────────────────┘
//! ```
//!
//! # When a candidate is better
//! Both versions judge accounts that the candidate has not learned from: a part of what the champion was trained on, and a part of
//! the labels told since. On each the balanced Brier score is compared, with a 95 % interval of the difference by paired
//! bootstrap, see [`compare`]. A candidate is better when
//!
//! 1. on accounts from before, the upper end of the interval is at most the margin: what was learned is not unlearned;
//! 2. so it is on labels told since, where there are enough of them; and
//! 3. on one of the two, the whole interval lies below 0.
//!
//! A set of wrong labels makes a candidate that is better by these labels, and worse on accounts from before: 1 refuses it. Before
//! that, [`reviewers`] leaves out whoever says the opposite of everybody else. After it, a trial in shadow and a probation follow, which
//! the database decides (`botdet_judge_trials()`).
//!
//! A detector of a table learns from its rows, which do not say when and by whom they were labelled: 2 and [`reviewers`] know nothing of
//! them, and 1 is about the rows held out. Nor is there a trial, since the rows are always the champion's: whoever looks after the
//! detector makes a candidate answer.

mod candidate;
mod champion;
pub mod compare;
mod parameters;
pub mod reviewers;
mod table;
mod update;
mod watch;

pub use candidate::{Candidate, Report, retrain};
pub use champion::{Champion, champion};
pub use parameters::{Parameters, UpdateParameters};
pub use table::retrain_table;
pub use update::update;
pub use watch::Watch;
