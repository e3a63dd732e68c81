//! Datums, there and back.

use std::borrow::Cow;

use botdet_models::event::Timestamp;
use pgrx::pg_sys::{self, Datum, Oid};

use super::text;

/// Microseconds from the Unix epoch to that of Postgres, 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// A `timestamptz` as Unix microseconds; the infinities stay at the ends.
pub fn timestamp(datum: Datum) -> Timestamp {
    (datum.value() as i64).saturating_add(POSTGRES_EPOCH)
}

/// Unix microseconds as a `timestamptz`. The ends become the infinities.
pub fn timestamp_datum(at: Timestamp) -> Datum {
    match at {
        i64::MIN | i64::MAX => Datum::from(at),
        at => Datum::from(at.saturating_sub(POSTGRES_EPOCH)),
    }
}

/// A time as the session writes it, for messages.
pub fn written(at: Timestamp) -> String {
    // SAFETY: the function takes any number, and answers with a zero-terminated text of its own.
    let text =
        unsafe { std::ffi::CStr::from_ptr(pg_sys::timestamptz_to_str(timestamp_datum(at).value() as i64)) };
    text.to_string_lossy().into_owned()
}

pub fn float8(datum: Datum) -> f64 {
    f64::from_bits(datum.value() as u64)
}

pub fn float8_datum(value: f64) -> Datum {
    Datum::from(value.to_bits())
}

/// The bytes of a `bytea`, `text` or other variable-length value, decompressed and fetched if need be.
///
/// # Safety
/// `datum` must be such a value, and outlive the result.
pub unsafe fn bytes<'a>(datum: Datum) -> &'a [u8] {
    // SAFETY: the caller vouches for the datum; a detoasted copy lives as long as the current memory context.
    unsafe {
        let mut value = datum.cast_mut_ptr();
        // Most values lie there as they are, and need no call.
        if pgrx::varlena::varatt_is_1b_e(value) || pgrx::varlena::varatt_is_4b_c(value) {
            value = pg_sys::pg_detoast_datum_packed(value);
        }
        let length = pgrx::varlena::varsize_any_exhdr(value);
        std::slice::from_raw_parts(pgrx::varlena::vardata_any(value).cast(), length)
    }
}

/// A `text` in UTF-8.
///
/// # Safety
/// `datum` must be a text, and outlive the result.
pub unsafe fn string<'a>(datum: Datum) -> Cow<'a, str> {
    // SAFETY: passed on to the caller.
    unsafe { text::to_utf8(bytes(datum)) }
}

/// A new `bytea` (or `text`, in the database's encoding) in the current memory context.
pub fn bytes_datum(content: &[u8]) -> Datum {
    // SAFETY: cstring_to_text_with_len copies `content`; text and bytea share their layout.
    unsafe {
        let value = pg_sys::cstring_to_text_with_len(content.as_ptr().cast(), content.len() as i32);
        Datum::from(value)
    }
}

pub fn text_datum(content: &str) -> Datum {
    bytes_datum(&text::from_utf8(content))
}

/// Element types of the arrays we build.
#[derive(Clone, Copy)]
pub enum Element {
    Bigint,
    Float8,
    Boolean,
    Text,
    Bytea,
}

impl Element {
    pub const fn oid(self) -> Oid {
        match self {
            Self::Bigint => pg_sys::INT8OID,
            Self::Float8 => pg_sys::FLOAT8OID,
            Self::Boolean => pg_sys::BOOLOID,
            Self::Text => pg_sys::TEXTOID,
            Self::Bytea => pg_sys::BYTEAOID,
        }
    }

    pub const fn array_oid(self) -> Oid {
        match self {
            Self::Bigint => pg_sys::INT8ARRAYOID,
            Self::Float8 => pg_sys::FLOAT8ARRAYOID,
            Self::Boolean => pg_sys::BOOLARRAYOID,
            Self::Text => pg_sys::TEXTARRAYOID,
            Self::Bytea => pg_sys::BYTEAARRAYOID,
        }
    }

    /// Length, whether passed by value, alignment.
    fn layout(self) -> (i32, bool, u8) {
        match self {
            Self::Bigint | Self::Float8 => (8, true, pg_sys::TYPALIGN_DOUBLE),
            Self::Boolean => (1, true, pg_sys::TYPALIGN_CHAR),
            Self::Text | Self::Bytea => (-1, false, pg_sys::TYPALIGN_INT),
        }
    }
}

/// A copy of a value in `context`.
///
/// # Safety
/// `datum` must be a value of that type, and the context alive.
pub unsafe fn copied(datum: Datum, element: Element, context: pg_sys::MemoryContext) -> Datum {
    let (_, by_value, _) = element.layout();
    if by_value {
        return datum;
    }
    // SAFETY: the caller vouches for value and context; types passed by reference are of variable length here.
    unsafe {
        let before = pg_sys::MemoryContextSwitchTo(context);
        let copy = bytes_datum(bytes(datum));
        pg_sys::MemoryContextSwitchTo(before);
        copy
    }
}

/// A new one-dimensional array in the current memory context.
pub fn array_datum(element: Element, values: impl IntoIterator<Item = Option<Datum>>) -> Datum {
    let (mut datums, mut nulls): (Vec<Datum>, Vec<bool>) =
        values.into_iter().map(|value| (value.unwrap_or(Datum::null()), value.is_none())).unzip();
    let (length, by_value, alignment) = element.layout();
    let (mut dimensions, mut lower_bounds) = ([datums.len() as i32], [1]);
    let dimension_count = i32::from(!datums.is_empty());
    // SAFETY: datums and nulls are as long as the dimension says, and the layout is the element type's.
    unsafe {
        Datum::from(pg_sys::construct_md_array(
            datums.as_mut_ptr(),
            nulls.as_mut_ptr(),
            dimension_count,
            dimensions.as_mut_ptr(),
            lower_bounds.as_mut_ptr(),
            element.oid(),
            length,
            by_value,
            alignment as std::ffi::c_char,
        ))
    }
}

/// The elements of a `bigint[]` that are not NULL.
///
/// # Safety
/// `datum` must be such an array.
pub unsafe fn bigints(datum: Datum) -> Vec<i64> {
    // SAFETY: passed on to the caller.
    unsafe { elements(datum, Element::Bigint) }.into_iter().map(|element| element.value() as i64).collect()
}

/// The elements of an array that are not NULL; those passed by reference live as long as the array.
///
/// # Safety
/// `datum` must be an array of such elements.
pub unsafe fn elements(datum: Datum, element: Element) -> Vec<Datum> {
    let (length, by_value, alignment) = element.layout();
    let (mut elements, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
    // SAFETY: the caller vouches for the array; deconstruct_array fills both pointers with `count` entries.
    unsafe {
        let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
        pg_sys::deconstruct_array(
            array.cast(),
            element.oid(),
            length,
            by_value,
            alignment as std::ffi::c_char,
            &raw mut elements,
            &raw mut nulls,
            &raw mut count,
        );
        (0..count as usize).filter(|index| !*nulls.add(*index)).map(|index| *elements.add(index)).collect()
    }
}

/// A UUID as Postgres writes it.
pub fn uuid(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
