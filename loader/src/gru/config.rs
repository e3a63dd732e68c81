//! The shape of a network, checked before it is used.

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

pub(super) fn require(
    holds: bool,
    setting: &'static str,
    expected: &'static str,
    value: f64,
) -> Result<(), GruError> {
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
    }
}
