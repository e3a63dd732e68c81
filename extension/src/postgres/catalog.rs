//! Looking up objects by name, and claiming names.

use std::ffi::{CStr, CString};

use pgrx::pg_sys::{self, Oid};

/// The relation of this name; [`Oid::INVALID`] when there is none.
pub fn relation(schema: &CStr, table: &CStr) -> Oid {
    // SAFETY: both are look-ups by name that answer InvalidOid for what is not there.
    unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        pg_sys::get_relname_relid(table.as_ptr(), schema)
    }
}

/// Whether a table has not a single page: nothing was ever written to it, or it was truncated.
pub fn is_empty(table: Oid) -> bool {
    // SAFETY: the relation is open while its length is asked for.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as i32);
        let pages = pg_sys::RelationGetNumberOfBlocksInFork(relation, pg_sys::ForkNumber::MAIN_FORKNUM);
        pg_sys::table_close(relation, pg_sys::NoLock as i32);
        pages == 0
    }
}

/// Makes a setting with this prefix that we do not define an error: a misspelt one would be accepted in silence.
pub fn reserve_settings_prefix(prefix: &CStr) {
    // SAFETY: Postgres copies the name.
    unsafe { pg_sys::MarkGUCPrefixReserved(prefix.as_ptr()) };
}

/// Number and type of a column; `None` when the relation has none of this name.
pub fn column(relation: Oid, name: &str) -> Option<(i16, Oid)> {
    let name = CString::new(super::text::from_utf8(name)).ok()?;
    // SAFETY: look-ups by name and number that answer 0 for what is not there.
    unsafe {
        let number = pg_sys::get_attnum(relation, name.as_ptr());
        (number > 0).then(|| (number, pg_sys::get_atttype(relation, number)))
    }
}

/// Who owns a relation; `None` when it is gone.
pub fn owner(relation: Oid) -> Option<Oid> {
    // SAFETY: the entry is read while it is held; it is null for what is not there.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::RELOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, relation.into());
        if tuple.is_null() {
            return None;
        }
        let owner = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>()).relowner;
        pg_sys::ReleaseSysCache(tuple);
        Some(owner)
    }
}

/// A relation's name, with its schema, for messages.
pub fn relation_name(relation: Oid) -> String {
    // SAFETY: both look-ups answer null for what is not there.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            return relation.to_string();
        }
        let name = CStr::from_ptr(pg_sys::quote_qualified_identifier(schema, name));
        super::text::to_utf8(name.to_bytes()).into_owned()
    }
}

/// A type's name, for messages.
pub fn type_name(oid: Oid) -> String {
    // SAFETY: the result is a new zero-terminated text, whatever the number.
    unsafe { CStr::from_ptr(pg_sys::format_type_be(oid)).to_string_lossy().into_owned() }
}
