//! Errors by group.

use std::collections::BTreeMap;

use botdet_models::metrics::{Bins, Confusion, calibration_error, reliability};

use super::{AuditRow, Judgement, share};
use crate::report::data::{Fairness, Grouping, Slice};

/// Rows that a group needs to be looked at.
const LEAST_ROWS: usize = 20;
/// Groups of one grouping that are shown, the largest first.
const MOST_GROUPS: usize = 12;
/// Bins of a group's calibration error.
const BINS: usize = 5;

/// Rates by group, for every way of grouping that the rows have. `None` without any.
#[must_use]
pub fn fairness(rows: &[AuditRow], judged: &Judgement, threshold: f64) -> Option<Fairness> {
    let mut members: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        for (by, group) in &row.groups {
            members.entry(by).or_default().entry(group).or_default().push(index);
        }
    }
    let groupings: Vec<Grouping> = members
        .into_iter()
        .filter_map(|(by, groups)| {
            let mut groups: Vec<(&str, Vec<usize>)> =
                groups.into_iter().filter(|(_, rows)| rows.len() >= LEAST_ROWS).collect();
            groups.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
            groups.truncate(MOST_GROUPS);
            let slices = groups.iter().map(|(name, rows)| slice(name, rows, judged, threshold)).collect();
            (groups.len() > 1).then(|| Grouping { by: by.to_owned(), slices })
        })
        .collect();
    let all: Vec<usize> = (0..rows.len()).collect();
    let overall = slice("all", &all, judged, threshold);
    (!groupings.is_empty()).then_some(Fairness { threshold, overall, groupings })
}

fn slice(name: &str, rows: &[usize], judged: &Judgement, threshold: f64) -> Slice {
    let probabilities: Vec<f64> = rows.iter().map(|row| judged.probabilities[*row]).collect();
    let labels: Vec<bool> = rows.iter().map(|row| judged.labels[*row]).collect();
    let counts = Confusion::at(&probabilities, &labels, threshold);
    let negatives = counts.false_positives + counts.true_negatives;
    let positives = counts.true_positives + counts.false_negatives;
    Slice {
        name: name.to_owned(),
        rows: rows.len() as u64,
        positives,
        false_positive_rate: share(counts.false_positives, negatives, "no negative rows"),
        recall: share(counts.true_positives, positives, "no positive rows"),
        mean_score: Some(probabilities.iter().sum::<f64>() / rows.len().max(1) as f64),
        calibration_error: calibration_error(&reliability(&probabilities, &labels, Bins::EqualMass(BINS))),
    }
}
