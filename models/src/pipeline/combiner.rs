//! From what the stages say to one probability.

use serde::{Deserialize, Serialize};

use crate::calibration::{Calibrated, Calibration, CalibrationError, Method, PlattCalibrator};
use crate::logistic::{Logistic, LogisticError, LogisticParams, Observations};

/// Anomaly of an ordinary row.
pub const ORDINARY_ANOMALY: f64 = 0.5;
/// Penalty on what all stages agree upon, in units of one observation.
const L2: f64 = 0.05;
/// By how much harder it is to trust one stage more than another. Stages are weighed on rows like those that they learned
/// from, where the one that learned most by heart looks best; on new kinds of rows their mean holds better.
const PARTIALITY: f64 = 0.05;

/// What the stages say of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StageScores {
    /// Log-odds by the filter.
    pub filter: f64,
    /// Log-odds by the trees.
    pub trees: Option<f64>,
    /// Log-odds by the sequence model.
    pub sequence: Option<f64>,
    /// How unusual the row is, 0..1.
    pub anomaly: Option<f64>,
}

impl StageScores {
    fn with_sequence_floor(&self, floor: Option<f64>) -> Self {
        let sequence = self.sequence.map(|score| floor.map_or(score, |floor| score.max(floor)));
        Self { sequence, ..*self }
    }
}

/// How stages are weighed, and how their sum becomes a probability:
/// `log-odds = intercept + filter · f + trees · t + sequence · s + anomaly · (a - ½)`, then the calibration. Where the sequence has
/// a floor, `s` is what it exceeds that by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combiner {
    /// The sum's weights.
    pub weights: StageWeights,
    calibration: Calibration,
}

/// What each stage counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageWeights {
    /// Log-odds where all stages are undecided.
    pub intercept: f64,
    /// Weight of the filter.
    pub filter: f64,
    /// Weight of the trees; `None` where they are not asked.
    pub trees: Option<f64>,
    /// Weight of the sequence model; `None` where it is not asked.
    pub sequence: Option<f64>,
    /// Log-odds up to which the sequence model is silent; `None` where it always speaks.
    pub sequence_floor: Option<f64>,
    /// Weight of the anomaly, learned from labels: below 0 where bots are the ordinary ones. `None` without anomaly model.
    pub anomaly: Option<f64>,
}

/// What the sequence model may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceVoice {
    /// Whatever it finds.
    Free,
    /// That an account acts like bots it knows; below even odds it is silent. It has learned how certain bots act, and bots
    /// of another kind look human to it: left out of the training, kinds are found far better when it cannot speak for them.
    AccusesOnly,
}

impl Combiner {
    /// Learns from rows that no stage was trained on, all with the same stages.
    ///
    /// # Errors
    /// [`CalibrationError`] when shapes, classes or values allow no fit.
    pub fn fit(
        rows: &[StageScores],
        labels: &[bool],
        voice: SequenceVoice,
    ) -> Result<Self, CalibrationError> {
        let stages: [fn(&StageScores) -> Option<f64>; 3] =
            [|row| Some(row.filter), |row| row.trees, |row| row.sequence];
        let scaled: Vec<Option<Scaled>> =
            stages.iter().map(|stage| Scaled::fit(rows, *stage, labels)).collect::<Result<_, _>>()?;
        let even_odds = scaled[2].as_ref().filter(|stage| stage.slope > 0.0).map(Scaled::even_odds);
        let floor = even_odds.filter(|_| voice == SequenceVoice::AccusesOnly);
        let heard: Vec<StageScores> = rows.iter().map(|row| row.with_sequence_floor(floor)).collect();
        let weights = weigh(&heard, &scaled, labels)?;
        let of = |index: usize| scaled[index].as_ref().map(|stage| weights.stages[index] * stage.slope);
        let shift = scaled.iter().zip(&weights.stages);
        let shift: f64 = shift.filter_map(|(stage, weight)| Some(weight * stage.as_ref()?.intercept)).sum();
        let silence = of(2).zip(floor).map_or(0.0, |(weight, floor)| weight * floor);
        let weights = StageWeights {
            intercept: weights.intercept + shift + silence,
            filter: of(0).unwrap_or(0.0),
            trees: of(1),
            sequence: of(2),
            sequence_floor: floor,
            anomaly: weights.anomaly,
        };
        let log_odds: Vec<f64> = rows.iter().map(|row| weights.log_odds(row)).collect();
        Ok(Self { weights, calibration: Calibration::choose(&log_odds, labels)? })
    }

    /// Probability and interval.
    #[must_use]
    pub fn calibrate(&self, scores: &StageScores) -> Calibrated {
        self.calibration.calibrate(self.weights.log_odds(scores))
    }

    /// Calibrated log-odds of a row whose sum is this.
    #[must_use]
    pub fn calibrated_log_odds(&self, log_odds: f64) -> f64 {
        let probability = self.calibration.calibrate(log_odds).probability;
        (probability / (1.0 - probability)).ln()
    }

