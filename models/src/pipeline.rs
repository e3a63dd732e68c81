//! From features and sequence to a score: filter, deep stage, calibration, anomaly, decision, reasons.
//!
//! A [`Pipeline`] is what an artifact's parts become. A stage that the artifact lacks is skipped. The sequence model is
//! opened when the first account needs it, so that a filter answers within milliseconds of a connection's start.

use serde::{Deserialize, Serialize};

use crate::artifact::{Artifact, ArtifactError, Manifest};
use crate::calibration::{Calibrated, PlattCalibrator};
use crate::features::{ACCOUNT_FEATURE_COUNT, ACCOUNT_FEATURES, FeatureVector};
use crate::isolation_forest::{ForestError, IsolationForest};
use crate::logistic::{Logistic, LogisticError};
use crate::preprocess::Preprocessor;
use crate::score::{Anomaly, Reason, Score, Stage};
use crate::sequence::{CHUNK, Sequence, SequenceError, SequenceModel};

/// Reasons that a score carries, at most.
const REASONS: usize = 4;
/// Anomaly score of an ordinary account.
const ORDINARY_ANOMALY: f64 = 0.5;
/// What a score starts from before anything is known of the account.
const BASELINE: &str = "baseline";

/// An account with fewer events is young: averages over a few events say little, and say it loudly. The filter alone never
/// settles the matter then, and the stages are weighed against each other by a calibrator of their own.
pub const YOUNG_EVENTS: usize = 32;

/// Opens a sequence model from the bytes of its ONNX file: the caller chooses the runtime.
pub type OpenSequenceModel = Box<dyn Fn(&[u8]) -> Result<Box<dyn SequenceModel>, SequenceError>>;

/// Why there is no pipeline, or no score.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The artifact is not sound.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A JSON part is not what it should be.
    #[error("artifact part {part} is not valid: {reason}")]
    Part {
        /// Which part.
        part: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The forest part is not sound.
    #[error(transparent)]
    Forest(#[from] ForestError),
    /// The sequence stage cannot be opened or run.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
}

/// The filter and what decides around it, as the artifact's part `decision` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// From features to inputs.
    pub preprocessor: Preprocessor,
    /// Stage 1 on those inputs.
    pub filter: Logistic,
    /// Calibrates `[filter logit]`.
    pub filter_calibrator: PlattCalibrator,
    /// Weighs all stages; absent without a sequence model.
    pub sequence_calibrators: Option<SequenceCalibrators>,
    /// Probability by the filter at or under which an account is taken for human without a further look.
    pub confident_human: f64,
    /// Probability by the filter at or above which an account is taken for a bot without a further look.
    pub confident_bot: f64,
    /// Probability from which an account counts as a bot.
    pub threshold: f64,
}

/// Calibrators of `[filter logit, sequence logit, anomaly score]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceCalibrators {
    /// For accounts with fewer than [`YOUNG_EVENTS`] events.
    pub young: PlattCalibrator,
    /// For all others.
    pub grown: PlattCalibrator,
}

impl SequenceCalibrators {
    fn of(&self, sequence: &Sequence) -> &PlattCalibrator {
        if is_young(sequence) { &self.young } else { &self.grown }
    }
}

/// Whether an account with this sequence is young; see [`YOUNG_EVENTS`].
#[must_use]
pub fn is_young(sequence: &Sequence) -> bool {
    sequence.len() < YOUNG_EVENTS
}

impl Decision {
    fn check(&self) -> Result<(), String> {
        let logistic = |error: LogisticError| error.to_string();
        if !self.preprocessor.is_sound() {
            return Err("preprocessor holds an impossible number".to_owned());
        }
        self.filter.check(ACCOUNT_FEATURE_COUNT).map_err(logistic)?;
        self.filter_calibrator.check(1).map_err(logistic)?;
        if let Some(calibrators) = &self.sequence_calibrators {
            calibrators.young.check(3).map_err(logistic)?;
            calibrators.grown.check(3).map_err(logistic)?;
        }
        for probability in [self.confident_human, self.confident_bot, self.threshold] {
            if !(0.0..=1.0).contains(&probability) {
                return Err(format!("threshold {probability} is not a probability"));
            }
        }
        Ok(())
    }
}

