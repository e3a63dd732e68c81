//! How models are trained: the options, and the settings they become.

use clap::Args;

use crate::error::{LoaderError, check_option};
use crate::training::fit::{FitParams, ScheduleKind, ThresholdRule, TreeKind};
use crate::training::record::{DataRecord, TrainingRecord};
use crate::training::split::SplitShares;

const DEFAULT: FitParams = FitParams::DEFAULT;
const THRESHOLD: f64 = 0.5;
const AUTOMATIC_PRECISION: f64 = 0.99;

/// How to train a version for accounts.
#[derive(Clone, Debug, Default, Args)]
pub struct TrainingOptions {
    /// Of what looks at features.
    #[command(flatten)]
    pub model: ModelOptions,
    /// Of the sequence model.
    #[command(flatten)]
    pub sequence: SequenceOptions,
}

/// How to train what looks at features.
#[derive(Clone, Debug, Args)]
pub struct ModelOptions {
    /// Seed of everything random
    #[arg(long, default_value_t = DEFAULT.seed)]
    pub seed: u64,
    /// Threads to use; as many as there are processors by default
    #[arg(long)]
    pub threads: Option<usize>,
    /// Strength of the filter's L2 penalty [default: 10; chosen by cross-validation where rows are few]
    #[arg(long)]
    pub l2: Option<f64>,
    /// Trees that join the filter
    #[arg(long, value_enum, default_value_t = DEFAULT.trees)]
    pub trees: TreeKind,
    /// Settings of boosted trees to try by cross-validation before the training, divided as --time or --group say; 0 takes the default ones
    #[arg(long, default_value_t = DEFAULT.search_trials, value_name = "TRIALS")]
    pub search: usize,
    /// Leave out the autoencoder: the isolation forest alone says what is unusual
    #[arg(long)]
    pub no_autoencoder: bool,
    /// Share of the training rows that count as anomalous
    #[arg(long, default_value_t = DEFAULT.contamination)]
    pub contamination: f64,
    /// Probability from which a row counts as a bot, and goes to review [default: 0.5]
    #[arg(long, group = "review")]
    pub threshold: Option<f64>,
    /// Choose the threshold so that this share of what goes to review are bots
    #[arg(long, group = "review", value_name = "SHARE")]
    pub review_precision: Option<f64>,
    /// Choose the threshold so that at most this share of the humans go to review
    #[arg(long, group = "review", value_name = "SHARE")]
    pub review_false_positives: Option<f64>,
    /// Choose the threshold so that this many rows go to review, out of --per
    #[arg(long, group = "review", value_name = "ROWS", requires = "per")]
    pub review_capacity: Option<f64>,
    /// Rows that come in while --review-capacity are reviewed
    #[arg(long, value_name = "ROWS", requires = "review_capacity")]
    pub per: Option<f64>,
    /// Choose the threshold for automatic action so that this share of what reaches it are bots
    #[arg(long, default_value_t = AUTOMATIC_PRECISION, value_name = "SHARE")]
    pub automatic_precision: f64,
    /// Share of the rows that stop the training and weigh the stages
    #[arg(long, default_value_t = 0.2)]
    pub validation_share: f64,
    /// Share of the rows that are held out to judge the model
    #[arg(long, default_value_t = 0.2)]
    pub held_out_share: f64,
}

/// How to train the sequence model.
#[derive(Clone, Debug, Args)]
pub struct SequenceOptions {
    /// Passes of the sequence model over the training accounts, at most; 0 trains none
    #[arg(long, default_value_t = DEFAULT.epochs)]
    pub epochs: usize,
    /// Passes without improvement after which training ends
    #[arg(long, default_value_t = DEFAULT.patience)]
    pub patience: usize,
    /// Width of the sequence model
    #[arg(long, default_value_t = DEFAULT.hidden)]
    pub hidden: usize,
    /// Layers of the sequence model
    #[arg(long, default_value_t = DEFAULT.layers)]
    pub layers: usize,
    /// Share of the connections between layers that training leaves out at a time
    #[arg(long, default_value_t = DEFAULT.dropout)]
    pub dropout: f64,
    /// Accounts to a training step
    #[arg(long, default_value_t = DEFAULT.batch)]
    pub batch: usize,
    /// Step size
    #[arg(long, default_value_t = DEFAULT.learning_rate)]
    pub learning_rate: f64,
    /// Fewest training accounts that a sequence model is trained on; with fewer the other stages answer
    #[arg(long, default_value_t = DEFAULT.sequence_accounts)]
    pub sequence_accounts: usize,
    /// How the step size changes from epoch to epoch
    #[arg(long, value_enum, default_value_t = DEFAULT.schedule)]
    pub schedule: ScheduleKind,
    /// Decoupled decay of the sequence model's weights
    #[arg(long, default_value_t = DEFAULT.weight_decay)]
    pub weight_decay: f64,
    /// Share by which labels are moved towards 1/2
    #[arg(long, default_value_t = DEFAULT.label_smoothing)]
    pub label_smoothing: f64,
    /// Share of the hidden state that training leaves out along a whole sequence
    #[arg(long, default_value_t = DEFAULT.recurrent_dropout)]
    pub recurrent_dropout: f64,
    /// Share of the events that training leaves out
    #[arg(long, default_value_t = DEFAULT.event_dropout)]
    pub event_dropout: f64,
    /// How much training stretches and shortens gaps: standard deviation of the factor's logarithm
    #[arg(long, default_value_t = DEFAULT.gap_jitter)]
    pub gap_jitter: f64,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self {
            seed: DEFAULT.seed,
            threads: None,
            l2: None,
            trees: DEFAULT.trees,
            search: DEFAULT.search_trials,
            no_autoencoder: false,
            contamination: DEFAULT.contamination,
            threshold: None,
            review_precision: None,
            review_false_positives: None,
            review_capacity: None,
            per: None,
            automatic_precision: AUTOMATIC_PRECISION,
            validation_share: 0.2,
            held_out_share: 0.2,
        }
    }
}

