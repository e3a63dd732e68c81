//! What makes up a score, in log-odds.

use super::columns::Columns;
use super::combiner::{Combiner, StageScores};
use crate::preprocess::Preprocessor;
use crate::score::Reason;

/// Reasons that a score carries, at most.
const REASONS: usize = 4;
/// Log-odds that are worth a word.
const NOTABLE: f64 = 0.05;
/// Sum of terms that is too small to tell a scale by, and the largest scale.
const SMALLEST_SUM: f64 = 1e-6;
const LARGEST_SCALE: f64 = 2.0;
/// What a score starts from before anything is known of the row.
const BASELINE: &str = "baseline";

/// Terms that add up to a score's log-odds.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// One a column.
    pub columns: Vec<f64>,
    /// Other stages, by name.
    pub stages: Vec<(&'static str, f64)>,
    /// All the rest.
    pub baseline: f64,
}

impl Terms {
    /// The terms of a row: `filter` and `trees` are what each input adds to the log-odds of these stages. What stages say of
    /// every row, like the intercepts, is the baseline's.
    ///
    /// Terms are told on the scale of the answer: where the calibration brings the extremes nearer, all terms shrink alike.
    pub fn new(
        columns: &Columns,
        combiner: &Combiner,
        scores: &StageScores,
        filter: impl Iterator<Item = f64>,
        trees: &[f64],
    ) -> Self {
        let weights = &combiner.weights;
        let mut by_column = vec![0.0; columns.count()];
        for (input, term) in filter.enumerate() {
            by_column[columns.owner(input)] += weights.filter * term;
        }
        for (input, term) in trees.iter().enumerate() {
            by_column[columns.owner(input)] += weights.trees.unwrap_or(0.0) * term;
        }
        let mut stages = Vec::new();
        if weights.sequence.is_some() && scores.sequence.is_some() {
            stages.push(("sequence of events", weights.sequence_term(scores)));
        }
        if weights.anomaly.is_some() && scores.anomaly.is_some() {
            stages.push(("anomaly", weights.anomaly_term(scores)));
        }
        let known: f64 = by_column.iter().sum::<f64>() + stages.iter().map(|(_, term)| term).sum::<f64>();
        let sum = weights.log_odds(scores);
        let (answer, start) = (combiner.calibrated_log_odds(sum), combiner.calibrated_log_odds(sum - known));
        // A step of the calibration between two sums that are nearly one would blow terms up out of all proportion.
        let scale = if known.abs() > SMALLEST_SUM { (answer - start) / known } else { 1.0 };
        let scale = scale.clamp(0.0, LARGEST_SCALE);
        by_column.iter_mut().for_each(|term| *term *= scale);
        stages.iter_mut().for_each(|(_, term)| *term *= scale);
        Self { columns: by_column, stages, baseline: answer - scale * known }
    }

    /// The terms where log-odds are moved for another share of bots: that is said of every row alike.
    pub fn shifted(self, shift: f64) -> Self {
        Self { baseline: self.baseline + shift, ..self }
    }

    /// All terms as reasons, strongest first.
    pub fn all(&self, columns: &Columns, preprocessor: &Preprocessor, values: &[Option<f64>]) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = (0..self.columns.len())
            .map(|column| self.column_reason(columns, preprocessor, values, column))
            .collect();
        reasons.extend(self.stages.iter().map(|(name, term)| stage_reason(name, *term)));
        reasons.push(stage_reason(BASELINE, self.baseline));
        reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        reasons
    }

    /// What a reviewer needs: the strongest reasons for the decision, then the strongest one against it if there is room.
    pub fn main(
        &self,
        columns: &Columns,
        preprocessor: &Preprocessor,
        values: &[Option<f64>],
        is_bot: bool,
    ) -> Vec<Reason> {
        let of_columns = self.columns.iter().copied().enumerate().map(|(column, term)| (Ok(column), term));
        let of_stages = self.stages.iter().map(|(name, term)| (Err(*name), *term));
        let mut notable: Vec<(Result<usize, &'static str>, f64)> =
            of_columns.chain(of_stages).filter(|(_, term)| term.abs() >= NOTABLE).collect();
        notable.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let (mut main, against): (Vec<_>, Vec<_>) =
            notable.into_iter().partition(|(_, term)| (*term > 0.0) == is_bot);
        main.truncate(REASONS - 1);
        main.extend(against.into_iter().take(1));
        let reason = |(subject, term)| match subject {
            Ok(column) => self.column_reason(columns, preprocessor, values, column),
            Err(stage) => stage_reason(stage, term),
        };
        main.into_iter().map(reason).collect()
    }

    fn column_reason(
        &self,
        columns: &Columns,
        preprocessor: &Preprocessor,
        values: &[Option<f64>],
        column: usize,
    ) -> Reason {
        columns.reason(preprocessor, values, column, self.columns[column])
    }
}

impl Columns {
    /// A column's value and what is typical, as a reason.
    pub(super) fn reason(
        &self,
        preprocessor: &Preprocessor,
        values: &[Option<f64>],
        column: usize,
        contribution: f64,
    ) -> Reason {
        let input = self.first_input(column);
        Reason {
            subject: self.name(column),
            value: values[column],
            label: values[column].and_then(|value| self.label(column, value)),
            typical: if self.levels(column).is_some() { None } else { preprocessor.typical(input) },
            unit: self.unit(column),
            contribution,
        }
    }
}

fn stage_reason(stage: &'static str, contribution: f64) -> Reason {
    Reason { subject: stage.into(), value: None, label: None, typical: None, unit: "", contribution }
}
