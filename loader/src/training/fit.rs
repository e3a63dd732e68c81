//! Training one model version.

use std::ops::ControlFlow;

use botdet_models::artifact::{Artifact, Manifest};
use botdet_models::calibration::PlattCalibrator;
use botdet_models::features::FeatureVector;
use botdet_models::isolation_forest::{IsolationForest, IsolationForestParams};
use botdet_models::logistic::{Logistic, LogisticParams, Observations};
use botdet_models::pipeline::{Decision, Depth, Pipeline, SequenceCalibrators, is_young};
use botdet_models::preprocess::Preprocessor;
use botdet_models::score::Score;
use botdet_models::sequence::{CHANNELS, EmbeddedRuntime};

use super::dataset::{Example, Histories};
use super::evaluation::{Evaluation, Judged, Truth};
use crate::error::{LoaderError, check_option};
use crate::gru::{self, EpochReport, GruConfig, GruNetwork, TrainParams};
use crate::onnx;

/// Fewest accounts of each class that a model is trained on.
pub const LEAST_OF_EACH: usize = 20;
/// Share of the bots that the filter may let pass as confident humans, and of the humans it may call confident bots.
const CONFIDENT_ERROR: f64 = 0.001;
/// Fewest accounts of each class that a calibrator of their own is fitted to.
const LEAST_TO_CALIBRATE: usize = 10;

/// Settings of a training, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct FitParams {
    /// Seed of everything random.
    pub seed: u64,
    /// Strength of the filter's L2 penalty.
    pub l2: f64,
    /// Share of the training accounts that count as anomalous.
    pub contamination: f64,
    /// Probability from which an account counts as a bot.
    pub threshold: f64,
    /// Width of the sequence model.
    pub hidden: usize,
    /// Layers of the sequence model.
    pub layers: usize,
    /// Share of the connections between layers that training leaves out at a time.
    pub dropout: f64,
    /// Passes over the training accounts at the most; 0 trains no sequence model.
    pub epochs: usize,
    /// Passes without improvement after which training ends.
    pub patience: usize,
    /// Accounts to a step.
    pub batch: usize,
    /// Step size.
    pub learning_rate: f64,
    /// Fewest training accounts that a sequence model is trained on: with fewer it learns them by heart.
    pub sequence_accounts: usize,
}

impl FitParams {
    /// What is documented as the default.
    pub const DEFAULT: Self = Self {
        seed: 1,
        l2: 10.0,
        contamination: 0.10,
        threshold: 0.5,
        hidden: 64,
        layers: 2,
        dropout: 0.3,
        epochs: 30,
        patience: 10,
        batch: 32,
        learning_rate: 1e-3,
        sequence_accounts: 500,
    };
}

/// Checked settings.
#[derive(Clone, Copy, Debug)]
pub struct FitConfig {
    params: FitParams,
}

impl FitParams {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`LoaderError::Option`] or [`LoaderError::Gru`] with the one that is out of bounds.
    pub fn check(self) -> Result<FitConfig, LoaderError> {
        check_option("l2", self.l2, 1e-9, 1e9)?;
        check_option("contamination", self.contamination, 0.0, 0.5)?;
        check_option("threshold", self.threshold, 0.0, 1.0)?;
        if self.epochs > 0 {
            self.gru_config()?;
            self.gru_params().check()?;
        }
        Ok(FitConfig { params: self })
    }

    fn gru_config(&self) -> Result<GruConfig, LoaderError> {
        Ok(GruConfig::new(CHANNELS, self.hidden, self.layers, self.dropout as f32)?)
    }

    fn gru_params(&self) -> TrainParams {
        TrainParams {
            epochs: self.epochs,
            batch_size: self.batch,
            learning_rate: self.learning_rate as f32,
            patience: self.patience,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            seed: self.seed,
            ..TrainParams::default()
        }
    }
}

