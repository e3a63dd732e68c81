//! From a row of values, and an account's sequence of events, to a score: filter, deep stages, calibration, anomaly, decision,
//! reasons.
//!
//! ```text
//! values ─► Columns ─┬─► Preprocessor ─► filter ──────────────┬─► Combiner ─► probability, interval
//!                    │        └─► isolation forest, autoencoder ┤
//!                    └─► trees ─────────────────────────────────┤
//! sequence ──────────────► GRU ──────────────────────────────┘
//! ```
//!
//! A [`Pipeline`] is what an artifact's parts become, for accounts and for tables alike. A stage that the artifact lacks is
//! skipped. The sequence model is opened when the first account needs it, so that a filter answers within milliseconds of a
//! connection's start.

mod columns;
mod combiner;
mod decision;
mod explanation;
mod image;
mod memory;
mod probes;
mod stages;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::artifact::{Artifact, ArtifactError, Manifest};
use crate::autoencoder::AutoencoderError;
use crate::calibration::{Calibrated, prior_shift};
use crate::isolation_forest::ForestError;
use crate::onnx::OnnxError;
use crate::rows::Rows;
use crate::score::{Anomaly, Reason, Score, Stage, Thresholds};
use crate::sequence::{Sequence, SequenceError, SequenceModel};
use crate::trees::{Ensemble, EnsembleError};

pub use columns::{ACCOUNT, Columns};
pub use combiner::{Combiner, ORDINARY_ANOMALY, SequenceVoice, StageScores, StageWeights};
pub use decision::{AnomalyScale, Decision, SequenceCombiners};
use explanation::Terms;
pub use memory::MemoryUse;
pub use probes::{MOST_PROBES, PROBE_TOLERANCE, Probe, ProbeReport};
use stages::Stages;
pub use stages::{AnomalyModels, TreeStage};

/// An account with fewer events is young: averages over a few events say little, and say it loudly. The filter alone never
/// settles the matter then, and the stages are weighed against each other by a combiner of their own.
pub const YOUNG_EVENTS: usize = 32;

/// Rows that trees judge at a time: enough to share what it costs to bring a large forest to the processor, few enough to be
/// done within some 50 ms.
const TREE_CHUNK: usize = 4096;

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
    /// The trees are not sound.
    #[error(transparent)]
    Trees(#[from] EnsembleError),
    /// Memory that should hold a pipeline's image does not.
    #[error("image of a model is not usable: {0}")]
    Image(&'static str),
    /// The forest part is not sound.
    #[error(transparent)]
    Forest(#[from] ForestError),
    /// The autoencoder is not sound.
    #[error(transparent)]
    Autoencoder(#[from] AutoencoderError),
    /// The sequence model is no file that may be run.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// The sequence stage cannot be opened or run.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
}

/// Whether an account with this sequence is young; see [`YOUNG_EVENTS`].
#[must_use]
pub fn is_young(sequence: &Sequence) -> bool {
    sequence.len() < YOUNG_EVENTS
}

/// How far scoring goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// The filter only: microseconds.
    Filter,
    /// Everything a row needs.
    Full,
}

/// One account, or one row of a table, to be scored.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// One value a column; a category's is the index of its level.
    pub values: &'a [Option<f64>],
    /// The account's latest events; `None` when only values are known.
    pub sequence: Option<&'a Sequence>,
}

/// A loaded model version.
pub struct Pipeline {
    manifest: Manifest,
    columns: Columns,
    decision: Decision,
    stages: Stages,
    thresholds: Thresholds,
    /// Added to all log-odds, for a share of bots other than that of the training.
    shift: f64,
    /// Memory of everything but the stages, roughly.
    small_bytes: usize,
    /// Length of the image that its trees lie in, if they do.
    image_bytes: usize,
}

/// What whoever serves a version sets in place of what it learned; `None` leaves that as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overrides {
    /// Probability from which a row counts as a bot.
    pub threshold: Option<f64>,
    /// Probability from which it may be acted upon without review.
    pub automatic_threshold: Option<f64>,
    /// Share of bots among the rows that are scored, 0 to 1 and neither.
    pub base_rate: Option<f64>,
}

/// What is known of a candidate before any deep stage.
struct Filtered {
    /// As trees see them: NaN where missing.
    inputs: Vec<f64>,
    /// As linear and anomaly models see them.
    standardised: Vec<f64>,
    scores: StageScores,
    by_filter: Calibrated,
    /// What each input adds to the trees' log-odds along the row's path, where they were asked.
    by_trees: Vec<f64>,
}

