//! What a version is worth on rows that it has not learned from, and what speaks against it. Measured here, shown by
//! [`crate::report`].
//!
//! ```text
//! Pipeline, Rows ─► scores ─┬─► figures, examples, fairness
//!                           ├─► importances, robustness: the same rows, changed, scored again
//!                           └─► columns, shortcuts: the rows themselves
//! ```

pub mod behaviour;
pub mod columns;
pub mod compose;
pub mod examples;
pub mod fairness;
pub mod figures;
pub mod importances;
pub mod robustness;
pub mod rows;
pub mod shortcuts;

use botdet_models::pipeline::{Candidate, Depth, Pipeline, PipelineError};
use botdet_models::sequence::Sequence;

use crate::report::data::{Estimate, Interval};

/// A row that a version is judged on.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Its key.
    pub key: String,
    /// The account's number, where it is one.
    pub account_id: Option<i64>,
    /// Its values, one a column.
    pub values: Vec<Option<f64>>,
    /// The account's latest events.
    pub sequence: Option<Sequence>,
    /// The truth.
    pub is_bot: bool,
    /// Kind of bot, where known.
    pub strategy: Option<String>,
    /// Groups it belongs to: by what, and which.
    pub groups: Vec<(String, String)>,
}

/// Probabilities of rows, beside the truth.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// By all stages.
    pub probabilities: Vec<f64>,
    /// By the filter alone.
    pub by_filter: Vec<f64>,
    /// The truth.
    pub labels: Vec<bool>,
}

impl Judgement {
    /// Scores rows.
    ///
    /// # Errors
    /// [`PipelineError`] when a stage cannot be run.
    pub fn of(pipeline: &mut Pipeline, rows: &[AuditRow]) -> Result<Self, PipelineError> {
        Ok(Self {
            probabilities: probabilities(pipeline, rows, Depth::Full)?,
            by_filter: probabilities(pipeline, rows, Depth::Filter)?,
            labels: rows.iter().map(|row| row.is_bot).collect(),
        })
    }
}

/// Probabilities of rows.
///
/// # Errors
/// [`PipelineError`] when a stage cannot be run.
pub fn probabilities(
    pipeline: &mut Pipeline,
    rows: &[AuditRow],
    depth: Depth,
) -> Result<Vec<f64>, PipelineError> {
    let candidates: Vec<Candidate<'_>> =
        rows.iter().map(|row| Candidate { values: &row.values, sequence: row.sequence.as_ref() }).collect();
    let scores = pipeline.score(&candidates, depth, &mut || {})?;
    Ok(scores.into_iter().map(|score| score.probability).collect())
}

/// A figure without interval; why there is none.
fn estimate(value: Option<f64>, absent_because: &str) -> Estimate {
    let absent_because = value.is_none().then(|| absent_because.to_owned());
    Estimate { value, interval: None, absent_because }
}

/// A share with its interval.
fn share(part: u64, whole: u64, absent_because: &str) -> Estimate {
    match share_interval(part, whole) {
        None => estimate(None, absent_because),
        interval => Estimate { value: Some(part as f64 / whole as f64), interval, absent_because: None },
    }
}

/// 95 % interval of a share (Wilson, 1927); `None` of nothing.
pub fn share_interval(part: u64, whole: u64) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let (n, p) = (whole as f64, part as f64 / whole as f64);
    let z = 1.959_963_984_540_054f64;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let low = if part == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if part == whole { 1.0 } else { (middle + half).min(1.0) };
    Some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_wilsons_interval() {
        let half = share(5, 10, "");
        let interval = half.interval.expect("there are rows");
        // statsmodels.stats.proportion.proportion_confint(5, 10, method="wilson")
        assert!((interval.low - 0.236_593_090_512_564_6).abs() < 1e-12);
        assert!((interval.high - 0.763_406_909_487_435_4).abs() < 1e-12);
        assert_eq!(share(0, 0, "no rows").absent_because.as_deref(), Some("no rows"));
        assert_eq!(share(0, 4, "").interval.map(|interval| interval.low), Some(0.0));
    }
}
