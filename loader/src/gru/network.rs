//! The network: where each weight lies in one flat vector, and how it starts out.

use std::ops::Range;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::config::GruConfig;
use super::error::GruError;

/// The order in which one half of a layer reads a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// From the last step to the first.
    Backward,
}

impl Direction {
    /// Both directions, in the order in which their outputs stand side by side.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    /// The step that is read at a position, both counted from 0.
    pub(super) fn step(self, position: usize, steps: usize) -> usize {
        match self {
            Self::Forward => position,
            Self::Backward => steps - 1 - position,
        }
    }

    /// The step that was read before a step; `None` for the first that is read.
    pub(super) fn previous_step(self, step: usize, steps: usize) -> Option<usize> {
        match self {
            Self::Forward => step.checked_sub(1),
            Self::Backward => Some(step + 1).filter(|&next| next < steps),
        }
    }
}

/// Where the parameters of one direction of one layer lie.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DirectionLayout {
    pub inputs: usize,
    pub input_weights: Range<usize>,
    pub input_bias: Range<usize>,
    pub recurrent_weights: Range<usize>,
    pub recurrent_bias: Range<usize>,
}

/// Where all parameters lie: layer by layer, forward before backward, and the linear output last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub layers: Vec<[DirectionLayout; 2]>,
    pub head_weights: Range<usize>,
    pub head_bias: usize,
}

impl Layout {
    fn new(config: &GruConfig) -> Self {
        let gates = 3 * config.hidden();
        let mut end = 0;
        let mut take = |count: usize| {
            end += count;
            end - count..end
        };
        let layers = (0..config.layers())
            .map(|layer| {
                Direction::BOTH.map(|_| {
                    let inputs = config.layer_inputs(layer);
                    DirectionLayout {
                        inputs,
                        input_weights: take(inputs * gates),
                        input_bias: take(gates),
                        recurrent_weights: take(config.hidden() * gates),
                        recurrent_bias: take(gates),
                    }
                })
            })
            .collect();
        let head_weights = take(config.layer_outputs());
        let head_bias = take(1).start;
        Self { layers, head_weights, head_bias }
    }

    fn parameter_count(&self) -> usize {
        self.head_bias + 1
    }

    /// The matrices: what weight decay shrinks.
    pub fn matrices(&self) -> Vec<Range<usize>> {
        let directions = self.layers.iter().flatten();
        let matrices = directions.flat_map(|one| [one.input_weights.clone(), one.recurrent_weights.clone()]);
        matrices.chain([self.head_weights.clone()]).collect()
    }
}

/// The weights of one direction of one layer. Columns are gates in the order z, r, n, `hidden` of each.
#[derive(Debug, Clone, Copy)]
pub struct DirectionWeights<'a> {
    /// Values the layer reads per step.
    pub inputs: usize,
    /// `[inputs × 3·hidden]`, row-major.
    pub input_weights: &'a [f32],
    /// `[3·hidden]`.
    pub input_bias: &'a [f32],
    /// `[hidden × 3·hidden]`, row-major.
    pub recurrent_weights: &'a [f32],
    /// `[3·hidden]`.
    pub recurrent_bias: &'a [f32],
}

/// A bidirectional GRU classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct GruNetwork {
    config: GruConfig,
    layout: Layout,
    parameters: Vec<f32>,
}

impl GruNetwork {
    /// A network with the given parameters, in the order that [`GruNetwork::parameters`] describes.
    ///
    /// # Errors
    /// [`GruError::ParameterCount`] or [`GruError::ParameterNotFinite`].
    pub fn from_parameters(config: GruConfig, parameters: Vec<f32>) -> Result<Self, GruError> {
        let layout = Layout::new(&config);
        let expected = layout.parameter_count();
        if parameters.len() != expected {
            return Err(GruError::ParameterCount { expected, found: parameters.len() });
        }
        if let Some(index) = parameters.iter().position(|value| !value.is_finite()) {
            return Err(GruError::ParameterNotFinite { index, value: parameters[index] });
        }
        Ok(Self { config, layout, parameters })
    }

    /// A network that has learned nothing: weights and biases uniform within ±1/√hidden, and within ±1/√(2·hidden) for
    /// the linear output.
    pub(super) fn random(config: GruConfig, random: &mut ChaCha8Rng) -> Self {
        let layout = Layout::new(&config);
        let bound = 1.0 / (config.hidden() as f32).sqrt();
        let head_bound = 1.0 / (config.layer_outputs() as f32).sqrt();
        let parameters = (0..layout.parameter_count())
            .map(|index| {
                let bound = if index < layout.head_weights.start { bound } else { head_bound };
                random.random_range(-bound..bound)
            })
            .collect();
        Self { config, layout, parameters }
    }

    /// The shape of the network.
    #[must_use]
    pub fn config(&self) -> &GruConfig {
        &self.config
    }

    /// All parameters: for each layer and direction the input weights, input bias, recurrent weights and recurrent bias
    /// (see [`DirectionWeights`]), then the `2·hidden` weights and the bias of the linear output.
    #[must_use]
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// How many parameters a network of this shape has.
    #[must_use]
    pub fn parameter_count(config: &GruConfig) -> usize {
        Layout::new(config).parameter_count()
    }

    /// The weights of one direction of one layer; layers count from 0.
    ///
    /// # Panics
    /// If the network has no such layer.
    #[must_use]
    pub fn direction(&self, layer: usize, direction: Direction) -> DirectionWeights<'_> {
        let layout = &self.layout.layers[layer][direction as usize];
        DirectionWeights {
            inputs: layout.inputs,
            input_weights: &self.parameters[layout.input_weights.clone()],
            input_bias: &self.parameters[layout.input_bias.clone()],
            recurrent_weights: &self.parameters[layout.recurrent_weights.clone()],
            recurrent_bias: &self.parameters[layout.recurrent_bias.clone()],
        }
    }

    /// The linear output: `2·hidden` weights (forward units first) and the bias.
    #[must_use]
    pub fn head(&self) -> (&[f32], f32) {
        (&self.parameters[self.layout.head_weights.clone()], self.parameters[self.layout.head_bias])
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_and_checked() {
        let config = GruConfig::new(2, 3, 2, 0.0).unwrap();
        let count = 2 * (2 * 9 + 9 + 3 * 9 + 9) + 2 * (6 * 9 + 9 + 3 * 9 + 9) + 6 + 1;
        assert_eq!(GruNetwork::parameter_count(&config), count);
        let error = GruNetwork::from_parameters(config, vec![0.0; 3]).unwrap_err();
        assert_eq!(error, GruError::ParameterCount { expected: count, found: 3 });
        let network =
            GruNetwork::from_parameters(config, (0..count).map(|index| index as f32).collect()).unwrap();
        assert_eq!(network.direction(0, Direction::Backward).input_weights[0], 63.0);
        assert_eq!(network.head().1, (count - 1) as f32);
    }
}