impl Pipeline {
    /// Name of the part with the [`Decision`], as JSON.
    pub const DECISION: &'static str = "decision";
    /// Name of the part with the tree ensemble.
    pub const TREES: &'static str = Stages::TREES;
    /// Name of the part with the isolation forest.
    pub const FOREST: &'static str = Stages::FOREST;
    /// Name of the part with the autoencoder.
    pub const AUTOENCODER: &'static str = Stages::AUTOENCODER;
    /// Name of the part with the sequence model, as ONNX.
    pub const SEQUENCE: &'static str = Stages::SEQUENCE;

    /// Builds the pipeline an artifact describes, every part checked. `open` is called when a sequence model is needed.
    ///
    /// # Errors
    /// [`PipelineError`] with the part that is wrong.
    pub fn new(artifact: &Artifact, open: OpenSequenceModel) -> Result<Self, PipelineError> {
        let stored = artifact.part(Self::TREES);
        let read = |width| stored.map(|bytes| Ensemble::from_bytes(bytes, width)).transpose();
        let decision = |bytes: &[u8]| {
            serde_json::from_slice(bytes).map_err(|error| Self::wrong_decision(error.to_string()))
        };
        Self::build(artifact, decision, open, |width| Ok(read(width)?.map(TreeStage::new)))
    }

    /// As [`Self::new`]: `decision` reads that part's bytes, and `trees`, which gets how many values their rows have, may take them from
    /// elsewhere.
    fn build(
        artifact: &Artifact,
        decision: impl FnOnce(&[u8]) -> Result<Decision, PipelineError>,
        open: OpenSequenceModel,
        trees: impl FnOnce(usize) -> Result<Option<TreeStage>, EnsembleError>,
    ) -> Result<Self, PipelineError> {
        let columns = Columns::of(artifact)?;
        let decision = decision(artifact.required(Self::DECISION)?)?;
        decision.check(&columns).map_err(Self::wrong_decision)?;
        let trees = trees(columns.input_count())?;
        let stages = Stages::of(artifact, trees, &columns, &decision, open)?;
        Ok(Self {
            small_bytes: memory::small_bytes(artifact),
            image_bytes: 0,
            manifest: artifact.manifest().clone(),
            thresholds: thresholds(&decision, &Overrides::default()),
            shift: 0.0,
            columns,
            decision,
            stages,
        })
    }

    fn wrong_decision(reason: String) -> PipelineError {
        PipelineError::Part { part: Self::DECISION, reason }
    }

    /// What the artifact says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The columns that it looks at.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The small models, and how all are weighed.
    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The trees, if there are any.
    #[must_use]
    pub fn trees(&self) -> Option<&Ensemble> {
        self.stages.trees.as_ref().map(|trees| &trees.ensemble)
    }

    /// Puts settings in the place of those the version learned, and of earlier ones. A base rate that is no share is ignored.
    pub fn set_overrides(&mut self, overrides: &Overrides) {
        self.thresholds = thresholds(&self.decision, overrides);
        let shift = overrides.base_rate.map(|share| prior_shift(self.decision.bot_share, share));
        self.shift = shift.and_then(Result::ok).unwrap_or(0.0);
    }

    /// Scores candidates, in their order. Deep stages run in chunks; `between_chunks` is called before each and may unwind: the
    /// pipeline stays usable.
    ///
    /// # Errors
    /// [`PipelineError::Sequence`] when the sequence model cannot be opened or run; nothing has a score then.
    pub fn score(
        &mut self,
        candidates: &[Candidate<'_>],
        depth: Depth,
        between_chunks: &mut dyn FnMut(),
    ) -> Result<Vec<Score>, PipelineError> {
        let mut filtered: Vec<Filtered> =
            candidates.iter().map(|candidate| self.filtered(candidate.values)).collect();
        let uncertain: Vec<usize> = (0..candidates.len())
            .filter(|index| self.is_uncertain(&filtered[*index], &candidates[*index]))
            .collect();
        if depth == Depth::Full {
            self.ask_trees(&mut filtered, &uncertain, between_chunks);
            self.ask_sequence(&mut filtered, &uncertain, candidates, between_chunks)?;
        }
        let mut scores: Vec<Score> = candidates
            .iter()
            .zip(&filtered)
            .map(|(candidate, filtered)| self.decide(candidate, filtered))
            .collect();
        if depth == Depth::Filter {
            uncertain.into_iter().for_each(|index| scores[index].is_provisional = true);
        }
        Ok(scores)
    }

    /// Logits of the sequence model alone, for at most [`crate::sequence::CHUNK`] rows; empty without such a model.
    ///
    /// # Errors
    /// [`SequenceError`] when it cannot be opened or run.
    pub fn sequence_logits(&mut self, rows: &[&Sequence]) -> Result<Vec<f32>, SequenceError> {
        match &mut self.stages.sequence {
            Some(stage) => stage.model()?.logits(rows),
            None => Ok(Vec::new()),
        }
    }

    /// What runs the sequence model; `None` without one, and before the first row needs it.
    #[must_use]
    pub fn sequence_runtime(&self) -> Option<&'static str> {
        self.stages.sequence.as_ref()?.runtime()
    }

