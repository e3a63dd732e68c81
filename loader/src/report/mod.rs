//! One HTML file that shows what a version learned, how good it is, and where it fails.
//!
//! ```text
//! figures of a training run ─► data::Report ─► one file, readable by people and, as JSON inside, by programs
//! ```

pub mod data;
