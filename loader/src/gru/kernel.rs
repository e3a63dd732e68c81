//! Everything that needs `unsafe`: matrix products through the gemm crate, and running a kernel in a version compiled
//! for the instruction set of the processor at hand. Nothing is assumed beyond the compilation target's baseline.

/// A view of a matrix inside a slice, row-major or transposed.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// A row-major `[rows × columns]` matrix that fills the slice.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "a matrix of {rows} × {columns}");
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same values with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// What becomes of the values that a product is written over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Update {
    /// They are replaced.
    Overwrite,
    /// The product is added to them.
    Accumulate,
}

/// Writes `left · right` to `product`, row-major `[left.rows × right.columns]`.
pub(crate) fn multiply(left: Matrix<'_>, right: Matrix<'_>, product: &mut [f32], update: Update) {
    assert_eq!(left.columns, right.rows, "inner sizes of a matrix product");
    assert_eq!(product.len(), left.rows * right.columns, "size of a matrix product");
    // SAFETY: `Matrix` values are only made by `new`, which checked that rows and columns with their strides stay within
    // the slice, and by `transposed`, which exchanges both; the assertions above check the product. The exclusive borrow
    // of `product` keeps it apart from the two operands.
    unsafe {
        gemm::gemm(
            left.rows,
            right.columns,
            left.columns,
            product.as_mut_ptr(),
            1,
            right.columns as isize,
            update == Update::Accumulate,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// A loop that is compiled once for each instruction set.
///
/// Implementations are `#[inline(always)]`, so that the loop itself is compiled with the caller's instructions.
pub(super) trait Kernel {
    /// Runs the loop; `FUSED` tells whether the instruction set multiplies and adds in one rounding.
    fn run<const FUSED: bool>(self);
}

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instructions(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Instructions {
    /// The best instruction set of this processor.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let has_avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl");
            return Self(if has_avx512 { Level::Avx512 } else { Level::Avx2 });
        }
        Self(Level::Baseline)
    }

    /// Runs a kernel in the version for this instruction set.
    pub fn run(self, kernel: impl Kernel) {
        match self.0 {
            Level::Baseline => kernel.run::<false>(),
            // SAFETY: `detect` makes this value only on a processor that reports AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: `detect` makes this value only on a processor that reports AVX-512 F and VL, AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { run_avx512(kernel) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2(kernel: impl Kernel) {
    kernel.run::<true>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
fn run_avx512(kernel: impl Kernel) {
    kernel.run::<true>();
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Every instruction set that the processor of the test has.
    pub fn available() -> Vec<Instructions> {
        let best = Instructions::detect();
        let mut all = vec![Instructions(Level::Baseline)];
        #[cfg(target_arch = "x86_64")]
        if best == Instructions(Level::Avx512) {
            all.push(Instructions(Level::Avx2));
        }
        if best != all[0] {
            all.push(best);
        }
        all
    }

    #[test]
    fn products_of_plain_and_transposed_matrices() {
        let left = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let right = [1.0, 0.0, -1.0, 2.0, 0.5, 1.0];
        let mut product = [10.0; 4];
        multiply(Matrix::new(&left, 2, 3), Matrix::new(&right, 3, 2), &mut product, Update::Accumulate);
        assert_eq!(product, [10.5, 17.0, 12.0, 26.0]);

        let mut product = [f32::NAN; 9];
        multiply(
            Matrix::new(&left, 2, 3).transposed(),
            Matrix::new(&right, 2, 3),
            &mut product,
            Update::Overwrite,
        );
        assert_eq!(product, [9.0, 2.0, 3.0, 12.0, 2.5, 3.0, 15.0, 3.0, 3.0]);
    }
}
