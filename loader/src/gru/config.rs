//! The shape of a network and the settings of a training run, checked before either is used.

use super::error::GruError;

/// The shape of a bidirectional GRU classifier. A value of this type has been checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GruConfig {
    inputs: usize,
    hidden: usize,
    layers: usize,
    dropout: f32,
}

impl GruConfig {
    /// A network of `layers` bidirectional layers with `hidden` units in each direction, reading `inputs` values a step.
    ///
    /// `dropout` is the share of values dropped between two layers while training.
    ///
    /// # Errors
    /// [`GruError::Setting`] unless inputs and hidden are 1 to 4096, layers 1 to 8, and dropout is at least 0 and below
    /// 0.95.
    pub fn new(inputs: usize, hidden: usize, layers: usize, dropout: f32) -> Result<Self, GruError> {
        require((1..=4096).contains(&inputs), "inputs", "between 1 and 4096", inputs as f64)?;
        require((1..=4096).contains(&hidden), "hidden", "between 1 and 4096", hidden as f64)?;
        require((1..=8).contains(&layers), "layers", "between 1 and 8", layers as f64)?;
        require((0.0..0.95).contains(&dropout), "dropout", "at least 0 and below 0.95", dropout.into())?;
        Ok(Self { inputs, hidden, layers, dropout })
    }

    /// Values per step.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Units per direction.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Bidirectional layers.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.layers
    }

    /// Share of values dropped between two layers while training.
    #[must_use]
    pub fn dropout(&self) -> f32 {
        self.dropout
    }

    /// Values a layer gives per step: both directions side by side.
    pub(crate) fn layer_outputs(&self) -> usize {
        2 * self.hidden
    }

    /// Values a layer reads per step.
    pub(crate) fn layer_inputs(&self, layer: usize) -> usize {
        if layer == 0 { self.inputs } else { self.layer_outputs() }
    }
}

/// The settings of a training run as they were given; [`TrainParams::check`] turns them into a [`TrainConfig`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainParams {
    /// The most passes over the training sequences. 1 or more.
    pub epochs: usize,
    /// Sequences per step of the optimiser. 1 or more; a batch occupies at most `batch_size / 16` threads.
    pub batch_size: usize,
    /// Adam's step size. Above 0, at most 1.
    pub learning_rate: f32,
    /// Epochs in a row without a lower validation loss after which training stops. 1 or more.
    pub patience: usize,
    /// The largest Euclidean norm of a gradient; longer ones are scaled down to it. Above 0.
    pub clip_norm: f32,
    /// Threads to compute with, 1 to 1024. Has no influence on the result.
    pub threads: usize,
    /// Seed of the initial weights, the order of the sequences and the dropout.
    pub seed: u64,
}

impl Default for TrainParams {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 64,
            learning_rate: 1e-3,
            patience: 5,
            clip_norm: 5.0,
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
        let rate = self.learning_rate;
        require(self.epochs >= 1, "epochs", "at least 1", self.epochs as f64)?;
        require(self.batch_size >= 1, "batch_size", "at least 1", self.batch_size as f64)?;
        require(rate > 0.0 && rate <= 1.0, "learning_rate", "above 0 and at most 1", rate.into())?;
        require(self.patience >= 1, "patience", "at least 1", self.patience as f64)?;
        require(self.clip_norm > 0.0, "clip_norm", "above 0", self.clip_norm.into())?;
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

fn require(holds: bool, setting: &'static str, expected: &'static str, value: f64) -> Result<(), GruError> {
    if holds { Ok(()) } else { Err(GruError::Setting { setting, expected, value }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_out_of_range_is_named() {
        let error = GruConfig::new(16, 64, 0, 0.1).unwrap_err();
        assert_eq!(error.to_string(), "layers must be between 1 and 8, not 0");
        assert!(GruConfig::new(16, 64, 2, f32::NAN).is_err());

        let params = TrainParams { learning_rate: f32::NAN, ..TrainParams::default() };
        assert_eq!(
            params.check().unwrap_err().to_string(),
            "learning_rate must be above 0 and at most 1, not NaN"
        );
        assert!(TrainParams::default().check().is_ok());
    }
}