    /// How log-odds become probabilities.
    #[must_use]
    pub fn method(&self) -> Method {
        self.calibration.method()
    }

    /// Checks a combiner that was read from somewhere.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let StageWeights { intercept, filter, trees, sequence, sequence_floor, anomaly } = self.weights;
        let weights = [trees, sequence, sequence_floor, anomaly].into_iter().flatten();
        if !weights.chain([intercept, filter]).all(f64::is_finite) {
            return Err("a stage's weight is not finite".to_owned());
        }
        self.calibration.check().map_err(|error| error.to_string())
    }
}

impl StageWeights {
    /// Log-odds before calibration.
    #[must_use]
    pub fn log_odds(&self, scores: &StageScores) -> f64 {
        let term = |weight: Option<f64>, score: Option<f64>| weight.zip(score).map_or(0.0, |(w, s)| w * s);
        self.intercept
            + self.filter * scores.filter
            + term(self.trees, scores.trees)
            + self.sequence_term(scores)
            + self.anomaly_term(scores)
    }

    /// What the sequence adds to the log-odds.
    #[must_use]
    pub fn sequence_term(&self, scores: &StageScores) -> f64 {
        let heard = scores.with_sequence_floor(self.sequence_floor).sequence;
        let silence = self.sequence_floor.unwrap_or(0.0);
        self.sequence.zip(heard).map_or(0.0, |(weight, score)| weight * (score - silence))
    }

    /// What the anomaly adds to the log-odds.
    #[must_use]
    pub fn anomaly_term(&self, scores: &StageScores) -> f64 {
        self.anomaly
            .zip(scores.anomaly)
            .map_or(0.0, |(weight, anomaly)| weight * (anomaly - ORDINARY_ANOMALY))
    }
}

/// A stage's own scale: `intercept + slope · score` are log-odds that can be taken at their word.
struct Scaled {
    intercept: f64,
    slope: f64,
}

impl Scaled {
    /// `None` when the rows lack the stage. A stage that points the wrong way has slope 0: it has nothing to say.
    fn fit(
        rows: &[StageScores],
        stage: fn(&StageScores) -> Option<f64>,
        labels: &[bool],
    ) -> Result<Option<Self>, LogisticError> {
        let Some(scores) = rows.iter().map(stage).collect::<Option<Vec<f64>>>() else {
            return Ok(None);
        };
        let platt = PlattCalibrator::fit(&scores, labels)?;
        Ok(Some(match platt.weights()[0] {
            slope if slope > 0.0 => Self { intercept: platt.intercept(), slope },
            _ => Self { intercept: 0.0, slope: 0.0 },
        }))
    }

    /// The score that means even odds.
    fn even_odds(&self) -> f64 {
        -self.intercept / self.slope
    }

    fn log_odds(&self, score: f64) -> f64 {
        self.intercept + self.slope * score
    }
}

struct Weights {
    intercept: f64,
    stages: [f64; 3],
    anomaly: Option<f64>,
}

/// A logistic regression of the stages' mean log-odds, of how far each departs from it, and of the anomaly. A stage that would
/// count against itself is left out.
fn weigh(rows: &[StageScores], scaled: &[Option<Scaled>], labels: &[bool]) -> Result<Weights, LogisticError> {
    let mut used: Vec<usize> = (0..scaled.len()).filter(|stage| scaled[*stage].is_some()).collect();
    loop {
        let weights = weigh_some(rows, scaled, &used, labels)?;
        let worst = used.iter().copied().min_by(|a, b| weights.stages[*a].total_cmp(&weights.stages[*b]));
        match worst {
            Some(stage) if used.len() > 1 && weights.stages[stage] < 0.0 => {
                used.retain(|other| *other != stage)
            }
            _ => return Ok(weights),
        }
    }
}