    /// Anomaly of a row; `None` without an anomaly model.
    #[must_use]
    pub fn anomaly(&self, values: &[Option<f64>]) -> Option<Anomaly> {
        self.decision.anomaly.as_ref()?;
        self.anomaly_of(&self.filtered(values).scores)
    }

    /// The columns that stand out, most first, with a distance in standard deviations as the contribution: from the mean of the
    /// training rows, or from what the autoencoder expects of such a row, whichever is larger.
    #[must_use]
    pub fn outstanding(&self, values: &[Option<f64>]) -> Vec<Reason> {
        let inputs = self.decision.preprocessor.apply(&self.columns.inputs(values));
        let misfits = self.stages.anomaly.autoencoder.as_ref().map(|model| model.errors(&inputs));
        let mut by_column = vec![0.0f64; self.columns.count()];
        for (input, distance) in
            inputs.into_iter().enumerate().chain(misfits.into_iter().flatten().enumerate())
        {
            let farthest = &mut by_column[self.columns.owner(input)];
            if distance.abs() > farthest.abs() {
                *farthest = distance;
            }
        }
        let mut reasons: Vec<Reason> = by_column
            .into_iter()
            .enumerate()
            .filter(|(column, _)| values[*column].is_some())
            .map(|(column, distance)| {
                self.columns.reason(&self.decision.preprocessor, values, column, distance)
            })
            .collect();
        reasons.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        reasons
    }

    /// Everything that makes up a score, strongest first: every column, the other stages, and the baseline. The contributions
    /// add up to the log-odds of the probability. With each number comes the share of training rows at or below its value.
    ///
    /// # Errors
    /// As [`Pipeline::score`].
    pub fn explain(
        &mut self,
        candidate: &Candidate<'_>,
    ) -> Result<Vec<(Reason, Option<f64>)>, PipelineError> {
        let mut filtered = vec![self.filtered(candidate.values)];
        if self.is_uncertain(&filtered[0], candidate) {
            self.ask_trees(&mut filtered, &[0], &mut || {});
            self.ask_sequence(&mut filtered, &[0], std::slice::from_ref(candidate), &mut || {})?;
        }
        let (combiner, _) = self.combiner(&filtered[0].scores, candidate.sequence);
        let terms = self.terms(combiner, &filtered[0], true);
        let reasons = terms.all(&self.columns, &self.decision.preprocessor, candidate.values);
        let percentile = |reason: &Reason| {
            let column = self
                .columns
                .position(&reason.subject)
                .filter(|column| self.columns.levels(*column).is_none())?;
            self.decision.preprocessor.percentile(self.columns.first_input(column), reason.value?)
        };
        Ok(reasons.into_iter().map(|reason| (percentile(&reason), reason)).map(|(p, r)| (r, p)).collect())
    }

    fn filtered(&self, values: &[Option<f64>]) -> Filtered {
        let inputs = self.columns.inputs(values);
        let standardised = self.decision.preprocessor.apply(&inputs);
        let scores = StageScores {
            filter: self.decision.filter.logit(&standardised),
            anomaly: self
                .decision
                .anomaly
                .as_ref()
                .and_then(|scale| self.stages.anomaly.anomaly(scale, &standardised)),
            ..StageScores::default()
        };
        let by_filter = self.decision.by_filter.calibrate(&scores);
        Filtered { by_filter, inputs, standardised, scores, by_trees: Vec::new() }
    }

    /// Whether a deep stage is to be asked: there is one, and the filter is not sure or the account is young.
    fn is_uncertain(&self, filtered: &Filtered, candidate: &Candidate<'_>) -> bool {
        let sequence = candidate.sequence.filter(|_| self.stages.sequence.is_some());
        if self.stages.trees.is_none() && sequence.is_none() {
            return false;
        }
        let probability = filtered.by_filter.probability;
        candidate.sequence.is_some_and(is_young)
            || self.decision.confident_human < probability && probability < self.decision.confident_bot
    }

