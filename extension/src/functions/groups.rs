//! Accounts that act together, with the rows that show it.

use std::collections::HashMap;

use botdet_models::event::{Action, Timestamp};
use botdet_models::groups::{
    Duplicates, DuplicatesParams, Group, GroupError, Lockstep, LockstepParams, SharedKeys,
};
use botdet_models::hash::hash_bytes;
use pgrx::pg_sys::Datum;

use crate::error::Error;
use crate::postgres::call::{Call, check_for_interrupts, transaction_start};
use crate::postgres::record::Record;
use crate::postgres::spi::Row;
use crate::postgres::values::timestamp_datum;
use crate::sources;
use crate::store::accounts;
use crate::store::network::{self, Facts};

/// Rows that are fetched at a time.
const FETCHED_ROWS: i64 = 1_000;

/// Arguments of `botdet_lockstep`.
const LOCKSTEP_ARGUMENTS: [&str; 9] = [
    "since",
    "until",
    "window_seconds",
    "min_accounts",
    "min_shared",
    "min_meetings",
    "min_similarity",
    "max_accounts",
    "evidence",
];
/// Arguments of `botdet_duplicates`.
const DUPLICATES_ARGUMENTS: [&str; 6] =
    ["since", "until", "min_similarity", "min_words", "min_accounts", "evidence"];

// Columns of `Source::window`.
const ACCOUNT: i32 = 1;
const OCCURRED_AT: i32 = 2;
const TARGET: i32 = 3;
const CONTENT: i32 = 4;
const DEVICE: i32 = 5;
const IP: i32 = 6;
const ACTION: i32 = 7;

/// Hands every row between two times to `each`: account, time, row.
fn for_each_row(since: Timestamp, until: Timestamp, mut each: impl FnMut(i64, Timestamp, &Row<'_>)) {
    let arguments = [Some(timestamp_datum(since)), Some(timestamp_datum(until))];
    let sources = sources::all();
    // Looked up beforehand: where rows are read with the rights of a table's owner, names are out of reach.
    let has_names = sources.iter().any(|source| !source.columns.has_numbers());
    let numbers = if has_names { accounts::numbers_of_names() } else { HashMap::new() };
    for source in sources.iter() {
        let mut rows = 0u32;
        let number = |row: &Row<'_>| {
            if source.columns.has_numbers() {
                row.bigint(ACCOUNT)
            } else {
                row.text(ACCOUNT).and_then(|name| numbers.get(name.as_ref()).copied())
            }
        };
        let take = |row: &Row<'_>| {
            if let Some((account_id, at)) = number(row).zip(row.timestamptz(OCCURRED_AT)) {
                each(account_id, at, row);
            }
            rows = rows.wrapping_add(1);
            if rows.is_multiple_of(FETCHED_ROWS as u32) {
                check_for_interrupts();
            }
        };
        source.reading(|| source.window.stream(&arguments, take));
    }
}

/// Rows that may become evidence: when each was, and what it shows.
#[derive(Default)]
struct Evidence {
    text: String,
    rows: Vec<(Timestamp, usize)>,
}

impl Evidence {
    /// Keeps a row, and returns its number.
    fn keep(&mut self, at: Timestamp, shown: &str) -> u64 {
        self.rows.push((at, self.text.len()));
        self.text.push_str(shown);
        self.rows.len() as u64 - 1
    }

    fn get(&self, number: u64) -> (Timestamp, &str) {
        let number = number as usize;
        let (at, start) = self.rows[number];
        let end = self.rows.get(number + 1).map_or(self.text.len(), |(_, next)| *next);
        (at, &self.text[start..end])
    }

    /// One record for each row of evidence: group, its size, member, similarity, count, whether first, time, what it shows.
    fn answer(&self, call: &Call, groups: &[Group], rows_a_member: usize) -> Result<Datum, Error> {
        let numbered = groups.iter().zip(1..);
        call.set(numbered.flat_map(|(group, number)| {
            let of_member = move |member| (number, group.members.len(), member);
            group.members.iter().map(of_member).flat_map(move |(number, size, member)| {
                member.rows.iter().take(rows_a_member).map(move |row| {
                    let (at, shown) = self.get(*row);
                    Ok(Record::default()
                        .integer(number)
                        .integer(size as i32)
                        .bigint(Some(member.account_id))
                        .float8(Some(member.similarity))
                        .bigint(Some(i64::from(member.count)))
                        .boolean(Some(member.is_first))
                        .timestamptz(at)
                        .text(Some(shown)))
                })
            })
        }))
    }
}

/// How many rows of evidence a member comes with.
///
/// # Errors
/// [`Error::BelowOne`].
fn rows_a_member(call: &Call, index: usize) -> Result<usize, Error> {
    let found = call.integer(index);
    if found < 1 {
        return Err(Error::BelowOne { argument: "evidence", found });
    }
    Ok(found as usize)
}

