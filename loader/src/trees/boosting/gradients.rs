//! First and second derivatives of the log loss, as whole numbers.

use std::ops::{Add, Sub};

use crate::parallel::for_each_slot;

/// Rows that are added up in one piece: sums are the same on any number of threads.
const PIECE: usize = 1 << 14;
/// What all first derivatives add up to at the most.
const GRADIENT_TOTAL: f64 = 1_073_741_824.0;
/// What all second derivatives add up to.
const HESSIAN_TOTAL: f64 = 2_147_483_648.0;

/// A sum of both derivatives: the first in the upper half, signed; the second in the lower one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair(i64);

impl Pair {
    pub fn gradient(self) -> f64 {
        (self.0 >> 32) as f64
    }

    pub fn hessian(self) -> f64 {
        f64::from(self.0 as u32)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Add for Pair {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Pair {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Pair {
    fn sum<I: Iterator<Item = Self>>(pairs: I) -> Self {
        pairs.fold(Self::default(), Self::add)
    }
}

/// Both derivatives of every row's loss by its log-odds.
pub(super) struct Gradients {
    /// One pair a row, in the units below.
    pub pairs: Vec<Pair>,
    /// What 1 stands for in a first derivative.
    pub gradient_unit: f64,
    /// What 1 stands for in a second one.
    pub hessian_unit: f64,
    exact: Vec<(f32, f32)>,
}

/// The rows of a piece: where their derivatives go, and their sums.
struct Piece<'a> {
    pairs: &'a mut [Pair],
    exact: &'a mut [(f32, f32)],
    sums: (f64, f64),
}

impl Gradients {
    pub fn new(rows: usize) -> Self {
        let (pairs, exact) = (vec![Pair::default(); rows], vec![(0.0, 0.0); rows]);
        Self { pairs, gradient_unit: 1.0, hessian_unit: 1.0, exact }
    }

    /// Sets them to those at the given log-odds. The units are as fine as the sums allow.
    pub fn update(&mut self, log_odds: &[f32], labels: &[bool], weights: &[f32], threads: usize) {
        let mut pieces: Vec<Piece<'_>> = self
            .pairs
            .chunks_mut(PIECE)
            .zip(self.exact.chunks_mut(PIECE))
            .map(|(pairs, exact)| Piece { pairs, exact, sums: (0.0, 0.0) })
            .collect();
        let mut workspaces = vec![(); threads];
        for_each_slot(&mut workspaces, &mut pieces, |index, (), piece| {
            let rows = index * PIECE..index * PIECE + piece.exact.len();
            let (log_odds, labels, weights) =
                (&log_odds[rows.clone()], &labels[rows.clone()], &weights[rows]);
            for (row, exact) in piece.exact.iter_mut().enumerate() {
                let probability = 1.0 / (1.0 + (-log_odds[row]).exp());
                let truth = if labels[row] { 1.0 } else { 0.0 };
                let gradient = weights[row] * (probability - truth);
                let hessian = weights[row] * probability * (1.0 - probability);
                *exact = (gradient, hessian);
                piece.sums.0 += f64::from(gradient.abs());
                piece.sums.1 += f64::from(hessian);
            }
        });
        let sums =
            pieces.iter().fold((0.0, 0.0), |sums, piece| (sums.0 + piece.sums.0, sums.1 + piece.sums.1));
        let unit = |sum: f64, total: f64| if sum > 0.0 { sum / total } else { 1.0 };
        let (gradient_unit, hessian_unit) = (unit(sums.0, GRADIENT_TOTAL), unit(sums.1, HESSIAN_TOTAL));
        for_each_slot(&mut workspaces, &mut pieces, |_, (), piece| {
            for (pair, (gradient, hessian)) in piece.pairs.iter_mut().zip(&*piece.exact) {
                let gradient = (f64::from(*gradient) / gradient_unit).round() as i64;
                *pair = Pair((gradient << 32) + (f64::from(*hessian) / hessian_unit).round() as i64);
            }
        });
        (self.gradient_unit, self.hessian_unit) = (gradient_unit, hessian_unit);
    }
}