/// How far scoring goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The filter only: microseconds.
    Filter,
    /// Everything an account needs.
    Full,
}

/// One account to be scored.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its features.
    pub features: &'a FeatureVector,
    /// Its latest events; `None` when only features are known.
    pub sequence: Option<&'a Sequence>,
}

/// A loaded model version.
pub struct Pipeline {
    manifest: Manifest,
    decision: Decision,
    forest: Option<IsolationForest>,
    sequence: Option<SequenceStage>,
    threshold: f64,
}

struct SequenceStage {
    onnx: Vec<u8>,
    open: OpenSequenceModel,
    model: Option<Box<dyn SequenceModel>>,
}

impl SequenceStage {
    fn model(&mut self) -> Result<&mut dyn SequenceModel, SequenceError> {
        let model = match self.model.take() {
            Some(model) => model,
            None => (self.open)(&self.onnx)?,
        };
        Ok(self.model.insert(model).as_mut())
    }
}

/// What the stages before the deep one know of a candidate.
struct Filtered {
    inputs: Vec<f64>,
    logit: f64,
    by_filter: Calibrated,
    anomaly: Option<Anomaly>,
}

impl Pipeline {
    /// Name of the part with the [`Decision`], as JSON.
    pub const DECISION: &'static str = "decision";
    /// Name of the part with the isolation forest.
    pub const FOREST: &'static str = "isolation_forest";
    /// Name of the part with the sequence model, as ONNX.
    pub const SEQUENCE: &'static str = "sequence.onnx";

    /// Builds the pipeline an artifact describes, every part checked. `open` is called when a sequence model is needed.
    ///
    /// # Errors
    /// [`PipelineError`] with the part that is wrong.
    pub fn new(artifact: &Artifact, open: OpenSequenceModel) -> Result<Self, PipelineError> {
        let part = |reason: String| PipelineError::Part { part: Self::DECISION, reason };
        let decision: Decision = serde_json::from_slice(artifact.required(Self::DECISION)?)
            .map_err(|error| part(error.to_string()))?;
        decision.check().map_err(part)?;
        let forest = artifact
            .part(Self::FOREST)
            .map(|bytes| IsolationForest::from_bytes(bytes, ACCOUNT_FEATURE_COUNT))
            .transpose()?;
        let sequence = artifact.part(Self::SEQUENCE).map(|onnx| SequenceStage {
            onnx: onnx.to_vec(),
            open,
            model: None,
        });
        if sequence.is_some() != decision.sequence_calibrators.is_some() {
            return Err(part("it and the sequence model do not belong together".to_owned()));
        }
        Ok(Self {
            manifest: artifact.manifest().clone(),
            threshold: decision.threshold,
            decision,
            forest,
            sequence,
        })
    }

    /// What the artifact says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Replaces the probability from which an account counts as a bot; `None` goes back to the model's own.
    pub fn set_threshold(&mut self, threshold: Option<f64>) {
        self.threshold = threshold.unwrap_or(self.decision.threshold);
    }

