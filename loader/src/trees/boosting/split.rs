//! Where a node is best split.

use super::super::bins::{Binned, MISSING};
use super::gradients::{Gradients, Pair};
use super::histogram::Histogram;
use super::params::{BoostingParams, Monotone};

/// A way to part a node's rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Split {
    pub feature: usize,
    /// The last bin that goes left.
    pub bin: u8,
    pub missing_left: bool,
    /// Loss that it takes away.
    pub gain: f64,
}

impl Split {
    pub fn takes_left(self, bin: u8) -> bool {
        if bin == MISSING { self.missing_left } else { bin <= self.bin }
    }
}

/// What a node's leaves may say: monotone splits above it have parted the log-odds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub low: f64,
    pub high: f64,
}

impl Bounds {
    pub const NONE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
}

/// Judges splits in one round.
pub(super) struct Finder<'a> {
    params: &'a BoostingParams,
    binned: &'a Binned,
    gradient_unit: f64,
    hessian_unit: f64,
    constrained: bool,
}

impl<'a> Finder<'a> {
    pub fn new(params: &'a BoostingParams, binned: &'a Binned, gradients: &Gradients) -> Self {
        let constrained = params.monotone.iter().any(|constraint| *constraint != Monotone::Free);
        let (gradient_unit, hessian_unit) = (gradients.gradient_unit, gradients.hessian_unit);
        Self { params, binned, gradient_unit, hessian_unit, constrained }
    }

    /// The log-odds that suit a node's rows best, within bounds.
    pub fn weight(&self, sum: Pair, bounds: Bounds) -> f64 {
        let curvature = self.hessian(sum) + self.params.l2;
        if curvature > 0.0 { (-self.gradient(sum) / curvature).clamp(bounds.low, bounds.high) } else { 0.0 }
    }

    /// Sum of second derivatives.
    pub fn hessian(&self, sum: Pair) -> f64 {
        sum.hessian() * self.hessian_unit
    }

    fn gradient(&self, sum: Pair) -> f64 {
        sum.gradient() * self.gradient_unit
    }

    /// Whether a node's rows could fill two leaves.
    pub fn is_worth_a_look(&self, total: Pair) -> bool {
        total.hessian() >= 2.0 && self.hessian(total) >= 2.0 * self.params.min_child_weight
    }

    /// What a column's constraint makes of the bounds below a split.
    pub fn bounds_below(&self, split: Split, left: Pair, right: Pair, bounds: Bounds) -> (Bounds, Bounds) {
        let middle = (self.weight(left, bounds) + self.weight(right, bounds)) / 2.0;
        let (lower, upper) = (Bounds { high: middle, ..bounds }, Bounds { low: middle, ..bounds });
        match self.constraint(split.feature) {
            Monotone::Free => (bounds, bounds),
            Monotone::Increasing => (lower, upper),
            Monotone::Decreasing => (upper, lower),
        }
    }

    fn constraint(&self, feature: usize) -> Monotone {
        self.params.monotone.get(feature).copied().unwrap_or(Monotone::Free)
    }

    /// The best split of a node by one of the given columns, if any is worth it.
    pub fn best(
        &self,
        histogram: &Histogram,
        features: &[usize],
        total: Pair,
        bounds: Bounds,
    ) -> Option<Split> {
        let l2 = self.params.l2 / self.hessian_unit;
        let scale = self.gradient_unit * self.gradient_unit / self.hessian_unit;
        let parent = total.gradient() * total.gradient() / (total.hessian() + l2);
        // A split that gains nothing but rounding is none.
        let to_beat = parent + (2.0 * self.params.min_gain / scale).max(parent * 1e-10 + 1e-6);
        let mut sweep = Sweep {
            min_hessian: (self.params.min_child_weight / self.hessian_unit).max(1.0),
            l2,
            total,
            missing: Pair::default(),
            missing_left: false,
            feature: 0,
            score: to_beat,
            best: None,
            judge: self.constrained.then_some(Judge { finder: self, bounds, scale }),
        };
        for feature in features {
            let cells = histogram.column(*feature);
            sweep.feature = *feature;
            sweep.missing = cells[usize::from(MISSING)];
            sweep.run(&cells[..self.binned.ranges(*feature)]);
        }
        sweep.best.map(|split| Split { gain: (split.gain - parent) * scale / 2.0, ..split })
    }
}

/// Judges splits where constraints hold.
struct Judge<'a> {
    finder: &'a Finder<'a>,
    bounds: Bounds,
    scale: f64,
}

impl Judge<'_> {
    /// Twice the loss that both leaves take away, in the units of a sweep. `None` where a constraint forbids the split.
    fn score(&self, feature: usize, left: Pair, right: Pair) -> Option<f64> {
        let weights = [left, right].map(|sum| self.finder.weight(sum, self.bounds));
        let allowed = match self.finder.constraint(feature) {
            Monotone::Free => true,
            Monotone::Increasing => weights[0] <= weights[1],
            Monotone::Decreasing => weights[0] >= weights[1],
        };
        let gained = |sum: Pair, weight: f64| {
            let curvature = self.finder.hessian(sum) + self.finder.params.l2;
            -(2.0 * self.finder.gradient(sum) * weight + curvature * weight * weight)
        };
        allowed.then(|| (gained(left, weights[0]) + gained(right, weights[1])) / self.scale)
    }
}

/// A pass over the bins of one column after the other.
struct Sweep<'a> {
    min_hessian: f64,
    l2: f64,
    total: Pair,
    missing: Pair,
    /// Where missing values go when there are none: where most of the curvature is.
    missing_left: bool,
    feature: usize,
    /// What to beat.
    score: f64,
    /// The best so far, with its score for a gain.
    best: Option<Split>,
    judge: Option<Judge<'a>>,
}

impl Sweep<'_> {
    fn run(&mut self, cells: &[Pair]) {
        let mut left = Pair::default();
        let mut last = 0;
        for (bin, cell) in cells.iter().enumerate() {
            if cell.is_empty() {
                continue;
            }
            if !left.is_empty() {
                // As near to the middle of the gap as can be.
                self.try_cut(left, last + (bin - 1 - last) / 2);
            }
            left = left + *cell;
            last = bin;
        }
        if !self.missing.is_empty() && !left.is_empty() {
            self.consider(left, usize::from(MISSING) - 1, false);
        }
    }

    fn try_cut(&mut self, left: Pair, bin: usize) {
        if self.missing.is_empty() {
            self.missing_left = 2.0 * left.hessian() >= self.total.hessian();
            self.consider(left, bin, self.missing_left);
        } else {
            self.consider(left, bin, false);
            self.consider(left + self.missing, bin, true);
        }
    }

    fn consider(&mut self, left: Pair, bin: usize, missing_left: bool) {
        let right = self.total - left;
        if left.hessian() < self.min_hessian || right.hessian() < self.min_hessian {
            return;
        }
        let score = match &self.judge {
            None => {
                let (l, r) = (left.hessian() + self.l2, right.hessian() + self.l2);
                let (l1, r1) = (left.gradient(), right.gradient());
                (l1 * l1 * r + r1 * r1 * l) / (l * r)
            }
            Some(judge) => match judge.score(self.feature, left, right) {
                Some(score) => score,
                None => return,
            },
        };
        if score > self.score {
            self.score = score;
            self.best = Some(Split { feature: self.feature, bin: bin as u8, missing_left, gain: score });
        }
    }
}