fn weigh_some(
    rows: &[StageScores],
    scaled: &[Option<Scaled>],
    used: &[usize],
    labels: &[bool],
) -> Result<Weights, LogisticError> {
    let has_anomaly = rows.iter().all(|row| row.anomaly.is_some());
    let mut inputs = Vec::with_capacity(rows.len() * (used.len() + 2));
    for row in rows {
        let scores = [Some(row.filter), row.trees, row.sequence];
        let log_odds =
            used.iter().filter_map(|stage| Some(scaled[*stage].as_ref()?.log_odds(scores[*stage]?)));
        let log_odds: Vec<f64> = log_odds.collect();
        let mean = log_odds.iter().sum::<f64>() / log_odds.len().max(1) as f64;
        inputs.push(mean);
        inputs.extend(log_odds.iter().map(|score| PARTIALITY * (score - mean)));
        inputs.extend(row.anomaly.filter(|_| has_anomaly).map(|anomaly| anomaly - ORDINARY_ANOMALY));
    }
    let targets: Vec<f64> = labels.iter().map(|label| f64::from(*label)).collect();
    let observations = Observations { inputs: &inputs, targets: &targets, weights: &vec![1.0; labels.len()] };
    let fitted = Logistic::fit(observations, LogisticParams { l2: L2, ..LogisticParams::default() })?;
    let (mean, rest) = fitted.coefficients.split_first().map_or((0.0, &[][..]), |(mean, rest)| (*mean, rest));
    let departures = &rest[..used.len().min(rest.len())];
    let common = departures.iter().sum::<f64>() / used.len().max(1) as f64;
    let mut stages = [0.0; 3];
    for (stage, departure) in used.iter().zip(departures) {
        stages[*stage] = mean / used.len() as f64 + PARTIALITY * (departure - common);
    }
    Ok(Weights { intercept: fitted.intercept, stages, anomaly: rest.get(used.len()).copied() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows whose filter and trees err independently; `sequence` as given.
    fn rows(sequence: impl Fn(bool, usize) -> Option<f64>) -> (Vec<StageScores>, Vec<bool>) {
        let noise = |i: usize, k: usize| ((i * k) % 101) as f64 / 50.0 - 1.0;
        let labels: Vec<bool> = (0..400).map(|i| i % 3 == 0).collect();
        let rows = labels.iter().enumerate().map(|(i, label)| {
            let truth = if *label { 1.0 } else { -1.0 };
            StageScores {
                filter: truth + 2.0 * noise(i, 37),
                trees: Some(truth + 2.0 * noise(i, 53)),
                sequence: sequence(*label, i),
                anomaly: Some(if *label { 0.3 } else { 0.6 } + 0.2 * noise(i, 71)),
            }
        });
        (rows.collect(), labels)
    }

    #[test]
    fn stages_that_know_alike_count_alike_and_an_anomaly_may_point_to_humans() {
        let (rows, labels) = rows(|_, _| None);
        let combiner = Combiner::fit(&rows, &labels, SequenceVoice::Free).expect("both classes are there");
        let weights = combiner.weights;
        let trees = weights.trees.expect("there are trees");
        assert!((weights.filter / trees - 1.0).abs() < 0.2, "{combiner:?}");
        assert!(weights.anomaly.expect("there is an anomaly") < 0.0);
        assert_eq!(weights.sequence, None);
        assert!(combiner.check().is_ok());
        let sure = StageScores { filter: 4.0, trees: Some(4.0), sequence: None, anomaly: Some(0.3) };
        assert!(combiner.calibrate(&sure).probability > 0.9);
    }

    #[test]
    fn a_stage_that_errs_has_no_say() {
        let (rows, labels) = rows(|label, _| Some(if label { -3.0 } else { 3.0 }));
        let combiner = Combiner::fit(&rows, &labels, SequenceVoice::Free).expect("both classes are there");
        assert_eq!(combiner.weights.sequence, Some(0.0));
    }

    #[test]
    fn log_odds_are_the_sum_of_the_terms() {
        let (rows, labels) = rows(|label, i| Some(f64::from(label) + (i % 7) as f64));
        let combiner =
            Combiner::fit(&rows, &labels, SequenceVoice::Free).expect("both classes are there").weights;
        let row = rows[5];
        let weight = |weight: Option<f64>| weight.unwrap_or(f64::NAN);
        let sum = combiner.intercept
            + combiner.filter * row.filter
            + weight(combiner.trees) * row.trees.unwrap_or(f64::NAN)
            + weight(combiner.sequence) * row.sequence.unwrap_or(f64::NAN)
            + combiner.anomaly_term(&row);
        assert!((combiner.log_odds(&row) - sum).abs() < 1e-12);
    }

    #[test]
    fn a_sequence_that_only_accuses_never_speaks_for_an_account() {
        let (rows, labels) = rows(|label, i| Some(if label { 2.0 } else { -2.0 } + (i % 9) as f64 - 4.0));
        let combiner =
            Combiner::fit(&rows, &labels, SequenceVoice::AccusesOnly).expect("both classes are there");
        let free = Combiner::fit(&rows, &labels, SequenceVoice::Free).expect("both classes are there");
        let floor = combiner.weights.sequence_floor.expect("there is a sequence");
        assert!((0.0..3.0).contains(&floor), "even odds are at {floor}, since a third are bots");
        let with = |sequence: f64| StageScores { sequence: Some(sequence), ..rows[0] };
        let log_odds = |combiner: &Combiner, sequence| combiner.weights.log_odds(&with(sequence));
        assert_eq!(log_odds(&combiner, -50.0), log_odds(&combiner, floor));
        assert!(log_odds(&combiner, floor + 1.0) > log_odds(&combiner, floor));
        assert!(log_odds(&free, -50.0) < log_odds(&free, floor));
        assert_eq!(free.weights.sequence_floor, None);
    }
}
