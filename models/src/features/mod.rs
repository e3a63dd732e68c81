//! The features of an account, and the catalogue that says what each means.

mod account;
mod catalog;

use std::sync::LazyLock;

use crate::schema::{ColumnDefinition, Schema};

pub use account::account_features;
pub use catalog::{ACCOUNT_FEATURES, Family, FeatureDefinition, Scale, schema_fingerprint};

/// Number of features of the `account` detector.
pub const ACCOUNT_FEATURE_COUNT: usize = ACCOUNT_FEATURES.len();

/// The features as columns of numbers, for rows that come as JSON.
///
/// # Panics
/// Never: the catalogue's names differ.
#[must_use]
pub fn account_schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let columns = ACCOUNT_FEATURES.iter().map(|feature| ColumnDefinition::number(feature.name)).collect();
        Schema::new(columns, Vec::new()).unwrap_or_else(|error| unreachable!("catalogue: {error}"))
    });
    &SCHEMA
}

/// Why values cannot be features.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FeatureError {
    /// Not as many values as the schema has features.
    #[error("{found} feature values where the schema has {expected}")]
    Count {
        /// Values there are.
        found: usize,
        /// Features of the schema.
        expected: usize,
    },
    /// A value that is not a finite number.
    #[error("feature {feature} is {value}, not a finite number")]
    NotFinite {
        /// The feature's name.
        feature: &'static str,
        /// The value.
        value: f64,
    },
    /// A value the feature cannot have.
    #[error("feature {feature} is {value}, outside {low} to {high}")]
    OutOfRange {
        /// The feature's name.
        feature: &'static str,
        /// The value.
        value: f64,
        /// Smallest possible value.
        low: f64,
        /// Largest possible value.
        high: f64,
    },
}

/// One account's values in catalogue order; `None` is missing. Every value that is there is finite and in range.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureVector {
    values: [Option<f64>; ACCOUNT_FEATURE_COUNT],
}

impl FeatureVector {
    /// Checks values that came from elsewhere.
    ///
    /// # Errors
    /// [`FeatureError`] naming the first value that is not finite or not possible.
    pub fn new(values: &[Option<f64>]) -> Result<Self, FeatureError> {
        let values: [Option<f64>; ACCOUNT_FEATURE_COUNT] = values
            .try_into()
            .map_err(|_| FeatureError::Count { found: values.len(), expected: ACCOUNT_FEATURE_COUNT })?;
        for (definition, value) in ACCOUNT_FEATURES.iter().zip(values) {
            definition.check(value)?;
        }
        Ok(Self { values })
    }

    /// The values, in catalogue order.
    #[must_use]
    pub fn values(&self) -> &[Option<f64>; ACCOUNT_FEATURE_COUNT] {
        &self.values
    }

    /// The value of a feature; `None` when it is missing or there is no such feature.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        let index = ACCOUNT_FEATURES.iter().position(|definition| definition.name == name)?;
        self.values[index]
    }
}
