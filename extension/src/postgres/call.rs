//! One call of one of our functions.

use std::borrow::Cow;
use std::ffi::CStr;

use botdet_models::event::Timestamp;
use botdet_models::schema::read_object;
use pgrx::pg_sys::{self, Datum};
use serde_json::{Map, Value};

use super::record::Record;
use super::text::to_utf8;
use super::values;
use crate::error::Error;

/// Declares functions that Postgres finds by name: for each, the record of its calling convention and a shell that turns
/// an error into a report.
macro_rules! sql_functions {
    ($($name:ident, $info:ident => $function:path;)*) => {$(
        #[doc = "Calling convention of the function it is named after."]
        #[unsafe(no_mangle)]
        pub extern "C" fn $info() -> *const pgrx::pg_sys::Pg_finfo_record {
            const VERSION_1: pgrx::pg_sys::Pg_finfo_record = pgrx::pg_sys::Pg_finfo_record { api_version: 1 };
            &VERSION_1
        }

        #[doc = "Called by Postgres only; see `sql/install` for what it does."]
        ///
        /// # Safety
        /// `info` must describe a call of the function as it is declared in SQL.
        #[unsafe(no_mangle)]
        #[pgrx::pg_guard]
        pub unsafe extern "C-unwind" fn $name(info: pgrx::pg_sys::FunctionCallInfo) -> pgrx::pg_sys::Datum {
            // SAFETY: Postgres passes a valid call, with arguments of the declared types.
            let call = unsafe { $crate::postgres::call::Call::new(info) };
            match $function(&call) {
                Ok(datum) => datum,
                Err(error) => error.raise(),
            }
        }
    )*};
}
pub(crate) use sql_functions;

/// The arguments of a call, and ways to answer it. What `sql/install` declares is what the getters may assume.
pub struct Call {
    pub(super) info: pg_sys::FunctionCallInfo,
}

impl Call {
    /// # Safety
    /// `info` must describe a call in progress, of a function whose declaration fits how the arguments are read.
    pub unsafe fn new(info: pg_sys::FunctionCallInfo) -> Self {
        Self { info }
    }

    /// Arguments that the call has.
    pub fn count(&self) -> usize {
        // SAFETY: the call is in progress.
        usize::from(unsafe { (*self.info).nargs }.cast_unsigned())
    }

    /// An argument as it came; `None` where it is NULL.
    pub fn argument(&self, index: usize) -> Option<Datum> {
        // SAFETY: the call is in progress, and declared with more than `index` arguments.
        let argument = unsafe { *(*self.info).args.as_ptr().add(index) };
        (!argument.isnull).then_some(argument.value)
    }

    /// An argument by number, as if it was a column's value; `None` where it is NULL or the call has none.
    pub fn datum(&self, number: i16) -> Option<Datum> {
        let index = usize::try_from(number).ok().filter(|index| *index < self.count())?;
        self.argument(index)
    }

    /// An argument that the declaration keeps from being NULL.
    fn present(&self, index: usize) -> Datum {
        self.argument(index).unwrap_or(Datum::null())
    }

    pub fn bigint(&self, index: usize) -> i64 {
        self.present(index).value() as i64
    }

    pub fn optional_bigint(&self, index: usize) -> Option<i64> {
        self.argument(index).map(|datum| datum.value() as i64)
    }

    pub fn integer(&self, index: usize) -> i32 {
        self.present(index).value() as i32
    }

    pub fn optional_integer(&self, index: usize) -> Option<i32> {
        self.argument(index).map(|datum| datum.value() as i32)
    }

    pub fn float8(&self, index: usize) -> f64 {
        values::float8(self.present(index))
    }

    pub fn oid(&self, index: usize) -> pg_sys::Oid {
        pg_sys::Oid::from(self.present(index).value() as u32)
    }

    /// A UUID as it is written.
    pub fn uuid(&self, index: usize) -> String {
        // SAFETY: declared as uuid: sixteen bytes.
        let bytes: [u8; 16] = unsafe { *self.present(index).cast_mut_ptr::<[u8; 16]>() };
        values::uuid(bytes)
    }

