//! From a row's values to a model's inputs: categories one-hot.

use super::{ColumnDefinition, ColumnKind, Schema};
use crate::rows::{Rows, RowsError};

/// What stands for the name of all levels that a category does not tell apart.
const OTHER: &str = "(other)";

impl Schema {
    /// Inputs a model has for a row: one for a number or a truth value, one a level and one for all other names for a
    /// category.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.columns.iter().map(ColumnDefinition::inputs).sum()
    }

    /// A model's inputs for one row, [`Schema::input_count`] of them. Where a value is missing all its inputs are NaN: the
    /// model, or its imputation, says what that means. A value that is not there counts as missing, a place that no level has
    /// as another name.
    #[must_use]
    pub fn expand(&self, values: &[Option<f64>]) -> Vec<f32> {
        let mut inputs = Vec::with_capacity(self.input_count());
        for (index, column) in self.columns.iter().enumerate() {
            let value = values.get(index).copied().flatten().map_or(f32::NAN, |value| value as f32);
            column.expand(value, &mut inputs);
        }
        inputs
    }

    /// The same for rows of values, one a column, NaN where missing.
    ///
    /// # Errors
    /// [`RowsError::Shape`] when the rows are not as wide as the schema.
    pub fn expand_rows(&self, rows: &Rows) -> Result<Rows, RowsError> {
        if rows.width() != self.columns.len() {
            return Err(RowsError::Shape { values: rows.width(), width: self.columns.len() });
        }
        let mut inputs = Vec::with_capacity(rows.len() * self.input_count());
        for row in rows {
            self.columns.iter().zip(row).for_each(|(column, value)| column.expand(*value, &mut inputs));
        }
        Rows::new(inputs, self.input_count())
    }

    /// Names of the inputs: `column`, or `column=level`.
    #[must_use]
    pub fn expanded_names(&self) -> Vec<String> {
        self.columns.iter().flat_map(ColumnDefinition::input_names).collect()
    }

    /// The column an input belongs to, by its place; `None` when there is no such input.
    #[must_use]
    pub fn owner(&self, input: usize) -> Option<usize> {
        let ends = self.columns.iter().scan(0, |end, column| {
            *end += column.inputs();
            Some(*end)
        });
        ends.into_iter().position(|end| input < end)
    }
}

impl ColumnDefinition {
    fn expand(&self, value: f32, inputs: &mut Vec<f32>) {
        let ColumnKind::Category { levels } = &self.kind else { return inputs.push(value) };
        if value.is_nan() {
            return inputs.extend((0..=levels.len()).map(|_| f32::NAN));
        }
        let known = (0..levels.len()).find(|level| *level as f32 == value);
        let here = known.unwrap_or(levels.len());
        inputs.extend((0..=levels.len()).map(|level| if level == here { 1.0 } else { 0.0 }));
    }

    fn input_names(&self) -> Vec<String> {
        let ColumnKind::Category { levels } = &self.kind else { return vec![self.name.clone()] };
        let levels = levels.iter().map(String::as_str).chain([OTHER]);
        levels.map(|level| format!("{}={level}", self.name)).collect()
    }
}
