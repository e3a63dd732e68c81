//! How unlike the others an account is: the error of a network that was taught to repeat ordinary inputs through a narrow
//! middle (Sakurada & Yairi, MLSDA 2014). Here is what serves; the loader trains it.

/// Why an autoencoder cannot be put together or read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AutoencoderError {
    /// Layers do not follow on each other from `width` inputs to as many outputs.
    #[error(
        "autoencoder: layer {layer} does not fit its neighbours or its {weights} weights and {biases} biases"
    )]
    Shape {
        /// The layer's index.
        layer: usize,
        /// Weights it has.
        weights: usize,
        /// Biases it has.
        biases: usize,
    },
    /// A parameter is not finite.
    #[error("autoencoder: layer {layer} holds a parameter that is not finite")]
    NotFinite {
        /// The layer's index.
        layer: usize,
    },
    /// The error that counts as anomalous is no positive number.
    #[error("autoencoder: the anomalous error is {0}, not a positive number")]
    Scale(f64),
    /// Stored bytes are not an autoencoder.
    #[error("autoencoder is corrupt: {0}")]
    Corrupt(&'static str),
}

/// Most layers that are stored.
const MAX_LAYERS: usize = 16;
/// Most values a layer takes or gives.
const MAX_WIDTH: usize = 4096;
/// Inputs beyond are cut off, so that no sum overflows. Standardised inputs never get there.
const LARGEST_INPUT: f64 = 1e4;

/// One layer: `outputs = inputs · weights + biases`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Inputs × outputs, row-major.
    pub weights: Vec<f32>,
    /// One an output.
    pub biases: Vec<f32>,
}

impl Layer {
    fn apply(&self, inputs: &[f32]) -> Vec<f32> {
        let mut outputs = self.biases.clone();
        for (input, weights) in inputs.iter().zip(self.weights.chunks_exact(outputs.len())) {
            for (output, weight) in outputs.iter_mut().zip(weights) {
                *output += input * weight;
            }
        }
        outputs
    }
}

/// A trained autoencoder: layers with `max(0, x)` between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoencoder {
    width: usize,
    layers: Vec<Layer>,
    /// The total error beyond which a row counts as anomalous.
    scale: f64,
}

impl Autoencoder {
    /// Puts trained layers together. Rows of `width` inputs whose total error is above `scale` will count as anomalous.
    ///
    /// # Errors
    /// [`AutoencoderError`] when layers do not follow on each other, or a number is not finite.
    pub fn new(width: usize, layers: Vec<Layer>, scale: f64) -> Result<Self, AutoencoderError> {
        let possible = |size: usize| (1..=MAX_WIDTH).contains(&size);
        let mut inputs = width;
        for (index, layer) in layers.iter().enumerate() {
            let (weights, biases) = (layer.weights.len(), layer.biases.len());
            let last = index + 1 == layers.len();
            let fits = possible(inputs) && possible(biases) && weights == inputs * biases;
            if !fits || (last && biases != width) {
                return Err(AutoencoderError::Shape { layer: index, weights, biases });
            }
            if !layer.weights.iter().chain(&layer.biases).all(|parameter| parameter.is_finite()) {
                return Err(AutoencoderError::NotFinite { layer: index });
            }
            inputs = biases;
        }
        if layers.is_empty() || layers.len() > MAX_LAYERS {
            return Err(AutoencoderError::Shape { layer: layers.len(), weights: 0, biases: 0 });
        }
        if !scale.is_finite() || scale <= 0.0 {
            return Err(AutoencoderError::Scale(scale));
        }
        Ok(Self { width, layers, scale })
    }

