//! A network's parameters, forward and backward.

use std::ops::Range;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::gru::kernel::{Matrix, Update, multiply};

/// A network of `sizes[0]` inputs and as many values in each later layer as `sizes` says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Network {
    sizes: Vec<usize>,
    /// Of each layer the weights, inputs × outputs and row-major, then the biases.
    pub(super) parameters: Vec<f32>,
}

/// Where a layer's parameters lie.
pub(crate) struct Place {
    inputs: usize,
    outputs: usize,
    weights: Range<usize>,
    biases: Range<usize>,
}

/// What a pass over some rows leaves behind.
#[derive(Default)]
pub(crate) struct Tape {
    /// The inputs and what each layer gave, rows × values.
    pub values: Vec<Vec<f32>>,
    /// Derivatives by what a layer gave.
    pub slopes: Vec<f32>,
    before: Vec<f32>,
}

impl Tape {
    /// What the last layer gave.
    pub fn outputs(&self) -> &[f32] {
        self.values.last().map_or(&[], Vec::as_slice)
    }
}

impl Network {
    /// Weights drawn evenly from ±√(6 / (inputs + outputs)) (Glorot & Bengio 2010), biases 0. Wider ones (He et al. 2015) let
    /// small networks learn noise: they lost 0.01 of ROC-AUC.
    pub fn random(sizes: &[usize], random: &mut ChaCha8Rng) -> Self {
        let count = sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
        let mut network = Self { sizes: sizes.to_vec(), parameters: vec![0.0; count] };
        for place in network.places() {
            let bound = (6.0 / (place.inputs + place.outputs) as f32).sqrt();
            for weight in &mut network.parameters[place.weights] {
                *weight = random.random_range(-bound..bound);
            }
        }
        network
    }

    /// Each layer's weights, inputs × outputs and row-major, and biases.
    pub fn layers(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        let part = |range: Range<usize>| &self.parameters[range];
        self.places().into_iter().map(move |place| (part(place.weights), part(place.biases)))
    }

    fn places(&self) -> Vec<Place> {
        let mut start = 0;
        let place = |pair: &[usize]| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let weights = start..start + inputs * outputs;
            start = weights.end + outputs;
            Place { inputs, outputs, biases: weights.end..start, weights }
        };
        self.sizes.windows(2).map(place).collect()
    }

    /// Runs `rows` rows, which lie in `tape.values[0]`, through all layers.
    pub fn forward(&self, rows: usize, tape: &mut Tape) {
        tape.values.resize_with(self.sizes.len(), Vec::new);
        let last = self.sizes.len() - 2;
        for (layer, place) in self.places().into_iter().enumerate() {
            let (given, rest) = tape.values.split_at_mut(layer + 1);
            let (inputs, outputs) = (&given[layer], &mut rest[0]);
            outputs.clear();
            (0..rows).for_each(|_| outputs.extend(&self.parameters[place.biases.clone()]));
            let weights = Matrix::new(&self.parameters[place.weights], place.inputs, place.outputs);
            multiply(Matrix::new(inputs, rows, place.inputs), weights, outputs, Update::Accumulate);
            if layer < last {
                outputs.iter_mut().for_each(|value| *value = value.max(0.0));
            }
        }
    }

    /// What the network makes of rows of inputs, row-major.
    pub fn outputs(&self, inputs: &[f32]) -> Vec<f32> {
        let mut tape = Tape { values: vec![Vec::new()], ..Tape::default() };
        let mut outputs = Vec::new();
        for part in inputs.chunks(256 * self.sizes[0]) {
            tape.values[0].clear();
            tape.values[0].extend(part);
            self.forward(part.len() / self.sizes[0], &mut tape);
            outputs.extend(tape.outputs());
        }
        outputs
    }

    /// Writes the gradient by all parameters, given `tape.slopes`, the derivatives by the outputs of the last
    /// [`forward`](Self::forward).
    pub fn backward(&self, rows: usize, tape: &mut Tape, gradient: &mut [f32]) {
        let Tape { values, slopes, before } = tape;
        for (layer, place) in self.places().into_iter().enumerate().rev() {
            let inputs = Matrix::new(&values[layer], rows, place.inputs);
            let by_output = Matrix::new(slopes, rows, place.outputs);
            multiply(inputs.transposed(), by_output, &mut gradient[place.weights.clone()], Update::Overwrite);
            let biases = &mut gradient[place.biases];
            biases.fill(0.0);
            for row in slopes.chunks_exact(place.outputs) {
                biases.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
            }
            if layer > 0 {
                before.resize(rows * place.inputs, 0.0);
                let weights = Matrix::new(&self.parameters[place.weights], place.inputs, place.outputs);
                multiply(by_output, weights.transposed(), before, Update::Overwrite);
                for (slope, value) in before.iter_mut().zip(&values[layer]) {
                    *slope = if *value > 0.0 { *slope } else { 0.0 };
                }
                std::mem::swap(slopes, before);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    /// Half the sum of squared outputs.
    fn loss(network: &Network, inputs: &[f32], tape: &mut Tape) -> f64 {
        tape.values = vec![inputs.to_vec()];
        network.forward(inputs.len() / network.sizes[0], tape);
        tape.outputs().iter().map(|value| f64::from(*value).powi(2) / 2.0).sum()
    }

    #[test]
    fn gradients_are_finite_differences() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let mut network = Network::random(&[3, 5, 4, 2], &mut random);
        network.parameters.iter_mut().for_each(|parameter| *parameter += 0.05);
        let inputs: Vec<f32> = (0..12).map(|i| (i as f32 * 0.7).sin()).collect();
        let mut tape = Tape::default();
        loss(&network, &inputs, &mut tape);
        tape.slopes = tape.outputs().to_vec();
        let mut gradient = vec![0.0; network.parameters.len()];
        network.backward(4, &mut tape, &mut gradient);
        for (index, ours) in gradient.iter().enumerate() {
            let mut moved = |by: f32| {
                let mut network = network.clone();
                network.parameters[index] += by;
                loss(&network, &inputs, &mut tape)
            };
            let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            let difference = (slope - f64::from(*ours)).abs();
            assert!(difference < 2e-3 * (1.0 + slope.abs()), "{index}: {slope}, not {ours}");
        }
    }
}
