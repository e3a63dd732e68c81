//! What a detector looks at: its columns, and the inputs that its models see.

use std::borrow::Cow;

use super::PipelineError;
use crate::artifact::{Artifact, ArtifactError};
use crate::features::{ACCOUNT_FEATURE_COUNT, ACCOUNT_FEATURES, schema_fingerprint};
use crate::schema::{ColumnKind, Schema};

/// The detector that judges accounts by the feature catalogue; all others judge the rows of a table.
pub const ACCOUNT: &str = "account";

/// The columns of a detector, in order.
#[derive(Clone, Debug)]
pub struct Columns {
    /// `None`: the feature catalogue, one input a feature.
    schema: Option<Schema>,
    /// The column that each input comes from.
    owners: Vec<usize>,
    /// The first input of each column.
    first_inputs: Vec<usize>,
}

impl Columns {
    /// Name of the artifact's part with the [`Schema`] of a table, as JSON; detector [`ACCOUNT`] has none.
    pub const SCHEMA: &'static str = "schema";

    /// The features of accounts.
    #[must_use]
    pub fn account() -> Self {
        let all: Vec<usize> = (0..ACCOUNT_FEATURE_COUNT).collect();
        Self { schema: None, owners: all.clone(), first_inputs: all }
    }

    /// The columns of a table: one input for a number, several for a category.
    #[must_use]
    pub fn table(schema: Schema) -> Self {
        let owners: Vec<usize> = (0..schema.input_count()).filter_map(|input| schema.owner(input)).collect();
        let first = |column| owners.partition_point(|owner| *owner < column);
        let first_inputs = (0..schema.columns().len()).map(first).collect();
        Self { schema: Some(schema), owners, first_inputs }
    }

    /// The columns that an artifact was trained on.
    ///
    /// # Errors
    /// [`PipelineError`] when the schema is not sound, or not the one that the manifest names.
    pub fn of(artifact: &Artifact) -> Result<Self, PipelineError> {
        let part = |reason| PipelineError::Part { part: Self::SCHEMA, reason };
        let is_account = artifact.manifest().detector == ACCOUNT;
        let columns = match artifact.part(Self::SCHEMA) {
            None if is_account => Self::account(),
            None => return Err(ArtifactError::MissingPart(Self::SCHEMA).into()),
            Some(_) if is_account => {
                return Err(part("accounts are judged by the feature catalogue".to_owned()));
            }
            Some(json) => Self::table(serde_json::from_slice(json).map_err(|error| part(error.to_string()))?),
        };
        let found = &artifact.manifest().schema;
        let expected = columns.fingerprint();
        if *found == expected {
            return Ok(columns);
        }
        Err(ArtifactError::Schema { found: found.clone(), expected }.into())
    }

    /// Identifies names, order and kinds of the columns.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.schema.as_ref().map_or_else(schema_fingerprint, Schema::fingerprint)
    }

    /// The schema of a table; `None` for accounts.
    #[must_use]
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// Columns there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.first_inputs.len()
    }

    /// A column's name.
    #[must_use]
    pub fn name(&self, column: usize) -> Cow<'static, str> {
        match &self.schema {
            None => Cow::Borrowed(ACCOUNT_FEATURES[column].name),
            Some(schema) => Cow::Owned(schema.columns()[column].name.clone()),
        }
    }

    /// The unit of a column's values; empty for a plain number.
    #[must_use]
    pub fn unit(&self, column: usize) -> &'static str {
        match &self.schema {
            None => ACCOUNT_FEATURES[column].unit,
            Some(_) => "",
        }
    }

    /// The levels of a category; `None` for numbers and truth values.
    #[must_use]
    pub fn levels(&self, column: usize) -> Option<&[String]> {
        match &self.schema.as_ref()?.columns()[column].kind {
            ColumnKind::Category { levels } => Some(levels),
            ColumnKind::Number | ColumnKind::Boolean => None,
        }
    }

    /// What a value is called, where its number says nothing.
    #[must_use]
    pub fn label(&self, column: usize, value: f64) -> Option<String> {
        let level = self.levels(column)?.get(value as usize);
        Some(level.map_or("another", String::as_str).to_owned())
    }

    /// The column with this name.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        match &self.schema {
            None => ACCOUNT_FEATURES.iter().position(|feature| feature.name == name),
            Some(schema) => schema.columns().iter().position(|column| column.name == name),
        }
    }

    /// Inputs there are.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.owners.len()
    }

    /// The column that an input comes from.
    #[must_use]
    pub fn owner(&self, input: usize) -> usize {
        self.owners[input]
    }

    /// The first input of a column.
    #[must_use]
    pub fn first_input(&self, column: usize) -> usize {
        self.first_inputs[column]
    }

    /// The inputs that a row's values become, NaN where missing.
    #[must_use]
    pub fn inputs(&self, values: &[Option<f64>]) -> Vec<f64> {
        match &self.schema {
            None => values.iter().map(|value| value.unwrap_or(f64::NAN)).collect(),
            Some(schema) => schema.expand(values).into_iter().map(f64::from).collect(),
        }
    }
}
