//! How the stages are weighed, and from where on they are believed.

use botdet_models::calibration::CalibrationError;
use botdet_models::metrics::{Ranked, Target, Threshold};
use botdet_models::pipeline::{Combiner, Decision, SequenceCombiners, SequenceVoice, StageScores};

use super::params::{FitParams, ThresholdRule};
use super::stages::FeatureStages;

/// Share of the bots that the filter may let pass as confident humans, and of the humans it may call confident bots.
const CONFIDENT_ERROR: f64 = 0.001;
/// Weight from which on a label is sure enough to weigh the stages by: a quarter of those that are less so are wrong.
pub const LEAST_WEIGHT: f64 = 0.5;
/// Fewest rows of each class that a combiner of their own is fitted to.
const LEAST_TO_COMBINE: usize = 10;

/// Rows that no stage has learned from, with what the stages say of them.
#[derive(Clone, Debug, Default)]
pub struct Scored {
    /// What the stages say, one a row.
    pub scores: Vec<StageScores>,
    /// The truth, one a row.
    pub labels: Vec<bool>,
    /// Whether the account is young; always false for rows of tables.
    pub young: Vec<bool>,
}

impl Scored {
    /// The rows for which this holds.
    fn only(&self, belongs: impl Fn(usize) -> bool) -> Self {
        let chosen: Vec<usize> = (0..self.labels.len()).filter(|row| belongs(*row)).collect();
        Self {
            scores: chosen.iter().map(|row| self.scores[*row]).collect(),
            labels: chosen.iter().map(|row| self.labels[*row]).collect(),
            young: chosen.iter().map(|row| self.young[*row]).collect(),
        }
    }

    fn suffices(&self) -> bool {
        let positive = self.labels.iter().filter(|label| **label).count();
        positive.min(self.labels.len() - positive) >= LEAST_TO_COMBINE
    }

    fn combiner(
        &self,
        voice: SequenceVoice,
        stages: impl Fn(&StageScores) -> StageScores,
    ) -> Result<Combiner, CalibrationError> {
        let scores: Vec<StageScores> = self.scores.iter().map(stages).collect();
        Combiner::fit(&scores, &self.labels, voice)
    }
}

/// Weighs the stages on rows that none has learned from: `rows` by their features alone, `sequences` with what the sequence
/// model says as well.
///
/// # Errors
/// [`CalibrationError`] when a class is missing among the rows.
pub fn decide(
    stages: &FeatureStages,
    rows: &Scored,
    sequences: Option<&Scored>,
    params: &FitParams,
) -> Result<Decision, CalibrationError> {
    let by_filter = rows
        .combiner(SequenceVoice::Free, |row| StageScores { filter: row.filter, ..StageScores::default() })?;
    let by_trees = match stages.trees {
        Some(_) => Some(rows.combiner(SequenceVoice::Free, |row| StageScores { sequence: None, ..*row })?),
        None => None,
    };
    let by_sequence = match sequences {
        Some(sequences) => {
            Some(SequenceCombiners { young: of_some(sequences, true)?, grown: of_some(sequences, false)? })
        }
        None => None,
    };
    let filter_probabilities: Vec<f64> =
        rows.scores.iter().map(|row| by_filter.calibrate(row).probability).collect();
    // The sequence model has the last word where there is one.
    let last_word = by_sequence.as_ref().map(|by_sequence| &by_sequence.grown).zip(sequences);
    let (combiner, judged) = last_word.unwrap_or((by_trees.as_ref().unwrap_or(&by_filter), rows));
    let probabilities: Vec<f64> =
        judged.scores.iter().map(|row| combiner.calibrate(row).probability).collect();
    let review = threshold(params.review, &probabilities, &judged.labels);
    let automatic = threshold(params.automatic, &probabilities, &judged.labels).max(review);
    Ok(Decision {
        confident_human: quantile(&filter_probabilities, &rows.labels, true, CONFIDENT_ERROR)
            .next_down()
            .clamp(0.0, review),
        confident_bot: quantile(&filter_probabilities, &rows.labels, false, 1.0 - CONFIDENT_ERROR)
            .next_up()
            .clamp(review, 1.0),
        threshold: review,
        automatic_threshold: automatic,
        bot_share: judged.labels.iter().filter(|label| **label).count() as f64 / judged.labels.len() as f64,
        preprocessor: stages.preprocessor.clone(),
        filter: stages.filter.clone(),
        anomaly: stages.scale.clone(),
        by_filter,
        by_trees,
        by_sequence,
    })
}

/// The probability that a rule asks for. One that no threshold fulfils gives 1: nothing is called a bot then.
fn threshold(rule: ThresholdRule, probabilities: &[f64], labels: &[bool]) -> f64 {
    let target = match rule {
        ThresholdRule::Fixed(probability) => return probability,
        ThresholdRule::Precision(share) => Target::Precision(share),
        ThresholdRule::FalsePositiveRate(share) => Target::FalsePositiveRate(share),
        ThresholdRule::Share(share) => Target::Capacity { per_day: share, population_per_day: 1.0 },
    };
    Threshold::for_target(&Ranked::of(probabilities, labels), target).map_or(1.0, |threshold| threshold.value)
}

/// Fits to the young accounts or to the others; to all where too few of them are there. Of a young account little but its
/// sequence is known: it may speak for it.
fn of_some(sequences: &Scored, young: bool) -> Result<Combiner, CalibrationError> {
    let some = sequences.only(|row| sequences.young[row] == young);
    let voice = if young { SequenceVoice::Free } else { SequenceVoice::AccusesOnly };
    let rows = if some.suffices() { &some } else { sequences };
    rows.combiner(voice, |row| *row)
}

/// The score below which this share of a class lies.
fn quantile(scores: &[f64], labels: &[bool], class: bool, share: f64) -> f64 {
    let of_class = scores.iter().zip(labels).filter(|(_, label)| **label == class);
    let mut sorted: Vec<f64> = of_class.map(|(score, _)| *score).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * share).round() as usize).copied().unwrap_or(0.5)
}
