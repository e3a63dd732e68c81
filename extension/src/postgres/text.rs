//! Text in the database's encoding.

use std::borrow::Cow;
use std::ffi::{CStr, c_int};
use std::sync::OnceLock;

use pgrx::pg_sys;

/// Text in UTF-8, whatever the database's encoding is.
///
/// # Safety
/// `bytes` must be text that lies in memory Postgres allocated.
pub unsafe fn to_utf8(bytes: &[u8]) -> Cow<'_, str> {
    if is_utf8() {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        };
    }
    // SAFETY: source and length describe `bytes`; the result is the source or a new zero-terminated copy.
    unsafe {
        let source = bytes.as_ptr().cast();
        let length = bytes.len() as c_int;
        let converted = pg_sys::pg_server_to_any(source, length, pg_sys::pg_enc::PG_UTF8 as c_int);
        if converted.cast_const() == source {
            return String::from_utf8_lossy(bytes);
        }
        Cow::Owned(CStr::from_ptr(converted).to_string_lossy().into_owned())
    }
}

/// Whether the database's encoding is UTF-8, or none at all.
fn is_utf8() -> bool {
    static IS_UTF8: OnceLock<bool> = OnceLock::new();
    *IS_UTF8.get_or_init(|| {
        // SAFETY: this only reads a variable that is set before any function runs, and never changes.
        let encoding = unsafe { pg_sys::GetDatabaseEncoding() } as u32;
        encoding == pg_sys::pg_enc::PG_UTF8 || encoding == pg_sys::pg_enc::PG_SQL_ASCII
    })
}

/// Text from UTF-8 into the database's encoding, as bytes. What that encoding lacks is an error of the conversion.
pub fn from_utf8(text: &str) -> Vec<u8> {
    // A zero byte cannot be stored.
    let text = text.replace('\0', "");
    // SAFETY: the source is valid for its length; the result is the source or a new zero-terminated copy.
    unsafe {
        let source = text.as_ptr().cast();
        let converted =
            pg_sys::pg_any_to_server(source, text.len() as c_int, pg_sys::pg_enc::PG_UTF8 as c_int);
        if converted.cast_const() == source {
            return text.into_bytes();
        }
        CStr::from_ptr(converted).to_bytes().to_vec()
    }
}
