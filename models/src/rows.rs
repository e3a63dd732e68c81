//! Rows of numbers: what models of features learn from and judge.

/// Why values are not rows.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RowsError {
    /// The values do not fill whole rows.
    #[error("{values} values are not whole rows of {width}")]
    Shape {
        /// Values there are.
        values: usize,
        /// Values to a row.
        width: usize,
    },
    /// A value is infinite.
    #[error("row {row} holds {value} in column {column}, which is not finite")]
    Infinite {
        /// The row's index.
        row: usize,
        /// The column's index.
        column: usize,
        /// The value.
        value: f32,
    },
}

/// Rows of equal width, row-major. A value is finite, or NaN where it is missing.
///
/// Single precision, because trees compare with thresholds of single precision: training and serving round a value the same
/// way, so that both send it the same way.
#[derive(Clone, Debug)]
pub struct Rows {
    values: Vec<f32>,
    width: usize,
}

impl Rows {
    /// Checks values, row-major.
    ///
    /// # Errors
    /// [`RowsError`] when they do not fill whole rows of at least one value, or one is infinite.
    pub fn new(values: Vec<f32>, width: usize) -> Result<Self, RowsError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(RowsError::Shape { values: values.len(), width });
        }
        match values.iter().position(|value| value.is_infinite()) {
            Some(at) => Err(RowsError::Infinite { row: at / width, column: at % width, value: values[at] }),
            None => Ok(Self { values, width }),
        }
    }

    /// The same of whole rows, where a value that is not finite counts as missing.
    #[must_use]
    pub fn with_infinite_missing(mut values: Vec<f32>, width: usize) -> Self {
        debug_assert!(width > 0 && values.len().is_multiple_of(width));
        values.iter_mut().filter(|value| value.is_infinite()).for_each(|value| *value = f32::NAN);
        Self { values, width }
    }

    /// Values to a row, at least 1.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// A row.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// All rows, in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.width)
    }

    /// One column's values, in the order of the rows.
    pub fn column(&self, index: usize) -> impl ExactSizeIterator<Item = f32> + '_ {
        self.iter().map(move |row| row[index])
    }

    /// All values, row-major.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Some of the rows, in the order they are named; a row may be named more than once.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let values = indices.iter().flat_map(|index| self.row(*index)).copied().collect();
        Self { values, width: self.width }
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = &'a [f32];
    type IntoIter = std::slice::ChunksExact<'a, f32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_and_finite_or_missing() {
        let rows = Rows::new(vec![1.0, f32::NAN, 3.0, 4.0], 2).expect("whole rows");
        assert_eq!((rows.len(), rows.row(1)), (2, &[3.0, 4.0][..]));
        assert_eq!(rows.select(&[1, 1]).values(), &[3.0, 4.0, 3.0, 4.0]);
        assert_eq!(rows.column(0).collect::<Vec<f32>>(), [1.0, 3.0]);
        assert_eq!(Rows::new(vec![1.0; 3], 2).err(), Some(RowsError::Shape { values: 3, width: 2 }));
        let infinite = RowsError::Infinite { row: 0, column: 1, value: f32::INFINITY };
        assert_eq!(Rows::new(vec![0.0, f32::INFINITY], 2).err(), Some(infinite));
    }
}
