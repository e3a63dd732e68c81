//! Running SQL from inside: kept plans, explicit about whether they may write.

use std::borrow::Cow;
use std::cell::Cell;
use std::ffi::CString;

use botdet_models::event::Timestamp;
use pgrx::pg_sys::{self, Datum, Oid};

use super::memory::Scratch;
use super::values::Element;
use super::{transaction, values};

/// Rows after which what they have allocated is given back.
const ROWS_A_SCRATCH: u64 = 64;

/// A statement with its plan, prepared once a session. Lives in a `thread_local!`.
pub struct Statement {
    sql: Cow<'static, str>,
    types: &'static [Oid],
    /// Writing statements see all that is committed, and all that this transaction did so far: what they write is derived,
    /// and must be right whatever the isolation level.
    writes: bool,
    /// Reading ones see what the active snapshot does, unless this says that they see all that is committed.
    sees_latest: bool,
    /// Options of `SPI_prepare_cursor`.
    options: i32,
    plan: Cell<pg_sys::SPIPlanPtr>,
}

impl Statement {
    pub const fn reading(sql: &'static str, types: &'static [Oid]) -> Self {
        Self {
            sql: Cow::Borrowed(sql),
            types,
            writes: false,
            sees_latest: false,
            options: 0,
            plan: Cell::new(std::ptr::null_mut()),
        }
    }

    /// A reading statement whose text is made at run time.
    pub fn reading_made(sql: String, types: &'static [Oid]) -> Self {
        Self {
            sql: Cow::Owned(sql),
            types,
            writes: false,
            sees_latest: false,
            options: 0,
            plan: Cell::new(std::ptr::null_mut()),
        }
    }

    pub const fn writing(sql: &'static str, types: &'static [Oid]) -> Self {
        Self {
            sql: Cow::Borrowed(sql),
            types,
            writes: true,
            sees_latest: true,
            options: 0,
            plan: Cell::new(std::ptr::null_mut()),
        }
    }

    /// Plans it once, whatever the arguments: for a statement that runs for every call of a function, and has one sensible
    /// plan only. Planning it for each array anew would cost more than running it.
    pub const fn planned_once(mut self) -> Self {
        self.options |= pg_sys::CURSOR_OPT_GENERIC_PLAN as i32;
        self
    }

    /// Lets parallel workers run it, where there are any and the planner finds it worth while.
    pub const fn in_parallel(mut self) -> Self {
        self.options |= pg_sys::CURSOR_OPT_PARALLEL_OK as i32;
        self
    }

    /// Shows it all that is committed by now, whatever the isolation level; in parallel mode, where there is no way to, what the
    /// active snapshot sees.
    pub const fn seeing_latest(mut self) -> Self {
        self.sees_latest = true;
        self
    }

    /// Plans it for every run: for tables whose sizes change by orders of magnitude within a session, and for workers, whom a plan
    /// for any arguments would not invite.
    pub const fn planned_anew(mut self) -> Self {
        self.options |= pg_sys::CURSOR_OPT_CUSTOM_PLAN as i32;
        self
    }

