//! The optimiser.

use std::ops::Range;

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Adam (Kingma and Ba 2015, algorithm 1) with the paper's decay rates 0.9 and 0.999 and epsilon 1e-8, and with decoupled
/// weight decay (Loshchilov and Hutter 2019) of some of the parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adam {
    pub steps: u64,
    pub first_moment: Vec<f32>,
    pub second_moment: Vec<f32>,
}

impl Adam {
    pub fn new(parameters: usize) -> Self {
        Self { steps: 0, first_moment: vec![0.0; parameters], second_moment: vec![0.0; parameters] }
    }

    /// Moves the parameters one step of the given learning rate against the gradient, after the decay of those in
    /// `decayed`.
    pub fn step(
        &mut self,
        parameters: &mut [f32],
        gradient: &[f32],
        learning_rate: f32,
        decay: f32,
        decayed: &[Range<usize>],
    ) {
        self.steps += 1;
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let first_correction = 1.0 - FIRST_DECAY.powi(steps);
        let second_correction = (1.0 - f64::from(SECOND_DECAY).powi(steps)) as f32;
        if decay > 0.0 {
            let kept = 1.0 - learning_rate * decay;
            for parameter in decayed.iter().flat_map(Range::clone) {
                parameters[parameter] *= kept;
            }
        }
        let rate = learning_rate / first_correction;
        let moments = self.first_moment.iter_mut().zip(&mut self.second_moment);
        for ((parameter, &slope), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *first = FIRST_DECAY * *first + (1.0 - FIRST_DECAY) * slope;
            *second = SECOND_DECAY * *second + (1.0 - SECOND_DECAY) * slope * slope;
            *parameter -= rate * *first / ((*second / second_correction).sqrt() + EPSILON);
        }
    }
}

/// Scales a gradient down to the given Euclidean norm if it is longer (Pascanu et al. 2013). Gives the norm it had.
pub(super) fn clip(gradient: &mut [f32], largest_norm: f32) -> f64 {
    let norm = gradient.iter().map(|&slope| f64::from(slope).powi(2)).sum::<f64>().sqrt();
    if norm > f64::from(largest_norm) {
        let factor = (f64::from(largest_norm) / norm) as f32;
        for slope in gradient {
            *slope *= factor;
        }
    }
    norm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_learning_rates_length() {
        let mut parameters = [1.0, -2.0, 0.5];
        Adam::new(3).step(&mut parameters, &[3.0, -0.2, 0.0], 0.01, 0.0, &[]);
        for (parameter, expected) in parameters.iter().zip([0.99, -1.99, 0.5]) {
            assert!((parameter - expected).abs() < 1e-6, "{parameter} instead of {expected}");
        }
    }

    /// The parameters after five steps of PyTorch's `AdamW(lr=0.01, weight_decay=0.1)`, without decay for the last one.
    #[test]
    fn decays_as_pytorch_does() {
        let mut parameters = [1.0, -2.0, 0.5, 0.25];
        let mut adam = Adam::new(4);
        for step in 1..=5 {
            let step = step as f32;
            let gradient = [3.0 / step, -0.2 * step, 0.0, 1.0 - 0.5 * step];
            adam.step(&mut parameters, &gradient, 0.01, 0.1, &[0..1, 1..3]);
        }
        for (parameter, expected) in
            parameters.iter().zip([0.951_088_96, -1.941_609_4, 0.497_505_04, 0.246_290_01])
        {
            assert!((parameter - expected).abs() < 1e-6, "{parameter} instead of {expected}");
        }
    }

    #[test]
    fn long_gradients_are_scaled_down() {
        let mut gradient = [3.0, 4.0];
        assert_eq!(clip(&mut gradient, 10.0), 5.0);
        assert_eq!(gradient, [3.0, 4.0]);
        assert_eq!(clip(&mut gradient, 1.0), 5.0);
        assert_eq!(gradient, [0.6, 0.8]);
    }
}
