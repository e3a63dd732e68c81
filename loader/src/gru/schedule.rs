//! How the learning rate changes during a run.

use std::f64::consts::PI;

use super::config::require;
use super::error::GruError;

/// How the learning rate changes during a run. Shares are of the rate that the settings name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Schedule {
    /// It stays as it is.
    Constant,
    /// It rises evenly from nothing and then falls along half a cosine (Loshchilov and Hutter 2017, without restarts).
    WarmupCosine {
        /// Share of all steps in which it rises. 0 or more, below 1.
        warmup: f32,
        /// Share that it has fallen to after the last epoch. 0 to 1.
        floor: f32,
    },
    /// It is cut whenever the validation loss has not fallen for more epochs in a row than `patience`.
    ReduceOnPlateau {
        /// What it is multiplied with. Above 0, below 1.
        factor: f32,
        /// Epochs that are waited for a lower validation loss.
        patience: usize,
        /// Share below which it is not cut. 0 to 1.
        floor: f32,
    },
}

impl Schedule {
    pub(super) fn check(&self) -> Result<(), GruError> {
        let share =
            |value: f32| require((0.0..=1.0).contains(&value), "floor", "between 0 and 1", value.into());
        match *self {
            Self::Constant => Ok(()),
            Self::WarmupCosine { warmup, floor } => {
                let holds = (0.0..1.0).contains(&warmup);
                require(holds, "warmup", "at least 0 and below 1", warmup.into())?;
                share(floor)
            }
            Self::ReduceOnPlateau { factor, floor, .. } => {
                require(factor > 0.0 && factor < 1.0, "factor", "above 0 and below 1", factor.into())?;
                share(floor)
            }
        }
    }
}

/// A schedule under way: what it depends on besides the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plateau {
    /// Share of the learning rate that is left.
    pub share: f64,
    /// The lowest validation loss so far.
    pub lowest: f64,
    /// Epochs since then or since the last cut.
    pub waited: u64,
}

impl Plateau {
    pub const START: Self = Self { share: 1.0, lowest: f64::INFINITY, waited: 0 };

    /// Share of the learning rate at a step, from 0, of all steps that the run may have.
    pub fn share_at(&self, schedule: Schedule, step: u64, all_steps: u64) -> f64 {
        let Schedule::WarmupCosine { warmup, floor } = schedule else {
            return self.share;
        };
        let rising = (f64::from(warmup) * all_steps as f64).round();
        let step = step as f64;
        if step < rising {
            return (step + 1.0) / rising;
        }
        let falling = (all_steps as f64 - rising).max(1.0);
        let fallen = ((step - rising) / falling).min(1.0);
        let floor = f64::from(floor);
        floor + (1.0 - floor) * 0.5 * (1.0 + (PI * fallen).cos())
    }

    /// Takes note of an epoch's validation loss.
    pub fn observe(&mut self, schedule: Schedule, validation_loss: f64) {
        let Schedule::ReduceOnPlateau { factor, patience, floor } = schedule else {
            return;
        };
        if validation_loss < self.lowest {
            (self.lowest, self.waited) = (validation_loss, 0);
            return;
        }
        self.waited += 1;
        if self.waited > patience as u64 {
            self.share = (self.share * f64::from(factor)).max(f64::from(floor));
            self.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_evenly_and_falls_along_a_cosine() {
        let schedule = Schedule::WarmupCosine { warmup: 0.1, floor: 0.2 };
        let at = |step| Plateau::START.share_at(schedule, step, 100);
        assert!((at(0) - 0.1).abs() < 1e-12 && (at(9) - 1.0).abs() < 1e-12);
        assert_eq!(at(10), 1.0);
        assert!((at(55) - 0.6).abs() < 1e-6, "half way it is half way: {}", at(55));
        assert!((at(100) - 0.2).abs() < 1e-6);
        assert_eq!(at(100), at(1000));
        assert!((10..99).all(|step| at(step) > at(step + 1)));
    }

    #[test]
    fn odd_lengths_divide_nothing_by_zero() {
        for (warmup, steps) in [(0.0, 1), (0.99, 1), (0.5, 1), (0.99, 2), (0.0, 0)] {
            let schedule = Schedule::WarmupCosine { warmup, floor: 0.0 };
            for step in 0..3 {
                let share = Plateau::START.share_at(schedule, step, steps);
                assert!((0.0..=1.0).contains(&share), "{share} at step {step} of {steps}");
            }
        }
    }

    /// The rates of PyTorch's `ReduceLROnPlateau(factor=0.5, patience=1, threshold=0, min_lr=0.2)` for these losses.
    #[test]
    fn cuts_the_rate_on_a_plateau_as_pytorch_does() {
        let schedule = Schedule::ReduceOnPlateau { factor: 0.5, patience: 1, floor: 0.2 };
        let losses = [1.0, 0.9, 0.9, 0.95, 0.8, 0.8, 0.81, 0.82, 0.83, 0.7, 0.71, 0.72];
        let expected = [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2];
        let mut plateau = Plateau::START;
        for (loss, expected) in losses.into_iter().zip(expected) {
            plateau.observe(schedule, loss);
            assert!((plateau.share_at(schedule, 0, 1) - expected).abs() < 1e-7, "{plateau:?}");
        }
    }
}