/// Trains on `training`, stops and calibrates on `validation`. The filter and the isolation forest are about grown accounts
/// and learn from these alone; the sequence model learns from younger ones as well. `progress` hears of every epoch, and may
/// end it early.
///
/// # Errors
/// [`LoaderError`] when a part cannot be fitted.
pub fn fit(
    training: &Histories,
    validation: &Histories,
    config: FitConfig,
    description: &str,
    progress: &mut dyn FnMut(&EpochReport) -> ControlFlow<()>,
) -> Result<Artifact, LoaderError> {
    let params = config.params;
    let grown = &training.grown;
    let weights = balanced_weights(grown.iter());
    let features: Vec<FeatureVector> = grown.iter().map(|example| example.features.clone()).collect();
    let preprocessor = Preprocessor::fit(&features);
    let inputs: Vec<f64> = features.iter().flat_map(|row| preprocessor.inputs(row)).collect();
    let targets: Vec<f64> = grown.iter().map(|example| f64::from(example.is_bot)).collect();
    let observations = Observations { inputs: &inputs, targets: &targets, weights: &weights };
    let filter = Logistic::fit(observations, LogisticParams { l2: params.l2, ..LogisticParams::default() })?;
    let forest_params = IsolationForestParams {
        contamination: params.contamination,
        seed: params.seed,
        ..IsolationForestParams::default()
    };
    let forest = IsolationForest::fit(&inputs, grown.len(), forest_params)?;
    let network = if params.epochs > 0 && grown.len() >= params.sequence_accounts {
        Some(fit_sequence(training, validation, params, progress)?)
    } else {
        None
    };

    let stages = Stages { preprocessor, filter, forest, network };
    let decision = stages.calibrate(validation, params)?;
    let mut manifest = Manifest::new("account", params.seed);
    manifest.description = description.to_owned();
    let mut parts = vec![
        (Pipeline::DECISION, serde_json::to_vec(&decision)?),
        (Pipeline::FOREST, stages.forest.to_bytes()),
    ];
    if let Some(network) = &stages.network {
        parts.push((Pipeline::SEQUENCE, onnx::gru_model(network, &[("schema", &manifest.schema)])));
    }
    Ok(Artifact::new(manifest, parts))
}

/// Weights that make both classes count the same, with mean 1.
fn balanced_weights<'a>(examples: impl Iterator<Item = &'a Example> + Clone) -> Vec<f64> {
    let all = examples.clone().count() as f64;
    let bots = examples.clone().filter(|example| example.is_bot).count().max(1) as f64;
    let humans = (all - bots).max(1.0);
    examples.map(|example| all / 2.0 / if example.is_bot { bots } else { humans }).collect()
}

fn fit_sequence(
    training: &Histories,
    validation: &Histories,
    params: FitParams,
    progress: &mut dyn FnMut(&EpochReport) -> ControlFlow<()>,
) -> Result<GruNetwork, LoaderError> {
    let training = labelled_sequences(training);
    let validation = labelled_sequences(validation);
    let settings = params.gru_params().check()?;
    let (network, _) = gru::train(params.gru_config()?, &settings, &training, &validation, progress)?;
    Ok(network)
}

fn labelled_sequences(histories: &Histories) -> Vec<gru::Sequence<'_>> {
    let weights = balanced_weights(histories.all());
    let pairs = histories.all().zip(weights);
    pairs
        .filter_map(|(example, weight)| {
            Some(gru::Sequence {
                steps: example.sequence.as_ref()?.steps(),
                label: f32::from(example.is_bot),
                weight: weight as f32,
            })
        })
        .collect()
}

/// The trained parts, before they are calibrated.
struct Stages {
    preprocessor: Preprocessor,
    filter: Logistic,
    forest: IsolationForest,
    network: Option<GruNetwork>,
}

impl Stages {
    fn calibrate(&self, validation: &Histories, params: FitParams) -> Result<Decision, LoaderError> {
        let logit = |example: &Example| self.filter.logit(&self.preprocessor.inputs(&example.features));
        let filter_logits: Vec<f64> = validation.grown.iter().map(logit).collect();
        let labels: Vec<bool> = validation.grown.iter().map(|example| example.is_bot).collect();
        let filter_calibrator = PlattCalibrator::fit(&filter_logits, &labels)?;
        let sequence_calibrators = match &self.network {
            Some(network) => Some(self.calibrate_sequence(network, validation)?),
            None => None,
        };
        let probability = |logit: &f64| filter_calibrator.calibrate(&[*logit]).probability;
        let by_class = |class: bool| {
            let of_class = filter_logits.iter().zip(&labels).filter(move |(_, label)| **label == class);
            let mut probabilities: Vec<f64> = of_class.map(|(logit, _)| probability(logit)).collect();
            probabilities.sort_by(f64::total_cmp);
            probabilities
        };
        let (humans, bots) = (by_class(false), by_class(true));
        let quantile =
            |sorted: &[f64], share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        Ok(Decision {
            confident_human: quantile(&bots, CONFIDENT_ERROR).next_down().clamp(0.0, params.threshold),
            confident_bot: quantile(&humans, 1.0 - CONFIDENT_ERROR).next_up().clamp(params.threshold, 1.0),
            threshold: params.threshold,
            preprocessor: self.preprocessor.clone(),
            filter: self.filter.clone(),
            filter_calibrator,
            sequence_calibrators,
        })
    }

