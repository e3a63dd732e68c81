//! Looking up objects by name, and claiming names.

use std::ffi::CStr;

use pgrx::pg_sys::{self, Oid};

/// The relation of this name; [`Oid::INVALID`] when there is none.
pub fn relation(schema: &std::ffi::CStr, table: &std::ffi::CStr) -> Oid {
    // SAFETY: both are look-ups by name that answer InvalidOid for what is not there.
    unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        pg_sys::get_relname_relid(table.as_ptr(), schema)
    }
}

/// Makes a setting with this prefix that we do not define an error: a misspelt one would be accepted in silence.
pub fn reserve_settings_prefix(prefix: &CStr) {
    // SAFETY: Postgres copies the name.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) };
}
