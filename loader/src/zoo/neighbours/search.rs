//! Exhaustive search by matrix products. With twenty inputs and more, trees (tried: linfa-nn's ball and k-d tree) visit
//! nearly all rows too, and are twenty times slower.

use crate::gru::kernel::{Matrix, Update, multiply};

/// Rows that are asked for at once.
const ASKED: usize = 64;
/// Reference rows that they are compared with at once.
const COMPARED: usize = 1024;
/// Neighbours beyond those asked for whose distances are computed exactly: a matrix product rounds.
const SPARE: usize = 8;

/// Rows to search in.
pub(super) struct References {
    width: usize,
    inputs: Vec<f32>,
    /// Squared lengths.
    lengths: Vec<f32>,
}

impl References {
    /// Row-major inputs.
    pub fn new(inputs: Vec<f32>, width: usize) -> Self {
        let lengths = inputs.chunks_exact(width).map(|row| row.iter().map(|x| x * x).sum()).collect();
        Self { width, inputs, lengths }
    }

    /// The `count` nearest references of each row, nearest first: distance and index. All, where there are fewer; of
    /// equally near ones, the first.
    pub fn nearest(&self, rows: &[f32], count: usize) -> Vec<Vec<(f64, usize)>> {
        let mut products = Vec::new();
        let parts = rows.chunks(ASKED * self.width);
        parts.flat_map(|part| self.nearest_of_part(part, count, &mut products)).collect()
    }

    fn nearest_of_part(&self, rows: &[f32], count: usize, products: &mut Vec<f32>) -> Vec<Vec<(f64, usize)>> {
        let asked = rows.len() / self.width;
        let mut candidates: Vec<Smallest> = (0..asked).map(|_| Smallest::new(count + SPARE)).collect();
        for (part, references) in self.inputs.chunks(COMPARED * self.width).enumerate() {
            let compared = references.len() / self.width;
            products.resize(asked * compared, 0.0);
            let right = Matrix::new(references, compared, self.width).transposed();
            multiply(Matrix::new(rows, asked, self.width), right, products, Update::Overwrite);
            let lengths = &self.lengths[part * COMPARED..part * COMPARED + compared];
            for (candidates, products) in candidates.iter_mut().zip(products.chunks_exact(compared)) {
                candidates.add(part * COMPARED, products, lengths);
            }
        }
        let rows = rows.chunks_exact(self.width);
        rows.zip(candidates).map(|(row, candidates)| self.exact(row, &candidates, count)).collect()
    }

    fn exact(&self, row: &[f32], candidates: &Smallest, count: usize) -> Vec<(f64, usize)> {
        let distance = |index: usize| {
            let reference = &self.inputs[index * self.width..(index + 1) * self.width];
            let squares = row.iter().zip(reference).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let mut nearest: Vec<(f64, usize)> =
            candidates.found.iter().map(|(_, index)| (distance(*index), *index)).collect();
        nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        nearest.truncate(count);
        nearest
    }
}

/// The smallest values so far, ascending.
struct Smallest {
    most: usize,
    found: Vec<(f32, usize)>,
}

impl Smallest {
    fn new(most: usize) -> Self {
        Self { most, found: Vec::with_capacity(most + 1) }
    }

    /// Squared distances less the asking row's own squared length, which is the same for all.
    fn add(&mut self, first: usize, products: &[f32], lengths: &[f32]) {
        let mut bound = self.bound();
        for (offset, (product, length)) in products.iter().zip(lengths).enumerate() {
            let value = length - 2.0 * product;
            if value < bound {
                let at = self.found.partition_point(|(found, _)| *found <= value);
                self.found.insert(at, (value, first + offset));
                self.found.truncate(self.most);
                bound = self.bound();
            }
        }
    }

    fn bound(&self) -> f32 {
        if self.found.len() < self.most { f32::INFINITY } else { self.found[self.most - 1].0 }
    }
}
