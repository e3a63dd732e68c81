//! The statement trigger: from rows to what is pending.

use crate::error::Error;
use crate::postgres::call::Call;
use crate::postgres::event_columns::AccountKey;
use crate::postgres::transaction;
use crate::postgres::transition::{Operation, StatementTrigger, TransitionRows};
use crate::settings;
use crate::sources::{self, Source};
use botdet_models::digest::Digests;
use botdet_models::event::Event;
use pgrx::pg_sys::Datum;

use super::{PENDING, Pending, flush};

/// `botdet_flag()`.
///
/// # Errors
/// [`Error`] when the trigger is not one that this function can serve.
pub fn capture(call: &Call) -> Result<Datum, Error> {
    let trigger = StatementTrigger::of(call)?;
    let sources = sources::all();
    let Some(source) = sources.iter().find(|source| source.relation == trigger.relation()) else {
        return not_a_source(call, &trigger);
    };
    // An error while rows are read unwinds, which ends the borrow; what was noted until then goes with the savepoint.
    let size = PENDING.with_borrow_mut(|pending| {
        pending.enter(transaction::subtransaction());
        let columns = source.columns.last();
        let mut capture = Capture { source, command: transaction::writing_command(), pending };
        match trigger.operation() {
            Operation::Insert => capture.inserted(trigger.new_rows(columns)),
            Operation::Update => capture.updated(trigger.old_rows(columns), trigger.new_rows(columns)),
            Operation::Delete => capture.deleted(trigger.old_rows(columns)),
            Operation::Truncate => capture.pending.everything_changed(capture.command),
        }
        capture.pending.size()
    });
    // Below a savepoint there may still be a way back.
    if size > settings::pending_bytes() && transaction::is_outermost() {
        // An error ends the transaction here, too.
        transaction::as_read_committed(flush::flush_states);
    }
    Ok(call.done())
}

/// A table that was bound and cannot be read any more keeps its rows; any other has no business here.
fn not_a_source(call: &Call, trigger: &StatementTrigger) -> Result<Datum, Error> {
    if sources::is_bound(trigger.relation()) && !settings::fail_closed() {
        pgrx::warning!(
            "table {} keeps the rows, and states do not follow: a column it is bound by is gone; bind it again",
            trigger.relation_name()
        );
        return Ok(call.done());
    }
    Err(Error::NotASource(trigger.relation_name()))
}

struct Capture<'a> {
    source: &'a Source,
    command: u32,
    pending: &'a mut Pending,
}

impl Capture<'_> {
    fn inserted(&mut self, mut rows: TransitionRows) {
        let (source, command) = (self.source, self.command);
        // Rows of one account tend to come together.
        let mut latest: Option<(i64, u32)> = None;
        while rows
            .next(|value| {
                let Some(key) = source.columns.key(value) else {
                    return;
                };
                let pending = &mut *self.pending;
                let account = match (&key, latest) {
                    (AccountKey::Number(number), Some((known, account))) if known == *number => account,
                    _ => pending.account(&key),
                };
                if let AccountKey::Number(number) = key {
                    latest = Some((number, account));
                }
                let digested = with_event(source, value, |event| pending.digests_mut().push(event));
                if digested.is_some() {
                    pending.inserted(account, command);
                }
            })
            .is_some()
        {}
        rows.close();
    }

    fn deleted(&mut self, mut rows: TransitionRows) {
        while let Some(key) = rows.next(|value| self.source.columns.key(value)) {
            self.changed(key);
        }
        rows.close();
    }

    /// Old and new rows come in the same order. Only what a state is made of counts.
    fn updated(&mut self, mut old_rows: TransitionRows, mut new_rows: TransitionRows) {
        loop {
            let old = old_rows.next(|value| summary(self.source, value));
            let new = new_rows.next(|value| summary(self.source, value));
            if old.is_none() && new.is_none() {
                break;
            }
            let (old, new) = (old.flatten(), new.flatten());
            if old.as_ref().map(Summary::content) != new.as_ref().map(Summary::content) {
                self.changed(old.map(|old| old.key));
                self.changed(new.map(|new| new.key));
            }
        }
        old_rows.close();
        new_rows.close();
    }

    fn changed(&mut self, key: Option<AccountKey>) {
        if let Some(key) = key {
            let account = self.pending.account(&key);
            self.pending.changed(account, self.command);
        }
    }
}

/// All that a state takes from a row.
struct Summary {
    key: AccountKey,
    digests: Digests,
}

impl Summary {
    fn content(&self) -> (&AccountKey, &Digests) {
        (&self.key, &self.digests)
    }
}

fn summary(source: &Source, value: &dyn Fn(i16) -> Option<Datum>) -> Option<Summary> {
    let key = source.columns.key(value)?;
    let mut digests = Digests::default();
    with_event(source, value, |event| digests.push(event))?;
    Some(Summary { key, digests })
}

fn with_event<R>(
    source: &Source,
    value: &dyn Fn(i16) -> Option<Datum>,
    work: impl FnOnce(&Event<'_>) -> R,
) -> Option<R> {
    source.columns.with_event(value, |name| source.action(name), work)
}
