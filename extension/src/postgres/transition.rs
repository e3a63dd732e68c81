//! The rows that a statement inserted, as its trigger sees them.

use std::ffi::CStr;

use botdet_models::event::{Action, Event, Timestamp};
use pgrx::pg_sys::{self, Datum, Oid};

use super::call::Call;
use super::memory::Scratch;
use super::values;
use crate::error::Error;

/// Rows, or bytes of text, after which a piece of a large insert is worked off.
const PIECE_ROWS: usize = 1 << 18;
const PIECE_BYTES: usize = 64 << 20;

/// Columns of an activity table, in the order of `NewRows::columns`.
const COLUMNS: [(&CStr, &str, Oid, bool); 7] = [
    (c"account_id", "account_id", pg_sys::INT8OID, true),
    (c"occurred_at", "occurred_at", pg_sys::TIMESTAMPTZOID, true),
    (c"action", "action", pg_sys::TEXTOID, true),
    (c"content", "content", pg_sys::TEXTOID, false),
    (c"device", "device", pg_sys::TEXTOID, false),
    (c"target", "target", pg_sys::TEXTOID, false),
    (c"activity_id", "activity_id", pg_sys::INT8OID, false),
];

/// A piece of the inserted rows, copied out of Postgres.
#[derive(Default)]
pub struct EventBuffer {
    text: String,
    rows: Vec<BufferedEvent>,
}

struct BufferedEvent {
    account_id: i64,
    occurred_at: Timestamp,
    /// See [`Event::order`].
    order: i64,
    action: Action,
    /// Content, device, target: where in `text` they lie.
    texts: [Option<(usize, usize)>; 3],
}

impl EventBuffer {
    fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= PIECE_ROWS || self.text.len() >= PIECE_BYTES
    }

    /// Sorts by account, time and order; events without an order keep that in which they were inserted.
    fn sort(&mut self) {
        self.rows.sort_by_key(|row| (row.account_id, row.occurred_at, row.order));
    }

    /// The accounts in ascending order, each with its events in time order.
    pub fn accounts(&self) -> impl Iterator<Item = (i64, impl Iterator<Item = Event<'_>>)> {
        let groups = self.rows.chunk_by(|a, b| a.account_id == b.account_id);
        groups.map(|rows| (rows[0].account_id, rows.iter().map(|row| self.event(row))))
    }

    fn event(&self, row: &BufferedEvent) -> Event<'_> {
        let [content, device, target] = row.texts.map(|span| span.map(|(start, end)| &self.text[start..end]));
        Event {
            occurred_at: row.occurred_at,
            order: row.order,
            action: row.action,
            content,
            device,
            target,
            ip: None,
            country: None,
        }
    }
}

/// The inserted rows.
pub struct NewRows {
    store: *mut pg_sys::Tuplestorestate,
    descriptor: pg_sys::TupleDesc,
    /// Number of each column of [`COLUMNS`], from 1; 0 where the table has none.
    columns: [i32; COLUMNS.len()],
}

impl NewRows {
    /// The rows of a trigger call.
    ///
    /// # Errors
    /// [`Error`] when the call is not by an AFTER INSERT statement trigger with a transition table, or the table has not
    /// the columns.
    pub fn of(call: &Call) -> Result<Self, Error> {
        let trigger = call.trigger().ok_or(Error::NotAStatementTrigger("not by a trigger"))?;
        // SAFETY: the trigger manager keeps all of this alive during the call.
        unsafe {
            let event = (*trigger).tg_event;
            let is_insert = event & pg_sys::TRIGGER_EVENT_OPMASK == pg_sys::TRIGGER_EVENT_INSERT;
            let timing = event & pg_sys::TRIGGER_EVENT_TIMINGMASK;
            if !is_insert {
                return Err(Error::NotAStatementTrigger("for something else than an insert"));
            }
            if event & pg_sys::TRIGGER_EVENT_ROW != 0 {
                return Err(Error::NotAStatementTrigger("for each row"));
            }
            if timing != pg_sys::TRIGGER_EVENT_AFTER {
                return Err(Error::NotAStatementTrigger("before the insert"));
            }
            if (*trigger).tg_newtable.is_null() {
                return Err(Error::NotAStatementTrigger("without a transition table"));
            }
            let relation = (*trigger).tg_relation;
            let descriptor = (*relation).rd_att;
            let name = CStr::from_ptr(pg_sys::get_rel_name((*relation).rd_id)).to_string_lossy().into_owned();
            // States that are built again are built from botdet.activity: those of another table would be lost.
            if (*relation).rd_id != super::catalog::relation(c"botdet", c"activity") {
                return Err(Error::NotActivity(name));
            }
            let columns = find_columns(descriptor, &name)?;
            Ok(Self { store: (*trigger).tg_newtable, descriptor, columns })
        }
    }

