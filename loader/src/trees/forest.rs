//! Trees that are grown apart and whose mean counts.

use botdet_models::trees::{Combination, MAX_DEPTH, TreeNode};

use super::Fitted;
use super::bins::MAX_BINS;
use super::grower::{GrowSettings, Grower};
use super::histogram::Mass;
use super::queue::make_all;
use super::random::{Stream, WeightedDraw};
use super::settings::{fits, within};
use super::training_set::{Cuts, TrainingSet, quantise};
use crate::zoo::{Classifier, Learner, Sample, Session, ZooError};

/// What makes the trees of a forest differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForestKind {
    /// Each tree sees a bootstrap draw, each split some columns (Breiman, "Random forests", 2001).
    RandomForest,
    /// Each split tries one random cut per column, on all rows (Geurts, Ernst & Wehenkel, "Extremely randomized trees", 2006).
    ExtraTrees,
    /// Each tree sees a bootstrap draw (Breiman, "Bagging predictors", 1996).
    BaggedTrees,
    /// Nothing: one tree on all rows.
    DecisionTree,
}

/// How many columns a split tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FeaturesPerSplit {
    /// The square root of their number, rounded down.
    SquareRoot,
    /// All.
    All,
    /// A share of them, above 0 and up to 1, rounded up.
    Share(f64),
}

/// Settings of a forest, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct ForestParams {
    /// What makes its trees differ.
    pub kind: ForestKind,
    /// Trees to grow, 1 to 10,000.
    pub trees: usize,
    /// Splits between root and leaf, 1 to 64.
    pub depth: usize,
    /// Rows that a node needs to be split, at least 2.
    pub min_split: usize,
    /// Columns tried per split.
    pub features: FeaturesPerSplit,
    /// Whether both classes get the same total weight.
    pub balanced: bool,
}

impl ForestParams {
    /// The settings that suit a kind.
    #[must_use]
    pub fn new(kind: ForestKind) -> Self {
        let params = Self {
            kind,
            trees: 300,
            depth: 20,
            min_split: 5,
            features: FeaturesPerSplit::SquareRoot,
            balanced: true,
        };
        match kind {
            ForestKind::RandomForest | ForestKind::ExtraTrees => params,
            ForestKind::BaggedTrees => Self { trees: 50, features: FeaturesPerSplit::All, ..params },
            ForestKind::DecisionTree => {
                Self { trees: 1, depth: 8, features: FeaturesPerSplit::All, ..params }
            }
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ZooError::Setting`] for one out of bounds.
    pub fn check(self) -> Result<ForestConfig, ZooError> {
        let name = name(self.kind);
        let most = if self.kind == ForestKind::DecisionTree { 1.0 } else { 10_000.0 };
        within(name, "trees", self.trees as f64, 1.0, most)?;
        within(name, "depth", self.depth as f64, 1.0, MAX_DEPTH as f64)?;
        within(name, "min_split", self.min_split as f64, 2.0, f64::from(1 << 30))?;
        if let FeaturesPerSplit::Share(share) = self.features {
            within(name, "share of features", share, f64::MIN_POSITIVE, 1.0)?;
        }
        Ok(ForestConfig(self))
    }
}

fn name(kind: ForestKind) -> &'static str {
    match kind {
        ForestKind::RandomForest => "random_forest",
        ForestKind::ExtraTrees => "extra_trees",
        ForestKind::BaggedTrees => "bagged_trees",
        ForestKind::DecisionTree => "decision_tree",
    }
}

/// Checked settings of a forest.
#[derive(Clone, Copy, Debug)]
pub struct ForestConfig(ForestParams);

impl ForestConfig {
    /// Grows the forest. Leaves hold the positive share of their rows' weight.
    ///
    /// # Errors
    /// [`ZooError`] when the sample is too wide, or the session is cancelled, which takes no longer than a tree.
    pub fn fit_ensemble(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Fitted, ZooError> {
        let (params, learner) = (self.0, name(self.0.kind));
        fits(learner, sample)?;
        let set = TrainingSet::new(sample, params.balanced, Cuts::Alike, MAX_BINS, session.threads);
        let draws = Draws::new(&set, params.kind);
        let (width, seed) = (sample.rows().width(), session.seed);
        let settings = GrowSettings {
            depth: params.depth,
            min_split: params.min_split,
            features: params.features.of(width),
            random_cuts: params.kind == ForestKind::ExtraTrees,
        };
        let grow = |index: usize, grower: &mut Grower<'_>| {
            let mut stream = Stream::new(seed, index as u64);
            let (mut gains, rows) = (vec![0.0; width], draws.rows(&mut stream));
            (grower.grow(rows.into_iter(), draws.unit(), &mut stream, &mut gains), gains)
        };
        let grown = make_all(params.trees, session, || Grower::new(&set.binned, settings), grow);
        let (trees, gains): (Vec<Vec<TreeNode>>, Vec<Vec<f64>>) =
            grown.ok_or(ZooError::Cancelled(learner))?.into_iter().unzip();
        let gains = (0..width).map(|column| gains.iter().map(|of_tree| of_tree[column]).sum()).collect();
        Fitted::new(learner, width, Combination::Mean, &trees, gains)
    }
}

impl Learner for ForestConfig {
    fn name(&self) -> &'static str {
        name(self.0.kind)
    }

    fn fit(&self, sample: Sample<'_>, session: &mut Session<'_>) -> Result<Box<dyn Classifier>, ZooError> {
        Ok(Box::new(self.fit_ensemble(sample, session)?.ensemble))
    }
}

impl FeaturesPerSplit {
    fn of(self, width: usize) -> usize {
        match self {
            Self::SquareRoot => width.isqrt(),
            Self::All => width,
            Self::Share(share) => ((share * width as f64).ceil() as usize).clamp(1, width),
        }
    }
}

/// The rows that a tree sees, and what they weigh.
struct Draws<'a> {
    labels: &'a [bool],
    from: Origin,
}

enum Origin {
    /// As many draws as there are rows, with replacement. The weights decide what is drawn: multiplied after an even draw
    /// they would leave few rows of a rare class.
    Bootstrap(WeightedDraw),
    /// All rows, with whole numbers for their weights.
    All { weights: Vec<u32>, unit: f64 },
}

impl<'a> Draws<'a> {
    fn new(set: &'a TrainingSet, kind: ForestKind) -> Self {
        let from = match kind {
            ForestKind::RandomForest | ForestKind::BaggedTrees => {
                Origin::Bootstrap(WeightedDraw::new(&set.weights))
            }
            ForestKind::ExtraTrees | ForestKind::DecisionTree => {
                let (weights, unit) = quantise(&set.weights);
                Origin::All { weights, unit }
            }
        };
        Self { labels: &set.labels, from }
    }

    fn unit(&self) -> f64 {
        match self.from {
            Origin::Bootstrap(_) => 1.0,
            Origin::All { unit, .. } => unit,
        }
    }

    fn rows(&self, stream: &mut Stream) -> Vec<(u32, Mass)> {
        match &self.from {
            Origin::Bootstrap(draw) => {
                let mut counts = vec![0; self.labels.len()];
                (0..counts.len()).for_each(|_| counts[draw.draw(stream)] += 1);
                self.weighted(&counts)
            }
            Origin::All { weights, .. } => self.weighted(weights),
        }
    }

    fn weighted(&self, weights: &[u32]) -> Vec<(u32, Mass)> {
        let rows = (0_u32..).zip(weights).zip(self.labels).filter(|((_, weight), _)| **weight > 0);
        rows.map(|((row, weight), label)| (row, Mass::new(*weight, *label))).collect()
    }
}
