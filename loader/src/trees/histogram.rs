//! How much of each class lies in each bin of one column.

use std::ops::{Add, Sub};

use super::bins::MISSING;

/// Total weight in the lower half, that of the positive class in the upper one: one addition adds both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mass(u64);

impl Mass {
    pub fn new(weight: u32, positive: bool) -> Self {
        let weight = u64::from(weight);
        Self(if positive { weight << 32 | weight } else { weight })
    }

    pub fn total(self) -> f64 {
        f64::from(self.0 as u32)
    }

    pub fn positive(self) -> f64 {
        f64::from((self.0 >> 32) as u32)
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether both classes are there.
    pub fn is_mixed(self) -> bool {
        let (total, positive) = (self.0 as u32, (self.0 >> 32) as u32);
        positive > 0 && positive < total
    }
}

impl Add for Mass {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Mass {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl std::iter::Sum for Mass {
    fn sum<I: Iterator<Item = Self>>(masses: I) -> Self {
        masses.fold(Self::default(), Self::add)
    }
}

/// Rows from which on all bins are looked at, instead of the occupied ones only.
const MANY: usize = 256;

/// Masses by bin, for one node and one column at a time.
pub(super) struct Histogram {
    cells: Box<[Mass; 256]>,
    /// Bins with something in them, ascending, the missing values' left out.
    occupied: Vec<(u8, Mass)>,
    missing: Mass,
}

impl Histogram {
    pub fn new() -> Self {
        Self {
            cells: Box::new([Mass::default(); 256]),
            occupied: Vec::with_capacity(256),
            missing: Mass::default(),
        }
    }

    /// Counts a node's rows.
    pub fn fill(&mut self, column: &[u8], rows: &[u32], masses: &[Mass]) {
        self.occupied.clear();
        let mut bits = [0_u64; 4];
        if rows.len() < MANY {
            for (row, mass) in rows.iter().zip(masses) {
                let bin = column[*row as usize];
                let cell = &mut self.cells[usize::from(bin)];
                *cell = *cell + *mass;
                bits[usize::from(bin >> 6)] |= 1 << (bin & 63);
            }
        } else {
            for (row, mass) in rows.iter().zip(masses) {
                let cell = &mut self.cells[usize::from(column[*row as usize])];
                *cell = *cell + *mass;
            }
            bits = [u64::MAX; 4];
        }
        self.missing = std::mem::take(&mut self.cells[usize::from(MISSING)]);
        bits[3] &= !(1 << 63);
        for (word, mut bits) in bits.into_iter().enumerate() {
            while bits != 0 {
                let bin = 64 * word + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let mass = std::mem::take(&mut self.cells[bin]);
                if !mass.is_empty() {
                    self.occupied.push((bin as u8, mass));
                }
            }
        }
    }

    /// The bins with something in them, ascending, the missing values' left out.
    pub fn occupied(&self) -> &[(u8, Mass)] {
        &self.occupied
    }

    /// The mass of the missing values.
    pub fn missing(&self) -> Mass {
        self.missing
    }
}
