//! The names that a detector's conditions may use.

use std::borrow::Cow;

use crate::features::ACCOUNT_FEATURES;
use crate::schema::{ColumnDefinition, ColumnKind, Schema};

/// The name of whoever is judged: a whole number, in every vocabulary.
pub const ACCOUNT_ID: &str = "account_id";

/// What a name's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// True and false.
    Boolean,
    /// Texts, such as the names of a category.
    Text,
    /// Whole numbers that tell things apart, and are not counted with.
    Identifier,
}

impl Kind {
    /// What an error calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Text => "a text",
            Self::Identifier => "an identifier",
        }
    }
}

/// Names with their kinds, in the order that [`super::expression::Name::place`] counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Vocabulary {
    /// `None`: any name is one, and its use says of which kind.
    names: Option<Vec<(Cow<'static, str>, Option<Kind>)>>,
}

impl Vocabulary {
    /// Any names at all: for tables that nothing is known of yet.
    #[must_use]
    pub fn any() -> Self {
        Self { names: None }
    }

    /// The features of accounts, and `account_id`.
    #[must_use]
    pub fn account() -> Self {
        Self::of(ACCOUNT_FEATURES.iter().map(|feature| (Cow::Borrowed(feature.name), Kind::Number)))
    }

    /// Names of columns, and `account_id`.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = (Cow<'static, str>, Kind)>) -> Self {
        Self::with(names.into_iter().map(|(name, kind)| (name, Some(kind))))
    }

    /// The columns of a table that a version was trained on, those it ignored, of which the kind is not known, and `account_id`.
    #[must_use]
    pub fn of_schema(schema: &Schema) -> Self {
        let columns = schema.columns().iter().map(|column| {
            let kind = match column.kind {
                ColumnKind::Number => Kind::Number,
                ColumnKind::Boolean => Kind::Boolean,
                ColumnKind::Category { .. } => Kind::Text,
            };
            (Cow::Owned(column.name.clone()), Some(kind))
        });
        Self::with(columns.chain(schema.ignored().iter().map(|name| (Cow::Owned(name.clone()), None))))
    }

    /// What a row of these names looks like, as a version that learned from its numbers and truth values would have it: of the others
    /// any value will do. `None` where any name is one, or none of them is a number or a truth value.
    #[must_use]
    pub fn schema(&self) -> Option<Schema> {
        let (mut columns, mut ignored) = (Vec::new(), Vec::new());
        for (name, kind) in self.names.iter().flatten() {
            let kind = match kind {
                Some(Kind::Number) => ColumnKind::Number,
                Some(Kind::Boolean) => ColumnKind::Boolean,
                Some(Kind::Text | Kind::Identifier) | None => {
                    ignored.push(name.clone().into_owned());
                    continue;
                }
            };
            columns.push(ColumnDefinition { name: name.clone().into_owned(), kind });
        }
        Schema::new(columns, ignored).ok()
    }

    fn with(names: impl Iterator<Item = (Cow<'static, str>, Option<Kind>)>) -> Self {
        let names = names.filter(|(name, _)| name != ACCOUNT_ID);
        let account_id = (Cow::Borrowed(ACCOUNT_ID), Some(Kind::Identifier));
        Self { names: Some(names.chain([account_id]).collect()) }
    }

    /// Place and kind of a name, as far as they are known; `None` when there is no such name.
    pub(super) fn look_up(&self, name: &str) -> Option<(Option<usize>, Option<Kind>)> {
        let Some(names) = &self.names else {
            return Some((None, (name == ACCOUNT_ID).then_some(Kind::Identifier)));
        };
        let place = names.iter().position(|(known, _)| known == name)?;
        Some((Some(place), names[place].1))
    }

    /// The name that a misspelt one most likely stands for.
    pub(super) fn nearest(&self, name: &str) -> Option<String> {
        let name: Vec<char> = name.to_lowercase().chars().take(MOST_COMPARED).collect();
        let names = self.names.iter().flatten();
        let distances = names.map(|(known, _)| (distance(&name, known), known));
        let (distance, known) = distances.min_by_key(|(distance, _)| *distance)?;
        (distance <= (name.len() / 3).max(2)).then(|| known.clone().into_owned())
    }
}

/// Characters of a name that are compared: identifiers have fewer.
const MOST_COMPARED: usize = 64;

/// Insertions, deletions and replacements that lead from one name to another (Levenshtein, 1966).
fn distance(one: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=one.len()).collect();
    for (index, character) in other.chars().take(MOST_COMPARED).enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, own) in one.iter().enumerate() {
            let replaced = diagonal + usize::from(*own != character);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[one.len()]
}
