//! Accounts and their activity from files: JSON, NDJSON, CSV and TSV, with a mapping of fields.
//!
//! What was typed ([`ImportParams`]) is checked into an [`Import`]. That reads its files once for accounts and once for
//! activity, and hands out [records](crate::records) in the files' order, without holding a file in memory. It knows
//! nothing of the database.
//!
//! A record takes three steps: a format's reader finds it in the file (`json`, `ndjson`, `delimited`), the
//! [`Mapping`] says which of its fields is which (`mapping`, `field`), and `convert` makes the target record of it,
//! with one function for each kind of value (`value`, `time`).
//!
//! # Which accounts there are
//! Those of the accounts' file, and, with nothing but a key, those that only the activity names. Their keys are the one
//! thing held in memory. A key that appears twice among the accounts is an error: the later record may well be another
//! account, and the loss would go unnoticed.
//!
//! # What values may look like
//! | value | read from |
//! | --- | --- |
//! | key, device, target | text without the spaces around it, or a whole number |
//! | profile text | text; an empty one is kept, as known to be empty; `null` or no field is not known |
//! | content, username, others | text; an empty one is the same as none |
//! | count | a whole number from 0, also as text, also as `12.0` |
//! | flag | `true`, `false`, `1`, `0`, `yes`, `no` in any case; for `is_bot` also `bot`, `human` |
//! | time | see `time` |
//!
//! Profile texts are display name, description, location and website. The rule for empty texts is one for all formats:
//! an empty cell of a CSV file is an empty text. A text with a NUL character is an error: PostgreSQL cannot store it.
//!
//! # Bad records
//! A bad record ends the import, or is left out and counted, up to [`ImportParams::skip_bad`] of them. A broken file
//! (a JSON document cut short, a file that cannot be read) always ends it.

mod convert;
mod delimited;
mod error;
mod field;
mod format;
mod input;
mod json;
mod labels;
mod mapping;
mod ndjson;
mod params;
mod progress;
mod raw;
mod run;
#[cfg(test)]
mod tests;
mod time;
mod value;

pub use error::{ImportError, Place, RecordProblem};
pub use field::{Field, RecordKind};
pub use format::{ImportFormat, UnknownFormat};
pub use mapping::{Mapping, MappingError};
pub use params::ImportParams;
pub use progress::ImportSummary;
pub use run::{Accounts, Activity, Import};
pub use value::ValueProblem;
