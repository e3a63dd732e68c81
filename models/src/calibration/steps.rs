//! Rising step functions of a score, as bounds that may be made coarser but never too tight.

use serde::{Deserialize, Serialize};

use super::CalibrationError;

/// Steps that are kept of one bound; bounds with more are made coarser.
const MOST_STEPS: usize = 500;
/// Significant digits that are kept of a bound, or of its distance from 1.
const DIGITS: i32 = 4;

/// Which way a bound may be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// It may only get lower. A step begins at its cut.
    Lower,
    /// It may only get higher. A step ends at its cut.
    Upper,
}

/// A rising step function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Steps {
    /// Where one value gives way to the next, rising strictly.
    cuts: Vec<f64>,
    /// One more than the cuts, rising.
    values: Vec<f64>,
}

impl Steps {
    /// Rounds outward, joins what is equal, and thins out what is too much.
    pub(super) fn new(side: Side, cuts: impl IntoIterator<Item = f64>, values: &[f64]) -> Self {
        let mut steps = Self { cuts: Vec::new(), values: vec![rounded(side, values[0])] };
        for (cut, value) in cuts.into_iter().zip(&values[1..]) {
            let value = rounded(side, *value);
            if steps.values.last().is_some_and(|last| value > *last) {
                steps.cuts.push(cut);
                steps.values.push(value);
            }
        }
        if steps.values.len() > MOST_STEPS {
            steps.thin(side);
        }
        steps
    }

    /// Leaves out the smallest steps: of those within one of many equal parts of the log-odds, one stays, which takes
    /// the others over.
    fn thin(&mut self, side: Side) {
        let last = self.values.len() - 1;
        let way = |index: usize| {
            let value = self.values[index].clamp(1e-7, 1.0 - 1e-7);
            (value / (1.0 - value)).ln()
        };
        let part =
            |index: usize| ((way(index) - way(0)) / (way(last) - way(0)) * (MOST_STEPS - 1) as f64) as usize;
        let is_kept = |index: &usize| match side {
            Side::Lower => *index == 0 || part(*index) > part(index - 1),
            Side::Upper => *index == last || part(*index) < part(index + 1),
        };
        let kept: Vec<usize> = (0..=last).filter(is_kept).collect();
        let cuts = match side {
            Side::Lower => kept[1..].iter().map(|index| self.cuts[index - 1]).collect(),
            Side::Upper => kept[..kept.len() - 1].iter().map(|index| self.cuts[*index]).collect(),
        };
        let values = kept.iter().map(|index| self.values[*index]).collect();
        *self = Self { cuts, values };
    }

    /// The bound at a score.
    pub(super) fn at(&self, side: Side, score: f64) -> f64 {
        let passed = match side {
            Side::Lower => self.cuts.partition_point(|cut| *cut <= score),
            Side::Upper => self.cuts.partition_point(|cut| *cut < score),
        };
        self.values[passed]
    }

    /// Checks steps that were read from somewhere.
    pub(super) fn check(&self) -> Result<(), CalibrationError> {
        let rises = self.cuts.is_sorted_by(|a, b| a < b) && self.values.is_sorted();
        let finite = self.cuts.iter().all(|cut| cut.is_finite());
        let within = self.values.iter().all(|value| (0.0..=1.0).contains(value));
        if self.values.len() != self.cuts.len() + 1 || !rises || !finite || !within {
            return Err(CalibrationError::Stored("a bound does not rise"));
        }
        Ok(())
    }

    /// Whether this lower bound stays at or below an upper one, above 0 and below 1 where that matters.
    pub(super) fn is_below(&self, upper: &Self) -> bool {
        let (low, high) = (self.values[0], upper.values[0]);
        let last = self.values[self.values.len() - 1];
        // It gets higher at its cuts only.
        let stays_below =
            self.cuts.iter().zip(&self.values[1..]).all(|(cut, value)| *value <= upper.at(Side::Upper, *cut));
        low <= high && high > 0.0 && last < 1.0 && stays_below
    }

    /// How many steps are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

fn rounded(side: Side, value: f64) -> f64 {
    let tail = value.min(1.0 - value);
    if tail <= 0.0 {
        return value.clamp(0.0, 1.0);
    }
    // Dividing by a power of ten gives the double nearest to the decimal, which prints in few digits.
    let scale = 10f64.powi((DIGITS - 1 - tail.log10().floor() as i32).min(15));
    match side {
        Side::Lower => ((value * scale).floor() / scale).min(value).max(0.0),
        Side::Upper => ((value * scale).ceil() / scale).max(value).min(1.0),
    }
}