    /// Inputs to a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Squared difference of each input from what the network makes of the row: how much each adds to the anomaly.
    #[must_use]
    pub fn errors(&self, inputs: &[f64]) -> Vec<f64> {
        debug_assert_eq!(inputs.len(), self.width);
        let bounded = |input: &f64| input.clamp(-LARGEST_INPUT, LARGEST_INPUT) as f32;
        let mut values: Vec<f32> = inputs.iter().map(bounded).collect();
        let row = values.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                values.iter_mut().for_each(|value| *value = value.max(0.0));
            }
            values = layer.apply(&values);
        }
        row.iter().zip(values).map(|(input, made)| (f64::from(*input) - f64::from(made)).powi(2)).collect()
    }

    /// Mean of [`errors`](Self::errors).
    #[must_use]
    pub fn error(&self, inputs: &[f64]) -> f64 {
        self.errors(inputs).iter().sum::<f64>() / self.width as f64
    }

    /// Anomaly score of one row, 0..1: `e / (e + s)` for its error e and the error s beyond which rows are anomalous.
    #[must_use]
    pub fn score(&self, inputs: &[f64]) -> f64 {
        let error = self.error(inputs);
        // What the network cannot even compute lies as far out as can be.
        if error.is_finite() { error / (error + self.scale) } else { 1.0 }
    }

    /// Score above which a row counts as anomalous.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        0.5
    }

    /// The stored form: layers (u32), width (u32), scale (f64), outputs of each layer (u32), then each layer's weights and
    /// biases (f32); little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend((self.layers.len() as u32).to_le_bytes());
        out.extend((self.width as u32).to_le_bytes());
        out.extend(self.scale.to_le_bytes());
        self.layers.iter().for_each(|layer| out.extend((layer.biases.len() as u32).to_le_bytes()));
        for layer in &self.layers {
            layer.weights.iter().chain(&layer.biases).for_each(|value| out.extend(value.to_le_bytes()));
        }
        out
    }

    /// Reads a stored autoencoder for rows of `width` inputs.
    ///
    /// # Errors
    /// [`AutoencoderError`] with what is wrong.
    pub fn from_bytes(bytes: &[u8], width: usize) -> Result<Self, AutoencoderError> {
        const EARLY: AutoencoderError = AutoencoderError::Corrupt("it ends early");
        let mut reader = Reader(bytes);
        let count = reader.word().ok_or(EARLY)?;
        if reader.word() != Some(width) || !(1..=MAX_WIDTH).contains(&width) {
            return Err(AutoencoderError::Corrupt("its header does not fit the inputs"));
        }
        let scale = f64::from_le_bytes(reader.take().ok_or(EARLY)?);
        if !(1..=MAX_LAYERS).contains(&count) {
            return Err(AutoencoderError::Corrupt("it has no layers, or too many"));
        }
        let sizes: Vec<usize> = (0..count).map_while(|_| reader.word()).collect();
        let mut inputs = width;
        let mut layers = Vec::with_capacity(count);
        for outputs in sizes {
            if outputs > MAX_WIDTH {
                return Err(AutoencoderError::Corrupt("a layer is too wide"));
            }
            let weights = reader.numbers(inputs * outputs).ok_or(EARLY)?;
            let biases = reader.numbers(outputs).ok_or(EARLY)?;
            layers.push(Layer { weights, biases });
            inputs = outputs;
        }
        if !reader.0.is_empty() {
            return Err(AutoencoderError::Corrupt("it goes on after its end"));
        }
        Self::new(width, layers, scale)
    }
}

/// Takes numbers from the front of bytes.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (front, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*front)
    }

    fn word(&mut self) -> Option<usize> {
        self.take().map(|bytes| u32::from_le_bytes(bytes) as usize)
    }

    fn numbers(&mut self, count: usize) -> Option<Vec<f32>> {
        let (front, rest) = self.0.split_at_checked(4 * count)?;
        self.0 = rest;
        Some(front.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Repeats the mean of two inputs twice, if it is positive.
    fn mean() -> Autoencoder {
        let narrow = Layer { weights: vec![0.5, 0.5], biases: vec![0.0] };
        let wide = Layer { weights: vec![1.0, 1.0], biases: vec![0.0, 0.0] };
        Autoencoder::new(2, vec![narrow, wide], 4.0).expect("the layers fit")
    }

    #[test]
    fn errors_by_hand() {
        let network = mean();
        assert_eq!(network.errors(&[3.0, 3.0]), [0.0, 0.0]);
        assert_eq!(network.errors(&[1.0, 5.0]), [4.0, 4.0]);
        assert_eq!(network.errors(&[-1.0, -3.0]), [1.0, 9.0]);
        assert_eq!(network.score(&[1.0, 5.0]), network.threshold());
        assert_eq!(network.score(&[3.0, 3.0]), 0.0);
        assert!(network.score(&[1.0, 6.0]) > network.threshold());
        for strange in [f64::NAN, f64::INFINITY, f64::MAX, -1e300] {
            assert!((0.99..=1.0).contains(&network.score(&[strange, 0.0])), "{strange}");
        }
    }

    #[test]
    fn stored_and_read_back() {
        let network = mean();
        let bytes = network.to_bytes();
        assert_eq!(Autoencoder::from_bytes(&bytes, 2), Ok(network));
        assert!(Autoencoder::from_bytes(&bytes, 3).is_err());
        for end in 0..bytes.len() {
            assert!(Autoencoder::from_bytes(&bytes[..end], 2).is_err());
        }
        for position in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[position / 8] ^= 1 << (position % 8);
            if let Ok(network) = Autoencoder::from_bytes(&damaged, 2) {
                assert!((0.0..=1.0).contains(&network.score(&[0.1, -0.2])));
            }
        }
        assert!(Autoencoder::from_bytes(&[bytes, vec![0]].concat(), 2).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let layer =
            |weights: usize, biases: usize| Layer { weights: vec![0.0; weights], biases: vec![0.0; biases] };
        assert!(Autoencoder::new(2, vec![layer(2, 1), layer(2, 2)], 1.0).is_ok());
        for layers in
            [vec![], vec![layer(2, 1)], vec![layer(2, 1), layer(3, 2)], vec![layer(0, 0), layer(0, 2)]]
        {
            assert!(matches!(Autoencoder::new(2, layers, 1.0), Err(AutoencoderError::Shape { .. })));
        }
        let mut broken = layer(4, 2);
        broken.biases[1] = f32::NAN;
        assert_eq!(Autoencoder::new(2, vec![broken], 1.0), Err(AutoencoderError::NotFinite { layer: 0 }));
        assert_eq!(Autoencoder::new(2, vec![layer(4, 2)], 0.0), Err(AutoencoderError::Scale(0.0)));
    }
}