impl Default for SequenceOptions {
    fn default() -> Self {
        Self {
            epochs: DEFAULT.epochs,
            patience: DEFAULT.patience,
            hidden: DEFAULT.hidden,
            layers: DEFAULT.layers,
            dropout: DEFAULT.dropout,
            batch: DEFAULT.batch,
            learning_rate: DEFAULT.learning_rate,
            sequence_accounts: DEFAULT.sequence_accounts,
            schedule: DEFAULT.schedule,
            weight_decay: DEFAULT.weight_decay,
            label_smoothing: DEFAULT.label_smoothing,
            recurrent_dropout: DEFAULT.recurrent_dropout,
            event_dropout: DEFAULT.event_dropout,
            gap_jitter: DEFAULT.gap_jitter,
        }
    }
}

impl TrainingOptions {
    /// Settings of the fit.
    ///
    /// # Errors
    /// [`LoaderError::Option`].
    pub fn params(&self) -> Result<FitParams, LoaderError> {
        let sequence = &self.sequence;
        Ok(FitParams {
            epochs: sequence.epochs,
            patience: sequence.patience,
            hidden: sequence.hidden,
            layers: sequence.layers,
            dropout: sequence.dropout,
            batch: sequence.batch,
            learning_rate: sequence.learning_rate,
            sequence_accounts: sequence.sequence_accounts,
            schedule: sequence.schedule,
            weight_decay: sequence.weight_decay,
            label_smoothing: sequence.label_smoothing,
            recurrent_dropout: sequence.recurrent_dropout,
            event_dropout: sequence.event_dropout,
            gap_jitter: sequence.gap_jitter,
            ..self.model.params()?
        })
    }
}

impl ModelOptions {
    /// Settings of the fit, of what looks at features.
    ///
    /// # Errors
    /// [`LoaderError::Option`], or [`LoaderError::Meaningless`] for a search of what is not trained.
    pub fn params(&self) -> Result<FitParams, LoaderError> {
        if self.search > 0 && !matches!(self.trees, TreeKind::Auto | TreeKind::Boosting) {
            let subject = "trees other than boosted ones".to_owned();
            return Err(LoaderError::Meaningless { option: "--search", subject });
        }
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(FitParams {
            seed: self.seed,
            threads: self.threads.unwrap_or_else(available),
            l2: self.l2,
            trees: self.trees,
            search_trials: self.search,
            autoencoder: !self.no_autoencoder,
            contamination: self.contamination,
            review: self.review()?,
            automatic: ThresholdRule::Precision(self.automatic_precision),
            ..DEFAULT
        })
    }

    fn review(&self) -> Result<ThresholdRule, LoaderError> {
        let capacity = match self.review_capacity.zip(self.per) {
            Some((capacity, rows)) => {
                check_option("--per", rows, 1.0, 1e15)?;
                check_option("--review-capacity", capacity, 0.0, rows)?;
                Some(ThresholdRule::Share(capacity / rows))
            }
            None => None,
        };
        let precision = self.review_precision.map(ThresholdRule::Precision);
        let rate = self.review_false_positives.map(ThresholdRule::FalsePositiveRate);
        let fixed = ThresholdRule::Fixed(self.threshold.unwrap_or(THRESHOLD));
        Ok(precision.or(rate).or(capacity).unwrap_or(fixed))
    }

    /// What a version remembers of its training, before it begins.
    #[must_use]
    pub fn record(&self, data: DataRecord) -> TrainingRecord {
        let percent = |share: f64| format!("{:.4} %", 100.0 * share);
        let precision = self.review_precision.map(|share| format!("precision of {}", percent(share)));
        let rate =
            self.review_false_positives.map(|share| format!("at most {} false positives", percent(share)));
        let capacity = self.review_capacity.zip(self.per);
        let capacity = capacity.map(|(rows, all)| format!("{rows} rows to review of {all}"));
        TrainingRecord {
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            data,
            seed: self.seed,
            validation_share: self.validation_share,
            held_out_share: self.held_out_share,
            review_target: precision.or(rate).or(capacity),
            importances: None,
            trials: Vec::new(),
            epochs: Vec::new(),
            updated_from: None,
            reference: None,
        }
    }

    /// Shares of the accounts or rows by use.
    ///
    /// # Errors
    /// [`LoaderError::Option`] when they leave too little to train on.
    pub fn shares(&self) -> Result<SplitShares, LoaderError> {
        check_option("--validation-share", self.validation_share, 0.05, 0.5)?;
        check_option("--held-out-share", self.held_out_share, 0.0, 0.45)?;
        Ok(SplitShares {
            training: 1.0 - self.validation_share - self.held_out_share,
            validation: self.validation_share,
        })
    }
}
