//! The models of an artifact, beside the small ones of its decision.

use super::columns::Columns;
use super::decision::{AnomalyScale, Decision};
use super::{OpenSequenceModel, PipelineError};
use crate::artifact::Artifact;
use crate::autoencoder::Autoencoder;
use crate::isolation_forest::IsolationForest;
use crate::onnx;
use crate::preprocess::{percentile, percentiles};
use crate::rows::Rows;
use crate::sequence::{SequenceError, SequenceModel};
use crate::trees::{Combination, Ensemble, EnsembleError, NodeMeans, SharedBytes};

/// The models, each where the artifact has it.
pub(super) struct Stages {
    pub trees: Option<TreeStage>,
    pub sequence: Option<SequenceStage>,
    pub anomaly: AnomalyModels,
}

impl Stages {
    /// Name of the part with the tree ensemble.
    pub const TREES: &'static str = "trees";
    /// Name of the part with the isolation forest.
    pub const FOREST: &'static str = "isolation_forest";
    /// Name of the part with the autoencoder.
    pub const AUTOENCODER: &'static str = "autoencoder";
    /// Name of the part with the sequence model, as ONNX.
    pub const SEQUENCE: &'static str = "sequence.onnx";

    /// Reads the parts beside the trees, and checks that the decision knows how to weigh what is there and nothing else.
    pub fn of(
        artifact: &Artifact,
        trees: Option<TreeStage>,
        columns: &Columns,
        decision: &Decision,
        open: OpenSequenceModel,
    ) -> Result<Self, PipelineError> {
        let width = columns.input_count();
        let part = |name| artifact.part(name);
        // A runtime sees it only when a row asks for it; what no runtime should see is refused now.
        part(Self::SEQUENCE).map(onnx::check).transpose()?;
        let stages = Self {
            trees,
            sequence: part(Self::SEQUENCE).map(|onnx| SequenceStage {
                onnx: onnx.to_vec(),
                open,
                model: None,
            }),
            anomaly: AnomalyModels {
                forest: part(Self::FOREST)
                    .map(|bytes| IsolationForest::from_bytes(bytes, width))
                    .transpose()?,
                autoencoder: part(Self::AUTOENCODER)
                    .map(|bytes| Autoencoder::from_bytes(bytes, width))
                    .transpose()?,
            },
        };
        let has_anomaly = |scale: fn(&AnomalyScale) -> &Vec<f64>| {
            decision.anomaly.as_ref().is_some_and(|anomaly| !scale(anomaly).is_empty())
        };
        let belong = [
            ("trees", stages.trees.is_some() == decision.by_trees.is_some()),
            ("sequence model", stages.sequence.is_some() == decision.by_sequence.is_some()),
            ("isolation forest", stages.anomaly.forest.is_some() == has_anomaly(|scale| &scale.forest)),
            ("autoencoder", stages.anomaly.autoencoder.is_some() == has_anomaly(|scale| &scale.autoencoder)),
        ];
        match belong.iter().find(|(_, belongs)| !belongs) {
            None => Ok(stages),
            Some((stage, _)) => Err(PipelineError::Part {
                part: "decision",
                reason: format!("it and the {stage} do not belong together"),
            }),
        }
    }
}

/// The anomaly models, each where there is one. They see standardised inputs.
pub struct AnomalyModels {
    /// How easily a row is set apart from the others.
    pub forest: Option<IsolationForest>,
    /// How badly a row is told from a short summary of itself.
    pub autoencoder: Option<Autoencoder>,
}

impl AnomalyModels {
    /// What the models say of training rows (row-major), so that `contamination` of them count as anomalous. `None` without
    /// models or rows.
    #[must_use]
    pub fn scale(&self, inputs: &[f64], width: usize, contamination: f64) -> Option<AnomalyScale> {
        let rows = || inputs.chunks_exact(width.max(1));
        let forest = self.forest.as_ref().map(|forest| rows().map(|row| forest.score(row)).collect());
        let autoencoder = self.autoencoder.as_ref().map(|model| rows().map(|row| model.score(row)).collect());
        let mut scale = AnomalyScale {
            forest: percentiles(forest.unwrap_or_default()),
            autoencoder: percentiles(autoencoder.unwrap_or_default()),
            threshold: 1.0,
        };
        let mut anomalies: Vec<f64> = rows().filter_map(|row| self.anomaly(&scale, row)).collect();
        anomalies.sort_by(f64::total_cmp);
        let last = anomalies.len().checked_sub(1)?;
        scale.threshold = anomalies[(last as f64 * (1.0 - contamination)).round() as usize];
        Some(scale)
    }

