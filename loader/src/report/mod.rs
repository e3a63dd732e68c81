//! One HTML file that shows what a version learned, how good it is, and where it fails.
//!
//! ```text
//! figures of a training run ─► data::Report ─► page ─► one file, readable by people and, as JSON inside, by programs
//! ```

pub mod data;
pub mod format;
mod html;
mod parts;
pub mod plot;
mod sections;
pub mod text;

#[cfg(test)]
mod tests;

pub use html::page;

/// Why no report was written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The data cannot be written as JSON.
    #[error("the report's data cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}
