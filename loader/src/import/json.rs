//! JSON documents: an array of records, at the top or at a path of names.
//!
//! Records come out while the document is read, so its size does not matter. A visitor of serde pushes elements where
//! an iterator pulls them; a thread and a short channel join the two. Reading the document whole was rejected: its values
//! take five to ten times the size of the file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::error::{ImportError, Place};
use super::field::RecordKind;
use super::input;
use super::mapping::quoted;
use super::raw::RawRecord;

/// Records that are read ahead.
const READ_AHEAD: usize = 64;
/// Names a message lists.
const LISTED_NAMES: usize = 20;

/// Which array of a document to read.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// What it holds.
    pub kind: RecordKind,
    /// Names with dots between them.
    pub path: String,
    /// Whether the document may itself be the array: if it does not have to hold another one.
    pub may_be_document: bool,
}

/// The elements of an array in a document.
pub(super) struct Elements {
    file: Arc<Path>,
    count: u64,
    received: Receiver<Value>,
    parser: Option<JoinHandle<Result<(), ImportError>>>,
}

/// Starts to read a document.
pub(super) fn read(file: &Path, section: Section) -> Result<Elements, ImportError> {
    let file: Arc<Path> = file.into();
    let reader = input::open(&file)?;
    let (sender, received) = sync_channel(READ_AHEAD);
    let parse = {
        let file = Arc::clone(&file);
        move || parse(&file, reader, &section, &sender)
    };
    let parser = thread::Builder::new().name("json".into()).spawn(parse);
    let parser = parser.map_err(|source| ImportError::io(&file, source))?;
    Ok(Elements { file, count: 0, received, parser: Some(parser) })
}

impl Iterator for Elements {
    type Item = Result<RawRecord, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Ok(value) = self.received.recv() {
            self.count += 1;
            let place = Place { file: Arc::clone(&self.file), record: self.count, line: None };
            return Some(RawRecord::from_json(place, value));
        }
        // The other side is gone: at the end, or after an error.
        match self.parser.take()?.join() {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(error)),
            Err(_panic) => Some(Err(ImportError::Interrupted { file: self.file.to_path_buf() })),
        }
    }
}

fn parse(
    file: &Path,
    reader: impl std::io::Read,
    section: &Section,
    sender: &SyncSender<Value>,
) -> Result<(), ImportError> {
    let mut finder = Finder::default();
    let mut document = serde_json::Deserializer::from_reader(reader);
    let names: Vec<&str> = section.path.split('.').collect();
    let search = Search { names: &names, section, is_top: true, finder: &mut finder, sender };
    let outcome = search.deserialize(&mut document).and_then(|()| document.end());
    if finder.is_unsplit_array {
        return Err(ImportError::OneArray { file: file.to_owned() });
    }
    outcome.map_err(|source| ImportError::Json { file: file.to_owned(), source })?;
    if finder.is_found {
        return Ok(());
    }
    Err(ImportError::NoSection {
        file: file.to_owned(),
        kind: section.kind,
        section: section.path.clone(),
        found: match finder.names_at_top.as_slice() {
            [] => "no names".to_owned(),
            names => quoted(names.iter()),
        },
    })
}

/// What a search has come across.
#[derive(Default)]
struct Finder {
    is_found: bool,
    is_unsplit_array: bool,
    names_at_top: Vec<String>,
}

/// A search for the array, from some value of the document on downwards.
struct Search<'a> {
    /// Names that are left to go down.
    names: &'a [&'a str],
    section: &'a Section,
    is_top: bool,
    finder: &'a mut Finder,
    sender: &'a SyncSender<Value>,
}

impl<'de> DeserializeSeed<'de> for Search<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Search<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.section.kind;
        match self.names {
            [] => write!(formatter, "an array of {kind} records at '{}'", self.section.path),
            [name, ..] => write!(formatter, "an object with '{name}'"),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if self.is_top && !self.section.may_be_document {
            self.finder.is_unsplit_array = true;
            return Err(A::Error::custom("one array"));
        }
        if !self.is_top && !self.names.is_empty() {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        self.finder.is_found = true;
        while let Some(element) = elements.next_element()? {
            let sent = self.sender.send(element);
            sent.map_err(|_| A::Error::custom("nobody takes the records any more"))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let [wanted, below @ ..] = self.names else {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        };
        while let Some(name) = fields.next_key::<String>()? {
            if name == *wanted {
                if self.finder.is_found {
                    return Err(A::Error::custom(format!("'{name}' is there twice")));
                }
                fields.next_value_seed(Search {
                    names: below,
                    section: self.section,
                    is_top: false,
                    finder: self.finder,
                    sender: self.sender,
                })?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
            if self.is_top && self.finder.names_at_top.len() < LISTED_NAMES {
                self.finder.names_at_top.push(name);
            }
        }
        Ok(())
    }
}
