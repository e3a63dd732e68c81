//! The formats that can be imported, and presets: a format with a mapping.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::mapping::{Mapping, MappingError};

/// The mapping of the bot-detection contest's sessions. Posts carry no action of their own.
const BOT_OR_NOT: [&str; 9] = [
    "key=id",
    "username=username",
    "display_name=name",
    "description=description",
    "location=location",
    "account_key=author_id",
    "occurred_at=created_at",
    "action:=post",
    "content=text",
];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportFormat {
    /// A JSON document with an array of accounts, of activity, or both.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Values with commas between them, the columns' names in the first line.
    Csv,
    /// The same with tabs.
    Tsv,
    /// [`ImportFormat::Json`] with the mapping of the Bot or Not contest's sessions. The bots' keys are taken from
    /// `X.bots.txt` beside `X.json`, where that is there.
    BotOrNot,
}

impl ImportFormat {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Json, Self::Ndjson, Self::Csv, Self::Tsv, Self::BotOrNot];

    /// The name under which it is chosen.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::BotOrNot => "bot-or-not",
        }
    }

    /// The mapping of a preset, or the synonyms.
    pub(super) fn mapping(self) -> Result<Mapping, MappingError> {
        match self {
            Self::BotOrNot => Mapping::parse(&BOT_OR_NOT),
            Self::Json | Self::Ndjson | Self::Csv | Self::Tsv => Ok(Mapping::default()),
        }
    }

    /// Whether one file can hold accounts and activity.
    pub(super) fn is_document(self) -> bool {
        matches!(self, Self::Json | Self::BotOrNot)
    }
}

impl fmt::Display for ImportFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// No format has this name.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("no format '{0}'; there are json, ndjson, csv, tsv and bot-or-not")]
pub struct UnknownFormat(String);

impl FromStr for ImportFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_name() {
        for format in ImportFormat::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert!(format.mapping().is_ok());
            assert!(UnknownFormat(String::new()).to_string().contains(format.name()));
        }
        let error = "xml".parse::<ImportFormat>().unwrap_err();
        assert!(error.to_string().starts_with("no format 'xml'"));
    }
}
