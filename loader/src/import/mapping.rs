//! Which field of the input goes to which field of the target records.
//!
//! | typed | meaning |
//! | --- | --- |
//! | `content=text` | `content` is read from the field or column `text` |
//! | `account_key=author.id` | ... from the field `id` of the object `author` (a name with dots is tried first) |
//! | `action:=post` | ... is the text `post` in every record |
//! | `key=@record` | ... is the number of the record in its file, from 1: for tables without a key |
//! | `is_bot=` | ... is not read at all |
//!
//! Fields that are not mentioned are looked for under their [synonyms](super::field).

use thiserror::Error;

use super::field::{FIELD_COUNT, Field};

/// Path that stands for the number of the record.
const RECORD_NUMBER: &str = "@record";

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// The first of the field's synonyms that the record has.
    Synonyms,
    /// This field of the record.
    Path(String),
    /// This text, in every record.
    Constant(String),
    /// The number of the record in its file.
    RecordNumber,
    /// Nowhere.
    Nothing,
}

/// A checked mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    sources: [Source; FIELD_COUNT],
}

/// Why a mapping was refused.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MappingError {
    /// Neither `field=path` nor `field:=text`.
    #[error("'{0}' is no mapping: expected field=path or field:=text")]
    Syntax(String),
    /// No record has such a field.
    #[error("no field '{name}' to map to; there are {known}")]
    UnknownField {
        /// What was typed.
        name: String,
        /// All there are.
        known: String,
    },
    /// One field, two sources.
    #[error("'{0}' is mapped twice")]
    Duplicate(Field),
    /// A field that must have a value is to have none.
    #[error("'{0}' cannot be left out: every {kind} record needs it", kind = .0.kind())]
    Required(Field),
}

impl Default for Mapping {
    /// Every field by its synonyms.
    fn default() -> Self {
        Self { sources: [const { Source::Synonyms }; FIELD_COUNT] }
    }
}

impl Mapping {
    /// Checks entries as they were typed.
    ///
    /// # Errors
    /// [`MappingError`] for an entry that cannot be read, an unknown field, a field mapped twice, and a required field
    /// that is not to be read.
    pub fn parse<S: AsRef<str>>(entries: &[S]) -> Result<Self, MappingError> {
        Self::default().with(entries)
    }

    /// This mapping, changed where the entries say so. Errors as for [`Mapping::parse`].
    pub fn with<S: AsRef<str>>(mut self, entries: &[S]) -> Result<Self, MappingError> {
        let mut mapped = Vec::new();
        for entry in entries {
            let (field, source) = parse_entry(entry.as_ref())?;
            if mapped.contains(&field) {
                return Err(MappingError::Duplicate(field));
            }
            if field.is_required() && source == Source::Nothing {
                return Err(MappingError::Required(field));
            }
            mapped.push(field);
            self.sources[field as usize] = source;
        }
        Ok(self)
    }

    pub(super) fn source(&self, field: Field) -> &Source {
        &self.sources[field as usize]
    }

    /// The path mapped to the field, if a path is.
    pub(super) fn path(&self, field: Field) -> Option<&str> {
        match self.source(field) {
            Source::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Every place the field may come from, for messages.
    pub(super) fn places(&self, field: Field) -> String {
        match self.source(field) {
            Source::Path(path) => format!("'{path}'"),
            Source::Synonyms => quoted(field.synonyms().iter()),
            Source::Constant(_) | Source::RecordNumber | Source::Nothing => String::new(),
        }
    }
}

/// Names in quotes, with commas between them.
pub(super) fn quoted<S: AsRef<str>>(names: impl Iterator<Item = S>) -> String {
    let names: Vec<String> = names.map(|name| format!("'{}'", name.as_ref())).collect();
    names.join(", ")
}

/// Splits at the first `=`, since columns have such names as `name==username`.
fn parse_entry(entry: &str) -> Result<(Field, Source), MappingError> {
    let syntax = || MappingError::Syntax(entry.to_owned());
    let (left, right) = entry.split_once('=').ok_or_else(syntax)?;
    let (name, is_constant) = match left.strip_suffix(':') {
        Some(name) => (name.trim(), true),
        None => (left.trim(), false),
    };
    if name.is_empty() {
        return Err(syntax());
    }
    let field = Field::named(name).ok_or_else(|| MappingError::UnknownField {
        name: name.to_owned(),
        known: quoted(Field::all().map(Field::name)),
    })?;
    let source = match right.trim() {
        _ if is_constant => Source::Constant(right.to_owned()),
        "" => Source::Nothing,
        RECORD_NUMBER => Source::RecordNumber,
        path => Source::Path(path.to_owned()),
    };
    Ok((field, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_become_sources() {
        let entries = ["content=text", "action:=a=b", "key=@record", "is_bot=", "has_avatar=name==username"];
        let mapping = Mapping::parse(&entries).unwrap();
        assert_eq!(mapping.path(Field::Content), Some("text"));
        assert_eq!(*mapping.source(Field::Action), Source::Constant("a=b".into()));
        assert_eq!(*mapping.source(Field::Key), Source::RecordNumber);
        assert_eq!(*mapping.source(Field::IsBot), Source::Nothing);
        assert_eq!(mapping.path(Field::HasAvatar), Some("name==username"));
        assert_eq!(*mapping.source(Field::Ip), Source::Synonyms);
    }

    #[test]
    fn later_entries_change_a_mapping() {
        let mapping = Mapping::parse(&["content=text", "ip=address"]).unwrap();
        let mapping = mapping.with(&["content=body"]).unwrap();
        assert_eq!(mapping.path(Field::Content), Some("body"));
        assert_eq!(mapping.path(Field::Ip), Some("address"));
    }

    #[test]
    fn what_is_not_a_mapping_is_refused() {
        let refused = |entries: &[&str]| Mapping::parse(entries).unwrap_err().to_string();
        assert_eq!(refused(&["text"]), "'text' is no mapping: expected field=path or field:=text");
        assert_eq!(refused(&["=text"]), "'=text' is no mapping: expected field=path or field:=text");
        assert_eq!(refused(&[":=text"]), "':=text' is no mapping: expected field=path or field:=text");
        assert!(
            refused(&["contents=text"])
                .starts_with("no field 'contents' to map to; there are 'key', 'created_at',")
        );
        assert_eq!(refused(&["ip=a", "ip=b"]), "'ip' is mapped twice");
        assert_eq!(
            refused(&["occurred_at="]),
            "'occurred_at' cannot be left out: every activity record needs it"
        );
    }
}
