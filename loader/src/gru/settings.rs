//! The settings of a training run, checked before they are used.

use super::augment::Augmentation;
use super::class_weights::ClassWeights;
use super::config::require;
use super::error::GruError;
use super::schedule::Schedule;

/// The settings of a training run as they were given; [`TrainParams::check`] turns them into a [`TrainConfig`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainParams {
    /// The most passes over the training sequences. 1 or more.
    pub epochs: usize,
    /// Sequences per step of the optimiser. 1 or more; a batch occupies at most `batch_size / 16` threads.
    pub batch_size: usize,
    /// Adam's step size at its largest. Above 0, at most 1.
    pub learning_rate: f32,
    /// How the step size changes during the run.
    pub schedule: Schedule,
    /// Epochs in a row without a lower validation loss after which training stops. 1 or more.
    pub patience: usize,
    /// The largest Euclidean norm of a gradient; longer ones are scaled down to it. Above 0.
    pub clip_norm: f32,
    /// Decoupled weight decay (Loshchilov and Hutter 2019): each step shrinks weight matrices, never biases, by this
    /// share of the learning rate. 0 to 1.
    pub weight_decay: f32,
    /// Labels y are trained on as y (1 − s) + s / 2 (Szegedy et al. 2016); validation keeps them. 0 or more, below 1.
    pub label_smoothing: f32,
    /// How much both classes count, in training and in validation.
    pub class_weights: ClassWeights,
    /// Share of the inputs dropped from all steps of a sequence alike. 0 or more, below 0.95.
    pub input_dropout: f32,
    /// Share of the hidden state's units hidden from the gates at all steps of a sequence alike (Gal and Ghahramani
    /// 2016). 0 or more, below 0.95.
    pub recurrent_dropout: f32,
    /// How training sequences are changed at random each time they are read.
    pub augmentation: Augmentation,
    /// Threads to compute with, 1 to 1024. Has no influence on the result.
    pub threads: usize,
    /// Seed of the initial weights, the order of the sequences, dropout and augmentation.
    pub seed: u64,
}

impl Default for TrainParams {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 64,
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            patience: 5,
            clip_norm: 5.0,
            weight_decay: 0.0,
            label_smoothing: 0.0,
            class_weights: ClassWeights::Given,
            input_dropout: 0.0,
            recurrent_dropout: 0.0,
            augmentation: Augmentation::NONE,
            threads: 1,
            seed: 0,
        }
    }
}

impl TrainParams {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`GruError::Setting`] naming the first setting that is out of its range.
    pub fn check(self) -> Result<TrainConfig, GruError> {
        let share = |setting: &'static str, value: f32| {
            require((0.0..0.95).contains(&value), setting, "at least 0 and below 0.95", value.into())
        };
        let rate = self.learning_rate;
        require(self.epochs >= 1, "epochs", "at least 1", self.epochs as f64)?;
        require(self.batch_size >= 1, "batch_size", "at least 1", self.batch_size as f64)?;
        require(rate > 0.0 && rate <= 1.0, "learning_rate", "above 0 and at most 1", rate.into())?;
        self.schedule.check()?;
        require(self.patience >= 1, "patience", "at least 1", self.patience as f64)?;
        require(self.clip_norm > 0.0, "clip_norm", "above 0", self.clip_norm.into())?;
        let decay = self.weight_decay;
        require((0.0..=1.0).contains(&decay), "weight_decay", "between 0 and 1", decay.into())?;
        let smoothing = self.label_smoothing;
        require(
            (0.0..1.0).contains(&smoothing),
            "label_smoothing",
            "at least 0 and below 1",
            smoothing.into(),
        )?;
        self.class_weights.check()?;
        share("input_dropout", self.input_dropout)?;
        share("recurrent_dropout", self.recurrent_dropout)?;
        self.augmentation.check()?;
        require((1..=1024).contains(&self.threads), "threads", "between 1 and 1024", self.threads as f64)?;
        Ok(TrainConfig(self))
    }
}

/// The checked settings of a training run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig(TrainParams);

impl TrainConfig {
    /// The settings, all of them within their ranges.
    #[must_use]
    pub fn params(&self) -> &TrainParams {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(params: TrainParams) -> String {
        params.check().expect_err("a setting is out of range").to_string()
    }

    #[test]
    fn a_setting_out_of_range_is_named() {
        assert!(TrainParams::default().check().is_ok());
        let default = TrainParams::default;
        assert_eq!(
            refusal(TrainParams { learning_rate: f32::NAN, ..default() }),
            "learning_rate must be above 0 and at most 1, not NaN"
        );
        assert_eq!(refusal(TrainParams { patience: 0, ..default() }), "patience must be at least 1, not 0");
        assert_eq!(
            refusal(TrainParams { recurrent_dropout: 1.0, ..default() }),
            "recurrent_dropout must be at least 0 and below 0.95, not 1"
        );
        let schedule = Schedule::ReduceOnPlateau { factor: 1.0, patience: 2, floor: 0.0 };
        assert_eq!(
            refusal(TrainParams { schedule, ..default() }),
            "factor must be above 0 and below 1, not 1"
        );
        let class_weights = ClassWeights::Of { human: 0.0, bot: f32::INFINITY };
        assert!(refusal(TrainParams { class_weights, ..default() }).starts_with("bot must be"));
    }
}