    /// How unusual a row with these inputs is, 0..1; `None` without models.
    #[must_use]
    pub fn anomaly(&self, scale: &AnomalyScale, inputs: &[f64]) -> Option<f64> {
        let by_forest =
            self.forest.as_ref().and_then(|forest| percentile(&scale.forest, forest.score(inputs)));
        let by_autoencoder =
            self.autoencoder.as_ref().and_then(|model| percentile(&scale.autoencoder, model.score(inputs)));
        let known = [by_forest, by_autoencoder].into_iter().flatten();
        let (sum, count) = known.fold((0.0, 0.0), |(sum, count), rank| (sum + rank, count + 1.0));
        (count > 0.0).then(|| sum / count)
    }
}

/// The trees, with what it takes to explain them.
pub struct TreeStage {
    pub(super) ensemble: Ensemble,
    means: NodeMeans,
}

/// Probability of a forest that no log-odds go beyond: all its trees may agree.
const SUREST: f64 = 1e-4;

impl TreeStage {
    /// The stage that asks these trees.
    #[must_use]
    pub fn new(ensemble: Ensemble) -> Self {
        Self { means: ensemble.node_means(), ensemble }
    }

    /// The stage's image: see [`Ensemble::to_image`].
    pub(super) fn to_image(&self) -> Vec<u8> {
        self.ensemble.to_image(&self.means)
    }

    /// The stage whose image lies in `bytes` from `at` on.
    pub(super) fn from_image(bytes: &SharedBytes, at: usize, width: usize) -> Result<Self, EnsembleError> {
        Ensemble::from_image(bytes, at, width).map(|(ensemble, means)| Self { ensemble, means })
    }

    pub(super) fn owned_bytes(&self) -> usize {
        self.ensemble.owned_bytes() + self.means.owned_bytes()
    }

    /// Log-odds of each row.
    #[must_use]
    pub fn log_odds(&self, rows: &Rows) -> Vec<f64> {
        self.ensemble.margins(rows).into_iter().map(|margin| self.log_odds_of(margin)).collect()
    }

    /// Log-odds of each row, and what each input adds to them along the row's path.
    pub(super) fn judge(&self, rows: &Rows) -> Vec<(f64, Vec<f64>)> {
        let contributions = self.ensemble.path_contributions(rows, &self.means);
        let by_row = contributions.chunks_exact(rows.width());
        let margins = self.ensemble.margins(rows);
        margins
            .into_iter()
            .zip(by_row)
            .map(|(margin, terms)| (self.log_odds_of(margin), self.stretched(terms.to_vec(), margin)))
            .collect()
    }

    /// What each input adds to the log-odds, exactly.
    pub(super) fn exact_terms(&self, row: &[f32]) -> Vec<f64> {
        self.stretched(self.ensemble.contributions(row), self.ensemble.margin(row))
    }

    /// Terms of a margin as terms of log-odds.
    fn stretched(&self, mut terms: Vec<f64>, margin: f64) -> Vec<f64> {
        if self.ensemble.combination() == Combination::Mean {
            let moved: f64 = terms.iter().sum();
            let log_odds = self.log_odds_of(margin) - self.log_odds_of(margin - moved);
            let stretch = if moved.abs() > 1e-12 { log_odds / moved } else { 0.0 };
            terms.iter_mut().for_each(|term| *term *= stretch);
        }
        terms
    }

    fn log_odds_of(&self, margin: f64) -> f64 {
        match self.ensemble.combination() {
            Combination::Sum { .. } => margin,
            Combination::Mean => {
                let probability = margin.clamp(SUREST, 1.0 - SUREST);
                (probability / (1.0 - probability)).ln()
            }
        }
    }
}

/// The sequence model, opened when the first row needs it.
pub(super) struct SequenceStage {
    onnx: Vec<u8>,
    open: OpenSequenceModel,
    model: Option<Box<dyn SequenceModel>>,
}

impl SequenceStage {
    /// What runs the model; `None` before it was opened.
    pub fn runtime(&self) -> Option<&'static str> {
        self.model.as_ref().map(|model| model.runtime())
    }

    /// Length of the file, and whether it is open.
    pub fn size(&self) -> (usize, bool) {
        (self.onnx.len(), self.model.is_some())
    }

    pub fn model(&mut self) -> Result<&mut dyn SequenceModel, SequenceError> {
        let model = match self.model.take() {
            Some(model) => model,
            None => (self.open)(&self.onnx)?,
        };
        Ok(self.model.insert(model).as_mut())
    }
}
