//! What a version remembers of the rows it was trained on, so that later ones can be compared with them in the database.

use botdet_models::metrics::PsiReference;
use botdet_models::pipeline::Columns;
use serde::{Deserialize, Serialize};

/// Bins of a number; fewer where its values are few.
const BINS: usize = 10;
/// What the version answers, among the columns.
const PREDICTION: &str = "bot_probability";

/// Bins of every column, and of what the version answers: the part `training.reference` of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Columns, then the prediction; without those that no row has a value of.
    pub columns: Vec<ReferenceColumn>,
}

/// Bins of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReferenceColumn {
    /// The column's name.
    pub name: String,
    /// Rows that the shares are of.
    pub rows: u64,
    /// Inner edges of the bins, rising strictly; a value at an edge lies below it. Of a category, the places of its levels, from 0;
    /// behind them lie all other names.
    pub edges: Vec<f64>,
    /// Share of the rows in each bin, one more than edges.
    pub shares: Vec<f64>,
    /// Share of the rows without a value.
    pub missing: f64,
    /// Least value; `None` for a category.
    pub low: Option<f64>,
    /// Greatest value; `None` for a category.
    pub high: Option<f64>,
    /// Levels of a category, in order.
    pub levels: Option<Vec<String>>,
}

impl Reference {
    /// Bins of the columns of these rows, and of probabilities that the version answers to rows it has not learned from.
    #[must_use]
    pub fn of(columns: &Columns, rows: &[&[Option<f64>]], probabilities: &[f64]) -> Self {
        let of_column = |column: usize| {
            let values: Vec<f64> = rows.iter().map(|row| row[column].unwrap_or(f64::NAN)).collect();
            ReferenceColumn::of(columns.name(column).into_owned(), &values, columns.levels(column))
        };
        let prediction = ReferenceColumn::of(PREDICTION.to_owned(), probabilities, None);
        Self { columns: (0..columns.count()).filter_map(of_column).chain(prediction).collect() }
    }
}

impl ReferenceColumn {
    /// NaN is a missing value; `None` when all are.
    fn of(name: String, values: &[f64], levels: Option<&[String]>) -> Option<Self> {
        let known = || values.iter().copied().filter(|value| !value.is_nan());
        let (low, high) = (known().reduce(f64::min)?, known().reduce(f64::max)?);
        let bins = match levels {
            // Each level has a bin of its own, also one that hardly any row has, and all other names the last one.
            Some(levels) => {
                let edges = (0..levels.len()).map(|level| level as f64).collect();
                PsiReference::with_edges(edges, values)?
            }
            None => PsiReference::of(values, BINS)?,
        };
        Some(Self {
            name,
            rows: values.len() as u64,
            edges: bins.edges().to_vec(),
            shares: bins.shares().to_vec(),
            missing: bins.missing(),
            low: levels.is_none().then_some(low),
            high: levels.is_none().then_some(high),
            levels: levels.map(<[String]>::to_vec),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_quantiles_and_categories_a_bin_a_level() {
        let values: Vec<f64> = (0..100).map(f64::from).chain([f64::NAN; 100]).collect();
        let number = ReferenceColumn::of("n".to_owned(), &values, None).expect("there are values");
        assert_eq!((number.edges.len(), number.missing, number.rows), (9, 0.5, 200));
        assert_eq!((number.low, number.high), (Some(0.0), Some(99.0)));
        let levels = ["a", "b", "c"].map(str::to_owned);
        let category = ReferenceColumn::of("c".to_owned(), &[0.0, 2.0, 2.0, f64::NAN], Some(&levels));
        let category = category.expect("there are values");
        assert_eq!((category.edges, category.shares), (vec![0.0, 1.0, 2.0], vec![0.25, 0.0, 0.5, 0.0]));
        let other =
            ReferenceColumn::of("c".to_owned(), &[0.0, 3.0], Some(&levels)).expect("there are values");
        assert_eq!(other.shares, [0.5, 0.0, 0.0, 0.5]);
        assert_eq!(category.low, None);
        assert_eq!(ReferenceColumn::of("m".to_owned(), &[f64::NAN], None), None, "nothing to compare with");
    }
}