    fn calibrate_sequence(
        &self,
        network: &GruNetwork,
        validation: &Histories,
    ) -> Result<SequenceCalibrators, LoaderError> {
        let active = || validation.all().filter_map(|example| Some((example, example.sequence.as_ref()?)));
        let steps: Vec<&[f32]> = active().map(|(_, sequence)| sequence.steps()).collect();
        let mut rows = Vec::with_capacity(steps.len());
        for ((example, sequence), logit) in active().zip(network.logits(&steps)?) {
            let inputs = self.preprocessor.inputs(&example.features);
            let scores = [self.filter.logit(&inputs), f64::from(logit), self.forest.score(&inputs)];
            rows.push(Raw { scores, is_bot: example.is_bot, is_young: is_young(sequence) });
        }
        Ok(SequenceCalibrators {
            young: fit_calibrator(&rows, |row| row.is_young)?,
            grown: fit_calibrator(&rows, |row| !row.is_young)?,
        })
    }
}

/// The stages' scores of one account, not yet weighed.
struct Raw {
    scores: [f64; 3],
    is_bot: bool,
    is_young: bool,
}

/// Fits to the rows that belong; to all where too few of them do.
fn fit_calibrator(rows: &[Raw], belongs: impl Fn(&Raw) -> bool) -> Result<PlattCalibrator, LoaderError> {
    let count = |is_bot: bool| rows.iter().filter(|row| belongs(row) && row.is_bot == is_bot).count();
    let suffices = count(true).min(count(false)) >= LEAST_TO_CALIBRATE;
    let chosen = || rows.iter().filter(|row| !suffices || belongs(row));
    let scores: Vec<f64> = chosen().flat_map(|row| row.scores).collect();
    let labels: Vec<bool> = chosen().map(|row| row.is_bot).collect();
    Ok(PlattCalibrator::fit(&scores, &labels)?)
}

/// Figures of a model on accounts it has not seen: of the filter alone, and of the whole pipeline.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Figures {
    /// The filter alone.
    pub filter: Evaluation,
    /// All stages.
    pub pipeline: Evaluation,
}

/// Scores examples by the very pipeline that will serve, and judges it.
///
/// # Errors
/// [`LoaderError::Pipeline`] when the artifact cannot be run.
pub fn judge(artifact: &Artifact, examples: &[Example]) -> Result<Figures, LoaderError> {
    Ok(Figures {
        filter: judge_at(artifact, examples, Depth::Filter)?,
        pipeline: judge_at(artifact, examples, Depth::Full)?,
    })
}

fn judge_at(artifact: &Artifact, examples: &[Example], depth: Depth) -> Result<Evaluation, LoaderError> {
    let judged: Vec<Judged> = scores(artifact, examples, depth)?
        .iter()
        .map(|score| Judged { probability: score.probability, is_bot: score.is_bot })
        .collect();
    let truth: Vec<Truth> = examples
        .iter()
        .map(|example| Truth { is_bot: example.is_bot, strategy: example.strategy.clone() })
        .collect();
    Ok(Evaluation::of(&judged, &truth))
}

/// Scores of examples by an artifact's pipeline, on the embedded runtime.
///
/// # Errors
/// [`LoaderError::Pipeline`] when the artifact cannot be run.
pub fn scores(artifact: &Artifact, examples: &[Example], depth: Depth) -> Result<Vec<Score>, LoaderError> {
    let open = Box::new(|onnx: &[u8]| Ok(Box::new(EmbeddedRuntime::load(onnx)?) as _));
    let mut pipeline = Pipeline::new(artifact, open)?;
    let candidates: Vec<_> = examples.iter().map(Example::candidate).collect();
    Ok(pipeline.score(&candidates, depth, &mut || {})?)
}
