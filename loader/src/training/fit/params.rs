//! Settings of a training.

use botdet_models::sequence::CHANNELS;

use crate::error::{LoaderError, check_option};
use crate::gru::{Augmentation, GruConfig, Schedule, TrainParams};

/// Settings of a training, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct FitParams {
    /// Seed of everything random.
    pub seed: u64,
    /// Threads to use.
    pub threads: usize,
    /// Strength of the filter's L2 penalty; `None` chooses it where rows are few, and is 10 where they are many.
    pub l2: Option<f64>,
    /// Trees that join the filter, if any.
    pub trees: TreeKind,
    /// Settings of boosted trees that are tried; 0 takes the default ones.
    pub search_trials: usize,
    /// Whether an autoencoder joins the isolation forest.
    pub autoencoder: bool,
    /// Share of the training rows that count as anomalous.
    pub contamination: f64,
    /// Probability from which a row counts as a bot, and goes to review.
    pub review: ThresholdRule,
    /// Probability from which a row may be acted upon without review.
    pub automatic: ThresholdRule,
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
    /// How the step size changes from epoch to epoch.
    pub schedule: ScheduleKind,
    /// Decoupled decay of the sequence model's weights.
    pub weight_decay: f64,
    /// Share by which labels are moved towards 1/2 in training.
    pub label_smoothing: f64,
    /// Share of the hidden state that training leaves out along a whole sequence.
    pub recurrent_dropout: f64,
    /// Share of the events that training leaves out.
    pub event_dropout: f64,
    /// Standard deviation of the logarithm of a factor that gaps are multiplied with in training.
    pub gap_jitter: f64,
}

/// How the step size of the sequence model's training changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ScheduleKind {
    /// Not at all.
    Constant,
    /// A rise over the first tenth of the steps, then half a cosine down to a hundredth.
    Cosine,
    /// Halved after three epochs without improvement.
    Plateau,
}

impl ScheduleKind {
    fn schedule(self) -> Schedule {
        match self {
            Self::Constant => Schedule::Constant,
            Self::Cosine => Schedule::WarmupCosine { warmup: 0.1, floor: 0.01 },
            Self::Plateau => Schedule::ReduceOnPlateau { factor: 0.5, patience: 3, floor: 0.01 },
        }
    }
}

/// What kind of trees joins the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TreeKind {
    /// A random forest where rows are few, gradient boosting where they are many.
    Auto,
    /// Gradient boosting.
    Boosting,
    /// Random forest.
    Forest,
    /// Extremely randomised trees.
    ExtraTrees,
    /// No trees: the filter, and what there is beside it, answer alone.
    None,
}

/// How a threshold is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThresholdRule {
    /// As given.
    Fixed(f64),
    /// The lowest above which this share of the rows are bots.
    Precision(f64),
    /// The lowest that at most this share of the humans reach.
    FalsePositiveRate(f64),
    /// The one that this share of all rows reaches.
    Share(f64),
}

impl FitParams {
    /// What is documented as the default.
    pub const DEFAULT: Self = Self {
        seed: 1,
        threads: 1,
        l2: None,
        trees: TreeKind::Auto,
        search_trials: 0,
        autoencoder: true,
        contamination: 0.10,
        review: ThresholdRule::Fixed(0.5),
        automatic: ThresholdRule::Precision(0.99),
        hidden: 64,
        layers: 2,
        dropout: 0.3,
        epochs: 30,
        patience: 10,
        batch: 32,
        learning_rate: 1e-3,
        sequence_accounts: 500,
        schedule: ScheduleKind::Constant,
        weight_decay: 0.0,
        label_smoothing: 0.0,
        recurrent_dropout: 0.0,
        event_dropout: 0.0,
        gap_jitter: 0.0,
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
        check_option("--l2", self.l2.unwrap_or(1.0), 1e-9, 1e9)?;
        check_option("--contamination", self.contamination, 0.0, 0.5)?;
        self.review.check("review threshold")?;
        self.automatic.check("automatic threshold")?;
        if self.epochs > 0 {
            self.gru_config()?;
            self.gru_params().check()?;
        }
        Ok(FitConfig { params: self })
    }

    pub(super) fn gru_config(&self) -> Result<GruConfig, LoaderError> {
        Ok(GruConfig::new(CHANNELS, self.hidden, self.layers, self.dropout as f32)?)
    }

    pub(super) fn gru_params(&self) -> TrainParams {
        TrainParams {
            epochs: self.epochs,
            batch_size: self.batch,
            learning_rate: self.learning_rate as f32,
            patience: self.patience,
            threads: self.threads,
            seed: self.seed,
            schedule: self.schedule.schedule(),
            weight_decay: self.weight_decay as f32,
            label_smoothing: self.label_smoothing as f32,
            recurrent_dropout: self.recurrent_dropout as f32,
            augmentation: Augmentation {
                event_dropout: self.event_dropout as f32,
                gap_jitter: self.gap_jitter as f32,
                ..Augmentation::NONE
            },
            ..TrainParams::default()
        }
    }
}

impl ThresholdRule {
    fn check(self, name: &'static str) -> Result<(), LoaderError> {
        let (Self::Fixed(share)
        | Self::Precision(share)
        | Self::FalsePositiveRate(share)
        | Self::Share(share)) = self;
        check_option(name, share, 0.0, 1.0)
    }
}

impl FitConfig {
    /// The settings.
    #[must_use]
    pub fn params(&self) -> &FitParams {
        &self.params
    }
}
