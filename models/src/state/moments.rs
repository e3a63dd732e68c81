//! Count, mean and variance in one pass.

use super::codec::{Reader, StateError, Writer};

/// Running moments after Welford (Technometrics 1962).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u32,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds one value.
    pub fn add(&mut self, value: f64) {
        self.count = self.count.saturating_add(1);
        let delta = value - self.mean;
        self.mean += delta / f64::from(self.count);
        self.squares += delta * (value - self.mean);
    }

    /// Number of values.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// Mean; `None` without values.
    #[must_use]
    pub fn mean(self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Population variance; `None` without values.
    #[must_use]
    pub fn variance(self) -> Option<f64> {
        (self.count > 0).then(|| (self.squares / f64::from(self.count)).max(0.0))
    }

    /// Population standard deviation; `None` without values.
    #[must_use]
    pub fn deviation(self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    pub(super) fn write(self, out: &mut Writer<'_>) {
        out.u32s([self.count]);
        out.f64s([self.mean, self.squares]);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, StateError> {
        let ([count], [mean, squares]) = (input.u32s(), input.finite()?);
        Ok(Self { count, mean, squares })
    }
}
