//! Simulate, load, train, publish and score: what the program `botdet` does, as a library.
//!
//! ```text
//! simulate ─┐
//!           ├─► records ─► load ─► PostgreSQL ─► training::dataset ─► training::fit ─► artifact ─► publish
//! import   ─┘                          ▲                                                           │
//!                                      └───────────────────────────────────────────────────────────┘
//! ```

pub mod audit;
pub mod autoencoder;
pub mod commands;
pub mod database;
mod dense;
pub mod error;
pub mod gru;
pub mod import;
pub mod jobs;
pub mod learning;
pub mod load;
pub mod onnx;
pub mod output;
pub mod parallel;
pub mod records;
pub mod report;
pub mod signals;
pub mod simulate;
pub mod tables;
pub mod training;
pub mod trees;
pub mod validation;
pub mod zoo;
