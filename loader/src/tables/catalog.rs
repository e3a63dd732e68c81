//! What the server says of a table.

use postgres::Transaction;
use postgres::types::Type;

use super::TableError;
use crate::error::LoaderError;

/// A table with its columns.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// As SQL names it, schema and all.
    pub name: String,
    pub columns: Vec<Attribute>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub name: String,
    /// As SQL names it.
    pub quoted: String,
    pub type_name: String,
    pub family: Family,
}

/// What can be done with a column's values; a domain is what it is a domain of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Boolean,
    Integer,
    Float,
    /// Of any precision.
    Decimal,
    Text,
    /// Text that is filled up with blanks, which a cast to text would lose and JSON keeps.
    Padded,
    Enumeration,
    Time,
    Other,
}

impl Relation {
    /// Finds a table by its plain name on the search path, else by its name as SQL has it.
    pub(super) fn find(transaction: &mut Transaction<'_>, name: &str) -> Result<Self, LoaderError> {
        let missing = || TableError::NoTable(name.to_owned());
        let visible = transaction.query_opt(include_str!("../sql/visible_relation.sql"), &[&name])?;
        let oid: u32 = match visible {
            Some(row) => row.get(0),
            None => {
                let row = transaction.query_one(include_str!("../sql/named_relation.sql"), &[&name])?;
                row.get::<_, Option<u32>>(0).ok_or_else(missing)?
            }
        };
        let row = transaction.query_opt(include_str!("../sql/relation.sql"), &[&oid])?.ok_or_else(missing)?;
        let quoted: String = row.get(0);
        if !row.get::<_, bool>(1) {
            return Err(TableError::NotRows(quoted).into());
        }
        let rows = transaction.query(include_str!("../sql/relation_columns.sql"), &[&oid])?;
        let attribute = |row: &postgres::Row| Attribute {
            name: row.get(0),
            quoted: row.get(1),
            type_name: row.get(2),
            family: Family::of(row.get(3), row.get(4)),
        };
        Ok(Self { name: quoted, columns: rows.iter().map(attribute).collect() })
    }

    pub(super) fn column(&self, name: &str) -> Result<&Attribute, TableError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| TableError::NoColumn { relation: self.name.clone(), column: name.to_owned() })
    }
}

impl Family {
    /// Of a type's number, and its category as pg_type has it.
    fn of(oid: u32, category: &str) -> Self {
        let is_one_of = |types: &[Type]| types.iter().any(|one| one.oid() == oid);
        if is_one_of(&[Type::BOOL]) {
            Self::Boolean
        } else if is_one_of(&[Type::INT2, Type::INT4, Type::INT8]) {
            Self::Integer
        } else if is_one_of(&[Type::FLOAT4, Type::FLOAT8]) {
            Self::Float
        } else if is_one_of(&[Type::NUMERIC]) {
            Self::Decimal
        } else if is_one_of(&[Type::DATE, Type::TIMESTAMP, Type::TIMESTAMPTZ]) {
            Self::Time
        } else if is_one_of(&[Type::BPCHAR]) {
            Self::Padded
        } else {
            match category {
                "S" => Self::Text,
                "E" => Self::Enumeration,
                _ => Self::Other,
            }
        }
    }

    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Decimal)
    }
}
