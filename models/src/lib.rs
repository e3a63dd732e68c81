//! Events become states, features and scores: the part of botdet that knows no Postgres.
//!
//! ```text
//! activity row ─► AccountState::observe(event) ─► account_features(state, profile, network) ─► Pipeline::score ─► Score
//!                              └─► Sequence::of(state) ──────────────────────────────────────────┘
//! ```
//!
//! [`groups`] looks at the events of many accounts at once, for those that act together; [`network`] holds what it finds
//! about one of them.
//!
//! The insert trigger, the SQL functions, batch scoring and training all go this one way. Nothing here does I/O, reads a
//! clock or starts a thread of its own (a runtime for sequence models may).

pub mod artifact;
pub mod autoencoder;
pub mod backlink;
pub mod calibration;
pub mod digest;
pub mod engagement;
pub mod event;
pub mod features;
pub mod groups;
pub mod hash;
pub mod isolation_forest;
mod linear_algebra;
pub mod logistic;
pub mod metrics;
pub mod network;
pub mod onnx;
pub mod packed;
pub mod pipeline;
pub mod preprocess;
pub mod profile;
pub mod rows;
pub mod rules;
pub mod schema;
pub mod score;
pub mod sequence;
pub mod sgd;
pub mod state;
pub mod text;
pub mod trees;
