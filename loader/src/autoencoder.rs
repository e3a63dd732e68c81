//! Trains the autoencoder that [`botdet_models::autoencoder`] serves.

use std::ops::ControlFlow;

use botdet_models::autoencoder::{Autoencoder, AutoencoderError, Layer};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::dense::{Network, Task, TrainParams, train};

/// Settings of a training, not yet checked.
#[derive(Clone, Copy, Debug)]
pub struct AutoencoderParams {
    /// Values in the layers beside the middle.
    pub hidden: usize,
    /// Values in the middle; never more than half the inputs are used.
    pub bottleneck: usize,
    /// Share of a row's inputs that is hidden while training (denoising; Vincent et al. 2008).
    pub noise: f64,
    /// Share of the rows learned from that are to count as anomalous.
    pub contamination: f64,
    /// Passes over the rows, at the most.
    pub epochs: usize,
    /// Rows to a step.
    pub batch: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Epochs without a lower validation loss after which training ends.
    pub patience: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Threads to compute with; no influence on the result.
    pub threads: usize,
}

impl Default for AutoencoderParams {
    fn default() -> Self {
        Self {
            hidden: 32,
            bottleneck: 8,
            noise: 0.1,
            contamination: 0.10,
            epochs: 100,
            batch: 128,
            learning_rate: 1e-3,
            patience: 10,
            seed: 0,
            threads: 1,
        }
    }
}

/// Why no autoencoder was trained.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AutoencoderTrainingError {
    /// A setting is out of bounds.
    #[error("autoencoder: {name} is {value}, outside {low} to {high}")]
    Setting {
        /// Which setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
    /// Not enough rows to learn from, or rows of unequal or no width.
    #[error(
        "autoencoder: {values} values are not {rows} rows of equal width, or fewer than 2 of them are to be learned from"
    )]
    Shape {
        /// Values there are.
        values: usize,
        /// Rows there should be.
        rows: usize,
    },
    /// A value is not finite.
    #[error("autoencoder: row {row} holds a value that is not finite")]
    NotFinite {
        /// The row's index.
        row: usize,
    },
    /// Whoever watches has ended the training.
    #[error("autoencoder: training was cancelled")]
    Cancelled,
    /// What was learned cannot serve.
    #[error(transparent)]
    Network(#[from] AutoencoderError),
}