    /// Runs it and hands each row to `each`; returns the number of rows.
    pub fn run(&self, arguments: &[Option<Datum>], mut each: impl FnMut(&Row<'_>)) -> u64 {
        assert_eq!(arguments.len(), self.types.len(), "arguments of the statement");
        let (mut datums, nulls) = split(arguments);
        // SAFETY: SPI is connected and finished around; the plan takes exactly these arguments; rows are read before the
        // table that holds them is freed. An error in between unwinds, and the transaction's end cleans SPI up.
        unsafe {
            let context = pg_sys::CurrentMemoryContext;
            pg_sys::SPI_connect();
            let plan = self.plan();
            if self.writes {
                pg_sys::CommandCounterIncrement();
            }
            let snapshot = if self.sees_latest && !transaction::is_parallel_mode() {
                pg_sys::GetLatestSnapshot()
            } else {
                std::ptr::null_mut()
            };
            let status = pg_sys::SPI_execute_snapshot(
                plan,
                datums.as_mut_ptr(),
                nulls.as_ptr(),
                snapshot,
                std::ptr::null_mut(),
                !self.writes,
                true,
                0,
            );
            assert!(status > 0, "SPI_execute_snapshot returned {status}");
            let count = pg_sys::SPI_processed;
            for_each_row(context, &mut each);
            pg_sys::SPI_finish();
            count
        }
    }

    /// Like [`Statement::run`], but hands over each row as soon as it is there, and keeps none. `each` must not run SQL that
    /// writes.
    pub fn stream(&self, arguments: &[Option<Datum>], mut each: impl FnMut(&Row<'_>)) {
        assert_eq!(arguments.len(), self.types.len(), "arguments of the statement");
        // SAFETY: as in `run`; receiver and parameters outlive the execution.
        unsafe {
            let context = pg_sys::CurrentMemoryContext;
            pg_sys::SPI_connect();
            let mut receiver = Receiver::new(context, &mut each);
            let options = pg_sys::SPIExecuteOptions {
                params: self.parameters(arguments),
                read_only: true,
                dest: (&raw mut receiver).cast(),
                ..Default::default()
            };
            let status = pg_sys::SPI_execute_plan_extended(self.plan(), &raw const options);
            assert!(status > 0, "SPI_execute_plan_extended returned {status}");
            receiver.scratch.release();
            pg_sys::SPI_finish();
        }
    }

    /// # Safety
    /// The result lies in the current memory context.
    unsafe fn parameters(&self, arguments: &[Option<Datum>]) -> pg_sys::ParamListInfo {
        // SAFETY: the list has room for as many parameters as it is made for.
        unsafe {
            let list = pg_sys::makeParamList(arguments.len() as i32);
            let places = (*list).params.as_mut_slice(arguments.len());
            for ((place, argument), parameter_type) in places.iter_mut().zip(arguments).zip(self.types) {
                *place = pg_sys::ParamExternData {
                    value: argument.unwrap_or(Datum::null()),
                    isnull: argument.is_none(),
                    pflags: pg_sys::PARAM_FLAG_CONST as u16,
                    ptype: *parameter_type,
                };
            }
            list
        }
    }

    /// # Safety
    /// SPI must be connected.
    unsafe fn plan(&self) -> pg_sys::SPIPlanPtr {
        if self.plan.get().is_null() {
            let sql = CString::new(self.sql.as_bytes()).unwrap_or_default();
            let mut types = self.types.to_vec();
            // SAFETY: the caller connected SPI; SPI_keepplan moves the plan to where it outlives the session's use.
            unsafe {
                let count = types.len() as i32;
                let plan = pg_sys::SPI_prepare_cursor(sql.as_ptr(), count, types.as_mut_ptr(), self.options);
                assert!(!plan.is_null(), "SPI_prepare_cursor failed");
                pg_sys::SPI_keepplan(plan);
                self.plan.set(plan);
            }
        }
        self.plan.get()
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the plan is kept, and nobody else's. When the process ends, its memory may be gone already.
        unsafe {
            if !self.plan.get().is_null() && !pg_sys::proc_exit_inprogress {
                pg_sys::SPI_freeplan(self.plan.get());
            }
        }
    }
}

fn split(arguments: &[Option<Datum>]) -> (Vec<Datum>, Vec<std::ffi::c_char>) {
    let datum = |argument: &Option<Datum>| argument.unwrap_or(Datum::null());
    let flag = |argument: &Option<Datum>| if argument.is_some() { b' ' } else { b'n' } as std::ffi::c_char;
    (arguments.iter().map(datum).collect(), arguments.iter().map(flag).collect())
}

/// # Safety
/// SPI must be connected; the current tuple table is freed.
unsafe fn for_each_row(context: pg_sys::MemoryContext, each: &mut impl FnMut(&Row<'_>)) {
    // SAFETY: the table belongs to the connection, has numvals rows of its descriptor's columns, and nothing in `each` can free it:
    // nested SPI calls have a connection of their own.
    unsafe {
        let table = pg_sys::SPI_tuptable;
        if table.is_null() {
            return;
        }
        let columns = (*(*table).tupdesc).natts as usize;
        let (mut values, mut nulls) = (vec![Datum::null(); columns], vec![false; columns]);
        for index in 0..(*table).numvals as usize {
            let tuple = *(*table).vals.add(index);
            pg_sys::heap_deform_tuple(tuple, (*table).tupdesc, values.as_mut_ptr(), nulls.as_mut_ptr());
            each(&Row { context, values: &values, nulls: &nulls });
        }
        pg_sys::SPI_freetuptable(table);
    }
}

/// Where the executor sends rows of [`Statement::stream`].
#[repr(C)]
struct Receiver<'a> {
    /// What the executor knows of it.
    destination: pg_sys::DestReceiver,
    context: pg_sys::MemoryContext,
    each: &'a mut dyn FnMut(&Row<'_>),
    /// Holds what rows have allocated.
    scratch: Scratch,
    rows: u64,
}

impl<'a> Receiver<'a> {
    fn new(context: pg_sys::MemoryContext, each: &'a mut dyn FnMut(&Row<'_>)) -> Self {
        let destination = pg_sys::DestReceiver {
            receiveSlot: Some(receive),
            rStartup: Some(startup),
            rShutdown: Some(shutdown),
            rDestroy: Some(shutdown),
            mydest: pg_sys::CommandDest::DestNone,
        };
        Self { destination, context, each, scratch: Scratch::new(), rows: 0 }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn receive(
    slot: *mut pg_sys::TupleTableSlot,
    destination: *mut pg_sys::DestReceiver,
) -> bool {
    // SAFETY: the destination is the first field of a receiver, which outlives the execution; the slot holds a row.
    unsafe {
        let receiver = &mut *destination.cast::<Receiver<'_>>();
        let columns = (*(*slot).tts_tupleDescriptor).natts;
        // A slot of computed values has all of them.
        if i32::from((*slot).tts_nvalid) < columns {
            pg_sys::slot_getsomeattrs_int(slot, columns);
        }
        let row = Row {
            context: receiver.context,
            values: std::slice::from_raw_parts((*slot).tts_values, columns as usize),
            nulls: std::slice::from_raw_parts((*slot).tts_isnull, columns as usize),
        };
        receiver.scratch.run(|| (receiver.each)(&row));
        receiver.rows += 1;
        if receiver.rows.is_multiple_of(ROWS_A_SCRATCH) {
            receiver.scratch.clear();
        }
        true
    }
}

unsafe extern "C-unwind" fn startup(_: *mut pg_sys::DestReceiver, _: i32, _: pg_sys::TupleDesc) {}

unsafe extern "C-unwind" fn shutdown(_: *mut pg_sys::DestReceiver) {}

/// One row of a result. Columns count from 1, and have the types the statement gives them.
pub struct Row<'a> {
    /// That of whoever runs the statement.
    context: pg_sys::MemoryContext,
    values: &'a [Datum],
    nulls: &'a [bool],
}

impl Row<'_> {
    /// The value of a column, which lives as long as the row.
    pub fn datum(&self, column: i32) -> Option<Datum> {
        let index = usize::try_from(column - 1).ok()?;
        (!*self.nulls.get(index)?).then(|| self.values[index])
    }