/// The times between which rows are compared, arguments 0 and 1.
///
/// # Errors
/// [`Error::NullArgument`] for any of the call's arguments, whose names these are; [`Error::EndsBeforeItBegins`].
fn window(call: &Call, names: &[&'static str]) -> Result<(Timestamp, Timestamp), Error> {
    let is_null = |index: usize| call.argument(index).is_none();
    if let Some((_, name)) = names.iter().enumerate().find(|(index, _)| is_null(*index)) {
        return Err(Error::NullArgument(name));
    }
    let (since, until) = (call.timestamptz(0), call.timestamptz(1));
    if until < since { Err(Error::EndsBeforeItBegins { since, until }) } else { Ok((since, until)) }
}

fn count(call: &Call, index: usize) -> u32 {
    u32::try_from(call.integer(index)).unwrap_or(0)
}

pub fn lockstep(call: &Call) -> Result<Datum, Error> {
    let (since, until) = window(call, &LOCKSTEP_ARGUMENTS)?;
    let rows_a_member = rows_a_member(call, 8)?;
    let params = LockstepParams {
        window_seconds: count(call, 2),
        min_accounts: count(call, 3),
        min_shared: count(call, 4),
        min_meetings: count(call, 5),
        min_similarity: call.float8(6),
        max_occasion: count(call, 7),
    };
    let (mut lockstep, mut evidence) = (Lockstep::new(params)?, Evidence::default());
    for_each_row(since, until, |account_id, at, row| {
        if let Some(target) = row.text(TARGET).filter(|target| !target.is_empty()) {
            lockstep.add(account_id, at, hash_bytes(target.as_bytes()), evidence.keep(at, &target));
        }
    });
    evidence.answer(call, &lockstep.find().groups, rows_a_member)
}

pub fn duplicates(call: &Call) -> Result<Datum, Error> {
    let (since, until) = window(call, &DUPLICATES_ARGUMENTS)?;
    let rows_a_member = rows_a_member(call, 5)?;
    let params = DuplicatesParams {
        min_similarity: call.float8(2),
        min_words: count(call, 3),
        min_accounts: count(call, 4),
    };
    let (mut duplicates, mut evidence) = (Duplicates::new(params)?, Evidence::default());
    for_each_row(since, until, |account_id, at, row| {
        if let Some(content) = own_words(row) {
            duplicates.add(account_id, at, &content, evidence.keep(at, &content));
        }
    });
    evidence.answer(call, &duplicates.find().groups, rows_a_member)
}

/// The text of a row, unless it passes on another's words openly.
fn own_words<'a>(row: &'a Row<'_>) -> Option<std::borrow::Cow<'a, str>> {
    let action = row.text(ACTION).map_or(Action::Post, |name| Action::from_name(&name));
    if matches!(action, Action::Repost | Action::Share) { None } else { row.text(CONTENT) }
}

/// Compares all accounts active between two times, and keeps what was found of each.
pub fn compare_accounts(call: &Call) -> Result<Datum, Error> {
    let (since, until) = window(call, &["since", "until"])?;
    if until > transaction_start() {
        return Err(Error::InTheFuture { argument: "until" });
    }
    let mut lockstep = Lockstep::new(LockstepParams::default())?;
    let mut duplicates = Duplicates::new(DuplicatesParams::default())?;
    let (mut devices, mut addresses) = (SharedKeys::default(), SharedKeys::default());
    let mut facts: HashMap<i64, Facts> = HashMap::new();
    let mut number = 0;
    for_each_row(since, until, |account_id, at, row| {
        facts.entry(account_id).or_default();
        number += 1;
        let name = |column| row.text(column).filter(|name| !name.is_empty());
        if let Some(target) = name(TARGET) {
            lockstep.add(account_id, at, hash_bytes(target.as_bytes()), number);
        }
        if let Some(content) = own_words(row) {
            duplicates.add(account_id, at, &content, number);
        }
        for (column, keys) in [(DEVICE, &mut devices), (IP, &mut addresses)] {
            if let Some(key) = name(column) {
                keys.add(account_id, hash_bytes(key.as_bytes()));
            }
        }
    });
    let (lockstep, duplicates) = (lockstep.find(), duplicates.find());
    let (devices, addresses) = (devices.degrees(), addresses.degrees());
    let ring_sizes: HashMap<i64, usize> = lockstep
        .groups
        .iter()
        .flat_map(|group| group.members.iter().map(|member| (member.account_id, group.members.len() - 1)))
        .collect();
    for (account_id, facts) in &mut facts {
        let copies = duplicates.of(*account_id);
        *facts = Facts {
            copied_rate: copies.map(|copies| copies.copied_rate),
            copy_accounts: copies.map(|copies| f64::from(copies.copy_accounts)),
            shared_device_degree: devices.of(*account_id).map(f64::from),
            shared_ip_degree: addresses.of(*account_id).map(f64::from),
            lockstep_score: Some(lockstep.score(*account_id)),
            lockstep_accounts: Some(ring_sizes.get(account_id).map_or(0.0, |others| *others as f64)),
        };
    }
    let mut facts: Vec<(i64, Facts)> = facts.into_iter().collect();
    facts.sort_unstable_by_key(|(account_id, _)| *account_id);
    network::write(&facts, until);
    Ok(Datum::from(facts.len() as i64))
}

impl From<GroupError> for Error {
    fn from(error: GroupError) -> Self {
        Self::Group(error)
    }
}
