//! The little that Newton's method needs: symmetric positive definite systems of a few dozen unknowns, and their making.

/// Lower Cholesky factor of a symmetric positive definite matrix.
pub(crate) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix` (`size × size`, row-major); `None` when it is not positive definite.
    pub(crate) fn of(matrix: &[f64], size: usize) -> Option<Self> {
        let mut lower = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let known: f64 = (0..column).map(|k| lower[row * size + k] * lower[column * size + k]).sum();
                let rest = matrix[row * size + column] - known;
                lower[row * size + column] = if row == column {
                    if rest.is_nan() || rest <= 0.0 {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower[column * size + column]
                };
            }
        }
        Some(Self { size, lower })
    }

    /// Solves `matrix · x = right`.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let (size, lower) = (self.size, &self.lower);
        let mut x = right.to_vec();
        for row in 0..size {
            let known: f64 = (0..row).map(|k| lower[row * size + k] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row * size + row];
        }
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size).map(|k| lower[k * size + row] * x[k]).sum();
            x[row] = (x[row] - known) / lower[row * size + row];
        }
        x
    }

    /// The inverse of the matrix, row-major.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let mut inverse = Vec::with_capacity(self.size * self.size);
        for column in 0..self.size {
            let mut unit = vec![0.0; self.size];
            unit[column] = 1.0;
            inverse.extend(self.solve(&unit));
        }
        inverse
    }
}

/// Rows that are gathered before their products are summed.
const BLOCK: usize = 32;
/// Side of the square of sums that is kept in registers while a block is summed.
const TILE: usize = 4;

/// The sum of `weight · x · xᵀ` over many rows `x`.
///
/// Every entry is summed over the rows in their order, as plain loops would: gathering rows in blocks saves reading and
/// writing the sums for each row, and changes no result.
pub(crate) struct WeightedProducts {
    size: usize,
    /// `size` rounded up to whole tiles: the width of all matrices below, filled up with zeros.
    stride: usize,
    /// The gathered rows, and the same times their weights.
    rows: Vec<f64>,
    scaled: Vec<f64>,
    gathered: usize,
    /// Tiles on and below the diagonal are kept up.
    sums: Vec<f64>,
}

impl WeightedProducts {
    /// No rows yet; each is to have `size` values.
    pub(crate) fn new(size: usize) -> Self {
        let stride = size.next_multiple_of(TILE);
        Self {
            size,
            stride,
            rows: vec![0.0; BLOCK * stride],
            scaled: vec![0.0; BLOCK * stride],
            gathered: 0,
            sums: vec![0.0; stride * stride],
        }
    }

    /// Adds one row.
    pub(crate) fn add(&mut self, x: &[f64], weight: f64) {
        let at = self.gathered * self.stride;
        self.rows[at..at + self.size].copy_from_slice(x);
        for (scaled, x) in self.scaled[at..at + self.size].iter_mut().zip(x) {
            *scaled = weight * x;
        }
        self.gathered += 1;
        if self.gathered == BLOCK {
            self.sum_block();
        }
    }

    /// The sums, `size × size`, row-major.
    pub(crate) fn finish(mut self) -> Vec<f64> {
        self.sum_block();
        let (size, stride) = (self.size, self.stride);
        let entry = |row: usize, column: usize| self.sums[row.max(column) * stride + row.min(column)];
        (0..size).flat_map(|row| (0..size).map(move |column| entry(row, column))).collect()
    }

    fn sum_block(&mut self) {
        for top in (0..self.stride).step_by(TILE) {
            for left in (0..=top).step_by(TILE) {
                self.sum_tile(top, left);
            }
        }
        self.gathered = 0;
    }

    fn sum_tile(&mut self, top: usize, left: usize) {
        let mut tile = [[0.0; TILE]; TILE];
        for (sums, stored) in tile.iter_mut().zip(self.sums[top * self.stride..].chunks(self.stride)) {
            sums.copy_from_slice(&stored[left..left + TILE]);
        }
        let filled = self.gathered * self.stride;
        let rows = self.rows[..filled].chunks_exact(self.stride);
        for (row, scaled) in rows.zip(self.scaled[..filled].chunks_exact(self.stride)) {
            let (row, scaled) = (&row[left..left + TILE], &scaled[top..top + TILE]);
            for (sums, scaled) in tile.iter_mut().zip(scaled) {
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += scaled * x;
                }
            }
        }
        for (sums, stored) in tile.iter().zip(self.sums[top * self.stride..].chunks_mut(self.stride)) {
            stored[left..left + TILE].copy_from_slice(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_inverts() {
        let matrix = [4.0, 2.0, 2.0, 3.0];
        let factor = Cholesky::of(&matrix, 2).expect("it is positive definite");
        let x = factor.solve(&[8.0, 7.0]);
        assert!((x[0] - 1.25).abs() < 1e-12 && (x[1] - 1.5).abs() < 1e-12);
        let inverse = factor.inverse();
        assert!((inverse[0] - 0.375).abs() < 1e-12 && (inverse[1] + 0.25).abs() < 1e-12);
        assert!(Cholesky::of(&[0.0], 1).is_none());
        assert!(Cholesky::of(&[f64::NAN], 1).is_none());
    }

    #[test]
    fn sums_in_blocks_are_those_of_plain_loops_to_the_last_bit() {
        for (size, count) in [(1, 1), (3, 32), (4, 33), (7, 100)] {
            let value = |row: usize, i: usize| ((row * 31 + i * 17) as f64).sin() * 10f64.powi(i as i32);
            let weight = |row: usize| (row as f64).cos().abs();
            let (mut sums, mut plain) = (WeightedProducts::new(size), vec![0.0; size * size]);
            for row in 0..count {
                let x: Vec<f64> = (0..size).map(|i| value(row, i)).collect();
                for i in 0..size {
                    for j in 0..=i {
                        plain[i * size + j] += weight(row) * x[i] * x[j];
                        plain[j * size + i] = plain[i * size + j];
                    }
                }
                sums.add(&x, weight(row));
            }
            assert_eq!(sums.finish(), plain, "{count} rows of {size}");
        }
    }
}