    /// Scores accounts, in their order. The sequence model runs in chunks of [`CHUNK`]; `between_chunks` is called before
    /// each and may unwind: the pipeline stays usable.
    ///
    /// # Errors
    /// [`PipelineError::Sequence`] when the sequence model cannot be opened or run; no account has a score then.
    pub fn score(
        &mut self,
        candidates: &[Candidate<'_>],
        depth: Depth,
        between_chunks: &mut dyn FnMut(),
    ) -> Result<Vec<Score>, PipelineError> {
        let filtered: Vec<Filtered> =
            candidates.iter().map(|candidate| self.filtered(candidate.features)).collect();
        let mut logits: Vec<Option<f64>> = vec![None; candidates.len()];
        let mut uncertain: Vec<(usize, &Sequence)> = candidates
            .iter()
            .enumerate()
            .filter_map(|(index, candidate)| Some((index, candidate.sequence?)))
            .filter(|(index, sequence)| {
                self.sequence.is_some() && self.is_uncertain(&filtered[*index], sequence)
            })
            .collect();
        let mut provisional = vec![false; candidates.len()];
        if depth == Depth::Filter {
            uncertain.iter().for_each(|(index, _)| provisional[*index] = true);
        } else {
            // Rows of like length run together: less padding, and none at all where the runtime cannot pad.
            uncertain.sort_by_key(|(_, sequence)| sequence.len());
            for chunk in uncertain.chunks(CHUNK) {
                between_chunks();
                let rows: Vec<&Sequence> = chunk.iter().map(|(_, sequence)| *sequence).collect();
                for ((index, _), logit) in chunk.iter().zip(self.sequence_logits(&rows)?) {
                    logits[*index] = Some(f64::from(logit));
                }
            }
        }
        let scored = candidates.iter().zip(filtered).zip(logits.into_iter().zip(provisional));
        let scored = scored.map(|((candidate, filtered), (logit, is_provisional))| Score {
            is_provisional,
            ..self.decide(candidate, &filtered, logit)
        });
        Ok(scored.collect())
    }

    /// Raw logits of the sequence model alone, for at most [`CHUNK`] rows; empty without such a model.
    ///
    /// # Errors
    /// [`SequenceError`] when it cannot be opened or run.
    pub fn sequence_logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError> {
        match &mut self.sequence {
            Some(stage) => stage.model()?.logits(rows),
            None => Ok(Vec::new()),
        }
    }

    /// Anomaly of an account; `None` without an anomaly model.
    #[must_use]
    pub fn anomaly(&self, features: &FeatureVector) -> Option<Anomaly> {
        self.anomaly_of(&self.decision.preprocessor.inputs(features))
    }

    /// The features that stand out, farthest from the training accounts first, with their distance in standard deviations
    /// as the contribution.
    #[must_use]
    pub fn outstanding(&self, features: &FeatureVector) -> Vec<Reason> {
        let inputs = self.decision.preprocessor.inputs(features);
        let mut reasons = self.feature_reasons(features, &inputs, 1.0, |_| 1.0);
        reasons.retain(|reason| reason.value.is_some());
        strongest_first(&mut reasons);
        reasons
    }

    /// Everything that makes up a score, strongest first: every feature, the other stages, and the baseline. The contributions
    /// add up to the log-odds of the probability. With each feature comes the share of training accounts at or below its
    /// value.
    ///
    /// # Errors
    /// As [`Pipeline::score`].
    pub fn explain(
        &mut self,
        candidate: &Candidate<'_>,
    ) -> Result<Vec<(Reason, Option<f64>)>, PipelineError> {
        let filtered = self.filtered(candidate.features);
        let logit = match candidate.sequence {
            Some(sequence) if self.is_uncertain(&filtered, sequence) => {
                self.sequence_logits(&[sequence])?.first().copied()
            }
            _ => None,
        };
        let (_, _, mut reasons) = self.weigh(candidate, &filtered, logit.map(f64::from));
        strongest_first(&mut reasons);
        let percentile = |reason: &Reason| {
            let index = ACCOUNT_FEATURES.iter().position(|definition| definition.name == reason.subject)?;
            self.decision.preprocessor.percentile(index, reason.value?)
        };
        Ok(reasons.into_iter().map(|reason| (percentile(&reason), reason)).map(|(p, r)| (r, p)).collect())
    }

    fn filtered(&self, features: &FeatureVector) -> Filtered {
        let inputs = self.decision.preprocessor.inputs(features);
        let logit = self.decision.filter.logit(&inputs);
        Filtered {
            logit,
            by_filter: self.decision.filter_calibrator.calibrate(&[logit]),
            anomaly: self.anomaly_of(&inputs),
            inputs,
        }
    }

    fn anomaly_of(&self, inputs: &[f64]) -> Option<Anomaly> {
        let forest = self.forest.as_ref()?;
        let score = forest.score(inputs);
        Some(Anomaly { score, is_anomaly: score > forest.threshold() })
    }

    fn is_uncertain(&self, filtered: &Filtered, sequence: &Sequence) -> bool {
        let probability = filtered.by_filter.probability;
        is_young(sequence)
            || self.decision.confident_human < probability && probability < self.decision.confident_bot
    }

    fn decide(&self, candidate: &Candidate<'_>, filtered: &Filtered, sequence_logit: Option<f64>) -> Score {
        let (calibrated, stage, reasons) = self.weigh(candidate, filtered, sequence_logit);
        let score = Score::new(calibrated.probability, self.threshold, stage);
        Score {
            interval: Some(calibrated.interval),
            anomaly: filtered.anomaly,
            reasons: main_reasons(reasons, score.is_bot),
            ..score
        }
    }

    /// The probability, the stage that gives it, and all that makes it up.
    fn weigh(
        &self,
        candidate: &Candidate<'_>,
        filtered: &Filtered,
        sequence_logit: Option<f64>,
    ) -> (Calibrated, Stage, Vec<Reason>) {
        let (calibrator, stage, sequence_logit) = match (self.calibrator(candidate), sequence_logit) {
            (Some(calibrator), Some(logit)) => (calibrator, Stage::Sequence, Some(logit)),
            _ => (&self.decision.filter_calibrator, Stage::Filter, None),
        };
        let weights = calibrator.weights();
        let mut reasons = self.feature_reasons(candidate.features, &filtered.inputs, weights[0], |index| {
            self.decision.filter.coefficients[index]
        });
        let mut baseline = calibrator.intercept() + weights[0] * self.decision.filter.intercept;
        let mut raw = vec![filtered.logit];
        if let Some(logit) = sequence_logit {
            let anomaly = filtered.anomaly.map_or(ORDINARY_ANOMALY, |anomaly| anomaly.score);
            raw.extend([logit, anomaly]);
            reasons.push(stage_reason("sequence of events", weights[1] * logit));
            reasons.push(stage_reason("anomaly", weights[2] * (anomaly - ORDINARY_ANOMALY)));
            baseline += weights[2] * ORDINARY_ANOMALY;
        }
        reasons.push(stage_reason(BASELINE, baseline));
        (calibrator.calibrate(&raw), stage, reasons)
    }

    fn calibrator(&self, candidate: &Candidate<'_>) -> Option<&PlattCalibrator> {
        let calibrators = self.decision.sequence_calibrators.as_ref()?;
        Some(calibrators.of(candidate.sequence?))
    }

    fn feature_reasons(
        &self,
        features: &FeatureVector,
        inputs: &[f64],
        weight: f64,
        coefficient: impl Fn(usize) -> f64,
    ) -> Vec<Reason> {
        let definitions = ACCOUNT_FEATURES.iter().enumerate();
        definitions
            .map(|(index, definition)| Reason {
                subject: definition.name,
                value: features.values()[index],
                typical: self.decision.preprocessor.typical(index),
                unit: definition.unit,
                contribution: weight * coefficient(index) * inputs[index],
            })
            .collect()
    }
}

fn stage_reason(subject: &'static str, contribution: f64) -> Reason {
    Reason { subject, value: None, typical: None, unit: "", contribution }
}

/// What a reviewer needs: the strongest reasons for the decision, then the strongest one against it if there is room.
fn main_reasons(mut reasons: Vec<Reason>, is_bot: bool) -> Vec<Reason> {
    reasons.retain(|reason| reason.subject != BASELINE && reason.contribution.abs() >= 0.05);
    strongest_first(&mut reasons);
    let (mut main, against): (Vec<Reason>, Vec<Reason>) =
        reasons.into_iter().partition(|reason| (reason.contribution > 0.0) == is_bot);
    main.truncate(REASONS - 1);
    main.extend(against.into_iter().take(1));
    main
}

fn strongest_first(reasons: &mut [Reason]) {
    reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
}