/// Trains on `rows` rows of standardised `inputs` (row-major), or on those alone that `ordinary` names, where it is known
/// which are. `progress` is told the share that is done and may end the training.
///
/// # Errors
/// [`AutoencoderTrainingError`] for settings, shapes or values that allow no training.
pub fn fit(
    inputs: &[f64],
    rows: usize,
    ordinary: Option<&[bool]>,
    params: AutoencoderParams,
    progress: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Autoencoder, AutoencoderTrainingError> {
    check(params)?;
    let width = inputs.len().checked_div(rows).unwrap_or(0);
    let chosen: Vec<usize> =
        (0..rows).filter(|row| ordinary.is_none_or(|is| is.get(*row) == Some(&true))).collect();
    let named = ordinary.is_none_or(|ordinary| ordinary.len() == rows);
    if width == 0 || width > 4096 || width * rows != inputs.len() || chosen.len() < 2 || !named {
        return Err(AutoencoderTrainingError::Shape { values: inputs.len(), rows });
    }
    if let Some(position) = inputs.iter().position(|value| !value.is_finite()) {
        return Err(AutoencoderTrainingError::NotFinite { row: position / width });
    }
    let row = |index: usize| &inputs[index * width..(index + 1) * width];
    let task = Denoising {
        width,
        values: chosen
            .iter()
            .flat_map(|index| row(*index))
            .map(|value| value.clamp(-BOUND, BOUND) as f32)
            .collect(),
        noise: params.noise,
    };
    let bottleneck = params.bottleneck.min((width / 2).max(1));
    let sizes = [width, params.hidden, bottleneck, params.hidden, width];
    let network =
        train(&sizes, &task, training(params), progress).ok_or(AutoencoderTrainingError::Cancelled)?;
    let layers = layers(&network);
    // Any scale does for the errors that decide on the right one.
    let unscaled = Autoencoder::new(width, layers.clone(), 1.0)?;
    let mut errors: Vec<f64> = chosen.iter().map(|index| unscaled.error(row(*index))).collect();
    let quantile = ((1.0 - params.contamination) * (errors.len() - 1) as f64).round() as usize;
    let (_, scale, _) = errors.select_nth_unstable_by(quantile, f64::total_cmp);
    Ok(Autoencoder::new(width, layers, scale.max(SMALLEST_SCALE))?)
}

/// Inputs beyond are cut off in training: one absurd value must not decide what is learned.
const BOUND: f64 = 10.0;
/// Errors below are rounding of a perfect repetition.
const SMALLEST_SCALE: f64 = 1e-9;

fn check(params: AutoencoderParams) -> Result<(), AutoencoderTrainingError> {
    let within = |name, value: f64, low: f64, high: f64| {
        let error = AutoencoderTrainingError::Setting { name, value, low, high };
        if (low..=high).contains(&value) { Ok(()) } else { Err(error) }
    };
    within("hidden", params.hidden as f64, 1.0, 4096.0)?;
    within("bottleneck", params.bottleneck as f64, 1.0, 4096.0)?;
    within("noise", params.noise, 0.0, 0.9)?;
    within("contamination", params.contamination, 0.0, 0.5)?;
    within("epochs", params.epochs as f64, 1.0, 1e6)?;
    within("batch", params.batch as f64, 1.0, 1e6)?;
    within("learning_rate", params.learning_rate, 1e-9, 1.0)?;
    within("patience", params.patience as f64, 1.0, 1e6)?;
    within("threads", params.threads as f64, 1.0, 1024.0)
}

fn training(params: AutoencoderParams) -> TrainParams {
    let AutoencoderParams { epochs, batch, patience, seed, threads, .. } = params;
    TrainParams {
        epochs,
        batch,
        learning_rate: params.learning_rate as f32,
        l2: 1e-4,
        patience,
        seed,
        threads,
    }
}

fn layers(network: &Network) -> Vec<Layer> {
    let layer =
        |(weights, biases): (&[f32], &[f32])| Layer { weights: weights.to_vec(), biases: biases.to_vec() };
    network.layers().map(layer).collect()
}

/// Repeating a row of which some inputs are hidden.
struct Denoising {
    width: usize,
    values: Vec<f32>,
    noise: f64,
}

impl Task for Denoising {
    fn rows(&self) -> usize {
        self.values.len() / self.width
    }

    fn inputs(&self, row: usize, noise: Option<&mut ChaCha8Rng>, inputs: &mut Vec<f32>) {
        let values = &self.values[row * self.width..(row + 1) * self.width];
        match noise {
            // 0 is what a standardised input is on average.
            Some(random) => {
                let hide = |value: &f32| if random.random_bool(self.noise) { 0.0 } else { *value };
                inputs.extend(values.iter().map(hide));
            }
            None => inputs.extend(values),
        }
    }

    fn loss(&self, row: usize, outputs: &[f32], slopes: &mut [f32]) -> f64 {
        let values = &self.values[row * self.width..(row + 1) * self.width];
        let scale = 1.0 / self.width as f32;
        let mut loss = 0.0;
        for ((slope, output), value) in slopes.iter_mut().zip(outputs).zip(values) {
            let difference = output - value;
            *slope = 2.0 * scale * difference;
            loss += f64::from(scale * difference * difference);
        }
        loss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(_: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Rows on a curved sheet: four inputs that two numbers decide.
    fn sheet(rows: usize) -> Vec<f64> {
        let number = |n: usize| (botdet_models::hash::mix64(n as u64 + 1) >> 11) as f64 / (1u64 << 53) as f64;
        let row = |index: usize| {
            let (a, b) = (2.0 * number(2 * index) - 1.0, 2.0 * number(2 * index + 1) - 1.0);
            [1.5 * a, 1.5 * b, 1.5 * (a + b) / 2f64.sqrt(), 3.0 * a * a - 1.0]
        };
        (0..rows).flat_map(row).collect()
    }

    fn params() -> AutoencoderParams {
        AutoencoderParams { bottleneck: 2, noise: 0.0, batch: 32, ..AutoencoderParams::default() }
    }

    #[test]
    fn what_lies_off_the_sheet_is_told_apart() {
        let inputs = sheet(2000);
        let model = fit(&inputs, 2000, None, params(), &mut watch).expect("the rows are sound");
        let above = inputs.chunks(4).filter(|row| model.score(row) > model.threshold()).count();
        assert_eq!(above, 200, "of 2000 rows with a contamination of a tenth");
        let on = [0.75, 0.0, 0.53, -0.25];
        let off = [0.75, 0.0, -1.5, -0.25];
        assert!(model.score(&on) < model.threshold() && model.score(&off) > 0.8);
        assert_eq!(Autoencoder::from_bytes(&model.to_bytes(), 4), Ok(model));
    }

    #[test]
    fn the_seed_decides_whatever_the_threads() {
        let inputs = sheet(400);
        let fit = |seed, threads| {
            let params = AutoencoderParams { seed, threads, epochs: 3, noise: 0.2, batch: 300, ..params() };
            fit(&inputs, 400, None, params, &mut watch).expect("the rows are sound")
        };
        assert_eq!(fit(1, 1), fit(1, 2));
        assert_ne!(fit(1, 1), fit(2, 1));
    }

    #[test]
    fn where_labels_exist_only_ordinary_rows_teach() {
        let mut inputs = sheet(600);
        let ordinary: Vec<bool> = (0..600).map(|row| row % 3 > 0).collect();
        let rows = inputs.chunks_mut(4).zip(&ordinary);
        rows.filter(|(_, ordinary)| !**ordinary).for_each(|(row, _)| row[2] = 1.5 - row[2]);
        let learn = |named: Option<&[bool]>| {
            let model = fit(&inputs, 600, named, params(), &mut watch).expect("the rows are sound");
            let scores: Vec<f64> = inputs.chunks(4).map(|row| model.score(row)).collect();
            let strange: Vec<bool> = ordinary.iter().map(|ordinary| !ordinary).collect();
            botdet_models::metrics::roc_auc(&scores, &strange).expect("both are there")
        };
        let (all, chosen) = (learn(None), learn(Some(&ordinary)));
        assert!(chosen > 0.9 && chosen > all + 0.05, "{chosen} against {all}");
    }

    #[test]
    fn poor_rows_are_no_obstacle_and_impossible_ones_are_refused() {
        let learn = |inputs: &[f64], rows| {
            let params = AutoencoderParams { epochs: 5, ..AutoencoderParams::default() };
            fit(inputs, rows, None, params, &mut watch)
        };
        for inputs in [[0.0; 20], [1e300; 20], [-3.0; 20]] {
            for rows in [20, 10, 4, 2] {
                let model = learn(&inputs, rows).expect("they are finite");
                assert!((0.0..=1.0).contains(&model.score(&inputs[..20 / rows])));
            }
        }
        assert!(matches!(learn(&[1.0; 3], 2), Err(AutoencoderTrainingError::Shape { .. })));
        assert!(matches!(learn(&[1.0], 1), Err(AutoencoderTrainingError::Shape { .. })));
        assert_eq!(learn(&[1.0, f64::NAN], 2).err(), Some(AutoencoderTrainingError::NotFinite { row: 1 }));
        let params = AutoencoderParams { noise: f64::NAN, ..params() };
        let refused = fit(&[1.0, 2.0], 2, None, params, &mut watch);
        assert!(matches!(refused, Err(AutoencoderTrainingError::Setting { name: "noise", .. })));
        let ended = fit(&sheet(10), 10, None, self::params(), &mut |_| ControlFlow::Break(()));
        assert_eq!(ended.err(), Some(AutoencoderTrainingError::Cancelled));
    }
}