    pub fn oid(&self, column: i32) -> Option<Oid> {
        self.datum(column).map(|datum| Oid::from(datum.value() as u32))
    }

    /// A copy of a value in the caller's memory context, for an element of an array.
    pub fn owned(&self, column: i32, element: Element) -> Option<Datum> {
        let datum = self.datum(column)?;
        // SAFETY: the statement gives this column the element's type.
        Some(unsafe { values::copied(datum, element, self.context) })
    }

    /// A transaction's number.
    pub fn xid(&self, column: i32) -> Option<u32> {
        self.datum(column).map(|datum| datum.value() as u32)
    }

    pub fn integer(&self, column: i32) -> Option<i32> {
        self.datum(column).map(|datum| datum.value() as i32)
    }

    pub fn bigint(&self, column: i32) -> Option<i64> {
        self.datum(column).map(|datum| datum.value() as i64)
    }

    /// Where a row lies, of type tid.
    pub fn place(&self, column: i32) -> Option<pg_sys::ItemPointerData> {
        // SAFETY: the statement gives this column the type tid, which is passed by reference.
        self.datum(column).map(|datum| unsafe { *datum.cast_mut_ptr::<pg_sys::ItemPointerData>() })
    }

    pub fn boolean(&self, column: i32) -> Option<bool> {
        self.datum(column).map(|datum| datum.value() as u8 != 0)
    }

    pub fn float8(&self, column: i32) -> Option<f64> {
        self.datum(column).map(values::float8)
    }

    pub fn timestamptz(&self, column: i32) -> Option<Timestamp> {
        self.datum(column).map(values::timestamp)
    }

    pub fn bytes(&self, column: i32) -> Option<&[u8]> {
        // SAFETY: the statement gives this column a variable-length type; it lives as long as the row.
        self.datum(column).map(|datum| unsafe { values::bytes(datum) })
    }

    pub fn text(&self, column: i32) -> Option<Cow<'_, str>> {
        // SAFETY: as above, of type text.
        self.datum(column).map(|datum| unsafe { values::string(datum) })
    }
}
