//! The rows that a statement inserted, changed or removed, as its trigger sees them.

use std::ffi::CStr;

use pgrx::pg_sys::{self, Datum, Oid};

use super::call::{Call, check_for_interrupts};
use super::memory::Scratch;
use crate::error::Error;

/// Rows that are fetched at a time, at most.
const ROWS_A_BATCH: usize = 64;

// As in pg_sys, without a guard around each call: a batch of them has one.
unsafe extern "C-unwind" {
    fn tuplestore_gettupleslot(
        store: *mut pg_sys::Tuplestorestate,
        forward: bool,
        copy: bool,
        slot: *mut pg_sys::TupleTableSlot,
    ) -> bool;
    fn slot_getsomeattrs_int(slot: *mut pg_sys::TupleTableSlot, last_column: i32);
}

/// What the statement did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Insert,
    Update,
    Delete,
    Truncate,
}

/// One call of a statement trigger.
pub struct StatementTrigger {
    data: *mut pg_sys::TriggerData,
}

impl StatementTrigger {
    /// # Errors
    /// [`Error::NotAStatementTrigger`] when the call is not by an AFTER trigger for each statement, with the transition tables
    /// of what it is for.
    pub fn of(call: &Call) -> Result<Self, Error> {
        let data = call.trigger().ok_or(Error::NotAStatementTrigger("not by a trigger"))?;
        let trigger = Self { data };
        // SAFETY: the trigger manager keeps all of this alive during the call.
        let (event, old, new) =
            unsafe { ((*data).tg_event, (*data).tg_oldtable.is_null(), (*data).tg_newtable.is_null()) };
        if event & pg_sys::TRIGGER_EVENT_ROW != 0 {
            return Err(Error::NotAStatementTrigger("for each row"));
        }
        if event & pg_sys::TRIGGER_EVENT_TIMINGMASK != pg_sys::TRIGGER_EVENT_AFTER {
            return Err(Error::NotAStatementTrigger("before the statement"));
        }
        let lacks = match trigger.operation() {
            Operation::Insert => new,
            Operation::Update => old || new,
            Operation::Delete => old,
            Operation::Truncate => false,
        };
        if lacks {
            return Err(Error::NotAStatementTrigger("without a transition table"));
        }
        Ok(trigger)
    }

    pub fn operation(&self) -> Operation {
        // SAFETY: as in `of`.
        match unsafe { (*self.data).tg_event } & pg_sys::TRIGGER_EVENT_OPMASK {
            pg_sys::TRIGGER_EVENT_INSERT => Operation::Insert,
            pg_sys::TRIGGER_EVENT_UPDATE => Operation::Update,
            pg_sys::TRIGGER_EVENT_DELETE => Operation::Delete,
            _ => Operation::Truncate,
        }
    }

    /// The table it was fired for.
    pub fn relation(&self) -> Oid {
        // SAFETY: as in `of`.
        unsafe { (*(*self.data).tg_relation).rd_id }
    }

    /// Name of the table, for messages.
    pub fn relation_name(&self) -> String {
        // SAFETY: the relation is open, so it has a name.
        unsafe { CStr::from_ptr(pg_sys::get_rel_name(self.relation())).to_string_lossy().into_owned() }
    }

    fn descriptor(&self) -> pg_sys::TupleDesc {
        // SAFETY: as in `of`.
        unsafe { (*(*self.data).tg_relation).rd_att }
    }

    /// The rows as they were before.
    pub fn old_rows(&self, last_column: i16) -> TransitionRows {
        // SAFETY: as in `of`, which made sure that the table is there.
        unsafe { TransitionRows::of((*self.data).tg_oldtable, self.descriptor(), last_column) }
    }

    /// The rows as they are now.
    pub fn new_rows(&self, last_column: i16) -> TransitionRows {
        // SAFETY: as above.
        unsafe { TransitionRows::of((*self.data).tg_newtable, self.descriptor(), last_column) }
    }
}

/// The rows of a transition table, one after the other.
pub struct TransitionRows {
    store: *mut pg_sys::Tuplestorestate,
    descriptor: pg_sys::TupleDesc,
    last_column: i32,
    /// Where the rows of a batch are. The first two batches are of one row: mostly there is no other.
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    batches: u32,
    fetched: usize,
    read: usize,
    scratch: Scratch,
}

impl TransitionRows {
    /// # Safety
    /// Store and descriptor must belong to a trigger call that outlives the result.
    unsafe fn of(
        store: *mut pg_sys::Tuplestorestate,
        descriptor: pg_sys::TupleDesc,
        last_column: i16,
    ) -> Self {
        // SAFETY: the caller vouches for the store.
        unsafe {
            pg_sys::tuplestore_select_read_pointer(store, 0);
            pg_sys::tuplestore_rescan(store);
        }
        let (last_column, scratch) = (i32::from(last_column), Scratch::new());
        Self { store, descriptor, last_column, slots: Vec::new(), batches: 0, fetched: 0, read: 0, scratch }
    }

    /// Fetches the next rows; none after the last.
    fn fetch(&mut self) {
        check_for_interrupts();
        self.scratch.clear();
        let room = if self.batches < 2 { 1 } else { ROWS_A_BATCH };
        self.batches += 1;
        // SAFETY: slots are of the store's kind, and are dropped in `close`, or with the statement's memory. What runs under the
        // guard leaves nothing behind when an error cuts it short.
        unsafe {
            while self.slots.len() < room {
                let kind = &raw const pg_sys::TTSOpsMinimalTuple;
                self.slots.push(pg_sys::MakeSingleTupleTableSlot(self.descriptor, kind));
            }
            let (store, last_column, slots) = (self.store, self.last_column, self.slots.as_slice());
            self.fetched = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                let mut fetched = 0;
                while fetched < slots.len() && tuplestore_gettupleslot(store, true, false, slots[fetched]) {
                    slot_getsomeattrs_int(slots[fetched], last_column);
                    fetched += 1;
                }
                fetched
            });
        }
        self.read = 0;
    }

    /// Hands the next row to `read`, as a way to get the value of each column by its number; `None` after the last.
    pub fn next<R>(&mut self, read: impl FnOnce(&dyn Fn(i16) -> Option<Datum>) -> R) -> Option<R> {
        if self.read == self.fetched {
            self.fetch();
            if self.fetched == 0 {
                return None;
            }
        }
        let slot = self.slots[self.read];
        self.read += 1;
        // SAFETY: the slot holds a row, whose columns up to the last one are deformed.
        let (values, nulls) = unsafe { ((*slot).tts_values, (*slot).tts_isnull) };
        let last_column = self.last_column;
        let value = move |number: i16| {
            let index = usize::try_from(number - 1).ok().filter(|_| i32::from(number) <= last_column)?;
            // SAFETY: as above.
            unsafe { (!*nulls.add(index)).then(|| *values.add(index)) }
        };
        Some(self.scratch.run(|| read(&value)))
    }

    pub fn close(self) {
        for slot in self.slots {
            // SAFETY: the slot is ours, and nothing of it is used any more.
            unsafe { pg_sys::ExecDropSingleTupleTableSlot(slot) };
        }
        self.scratch.release();
    }
}
