//! Target records from records of the input.

use std::borrow::Cow;

use super::error::{ImportError, RecordProblem};
use super::field::{Field, FieldSet};
use super::mapping::{Mapping, Source};
use super::raw::RawRecord;
use super::value::{self, Cell, ValueProblem};
use crate::records::{AccountRecord, ActivityRecord, LabelRecord};

/// Action of a record that has a content and no action.
const DEFAULT_ACTION: &str = "post";

/// The account that a record describes. Adds the fields that had a value to `found`.
pub(super) fn account(
    record: &RawRecord,
    mapping: &Mapping,
    found: &mut FieldSet,
) -> Result<AccountRecord, ImportError> {
    let mut fields = Fields { record, mapping, found };
    let account = fields.account();
    account.map_err(|problem| ImportError::record(&record.place, problem))
}

/// The activity that a record describes. Adds the fields that had a value to `found`.
pub(super) fn activity(
    record: &RawRecord,
    mapping: &Mapping,
    found: &mut FieldSet,
) -> Result<ActivityRecord, ImportError> {
    let mut fields = Fields { record, mapping, found };
    let activity = fields.activity();
    activity.map_err(|problem| ImportError::record(&record.place, problem))
}

/// A record seen through a mapping.
struct Fields<'a> {
    record: &'a RawRecord,
    mapping: &'a Mapping,
    found: &'a mut FieldSet,
}

/// What makes a value of a cell; `None` where the cell says that there is none.
type Convert<T> = fn(Cell<'_>) -> Result<Option<T>, ValueProblem>;

impl Fields<'_> {
    fn account(&mut self) -> Result<AccountRecord, RecordProblem> {
        Ok(AccountRecord {
            key: self.required(Field::Key, value::identifier)?,
            created_at: self.optional(Field::CreatedAt, value::moment)?,
            username: self.optional(Field::Username, value::text)?,
            display_name: self.optional(Field::DisplayName, value::profile_text)?,
            description: self.optional(Field::Description, value::profile_text)?,
            location: self.optional(Field::Location, value::profile_text)?,
            website: self.optional(Field::Website, value::profile_text)?,
            has_avatar: self.optional(Field::HasAvatar, value::flag)?,
            is_verified: self.optional(Field::IsVerified, value::flag)?,
            followers: self.optional(Field::Followers, value::count)?,
            following: self.optional(Field::Following, value::count)?,
            language: self.optional(Field::Language, value::text)?,
            region: self.optional(Field::Region, value::text)?,
            label: self.label()?,
        })
    }

    /// A strategy counts for bots only: tables write `none` or `human` there for the others.
    fn label(&mut self) -> Result<Option<LabelRecord>, RecordProblem> {
        let strategy = self.optional(Field::Strategy, value::text)?;
        let is_bot = self.optional(Field::IsBot, value::bot_flag)?;
        Ok(is_bot.map(|is_bot| LabelRecord { is_bot, strategy: strategy.filter(|_| is_bot) }))
    }

    fn activity(&mut self) -> Result<ActivityRecord, RecordProblem> {
        Ok(ActivityRecord {
            account_key: self.required(Field::AccountKey, value::identifier)?,
            occurred_at: self.required(Field::OccurredAt, value::moment)?,
            action: self.action()?,
            content: self.optional(Field::Content, value::text)?,
            device: self.optional(Field::Device, value::identifier)?,
            ip: self.optional(Field::Ip, value::address)?,
            target: self.optional(Field::Target, value::identifier)?,
            country: self.optional(Field::Country, value::text)?,
        })
    }

    /// Actions are lower case in botdet. Files of posts often name none: what has a content is one, even an empty one.
    fn action(&mut self) -> Result<String, RecordProblem> {
        match self.optional(Field::Action, value::identifier)? {
            Some(action) => Ok(action.to_lowercase()),
            None if self.find(Field::Content).is_some() => Ok(DEFAULT_ACTION.to_owned()),
            None => Err(RecordProblem::NoAction),
        }
    }

    fn required<T>(&mut self, field: Field, convert: Convert<T>) -> Result<T, RecordProblem> {
        let value = self.optional(field, convert)?;
        value.ok_or_else(|| RecordProblem::Missing { field, wanted: self.mapping.places(field) })
    }

    fn optional<T>(&mut self, field: Field, convert: Convert<T>) -> Result<Option<T>, RecordProblem> {
        let Some((from, cell)) = self.find(field) else {
            return Ok(None);
        };
        let value =
            convert(cell).map_err(|problem| RecordProblem::Value { field, from: from.to_owned(), problem });
        self.found.insert(field);
        value
    }

    /// The field's cell, and the place it comes from as a mapping writes it.
    fn find(&self, field: Field) -> Option<(&str, Cell<'_>)> {
        let record = self.record;
        match self.mapping.source(field) {
            Source::Path(path) => Some((path.as_str(), record.cell(path)?)),
            Source::Synonyms => {
                let mut names = field.synonyms().iter();
                names.find_map(|name| Some((*name, record.cell(name)?)))
            }
            Source::Constant(text) => Some((":=", Cell::Text(Cow::Borrowed(text)))),
            Source::RecordNumber => {
                let number = record.place.record.to_string();
                Some(("@record", Cell::Text(Cow::Owned(number))))
            }
            Source::Nothing => None,
        }
    }
}