    /// The elements of a text[] that are not NULL.
    pub fn texts(&self, index: usize) -> Vec<Cow<'_, str>> {
        // SAFETY: declared as text[]; elements live as long as the call.
        unsafe { values::elements(self.present(index), values::Element::Text) }
            .into_iter()
            // SAFETY: as above.
            .map(|datum| unsafe { values::string(datum) })
            .collect()
    }

    pub fn timestamptz(&self, index: usize) -> Timestamp {
        values::timestamp(self.present(index))
    }

    pub fn bigints(&self, index: usize) -> Vec<i64> {
        // SAFETY: declared as bigint[].
        unsafe { values::bigints(self.present(index)) }
    }

    pub fn bytes(&self, index: usize) -> Option<&[u8]> {
        // SAFETY: declared as bytea; it lives as long as the call.
        self.argument(index).map(|datum| unsafe { values::bytes(datum) })
    }

    pub fn text(&self, index: usize) -> Option<Cow<'_, str>> {
        // SAFETY: declared as text; it lives as long as the call.
        self.argument(index).map(|datum| unsafe { values::string(datum) })
    }

    /// A jsonb that has to be an object.
    ///
    /// # Errors
    /// [`Error::NotAnObject`] when it is something else.
    pub fn jsonb_object(&self, index: usize) -> Result<Map<String, Value>, Error> {
        // SAFETY: declared as jsonb; its output function gives a zero-terminated text.
        let text = unsafe {
            let written = pgrx::direct_function_call_as_datum(pg_sys::jsonb_out, &[self.argument(index)]);
            CStr::from_ptr(written.unwrap_or(Datum::null()).cast_mut_ptr())
        };
        // SAFETY: it lies in memory that Postgres allocated.
        let text = unsafe { to_utf8(text.to_bytes()) };
        read_object(&text).ok_or_else(|| Error::NotAnObject(text.chars().take(60).collect()))
    }

    /// The fields of a composite argument whose fields are all float8.
    pub fn float8_fields(&self, index: usize, count: usize) -> Vec<Option<f64>> {
        // SAFETY: declared as a composite type of float8 fields, and a value of it says of which; its descriptor is released again.
        // There is room for as many fields as that names.
        unsafe {
            let header: pg_sys::HeapTupleHeader =
                pg_sys::pg_detoast_datum(self.present(index).cast_mut_ptr()).cast();
            let of_type = (*header).t_choice.t_datum;
            let descriptor = pg_sys::lookup_rowtype_tupdesc(of_type.datum_typeid, of_type.datum_typmod);
            let fields = (*descriptor).natts as usize;
            let mut tuple = pg_sys::HeapTupleData {
                t_len: pgrx::varsize_any(header.cast()) as u32,
                t_data: header,
                ..Default::default()
            };
            let (mut values, mut nulls) = (vec![Datum::null(); fields], vec![true; fields]);
            pg_sys::heap_deform_tuple(&raw mut tuple, descriptor, values.as_mut_ptr(), nulls.as_mut_ptr());
            if (*descriptor).tdrefcount >= 0 {
                pg_sys::DecrTupleDescRefCount(descriptor);
            }
            assert_eq!(fields, count, "fields of the declared type");
            values
                .into_iter()
                .zip(nulls)
                .map(|(value, is_null)| (!is_null).then(|| values::float8(value)))
                .collect()
        }
    }

    /// The trigger data, when the call is one by the trigger manager.
    pub fn trigger(&self) -> Option<*mut pg_sys::TriggerData> {
        // SAFETY: the call is in progress; context is a node or null, and a node starts with its tag.
        unsafe {
            let context = (*self.info).context;
            let is_trigger = !context.is_null() && (*context).type_ == pg_sys::NodeTag::T_TriggerData;
            is_trigger.then_some(context.cast())
        }
    }

    /// The command that fired an event trigger, when the call is one by an event trigger.
    pub fn event_trigger(&self) -> Option<*mut pg_sys::EventTriggerData> {
        // SAFETY: as above.
        unsafe {
            let context = (*self.info).context;
            let is_event = !context.is_null() && (*context).type_ == pg_sys::NodeTag::T_EventTriggerData;
            is_event.then_some(context.cast())
        }
    }

    /// Answers NULL.
    pub fn null(&self) -> Datum {
        // SAFETY: the call is in progress.
        unsafe { (*self.info).isnull = true };
        Datum::null()
    }

    /// What a statement trigger answers: nothing, which to the trigger manager is not NULL.
    pub fn done(&self) -> Datum {
        Datum::null()
    }

    /// Answers with one row of the declared composite type.
    pub fn record(&self, mut record: Record) -> Datum {
        // SAFETY: the declared return type is a composite; its descriptor is released again, and the row's columns are
        // checked against it before they are read.
        unsafe {
            let return_type = pg_sys::get_func_rettype((*(*self.info).flinfo).fn_oid);
            let descriptor = pg_sys::lookup_rowtype_tupdesc(return_type, -1);
            assert_eq!((*descriptor).natts as usize, record.values.len(), "columns of the declared type");
            let tuple =
                pg_sys::heap_form_tuple(descriptor, record.values.as_mut_ptr(), record.nulls.as_mut_ptr());
            let datum = pg_sys::heap_copy_tuple_as_datum(tuple, descriptor);
            if (*descriptor).tdrefcount >= 0 {
                pg_sys::DecrTupleDescRefCount(descriptor);
            }
            datum
        }
    }

    /// Answers with a set of rows.
    pub fn set(&self, records: impl IntoIterator<Item = Result<Record, Error>>) -> Result<Datum, Error> {
        // SAFETY: the function is declared to return a set; the call's result info then lives as long as the call.
        let result = unsafe {
            pg_sys::InitMaterializedSRF(self.info, 0);
            (*self.info).resultinfo.cast::<pg_sys::ReturnSetInfo>()
        };
        for record in records {
            let mut record = record?;
            // SAFETY: InitMaterializedSRF made the store and its descriptor; the columns are checked against it.
            unsafe {
                assert_eq!(
                    (*(*result).setDesc).natts as usize,
                    record.values.len(),
                    "columns of the declared type"
                );
                pg_sys::tuplestore_putvalues(
                    (*result).setResult,
                    (*result).setDesc,
                    record.values.as_mut_ptr(),
                    record.nulls.as_mut_ptr(),
                );
            }
        }
        Ok(self.null())
    }
}

/// Start of the current transaction.
pub fn transaction_start() -> Timestamp {
    // SAFETY: reads a variable of the transaction in progress.
    let start = unsafe { pg_sys::GetCurrentTransactionStartTimestamp() };
    values::timestamp(Datum::from(start))
}

/// Lets a pending cancel or termination take effect.
pub fn check_for_interrupts() {
    pgrx::check_for_interrupts!();
}