    fn ask_trees(&self, filtered: &mut [Filtered], indices: &[usize], between_chunks: &mut dyn FnMut()) {
        let Some(trees) = &self.stages.trees else {
            return;
        };
        for chunk in indices.chunks(TREE_CHUNK) {
            between_chunks();
            let values =
                chunk.iter().flat_map(|index| &filtered[*index].inputs).map(|input| *input as f32).collect();
            // Inputs are finite or missing; one that single precision cannot hold is as good as missing.
            let rows = Rows::with_infinite_missing(values, self.columns.input_count());
            for (index, (log_odds, terms)) in chunk.iter().zip(trees.judge(&rows)) {
                filtered[*index].scores.trees = Some(log_odds);
                filtered[*index].by_trees = terms;
            }
        }
    }

    fn ask_sequence(
        &mut self,
        filtered: &mut [Filtered],
        indices: &[usize],
        candidates: &[Candidate<'_>],
        between_chunks: &mut dyn FnMut(),
    ) -> Result<(), PipelineError> {
        let Some(stage) = &mut self.stages.sequence else {
            return Ok(());
        };
        let mut rows: Vec<(usize, &Sequence)> =
            indices.iter().filter_map(|index| Some((*index, candidates[*index].sequence?))).collect();
        if rows.is_empty() {
            return Ok(());
        }
        // Rows of like length run together: less padding, and none at all where the runtime cannot pad.
        rows.sort_by_key(|(_, sequence)| sequence.len());
        for chunk in rows.chunks(stage.model()?.chunk()) {
            between_chunks();
            let sequences: Vec<&Sequence> = chunk.iter().map(|(_, sequence)| *sequence).collect();
            for ((index, _), logit) in chunk.iter().zip(stage.model()?.logits(&sequences)?) {
                filtered[*index].scores.sequence = Some(f64::from(logit));
            }
        }
        Ok(())
    }

    /// Who decides, given what has been asked.
    fn combiner(&self, scores: &StageScores, sequence: Option<&Sequence>) -> (&Combiner, Stage) {
        let by_sequence =
            self.decision.by_sequence.as_ref().zip(sequence).filter(|_| scores.sequence.is_some());
        if let Some((combiners, sequence)) = by_sequence {
            return (if is_young(sequence) { &combiners.young } else { &combiners.grown }, Stage::Sequence);
        }
        match self.decision.by_trees.as_ref().filter(|_| scores.trees.is_some()) {
            Some(combiner) => (combiner, Stage::Trees),
            None => (&self.decision.by_filter, Stage::Filter),
        }
    }

    fn decide(&self, candidate: &Candidate<'_>, filtered: &Filtered) -> Score {
        let (combiner, stage) = self.combiner(&filtered.scores, candidate.sequence);
        let calibrated = combiner.calibrate(&filtered.scores).shifted(self.shift);
        let score = Score::new(calibrated.probability, &self.thresholds, stage);
        let terms = self.terms(combiner, filtered, false);
        Score {
            interval: Some(calibrated.interval),
            anomaly: self.anomaly_of(&filtered.scores),
            reasons: terms.main(&self.columns, &self.decision.preprocessor, candidate.values, score.is_bot),
            ..score
        }
    }

    fn anomaly_of(&self, scores: &StageScores) -> Option<Anomaly> {
        let threshold = self.decision.anomaly.as_ref()?.threshold;
        scores.anomaly.map(|score| Anomaly { score, is_anomaly: score > threshold })
    }

    /// What makes up a probability; where trees take part, exactly or along the row's path.
    fn terms(&self, combiner: &Combiner, filtered: &Filtered, is_exact: bool) -> Terms {
        let filter = &self.decision.filter;
        let by_filter = filter.coefficients.iter().zip(&filtered.standardised).map(|(c, x)| c * x);
        let trees = self.stages.trees.as_ref().filter(|_| combiner.weights.trees.is_some());
        let by_trees: Cow<'_, [f64]> = match trees.filter(|_| filtered.scores.trees.is_some()) {
            Some(trees) if is_exact => {
                let row = filtered.inputs.iter().map(|input| *input as f32).collect();
                let row = Rows::with_infinite_missing(row, self.columns.input_count());
                trees.exact_terms(row.row(0)).into()
            }
            Some(_) => (&filtered.by_trees).into(),
            None => (&[]).into(),
        };
        Terms::new(&self.columns, combiner, &filtered.scores, by_filter, &by_trees).shifted(self.shift)
    }
}

fn thresholds(decision: &Decision, overrides: &Overrides) -> Thresholds {
    Thresholds {
        review: overrides.threshold.unwrap_or(decision.threshold),
        automatic: Some(overrides.automatic_threshold.unwrap_or(decision.automatic_threshold)),
    }
}
