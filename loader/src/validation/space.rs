//! The settings that a search may try.

use rand::Rng;
use rand_chacha::ChaCha12Rng;

use super::ValidationError;
use super::error::within;

/// How values of a setting are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Any number between the ends, all alike.
    Linear,
    /// Any number between the ends, which are above 0, all orders of magnitude alike.
    Logarithmic,
    /// A whole number between the ends, which it may be.
    Whole,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Dimension {
    /// Its name, for the report.
    pub name: &'static str,
    /// Smallest value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
    /// How values between are drawn.
    pub scale: Scale,
}

/// All settings of a search, checked.
#[derive(Clone, Debug)]
pub struct Space(Vec<Dimension>);

impl Space {
    /// Checks settings.
    ///
    /// # Errors
    /// [`ValidationError::Setting`] when ends are not finite, in the wrong order, or not above 0 where they must be.
    pub fn new(dimensions: Vec<Dimension>) -> Result<Self, ValidationError> {
        within("settings to search", dimensions.len() as f64, 1.0, 100.0)?;
        for dimension in &dimensions {
            let least = if dimension.scale == Scale::Logarithmic { f64::MIN_POSITIVE } else { -1e300 };
            within(dimension.name, dimension.low, least, 1e300)?;
            within(dimension.name, dimension.high, dimension.low, 1e300)?;
        }
        Ok(Self(dimensions))
    }

    /// The settings.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.0
    }

    /// One value of each setting.
    pub(super) fn draw(&self, random: &mut ChaCha12Rng) -> Vec<f64> {
        self.0.iter().map(|dimension| dimension.at(random.random())).collect()
    }
}

impl Dimension {
    /// The value at a way from 0 to 1, below 1.
    fn at(&self, way: f64) -> f64 {
        let between = |low: f64, high: f64| low + (high - low) * way;
        let value = match self.scale {
            Scale::Linear => between(self.low, self.high),
            Scale::Logarithmic => between(self.low.ln(), self.high.ln()).exp(),
            Scale::Whole => between(self.low.ceil(), self.high.floor() + 1.0).floor(),
        };
        value.clamp(self.low, self.high)
    }
}
