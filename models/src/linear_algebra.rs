//! The little that Newton's method needs: symmetric positive definite systems of up to a few thousand unknowns, and their
//! making.

/// Right sides that are solved together when a matrix is inverted: their sums are kept in registers.
const LANES: usize = 8;

/// Cholesky factor of a symmetric positive definite matrix.
///
/// Every sum runs over its terms in their order, whatever is done side by side: how it is computed changes no result.
pub(crate) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
    /// The same, transposed, so that both substitutions read memory in order.
    upper: Vec<f64>,
}

impl Cholesky {
    /// Factors `matrix` (`size × size`, row-major); `None` when it is not positive definite.
    pub(crate) fn of(matrix: &[f64], size: usize) -> Option<Self> {
        let mut upper = vec![0.0; size * size];
        let mut known = vec![0.0; size];
        for column in 0..size {
            let (done, rest) = upper.split_at_mut(column * size);
            let known = &mut known[column..];
            known.fill(0.0);
            for done in done.chunks_exact(size) {
                let factor = done[column];
                known.iter_mut().zip(&done[column..]).for_each(|(known, value)| *known += value * factor);
            }
            let below = matrix.chunks_exact(size).skip(column).map(|row| row[column]);
            let rests = below.zip(known.iter()).map(|(value, known)| value - known);
            rest[column..size].iter_mut().zip(rests).for_each(|(entry, value)| *entry = value);
            let pivot = rest[column];
            if pivot.is_nan() || pivot <= 0.0 {
                return None;
            }
            let pivot = pivot.sqrt();
            rest[column] = pivot;
            rest[column + 1..size].iter_mut().for_each(|entry| *entry /= pivot);
        }
        let lower = (0..size * size).map(|place| upper[place % size * size + place / size]).collect();
        Some(Self { size, lower, upper })
    }

    /// Solves `matrix · x = right`.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut lanes: Vec<[f64; 1]> = right.iter().map(|value| [*value]).collect();
        self.substitute(&mut lanes, 0);
        lanes.into_iter().map(|[value]| value).collect()
    }

    /// Solves for several right sides at once, in their place; all are 0 before row `first`.
    fn substitute<const SIDES: usize>(&self, x: &mut [[f64; SIDES]], first: usize) {
        let size = self.size;
        for row in first..size {
            let known = products(&self.lower[row * size + first..row * size + row], &x[first..row]);
            let pivot = self.lower[row * size + row];
            x[row].iter_mut().zip(known).for_each(|(x, known)| *x = (*x - known) / pivot);
        }
        for row in (0..size).rev() {
            let known = products(&self.upper[row * size + row + 1..(row + 1) * size], &x[row + 1..]);
            let pivot = self.upper[row * size + row];
            x[row].iter_mut().zip(known).for_each(|(x, known)| *x = (*x - known) / pivot);
        }
    }

    /// The inverse of the matrix, row-major.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let size = self.size;
        let mut inverse = Vec::with_capacity(size * size);
        for first in (0..size).step_by(LANES) {
            let lanes = LANES.min(size - first);
            let mut x = vec![[0.0; LANES]; size];
            (0..lanes).for_each(|lane| x[first + lane][lane] = 1.0);
            self.substitute(&mut x, first);
            inverse.extend((0..lanes).flat_map(|lane| x.iter().map(move |row| row[lane])));
        }
        inverse
    }
}

/// The sums of `factor · x`, one a side.
fn products<const SIDES: usize>(factors: &[f64], x: &[[f64; SIDES]]) -> [f64; SIDES] {
    let mut sums = [0.0; SIDES];
    for (factor, x) in factors.iter().zip(x) {
        sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += factor * x);
    }
    sums
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
    fn what_is_done_side_by_side_is_what_plain_loops_do_to_the_last_bit() {
        for size in [1, 2, 7, 8, 9, 33] {
            let value =
                |i: usize, j: usize| ((i * 31 + j * 17) as f64).sin() + f64::from(u8::from(i == j)) * 40.0;
            let matrix: Vec<f64> = (0..size * size)
                .map(|at| value((at / size).max(at % size), (at / size).min(at % size)))
                .collect();
            let mut lower = vec![0.0; size * size];
            for row in 0..size {
                for column in 0..=row {
                    let known: f64 =
                        (0..column).map(|k| lower[row * size + k] * lower[column * size + k]).sum();
                    let rest = matrix[row * size + column] - known;
                    lower[row * size + column] =
                        if row == column { rest.sqrt() } else { rest / lower[column * size + column] };
                }
            }
            let factor = Cholesky::of(&matrix, size).expect("its diagonal dominates");
            assert_eq!(factor.lower, lower, "{size}");
            let inverse = factor.inverse();
            for column in 0..size {
                let mut unit = vec![0.0; size];
                unit[column] = 1.0;
                assert_eq!(
                    inverse[column * size..(column + 1) * size],
                    factor.solve(&unit),
                    "{column} of {size}"
                );
            }
        }
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