    /// Hands the rows to `work`, a sorted piece at a time.
    pub fn in_pieces(&self, mut work: impl FnMut(&EventBuffer)) {
        let mut buffer = EventBuffer::default();
        // Long values are fetched and decompressed into this.
        let scratch = Scratch::new();
        // SAFETY: store and descriptor belong to the trigger call in progress; the slot is dropped after the last read,
        // or with the statement's memory when an error unwinds.
        unsafe {
            let slot =
                pg_sys::MakeSingleTupleTableSlot(self.descriptor, &raw const pg_sys::TTSOpsMinimalTuple);
            pg_sys::tuplestore_select_read_pointer(self.store, 0);
            pg_sys::tuplestore_rescan(self.store);
            let last_column = self.columns.iter().copied().max().unwrap_or(0);
            while pg_sys::tuplestore_gettupleslot(self.store, true, false, slot) {
                pg_sys::slot_getsomeattrs_int(slot, last_column);
                scratch.run(|| self.read(slot, &mut buffer));
                scratch.clear();
                if buffer.is_full() {
                    buffer.sort();
                    work(&buffer);
                    buffer.clear();
                }
            }
            pg_sys::ExecDropSingleTupleTableSlot(slot);
        }
        if !buffer.rows.is_empty() {
            buffer.sort();
            work(&buffer);
        }
    }

    /// # Safety
    /// `slot` must hold a row with all our columns deformed.
    unsafe fn read(&self, slot: *mut pg_sys::TupleTableSlot, buffer: &mut EventBuffer) {
        // SAFETY: the caller vouches for the slot; columns are numbered from 1.
        let datum = |column: i32| unsafe {
            let index = (column - 1) as usize;
            (column > 0 && !*(*slot).tts_isnull.add(index)).then(|| *(*slot).tts_values.add(index))
        };
        let [account, time, action, content, device, target, order] = self.columns;
        let (Some(account), Some(time)) = (datum(account), datum(time)) else {
            return;
        };
        // SAFETY: find_columns checked that these columns are of type text; they live as long as the slot's row.
        let mut copy = |column: i32| {
            datum(column).map(|value: Datum| unsafe {
                let start = buffer.text.len();
                buffer.text.push_str(&values::string(value));
                (start, buffer.text.len())
            })
        };
        let texts = [copy(content), copy(device), copy(target)];
        let action = datum(action).map(|value| {
            // SAFETY: as above.
            let name = unsafe { values::string(value) };
            Action::from_name(&name)
        });
        buffer.rows.push(BufferedEvent {
            account_id: account.value() as i64,
            occurred_at: values::timestamp(time),
            order: datum(order).map_or(0, |order| order.value() as i64),
            action: action.unwrap_or(Action::Other),
            texts,
        });
    }
}

/// # Safety
/// `descriptor` must be that of an open relation.
unsafe fn find_columns(descriptor: pg_sys::TupleDesc, relation: &str) -> Result<[i32; COLUMNS.len()], Error> {
    let mut columns = [0; COLUMNS.len()];
    for (number, (c_name, column, expected, required)) in columns.iter_mut().zip(COLUMNS) {
        let relation = relation.to_owned();
        // SAFETY: the caller vouches for the descriptor; the name is zero-terminated.
        let (found, found_type) = unsafe {
            let found = pg_sys::SPI_fnumber(descriptor, c_name.as_ptr());
            (found, if found > 0 { pg_sys::SPI_gettypeid(descriptor, found) } else { Oid::INVALID })
        };
        match found {
            found if found > 0 && found_type == expected => *number = found,
            found if found > 0 => {
                return Err(Error::ColumnType { relation, column, expected: type_name(expected) });
            }
            _ if required => return Err(Error::MissingColumn { relation, column }),
            _ => {}
        }
    }
    Ok(columns)
}

fn type_name(oid: Oid) -> &'static str {
    match oid {
        pg_sys::INT8OID => "bigint",
        pg_sys::TIMESTAMPTZOID => "timestamptz",
        _ => "text",
    }
}
